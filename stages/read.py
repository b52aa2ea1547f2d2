"""Stage read: WARC and ARC bytes to one row for each response.

fastwarc parses records on the fast path; warcio parses ARC, and what fastwarc refuses. Gzip
members are framed here, because only so a damaged member costs one record: offsets and lengths are
exact, and reading goes on behind the damage.
"""

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.exceptions import ArchiveLoadFailed

from stages.base import MAX_BATCH_BYTES, MAX_BATCH_ROWS
from stages.errors import ShardError

VERSION = 1
CHUNK_BYTES = 1 << 18
GZIP_MAGIC = b"\x1f\x8b\x08"
SNIFF_BYTES = 1 << 20
MAX_DAMAGE = 10_000
"""Damaged places in one file after which it is given up as unreadable: a file of noise must end."""

Open = Callable[[int], BinaryIO]
"""Opens the shard's bytes at an offset."""


@dataclass(slots=True)
class Record:
    """One archived record; `problem` is the reason for which its body cannot be used."""

    offset: int
    length: int
    kind: str = "response"
    record_id: str | None = None
    url: str = ""
    date: str | None = None
    truncated: str | None = None
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One gzip member: where it lies, and its bytes; `data` is None where it is damaged."""

    offset: int
    length: int
    data: bytes | None
    is_oversize: bool = False


class _Buffered:
    """A stream with its absolute position and what was read ahead of it."""

    def __init__(self, stream: BinaryIO, offset: int) -> None:
        self.stream, self.offset, self.ahead = stream, offset, b""

    def fill(self) -> bool:
        more = self.stream.read(CHUNK_BYTES)
        self.ahead += more
        return bool(more)

    def drop(self, count: int) -> None:
        self.ahead = self.ahead[count:]
        self.offset += count


def gzip_members(stream: BinaryIO, offset: int, max_bytes: int) -> Iterator[Member]:
    """Every gzip member from here on.

    A damaged region, or garbage between members, is one member without data.

    `max_bytes` bounds what is kept of a member once inflated; the rest of it is inflated and
    thrown away.
    """
    source = _Buffered(stream, offset)
    while True:
        if len(source.ahead) < len(GZIP_MAGIC) and not source.fill() and not source.ahead:
            return
        if not source.ahead.strip(b"\0") and not source.fill():
            return  # padding at the end of a file
        member = _inflate(source, max_bytes) if source.ahead.startswith(GZIP_MAGIC) else None
        if member is not None:
            yield member
            continue
        start = source.offset
        _skip_to_member(source)
        yield Member(start, source.offset - start, None)


def _inflate(source: _Buffered, max_bytes: int) -> Member | None:
    """The member at the source's position; None, with the source unmoved, if it is damaged."""
    engine = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    kept, fed, is_oversize = 0, 0, False
    while not engine.eof:
        if fed == len(source.ahead) and not source.fill():
            return None
        try:
            data = engine.decompress(source.ahead[fed:], CHUNK_BYTES * 4)
            while True:
                if kept < max_bytes:
                    parts.append(data)
                    kept += len(data)
                elif data:
                    is_oversize = True
                if engine.eof or not engine.unconsumed_tail:
                    break
                data = engine.decompress(engine.unconsumed_tail, CHUNK_BYTES * 4)
        except zlib.error:
            return None
        fed = len(source.ahead)
    used = fed - len(engine.unused_data)
    member = Member(
        source.offset, used, b"".join(parts)[: max_bytes + 1], is_oversize or kept > max_bytes
    )
    source.drop(used)
    return member


def _skip_to_member(source: _Buffered) -> None:
    """Move on to where the next gzip member of a WARC record begins, or to the end."""
    source.drop(1)
    while True:
        at = source.ahead.find(GZIP_MAGIC)
        if at < 0:
            source.drop(max(0, len(source.ahead) - len(GZIP_MAGIC)))
            if not source.fill():
                source.drop(len(source.ahead))
                return
            continue
        source.drop(at)
        while len(source.ahead) < 4096 and source.fill():
            pass
        try:
            head = zlib.decompressobj(wbits=31).decompress(source.ahead[:4096], 5)
        except zlib.error:
            head = b""
        if head == b"WARC/":
            return
        source.drop(1)


def _field(record: Any, name: str) -> str | None:
    value = record.headers.get(name)
    return value.strip() if value is not None else None


def _url(value: str | None) -> str:
    value = (value or "").strip()
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def _from_fastwarc(record: Any, offset: int, length: int) -> Record:
    """A fastwarc record as ours; its body is read here."""
    kind = (_field(record, "WARC-Type") or "unknown").lower()
    row = Record(offset, length, kind)
    if kind != "response":
        return row
    row.record_id = _field(record, "WARC-Record-ID")
    row.url = _url(_field(record, "WARC-Target-URI"))
    row.date = _field(record, "WARC-Date")
    row.truncated = _field(record, "WARC-Truncated")
    row.body = record.reader.read()
    split_http(row)
    return row


def split_http(row: Record) -> None:
    """Move the status line and headers at the start of the row's body into their fields.

    Both libraries' own HTTP parsers are passed by: they differ on malformed heads, and one parser
    must decide. Lines end at LF with or without CR; obsolete folding is joined (RFC 9112 section
    5.2).
    """
    head, separator, rest = row.body.partition(b"\r\n\r\n")
    if not separator or b"\n\n" in head:
        head, separator, rest = row.body.partition(b"\n\n")
    lines = head.split(b"\n")
    first = lines[0].strip().split(None, 2)
    if (
        len(first) < 2
        or not first[0].upper().startswith(b"HTTP/")
        or not first[1][:3].isdigit()
        or len(head) > SNIFF_BYTES
    ):
        row.problem = "read.malformed_http"
        return
    row.status = int(first[1][:3])
    for line in lines[1:]:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if text[:1] in (" ", "\t") and row.headers:
            name, value = row.headers[-1]
            row.headers[-1] = (name, f"{value} {text.strip()}")
            continue
        name, colon, value = text.partition(":")
        if colon:
            row.headers.append((name.strip().lower(), value.strip()))
    row.body = rest


def _declared_end(data: bytes) -> int | None:
    """Where the record at the start of `data` ends by its own Content-Length.

    None if it has no WARC head.
    """
    if not data.startswith(b"WARC/"):
        return None
    separator = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    head, found, _ = data.partition(separator)
    for line in head.split(b"\n") if found else ():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return len(head) + len(separator) + int(value)
    return None


def _in_member(member: Member) -> Iterator[Record]:
    """The records of one gzip member, nearly always one."""
    if member.data is None:
        yield Record(member.offset, member.length, problem="read.damaged")
        return
    data, serial = member.data, 0
    while data:
        end = _declared_end(data)
        if end is None or (end > len(data) and not member.is_oversize):
            yield Record(member.offset + serial, member.length, problem="read.damaged")
            return
        try:
            found = next(iter(ArchiveIterator(io.BytesIO(data[:end]), parse_http=False)), None)
            row = _from_fastwarc(found, member.offset + serial, member.length) if found else None
        except (OSError, ValueError):
            row = None
        if row is None:
            row = _with_warcio(data[:end], member.offset + serial, member.length)
        if member.is_oversize and row.kind == "response":
            row.problem = row.problem or "gate.size"
        yield row
        data, serial = data[end:].lstrip(b"\r\n"), serial + 1
        if not data.startswith(b"WARC/"):
            return


def _with_warcio(data: bytes, offset: int, length: int) -> Record:
    """The record in `data` as warcio reads it, or a damaged one."""
    try:
        for found in WarcioIterator(io.BytesIO(data), no_record_parse=True):
            return _from_warcio(found, offset, length)
    except (ArchiveLoadFailed, OSError, ValueError):
        pass
    return Record(offset, length, problem="read.damaged")


def _from_warcio(found: Any, offset: int, length: int) -> Record:
    row = Record(offset, length, found.rec_type)
    if found.rec_type != "response":
        return row
    headers = found.rec_headers
    row.record_id = headers.get_header("WARC-Record-ID")
    row.url = _url(headers.get_header("WARC-Target-URI"))
    row.date = headers.get_header("WARC-Date")
    row.truncated = headers.get_header("WARC-Truncated")
    row.body = found.raw_stream.read()
    split_http(row)
    return row


def _arc(open_at: Open) -> Iterator[Record]:
    """ARC files, by warcio.

    An ARC record has no id, and all but the file's own head are responses.
    """
    with open_at(0) as stream:
        iterator = WarcioIterator(stream, no_record_parse=True, arc2warc=True)
        try:
            for found in iterator:
                if found.rec_type in ("arc_header", "warcinfo"):
                    continue
                found.rec_type = "response"
                row = _from_warcio(found, 0, 0)
                row.record_id = None  # warcio invents one
                # both calls read on to the record's end, so they come after the body
                row.offset, row.length = iterator.get_record_offset(), iterator.get_record_length()
                yield row
        except (ArchiveLoadFailed, OSError, EOFError, zlib.error, ValueError):
            yield Record(stream.tell() if stream.seekable() else -1, 0, problem="read.damaged")


def _streamed(open_at: Open, start: int) -> Iterator[Record]:
    """Records of a stream that is not framed by gzip members.

    Plain, or compressed in a way of its own.

    After damage, reading goes on at the next line that begins a WARC record.
    """
    damage, previous = 0, -1
    while damage <= MAX_DAMAGE:
        stream = open_at(start)
        try:
            for found in ArchiveIterator(
                stream, parse_http=False, record_types=WarcRecordType.any_type
            ):
                offset = max(start + found.stream_pos, previous + 1)
                previous = offset
                yield _from_fastwarc(found, offset, found.content_length)
        except (OSError, EOFError, zlib.error, ValueError):
            damage += 1
            yield Record(previous + 1, 0, problem="read.damaged")
            stream.close()
            following = _next_head(open_at, max(previous + 1, start + 1))
            if following is None:
                return
            start, previous = following, following - 1
        else:
            return
        finally:
            stream.close()


def _next_head(open_at: Open, start: int) -> int | None:
    """Offset of the next line at or after `start` that begins with `WARC/1.`."""
    mark = b"\nWARC/1."
    try:
        with open_at(start) as stream:
            seen, at = b"", start
            while chunk := stream.read(CHUNK_BYTES):
                seen += chunk
                found = seen.find(mark)
                if found >= 0:
                    return at + found + 1
                at += max(0, len(seen) - len(mark))
                seen = seen[-len(mark) :]
    except (OSError, EOFError, zlib.error):
        return None
    return None


class _Inflated(io.RawIOBase):
    """A gzip stream of one member as plain bytes, opened at an offset of the plain bytes."""

    def __init__(self, stream: BinaryIO, skip: int) -> None:
        self._stream, self._engine, self._ready = stream, zlib.decompressobj(wbits=31), b""
        while skip:
            skipped = len(self._next(min(skip, CHUNK_BYTES)))
            if not skipped:
                break
            skip -= skipped

    def readable(self) -> bool:
        return True

    def _next(self, size: int) -> bytes:
        while not self._ready:
            data = self._engine.unconsumed_tail or self._stream.read(CHUNK_BYTES)
            if self._engine.eof:
                data = self._engine.unused_data + data
                self._engine = zlib.decompressobj(wbits=31)
            if not data:
                break
            self._ready = self._engine.decompress(data, CHUNK_BYTES * 4)
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def readinto(self, buffer: Any) -> int:
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def layout(head: bytes) -> str:
    """How the file is laid out, from its first megabyte.

    Members, whole, stream, arc, empty or unknown.
    """
    if not head:
        return "empty"
    data = head
    if head.startswith(GZIP_MAGIC):
        engine = zlib.decompressobj(wbits=31)
        try:
            data = engine.decompress(head, SNIFF_BYTES)
        except zlib.error:
            return "members"  # the first member is damaged: the framing finds the others
        if data.startswith(b"WARC/"):
            end = _declared_end(data)
            return "whole" if end is not None and end + 4 < len(data) else "members"
    if data.startswith(b"filedesc:"):
        return "arc"
    if head.startswith((b"WARC/", b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd")):
        return "stream"  # plain, LZ4 and Zstandard: fastwarc tells them apart
    return "unknown"


def records(open_at: Open, name: str, max_bytes: int) -> Iterator[Record]:
    """Every record of the shard in the order of the file.

    Each damaged place is one record with a problem.

    Raises ShardError if the file is neither WARC nor ARC.
    """
    with open_at(0) as stream:
        kind = layout(stream.read(SNIFF_BYTES))
    if kind == "unknown":
        raise ShardError(
            name, "neither a WARC nor an ARC file; check the path, or list files in a .paths file"
        )
    if kind == "members":
        with open_at(0) as stream:
            for member in gzip_members(stream, 0, max_bytes):
                yield from _in_member(member)
    elif kind == "whole":
        yield from _streamed(lambda at: io.BufferedReader(_Inflated(open_at(0), at)), 0)
    elif kind == "stream":
        yield from _streamed(open_at, 0)
    elif kind == "arc":
        yield from _arc(open_at)


READ_SCHEMA = pa.schema(
    [
        ("ordinal", pa.int32()),
        ("doc_id", pa.string()),
        ("record_id", pa.string()),
        ("raw_url", pa.large_string()),
        ("warc", pa.string()),
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("date", pa.string()),
        ("status", pa.int16()),
        ("truncated", pa.string()),
        ("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))),
        ("payload_digest", pa.string()),
        ("payload_bytes", pa.int64()),
        ("payload", pa.large_binary()),
        ("problem", pa.string()),
    ]
)


def doc_id(snapshot: str, warc: str, offset: int) -> str:
    """32 hex digits that identify a record by where it lies.

    Blake2b-128 of snapshot, file name and offset.
    """
    name = warc.rsplit("/", 1)[-1]
    return hashlib.blake2b(f"{snapshot}\n{name}\n{offset}".encode(), digest_size=16).hexdigest()


def payload_digest(body: bytes) -> str:
    """`sha1:` and base32, as in WARC-Payload-Digest and in Common Crawl's index."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def batches(
    found: Iterator[Record],
    snapshot: str,
    warc: str,
    others: dict[str, int],
    limit: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of `READ_SCHEMA`, one a response.

    `others` is filled with the count of each other record type.
    """
    rows: list[dict[str, object]] = []
    size, ordinal = 0, 0
    for record in found:
        if record.kind != "response":
            others[record.kind] = others.get(record.kind, 0) + 1
            continue
        if limit is not None and ordinal >= limit:
            break
        rows.append(_row(record, ordinal, snapshot, warc))
        ordinal += 1
        size += len(record.body)
        if len(rows) >= MAX_BATCH_ROWS or size >= MAX_BATCH_BYTES:
            yield pa.RecordBatch.from_pylist(rows, schema=READ_SCHEMA)
            rows, size = [], 0
    yield pa.RecordBatch.from_pylist(rows, schema=READ_SCHEMA)


def _row(record: Record, ordinal: int, snapshot: str, warc: str) -> dict[str, object]:
    is_damaged = record.problem == "read.damaged"
    return {
        "ordinal": ordinal,
        "doc_id": doc_id(snapshot, warc, record.offset),
        "record_id": record.record_id,
        "raw_url": record.url.encode("utf-8", "replace").decode(),
        "warc": warc,
        "offset": record.offset,
        "length": record.length,
        "date": record.date,
        "status": record.status,
        "truncated": record.truncated,
        "headers": [{"name": n, "value": v} for n, v in record.headers],
        "payload_digest": None if is_damaged else payload_digest(record.body),
        "payload_bytes": len(record.body),
        "payload": record.body,
        "problem": record.problem,
    }
