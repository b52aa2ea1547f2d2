"""Pages that are turned away, or not, for how they were served or how they are written."""

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from samples.archive import Exchange
from samples.duplicates import digest, load_cases
from samples.entries import Entry, fetch, kept, rejected
from samples.pages import ROOT, Page, load_flat
from samples.personal import filled
from samples.render import Look

DATE = "2026-01-14"


def non_european(pages: Mapping[str, Page]) -> list[Entry]:
    """Pages in languages of other continents."""
    why = "A page in a language that is not European."
    return [rejected("non_european", "gate.language", fetch(p), why) for p in pages.values()]


def poor_pages() -> list[Entry]:
    """Pages whose first broken rule is the one that they name, in the plainest layout."""
    return [_poor(page) for page in load_flat(ROOT / "poor")]


def _poor(page: Page) -> Entry:
    rule = page.fact("rule")
    tag = page.tag or page.path.split("/")[1] + "_Latn"
    page, pii = filled(replace(page, tag=tag))
    why = f"A page whose first broken rule, in declared order, is {rule}."
    return rejected(
        "poor", f"rule.{rule}", fetch(page, Look(layout="plain")), why, tag=tag, pii=pii
    )


def served_oddly(pages: Mapping[str, Page]) -> list[Entry]:
    """The cases of `special/served.yaml`, then bodies that are no web pages, or hardly any."""
    cases = [_served(case, pages) for case in load_cases("served")]
    return [*cases, *_other_media(), *_empty()]


def _served(case: Mapping[str, Any], pages: Mapping[str, Page]) -> Entry:
    if "digest" in case:
        page = digest(pages, case["digest"], case["url"], DATE)
    else:
        page = pages[case["copy"]].at(case["url"])
    exchange = fetch(page, headers=tuple(case.get("headers", {}).items()))
    if "media_type" in case:
        exchange = with_media_type(exchange, case["media_type"])
    status, cut = case.get("status", exchange.status), case.get("truncated")
    if cut:
        payload = exchange.payload[: len(exchange.payload) * 2 // 3]
        exchange = replace(exchange, payload=payload, truncated=cut)
        exchange = with_media_type(exchange, "text/html; charset=utf-8")
    exchange = replace(exchange, status=status)
    if "reason" in case:
        return rejected(case["kind"], case["reason"], exchange, case["why"])
    return kept(case["kind"], page, case["why"], exchange)


def with_media_type(exchange: Exchange, media_type: str) -> Exchange:
    """The exchange with another Content-Type, or none, and the right Content-Length."""
    dropped = ("Content-Type", "Content-Length")
    rest = [pair for pair in exchange.headers if pair[0] not in dropped]
    head = [("Content-Type", media_type)] if media_type else []
    length = ("Content-Length", str(len(exchange.payload)))
    return replace(exchange, headers=(*head, *rest, length))


def _other_media() -> Iterator[Entry]:
    sentence = "The ferry leaves the northern quay at seven, and the last boat returns after dark."
    feed = (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        "<title>Ferry news</title><item><title>Timetable</title>"
        f"<description>{sentence}</description></item></channel></rss>\n"
    )
    sheet = f'<?xml version="1.0"?>\n<notice xmlns="urn:notice"><text>{sentence}</text></notice>\n'
    bodies = (
        ("timetable.pdf", "application/pdf", _pdf(sentence), "A PDF file."),
        ("quay.png", "image/png", _png(), "An image."),
        ("times.json", "application/json", json.dumps({"note": sentence}).encode(), "JSON."),
        ("note.txt", "text/plain; charset=utf-8", (sentence + "\n").encode() * 3, "Plain text."),
        ("feed.rss", "application/rss+xml", feed.encode(), "A news feed."),
        ("notice.xml", "text/xml", sheet.encode(), "XML that is not XHTML."),
        ("site.css", "text/css", b"body { margin: 0 }\n", "A style sheet."),
    )
    for name, media_type, body, why in bodies:
        exchange = Exchange(f"https://ferry-files.example/{name}", DATE, body)
        exchange = replace(exchange, payload_type=media_type.split(";")[0])
        exchange = with_media_type(exchange, media_type)
        yield rejected("media_type", "gate.media_type", exchange, why)


def _pdf(text: str) -> bytes:
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    return b"%%PDF-1.4\n1 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n%%%%EOF\n" % (
        len(stream),
        stream,
    )


def _png() -> bytes:
    """An image of one grey pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + name + data + check

    head = (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _empty() -> Iterator[Entry]:
    only_scripts = (
        b"<!DOCTYPE html>\n<html><head><script>window.app = {};</script></head>\n<body>"
        b'<div id="root"></div><script src="/bundle.js"></script>'
        b"<script>app.start(document.getElementById('root'));</script></body></html>\n"
    )
    bodies = (
        ("nothing", b"", "An empty body."),
        ("scripts", only_scripts, "A body of scripts, which only a browser could fill."),
        (
            "blank",
            b"<html><head></head><body>\n  <!-- soon -->\n</body></html>\n",
            "No visible text.",
        ),
    )
    for name, body, why in bodies:
        exchange = Exchange(f"https://empty-house.example/{name}", DATE, body)
        exchange = with_media_type(exchange, "text/html; charset=utf-8")
        yield rejected("empty", "gate.empty", exchange, why)
