"""Making the files of a run's ledger: keys of records, sorted on disk by ranges of keys.

Memory does not grow with the run, but for the names of hosts.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.places import CORPUS, FILES, HOSTS, KINDS, STAMP, corpus_of, hosts, string_keys
from audit.runs import Run
from audit.sample import halves
from pipeline import lists, storage

PARTITION_ROWS: Final = 1 << 23
"""Keys that are sorted together: 0.1 GB, and twice as much while sorting."""
DISTINCT_ROWS: Final = 1 << 22
"""Host names that are gathered before equal ones are put together."""


def is_current(folder: Path, stamp: str) -> bool:
    """Whether the files are there, and made of this state of the run."""
    try:
        notes = [lists.mapped(folder / f"{name}.arrow").schema.metadata for name in FILES]
    except (OSError, pa.ArrowException):
        return False
    return all(
        (note or {}).get(STAMP) == _stamp(name, stamp)
        for name, note in zip(FILES, notes, strict=True)
    )


def _stamp(name: str, stamp: str) -> bytes:
    """What a file carries: which one it is as well, since all have the same columns."""
    return f"{name} {stamp}".encode()


def write(run: Run, folder: Path, stamp: str, on_progress: Callable[[str, int, int], None]) -> None:
    """Make the files of a run, a shard at a time."""

    def tables() -> Iterator[pa.Table]:
        for number, shard in enumerate(run.shards):
            table = run.read(shard.records, ["doc_id", "record_id", "url", "url_key"])
            yield table.append_column("host", hosts(table.column("url")))
            on_progress("records", number + 1, len(run.shards))

    files = corpus_of(run)
    published = (run.read(output, ["doc_id"]) for output in files)
    with _workshop(folder) as work:
        write_records(tables(), sum(shard.records.rows for shard in run.shards), work, stamp)
        write_corpus(published, sum(output.rows for output in files), work, stamp)
        for path in work.glob("*.arrow"):
            path.replace(folder / path.name)


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder inside another one, for files in the making."""
    with storage.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder, prefix=".tmp-"))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def write_records(tables: Iterable[pa.Table], rows: int, folder: Path, stamp: str) -> None:
    """Make files from tables of doc_id, record_id, url, url_key and host, in the shards' order."""
    sorts = {kind: Sort(folder / kind, rows) for kind in KINDS}
    names, first = _Names(), 0
    for table in tables:
        for kind, keys in _keys_of(table).items():
            sorts[kind].add(keys, first)
        names.add(table.column("host"))
        first += table.num_rows
    for kind, sort in sorts.items():
        _save(folder / f"{kind}.arrow", sort.sorted(), stamp)
    _save(folder / f"{HOSTS}.arrow", names.sorted(), stamp)


def _keys_of(table: pa.Table) -> dict[str, NDArray[np.uint64]]:
    """What each record of a shard is found by."""
    return {
        "url_key": halves(table.column("url_key"))[0],
        "url": string_keys(table.column("url")),
        "host": string_keys(table.column("host")),
        "doc_id": halves(table.column("doc_id"))[0],
        "record_id": string_keys(table.column("record_id")),
    }


def write_corpus(tables: Iterable[pa.Table], rows: int, folder: Path, stamp: str) -> None:
    """Make the file of what was published from tables of doc_id, in the order of `corpus_of`."""
    sort, first = Sort(folder / CORPUS, rows), 0
    for table in tables:
        sort.add(halves(table.column("doc_id"))[0], first)
        first += table.num_rows
    _save(folder / f"{CORPUS}.arrow", sort.sorted(), stamp)


def _save(path: Path, columns: Mapping[str, Any], stamp: str) -> None:
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    lists.save(path, table.replace_schema_metadata({STAMP: _stamp(path.stem, stamp)}))


class Sort:
    """Keys with the number of their record, put in order by ranges of keys, on disk."""

    def __init__(self, folder: Path, rows: int, partition_rows: int = PARTITION_ROWS) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._bits = max(0, (-(-rows // partition_rows) - 1).bit_length())
        self._kind = np.dtype(np.uint32 if rows < 1 << 32 else np.uint64)
        self._files: list[tuple[BinaryIO, BinaryIO]] = []
        for part in range(1 << self._bits):
            pair = (folder / f"{part}.key", folder / f"{part}.at")
            self._files.append((pair[0].open("wb"), pair[1].open("wb")))

    def add(self, keys: NDArray[np.uint64], first: int) -> None:
        """Keys of the records from a number on."""
        at = np.arange(first, first + keys.size, dtype=self._kind)
        if not self._bits:
            self._append(0, keys, at)
            return
        part = (keys >> np.uint64(64 - self._bits)).astype(np.int64)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange((1 << self._bits) + 1))
        for number, (start, end) in enumerate(pairwise(ends.tolist())):
            if start < end:
                self._append(number, keys[order[start:end]], at[order[start:end]])

    def _append(self, part: int, keys: NDArray[np.uint64], at: NDArray[Any]) -> None:
        for stream, column in zip(self._files[part], (keys, at), strict=True):
            stream.write(np.ascontiguousarray(column).data)

    def sorted(self) -> dict[str, NDArray[Any]]:
        """`key`, ascending, and `at`, the numbers of the records: mapped arrays."""
        kinds = {"key": np.dtype(np.uint64), "at": self._kind}
        paths = {name: self.folder / name for name in kinds}
        with paths["key"].open("wb") as keys, paths["at"].open("wb") as numbers:
            for streams in self._files:
                pair = []
                for stream, kind in zip(streams, kinds.values(), strict=True):
                    stream.close()
                    pair.append(np.fromfile(stream.name, kind))
                    Path(stream.name).unlink()
                order = np.argsort(pair[0], kind="stable")
                pair[0][order].tofile(keys)
                pair[1][order].tofile(numbers)
        return {
            name: np.memmap(paths[name], kind, "r")
            if paths[name].stat().st_size
            else np.zeros(0, kind)
            for name, kind in kinds.items()
        }


class _Names:
    """Distinct host names, with how many records each has."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._rows = 0

    def add(self, column: pa.ChunkedArray) -> None:
        counted = pa.table({"host": column.cast(pa.large_string())}).group_by("host")
        made = counted.aggregate([([], "count_all")]).rename_columns(["host", "records"])
        self._parts.append(made)
        self._rows += made.num_rows
        if self._rows > DISTINCT_ROWS and len(self._parts) > 1:
            self._parts = [self._together()]
            self._rows = 0

    def _together(self) -> pa.Table:
        every = pa.concat_tables(self._parts).group_by("host").aggregate([("records", "sum")])
        return every.rename_columns(["host", "records"])

    def sorted(self) -> dict[str, pa.Array]:
        """`reversed` (the name's letters from the last to the first), ascending, and `records`."""
        if not self._parts:
            return {
                "reversed": pa.array([], pa.large_string()),
                "records": pa.array([], pa.int64()),
            }
        every = self._together()
        every = every.filter(pc.is_valid(every.column("host")))
        turned = pc.binary_reverse(every.column("host").cast(pa.large_binary()))
        order = pc.sort_indices(pa.table({"turned": turned}), [("turned", "ascending")])
        return {
            "reversed": turned.take(order).combine_chunks(),
            "records": every.column("records").take(order).combine_chunks(),
        }
