"""What no page may be: markup that parsers and walkers of trees need minutes for."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.html import HTMLTree

from filters.compiled import compiled, mix

VOID: Final = (
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
)
IMPLIED_END: Final = (
    *("p", "li", "dt", "dd", "tr", "td", "th", "option", "optgroup", "thead", "tbody", "tfoot"),
    *("colgroup", "rp", "rt"),
)
MAX_TAG_ATTRIBUTES = 2_000
CHARS_PER_ATTRIBUTE = 10
"""Attributes are counted only in a tag of as many characters as the cap times this: looking into
every tag would cost more than what a few more attributes do."""
MAX_TAGS = 1_000_000
"""Tags past which a page is a bomb whatever it holds: the cap of 20 MB leaves room for more."""
QUOTED = re.compile(r"""(?<==)\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$))""")
NAME_BYTES = 8


class Limits(NamedTuple):
    """What a page may have at most, and the text that it must show at least."""

    bytes: int
    """Once it is decoded."""
    depth: int
    tags: int = MAX_TAGS
    tag_attributes: int = MAX_TAG_ATTRIBUTES
    visible_chars: int = 0


def is_bomb(
    html: str,
    max_depth: int,
    max_tags: int = MAX_TAGS,
    max_tag_attributes: int = MAX_TAG_ATTRIBUTES,
) -> bool:
    """Whether the markup nests deeper than `max_depth`, or has too many tags or attributes.

    Parsers that walk the tree need minutes for such pages. Linear time: one pass over the tags;
    where they seem to nest too deep, the tree has the last word, since browsers close what pages
    leave open.
    """
    tags, longest, depth = _tags(
        np.frombuffer(html.encode("utf-8", "replace"), dtype=np.uint8), NOT_NESTING
    )
    if tags > max_tags:
        return True
    is_long = longest > CHARS_PER_ATTRIBUTE * max_tag_attributes
    if is_long and _has_huge_tag(html, max_tag_attributes):
        return True
    return depth > max_depth and _is_deep(html, max_depth)


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


def _name_code(name: str) -> int:
    return int.from_bytes(name.encode()[:NAME_BYTES].ljust(NAME_BYTES, b"\0"), "big")


NOT_NESTING: Final = np.array(sorted(map(_name_code, VOID + IMPLIED_END)), dtype=np.uint64)
SLOTS, PROBES = 1 << 12, 16
"""Of the table of names. Where a name finds no place, a page has thousands: the tree is asked."""


@compiled
def _name(raw: NDArray[np.uint8], at: int) -> np.uint64:
    """The first eight letters and digits of a tag's name, lower case, as a number; 0 for none."""
    name = np.uint64(0)
    for place in range(NAME_BYTES):
        byte = raw[at + place] if at + place < raw.size else np.uint8(0)
        lower = byte | np.uint8(32)
        if 97 <= lower <= 122 or (place > 0 and 48 <= byte <= 57):
            name |= np.uint64(lower if lower >= 97 else byte) << np.uint64(56 - 8 * place)
        else:
            break
    return name


@compiled
def _tags(  # noqa: C901
    raw: NDArray[np.uint8], not_nesting: NDArray[np.uint64]
) -> tuple[int, int, int]:
    """Number of `<`, most bytes from one to the next, and how deep the tags seem to nest.

    An end tag takes back one start tag of its name, if one is open; a stray one takes back
    nothing, as in browsers. Void elements, those whose end is implied and empty-element tags do
    not count. A tag runs to the next `>`; without one, or with `<` before it, it is none.
    """
    names, counts = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.int64)
    tags, longest, depth, deepest = 0, 0, 0, 0
    begun, open_at = -1, -1
    for at in range(raw.size):
        byte = raw[at]
        if byte == 60:  # <
            if begun >= 0:
                longest = max(longest, at - begun)
            begun, open_at = at, at
            tags += 1
        elif byte == 62 and tags and open_at >= 0:  # the first > behind it
            is_end = raw[open_at + 1] == 47
            name = _name(raw, open_at + 2 if is_end else open_at + 1)
            is_counted = name != 0 and raw[at - 1] != 47
            if is_counted:
                place = np.searchsorted(not_nesting, name)
                is_counted = place == not_nesting.size or not_nesting[place] != name
            if is_counted:
                slot = np.int64(mix(name) & np.uint64(SLOTS - 1))
                for _ in range(PROBES):
                    if names[slot] == name or names[slot] == 0:
                        break
                    slot = (slot + 1) & (SLOTS - 1)
                if names[slot] != name and names[slot] != 0:
                    deepest = raw.size
                names[slot] = name
                if not is_end:
                    counts[slot] += 1
                    depth += 1
                    deepest = max(deepest, depth)
                elif counts[slot] > 0:
                    counts[slot] -= 1
                    depth -= 1
            open_at = -1
    if begun >= 0:
        longest = max(longest, raw.size - begun)
    return tags, longest, deepest


def _has_huge_tag(html: str, cap: int) -> bool:
    """Whether a tag has more attributes than the cap; the words of a quoted value are none."""
    for piece in html.split("<"):
        if len(piece) > CHARS_PER_ATTRIBUTE * cap and piece[:1].isalpha():
            tag = QUOTED.sub("", piece).partition(">")[0]
            if len(tag.split(None, cap + 1)) > cap + 1:  # the first is the tag's name
                return True
    return False
