"""What each step does with its files.

Opens them, runs the stages, writes and accounts for the output.

A step function takes the run's folder, the configuration and a task, and returns a manifest; the
executor calls `perform` in whatever process it has. Only this module and `pipeline.plan` import
stage modules.
"""

import contextlib
import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import rules
from filters.catalog import BY_NAME
from filters.domains import KeyList
from filters.rights import ALLOWED
from filters.suppression import Suppressed
from pipeline import (
    config,
    duplicates,
    garbage,
    lists,
    manifest,
    ranges,
    remote,
    robots_index,
    selection,
    shards,
    site_inputs,
    site_tables,
    storage,
    suppression,
    tables,
    tally,
)
from pipeline.context import Context
from pipeline.executor import Task
from pipeline.manifest import Books, Count, Manifest
from pipeline.meter import Laps, Meter
from pipeline.ranges import Traffic
from pipeline.sandbox import Sandbox
from pipeline.storage import Input
from stages import (
    base,
    decide,
    extract,
    gate,
    identify,
    measure,
    prepare,
    publish,
    read,
    redact,
    reserve,
    schema,
    score,
    sign,
    suppress,
)


@dataclass(frozen=True, slots=True)
class Work:
    """`Work(run, config)(task)` performs a task; it crosses process boundaries."""

    run: str
    settings: str
    snapshot: str
    workers: int = 1
    """Among whom the requests to a store are shared."""
    access: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The driver's environment for stores: a worker elsewhere may have none."""

    def __call__(self, task: Task) -> Manifest:
        """Perform and commit the task; an earlier commit of the same key is returned as it is."""
        run = storage.place(self.run)
        settings = _parsed(self.settings)
        self.set_up(settings)
        done = manifest.find(run, task.step, task.key)
        if done is not None:
            return done
        context = Context(run, settings, self.snapshot, task)
        with storage.disk_errors(run), remote.ends.kept(), Meter() as meter:
            made = STEPS[task.step](context)
        timed = replace(made, timing={**meter.taken, **made.timing})
        made = tally.put_aside(run, timed)
        manifest.commit(run, made)
        return made

    def among(self, workers: int) -> "Work":
        """The same for one of so many workers."""
        return replace(self, workers=workers)

    def set_up(self, settings: config.Run) -> None:
        """Set this process's share of the requests, its way to stores, and its cache."""
        ours = settings.storage
        garbage.look_seldom()
        remote.adopt(self.access)
        share = ours.requests_per_second / self.workers
        storage.configure(share, ours.cache, ours.cache_bytes, ours.part_bytes)


@functools.lru_cache(maxsize=2)
def _parsed(settings: str) -> config.Run:
    """The configuration, parsed once a process."""
    return config.Run.model_validate_json(settings)


def do_prepare(context: Context) -> Manifest:
    """Step 0a: archives of robots.txt to rows of tables; a list to `block_list` or `suppressed`."""
    if "files" in context.task.params:
        return _prepare_suppressed(context)
    if "list" in context.task.params:
        return _prepare_list(context)
    if "index" in context.task.params:
        return selection.select_rows(context)
    if "robots_index" in context.task.params:
        return robots_index.select_rows(context)
    return _prepare_beside(context) if "beside" in context.task.params else _prepare_robots(context)


def _prepare_suppressed(context: Context) -> Manifest:
    table = suppression.table(suppression.Listing.from_json(context.task.params["files"]))
    name = f"suppressed/{context.task.name}-{context.task.key[:12]}.arrow"
    output = lists.write(context.run, name, table, schema.SUPPRESSED)
    return context.manifest([output], Books(table.num_rows, table.num_rows, 0, 0), [])


def _prepare_list(context: Context) -> Manifest:
    params, found = context.task.params, context.task.params["list"]
    table = prepare.block_list(lists.chunks(Input(**found), params["key"]) if found else ())
    name = f"{context.task.name}/{context.task.name}-{context.task.key[:12]}.arrow"
    output = lists.write(context.run, name, table)
    counts = [(schema.UNDETERMINED, f"{context.task.name}.keys", "", table.num_rows)]
    return context.manifest([output], Books(table.num_rows, table.num_rows, 0, 0), counts)


def _prepare_robots(context: Context) -> Manifest:
    guard = context.sandbox()

    def records() -> Iterator[read.Record]:
        for item in context.task.params["robots"]:
            opened = functools.partial(storage.open_at, item["uri"])
            yield from read.records(opened, item["name"], prepare.MAX_BODY_BYTES * 2)

    try:
        found = prepare.from_records(records(), prepare.robots_parser(guard))
        outputs = site_tables.write(context, found)
    finally:
        guard.close()
    rows = outputs[0].rows
    return context.manifest(outputs, Books(rows, rows, 0, 0), [])


def _prepare_beside(context: Context) -> Manifest:
    """Files of sites that were given beside the snapshot."""
    params, guard = context.task.params, context.sandbox()
    kind, passed = params["kind"], 0
    is_latest = kind == site_inputs.LATEST
    parse = prepare.robots_parser(guard) if is_latest else prepare.site_parser(guard)

    def found() -> Iterator[prepare.Fetched]:
        nonlocal passed
        for row in site_inputs.rows(kind, Input(**params["beside"]), range(*params["groups"])):
            made = row and prepare.fetched(row.url, row.code, row.date, row.body, parse)
            if made:
                yield made
            else:
                passed += 1

    try:
        outputs = site_tables.write(context, found())
    finally:
        guard.close()
    rows = outputs[0].rows
    return context.manifest(outputs, Books(rows + passed, rows, passed, 0), [])


def do_collate(context: Context) -> Manifest:
    """Step 0b: a range of keys of all that `prepare` found, once for each URL and content."""
    if "selected" in context.task.params:
        return selection.regroup(context)
    if "indexed" in context.task.params:
        return robots_index.collate(context)
    outputs, rows, files = site_tables.collate(context)
    kind = context.task.params["kind"]
    found = files.filter(files.column("is_robots")) if kind == "robots" else files
    counts = site_tables.statuses(kind, found)
    made = files.num_rows
    return context.manifest(outputs, Books(rows, made, rows - made, 0), counts)


def extract_stages(settings: config.Run, suppressed: Suppressed | None = None) -> list[base.Stage]:
    """The stages of step 1 after read, in order."""
    g = settings.gate
    lexicons = {tag: settings.lexicon(tag) for tag in settings.languages}
    return [
        gate.Gate(
            gate.Settings(
                g.max_payload_bytes,
                g.max_decoded_bytes,
                g.max_depth,
                g.max_tags,
                g.max_tag_attributes,
                g.min_visible_chars,
                g.max_url_chars,
                g.media_types,
                g.allow_domains,
                g.deny_domains,
                settings.rights.at_gate,
                settings.rights.heeds_crawl,
                settings.rights.gate_policy,
                g.min_european_mass,
                g.keep_truncated,
                g.language_models,
                g.url_key,
                settings.extract.extractor,
            ),
            suppressed,
        ),
        extract.Extract(settings.extract.extractor, settings.extract.max_chars),
        identify.Identify(settings.identify.models, frozenset(settings.identify.languages)),
        _redact(settings),
        measure.Measure(lexicons),
        _score(settings),
        sign.Sign(),
        *([suppress.Suppress(suppressed)] if suppressed is not None else []),
    ]


def _redact(settings: config.Run) -> redact.Redact:
    names = settings.redact.names
    named = (names.recogniser, names.version) if names else None
    return redact.Redact(frozenset(settings.redact.kinds), named)


def _suppressed(context: Context) -> Suppressed:
    return suppression.compiled(lists.mapped(context.path(context.task.params["suppressed"])))


def _score(settings: config.Run) -> score.Score:
    """Models where they lie on this machine: two workers may have them in different folders."""
    packs = {score.OTHERS: settings.language, **settings.languages}
    tokens = settings.tokens
    return score.Score(
        {
            tag: score.Model(str(model.location), model.sha256, model.label) if model else None
            for tag, model in ((tag, pack.quality_model) for tag, pack in packs.items())
        },
        {
            tag: score.Model(str(model.location), model.sha256) if model else None
            for tag, model in ((tag, pack.perplexity_model) for tag, pack in packs.items())
        },
        score.Model(tokens.tokenizer, tokens.sha256) if tokens else None,
        {
            name: score.PeerFilter(entry.filter, entry.parameters, entry.words)
            for name, entry in settings.datatrove.items()
        },
    )


def do_extract(context: Context) -> Manifest:
    """Step 1: one WARC file to records, documents, signals and signatures."""
    item, others = context.task.params["shard"], dict[str, int]()
    suspects = context.suspects()
    suspects.examine(_request(context))
    guard = context.sandbox()
    records, ledger = context.output(schema.RECORDS), _Ledger()
    rows = shards.Sorted(
        context.run,
        [context.output(t) for t in (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES)],
    )
    laps, traffic = Laps(), Traffic()
    try:
        workers = _opened(context, guard)
        laps.lap("open")
        found = suspects.watched(_records(context, traffic, suspects.begin))
        for batch in read.batches(
            found, context.snapshot, item["name"], others, context.settings.limit
        ):
            laps.lap("read")
            for live, settled in _advanced(batch, workers, laps):
                if live.num_rows and "text" in live.schema.names:
                    rows.add(pa.Table.from_batches([live]))
                table = shards.records_table(live, settled)
                ledger.add(table, live)
                records.gather(table)
                laps.lap("write")
            suspects.staged()
        outputs = [records.commit(), *rows.commit()]
        laps.lap("write")
    except BaseException:
        records.discard()
        rows.discard()
        raise
    finally:
        guard.close()
    suspects.remove()
    for kind, count in others.items():
        ledger.counts[schema.UNDETERMINED, "records.other", kind] += count
    for name, number in (("bytes", traffic.bytes), ("requests", traffic.requests)):
        ledger.counts[schema.UNDETERMINED, f"ranges.{name}", ""] += number
    parts = {f"stage.{name}_s": round(seconds, 3) for name, seconds in laps.seconds.items()}
    return replace(context.manifest(outputs, ledger.books(), ledger.all()), timing=parts)


Workers = Sequence[tuple[str, Any]]
"""Stages by name, with their models loaded: the first unpacks, the others work."""


def _opened(context: Context, guard: Sandbox) -> Workers:
    robots = site_tables.opened(context.run, context.task.params["robots"])
    blocked = lists.mapped(context.path(context.task.params["block_list"]))
    tools = base.Tools(guard, {"block_list": blocked}, robots)
    stages = extract_stages(context.settings, _suppressed(context))
    return [(stage.name, stage.open(tools)) for stage in stages]


def _advanced(
    batch: pa.RecordBatch, workers: Workers, laps: Laps
) -> Iterator[tuple[pa.RecordBatch, list[pa.RecordBatch]]]:
    """What is left of the batch after all stages, and what each has settled, part by part."""
    (first, unpacks), *others = workers
    for part, gone in base.unpacked(batch, unpacks):
        laps.lap(first)
        live, settled = part, gone
        for name, worker in others:
            live, done = base.advance(live, worker)
            laps.lap(name)
            if done is not None:
                settled.append(done)
        yield live, settled


def _request(context: Context) -> dict[str, Any]:
    """What `pipeline.examine` needs to work on this task."""
    return {
        "run": str(context.run),
        "settings": context.settings.model_dump_json(),
        "snapshot": context.snapshot,
        "task": asdict(context.task),
    }


def stage_singly(
    context: Context, number: int, begin: read.Begin, aside: Mapping[int, str]
) -> None:
    """Have all stages work on one batch of the task (from 1), record by record; keep nothing.

    Each record is announced by `begin`; those of `aside` are left alone.
    """
    item, others = context.task.params["shard"], dict[str, int]()
    guard = context.sandbox()
    try:
        workers = _opened(context, guard)
        found = _records(context, Traffic(), begin)
        batches = read.batches(
            found, context.snapshot, item["name"], others, context.settings.limit
        )
        for batch in itertools.islice(batches, number - 1, number):
            for row, offset in enumerate(batch.column("offset").to_pylist()):
                if offset not in aside:
                    begin(offset)
                    for _ in _advanced(batch.slice(row, 1), workers, Laps()):
                        pass
    finally:
        guard.close()


def _records(context: Context, traffic: Traffic, begin: read.Begin) -> Iterator[read.Record]:
    """All records of the task's WARC file, or those that the selection has of it."""
    item, cap = context.task.params["shard"], context.settings.read.max_record_bytes
    if "selected" not in context.task.params:
        opened = functools.partial(storage.open_at, item["uri"])
        return read.records(opened, item["name"], cap, begin)
    rows = selection.of_warc(context, context.task.params["selected"], item["name"])
    return ranges.records(item["uri"], rows, cap, traffic, begin)


class _Ledger:
    """Counts of one shard's records."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._outcomes: Counter[str] = Counter()

    def add(self, records: pa.Table, live: pa.RecordBatch) -> None:
        columns = ("tag", "outcome", "reason", "n_chars", "payload_bytes")
        for tag, outcome, reason, chars, size in zip(
            *(records.column(c).to_pylist() for c in columns), strict=True
        ):
            self._outcomes[outcome] += 1
            state = {
                schema.PASS: "extracted",
                schema.REJECT: "rejected",
                schema.QUARANTINE: "quarantined",
            }[outcome]
            for what, label in (("read", ""), (state, reason or "")):
                self.counts[tag, f"documents.{what}", label] += 1
                self.counts[tag, f"characters.{what}", label] += chars
                self.counts[tag, f"bytes.{what}", label] += size
        rights = records.column("rights").combine_chunks()
        fields = (pc.struct_field(rights, name) for name in ("decision", "reserved_by"))
        robots = pc.struct_field(rights, "robots")
        seen = (pc.struct_field(robots, name) for name in ("status", "ambiguous"))
        for tag, decision, reserved, status, is_ambiguous, allowed in zip(
            records.column("tag").to_pylist(),
            *(column.to_pylist() for column in (*fields, *seen)),
            pc.struct_field(rights, "decided_by").to_pylist(),
            strict=True,
        ):
            if decision is not None:
                self._count_rights(tag, decision, reserved, allowed)
                self.counts[tag, "rights.robots", status] += 1
                self.counts[tag, "rights.robots_ambiguous", ""] += bool(is_ambiguous)
        if "pii_counts" in live.schema.names:
            for tag, found in zip(
                live.column("tag").to_pylist(), live.column("pii_counts").to_pylist(), strict=True
            ):
                for kind, count in found:
                    self.counts[tag, "pii.redacted", kind] += count

    def _count_rights(
        self, tag: str, decision: str, reserved: Sequence[str], decided: Sequence[str]
    ) -> None:
        for channel in reserved:
            self.counts[tag, "rights.reserved", channel] += 1
        if decision == ALLOWED:
            for channel in decided:
                self.counts[tag, "rights.allowed", channel] += 1

    def books(self) -> Books:
        o = self._outcomes
        return Books(sum(o.values()), o[schema.PASS], o[schema.REJECT], o[schema.QUARANTINE])

    def all(self) -> list[Count]:
        return [
            (tag, metric, label, count)
            for (tag, metric, label), count in self.counts.items()
            if count
        ]


def do_judge(context: Context) -> Manifest:
    """Step 3a: the rules over one shard's signals."""
    params = context.task.params
    order, bounds = context.settings.bounds()
    compiled = rules.compile_rules(order, bounds)
    site_lists = context.settings.lists()
    listed = _suppressed(context)
    rights = _reservations(context)
    has_urls = bool(site_lists) or listed.names_addresses or rights.needs_urls
    columns = ["doc_id", "tag", "n_chars", "rights", *(["url"] if has_urls else [])]
    documents = tables.read_table(context.path(params["documents"]), columns)
    taken = decide.taken(documents, listed)
    if listed.names_texts:
        signed = tables.read_table(context.path(params["signatures"]), ["text_digest", "signature"])
        taken |= np.array(suppress.on_list(signed, listed), dtype=bool)
    signals = tables.read_table(
        context.path(params["signals"]), schema.signal_columns(compiled.rules)
    )
    writer = context.output(schema.VERDICTS)
    reserved = rights.judge(documents)
    writer.write(decide.verdicts(documents, signals, compiled, site_lists, taken, reserved))
    return context.manifest(
        [writer.commit()], Books(documents.num_rows, documents.num_rows, 0, 0), []
    )


def _reservations(context: Context) -> reserve.Reservations:
    """Rights under the run's policy, with what it was given beside the snapshot."""
    settings, params = context.settings.rights, context.task.params
    found = {k: site_tables.opened(context.run, parts) for k, parts in params["beside"].items()}
    listed = None
    if params["optouts"] is not None:
        table = lists.mapped(context.path(params["optouts"])).combine_chunks()
        listed = KeyList(table.column("key").to_numpy(), table.column("flags").to_numpy())
    beside = reserve.Beside(found.get(site_inputs.LATEST), found.get(site_inputs.SIDE), listed)
    return reserve.Reservations(
        settings.policy, settings.robots_mode, gate.training_agents(), beside
    )


def _passing(context: Context, members: pa.Table) -> NDArray[np.bool_]:
    """Which members pass every rule, by the verdicts of their shards; False for published ones."""
    shard, row = (members.column(name).to_numpy() for name in ("shard", "row"))
    order = np.argsort(shard, kind="stable")
    found = np.zeros(len(shard), np.bool_)
    own = order[np.searchsorted(shard[order], 0) :]
    for mine in np.split(own, np.flatnonzero(np.diff(shard[own])) + 1):
        if len(mine):
            path = context.path(context.task.params["verdicts"][shard[mine[0]]])
            table = tables.read_table(path, ["failed_rules", "listed", "taken", "reserved"])
            found[mine] = decide.passes(table)[row[mine]]
    return found


def do_resolve(context: Context) -> Manifest:
    """Step 3b: keepers among the members of one range of components."""
    params = context.task.params
    members = tables.read_table(context.path(params["members"]))
    edges = tables.row_groups(context.path(params["edges"]))
    table = decide.removals(members, edges, _passing(context, members))
    writer = context.output(schema.REMOVALS)
    shards.write_by_source(writer, table, params["groups"])
    gone = table.num_rows - table.column("keeper_id").null_count
    return context.manifest(
        [writer.commit()], Books(table.num_rows, table.num_rows - gone, gone, 0), []
    )


def do_decide(context: Context) -> Manifest:
    """Step 3c: the last word on each document of one shard, and its statistics."""
    params = context.task.params
    names = list(context.settings.language.rules)
    verdict = tables.read_table(context.path(params["verdicts"]))
    removal = tables.read_groups(context.run, params["removals"], schema.REMOVALS)
    mine = pc.equal(removal.column("shard"), params["ordinal"])
    table = decide.decisions(verdict, removal.filter(mine), names)
    writer = context.output(schema.DECISIONS)
    writer.write(table)
    kept = table.column("outcome").to_pylist().count(schema.KEEP)
    facts = tables.read_table(context.path(params["documents"]), shards.fact_columns())
    signals = tables.read_table(context.path(params["signals"]))
    counts = shards.decision_counts(table, facts) + shards.histograms(table, signals, BY_NAME)
    counts += shards.rule_counts(table, names, facts)
    return context.manifest(
        [writer.commit()], Books(table.num_rows, kept, table.num_rows - kept, 0), counts
    )


def do_publish(context: Context) -> Manifest:
    """Step 4a: kept documents of some shards, gathered by tag in one file.

    Beside it, where the run belongs to a dataset, their signatures.
    """
    writers = [context.output(schema.CORPUS, "-part").at("parts")]
    if context.task.params["is_indexed"]:
        writers.append(context.output(schema.SIGNATURES, "-signatures").at("parts"))
    sources = [shards.Aligned(context.run, shard) for shard in context.task.params["shards"]]
    weights = context.settings.publish.upsampling_weights
    rows_in = kept = 0
    for tag in sorted({tag for source in sources for tag in source.tags}):
        for source in sources:
            for documents, signals, decided, *signed in source.read(tag):
                rows = publish.corpus_rows(documents, signals, decided, context.snapshot, weights)
                rows_in += documents.num_rows
                kept += rows.num_rows
                beside = [publish.kept(table, decided) for table in signed]
                for writer, table in zip(writers, [rows, *beside], strict=True):
                    if table.num_rows:
                        writer.write(table, tag)
    outputs = [writer.commit() for writer in writers]
    return context.manifest(outputs, Books(rows_in, kept, rows_in - kept, 0), [])


def do_compact(context: Context) -> Manifest:
    """Step 4b: one language's parts to corpus files of the target size."""
    tag, limits = context.task.params["tag"], context.settings.publish
    pending = shards.CorpusFiles(context.run, tag, limits.target_file_bytes, limits.row_group_rows)
    rows_in = 0
    try:
        for paths, groups in context.task.params["parts"]:
            with contextlib.ExitStack() as stack:
                files = [stack.enter_context(tables.open_file(context.path(p))) for p in paths]
                for group in groups:
                    rows, *signed = [file.read_row_group(group) for file in files]
                    rows_in += rows.num_rows
                    pending.add(rows, *signed)
        outputs = pending.commit()
    except BaseException:
        pending.discard()
        raise
    published = sum(output.rows for output in outputs if output.base == "corpus")
    return context.manifest(outputs, Books(rows_in, published, 0, 0), [])


STEPS: dict[str, Callable[[Context], Manifest]] = {
    "prepare": do_prepare,
    "collate": do_collate,
    "extract": do_extract,
    "band": duplicates.do_band,
    "pair": duplicates.do_pair,
    "gather": duplicates.do_gather,
    "lend": duplicates.do_lend,
    "estimate": duplicates.do_estimate,
    "shingle": duplicates.do_shingle,
    "cluster": duplicates.do_cluster,
    "judge": do_judge,
    "resolve": do_resolve,
    "decide": do_decide,
    "publish": do_publish,
    "compact": do_compact,
    "index": duplicates.do_index,
}
