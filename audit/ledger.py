"""Checks of the ledger: tables agree row by row, counts follow from rows, rules were kept.

Each check yields its faults in words, with file and row, and returns what it looked at.
"""

import hashlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit import stats
from audit.runs import Run, Shard, find_rows
from filters import domains, rules
from filters.catalog import BY_NAME
from filters.rights import POLICIES
from filters.rights import reasons as rights_reasons
from pipeline import shards, storage
from pipeline.manifest import Manifest, Output
from stages import schema
from stages.errors import IntegrityError

TAKEN = "takedown.request"

Faults = Generator[str, None, str]
"""Yields what is wrong; returns what was looked at."""

Sums = Counter[tuple[str, str, str]]
"""(language, metric, label) -> count."""


def alignment(run: Run) -> Faults:
    """Documents, signals, signatures, verdicts and decisions hold the same pages, row by row."""
    rows = 0
    for shard in run.shards:
        rows += shard.decisions.rows
        try:
            yield from _rows_agree(run, shard)
            yield from _records_agree(run, shard)
        except IntegrityError as error:
            yield str(error)
    return f"{rows} documents of {len(run.shards)} shards stand in the same rows of every table"


def _present(run: Run, *outputs: Output) -> list[Output]:
    """Those that were not pruned; one that is missing without having been is for `digests`."""
    return [o for o in outputs if not (o.path in run.pruned and not run.is_there(o))]


def _rows_agree(run: Run, shard: Shard) -> Iterator[str]:
    first, *others = _present(
        run, shard.documents, shard.signals, shard.signatures, shard.verdicts, shard.decisions
    )
    reference = run.read(first, ["doc_id", "tag"] if first != shard.signatures else ["doc_id"])
    for output in others:
        columns = ["doc_id"] if output == shard.signatures else ["doc_id", "tag"]
        table = run.read(output, columns)
        if table.num_rows != reference.num_rows:
            yield f"{output.path}: {table.num_rows} rows, {first.path} has {reference.num_rows}"
            continue
        for column in columns:
            yield from _first_difference(output, table, first, reference, column)
    for output in _present(run, shard.signatures):
        numbers = run.read(output, ["row"]).column("row").to_numpy()
        wrong = np.flatnonzero(numbers != np.arange(len(numbers)))
        if len(wrong):
            yield f"{output.path} row {wrong[0]}: says it is row {numbers[wrong[0]]}"
    for output in _present(run, shard.documents, shard.signals):
        yield from _groups_agree(run, output)


def _first_difference(
    output: Output, table: pa.Table, first: Output, reference: pa.Table, column: str
) -> Iterator[str]:
    if column not in reference.column_names:
        return
    differs = pc.index(pc.not_equal(table.column(column), reference.column(column)), True).as_py()
    if differs >= 0:
        yield f"{output.path} row {differs}: {column} is not that of {first.path}"


def _groups_agree(run: Run, output: Output) -> Iterator[str]:
    """Row groups hold the tags that the manifest says."""
    with run.open(output) as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    tags = run.read(output, ["tag"]).column("tag")
    starts = np.cumsum([0, *sizes]).tolist()
    if len(output.groups) != sum(1 for size in sizes if size):
        yield f"{output.path}: {len(sizes)} row groups, the manifest lists {len(output.groups)}"
        return
    for tag, group in output.groups:
        is_there = 0 <= group < len(sizes)
        inside = tags.slice(starts[group], sizes[group]) if is_there else tags.slice(0, 0)
        if inside.unique().to_pylist() != [tag]:
            yield f"{output.path} row group {group}: holds other languages than {tag}"


def _records_agree(run: Run, shard: Shard) -> Iterator[str]:
    """The records that passed are the documents."""
    records = run.read(shard.records, ["doc_id", "tag", "outcome"])
    ids = records.column("doc_id").to_pylist()
    if len(set(ids)) != len(ids):
        twice = next(doc_id for doc_id, count in Counter(ids).items() if count > 1)
        yield f"{shard.records.path}: doc_id {twice} stands in more than one row"
        return
    passed = records.filter(pc.equal(records.column("outcome"), schema.PASS))
    decided = run.read(shard.decisions, ["doc_id", "tag"])
    rows = find_rows(decided.column("doc_id"), passed.column("doc_id").to_pylist())
    if None in rows:
        doc_id = passed.column("doc_id")[rows.index(None)].as_py()
        yield f"{shard.records.path}: {doc_id} passed, but {shard.decisions.path} lacks it"
        return
    if len(rows) != decided.num_rows:
        yield f"{shard.decisions.path}: {decided.num_rows} rows, but {len(rows)} records passed"
        return
    tags = decided.column("tag").take(pa.array(rows, pa.int64()))  # typed: a shard may pass nothing
    if tags.to_pylist() != passed.column("tag").to_pylist():
        yield f"{shard.records.path}: the tag of a document is not that in {shard.decisions.path}"


def books(run: Run) -> Faults:
    """Counts of manifests and statistics follow from the rows, and every page is accounted for."""
    summed: dict[tuple[str, str], Sums] = {}
    for made in run.manifests():
        for tag, metric, label, count in run.counts(made):
            summed.setdefault((made.step, metric), Counter())[tag, metric, label] += count
    for shard, extracted, decided in _shard_manifests(run):
        try:
            yield from _shard_books(run, shard, extracted, decided)
        except IntegrityError as error:
            yield str(error)
    table = stats.counts(run)
    for key in sorted({*summed, *table}):
        flat = {
            (tag, key[1], label): count
            for tag, labels in table.get(key, {}).items()
            for label, count in labels.items()
        }
        yield from _differences(stats.STATISTICS, flat, "the manifests", summed.get(key, {}))
    yield from _csv_agrees(run)
    found = stats.summarise(table)
    yield from stats.imbalances(found)
    published = sum(made.books.kept for made in run.manifests("compact"))
    if published != found["totals"]["kept"]:
        yield f"{found['totals']['kept']} documents kept, {published} published"
    totals = found["totals"]
    lost, aside = sum(totals["rejected"].values()), sum(totals["quarantined"].values())
    return f"{totals['read']} read = {totals['kept']} kept + {lost} rejected + {aside} quarantined"


def _shard_manifests(run: Run) -> Iterator[tuple[Shard, Manifest, Manifest]]:
    places = {shard.name: number for number, shard in enumerate(run.shards)}
    decided = {run.manifest("decide", key).task: key for key in run.tasks.get("decide", ())}
    for made in run.manifests("extract"):
        shard = run.shards[places[made.task]]
        yield shard, made, run.manifest("decide", decided[made.task])


def _shard_books(run: Run, shard: Shard, extracted: Manifest, decided: Manifest) -> Iterator[str]:
    counted, faults = _record_sums(run, shard)
    yield from faults
    told = _told(run, extracted, ("documents.", "characters.", "bytes."))
    yield from _differences(f"manifest {extracted.key[:12]}", told, shard.records.path, counted)
    b = extracted.books
    states = [_state(counted, f"documents.{s}") for s in ("extracted", "rejected", "quarantined")]
    if [b.rows_in, b.kept, b.rejected, b.quarantined] != [sum(states), *states]:
        yield f"manifest {extracted.key[:12]}: its books are not those of {shard.records.path}"
    decisions = run.read(shard.decisions, ["tag", "outcome", "reason", "failed_rules"])
    kept = decisions.column("outcome").to_pylist().count(schema.KEEP)
    b = decided.books
    if (b.rows_in, b.kept, b.rejected) != (decisions.num_rows, kept, decisions.num_rows - kept):
        yield f"manifest {decided.key[:12]}: its books are not those of {shard.decisions.path}"
    uneven = [
        output.path
        for output in (shard.documents, shard.signals)
        if _present(run, output) and run.rows(output) != decisions.num_rows
    ]
    if uneven:
        yield f"{uneven[0]}: has not the rows of {shard.decisions.path}, which cannot be recounted"
        return
    counted = Counter()
    prefixes = []
    if _present(run, shard.signals):
        signals = run.read(shard.signals, list(BY_NAME))
        _fill(counted, shards.histograms(decisions, signals, BY_NAME))
        prefixes.append("histogram.")
    if _present(run, shard.documents):
        facts = run.read(shard.documents, shards.fact_columns())
        _fill(counted, shards.decision_counts(decisions, facts))
        _fill(counted, shards.rule_counts(decisions, run.rules, facts))
        prefixes += ["documents.", *(f"{measure}." for measure in shards.MEASURES)]
        told = _told(run, extracted, ("pii.",))
        yield from _differences(
            f"manifest {extracted.key[:12]}", told, shard.documents.path, _pii_sums(run, shard)
        )
    else:
        _fill(counted, shards.rule_counts(decisions, run.rules))
        prefixes.append("documents.rule.")
    told = _told(run, decided, tuple(prefixes))
    yield from _differences(f"manifest {decided.key[:12]}", told, shard.decisions.path, counted)


def _record_sums(run: Run, shard: Shard) -> tuple[Sums, list[str]]:
    """Counts of a shard's records, and rows whose outcome and reason contradict each other."""
    columns = ["tag", "outcome", "reason", "n_chars", "payload_bytes"]
    sums: Sums = Counter()
    faults: list[str] = []
    rows = zip(
        *(run.read(shard.records, columns).column(c).to_pylist() for c in columns), strict=True
    )
    states = {
        schema.PASS: "extracted",
        schema.REJECT: "rejected",
        schema.QUARANTINE: "quarantined",
    }
    for at, (tag, outcome, reason, chars, size) in enumerate(rows):
        expected = schema.PASS if reason is None else schema.REASONS.get(reason, ("", ""))[0]
        if outcome != expected:
            faults.append(f"{shard.records.path} row {at}: {outcome} for the reason {reason}")
        for state, label in (("read", ""), (states.get(outcome, "lost"), reason or "")):
            for what, amount in (("documents", 1), ("characters", chars), ("bytes", size)):
                sums[tag, f"{what}.{state}", label] += amount
    return sums, faults


def _pii_sums(run: Run, shard: Shard) -> Sums:
    sums: Sums = Counter()
    for _, batch in run.batches(shard.documents, ["tag", "pii_counts"]):
        columns = (batch.column(name).to_pylist() for name in ("tag", "pii_counts"))
        for tag, kinds in zip(*columns, strict=True):
            for kind, count in kinds:
                sums[tag, "pii.redacted", kind] += count
    return sums


def _fill(sums: Sums, counts: Iterable[tuple[str, str, str, int]]) -> None:
    for tag, metric, label, count in counts:
        sums[tag, metric, label] += count


def _told(run: Run, made: Manifest, prefixes: tuple[str, ...]) -> Sums:
    """A manifest's counts of some metrics."""
    sums: Sums = Counter()
    _fill(sums, (count for count in run.counts(made) if count[1].startswith(prefixes)))
    return sums


def _state(sums: Sums, metric: str) -> int:
    return sum(count for (_, name, _), count in sums.items() if name == metric)


def _differences(
    place: str,
    told: Mapping[tuple[str, str, str], int],
    source: str,
    counted: Mapping[tuple[str, str, str], int],
) -> Iterator[str]:
    """Counts that are told otherwise than counted; none and zero are the same."""
    for key in sorted(told.keys() | counted.keys()):
        if told.get(key, 0) != counted.get(key, 0):
            tag, metric, label = key
            what = f"{metric} {label}".strip()
            numbers = f"{told.get(key, 0)}, by {source} it is {counted.get(key, 0)}"
            yield f"{place}: {what} of {tag} is {numbers}"


class _Hasher:
    """A stream that only remembers the digest of what is written to it."""

    closed = False

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def hexdigest(self) -> str:
        """SHA-256 of all that was written."""
        return self._hash.hexdigest()


def _csv_agrees(run: Run) -> Iterator[str]:
    """`counts.csv` is `counts.parquet` in other clothes."""
    name = str(Path(stats.STATISTICS).with_suffix(".csv"))
    hasher = _Hasher()
    try:
        with (
            pq.ParquetFile(storage.opened(run.path / stats.STATISTICS)) as file,
            pacsv.CSVWriter(hasher, file.schema_arrow) as writer,
        ):
            for batch in file.iter_batches(1 << 18):
                writer.write_batch(batch)
        found = hashlib.sha256((run.path / name).read_bytes()).hexdigest()
    except (OSError, pa.ArrowException):
        yield f"{name}: is missing or cannot be compared with {stats.STATISTICS}"
        return
    if found != hasher.hexdigest():
        yield f"{name}: does not hold what {stats.STATISTICS} holds"


def rules_applied(run: Run) -> Faults:
    """Failed rules and reasons of every document follow from its signals and the run's bounds."""
    compiled, documents = _compiled(run), 0
    for shard in run.shards:
        try:
            documents += shard.decisions.rows
            if _present(run, shard.signals):
                yield from _judged(run, shard, compiled)
        except IntegrityError as error:
            yield str(error)
    return f"{len(run.rules)} rules over {documents} documents give the stored decisions again"


def _compiled(run: Run) -> rules.RuleSet:
    """The rules in the order of run.json, whose configuration is sorted by name."""
    _, bounds = run.settings.bounds()
    try:
        return rules.compile_rules(run.rules, bounds)
    except ValueError as error:
        raise IntegrityError(f"{run.path}/run.json", f"rules: {error}") from None


def _judged(run: Run, shard: Shard, compiled: rules.RuleSet) -> Iterator[str]:
    columns = ["tag", "outcome", "reason", "failed_rules", "listed", "reserved"]
    decisions = run.read(shard.decisions, columns)
    signals = run.read(shard.signals, schema.signal_columns(compiled.rules))
    if signals.num_rows != decisions.num_rows:
        return  # alignment says so
    position = {tag: at for at, tag in enumerate(compiled.tags)}
    tags = decisions.column("tag").to_pylist()
    language = np.array([position.get(tag, position["base"]) for tag in tags], dtype=np.int64)
    values = np.column_stack(
        [_floats(schema.signal_values(signals, name)) for name in compiled.rules]
        or [np.zeros((decisions.num_rows, 0))]
    )
    listed = decisions.column("listed").to_pylist()
    yield from _listed(run, shard, [compiled.tags[at] for at in language], listed)
    yield from _reserved(run, shard, decisions.column("reserved").to_pylist())
    exempts = [
        run.lists[compiled.tags[at]].exempts
        if standing == domains.ALLOW and compiled.tags[at] in run.lists
        else ()
        for at, standing in zip(language, listed, strict=True)
    ]
    masks, first = rules.judge(compiled, rules.spared(compiled, values, exempts), language)
    stored = decisions.column("failed_rules").to_numpy()
    for row in np.flatnonzero(masks != stored).tolist():
        names = ", ".join(run.failed(int(masks[row]))) or "none"
        yield f"{shard.decisions.path} row {row}: failed rules are {names} by the stored signals"
    reasons = compiled.reasons
    found = (decisions.column(name).to_pylist() for name in ("outcome", "reason", "reserved"))
    for row, (outcome, reason, reserved) in enumerate(zip(*found, strict=True)):
        ruled = reasons[first[row]] if first[row] >= 0 else None
        if ruled is None and listed[row] == domains.DENY:
            ruled = "list.deny"
        if reserved is not None:
            ruled = reserved
        if reason == TAKEN:
            ruled = TAKEN
        is_duplicate = reason is not None and reason.startswith("dedup.")
        is_right = reason == ruled if ruled else reason is None or is_duplicate
        if not is_right:
            yield f"{shard.decisions.path} row {row}: reason {reason}, by the signals it is {ruled}"
        if outcome != (schema.REJECT if reason else schema.KEEP):
            yield f"{shard.decisions.path} row {row}: {outcome} with the reason {reason}"


def _reserved(run: Run, shard: Shard, reserved: Sequence[str | None]) -> Iterator[str]:
    """Whether each document is reserved as its rights say under the run's policy."""
    if not _present(run, shard.documents):
        return
    heeded = POLICIES[run.settings.rights.policy]
    first = run.read(shard.documents, ["rights"]).column("rights").to_pylist()
    later = run.read(shard.decisions, ["rights"]).column("rights").to_pylist()
    for row, (known, new, stored) in enumerate(zip(first, later, reserved, strict=False)):
        against = rights_reasons(new or known, heeded) if new or known else ()
        if stored != (against[0] if against else None):
            said = against[0] if against else None
            yield f"{shard.decisions.path} row {row}: reserved is {stored}, by its rights {said}"


def _listed(
    run: Run, shard: Shard, packs: Sequence[str], listed: Sequence[str | None]
) -> Iterator[str]:
    """Whether the lists of each document's language say of its URL what is stored."""
    if not run.lists or not _present(run, shard.documents):
        return
    urls = run.read(shard.documents, ["url"]).column("url").to_pylist()
    for row, (pack, url, stored) in enumerate(zip(packs, urls, listed, strict=False)):
        standing = run.lists[pack].standing(url) if pack in run.lists else None
        if standing != stored:
            yield f"{shard.decisions.path} row {row}: listed is {stored}, by the lists {standing}"


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A nullable column as float64, NaN for null."""
    values: Any = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64)
