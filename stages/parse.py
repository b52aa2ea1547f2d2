"""What parses hostile bytes: called only inside the killable child (`pipeline.sandboxed`).

Each function takes and returns plain values (strings, numbers, lists, dicts), since they cross a
process boundary. A result with `reason` settles the record. Text depends on the page's bytes and
headers alone: trafilatura's cross-document `deduplicate` cache, its dates and its network code
stay out.
"""

import functools
import logging
import re
from collections.abc import Sequence
from typing import Any

import trafilatura
import trafilatura.utils
from lxml import etree  # type: ignore[import-untyped]
from lxml.html import HtmlElement  # type: ignore[import-untyped]
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from extraction import about, caps, decode, page, trees
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

VERSION = 4
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs page text and URLs

# lxml asks a Python function for the class of every element that it hands out, 2,000 times a page,
# only to give form elements their own, and trafilatura needs none of those. The same text of all
# pages tried, in 93 % of the time (docs/experiments.md).
trafilatura.utils.HTML_PARSER.set_element_class_lookup(
    etree.ElementDefaultClassLookup(element=HtmlElement)
)

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
MAX_VISIBLE_CHARS = 8_000
WEIR, CASCADE, RESILIPARSE = "weir", "cascade", "resiliparse"
"""Extractors; any other name is trafilatura's. A cascade asks trafilatura where ours is unsure."""
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
META_NAMES = ("name", "property", "itemprop", "http-equiv")
LINK_NAMES = ("rel", "type", "href")
RIGHTS_SCRIPT = re.compile(r"\s*application/(?:ld\+json|rsl\+xml)\s*(?:;|$)", re.IGNORECASE)
ABOUT_RIGHTS = ", ".join(
    (
        "meta[content]",
        'script[type*="application/" i]',
        '[rel~="license" i]',
        '[rel~="licence" i]',
        '[type="application/rsl+xml" i]',
        '[href*="creativecommons.org/" i]',
    )
)
"""What may say something of rights; of links, whatever their element is, which is asked later."""


def ready() -> None:
    """Load the model and compile every loop: in the helper, which may take long and write files."""
    survey(b"<html><body><p>Ready?</p></body></html>", {}, (1 << 20, 9, 99, 99, 0), (), WEIR)


def survey(
    body: bytes,
    headers: dict[str, str],
    limits: Sequence[int],
    agents: Sequence[str] = (),
    extractor: str = "",
) -> dict[str, Any]:
    """What the gate must know of a page: its rights and some visible text.

    `findings` is what its markup says of rights to these training agents. `headers` holds
    content-type, content-encoding and transfer-encoding, `limits` what `extraction.caps.Limits`
    holds. Of the visible text only the first `MAX_VISIBLE_CHARS` characters are returned. Where our
    own extractor does, and is sure enough, `main_text` is in the answer: it costs no other parse.
    Otherwise `html` is, the decoded markup for `extract`.
    """
    most = caps.Limits(*limits)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = decode.unchunk(body)
    body, reason = decode.decode_content(body, headers.get("content-encoding", ""), most.bytes)
    if reason:
        return {"reason": reason}
    if not body.strip():
        return {"reason": "gate.empty"}
    content_type = headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if body.startswith(OTHER_MAGIC):
        return {"reason": "gate.media_type"}
    html = decode.markup(body, content_type)
    if media_type not in HTML_TYPES and not LOOKS_LIKE_HTML.search(html[:4096]):
        return {"reason": "gate.media_type"}
    if caps.is_bomb(html, most.depth, most.tags, most.tag_attributes):
        return {"reason": "gate.structure"}
    return _look(html, most.visible_chars, agents, extractor)


def _look(
    html: str, min_visible_chars: int, agents: Sequence[str], extractor: str
) -> dict[str, Any]:
    tree = HTMLTree.parse(html)
    if tree.document is None or tree.body is None:
        return {"reason": "gate.empty"}
    known = _facts(tree.document)
    findings = optout.from_page(PageFacts.of(known), agents)
    facts = {"findings": [to_plain(finding) for finding in findings]}
    title = " ".join(controls.plain(tree.title or "").split())[:1000]
    found = page.read(tree)
    visible = controls.plain(page.shown(found, MAX_VISIBLE_CHARS))[:MAX_VISIBLE_CHARS]
    if not visible:
        return {"reason": "gate.empty", **facts}
    if len(visible) < min_visible_chars:
        return {"reason": "gate.short", **facts}
    (root, *_) = tree.document.get_elements_by_tag_name("html") or (tree.body,)
    answer = {
        **facts,
        "title": title or None,
        "published_on": about.published(known["metas"], known["scripts"]),
        "declared_language": about.language(root.getattr("lang"), known["metas"]),
        "visible": visible,
    }
    text = _own(found, extractor)
    return {**answer, "html": html} if text is None else {**answer, "main_text": text}


def _own(found: page.Page, extractor: str) -> str | None:
    """Main text by our extractor; None where another is asked for, or this one is unsure."""
    if extractor not in (WEIR, CASCADE):
        return None
    main = page.main_text(found, _model())
    if extractor == CASCADE and main.confidence < page.SURE_FROM:
        return None
    return controls.plain(main.text).strip()


@functools.cache
def _model() -> trees.Trees:
    return page.model()


def _facts(document: Any) -> dict[str, Any]:
    """What a page's markup says of rights, as `filters.page_facts.PageFacts` asks for it."""
    # One walk over the tree for all of them: a walk costs more than what is asked at each element.
    found = [(each.tag, each) for each in document.query_selector_all(ABOUT_RIGHTS).values()]
    every = [element for tag, element in found if tag == "meta" and element.hasattr("content")]
    links = [element for tag, element in found if tag in ("link", "a")]
    metas = [
        [name[:MAX_NAME_CHARS], (meta.getattr("content") or "")[:MAX_CONTENT_CHARS]]
        for meta in every[:MAX_METAS]
        if (name := next(filter(None, map(meta.getattr, META_NAMES)), None))
    ]
    scripts = [
        (kind, script)
        for tag, script in found
        if tag == "script" and RIGHTS_SCRIPT.match(kind := script.getattr("type") or "")
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


def extract(html: str, extractor: str) -> dict[str, Any]:
    """Main text of decoded markup, by `weir`, `cascade`, `trafilatura` or `resiliparse`.

    trafilatura is asked to be fast, and for no comments.
    """
    if extractor in (WEIR, CASCADE):
        own = _own(page.read(HTMLTree.parse(html)), extractor)
        if own is not None:
            return {"text": own}
    # Before parsing too: parsers drop the escape and leave what it commands.
    html = controls.plain(html)
    if extractor == RESILIPARSE:
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
    return {"text": controls.plain(text).strip()}


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
