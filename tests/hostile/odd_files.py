"""Generators of odd input files: what somebody may name as an archive, and what may be in one.

Each gives a file's bytes from some good response records, and says which of them must be found.
"""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from samples.archive import member, record
from tests.data.archives import arc, response
from tests.hostile.makers import NOISE, PARAGRAPH, page

Records = Sequence[bytes]
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
DATE = b"WARC-Date: 2026-01-12T00:00:00Z\r\n"
DATES = (
    *("0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "2026-13-45T25:61:61Z", "99999-01-01", "-1"),
    *("", "x" * 5000, "1e400", "2026-01-12", "20260112000000", "2026-01-12T00:00:00+99:99", "nan"),
    *("\u0662\u0660\u0662\u0666-01-12T00:00:00Z", "2026-01-12T00:00:00." + "9" * 400 + "Z", "\x00"),
)
TARGETS = (
    *(
        "urn:uuid:1",
        "dns:site.example",
        "file:///etc/passwd",
        "https://",
        "https:///",
        "<>",
        "http:",
    ),
    *("https://site.example/" + "y" * 1_000_000, "https://site.example/a b", "whois:", "://"),
    *(
        "https://site.example/\x0b\x1b[2J",
        "ftp://site.example/x",
        "https://site.example:0/",
        "a\x00b",
    ),
    *(
        "data:text/html,<p>x",
        "metadata://gnu.org/software/wget/warc/MANIFEST.txt",
        "https://..",
        "?",
    ),
)
IDS = ("", "<>", "x" * 100_000, "\x1b[2J", "\x00", "'; drop table records", "../../x", "=1+1")
LENGTHS = (10**15, 2**63 - 1, 2**63, 2**64 - 1, 10**17, 10**19)


@dataclass(frozen=True, slots=True)
class Odd:
    """A file's bytes, and the good records among them that must be found."""

    data: bytes
    due: tuple[bytes, ...] = ()


Make = Callable[[Records, random.Random], Odd]


def _members(records: Records) -> bytes:
    return b"".join(member(one, 1) for one in records)


def _plain(data: bytes) -> Make:
    return lambda _records, _draw: Odd(data)


def _among(*others: bytes) -> Make:
    """The good records with others between them, each a member of its own."""

    def make(records: Records, draw: random.Random) -> Odd:
        mixed = [*records]
        for other in others:
            mixed.insert(draw.randrange(len(mixed) + 1), other)
        return Odd(_members(mixed), tuple(records))

    return make


def _between(padding: bytes) -> Make:
    """Members with bytes between them that are no member."""

    def make(records: Records, _draw: random.Random) -> Odd:
        return Odd(padding.join(member(one, 1) for one in records), tuple(records))

    return make


def _whole(pack: Callable[[bytes], bytes], is_read: bool = False) -> Make:
    """All records in one piece of some other form."""

    def make(records: Records, _draw: random.Random) -> Odd:
        return Odd(pack(b"".join(records)), tuple(records) if is_read else ())

    return make


def _cut(pack: Callable[[Records], bytes]) -> Make:
    """A file that ends somewhere: what was before is found, but for what a codec had in hand."""

    def make(records: Records, draw: random.Random) -> Odd:
        data = pack(records)
        return Odd(data[: draw.randrange(1, len(data))])

    return make


def _said(head: bytes, block: bytes = HTTP + page("")) -> bytes:
    """A response record with some more lines in its head; it has no id and no address by itself."""
    length = b"" if b"content-length:" in head.lower() else b"Content-Length: %d\r\n" % len(block)
    return b"WARC/1.0\r\nWARC-Type: response\r\n" + head + length + b"\r\n" + block + b"\r\n\r\n"


def _at(name: str, more: bytes = b"") -> bytes:
    return b"WARC-Target-URI: https://odd.example/%s\r\n" % name.encode() + DATE + more


def _version(version: bytes, is_read: bool) -> Make:
    def make(records: Records, _draw: random.Random) -> Odd:
        changed = [version + one.removeprefix(b"WARC/1.0") for one in records]
        return Odd(_members(changed), tuple(records) if is_read else ())

    return make


def _kind(kind: str, n: int = 0) -> bytes:
    fields = [("WARC-Record-ID", f"<urn:odd:{kind}:{n}>"), ("WARC-Date", "2026-01-12T00:00:00Z")]
    fields.append(("WARC-Target-URI", f"https://odd.example/{kind}"))
    return record(kind, fields, HTTP + page(""))


def _huge_length(records: Records, draw: random.Random) -> Odd:
    """Records that say they go on for ever, between good ones."""
    lies = [
        _said(_at(f"length-{n}", b"Content-Length: %d\r\n" % length))
        for n, length in enumerate(LENGTHS)
    ]
    return _among(*lies)(records, draw)


def _twins(records: Records, _draw: random.Random) -> Odd:
    """The same record thrice, then another one with its id."""
    twin = response("twin", page("<p>first</p>"))
    other = twin.replace(b"<p>first</p>", b"<p>other</p>")
    return Odd(_members([twin, twin, *records, twin, other, other]), tuple(records))


def _bad_crc(records: Records, _draw: random.Random) -> Odd:
    """A member whose checksum and one whose length is wrong, among good ones."""
    packed = [member(one, 1) for one in records]
    hurt = bytearray(member(response("crc", page("")), 1))
    hurt[-8] ^= 1
    size = bytearray(member(response("size", page("")), 1))
    size[-1] ^= 1
    return Odd(b"".join([packed[0], hurt, size, *packed[1:]]), tuple(records))


def _gzip_fields(records: Records, _draw: random.Random) -> Odd:
    """Members with a name, a comment, extra fields and a checksum of the head."""
    made = []
    for one in records:
        raw = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = raw.compress(one) + raw.flush()
        head = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff" + b"\x08\0sl\x04\0\x01\x02\x03\x04"
        head += b"name\0" + b"comment\0"
        head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
        tail = zlib.crc32(one).to_bytes(4, "little") + len(one).to_bytes(4, "little")
        made.append(head + body + tail)
    return Odd(b"".join(made), tuple(records))


def _two_in_member(records: Records, _draw: random.Random) -> Odd:
    """Members that hold two records each."""
    pairs = [b"".join(records[n : n + 2]) for n in range(0, len(records), 2)]
    return Odd(_members(pairs))


def _wet(records: Records, _draw: random.Random) -> Odd:
    text = PARAGRAPH.encode()
    made = [record("conversion", [("WARC-Record-ID", f"<urn:wet:{n}>")], text) for n in range(5)]
    del records
    return Odd(_members(made))


def _zip(data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.warc", data)
        archive.writestr("datapackage.json", "{}")
    return made.getvalue()


def _tar(data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("a.warc")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _parquet(data: bytes) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table({"url": ["https://odd.example/"], "body": [data]}), made)
    return made.getvalue()


def _codec(name: str) -> Callable[[Records], bytes]:
    return lambda records: bytes(pa.compress(b"".join(records), codec=name, asbytes=True))


def _frames(name: str) -> Make:
    """Frames of a codec, one a record, and one that is skipped."""

    def make(records: Records, _draw: random.Random) -> Odd:
        skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
        framed = [bytes(pa.compress(one, codec=name, asbytes=True)) for one in records]
        return Odd(b"".join([framed[0], skipped, *framed[1:]]))

    return make


FILES: Mapping[str, Make] = {
    "empty.warc.gz": _plain(b""),
    "one-byte.warc.gz": _plain(b"W"),
    "magic.warc.gz": _plain(b"\x1f\x8b"),
    "magic-more.warc.gz": _plain(b"\x1f\x8b\x08"),
    "magic-many.warc.gz": _plain(b"\x1f\x8b\x08" * 20_000),
    "zeros.warc.gz": _plain(bytes(1 << 20)),
    "lines.warc": _plain(b"\r\n" * 100_000),
    "noise.warc.gz": _plain(NOISE),
    "prose.warc.gz": _plain(PARAGRAPH.encode() * 50),
    "page.warc": _plain(page("")),
    "marks.warc": _plain(b"WARC/1.0\r\n\r\n" * 20_000),
    "mark.warc": _plain(b"WARC/1.0"),
    "head-without-end.warc": _plain(b"WARC/1.0\r\n" + b"X: y\r\n" * 300_000),
    "utf-16.warc": _whole(lambda data: data.decode("latin-1").encode("utf-16")),
    "bom.warc": _whole(lambda data: b"\xef\xbb\xbf" + data),
    "zip.warc.gz": _whole(_zip),
    "package.wacz": _whole(_zip),
    "tar.warc.gz": _whole(_tar),
    "parquet.warc.gz": _whole(_parquet),
    "bz2.warc.gz": _whole(bz2.compress),
    "xz.warc.gz": _whole(lzma.compress),
    "gzip-twice.warc.gz": _whole(lambda data: gzip.compress(gzip.compress(data))),
    "bomb.warc.gz": _plain(gzip.compress(bytes(300 << 20), 9)),
    "bomb-of-members.warc.gz": _plain(gzip.compress(b"WARC/1.0\r\n" + bytes(30 << 20), 9) * 4),
    "bomb-in-head.warc.gz": _plain(gzip.compress(b"WARC/1.0\r\nX: " + b"y" * (60 << 20), 9)),
    "plain-called.warc.gz": _whole(bytes, is_read=True),
    "members-called.warc": _between(b""),
    "members-called.txt.warc.zst": _between(b""),
    "nothing-between.warc.gz": _between(gzip.compress(b"")),
    "zeros-between.warc.gz": _between(bytes(5000)),
    "noise-between.warc.gz": _between(NOISE[:3000]),
    "text-between.warc.gz": _between(b"\r\n\r\nnot a member\r\n"),
    "fields-of-gzip.warc.gz": _gzip_fields,
    "wrong-checksums.warc.gz": _bad_crc,
    "two-in-a-member.warc.gz": _two_in_member,
    "version-1.1.warc.gz": _version(b"WARC/1.1", is_read=True),
    "version-0.18.warc.gz": _version(b"WARC/0.18", is_read=True),
    "version-9.warc.gz": _version(b"WARC/9.9", is_read=False),
    "version-of-nonsense.warc.gz": _version(b"WARC/1.0.0-rc1", is_read=False),
    "lower-case.warc.gz": _version(b"warc/1.0", is_read=False),
    "line-feeds.warc": _whole(lambda data: data.replace(b"\r\n", b"\n")),
    "double-line-ends.warc": _whole(lambda data: data.replace(b"\n", b"\r\n")),
    "wet.warc.wet.gz": _wet,
    "arc.arc.gz": lambda _records, _draw: Odd(_members((*arc(page("")), NOISE[:500]))),
    "arc-plain.arc": lambda _records, _draw: Odd(b"".join(arc(page(""), page("")))[:-700]),
    "arc-of-lies.arc": lambda _records, _draw: Odd(
        b"".join(arc(page(""))).replace(b"text/html", b"text/html -9999999999999999999", 1) + NOISE
    ),
    "warcinfo-only.warc.gz": _plain(member(record("warcinfo", [], b"software: x\r\n"))),
    "requests-only.warc.gz": _plain(member(_kind("request")) * 20),
    "other-kinds.warc.gz": _among(
        *(_kind(kind) for kind in ("revisit", "metadata", "request", "resource", "conversion")),
        *(_kind(kind) for kind in ("continuation", "x" * 3000, "Response ", "RESPONSE", "")),
    ),
    "nothing-in-records.warc.gz": _plain(member(record("response", [], b"") * 5000, 1)),
    "huge-lengths.warc.gz": _huge_length,
    "huge-length.warc": _whole(
        lambda data: data + _said(_at("last", b"Content-Length: 999999999999999\r\n"))
    ),
    "no-address.warc.gz": _among(_said(DATE), _said(b""), _said(b"WARC-Target-URI:\r\n" + DATE)),
    "addresses.warc.gz": _among(
        *(_said(b"WARC-Target-URI: " + one.encode() + b"\r\n" + DATE) for one in TARGETS)
    ),
    "dates.warc.gz": _among(
        *(
            _said(_at(f"date-{n}").replace(DATE, b"WARC-Date: " + one.encode() + b"\r\n"))
            for n, one in enumerate(DATES)
        )
    ),
    "ids.warc.gz": _among(
        *(
            _said(_at(f"id-{n}", b"WARC-Record-ID: " + one.encode() + b"\r\n"))
            for n, one in enumerate(IDS)
        ),
        _said(_at("bytes", b"WARC-Record-ID: <urn:\xff\xfe\xc0>\r\n")),
    ),
    "twins.warc.gz": _twins,
    "said-twice.warc.gz": _among(
        _said(_at("twice", b"WARC-Type: request\r\nWARC-Target-URI: https://other.example/\r\n")),
        _said(_at("folded", b"X-Folded: a\r\n b\r\n\tc\r\n")),
        _said(_at("bytes", b"\xff\xfe: \x80\x81\r\nX\r\n: y\r\n")),
        _said(_at("cut", b"WARC-Truncated: " + b"why" * 3000 + b"\r\n")),
        _said(_at("digest", b"WARC-Payload-Digest: sha1:" + b"=" * 9000 + b"\r\n")),
        _said(_at("digest-2", b"WARC-Payload-Digest: \x1b\r\nWARC-Block-Digest: md5\r\n")),
        _said(_at("segment", b"WARC-Segment-Number: 1\r\n")),
        _said(_at("kind", b"WARC-Identified-Payload-Type: \x00text/html\r\n")),
    ),
    "not-http.warc.gz": _among(
        _said(_at("dns"), b"20260112000000\nsite.example. 300 IN A 192.0.2.1\n"),
        _said(_at("http-2"), HTTP.replace(b"HTTP/1.1", b"HTTP/2") + page("")),
        _said(_at("http-0"), b"HTTP/0.0 000\r\n\r\n"),
        _said(_at("http-minus"), b"HTTP/1.1 -20 OK\r\n\r\n" + page("")),
        _said(_at("http-digits"), "HTTP/1.1 \u0662\u0660\u0660 OK\r\n\r\n".encode() + page("")),
    ),
    "damaged-everywhere.warc": _plain((b"WARC/1.0\r\nContent-Length: 9\r\n\r\nx\r\n") * 11_000),
    "damaged-everywhere.warc.gz": _plain((member(b"WARC/1.0 x\r\n\r\n")[:-3]) * 11_000),
    "frames.warc.zst": _frames("zstd"),
    "frames.warc.lz4": _frames("lz4"),
    "cut.warc.gz": _cut(_members),
    "cut.warc": _cut(b"".join),
    "cut-whole.warc.gz": _cut(lambda records: gzip.compress(b"".join(records))),
    "cut.warc.zst": _cut(_codec("zstd")),
    "cut.warc.lz4": _cut(_codec("lz4")),
}
"""Every odd file by the name it is given."""
