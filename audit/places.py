"""Where records lie: sorted keys of URLs, hosts, doc_ids and record ids, on disk and mapped.

A lookup is a binary search and a look at the record itself, whatever the size of the run. Files
hold hashes and numbers of records, and the names of hosts; never an address or a text.
"""

import bisect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.runs import Run
from audit.trace import DOC_ID, RECORD_ID, domain_of, host_of, url_key
from pipeline import lists
from pipeline.manifest import Output

KINDS = ("url_key", "url", "host", "doc_id", "record_id")
"""What records are found by: the hash of the URL as archived, the stored URL, and so on."""
CORPUS, HOSTS = "corpus", "hosts"
FILES = (*KINDS, CORPUS, HOSTS)
STAMP = b"weir.stamp"
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


class Ledger:
    """The records of a run, by what they are found by."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run = run
        self._tables = {name: lists.mapped(folder / f"{name}.arrow") for name in FILES}
        self._starts = np.cumsum([0, *(shard.records.rows for shard in run.shards)])
        self._corpus = corpus_of(run)
        self._corpus_starts = np.cumsum([0, *(output.rows for output in self._corpus)])

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

    def corpus_files(self, doc_ids: Iterable[str]) -> dict[str, str]:
        """Corpus file of each of some documents that were published."""
        found: dict[str, str] = {}
        for doc_id in doc_ids:
            numbers = self._numbers(CORPUS, _key("doc_id", doc_id))
            for file, row in _split(numbers, self._corpus_starts):
                here = self.run.take(self._corpus[file], [row], ["doc_id"]).column("doc_id")
                if here[0].as_py() == doc_id:
                    found[doc_id] = self._corpus[file].path
        return found

    def _placed(self, numbers: NDArray[Any]) -> list[Place]:
        return [Place(*pair) for pair in _split(numbers, self._starts)]


def corpus_of(run: Run) -> list[Output]:
    """Corpus files in a fixed order."""
    return [output for _, outputs in sorted(run.corpus().items()) for output in outputs]


def _split(numbers: NDArray[Any], starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """File and row in it of each number, ascending."""
    numbers = np.sort(numbers).astype(np.int64)
    files = np.searchsorted(starts, numbers, side="right") - 1
    return list(zip(files.tolist(), (numbers - starts[files]).tolist(), strict=True))


def _key(kind: str, value: str) -> np.uint64:
    if kind in ("doc_id", "url_key"):
        return np.uint64(int(value[:16], 16))
    return np.uint64(string_keys(pa.array([value]))[0])
