"""Names of elements and words of their attributes, as numbers that compiled loops know."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from extraction import caps

INLINE: Final = (
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em"),
    *(
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "rb",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "s",
    ),
    *("samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    *("img", "picture", "source", "meta", "link", "area", "map", "param", "base", "track", "embed"),
    *("custom",),
)
"""Elements that do not end a block of text. What is unknown (`custom`) counts as one."""
BLOCKS: Final = (
    *("address", "article", "aside", "blockquote", "body", "button", "canvas", "caption", "center"),
    *("col", "colgroup", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
    *("hgroup", "hr", "input", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option"),
    *("p", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
    *("thead", "tr", "ul", "br", "html", "head", "title"),
)
RAW: Final = (
    *("script", "style", "template", "iframe", "svg", "math", "textarea", "xmp"),
    *("noembed", "noframes", "noscript", "plaintext", "select", "object", "datalist", "audio"),
    "video",
)
"""Elements of which nothing is read."""
NAMES: Final = tuple(dict.fromkeys((*INLINE, *BLOCKS, *RAW)))
ID: Final = {name: number for number, name in enumerate(NAMES)}
CUSTOM: Final = ID["custom"]

PRIME, BASIS = 0x100000001B3, 0xCBF29CE484222325
_MASK = (1 << 64) - 1


def fnv(word: str) -> int:
    """FNV-1a of the word's bytes."""
    value = BASIS
    for byte in word.encode():
        value = ((value ^ byte) * PRIME) & _MASK
    return value


WORDS: Final = {
    "comment": (
        "comment comments commentlist disqus discussion reply replies respond responses "
        "kommentar kommentare commentaires comentarios"
    ),
    "navigation": (
        "nav navi navigation navbar menu menus breadcrumb breadcrumbs crumb crumbs "
        "pagination pager paging toc sitemap topbar skip skiplink submenu dropdown tab "
        "tabs"
    ),
    "side": (
        "sidebar side aside widget widgets rail secondary related recommended "
        "recommendations recommend similar more popular trending latest recent teaser "
        "teasers promo promotion readmore also"
    ),
    "share": (
        "share sharing social socials facebook twitter whatsapp follow subscribe "
        "newsletter signup mailchimp bookmark bookmarks like likes"
    ),
    "advert": (
        "ad ads advert adverts advertisement advertising sponsor sponsored banner dfp "
        "taboola outbrain affiliate anzeige werbung"
    ),
    "notice": (
        "cookie cookies consent gdpr privacy modal popup overlay paywall login register "
        "captcha notice alert disclaimer legal copyright imprint impressum"
    ),
    "foot": ("footer foot bottom colophon credits"),
    "head": ("header masthead topnav logo branding hero top"),
    "about": (
        "author byline meta metadata date dateline time published posted tags tag "
        "category categories keywords bio profile avatar info infobox vcard rating "
        "ratings caption credit"
    ),
    "content": (
        "content article articlebody entry post story body text main maincontent bodytext "
        "storybody articletext prose page single blog news copy richtext"
    ),
}
"""Words of class, id and role, by what they hint at."""
HINTS: Final = tuple(WORDS)
"""Names of their bits, from the lowest."""
HINT: Final = {name: 1 << bit for bit, name in enumerate(HINTS)}
FURNITURE: Final = sum(HINT[name] for name in ("comment", "navigation", "side", "share", "notice"))
"""Bits of what speaks against an element as the container of the text."""


def table(values: dict[int, int]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Sorted hashes, and what each stands for."""
    keys = sorted(values)
    return np.array(keys, np.uint64), np.array([values[key] for key in keys], np.int32)


NAME_KEYS, NAME_IDS = table({fnv(name): number for name, number in ID.items()})
HINT_KEYS, HINT_BITS = table(
    {fnv(word): 1 << bit for bit, words in enumerate(WORDS.values()) for word in words.split()}
)
IS_INLINE, IS_BLOCK, IS_RAW, IS_VOID = 0, 1, 2, 4
KIND: Final = np.zeros(len(NAMES), np.int8)
"""By number: inline, block or raw; and void, where there is no end tag."""
for _name, _number in ID.items():
    _kind = IS_RAW if _name in RAW else IS_BLOCK if _name in BLOCKS else IS_INLINE
    KIND[_number] = _kind | (IS_VOID if _name in caps.VOID else 0)
KIND_WITH_NOSCRIPT: Final = KIND.copy()
"""For pages that show their text to readers without scripts alone."""
KIND_WITH_NOSCRIPT[ID["noscript"]] = IS_BLOCK
