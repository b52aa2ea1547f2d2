"""Bytes of a response to text: transfer coding, content codings, charset."""

from __future__ import annotations

import re
import zlib

import pyarrow as pa
from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5

CHARSET_PARAMETER = re.compile(
    r"charset\s*+=\s*+(?:[\"']\s*+)?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)


def unchunk(body: bytes) -> bytes:
    """The body without chunked transfer coding (RFC 9112 section 7.1).

    Unchanged where it is not really chunked.

    Archives often keep the header and store the body decoded.
    """
    parts: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at, at + 100)
        size = body[at:end].split(b";")[0].strip() if end > 0 else b""
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
            return b"".join(parts) if parts else body
        count = int(size, 16)
        if count == 0:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + count])
        at = end + 2 + count + 2


def decode_content(body: bytes, encodings: str, max_bytes: int) -> tuple[bytes, str | None]:
    """The body without its content codings, and a reason if that fails or grows past `max_bytes`.

    A body that does not begin like its declared coding is taken as already decoded, as Common
    Crawl stores it.
    """
    for coding in reversed([c.strip().lower() for c in encodings.split(",") if c.strip()]):
        if coding in ("identity", "none", "utf-8"):
            continue
        if coding in ("gzip", "x-gzip", "deflate"):
            if coding != "deflate" and not body.startswith(b"\x1f\x8b"):
                continue
            body, reason = _inflate(body, coding, max_bytes)
        elif coding in ("br", "zstd"):
            body, reason = _decompress(body, "brotli" if coding == "br" else "zstd", max_bytes)
        else:
            return body, None if _is_text(body) else "read.content_encoding"
        if reason:
            return b"", reason
    return (body, None) if len(body) <= max_bytes else (b"", "gate.size")


def _inflate(body: bytes, coding: str, max_bytes: int) -> tuple[bytes, str | None]:
    for wbits in (47,) if coding != "deflate" else (15, -15):
        engine = zlib.decompressobj(wbits=wbits)
        try:
            data = engine.decompress(body, max_bytes + 1)
        except zlib.error:
            continue
        return (b"", "gate.size") if len(data) > max_bytes else (data, None)
    return (
        (body, None) if _is_text(body) and coding == "deflate" else (b"", "read.content_encoding")
    )


def _decompress(body: bytes, codec: str, max_bytes: int) -> tuple[bytes, str | None]:
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), codec) as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, pa.ArrowException):
        return (body, None) if _is_text(body) else (b"", "read.content_encoding")
    return (b"", "gate.size") if len(data) > max_bytes else (data, None)


def _is_text(body: bytes) -> bool:
    return body[:256].lstrip()[:1] == b"<"


def charset(body: bytes, content_type: str) -> str:
    """The encoding a browser would choose: byte-order mark, header, meta, then statistics.

    Always a WHATWG name.
    """
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if body.startswith(mark):
            return name
    declared = CHARSET_PARAMETER.search(content_type)
    in_meta = CHARSET_PARAMETER.search(body[:2048].decode("latin-1")) if not declared else None
    for found in (declared, in_meta):
        if not found:
            continue
        known = map_encoding_to_html5(found.group(1).lower(), fallback_utf8=False)
        if known in ("utf-16-le", "utf-16-be") and found is in_meta:
            # A meta tag that could be read as ASCII is not UTF-16 (HTML, section 13.2.3.2).
            known = "utf-8"
        if known and (known != "utf-8" or _is_utf8(body)):
            return str(known)
    if _is_utf8(body):
        return "utf-8"
    return str(detect_encoding(body[:65_536], html5_compatible=True) or "windows-1252")


def _is_utf8(body: bytes) -> bool:
    """Whether the bytes are UTF-8 but for a few damaged ones."""
    text = body.decode("utf-8", "replace")
    return text.count("\ufffd") * 1000 <= len(text)


def markup(body: bytes, content_type: str) -> str:
    """The body as text, by its charset, without null characters."""
    text = str(bytes_to_str(body, charset(body, content_type), errors="replace"))
    return text.replace("\0", "")
