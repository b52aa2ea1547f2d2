"""Records of one WARC file, read by range: where they lie, what is read for them, what it cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline import storage
from stages import read, select
from stages.errors import ShardError

GAP_BYTES = 256 << 10
"""A gap that is read rather than asked around: a request costs what 256 kB cost (execution.md)."""
MAX_WASTE = 1.0
"""Bytes of gaps that are read, for each byte that is wanted. Without this bound 1 % of the records
of 2,600 real pages takes 4.5 % of the bytes, by calculation."""
WHOLE_FRACTION = 0.15
"""Of a file's bytes, from which it is read as a whole: few requests would be saved any byte."""
WHOLE_GAP_BYTES = 4 << 20
"""Gaps that are left out even then."""
RANGE_BYTES = 8 << 20
"""A longer range is asked for in parts, cut between records."""
READ_BYTES = 32 << 20
"""What is held at once, but for a record of more."""


@dataclass(slots=True)
class Traffic:
    """Requests and bytes that were asked for."""

    requests: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes [start, end) of a file, with its records [first, last)."""

    start: int
    end: int
    first: int
    last: int


def coalesced(
    offsets: NDArray[np.int64], lengths: NDArray[np.int64], file_bytes: int | None = None
) -> list[Range]:
    """The ranges in which records (ascending, none inside another) are read.

    Small gaps are read with them, the smallest first, as far as `MAX_WASTE` goes; all of a file's
    that are no holes, once `WHOLE_FRACTION` of it is wanted. A file of unknown length is taken to
    end with the last record.
    """
    if not len(offsets):
        return []
    ends = offsets + lengths
    wanted, gaps = int(lengths.sum()), offsets[1:] - ends[:-1]
    is_joined = gaps <= WHOLE_GAP_BYTES
    if wanted < WHOLE_FRACTION * (file_bytes or int(ends[-1])):
        order = np.argsort(gaps, kind="stable")
        allowed = np.cumsum(gaps[order]) <= MAX_WASTE * wanted
        is_joined = np.zeros(len(gaps), np.bool_)
        is_joined[order[allowed]] = True
        is_joined &= gaps <= GAP_BYTES
    found, first = list[Range](), 0
    for at in range(1, len(offsets) + 1):
        is_last = at == len(offsets)
        if is_last or not is_joined[at - 1] or ends[at] - offsets[first] > RANGE_BYTES:
            found.append(Range(int(offsets[first]), int(ends[at - 1]), first, at))
            first = at
    return found


def fetch(uri: str, ranges: Sequence[Range], traffic: Traffic) -> list[bytes]:
    """The bytes of each range, several at once of a remote file.

    ShardError if the file is not there or too short, TransientError if the network fails.
    """
    traffic.requests += len(ranges)
    traffic.bytes += sum(_size(each) for each in ranges)
    starts, ends = [each.start for each in ranges], [each.end for each in ranges]
    return storage.ranges(uri, starts, ends, gap_bytes=-1)  # joined as planned, and no further


def records(
    uri: str,
    selected: pa.Table,
    max_bytes: int,
    traffic: Traffic,
    begin: read.Begin = read.always,
    max_length: int | None = None,
) -> Iterator[read.Record]:
    """The records of one WARC file that are selected, in the order of the file.

    One that is not what the index promises has a problem; of one of more than `max_bytes` the
    beginning is kept, and one that is stored in more than `max_length` (`max_bytes`) is not read.
    """
    offsets, lengths = (selected.column(n).to_numpy() for n in ("offset", "length"))
    promises = selected.column("promise").to_pylist()
    size = _size_of(uri, traffic)
    is_read = (lengths <= (max_length or max_bytes)) & (offsets + lengths <= size)
    small = members(uri, offsets[is_read], lengths[is_read], traffic, size)
    rows = zip(offsets.tolist(), lengths.tolist(), promises, is_read.tolist(), strict=True)
    for offset, length, promise, is_there in rows:
        if is_there:
            yield read.promised(next(small), offset, length, max_bytes, _holds(promise), begin)
        else:
            problem = "gate.size" if offset + length <= size else "read.not_promised"
            yield read.Record(offset, length, problem=problem)


def _size_of(uri: str, traffic: Traffic) -> int:
    """Bytes of a file. ShardError without it."""
    traffic.requests += 1
    known = storage.identity(uri)
    if known == "missing":
        raise ShardError(uri, "no such file; check base_uri, and whether the index is this crawl's")
    return int(known.partition(":")[0])


def members(
    uri: str,
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    traffic: Traffic,
    file_bytes: int | None = None,
) -> Iterator[bytes]:
    """The stored bytes of records (ascending, none inside another), as they lie in the file."""
    return _read(uri, coalesced(offsets, lengths, file_bytes), offsets, lengths, traffic)


def _holds(promise: bytes | None) -> read.Holds:
    def holds(url: str, digest: str) -> bool:
        said = digest.removeprefix("sha1:").encode()
        return promise is None or promise == select.promise(url.encode(), said)

    return holds


def _read(
    uri: str,
    ranges: Sequence[Range],
    offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    traffic: Traffic,
) -> Iterator[bytes]:
    """The bytes of each record, some ranges at a time."""
    at = 0
    while at < len(ranges):
        first, size = at, 0
        while at < len(ranges) and (at == first or size + _size(ranges[at]) <= READ_BYTES):
            size += _size(ranges[at])
            at += 1
        for each, data in zip(ranges[first:at], fetch(uri, ranges[first:at], traffic), strict=True):
            view = memoryview(data)
            for number in range(each.first, each.last):
                start = int(offsets[number]) - each.start
                yield bytes(view[start : start + int(lengths[number])])


def _size(each: Range) -> int:
    return each.end - each.start
