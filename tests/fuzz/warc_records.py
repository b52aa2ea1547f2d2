"""Target `warc`: whatever the bytes of an archive, reading ends in rows, and in the same rows.

The first byte chooses how records are packed, the second and third where the packed bytes are
damaged; the rest is plain WARC or ARC.
"""

import contextlib
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from samples.archive import member
from stages import read
from stages.errors import ShardError
from tests.data.archives import opener

MAX_BYTES = 900
PROBLEMS = (None, "read.damaged", "read.malformed_http", "gate.size")
PACKINGS = ("plain", "members", "whole", "lz4", "zstd")
ONE_IN = 8
"""Inputs of which one is read again and made a table of: that takes half the time."""
SANE_HEAD = re.compile(
    rb"WARC/1\.[01]\r\n(?:[A-Za-z][A-Za-z-]*: [!-~](?:[ -~]*[!-~])?\r\n)+\r\n", re.ASCII
)


def pack(plain: bytes, packing: str) -> bytes:
    """The bytes as an archive of this kind; members begin where a line begins a record."""
    if packing == "members":
        starts = [found.start() for found in read.HEAD_MARK.finditer(plain)]
        cuts = sorted({0, *starts, len(plain)})
        return b"".join(member(plain[a:b], 1) for a, b in itertools.pairwise(cuts))
    if packing == "whole":
        return gzip.compress(plain, 1, mtime=0)
    if packing == "plain":
        return plain
    packed: bytes = pa.compress(plain, codec=packing, asbytes=True)
    return packed


def rows(data: bytes) -> list[read.Record] | None:
    """Every record, or None for what is refused as a whole."""
    try:
        return list(read.records(opener(data), "fuzz.warc.gz", MAX_BYTES))
    except ShardError:
        return None


def hold(found: Sequence[read.Record], size: int) -> None:
    """What holds of the rows of any bytes."""
    assert len(found) <= size + 2
    for row in found:
        assert row.problem in PROBLEMS
        assert len(row.body) <= MAX_BYTES
        assert row.kind
        assert row.kind != "response" or row.problem or row.status is not None
    places = [row.offset for row in found if row.problem != "read.damaged"]
    assert len(set(places)) == len(places), "two records share a place"


def tabled(found: Sequence[read.Record]) -> None:
    """Each record is one row of a table, or counted."""
    others: dict[str, int] = {}
    batches = list(read.batches(iter(found), "S", "fuzz.warc.gz", others))
    assert sum(batch.num_rows for batch in batches) + sum(others.values()) == len(found)


def told(found: Sequence[read.Record]) -> list[read.Record]:
    """The rows without their places, which differ from packing to packing."""
    return [replace(row, offset=0, length=0) for row in found]


def libraries_agree(plain: bytes, found: Sequence[read.Record]) -> None:
    """The other library gives what we have of records whose heads nobody can misread."""
    for row in found:
        data = plain[row.offset : row.offset + row.length]
        head = SANE_HEAD.match(data)
        if row.kind != "response" or row.problem or head is None:
            continue
        names = [line.partition(b":")[0].lower() for line in head.group().split(b"\r\n")[1:-2]]
        if len(set(names)) < len(names):
            continue
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # it prints bytes of records
                theirs = next(iter(ArchiveIterator(io.BytesIO(data), no_record_parse=True)))
        except (ArchiveLoadFailed, OSError, ValueError, StopIteration):
            continue
        twin = read.Record(0, 0, body=theirs.raw_stream.read())
        read.split_http(twin)
        assert (theirs.rec_type or "").lower() == row.kind
        assert theirs.rec_headers.get_header("WARC-Record-ID") == row.record_id
        assert theirs.rec_headers.get_header("WARC-Date") == row.date
        assert (twin.headers, twin.status, twin.body) == (row.headers, row.status, row.body)


def check(data: bytes) -> None:
    """Rows hold, reading twice gives them again, and undamaged ones do not depend on packing."""
    kind, at, bits = (*data[:3], 0, 0, 0)[:3]
    plain = data[3:]
    packing = PACKINGS[kind % len(PACKINGS)]
    packed = bytearray(pack(plain, packing))
    if bits and packed:
        packed[at * len(packed) // 256] ^= bits
    found = rows(bytes(packed))
    if found is None:
        return
    hold(found, len(packed))
    if zlib.crc32(data) % ONE_IN == 0:
        tabled(found)
        assert rows(bytes(packed)) == found
    is_whole = not any(row.problem in ("read.damaged", "gate.size") for row in found)
    if is_whole and not bits and len(plain) <= MAX_BYTES and plain.startswith(b"WARC/"):
        if packing == "plain":
            libraries_agree(plain, found)
        else:
            assert told(rows(plain) or []) == told(found), packing
