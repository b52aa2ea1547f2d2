"""Generators of hostile records: each gives the bytes of one WARC response.

What a record does to whoever reads it is its name; none of it comes from anywhere but here.
"""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping

import pyarrow as pa

from tests.data.archives import HTML, response

Make = Callable[[str], bytes]
PARAGRAPH = (
    "<p>The mill by the river turns again this spring, and the old miller tells the children how "
    "rye was ground before the war. In winter snow covers the dam, but in April the water wakes."
    "</p>"
)
ANGLES = " ".join(f"a{n}='<'" for n in range(100_000))
NOISE = hashlib.shake_128(b"hostile").digest(300_000)


def good(name: str) -> bytes:
    """A page that nothing is wrong with, unlike any other."""
    body = f"<html><body><article><h1>After {name}</h1>{PARAGRAPH * 2}</article></body></html>"
    return response(f"good/{name}", body.encode())


def page(body: str, head: str = "") -> bytes:
    """A body around a paragraph of prose."""
    return (
        f"<!DOCTYPE html><html><head>{head}</head><body>{PARAGRAPH}{body}{PARAGRAPH}</body></html>"
    ).encode("utf-8", "surrogatepass")


def _page(body: str, head: str = "") -> Make:
    return lambda name: response(name, page(body, head))


def _raw(body: bytes, *headers: tuple[str, str]) -> Make:
    return lambda name: response(name, body, (*HTML, *headers))


def _block(block: bytes) -> Make:
    return lambda name: response(name, block=block)


def _head(fields: bytes, body: bytes = b"") -> Make:
    return _block(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + (body or page("")))


def _brotli(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="brotli", asbytes=True)
    return packed


def _many_entities() -> bytes:
    steps = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    doctype = f'<!DOCTYPE html [<!ENTITY l0 "lol ">{steps}]>'
    return f"{doctype}<html><body>{PARAGRAPH}<p>&l9;</p></body></html>".encode()


STRUCTURE: Mapping[str, Make] = {
    "nested": _page("<div>" * 300_000),
    "nested-stray-ends": _page("<div></p>" * 100_000),
    "nested-unknown-ends": _page("<div></nowhere>" * 100_000),
    "nested-blocked-ends": _page("<span><div></span></div>" * 50_000),
    "nested-empty-tags": _page("<div/>" * 50_000),
    "nested-tables": _page("<table><tr><td>" * 20_000),
    "nested-lists": _page("<ul><li>" * 50_000),
    "nested-svg": _page("<svg><g>" + "<g>" * 50_000),
    "nested-templates": _page("<template>" * 20_000),
    "formatting": _page("<b><i><u>" * 300 + "<p>" * 20_000),
    "formatting-misnested": _page("<a><b></a></b>" * 50_000),
    "paragraphs": _page("<p>" * 500_000),
    "anchors": _page("<a href=x>" * 100_000),
    "options": _page("<select>" + "<option>x" * 200_000),
    "cells": _page("<table>" + "<tr>" + "<td rowspan=1000 colspan=1000>x" * 100_000),
    "attributes": _page(f"<div {' '.join(f'a{n}=1' for n in range(200_000))}>x</div>"),
    "attributes-of-angles": _page(f"<div {ANGLES}>x</div>"),
    "attribute-of-megabytes": _page(f"<div title='{'x' * 3_000_000}'>x</div>"),
    "tag-without-end": _page("<div " + "x" * 2_000_000),
    "metas": _page("", "<meta name='x' content='y'>" * 100_000),
    "title-of-a-megabyte": _page("", f"<title>{'t' * 1_000_000}</title>"),
    "comment-without-end": _page("<!--" + "x" * 2_000_000),
    "comments": _page("<!--" * 200_000),
    "comments-of-dashes": _page("<!--" + "-" * 1_000_000),
    "script-without-end": _page("<script>" + "</scrip>" * 200_000),
    "cdata": _page("<![CDATA[" * 100_000),
    "frames": _page("<frameset><frame>" * 20_000),
    "bases": _page("", "<base href='http://['>" * 1000 + "<base href='javascript:x'>"),
    "refresh": _page("", "<meta http-equiv=refresh content='0;url=https://site.example/'>" * 1000),
    "doctypes": _raw(b"<!DOCTYPE " * 100_000),
    "laughs": _raw(_many_entities(), ("Content-Type", "application/xhtml+xml")),
}

TEXT: Mapping[str, Make] = {
    "entities": _page("&amp;" * 300_000),
    "entities-without-end": _page("&#" + "9" * 500_000 + ";&#x110000;&#xD800;&#0;"),
    "nul": _raw(page("\0" * 100_000 + "te\0xt")),
    "surrogates": _raw(page("\ud800\udfff" * 20_000)),
    "not-utf-8": _raw(b"<p>" + NOISE + PARAGRAPH.encode()),
    "utf-7": _raw(b"<p>+ADw-script+AD4-</p>" * 1000, ("Content-Type", "text/html; charset=utf-7")),
    "utf-16-odd": _raw(b"\xff\xfe" + page("").decode().encode("utf-16-le")[:-1]),
    "charset-of-nonsense": _raw(page(""), ("Content-Type", "text/html; charset=" + "x" * 10_000)),
    "line-of-10-megabytes": _raw(b"<p>" + b"word " * 1_990_000),
    "word-of-megabytes": _page("<p>" + "x" * 3_000_000),
    "lines": _page("<br>x\n" * 200_000),
    "spaces": _page("<p>" + " \t" * 1_000_000),
    "bidi": _page("<p>" + "\u202e\u2066\u2067\u202c\u2069 word" * 20_000),
    "combining": _page("<p>" + "a" + "\u0301" * 500_000),
    "zero-width": _page("<p>" + "a\u200b\u200d\ufeff" * 100_000),
    "astral": _page("<p>" + "\U0001d518\U0001f600 " * 100_000),
    "escapes": _page("<p>\x1b]0;owned\x07\x1b[2J" * 10_000),
    "at-signs": _page("<p>" + "a@" * 200_000),
    "almost-addresses": _page("<p>" + "a." * 100_000 + "@" + "b-" * 100_000),
    "digits": _page("<p>" + "0123456789" * 100_000),
    "almost-phones": _page("<p>" + "+49 30 " * 50_000),
    "almost-accounts": _page("<p>" + "DE00 0000 " * 50_000),
    "dots": _page("<p>" + "1.2.3." * 100_000),
    "colons": _page("<p>" + "a:b:" * 100_000),
    "shouting": _page("<p>" + "A! " * 200_000),
    "ligatures": _page("<p>" + "\ufdfa" * 500_000),
    "overlong": _raw(
        page("").replace(b"<p>", b"<p>\xc0\xbcscript\xe0\x80\xbe\xf8\x88\x80\x80\x80")
    ),
    "marks-that-disagree": _raw(b"\xff\xfe" + page("", "<meta charset=utf-16be>")),
    "utf-16-that-is-not": _raw(page(""), ("Content-Type", "text/html; charset=utf-16")),
    "charsets-of-many-metas": _page("", "<meta charset=koi8-r><meta charset=utf-7>" * 20_000),
    "distinct-words": _page("<p>" + " ".join(f"w{n}x" for n in range(200_000))),
}

CODING: Mapping[str, Make] = {
    "gzip-bomb": _raw(gzip.compress(bytes(100 << 20)), ("Content-Encoding", "gzip")),
    "gzip-bomb-twice": _raw(
        gzip.compress(gzip.compress(b" " * (200 << 20))), ("Content-Encoding", "gzip, gzip")
    ),
    "deflate-bomb": _raw(zlib.compress(bytes(100 << 20)), ("Content-Encoding", "deflate")),
    "brotli-bomb": _raw(_brotli(bytes(100 << 20)), ("Content-Encoding", "br")),
    "codings": _raw(gzip.compress(page("")), ("Content-Encoding", "gzip," * 20_000)),
    "gzip-noise": _raw(b"\x1f\x8b\x08" + NOISE, ("Content-Encoding", "gzip")),
    "brotli-noise": _raw(NOISE, ("Content-Encoding", "br")),
    "zstd-noise": _raw(b"\x28\xb5\x2f\xfd" + NOISE, ("Content-Encoding", "zstd")),
    "chunk-sizes": _raw(b"fffffff\r\n" + page(""), ("Transfer-Encoding", "chunked")),
    "chunk-of-minus-one": _raw(b"-1\r\n" + page(""), ("Transfer-Encoding", "chunked")),
    "chunks-of-one-byte": _raw(b"1\r\n<\r\n" * 300_000, ("Transfer-Encoding", "chunked")),
    "chunks-of-nothing": _raw(b"0\r\n\r\n" * 300_000, ("Transfer-Encoding", "chunked")),
}

HEADS: Mapping[str, Make] = {
    "header-of-900-kilobytes": _head(b"X: " + b"x" * 900_000 + b"\r\n"),
    "header-past-the-cap": _head(b"X: " + b"x" * 1_100_000 + b"\r\n"),
    "headers": _head(b"X: y\r\n" * 100_000),
    "header-folds": _head(b"X: y\r\n" + b"\t z\r\n" * 20_000),
    "header-noise": _head(NOISE.replace(b"\n", b"") + b"\r\n"),
    "headers-smuggled": _head(
        b"Content-Length: 5\r\nContent-Length: 9999999\r\nTransfer-Encoding: identity, chunked\r\n"
        b"Transfer-Encoding : chunked\r\n Content-Type: application/pdf\r\n"
        b"Content-Type: text/html\r\nX\0Y: z\r\n"
    ),
    "responses-one-in-another": _block(
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page("")
    ),
    "warc-in-body": _raw(b"<pre>" + good("inner") * 50),
    "status-of-nonsense": _block(b"HTTP/1.1 99999999999999999999 OK\r\n\r\n" + page("")),
    "charset-of-spaces": _head(
        b"Content-Type: text/html; charset="
        + b" " * 200_000
        + b"\0charset"
        + b" " * 200_000
        + b"\r\n"
    ),
    "types": _head(b"Content-Type: text/html\r\n" * 1000),
    "robots-tags": _head(b"X-Robots-Tag: " + b"a: b, " * 20_000 + b"\r\n"),
    "content-usage": _head(b"Content-Usage: " + b"(" * 50_000 + b'"\\' * 10_000 + b"\r\n"),
    "tdm": _head(b"TDM-Reservation: " + b"1" * 50_000 + b"\r\n"),
    "lines-of-cr-alone": _block(b"HTTP/1.1 200 OK\rContent-Type: text/html\r\r" + page("")),
    "http-0.9": _block(page("")),
    "type-folded": _head(b"Content-Type:\r\n text/html;\r\n\tcharset=utf-8\r\n"),
    "encodings-that-disagree": _head(
        b"Content-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\n"
    ),
    "not-http": _block(NOISE),
    "empty": _block(b""),
}

ADDRESSES: Mapping[str, Make] = {
    f"address-{n}": (lambda name, url=url: response(name, page(""), url=url))
    for n, url in enumerate(
        [
            "https://[::1/x",
            "https://[v1.x]/",
            "https://site.example:99999999999/",
            "https://" + "a." * 1500 + "example/",
            "https://site.example/" + "%25" * 1200 + "40",
            "https://site.example/?" + "a=b@c.example&" * 200,
            "https://" + "u:p@" * 900 + "site.example/",
            "javascript:alert(1)",
            "https://site.example/\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
            "https://\u2100.example/",
            "https://xn--\x7f.example/",
            "https://site.example/" + "../" * 1200,
            "https://site.example/" + "x" * 100_000,
            "https:\\\\site.example\\x",
            "//site.example",
            "\x01" * 60_000 + "x",
            "\x01" + "\t" * 60_000 + "x",
            "",
        ]
    )
}

RECORDS: Mapping[str, Make] = {**STRUCTURE, **TEXT, **CODING, **HEADS, **ADDRESSES}
"""Every hostile record by name."""
