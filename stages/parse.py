"""What parses hostile bytes: called only inside the killable child (`pipeline.sandbox`).

Each function takes and returns plain values (strings, numbers, lists, dicts), since they cross a
process boundary. A result with `reason` settles the record. Text depends on the page's bytes and
headers alone: trafilatura's cross-document `deduplicate` cache, its dates and its network code
stay out.
"""

import logging
import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import trafilatura
import trafilatura.utils
from lxml import etree  # type: ignore[import-untyped]
from lxml.html import HtmlElement  # type: ignore[import-untyped]
from numpy.typing import NDArray
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

from filters import aitxt, controls, impersonal, optout, robots, rsl, tdmrep
from filters.page_facts import (
    MAX_CONTENT_CHARS,
    MAX_LINKS,
    MAX_METAS,
    MAX_NAME_CHARS,
    MAX_SCRIPT_CHARS,
    MAX_SCRIPTS,
    PageFacts,
)
from filters.site_files import AI_TXT, TDMREP
from filters.stored_rights import to_plain

VERSION = 3
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs page text and URLs

# lxml asks a Python function for the class of every element that it hands out, 2,000 times a page,
# only to give form elements their own, and trafilatura needs none of those. The same text of all
# pages tried, in 93 % of the time (docs/experiments.md).
trafilatura.utils.HTML_PARSER.set_element_class_lookup(
    etree.ElementDefaultClassLookup(element=HtmlElement)
)

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
IMPLIED_END = frozenset(
    [
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "option",
        "optgroup",
        "thead",
        "tbody",
        "tfoot",
        "colgroup",
        "rp",
        "rt",
    ]
)
MAX_TAG_ATTRIBUTES = 2_000
CHARS_PER_ATTRIBUTE = 10
"""Attributes are counted only in a tag of as many characters as the cap times this: looking into
every tag would cost more than what a few more attributes do."""
MAX_VISIBLE_CHARS = 8_000
MIN_VISIBLE_CHARS = 200
"""Of a page that shows less, what it shows to readers without scripts counts too: forums show
crawlers all of their text there, and extractors read it."""
OTHER_MAGIC = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"PK\x03\x04",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"\x1f\x8b\x08",
)
LOOKS_LIKE_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|title|div|p|table|h1|meta|article)\b", re.IGNORECASE
)
CHARSET_PARAMETER = re.compile(
    r"charset\s*+=\s*+(?:[\"']\s*+)?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)
MAX_TAGS = 1_000_000
"""Tags past which a page is a bomb whatever it holds: the cap of 20 MB leaves room for more."""
QUOTED = re.compile(r"""(?<==)\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$))""")
NAME_BYTES = 8
META_NAMES = ("name", "property", "itemprop", "http-equiv")
LINK_NAMES = ("rel", "type", "href")
RIGHTS_SCRIPT = re.compile(r"\s*application/(?:ld\+json|rsl\+xml)\s*(?:;|$)", re.IGNORECASE)
RIGHTS_SCRIPTS = 'script[type*="ld+json" i], script[type*="rsl+xml" i]'
LICENCE_LINKS = ", ".join(
    f"{element}{test}"
    for element in ("link", "a")
    for test in (
        '[rel~="license" i]',
        '[rel~="licence" i]',
        '[type="application/rsl+xml" i]',
        '[href*="creativecommons.org/" i]',
    )
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
    return body, None


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


def is_bomb(
    html: str,
    max_depth: int,
    max_tags: int = MAX_TAGS,
    max_tag_attributes: int = MAX_TAG_ATTRIBUTES,
) -> bool:
    """Whether the markup nests deeper than `max_depth`, or has too many tags or attributes.

    Parsers that walk the tree need minutes for such pages. Linear time: tags are counted first,
    vectorised; where they seem to nest too deep, the tree has the last word, since browsers close
    what pages leave open.
    """
    raw = np.frombuffer(html.encode("utf-8", "replace"), dtype=np.uint8)
    opened = np.flatnonzero(raw == ord("<"))
    if not len(opened):
        return False
    if len(opened) > max_tags:
        return True
    longest = int(np.diff(np.append(opened, len(raw))).max())
    is_long = longest > CHARS_PER_ATTRIBUTE * max_tag_attributes
    if is_long and _has_huge_tag(html, max_tag_attributes):
        return True
    begun = np.count_nonzero(raw[np.minimum(opened + 1, len(raw) - 1)] != ord("/"))
    return bool(begun > max_depth) and _depth(raw, opened) > max_depth and _is_deep(html, max_depth)


def _is_deep(html: str, max_depth: int) -> bool:
    """Whether an element has more than `max_depth` others around it."""
    level: list[Any] = [HTMLTree.parse(html).document]
    for _ in range(max_depth + 1):
        below = []
        for node in level:
            child = node and node.first_child  # `child_nodes` takes quadratic time
            while child is not None:
                below.append(child)
                child = child.next
        if not below:
            return False
        level = below
    return True


def _depth(raw: NDArray[np.uint8], opened: NDArray[np.int64]) -> int:
    """How deep the tags seem to nest that begin at `opened`.

    An end tag takes back one start tag of its name, if one is open; a stray one takes back
    nothing, as in browsers. Void elements, those whose end is implied and empty-element tags do
    not count. A tag runs to the next `>`; without one, or with `<` before it, it is none.
    """
    ends = np.flatnonzero(raw == ord(">"))
    following = np.searchsorted(ends, opened)
    closed = np.append(ends, len(raw))[following]
    whole = closed < np.append(opened[1:], len(raw))
    opened, closed = opened[whole], closed[whole]
    is_end = raw[opened + 1] == ord("/")
    names = _names(raw, opened + 1 + is_end)
    is_empty = raw[closed - 1] == ord("/")
    counted = (names > 0) & ~is_empty & ~np.isin(names, NOT_NESTING)
    names, steps = names[counted], np.where(is_end[counted], -1, 1)
    if not len(names):
        return 0
    # By name: how many are open after each tag, the sum of steps held at zero from below.
    order = np.argsort(names, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(names[order]) != 0))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(names))))
    sums = np.cumsum(steps[order])
    sums -= np.append(0, sums)[starts][group]
    apart = group * (2 * len(names))  # a lower floor for each name, so that minima begin anew
    lowest = np.minimum.accumulate(sums - apart) + apart
    is_open = sums - np.minimum(lowest, 0)
    changes = np.diff(is_open, prepend=0)
    changes[starts] = is_open[starts]
    depth = np.empty(len(names), dtype=np.int64)
    depth[order] = changes
    return int(np.cumsum(depth).max())


def _names(raw: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The first eight letters and digits of tag names, lower case, as numbers; 0 for none."""
    names = np.zeros(len(starts), dtype=np.uint64)
    inside = np.ones(len(starts), dtype=np.bool_)
    for place in range(NAME_BYTES):
        byte = raw[np.minimum(starts + place, len(raw) - 1)]
        lower = byte | 32
        inside &= ((lower >= ord("a")) & (lower <= ord("z"))) | (
            (place > 0) & (byte >= ord("0")) & (byte <= ord("9"))
        )
        names = (names << np.uint64(8)) | np.where(inside, lower, 0).astype(np.uint64)
    return names


def _name_code(name: str) -> int:
    return int.from_bytes(name.encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0"), "big")


NOT_NESTING = np.array(sorted(_name_code(name) for name in VOID | IMPLIED_END), dtype=np.uint64)


def _has_huge_tag(html: str, cap: int) -> bool:
    """Whether a tag has more attributes than the cap; the words of a quoted value are none."""
    for piece in html.split("<"):
        if len(piece) > CHARS_PER_ATTRIBUTE * cap and piece[:1].isalpha():
            tag = QUOTED.sub("", piece).partition(">")[0]
            if len(tag.split(None, cap + 1)) > cap + 1:  # the first is the tag's name
                return True
    return False


def survey(
    body: bytes,
    headers: dict[str, str],
    max_bytes: int,
    max_depth: int,
    max_tags: int = MAX_TAGS,
    max_tag_attributes: int = MAX_TAG_ATTRIBUTES,
    min_visible_chars: int = 0,
    agents: Sequence[str] = (),
) -> dict[str, Any]:
    """What the gate must know of a page: its decoded markup, rights and some visible text.

    `findings` is what its markup says of rights to these training agents. `headers` holds
    content-type, content-encoding and transfer-encoding. Of the visible text only the first
    `MAX_VISIBLE_CHARS` characters are returned; `min_visible_chars` may ask for no more.
    """
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = unchunk(body)
    body, reason = decode_content(body, headers.get("content-encoding", ""), max_bytes)
    if reason:
        return {"reason": reason}
    if not body.strip():
        return {"reason": "gate.empty"}
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if body.startswith(OTHER_MAGIC):
        return {"reason": "gate.media_type"}
    html = bytes_to_str(body, charset(body, content_type), errors="replace").replace("\0", "")
    if media_type not in HTML_TYPES and not LOOKS_LIKE_HTML.search(html[:4096]):
        return {"reason": "gate.media_type"}
    if is_bomb(html, max_depth, max_tags, max_tag_attributes):
        return {"reason": "gate.structure"}
    return _look(html, min_visible_chars, agents)


def _look(html: str, min_visible_chars: int, agents: Sequence[str]) -> dict[str, Any]:
    tree = HTMLTree.parse(html)
    if tree.document is None or tree.body is None:
        return {"reason": "gate.empty"}
    findings = optout.from_page(PageFacts.of(_facts(tree.document)), agents)
    facts = {"findings": [to_plain(finding) for finding in findings]}
    title = " ".join(controls.plain(tree.title or "").split())[:1000]
    shown: dict[str, Any] = {"main_content": False, "alt_texts": False, "list_bullets": False}
    visible = extract_plain_text(tree, **shown)
    if len(visible) < MIN_VISIBLE_CHARS:
        visible = extract_plain_text(tree, noscript=True, **shown)
    if not visible.strip():
        return {"reason": "gate.empty", **facts}
    if len(visible) < min_visible_chars:
        return {"reason": "gate.short", **facts}
    return {
        "html": html,
        **facts,
        "title": title or None,
        "visible": visible[:MAX_VISIBLE_CHARS],
    }


def _facts(document: Any) -> dict[str, Any]:
    """What a page's markup says of rights, as `filters.page_facts.PageFacts` asks for it."""
    every = document.query_selector_all("meta[content]")
    metas = [
        [name[:MAX_NAME_CHARS], (meta.getattr("content") or "")[:MAX_CONTENT_CHARS]]
        for meta in every[:MAX_METAS]
        if (name := next(filter(None, map(meta.getattr, META_NAMES)), None))
    ]
    links = document.query_selector_all(LICENCE_LINKS)
    scripts = [
        (kind, script)
        for script in document.query_selector_all(RIGHTS_SCRIPTS)
        if RIGHTS_SCRIPT.match(kind := script.getattr("type") or "")
    ]
    counts = (len(every), MAX_METAS), (len(links), MAX_LINKS), (len(scripts), MAX_SCRIPTS)
    return {
        "metas": metas,
        "links": [
            [link.tag, *((link.getattr(name) or "")[:MAX_CONTENT_CHARS] for name in LINK_NAMES)]
            for link in links[:MAX_LINKS]
        ],
        "scripts": [
            [kind[:MAX_NAME_CHARS], script.text[:MAX_SCRIPT_CHARS]]
            for kind, script in scripts[:MAX_SCRIPTS]
        ],
        "is_cut": any(count > cap for count, cap in counts),
    }


def extract(html: str, extractor: str, max_chars: int) -> dict[str, Any]:
    """Main text of decoded markup, by `trafilatura` (fast, no comments) or `resiliparse`."""
    # Before parsing too: parsers drop the escape and leave what it commands.
    html = controls.plain(html)
    if extractor == "resiliparse":
        text = extract_plain_text(
            html, main_content=True, preserve_formatting=True, alt_texts=False
        )
    else:
        text = (
            trafilatura.extract(
                html,
                fast=True,
                include_comments=False,
                include_tables=True,
                include_formatting=False,
                deduplicate=False,
                output_format="txt",
            )
            or ""
        )
    text = controls.plain(text).strip()
    if not text:
        return {"reason": "extract.empty"}
    if len(text) > max_chars:
        return {"reason": "extract.output"}
    return {"text": text}


def parse_robots(body: bytes) -> dict[str, Any]:
    """A robots.txt as the JSON that `filters.robots` reads back, and its status."""
    parsed = impersonal.of_robots(robots.parse(body))
    return {"status": parsed.status, "content": None if parsed.is_silent else parsed.to_json()}


def parse_site_file(path: str, body: bytes) -> dict[str, Any]:
    """A tdmrep.json, an ai.txt or, at any other path, an RSL document, as JSON."""
    if path == TDMREP:
        return {"status": "rules", "content": impersonal.of_tdmrep(tdmrep.parse(body)).to_json()}
    if path in AI_TXT:
        return {"status": "rules", "content": impersonal.of_ai_txt(aitxt.parse(body)).to_json()}
    return {"status": "rules", "content": impersonal.of_rsl(rsl.parse(body)).to_json()}
