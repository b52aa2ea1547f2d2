"""A shard's files.

Writing them sorted by tag within bounded memory, reading them by tag, counting what is in them.
"""

import contextlib
import functools
import itertools
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import rules
from filters.signal import Signal
from pipeline import storage, tables
from pipeline.manifest import Count, Output
from stages import schema

SPILL_BYTES = 32 << 20
SPILL_ROWS = 256
ROW_GROUP_ROWS = 2000
ROW_GROUP_BYTES = 64 << 20
GATHERED_ROWS = 1 << 13
"""Records in a row group, 8 MB: columns of millions of them are scanned for one address."""


class Writer:
    """A file of one table in the making; each row group remembers its tag."""

    def __init__(self, run: Path, name: str, table: schema.Table) -> None:
        self._run, self._name, self.table = run, name, table
        self._notes = dict(table.notes)
        self._file: storage.ParquetFile | None = None
        self._groups: list[tuple[str, int]] = []
        self._waiting: pa.Table | None = None

    def __enter__(self) -> Self:
        """Nothing is left behind if the block raises."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self.discard()

    def at(self, folder: str, prefix: str = "") -> "Writer":
        """The same writer in another folder of the run."""
        self._name = f"{folder}/{prefix}{self._name.partition('/')[2]}"
        return self

    def note(self, name: str, value: str) -> None:
        """Have the file say this of itself; before the first row."""
        self._notes[name] = value

    def _open(self) -> storage.ParquetFile:
        if self._file is None:
            self._file = storage.ParquetFile(self._run / self._name, self.table, self._notes)
        return self._file

    def write(self, rows: pa.Table, tag: str | None = None) -> None:
        """Write rows as one row group."""
        file = self._open()
        if tag is not None and rows.num_rows:
            self._groups.append((tag, file.row_groups))
        file.write(rows)

    def gather(self, rows: pa.Table) -> None:
        """Take rows; they are written in row groups of `GATHERED_ROWS`."""
        self._waiting = rows if self._waiting is None else pa.concat_tables([self._waiting, rows])
        while self._waiting.num_rows >= GATHERED_ROWS:
            self.write(self._waiting.slice(0, GATHERED_ROWS).combine_chunks())
            self._waiting = self._waiting.slice(GATHERED_ROWS)

    def commit(self, table: str | None = None) -> Output:
        """Make the file visible.

        A file without rows is written as well, since absence is never a value.
        """
        if self._waiting is not None:
            self.write(self._waiting.combine_chunks())
        file = self._open()
        made = file.commit()
        return Output(
            table or self.table.name,
            self._name,
            made["rows"],
            made["bytes"],
            made["sha256"],
            tuple(self._groups),
        )

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.discard()


class Sorted:
    """Rows of several row-aligned tables, written sorted by tag.

    What does not fit in memory is spilled.

    Rows of equal tag keep the order in which they were added.
    """

    def __init__(self, run: Path, writers: Sequence[Writer]) -> None:
        self._writers = writers
        names = dict.fromkeys(name for w in writers for name in w.table.schema.names)
        self._schema = pa.schema(
            [
                next(w.table.schema.field(n) for w in writers if n in w.table.schema.names)
                for n in names
                if n != "row"
            ]
        )
        self._waiting: list[pa.Table] = []
        self._waiting_bytes = 0
        self._scratch = Path(tempfile.mkdtemp(dir=storage.scratch(run), prefix=".tmp-spill-"))
        self._runs: list[_SpilledRun] = []
        self._row = 0

    def add(self, rows: pa.Table) -> None:
        """Take rows that have every column of the tables but `row`."""
        rows = rows.select(self._schema.names).cast(self._schema)
        self._waiting.append(rows)
        self._waiting_bytes += rows.nbytes
        if self._waiting_bytes >= SPILL_BYTES:
            self._spill()

    def _spill(self) -> None:
        path = self._scratch / f"{len(self._runs)}.arrow"
        batches: dict[str, range] = {}
        count = 0
        with (
            storage.disk_errors(path),
            pa.OSFile(str(path), "wb") as stream,
            pa.ipc.new_file(stream, self._schema) as writer,
        ):
            for tag, rows in _by_tag(self._sorted_rows()).items():
                writer.write_table(rows, max_chunksize=SPILL_ROWS)
                first, count = count, count + -(-rows.num_rows // SPILL_ROWS)
                batches[tag] = range(first, count)
        self._runs.append(_SpilledRun(path, batches))

    def _sorted_rows(self) -> pa.Table:
        table = pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table()
        self._waiting, self._waiting_bytes = [], 0
        order = np.argsort(
            table.column("tag").to_numpy(zero_copy_only=False).astype(str), kind="stable"
        )
        return table.take(pa.array(order)).combine_chunks()

    def commit(self) -> list[Output]:
        """Merge, write and make visible; one output a table."""
        last = _by_tag(self._sorted_rows())
        with contextlib.ExitStack() as stack:
            # Not mapped: pages of a map count as resident, and would grow with the shard.
            streams = [stack.enter_context(pa.OSFile(str(run.path))) for run in self._runs]
            readers = [pa.ipc.open_file(stream) for stream in streams]
            for tag in sorted({*last, *(tag for run in self._runs for tag in run.batches)}):
                self._write_tag(tag, self._parts(tag, readers, last))
        shutil.rmtree(self._scratch)
        return [writer.commit() for writer in self._writers]

    def _parts(
        self, tag: str, readers: Sequence[pa.RecordBatchFileReader], last: Mapping[str, pa.Table]
    ) -> Iterator[pa.Table]:
        """The tag's rows in the order in which they were added, a few at a time."""
        for run, reader in zip(self._runs, readers, strict=True):
            for number in run.batches.get(tag, ()):
                yield pa.Table.from_batches([reader.get_batch(number)])
        if tag in last:
            yield last[tag]

    def _write_tag(self, tag: str, parts: Iterable[pa.Table]) -> None:
        """Row groups of `ROW_GROUP_ROWS` rows, or of fewer where their text is long."""
        waiting = self._schema.empty_table()
        for part in parts:
            waiting = pa.concat_tables([waiting, part])
            while waiting.num_rows >= ROW_GROUP_ROWS:
                self._write_group(tag, waiting.slice(0, ROW_GROUP_ROWS))
                waiting = waiting.slice(ROW_GROUP_ROWS)
            if waiting.nbytes >= ROW_GROUP_BYTES:
                self._write_group(tag, waiting)
                waiting = self._schema.empty_table()
        if waiting.num_rows:
            self._write_group(tag, waiting)

    def _write_group(self, tag: str, rows: pa.Table) -> None:
        rows = rows.combine_chunks()  # else the bytes written would tell how rows were spilled
        numbers = pa.array(np.arange(self._row, self._row + rows.num_rows), type=pa.int32())
        rows = rows.append_column("row", numbers)
        self._row += rows.num_rows
        for writer in self._writers:
            writer.write(rows, tag)

    def discard(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        for writer in self._writers:
            writer.discard()


@dataclass(frozen=True, slots=True)
class _SpilledRun:
    """A file of spilled rows, sorted by tag, and each tag's batches in it."""

    path: Path
    batches: Mapping[str, range]


def _by_tag(table: pa.Table) -> dict[str, pa.Table]:
    """Slices of a table that is sorted by tag."""
    tags = table.column("tag").to_numpy(zero_copy_only=False).astype(str)
    starts = [0, *(np.flatnonzero(tags[1:] != tags[:-1]) + 1).tolist(), len(tags)]
    return {str(tags[a]): table.slice(a, b - a) for a, b in itertools.pairwise(starts) if b > a}


def records_table(live: pa.RecordBatch, settled: Sequence[pa.RecordBatch]) -> pa.Table:
    """One batch's rows of `records`, in the order of the file, from live and settled rows."""
    parts = []
    for batch in (live, *settled):
        columns = {name: batch.column(name) for name in batch.schema.names}
        count = batch.num_rows
        reason = columns.get("reason", pa.nulls(count, pa.string()))
        gate_tag = columns.get("gate_tag", pa.nulls(count, pa.string()))
        made = {
            **columns,
            "reason": reason,
            "tag": pc.coalesce(
                columns.get("tag", pa.nulls(count, pa.string())), gate_tag, schema.UNDETERMINED
            ),
            "outcome": pa.array([_outcome(r) for r in reason.to_pylist()], type=pa.string()),
            "n_chars": columns["n_chars"]
            if batch is live and "n_chars" in columns
            else pa.array([0] * count, type=pa.int64()),
        }
        arrays = [made.get(name, pa.nulls(count)) for name in schema.RECORDS.schema.names]
        table = pa.Table.from_arrays(
            [a.cast(f.type) for a, f in zip(arrays, schema.RECORDS.schema, strict=True)],
            schema=schema.RECORDS.schema,
        )
        table = _without_address(table)
        parts.append(table.append_column("ordinal", columns["ordinal"]))
    return pa.concat_tables(parts).sort_by("ordinal").drop_columns("ordinal")


def _without_address(records: pa.Table) -> pa.Table:
    """Records without what tells which page one was, where it is on the suppression list."""
    gone = pc.fill_null(pc.starts_with(records.column("reason"), "takedown."), False)
    if not pc.any(gone).as_py():
        return records
    return blanked(records, gone.to_numpy(zero_copy_only=False), BLANK["records"])


def _outcome(reason: str | None) -> str:
    return schema.PASS if reason is None else schema.REASONS[reason][0]


BLANK: Mapping[str, Mapping[str, Any]] = {
    "records": {
        "url": "",
        "url_key": "0" * 32,
        "payload_digest": None,
        "n_chars": 0,
        "rights": None,
    },
    "documents": {
        "url": "",
        "title": None,
        "published_on": None,
        "declared_language": None,
        "text": "",
        "pii_spans": [],
        "pii_counts": [],
        "n_chars": 0,
        "n_words": 0,
        "n_tokens": 0,
        "rights": None,
    },
    "signatures": {
        "payload_digest": None,
        "text_digest": "",
        "n_shingles": 0,
        "signature": None,
        "precedence": 0,
    },
    "members": {"payload_digest": None, "text_digest": None},
    "decisions": {
        "outcome": schema.REJECT,
        "reason": "takedown.request",
        "failed_rules": 0,
        "listed": None,
        "reserved": None,
        "rights": None,
        "cluster_id": None,
        "cluster_size": 1,
        "keeper_id": None,
        "similarity": None,
        "method": None,
    },
}
"""What a row of a table holds once its document was taken down; other columns stay."""


def blanked(rows: pa.Table, gone: NDArray[np.bool_], values: Mapping[str, Any]) -> pa.Table:
    """The rows with the values in their columns where `gone`; a null of `n_tokens` stays null."""
    count = rows.num_rows
    order = pa.array(np.where(gone, count, np.arange(count)))
    for name in values.keys() & set(rows.column_names):
        at, column = rows.schema.get_field_index(name), rows.column(name).combine_chunks()
        value = pa.array([values[name]], type=column.type)
        made = pa.concat_arrays([column, value]).take(order)
        if name == "n_tokens":
            made = pc.if_else(column.is_valid(), made, column)
        rows = rows.set_column(at, rows.schema.field(at), made)
    return rows


def write_by_part(
    writer: Writer, table: pa.Table, part: NDArray[Any], max_rows: int = 1 << 16
) -> None:
    """Write the rows of each part in row groups of their own, named by its number.

    Rows of one part keep their order.
    """
    order = np.argsort(part, kind="stable")
    table, part = table.take(pa.array(order)), part[order]
    ends = [*(np.flatnonzero(np.diff(part)) + 1).tolist(), len(part)] if len(part) else []
    start = 0
    for end in ends:
        for at in range(start, end, max_rows):
            writer.write(table.slice(at, min(max_rows, end - at)), str(part[start]))
        start = end


def write_by_source(writer: Writer, rows: pa.Table, groups: Iterable[tuple[str, int, int]]) -> None:
    """Write rows sorted by `shard` in a row group for each group of shards, under its name."""
    shard = rows.column("shard").to_numpy()
    for name, first, last in groups:
        a, b = np.searchsorted(shard, [first, last]).tolist()
        if a < b:
            writer.write(rows.slice(a, b - a), name)


MEASURES: Mapping[str, str] = {
    "characters": "n_chars",
    "words": "n_words",
    "tokens": "n_tokens",
    "bytes": "payload_bytes",
}
"""What a document counts for beside one, by the column of `documents` that says so."""


def fact_columns(measures: Iterable[str] = MEASURES) -> list[str]:
    """Columns of `documents` that counting needs; those that this version does not have are left.

    All are narrow: deciding reads no text.
    """
    known = schema.DOCUMENTS.schema.names
    return [MEASURES[name] for name in measures if MEASURES[name] in known]


def weights(facts: pa.Table, measures: Iterable[str] = MEASURES) -> dict[str, NDArray[np.int64]]:
    """What each document counts for, by measure.

    A null counts for nothing; a measure that no document has (tokens without a tokenizer) is not
    there.
    """
    found = {}
    for measure in measures:
        if MEASURES[measure] not in facts.column_names:
            continue
        column = facts.column(MEASURES[measure])
        if column.null_count < len(column) or not len(column):
            found[measure] = np.asarray(pc.fill_null(column, 0).to_numpy(), dtype=np.int64)
    return found


def decision_counts(decisions: pa.Table, facts: pa.Table) -> list[Count]:
    """Documents, characters, words, tokens and bytes, kept and rejected by reason, by language."""
    amounts = weights(facts)
    keys = ["tag", "outcome", "reason"]
    table = decisions.select(keys)
    for measure, amount in amounts.items():
        table = table.append_column(measure, pa.array(amount))
    sums = [(measure, "sum") for measure in amounts]
    grouped = table.group_by(keys).aggregate([*sums, ([], "count_all")])
    counts: list[Count] = []
    for row in grouped.to_pylist():
        state = "kept" if row["outcome"] == schema.KEEP else "rejected"
        label = row["reason"] or ""
        counts.append((row["tag"], f"documents.{state}", label, row["count_all"]))
        counts += [
            (row["tag"], f"{measure}.{state}", label, row[f"{measure}_sum"]) for measure in amounts
        ]
    return counts


def rule_counts(
    decisions: pa.Table, names: Sequence[str], facts: pa.Table | None = None
) -> list[Count]:
    """What each rule rejects first, at all and alone, by language; label: the rule.

    Metrics `documents.rule.first`, `.any` and `.only`, and with `facts` the same in characters,
    words and tokens.
    """
    amounts = {} if facts is None else weights(facts, ("characters", "words", "tokens"))
    tags, places = _coded(decisions.column("tag"))
    masks = decisions.column("failed_rules").to_numpy()
    counts: list[Count] = []
    for at, tag in enumerate(tags):
        mine = places == at
        for measure, amount in [("documents", None), *amounts.items()]:
            found = rules.attribution(
                masks[mine], len(names), None if amount is None else amount[mine]
            )
            counts += [
                (tag, f"{measure}.rule.{state}", name, int(count))
                for state in ("first", "any", "only")
                for name, count in zip(names, getattr(found, state), strict=True)
                if count
            ]
    return counts


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """Distinct strings of a column, and the number of each row's."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64)


def histograms(decisions: pa.Table, signals: pa.Table, facts: Mapping[str, Signal]) -> list[Count]:
    """Documents by bin of every signal's declared edges, kept and rejected; label.

    The bin's number, or `null`.

    Bin k holds edges[k - 1] <= value < edges[k]; bin 0 lies below the first edge.
    """
    counts: list[Count] = []
    tags, places = _coded(decisions.column("tag"))
    kept = decisions.column("outcome").to_numpy(zero_copy_only=False) == schema.KEEP
    for name, facts_of in facts.items():
        values = signals.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
        bins = np.searchsorted(np.asarray(facts_of.edges), values, side="right")
        width = len(facts_of.edges) + 2  # bins, and the last for null
        cells = np.where(np.isnan(values), width - 1, bins) + width * (2 * places + kept)
        table = np.bincount(cells, minlength=2 * width * len(tags))
        for cell in np.flatnonzero(table).tolist():
            place, label = divmod(cell, width)
            state = "kept" if place % 2 else "rejected"
            text = "null" if label == width - 1 else str(label)
            counts.append((tags[place // 2], f"histogram.{name}.{state}", text, int(table[cell])))
    return counts


class Aligned:
    """Documents, signals and decisions of one shard, read by tag."""

    def __init__(self, run: Path, shard: Mapping[str, Any]) -> None:
        self._run, self._shard = run, shard
        self._groups: dict[str, list[int]] = defaultdict(list)
        for tag, group in shard["groups"]:
            self._groups[tag].append(group)

    @property
    def tags(self) -> list[str]:
        """Tags that the shard has documents of."""
        return list(self._groups)

    def read(self, tag: str) -> Iterator[list[pa.Table]]:
        """Row-aligned documents, signals, decisions and, if asked for, signatures of the tag.

        One row group at a time.
        """
        if tag not in self._groups:
            return
        decisions = _decisions(self._run / self._shard["decisions"])
        names = [name for name in ("documents", "signals", "signatures") if name in self._shard]
        with contextlib.ExitStack() as stack:
            files = [
                stack.enter_context(tables.open_file(self._run / self._shard[n])) for n in names
            ]
            groups = range(files[0].num_row_groups)
            counts = [files[0].metadata.row_group(group).num_rows for group in groups]
            starts = np.cumsum([0, *counts])
            for group in self._groups[tag]:
                documents, signals, *more = [file.read_row_group(group) for file in files]
                decided = decisions.slice(int(starts[group]), documents.num_rows)
                yield [documents, signals, decided, *more]


@functools.lru_cache(maxsize=8)
def _decisions(path: Path) -> pa.Table:
    """What publishing needs of a shard's decisions.

    Kept for a few shards (0.1 MB each for 5,000 documents), since it is asked for tag by tag.
    """
    return storage.read_table(path, ["outcome", "cluster_size", "rights"])


class CorpusFiles:
    """The corpus files of one language: a new one whenever the target size of text is reached.

    With signatures, each has one beside it, row by row, for the index of a dataset.
    """

    def __init__(self, run: Path, tag: str, target_bytes: int, row_group_rows: int) -> None:
        self._run, self._tag, self._target, self._rows = run, tag, target_bytes, row_group_rows
        self._writers: list[Writer] = []
        self._signed: list[Writer] = []
        self._waiting: list[tuple[pa.Table, ...]] = []
        self._waiting_rows = self._waiting_bytes = self._file_bytes = self._file_rows = 0

    def add(self, rows: pa.Table, signed: pa.Table | None = None) -> None:
        """Take rows, and signatures of each or of none.

        They are written in row groups of the configured size, or of fewer where texts are long.
        """
        self._waiting.append((rows,) if signed is None else (rows, signed))
        self._waiting_rows += rows.num_rows
        self._waiting_bytes += rows.nbytes
        if self._waiting_rows >= self._rows or self._waiting_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        table, *signed = [pa.concat_tables(parts) for parts in zip(*self._waiting, strict=True)]
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        for start in range(0, table.num_rows, self._rows):
            rows = table.slice(start, self._rows)
            if not self._writers or self._file_bytes >= self._target:
                self._open(with_signatures=bool(signed))
            self._writers[-1].write(rows)
            self._file_bytes += pc.sum(pc.binary_length(rows.column("text"))).as_py() or 0
            for beside in signed:
                numbers = np.arange(self._file_rows, self._file_rows + rows.num_rows)
                at = beside.schema.get_field_index("row")
                mine = beside.slice(start, self._rows)
                self._signed[-1].write(
                    mine.set_column(at, beside.schema.field(at), pa.array(numbers, pa.int32()))
                )
            self._file_rows += rows.num_rows

    def _open(self, with_signatures: bool) -> None:
        self._file_bytes = self._file_rows = 0
        number = len(self._writers)
        name = storage.attempt_name(self._run, f"{self._tag}/{self._tag}-{number:05d}.parquet")
        self._writers.append(Writer(self._run, f"corpus/{name}", schema.CORPUS))
        if with_signatures:
            self._signed.append(Writer(self._run, f"index/{name}", schema.SIGNATURES))

    def commit(self) -> list[Output]:
        """Make the files visible."""
        if self._waiting:
            self._flush()
        return [
            writer.commit(f"{table}.{number}")
            for table, writers in (("corpus", self._writers), ("signatures", self._signed))
            for number, writer in enumerate(writers)
        ]

    def discard(self) -> None:
        """Leave nothing behind."""
        for writer in (*self._writers, *self._signed):
            writer.discard()
