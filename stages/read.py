"""Stage read: WARC and ARC bytes to one row for each response.

fastwarc parses records on the fast path; warcio parses ARC, and what fastwarc refuses. Gzip
members are framed here, because only so a damaged member costs one record: offsets and lengths are
exact, and reading goes on behind the damage.
"""

import base64
import contextlib
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
from fastwarc.warc import ArchiveIterator
from warcio.archiveiterator import ArchiveIterator as WarcioIterator
from warcio.exceptions import ArchiveLoadFailed

from stages.base import MAX_BATCH_BYTES, MAX_BATCH_ROWS
from stages.errors import ShardError

VERSION = 4
CHUNK_BYTES = 1 << 18
GZIP_MAGIC = b"\x1f\x8b\x08"
SNIFF_BYTES = 1 << 20
UNKNOWN = "unknown"
LINE_END = re.compile(rb"\r?\n")
HEAD_END = re.compile(rb"\r?\n\r?\n")
HEAD_MARK = re.compile(rb"WARC/[0-9]\.[0-9]{1,2}\r?\n")
LENGTH = re.compile(rb"[0-9]{1,18}")
LIBRARY_HEAD_BYTES = 1 << 14
"""Past 32 KiB of WARC head fastwarc refuses it, and both libraries take its end for the block."""
AFTER_BYTES = 16
LOST_BYTES = 1 << 13
"""What of the good bytes before damage is lost with it in LZ4 and Zstandard streams."""
BREAK = b"\xff\n"
"""Stands in plain bytes where damage was: no record begins with it or ends in front of it."""
LENGTH_BELIEVED = 1 << 40
"""A record that says it is longer than this lies."""
DAMAGE_STEP = 1 << 9
"""Bytes inflated at a time where what precedes damage is wanted."""
MAX_REWINDS = 20
"""Records of one file that say they are larger than the cap but do not end where they say, after
which reading goes back to find what they hid: each costs another pass over that much."""
MAX_DAMAGE = 10_000
"""Damaged places in one file after which it is given up as unreadable: a file of noise must end."""

Open = Callable[[int], BinaryIO]
"""Opens the shard's bytes at an offset."""
Holds = Callable[[str, str], bool]
"""Whether a record's URL and payload digest are the ones that were promised."""
Begin = Callable[[int], bool]
"""Told the offset of each record before native code parses it; whether it may be parsed."""


def always(offset: int) -> bool:
    """Any record may be parsed."""
    del offset
    return True


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

    def __init__(self, stream: "BinaryIO | _Plain", offset: int, end: float = float("inf")) -> None:
        self.stream, self.offset, self.ahead = stream, offset, bytearray()
        self.end = end
        """Where the stream ends, once that is known."""

    def fill(self) -> bool:
        more = self.stream.read(CHUNK_BYTES)
        self.ahead += more
        if not more:
            self.end = self.offset + len(self.ahead)
        return bool(more)

    def fill_to(self, count: int) -> None:
        """Read on until `count` bytes are ahead, or to the end."""
        while len(self.ahead) < count and self.fill():
            pass

    def drop(self, count: int) -> None:
        count = min(count, len(self.ahead))
        del self.ahead[:count]
        self.offset += count

    def skip(self, padding: bytes) -> bool:
        """Pass by bytes of `padding`; whether anything follows them."""
        while True:
            self.drop(len(self.ahead) - len(self.ahead.lstrip(padding)))
            if self.ahead or not self.fill():
                return bool(self.ahead)


def gzip_members(stream: BinaryIO, offset: int, max_bytes: int) -> Iterator[Member]:
    """Every gzip member from here on.

    A damaged region, or garbage between members, is one member without data.

    `max_bytes` bounds what is kept of a member once inflated; the rest of it is inflated and
    thrown away.
    """
    source = _Buffered(stream, offset)
    while source.skip(b"\0"):
        source.fill_to(len(GZIP_MAGIC))
        start = source.offset
        member = _inflate(source, max_bytes) if source.ahead.startswith(GZIP_MAGIC) else None
        if member is not None:
            yield member
            continue
        _skip_to_member(source)
        yield Member(start, source.offset - start, None)


def _inflate(source: _Buffered, max_bytes: int) -> Member | None:
    """The member at the source's position; None if it is damaged.

    Then the source is unmoved, but for a member of more than `max_bytes` as stored: what was read
    of that is not kept.
    """
    engine = zlib.decompressobj(wbits=31)
    start, parts = source.offset, list[bytes]()
    kept, fed, is_oversize = 0, 0, False
    while not engine.eof:
        if fed > max_bytes:
            source.drop(fed)
            fed = 0
        if fed == len(source.ahead) and not source.fill():
            return None
        tail = bytes(source.ahead[fed:])
        fed = len(source.ahead)
        try:
            while tail and not engine.eof:
                data = engine.decompress(tail, CHUNK_BYTES * 4)
                tail = engine.unconsumed_tail
                if kept < max_bytes:
                    parts.append(data)
                    kept += len(data)
                elif data:
                    is_oversize = True
        except zlib.error:
            return None
    source.drop(fed - len(engine.unused_data))
    data = b"".join(parts)[: max_bytes + 1]
    return Member(start, source.offset - start, data, is_oversize or kept > max_bytes)


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
            head = zlib.decompressobj(wbits=31).decompress(bytes(source.ahead[:4096]), 5)
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
    kind = (_field(record, "WARC-Type") or UNKNOWN).lower()
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
    must decide. Lines end at LF with or without CR, and the first empty one ends the head: what
    follows it is never read as a header. Obsolete folding is joined (RFC 9112 section 5.2).
    """
    end = HEAD_END.search(row.body, 0, SNIFF_BYTES + AFTER_BYTES)
    head, rest = (row.body[: end.start()], row.body[end.end() :]) if end else (row.body, b"")
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
            row.headers[-1] = (name, f"{value} {text.strip()}".strip())
            continue
        name, colon, value = text.partition(":")
        if colon:
            row.headers.append((name.strip().lower(), value.strip()))
    row.body = rest


def _declared_end(data: bytes | bytearray) -> int | None:
    """Where the record at the start of `data` ends by its own Content-Length.

    None if it has no WARC head, or if another record's first line is in that: what is missing
    between the two would be one record with the address of one page and the content of another.
    """
    found = HEAD_END.search(data, 0, SNIFF_BYTES) if data.startswith(b"WARC/") else None
    if found and HEAD_MARK.search(data, 1, found.end()):
        return None
    for line in data[: found.start()].split(b"\n") if found else ():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and LENGTH.fullmatch(value.strip()):
            return found.end() + int(value) if found else None
    return None


def _ends_well(following: bytes | bytearray) -> bool:
    """Whether the bytes after a record end it: two line ends, the next record, or nothing."""
    if following.startswith((b"\r\n\r\n", b"\n\n")):
        return True
    return b"WARC/".startswith(following.lstrip(b"\r\n\0")[:5])


def _in_member(member: Member, begin: Begin = always) -> Iterator[Record]:
    """The records of one gzip member, nearly always one."""
    if member.data is None:
        yield Record(member.offset, member.length, problem="read.damaged")
        return
    data, serial = member.data, 0
    while data:
        end = _declared_end(data)
        is_cut = end is not None and end > len(data) and member.is_oversize
        if end is None or not (is_cut or (end <= len(data) and _ends_well(data[end:]))):
            yield Record(member.offset + serial, member.length, problem="read.damaged")
            return
        at = member.offset + serial
        yield _parsed(data[:end], at, member.length, member.is_oversize, begin)
        data, serial = data[end:].lstrip(b"\r\n\0"), serial + 1


def _parsed(data: bytes, offset: int, length: int, is_oversize: bool, begin: Begin) -> Record:
    """The record that `data` holds: by fastwarc, or by warcio if that refuses it."""
    if not begin(offset):
        return Record(offset, length)
    data = _with_line_ends(data)
    if not HEAD_END.search(data, 0, LIBRARY_HEAD_BYTES):
        row: Record | None = _with_large_head(data, offset, length)
    else:
        try:
            found = next(iter(ArchiveIterator(io.BytesIO(data), parse_http=False)), None)
            row = _from_fastwarc(found, offset, length) if found else None
        except (OSError, ValueError):
            row = None
    if row is None:
        row = _with_warcio(data, offset, length)
    if is_oversize and row.kind == "response":
        row.problem = row.problem or "gate.size"
    return row


def _with_line_ends(data: bytes) -> bytes:
    """The record, every line of its head ended by CR LF as both libraries want it."""
    found = HEAD_END.search(data, 0, SNIFF_BYTES)
    if found is None:
        return data
    head = data[: found.end()]
    if head.endswith(b"\r\n\r\n") and head.count(b"\n") == head.count(b"\r\n"):
        return data
    return LINE_END.sub(b"\r\n", head) + data[found.end() :]


def _with_large_head(data: bytes, offset: int, length: int) -> Record:
    """The record in `data`, whose head is larger than the libraries read."""
    head, _, block = data.partition(b"\r\n\r\n")
    fields: dict[str, str] = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields.setdefault(
            name.strip().lower().decode("latin-1"), value.strip().decode("utf-8", "replace")
        )
    row = Record(offset, length, fields.get("warc-type", UNKNOWN).lower())
    if row.kind == "response":
        row.record_id = fields.get("warc-record-id")
        row.url = _url(fields.get("warc-target-uri"))
        row.date, row.truncated = fields.get("warc-date"), fields.get("warc-truncated")
        row.body = block
        split_http(row)
    return row


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """For calls of warcio: it prints bytes of a page to stderr where a length is wrong.

    And to stdout, which belongs to answers, what zlib says of damage.
    """
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield


def _quietly(iterator: Iterator[Any]) -> Iterator[Any]:
    """The same items, each found quietly."""
    while True:
        with _quiet():
            found = next(iterator, None)
        if found is None:
            return
        yield found


def _with_warcio(data: bytes, offset: int, length: int) -> Record:
    """The record in `data` as warcio reads it, or a damaged one."""
    try:
        for found in _quietly(WarcioIterator(io.BytesIO(data), no_record_parse=True)):
            with _quiet():
                return _from_warcio(found, offset, length)
    except (ArchiveLoadFailed, OSError, ValueError):
        pass
    return Record(offset, length, problem="read.damaged")


def _from_warcio(found: Any, offset: int, length: int, max_bytes: int = -1) -> Record:
    row = Record(offset, length, (found.rec_type or UNKNOWN).lower())
    if row.kind != "response":
        return row
    headers = found.rec_headers
    row.record_id = headers.get_header("WARC-Record-ID")
    row.url = _url(headers.get_header("WARC-Target-URI"))
    row.date = headers.get_header("WARC-Date")
    row.truncated = headers.get_header("WARC-Truncated")
    row.body = found.raw_stream.read(max_bytes)
    split_http(row)
    if found.raw_stream.read(1):
        row.problem = row.problem or "gate.size"
    return row


def _arc(open_at: Open, max_bytes: int) -> Iterator[Record]:
    """ARC files, by warcio.

    An ARC record has no id, and all but the file's own head are responses.
    """
    with open_at(0) as stream:
        iterator = WarcioIterator(stream, no_record_parse=True, arc2warc=True)
        place, serial = -1, 0
        try:
            for found in _quietly(iterator):
                if found.rec_type in ("arc_header", "warcinfo"):
                    continue
                found.rec_type = "response"
                with _quiet():  # the last two read on to the record's end: after the body
                    row = _from_warcio(found, 0, 0, max_bytes)
                    row.record_id = None  # warcio invents one
                    offset, row.length = iterator.get_record_offset(), iterator.get_record_length()
                # Of one gzip member's records all have its place: it is their number that tells.
                place, serial = offset, serial + 1 if offset == place else 0
                row.offset = place + serial
                yield row
        except (ArchiveLoadFailed, OSError, EOFError, zlib.error, ValueError):
            yield Record(stream.tell() if stream.seekable() else -1, 0, problem="read.damaged")


class _Plain:
    """Plain bytes of a stream that may be compressed as a whole.

    It ends where it is damaged, or goes on with the next gzip member that begins a record.
    """

    def __init__(self, stream: BinaryIO, codec: str | None, skip: int) -> None:
        self.is_damaged = False
        self._stream, self._codec = stream, codec
        self._engine, self._ready, self._behind = zlib.decompressobj(wbits=31), b"", b""
        if codec in ("lz4", "zstd"):
            self._other = pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), codec)
        while skip and (skipped := self.read(min(skip, CHUNK_BYTES))):
            skip -= len(skipped)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        if self._codec is None:
            return self._stream.read(size)
        if self._codec != "gzip":
            if self.is_damaged:  # asked again, the codecs give what they had once more
                return b""
            try:
                return bytes(self._other.read(min(size, LOST_BYTES)))
            except (OSError, pa.ArrowException):
                self.is_damaged = True
                return b""
        while not self._ready and self._inflate():
            pass
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def _inflate(self) -> bool:
        """Whether there may be more, after making some ready."""
        if self._engine.eof:  # zlib now has what is left in `unconsumed_tail` as well
            data = self._engine.unused_data.lstrip(b"\0")
            while not data and (more := self._stream.read(CHUNK_BYTES)):
                data = more.lstrip(b"\0")
            if not data:
                return False
            self._engine = zlib.decompressobj(wbits=31)
        else:
            data = self._engine.unconsumed_tail or self._behind or self._stream.read(CHUNK_BYTES)
        self._behind = b""
        try:
            self._ready = self._engine.decompress(data, LOST_BYTES * 4)
        except zlib.error:
            return self._resumed(data)
        self.is_damaged = not data
        return bool(data)

    def _resumed(self, data: bytes) -> bool:
        """Whether a member follows the damage in `data` or behind it, after moving there."""
        source = _Buffered(self._stream, 0)
        source.ahead += data
        _skip_to_member(source)
        self._engine, self._behind = zlib.decompressobj(wbits=31), bytes(source.ahead)
        self.is_damaged = not self._behind
        self._ready = b"" if self.is_damaged else BREAK
        return not self.is_damaged


def _framed(
    open_plain: Callable[[int], _Plain], max_bytes: int, begin: Begin = always
) -> Iterator[Record]:
    """Records of plain bytes, framed by their own lengths; offsets and lengths are of plain bytes.

    A record whose end is not where it says is damaged, and reading goes on at the next line
    that begins a WARC record.
    """
    plain = open_plain(0)
    source, damage, rewinds = _Buffered(plain, 0), 0, 0
    was_damaged = False
    while damage <= MAX_DAMAGE and source.skip(b"\r\n\0"):
        source.fill_to(AFTER_BYTES)
        start = source.offset
        row = _next_record(source, max_bytes, begin)
        was_damaged = row is None
        if row is None:
            damage += 1
            if source.offset > start and rewinds < MAX_REWINDS:
                rewinds += 1
                plain = open_plain(start)
                source = _Buffered(plain, start, source.end)
            _skip_to_head(source)
            row = Record(start, source.offset - start, problem="read.damaged")
        yield row
    if plain.is_damaged and not was_damaged:
        yield Record(source.offset, 0, problem="read.damaged")


def _next_record(source: _Buffered, max_bytes: int, begin: Begin) -> Record | None:
    """The record at the source's position; None if it is damaged.

    Then the source is unmoved, but for a record of more than `max_bytes`.
    """
    end = _declared_end(source.ahead)
    while end is None and len(source.ahead) < SNIFF_BYTES and source.ahead.startswith(b"WARC/"):
        if not source.fill():
            break
        end = _declared_end(source.ahead)
    if end is None or source.offset + end > source.end:
        return None
    start, is_oversize = source.offset, end > max_bytes
    kept = min(end, max_bytes)
    source.fill_to(kept + AFTER_BYTES)
    if len(source.ahead) < kept:
        return None
    data = bytes(source.ahead[:kept])
    while end > len(source.ahead):  # what is not kept of a large record is passed by
        end -= len(source.ahead)
        source.drop(len(source.ahead))
        if not source.fill():
            return None
    source.fill_to(end + AFTER_BYTES)
    after = bytes(source.ahead[end : end + AFTER_BYTES])
    if not _ends_well(after):
        return None
    source.drop(end + len(after[:4]) - len(after[:4].lstrip(b"\r\n")))
    return _parsed(data, start, source.offset - start, is_oversize, begin)


def _skip_to_head(source: _Buffered) -> None:
    """Move on to the next first line of a WARC record, or to the end."""
    source.fill_to(1)
    source.drop(1)
    while not (found := HEAD_MARK.search(source.ahead)):
        source.drop(max(0, len(source.ahead) - AFTER_BYTES))
        if not source.fill():
            source.drop(len(source.ahead))
            return
    source.drop(found.start())


def layout(head: bytes) -> str:
    """How the file is laid out, from its first megabyte.

    Members, whole, plain, lz4, zstd, arc, empty or unknown.
    """
    if not head:
        return "empty"
    data = head
    if head.startswith(GZIP_MAGIC):
        data = _inflated_start(head)
        if data.startswith(b"WARC/"):
            return "whole" if _holds_records(data) else "members"
        if not data:
            return "members"  # the first member is damaged: the framing finds the others
    if data.startswith(b"filedesc:"):
        return "arc"
    magics = {b"WARC/": "plain", b"\x04\x22\x4d\x18": "lz4", b"\x28\xb5\x2f\xfd": "zstd"}
    found = next((kind for magic, kind in magics.items() if head.startswith(magic)), None)
    return found or _layout_behind_damage(head)


def _holds_records(data: bytes) -> bool:
    """Whether more than one record begins in `data`, though the first may lie about its length."""
    end = _declared_end(data)
    if end is not None and data[end:].lstrip(b"\r\n").startswith(b"WARC/"):
        return True
    if len(data) >= SNIFF_BYTES and not HEAD_END.search(data):
        return True  # a head without end: what follows it can only be found record by record
    is_lie = (
        end is None or end > LENGTH_BELIEVED or (end < len(data) and not _ends_well(data[end:]))
    )
    return is_lie and b"\r\n\r\nWARC/" in data


def _inflated_start(head: bytes) -> bytes:
    """What the first gzip member in `head` holds, up to a megabyte or where it is damaged."""
    engine, parts, size = zlib.decompressobj(wbits=31), list[bytes](), 0
    view, at = memoryview(head), 0
    with contextlib.suppress(zlib.error):
        while at < len(head) and size < SNIFF_BYTES and not engine.eof:
            parts.append(engine.decompress(view[at : at + DAMAGE_STEP], SNIFF_BYTES - size))
            size += len(parts[-1])
            at += DAMAGE_STEP
    return b"".join(parts)


def _layout_behind_damage(head: bytes) -> str:
    """The layout of a file whose own first bytes say nothing, by the first record in `head`."""
    marked, source = HEAD_MARK.search(head), _Buffered(io.BytesIO(head), 0)
    _skip_to_member(source)
    if source.ahead and (marked is None or source.offset < marked.start()):
        return "members"
    return "plain" if marked else "unknown"


def records(open_at: Open, name: str, max_bytes: int, begin: Begin = always) -> Iterator[Record]:
    """Every record of the shard in the order of the file.

    Each damaged place is one record with a problem.

    Raises ShardError if the file is empty, or neither WARC nor ARC.
    """
    with open_at(0) as stream:
        kind = layout(stream.read(SNIFF_BYTES))
    if kind == "empty":
        raise ShardError(name, "is empty (0 bytes); fetch it again, then run the command again")
    if kind == "unknown":
        raise ShardError(
            name, "neither a WARC nor an ARC file; check the path, or list files in a .paths file"
        )
    if kind == "members":
        with open_at(0) as stream:
            for member in gzip_members(stream, 0, max_bytes):
                yield from _in_member(member, begin)
    elif kind == "whole":
        yield from _framed(lambda at: _Plain(open_at(0), "gzip", at), max_bytes, begin)
    elif kind == "plain":
        yield from _framed(lambda at: _Plain(open_at(at), None, 0), max_bytes, begin)
    elif kind in ("lz4", "zstd"):
        yield from _framed(lambda at: _Plain(open_at(0), kind, at), max_bytes, begin)
    elif kind == "arc":
        yield from _arc(open_at, max_bytes)


def promised(
    data: bytes, offset: int, length: int, max_bytes: int, holds: Holds, begin: Begin = always
) -> Record:
    """The response that an index promises at an offset, out of its gzip member's bytes.

    `holds` is told URL and payload digest. What lies there instead, if anything, is a record
    without content, `read.not_promised`. A response over the cap cannot be compared: `gate.size`.
    """
    member = next(gzip_members(io.BytesIO(data), offset, max_bytes), None)
    if member is not None and (member.offset, member.length) == (offset, length):
        found = next(_in_member(member, begin), None)
        if found is not None and found.kind == "response" and _keeps(found, holds):
            return found
    return Record(offset, length, problem="read.not_promised")


def _keeps(found: Record, holds: Holds) -> bool:
    """Whether a promise is kept, as far as that can be told of a body that is cut or no HTTP."""
    if found.problem is not None:
        return found.problem != "read.damaged"
    return holds(_clean(found.url) or "", payload_digest(found.body))


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
    is_damaged = record.problem in ("read.damaged", "read.not_promised")
    return {
        "ordinal": ordinal,
        "doc_id": doc_id(snapshot, warc, record.offset),
        "record_id": _clean(record.record_id),
        "raw_url": _clean(record.url),
        "warc": warc,
        "offset": record.offset,
        "length": record.length,
        "date": _clean(record.date),
        "status": record.status,
        "truncated": _clean(record.truncated),
        "headers": [{"name": n, "value": v} for n, v in record.headers],
        "payload_digest": None if is_damaged else payload_digest(record.body),
        "payload_bytes": len(record.body),
        "payload": record.body,
        "problem": record.problem,
    }


def _clean(value: str | None) -> str | None:
    """The value without lone surrogates, which stand for bytes that are not UTF-8."""
    return None if value is None else value.encode("utf-8", "replace").decode()
