"""Where records lie: sorted keys of URLs, hosts, doc_ids and record ids, on disk and mapped.

A lookup is a binary search and a look at the record itself, whatever the size of the run. Files
hold hashes and numbers of records, and the names of hosts; never an address or a text.
"""

import bisect
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.runs import Run
from audit.sample import halves
from audit.trace import DOC_ID, RECORD_ID, domain_of, host_of, url_key
from pipeline import lists, storage

KINDS = ("url_key", "url", "host", "doc_id", "record_id")
"""What records are found by: the hash of the URL as archived, the stored URL, and so on."""
STAMP = b"weir.stamp"
PARTITION_ROWS: Final = 1 << 23
"""Keys that are sorted together: 0.1 GB, and twice as much while sorting."""
DISTINCT_ROWS: Final = 1 << 22
"""Host names that are gathered before equal ones are put together."""
_PLAIN = r"^[A-Za-z][A-Za-z0-9+.\-]*://(?P<host>[A-Za-z0-9._\-]+)(?::[0-9]*)?(?:[/?#].*)?$"
"""A URL whose host can be read off: others are taken apart one by one."""


class Place(NamedTuple):
    """A record: number of its shard, and its row in the shard's records."""

    shard: int
    row: int


# Keys


def string_keys(column: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """64-bit hash of each string; that of the empty one for a null."""
    from filters import byte_loops  # noqa: PLC0415 - compiles; see filters.compiled

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    column = pc.fill_null(column, "").cast(pa.large_string())
    if not len(column):
        return np.zeros(0, np.uint64)
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    held = np.frombuffer(data or b"", np.uint8)
    return byte_loops.string_keys(held, ends)


def hosts(urls: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Host of each URL as `trace.host_of` gives it; null where there is none."""
    urls = urls.combine_chunks() if isinstance(urls, pa.ChunkedArray) else urls
    plain = pc.struct_field(pc.extract_regex(urls.cast(pa.large_string()), _PLAIN), "host")
    found = pc.utf8_rtrim(pc.ascii_lower(plain), ".")
    if found.null_count:
        odd = np.flatnonzero(pc.is_null(found).to_numpy(zero_copy_only=False))
        values = found.to_pylist()
        for row, url in zip(odd.tolist(), urls.take(pa.array(odd)).to_pylist(), strict=True):
            values[row] = host_of(url or "")
        found = pa.array(values, pa.large_string())
    return pc.if_else(pc.equal(found, ""), None, found)


def host_keys(urls: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    """Key of each URL's host; that of the empty string where there is none."""
    return string_keys(hosts(urls))


def host_key(host: str) -> np.uint64:
    """Key of a host's name."""
    return np.uint64(string_keys(pa.array([host]))[0])


def _keys_of(table: pa.Table) -> dict[str, NDArray[np.uint64]]:
    """What each record of a shard is found by."""
    return {
        "url_key": halves(table.column("url_key"))[0],
        "url": string_keys(table.column("url")),
        "host": string_keys(table.column("host")),
        "doc_id": halves(table.column("doc_id"))[0],
        "record_id": string_keys(table.column("record_id")),
    }


# Making


def is_current(folder: Path, stamp: str) -> bool:
    """Whether the files are there, and made of this state of the run."""
    try:
        notes = [
            lists.mapped(folder / f"{name}.arrow").schema.metadata for name in (*KINDS, "hosts")
        ]
    except (OSError, pa.ArrowException):
        return False
    return all((note or {}).get(STAMP) == stamp.encode() for note in notes)


def write(run: Run, folder: Path, stamp: str, on_progress: Callable[[str, int, int], None]) -> None:
    """Make the files, a shard at a time; memory does not grow with the run but for host names."""
    rows = sum(shard.records.rows for shard in run.shards)

    def tables() -> Iterator[pa.Table]:
        for number, shard in enumerate(run.shards):
            table = run.read(shard.records, ["doc_id", "record_id", "url", "url_key"])
            yield table.append_column("host", hosts(table.column("url")))
            on_progress("records", number + 1, len(run.shards))

    write_tables(tables(), rows, folder, stamp)


def write_tables(tables: Iterator[pa.Table], rows: int, folder: Path, stamp: str) -> None:
    """Make the files from tables of doc_id, record_id, url, url_key and host, in order."""
    with storage.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder, prefix=".tmp-"))
        try:
            sorts = {kind: Sort(work / kind, rows) for kind in KINDS}
            names, first = _Names(), 0
            for table in tables:
                for kind, keys in _keys_of(table).items():
                    sorts[kind].add(keys, first)
                names.add(table.column("host"))
                first += table.num_rows
            for kind, sort in sorts.items():
                _save(folder / f"{kind}.arrow", sort.sorted(), stamp)
            _save(folder / "hosts.arrow", names.sorted(), stamp)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _save(path: Path, columns: Mapping[str, Any], stamp: str) -> None:
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    lists.save(path, table.replace_schema_metadata({STAMP: stamp.encode()}))


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


# Looking up


class Ledger:
    """The records of a run, by what they are found by."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self._tables = {name: lists.mapped(folder / f"{name}.arrow") for name in (*KINDS, "hosts")}
        self._starts = np.cumsum([0, *(shard.records.rows for shard in run.shards)])

    def find(self, what: str) -> list[Place]:
        """Places of the records of a URL, host, domain (`*.example.com`), doc_id or record id.

        In the order of the shards; none for what the run never read. The same as a look at every
        record, but for hosts, whose keys are taken for them.
        """
        what = what.strip().encode(errors="replace").decode()
        if DOC_ID.fullmatch(what):
            return self._equal("doc_id", "doc_id", what.lower())
        if record_id := RECORD_ID.fullmatch(what):
            return self._equal("record_id", "record_id", f"<{record_id[1]}>")
        if "://" in what:
            by_key = self._equal(
                "url_key", "url_key", url_key(what, self.run.settings.gate.url_key)
            )
            shards = {place.shard for place in by_key}
            stored = [one for one in self._equal("url", "url", what) if one.shard not in shards]
            return sorted([*by_key, *stored])
        return self._of_hosts(self.hosts(what))

    def hosts(self, what: str) -> dict[str, int]:
        """Hosts that a name or `*.domain` stands for, with the number of their records."""
        domain = domain_of(what)
        wanted = (domain or what.lower().rstrip(".")).encode()[::-1]
        turned, records = (self._columns("hosts")[name] for name in ("reversed", "records"))

        def before(name: bytes) -> int:
            rows = range(len(turned))
            return bisect.bisect_left(rows, name, key=lambda row: turned[row].as_py())

        rows = [*range(before(wanted), before(wanted + b"\0"))]
        if domain:
            rows += range(before(wanted + b"."), before(wanted + b"/"))  # "/" comes after "."
        return {turned[row].as_py()[::-1].decode(): records[row].as_py() for row in rows}

    def _of_hosts(self, names: Mapping[str, int]) -> list[Place]:
        numbers = [self._numbers("host", host_key(name)) for name in names]
        return self._placed(np.concatenate(numbers)) if numbers else []

    def _equal(self, kind: str, column: str, value: str) -> list[Place]:
        """Records whose column holds the value: those of its key, looked at."""
        key = _key(kind, value)
        by_shard: dict[int, list[int]] = {}
        for place in self._placed(self._numbers(kind, key)):
            by_shard.setdefault(place.shard, []).append(place.row)
        found = []
        for shard, rows in by_shard.items():
            values = self.run.take(self.run.shards[shard].records, rows, [column]).column(column)
            found += [
                Place(shard, rows[at]) for at, one in enumerate(values.to_pylist()) if one == value
            ]
        return found

    def _columns(self, name: str) -> Mapping[str, pa.Array]:
        table = self._tables[name]
        return {column: table.column(column).chunk(0) for column in table.column_names}

    def _numbers(self, kind: str, key: np.uint64) -> NDArray[Any]:
        """Numbers of the records of a key."""
        columns = self._columns(kind)
        keys = columns["key"].to_numpy()
        start, end = (np.searchsorted(keys, key, side) for side in ("left", "right"))
        found: NDArray[Any] = columns["at"].to_numpy()[start:end]
        return found

    def _placed(self, numbers: NDArray[Any]) -> list[Place]:
        numbers = np.sort(numbers).astype(np.int64)
        shards = np.searchsorted(self._starts, numbers, side="right") - 1
        rows = numbers - self._starts[shards]
        return [Place(*pair) for pair in zip(shards.tolist(), rows.tolist(), strict=True)]


def _key(kind: str, value: str) -> np.uint64:
    if kind in ("doc_id", "url_key"):
        return np.uint64(int(value[:16], 16))
    return np.uint64(string_keys(pa.array([value]))[0])
