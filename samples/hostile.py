"""Hostile pages, broken codings and damaged archive bytes."""

import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from samples.archive import Exchange, member, metadata_of, request_of, response_of
from samples.duplicates import digest, load_cases
from samples.entries import Entry, fetch, kept, rejected
from samples.pages import Page, prose
from samples.render import Look, html
from samples.special import with_media_type

DATE = "2026-01-15"
BOMB_BYTES = 200_000_000
GZIP_MAGIC = b"\x1f\x8b"
HTML = "text/html; charset=utf-8"


def hostile_pages(pages: Mapping[str, Page]) -> list[Entry]:
    """Pages with something hostile in them that must not matter, then bombs and bad codings."""
    entries = []
    for case in load_cases("hostile"):
        page = digest(pages, case["digest"], case["url"], DATE)
        exchange = MAKERS[case["make"]](page)
        entries.append(kept("hostile", page, case["why"], exchange))
    text = pages["eng_Latn/cold-kitchen-sourdough"]
    return [*entries, *_bombs(text), *_codings(text), *_not_http(text), *_urls(text)]


def _served(page: Page, text: str, media_type: str = HTML) -> Exchange:
    return with_media_type(replace(fetch(page), payload=text.encode()), media_type)


def _email_bomb(page: Page) -> Exchange:
    maze = "a@" + "a-" * 16_000
    return fetch(replace(page, title=f"{page.title} {maze}"), Look(layout="news"))


def _script_title(page: Page) -> Exchange:
    title = f"<script>alert(document.cookie)</script><img src=x onerror=alert(1)> {page.title}"
    return fetch(replace(page, title=title), Look(layout="news"))


def _escapes(page: Page) -> Exchange:
    """A colour, a new window title and a cleared screen, after words of the first paragraph."""
    return _sprinkled(page, (" \x1b[31m", " \x1b]0;owned\x07", " \x1b[2J"))


def _bidi(page: Page) -> Exchange:
    return _sprinkled(page, (" \u202e", " \u2066", " \u202c\u2069"))


def _nuls(page: Page) -> Exchange:
    return _sprinkled(page, ("\0", "\0", "\0"))


def _sprinkled(page: Page, marks: tuple[str, ...]) -> Exchange:
    """The page with marks after the first words of its first paragraph."""
    lead = next(block.text for block in page.blocks if block.kind == "p")
    words = lead.split(" ")
    marked = [word + mark for word, mark in zip(words, marks, strict=False)]
    changed = " ".join([*marked, *words[len(marks) :]])
    return _served(page, html(page, Look(charset="utf-8")).replace(lead, changed, 1))


def _entity_bomb(page: Page) -> Exchange:
    names = [f"lol{i}" for i in range(10)]
    steps = [
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    ]
    doctype = "<!DOCTYPE html [\n" + "\n".join(['<!ENTITY lol0 "lol ">', *steps]) + "\n]>"
    text = html(page, Look(layout="blog", charset="utf-8"))
    text = text.replace("<!DOCTYPE html>", doctype, 1)
    text = text.replace("</body>", '<div class="footer">&lol9;</div></body>')
    return _served(page, text, "application/xhtml+xml; charset=utf-8")


MAKERS: dict[str, Callable[[Page], Exchange]] = {
    "email_bomb": _email_bomb,
    "script_title": _script_title,
    "escapes": _escapes,
    "bidi": _bidi,
    "nuls": _nuls,
    "entity_bomb": _entity_bomb,
}


def _bombs(text: Page) -> Iterator[Entry]:
    paragraph = f"<p>{prose(text)[:400]}</p>"
    nested = "<html><body>" + "<div>" * 50_000 + paragraph + "</div>" * 50_000 + "</body></html>"
    many = " ".join(f"a{i}=1" for i in range(100_000))
    wide = f"<html><body><div {many}>{paragraph}</div></body></html>"
    cases = (
        ("nested", nested, "50,000 nested elements: quadratic for tree walkers."),
        ("wide", wide, "A tag with 100,000 attributes: quadratic for parsers that look for twins."),
    )
    for name, body, why in cases:
        page = text.at(f"https://deep-well.example/{name}")
        yield rejected("hostile", "gate.structure", _served(page, body), why)
    headers = (("Content-Type", HTML), ("Content-Encoding", "gzip"))
    bomb = Exchange("https://deep-well.example/inflated", DATE, spaces_bomb(), headers)
    yield rejected("hostile", "gate.size", bomb, "A gzip bomb: 200 MB of spaces in 200 kB.")


def spaces_bomb() -> bytes:
    """A gzip body that inflates to BOMB_BYTES of a page that is all spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk = b" " * 1_000_000
    parts = [packer.compress(b"<html><body><p>")]
    parts += [packer.compress(chunk) for _ in range(BOMB_BYTES // len(chunk))]
    return b"".join([*parts, packer.flush()])


def _codings(text: Page) -> Iterator[Entry]:
    page = text.at("https://odd-codings.example/unknown")
    headers = (("Content-Type", HTML), ("Content-Encoding", "zstd-unknown"))
    unknown = replace(fetch(page), payload=zlib.compress(html(page).encode()), headers=headers)
    why = "A content coding that nobody knows."
    yield rejected("hostile", "read.content_encoding", unknown, why)
    # A gzip header, then 0x07: a final block of the reserved type 3 (RFC 1951, 3.2.3).
    body = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x07" + bytes(range(200))
    headers = (("Content-Type", HTML), ("Content-Encoding", "gzip"))
    corrupt = Exchange("https://odd-codings.example/corrupt", DATE, body, headers)
    why = "The body says that it is gzip and is not, beyond its header."
    yield rejected("hostile", "read.content_encoding", corrupt, why)


def _not_http(text: Page) -> Iterator[Entry]:
    greeting = Exchange(
        "https://wrong-port.example/",
        DATE,
        b"",
        block=b"SSH-2.0-Invented_1.0\r\nProtocol mismatch.\r\n",
    )
    yield rejected("hostile", "read.malformed_http", greeting, "Another protocol answered.")
    url = "https://wrong-port.example/bare"
    bare = Exchange(url, DATE, b"", block=html(text.at(url)).encode())
    yield rejected(
        "hostile", "read.malformed_http", bare, "A page without status line and headers."
    )


def _urls(text: Page) -> Iterator[Entry]:
    for url, why in (
        ("javascript:alert(1)", "An address that is a script."),
        ("https://control-room.example/a\x01b\x1b[31mc", "An address with control characters."),
    ):
        exchange = replace(fetch(text.at("https://control-room.example/page")), url=url)
        yield rejected("hostile", "gate.url", exchange, why)


def damaged(text: Page) -> list[Entry]:
    """Damaged places, one in each file; the last is the end of the last file."""

    def at(name: str) -> Exchange:
        return fetch(text.at(f"https://broken-tape.example/{name}"))

    def entry(place: int, why: str, data: bytes) -> Entry:
        return Entry(
            "damaged", why, outcome="quarantine", reason="read.damaged", data=data, place=place
        )

    cut = member(response_of(at("cut")))
    longer = at("longer")
    return [
        entry(0, "A gzip member with flipped bytes in the middle.", _flipped(at("flipped"))),
        entry(1, "Garbage between two gzip members.", garbage()),
        entry(
            2,
            "A record that claims to be longer than its gzip member.",
            member(request_of(longer))
            + member(response_of(longer, claimed_extra=700))
            + member(metadata_of(longer)),
        ),
        entry(
            3,
            "The file ends in the middle of a gzip member.",
            member(request_of(at("cut"))) + cut[: len(cut) * 3 // 5],
        ),
    ]


def _flipped(exchange: Exchange) -> bytes:
    """A triple whose response breaks half-way, where a new deflate block begins."""
    data = response_of(exchange)
    half = len(data) // 2
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(data[:half]) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = bytearray(packer.compress(data[half:]) + packer.flush())
    rest[:4] = b"\x07\xff\x00\xff"  # a block of the reserved type 3: no inflater gets past it
    broken = first + bytes(rest)
    return member(request_of(exchange)) + broken + member(metadata_of(exchange))


def garbage() -> bytes:
    """Bytes that hold nothing like the start of a gzip member."""
    data = bytes((i * 37 + 11) % 251 for i in range(900))
    return data.replace(GZIP_MAGIC, b"??")
