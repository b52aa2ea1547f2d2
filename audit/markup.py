"""Manual pages and help pages as documents: a line for each paragraph, no markup.

Reads what Debian's documentation is written in: HTML, Mallard and DocBook (`pages`), and man pages
(`manual_page`). Code, menus of the page and credits are left out; so is every element that the
translator left without text.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree  # type: ignore[import-untyped]

MAX_BYTES: Final = 8 << 20  # the longest book in one file has 3 MB

# Elements whose text is a paragraph of its own: HTML; Mallard; DocBook.
_BLOCKS: Final = frozenset(
    [
        "p",
        "li",
        "td",
        "th",
        "dt",
        "dd",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "caption",
        "blockquote",
        "div",
        "body",
        "title",
        "item",
        "section",
        "page",
        "list",
        "steps",
        "note",
        "para",
        "simpara",
        "term",
        "listitem",
        "varlistentry",
        "itemizedlist",
        "orderedlist",
        "variablelist",
        "procedure",
        "step",
        "chapter",
        "sect1",
        "sect2",
        "sect3",
        "sect4",
        "sect5",
        "simplesect",
        "preface",
        "appendix",
        "article",
        "book",
        "table",
        "row",
        "entry",
        "tr",
        "ul",
        "ol",
        "dl",
    ]
)

# What is not prose: code, navigation, the credits, an index.
_SKIPPED: Final = frozenset(
    [
        "head",
        "script",
        "style",
        "pre",
        "code",
        "samp",
        "kbd",
        "nav",
        "header",
        "footer",
        "aside",
        "noscript",
        "button",
        "select",
        "form",
        "info",
        "articleinfo",
        "bookinfo",
        "programlisting",
        "screen",
        "synopsis",
        "cmdsynopsis",
        "literallayout",
        "indexterm",
        "keyword",
        "revhistory",
        "legalnotice",
        "authorgroup",
        "copyright",
        "bibliography",
        "index",
        "toc",
        "media",
        "mediaobject",
        "figure",
        "screenshot",
        "remark",
    ]
)
_SKIPPED_CLASSES: Final = frozenset({"navheader", "navfooter", "toc", "docnav", "relatedtopics"})

# A book in one DocBook file is a document for each of these.
_PARTS: Final = frozenset({"chapter", "sect1", "preface", "appendix"})

_SPACE: Final = re.compile(r"\s+")


def pages(data: bytes, *, is_html: bool) -> Iterator[str]:
    """The documents of one file: a page is one, a DocBook book one for each section.

    Nothing for a file that no parser reads or that is larger than 8 MB.
    """
    if len(data) > MAX_BYTES:
        return
    parser = (
        etree.HTMLParser(encoding="utf-8", no_network=True)
        if is_html
        else etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return
    if root is None:
        return
    main = root.xpath("//*[@id='DisplayArea']") if is_html else []
    parts = [] if is_html else [node for node in root.iter() if _name(node) in _PARTS]
    parts = [
        node
        for node in parts
        if not any(_name(child) in _PARTS for child in node.iter() if child is not node)
    ]
    for node in main or parts or [root]:
        paragraphs = list(_paragraphs(node))
        if paragraphs:
            yield "\n".join(paragraphs)


def _paragraphs(root: object) -> Iterator[str]:
    """Text of each block, in order; a block's own text is what no block inside it holds."""
    pieces: list[str] = []
    # (node, done): depth is bounded by the parser (256), but an explicit stack costs nothing.
    stack: list[tuple[object, bool]] = [(root, False)]
    while stack:
        node, is_tail = stack.pop()
        if is_tail:
            if _name(node) in _BLOCKS:
                yield from _flush(pieces)
            tail = getattr(node, "tail", None)
            if node is not root and tail:
                pieces.append(tail)
            continue
        stack.append((node, True))
        name = _name(node)
        if not name or name in _SKIPPED or _is_navigation(node):
            if name in _SKIPPED or not name:
                pieces.append(" ")
            continue
        if name in _BLOCKS:
            yield from _flush(pieces)
        if name == "br":
            pieces.append(" ")
        text = getattr(node, "text", None)
        if text:
            pieces.append(text)
        stack.extend((child, False) for child in reversed(list(node)))  # type: ignore[call-overload]
    yield from _flush(pieces)


def _flush(pieces: list[str]) -> Iterator[str]:
    text = _SPACE.sub(" ", "".join(pieces)).strip()
    pieces.clear()
    if text:
        yield text


def _name(node: object) -> str:
    tag = getattr(node, "tag", None)
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _is_navigation(node: object) -> bool:
    classes = node.get("class", "") if hasattr(node, "get") else ""
    return not _SKIPPED_CLASSES.isdisjoint(classes.split())


# Man pages (groff_man(7)): requests that begin a paragraph, whose arguments are text, whose block
# is no prose.
_BREAKS: Final = frozenset(
    {"PP", "P", "LP", "TP", "TQ", "IP", "HP", "sp", "br", "RS", "RE", "Pp", "It", "Bl", "El"}
)
_HEADINGS: Final = frozenset({"SH", "SS", "Sh", "Ss"})
_FONTS: Final = frozenset({"B", "I", "R", "BR", "RB", "BI", "IB", "RI", "IR", "SM", "SB"})
_CODE: Final = {"nf": "fi", "EX": "EE", "TS": "TE", "EQ": "EN", "Bd": "Ed"}

_ESCAPES: Final = (
    (re.compile(r"\\[\"#].*"), ""),
    (re.compile(r"\\f(?:\([A-Za-z]{2}|\[[^\]\n]{0,20}\]|.)"), ""),
    (re.compile(r"\\s[-+]?\d"), ""),
    (re.compile(r"\\\[u([0-9A-Fa-f]{4,5})\]"), None),
    (re.compile(r"\\\((?:bu)"), "\u2022"),
    (re.compile(r"\\\((?:em|en|hy)"), "-"),
    (re.compile(r"\\\((?:aq|cq|oq)"), "'"),
    (re.compile(r"\\\((?:dq|lq|rq)"), '"'),
    (re.compile(r"\\\([^\s]{2}"), ""),
    (re.compile(r"\\\*(?:\([^\s]{2}|\[[^\]\n]{0,20}\]|.)"), ""),
    (re.compile(r"\\[mnMkzhvwl](?:'[^'\n]{0,40}'|\[[^\]\n]{0,20}\]|\([^\s]{2})"), ""),
    (re.compile(r"\\e"), "\\\\"),
    (re.compile(r"\\[ ~0]"), " "),
    (re.compile(r"\\[&/,:^|%c!)]"), ""),
    (re.compile(r"\\(.)"), r"\1"),
)
_ARGUMENT: Final = re.compile(r'"((?:[^"]|"")*)"?|(\S+)')


def manual_page(source: str) -> str:
    """The prose of a man page; empty if it only names another page."""
    paragraphs: list[str] = []
    pieces: list[str] = []
    until = ""
    for line in source.splitlines():
        is_request = line[:1] in {".", "'"}
        request, _, rest = line[1:].lstrip().partition(" ") if is_request else ("", "", "")
        if until:
            until = "" if request == until else until
        elif request in _FONTS:
            pieces.append(_joined(rest, " " if len(request) == 1 else "") + " ")
        elif line.strip() and not is_request:
            pieces.append(f"{_unescaped(line)} ")
        elif not line.strip() or request in _BREAKS | _HEADINGS | _CODE.keys():
            paragraphs.extend(_flush(pieces))
            until = _CODE.get(request, "")
            if request in _HEADINGS:
                paragraphs.extend(_flush([_joined(rest, " ")]))
    paragraphs.extend(_flush(pieces))
    return "\n".join(paragraphs)


def _joined(arguments: str, space: str) -> str:
    found = (a.replace('""', '"') or b for a, b in _ARGUMENT.findall(arguments))
    return _unescaped(space.join(found))


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    for pattern, replacement in _ESCAPES:
        if replacement is None:
            text = pattern.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), text)
        else:
            text = pattern.sub(replacement, text)
    return text
