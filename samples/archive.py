"""WARC files as Common Crawl writes them: request, response and metadata, a gzip member each."""

import base64
import hashlib
import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

from samples.pages import pick

Headers = Sequence[tuple[str, str]]

SNAPSHOT = "CC-MAIN-2026-00"  # week 00 does not exist: the snapshot is fictional, and says so
SEGMENT = f"crawl-data/{SNAPSHOT}/segments/1768176000000.00"
STEM = "CC-MAIN-20260112000000-20260112030000"
WARC_COUNT = 4
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"https://weir.example/samples/{SNAPSHOT}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One fetch: what was asked for and what came back, before it is cut into WARC records.

    `block` replaces the HTTP response as a whole, `payload` is its body as stored.
    """

    url: str
    date: str
    payload: bytes
    headers: Headers = (("Content-Type", "text/html; charset=utf-8"),)
    status: str = "200 OK"
    truncated: str | None = None
    block: bytes | None = None
    payload_type: str = "text/html"
    digest_of: bytes | None = None

    @property
    def warc_date(self) -> str:
        """The page's date with a time of day that follows from its URL."""
        seconds = pick("time:" + self.url, 86400)
        return f"{self.date}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def record_id(url: str, serial: str = "response") -> str:
    """`<urn:uuid:...>`, the same for the same URL and serial."""
    return f"<urn:uuid:{uuid.uuid5(NAMESPACE, f'{serial} {url}')}>"


def digest(data: bytes) -> str:
    """SHA-1 in base32, as WARC digests are written."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def member(data: bytes, level: int = 9) -> bytes:
    """One gzip member without a time stamp."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def record(kind: str, headers: Headers, block: bytes, claimed_length: int | None = None) -> bytes:
    """A WARC/1.0 record; `claimed_length` tells an untruth about its length."""
    length = len(block) if claimed_length is None else claimed_length
    fields = [("WARC-Type", kind), *headers, ("Content-Length", str(length))]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def http_block(start: str, headers: Headers, body: bytes = b"") -> bytes:
    """An HTTP/1.1 message."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{start}\r\n{head}\r\n".encode() + body


def warcinfo(name: str) -> bytes:
    """The first record of each file."""
    fields = (
        f"isPartOf: {SNAPSHOT}\r\n"
        "publisher: the Weir developers\r\n"
        "description: invented pages, written for the demo and the tests of Weir\r\n"
        "software: samples.build\r\n"
        "robots: none fetched, all invented\r\n"
        "format: WARC File Format 1.0\r\n"
    )
    headers = (
        ("WARC-Date", "2026-01-12T00:00:00Z"),
        ("WARC-Record-ID", record_id(name, "warcinfo")),
        ("Content-Type", "application/warc-fields"),
        ("WARC-Filename", name),
    )
    return record("warcinfo", headers, fields.encode())


def request_of(exchange: Exchange) -> bytes:
    """The request record of an exchange."""
    parts = urlsplit("".join(c for c in exchange.url if c.isprintable()))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = (
        ("User-Agent", "WeirSample/1.0 (invented; nothing was fetched)"),
        ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Accept-Encoding", "br,gzip"),
        ("Host", parts.netloc),
        ("Connection", "Keep-Alive"),
    )
    block = http_block(f"GET {target} HTTP/1.1", headers)
    return record(
        "request", _common(exchange, "request", "application/http; msgtype=request"), block
    )


def response_of(exchange: Exchange, claimed_extra: int = 0) -> bytes:
    """The response record of an exchange."""
    block = exchange.block
    if block is None:
        headers = (("Date", _http_date(exchange)), ("Server", "nginx"), *exchange.headers)
        block = http_block(f"HTTP/1.1 {exchange.status}", headers, exchange.payload)
    payload = exchange.payload if exchange.digest_of is None else exchange.digest_of
    extra = [
        ("WARC-Concurrent-To", record_id(exchange.url, "request")),
        ("WARC-Payload-Digest", digest(payload)),
        ("WARC-Block-Digest", digest(block)),
        ("WARC-Identified-Payload-Type", exchange.payload_type),
    ]
    if exchange.truncated:
        extra.append(("WARC-Truncated", exchange.truncated))
    common = _common(exchange, "response", "application/http; msgtype=response")
    claimed = len(block) + claimed_extra if claimed_extra else None
    return record("response", [*common, *extra], block, claimed)


def metadata_of(exchange: Exchange) -> bytes:
    """The metadata record of an exchange."""
    fields = f"fetchTimeMs: {40 + pick('ms:' + exchange.url, 900)}\r\n"
    extra = ("WARC-Concurrent-To", record_id(exchange.url))
    common = _common(exchange, "metadata", "application/warc-fields")
    return record("metadata", [*common, extra], fields.encode())


def other_of(kind: str, exchange: Exchange, extra: Headers) -> bytes:
    """A revisit or a resource record: not a response."""
    is_revisit = kind == "revisit"
    content_type = "application/http; msgtype=response" if is_revisit else "text/html"
    block = http_block("HTTP/1.1 304 Not Modified", ()) if is_revisit else exchange.payload
    return record(kind, [*_common(exchange, kind, content_type), *extra], block)


def _common(exchange: Exchange, serial: str, content_type: str) -> list[tuple[str, str]]:
    return [
        ("WARC-Date", exchange.warc_date),
        ("WARC-Record-ID", record_id(exchange.url, serial)),
        ("Content-Type", content_type),
        ("WARC-Warcinfo-ID", record_id(SNAPSHOT, "warcinfo")),
        ("WARC-IP-Address", f"192.0.2.{1 + pick('ip:' + exchange.url, 250)}"),
        ("WARC-Target-URI", exchange.url),
    ]


def _http_date(exchange: Exchange) -> str:
    """The WARC date in the form of HTTP."""
    moment = datetime.strptime(exchange.warc_date, "%Y-%m-%dT%H:%M:%S%z")
    return format_datetime(moment, usegmt=True)


def triple(exchange: Exchange) -> bytes:
    """Request, response and metadata of an exchange, a gzip member each."""
    return b"".join(member(make(exchange)) for make in (request_of, response_of, metadata_of))


def write_snapshot(root: Path, warcs: Iterable[bytes], robots: bytes) -> None:
    """Write the WARC files below `root`, laid out as Common Crawl does, with their path lists."""
    paths = []
    for number, data in enumerate(warcs):
        paths.append(f"{SEGMENT}/warc/{warc_name(number)}")
        _write(root / paths[-1], member(warcinfo(warc_name(number))) + data)
    robots_path = f"{SEGMENT}/robotstxt/{warc_name(0)}"
    _write(root / robots_path, member(warcinfo(warc_name(0))) + robots)
    lists = root / "crawl-data" / SNAPSHOT
    _write(lists / "warc.paths.gz", member("".join(f"{p}\n" for p in paths).encode()))
    _write(lists / "robotstxt.paths.gz", member(f"{robots_path}\n".encode()))


def warc_name(number: int) -> str:
    """File name of the nth WARC file."""
    return f"{STEM}-{number:05}.warc.gz"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
