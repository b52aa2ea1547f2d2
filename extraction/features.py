"""What the trees look at: numbers of each block, of those around it, and of the elements above it.

Nothing here depends on the language: lengths, shares and places, and the hints of class names.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from extraction import names
from extraction.scan import (
    ALL_HINTS,
    BOLD,
    BREAKS,
    CAPITALS,
    CHARS,
    COMMAS,
    DEPTH,
    DIGITS,
    ELEMENT,
    ENDING,
    FIRST,
    HINTS,
    INLINE,
    LAST,
    LINK_CHARS,
    LINKS,
    PARENT,
    STOPS,
    TAG,
    WORDS,
    Scanned,
)
from filters.compiled import compiled

GROUPS: Final = (
    ("p",), ("li",), ("td", "th"), ("h1",), ("h2",), ("h3", "h4", "h5", "h6"), ("div",),
    ("pre", "blockquote"), ("dt", "dd"), ("figcaption", "caption"), ("button", "option", "legend"),
    ("section", "article", "main", "body"),
)  # fmt: skip
"""Elements that a block may stand in, by kind."""
FIRST_HEADING, LAST_HEADING = 3, 5
WITHIN: Final = (
    *("nav", "aside", "footer", "header", "form", "table", "ul", "article", "main", "figure"),
    *("blockquote", "section", "details", "ol", "dl"),
)
"""Elements whose presence above a block matters."""
ABOVE: Final = 5
"""Elements above a block that are looked at."""
AROUND: Final = (-3, -2, -1, 1, 2, 3)
"""Blocks before and after it that are."""
LONG_CHARS, LONG_LINK_SHARE = 80, 0.4
"""A block of so many characters, less than this share of them in links, is long."""
SCORED_CHARS: Final = 25
"""Shorter blocks say nothing of where the text is."""
FAR: Final = 50.0
MOST_KEYS: Final = 1024
_GOOD, _BAD = np.int32(names.HINT["content"]), np.int32(names.FURNITURE)

FEATURES: Final = (
    *("chars", "words", "link_share", "links", "stops", "commas", "digits", "capitals"),
    *("inline", "breaks", "bold", "ending", "word_length"),
    *(f"in_{group[0]}" for group in GROUPS),
    "depth",
    *(f"within_{name}" for name in WITHIN),
    *(f"hint_{name}" for name in names.HINTS),
    *(f"near_hint_{name}" for name in names.HINTS),
    *(
        f"above_{number}_{what}"
        for number in range(1, ABOVE + 1)
        for what in ("chars", "long_share", "link_share", "blocks", "place")
    ),
    *("in_best", "steps_to_best", "blocks_to_best", "best_share", "shared_depth", "in_tightest"),
    *("place", "chars_before", "since_heading", "since_long", "until_long", "headings_before"),
    *(
        f"around_{number}_{what}"
        for number in AROUND
        for what in ("chars", "link_share", "ending", "alike", "heading")
    ),
    *("near_long", "near_links", "wide_long", "wide_links"),
    *("alike", "alike_chars", "alike_links"),
    *("page_chars", "page_blocks", "page_link_share", "page_long_share"),
)
HEADINGS: Final = tuple(
    FEATURES.index(f"in_{group[0]}") for group in GROUPS[FIRST_HEADING : LAST_HEADING + 1]
)
"""Columns that say that a block is a heading."""
LISTED: Final = tuple(FEATURES.index(name) for name in ("in_li", "in_td", "in_dt", "in_pre"))
"""Columns that say that a block is an item of a list, a cell or preformatted."""

_N_GROUPS, _N_WITHIN, _N_HINTS, _N_AROUND = len(GROUPS), len(WITHIN), len(names.HINTS), len(AROUND)


def _numbered(groups: tuple[tuple[str, ...], ...]) -> NDArray[np.int8]:
    found = np.full(len(names.NAMES), -1, np.int8)
    for number, group in enumerate(groups):
        found[[names.ID[name] for name in group]] = number
    return found


_GROUP_OF: Final = _numbered(GROUPS)
_WITHIN_OF: Final = _numbered(tuple((name,) for name in WITHIN))


def features(scanned: Scanned) -> NDArray[np.float32]:
    """A row of `FEATURES` for each block."""
    made = np.zeros((len(scanned.blocks), len(FEATURES)), np.float32)
    if len(made):
        _features(scanned.elements, scanned.blocks, _GROUP_OF, _WITHIN_OF, made)
    return made


@compiled
def _containers(
    elements: NDArray[np.int32],
    blocks: NDArray[np.int32],
    is_long: NDArray[np.bool_],
    chars: NDArray[np.float64],
    links: NDArray[np.float64],
    longs: NDArray[np.float64],
) -> tuple[int, int]:
    """The container that scores best, as readability has it, and the tightest around most text."""
    m = elements.shape[0]
    score = np.zeros(m, np.float64)
    for b in range(blocks.shape[0]):
        c = blocks[b, CHARS]
        if not is_long[b] and c < SCORED_CHARS:
            continue
        gained = 1.0 + blocks[b, COMMAS] + min(c / 100.0, 3.0)
        if not is_long[b]:
            gained *= 0.2
        e = blocks[b, ELEMENT]
        part = 1.0
        for _ in range(4):
            if e < 0:
                break
            score[e] += gained * part
            e = elements[e, PARENT]
            part *= 0.6
    total_long = max(1.0, longs[-1])
    best, best_score, tightest, smallest = 0, -1.0, 0, chars[-1] + 1.0
    for e in range(m):
        first, last = elements[e, FIRST], elements[e, LAST]
        if last <= first:
            continue
        c = chars[last] - chars[first]
        value = score[e] * (1.0 - (links[last] - links[first]) / max(1.0, c))
        if elements[e, HINTS] & _GOOD:
            value *= 1.2
        if elements[e, HINTS] & _BAD:
            value *= 0.7
        if value > best_score:
            best, best_score = e, value
        if longs[last] - longs[first] >= 0.7 * total_long and c <= smallest:
            tightest, smallest = e, c
    return best, tightest


@compiled
def _keys(elements: NDArray[np.int32], blocks: NDArray[np.int32]) -> NDArray[np.int32]:
    """Blocks alike have one key: their elements' names and hints, four steps up."""
    made = np.zeros(blocks.shape[0], np.int32)
    for b in range(blocks.shape[0]):
        e = blocks[b, ELEMENT]
        key = np.uint32(2166136261)
        for _ in range(4):
            if e < 0:
                break
            key = (key ^ np.uint32(elements[e, TAG] + 2)) * np.uint32(16777619)
            key = (key ^ np.uint32(elements[e, HINTS])) * np.uint32(16777619)
            e = elements[e, PARENT]
        made[b] = np.int32((key ^ (key >> np.uint32(15))) & np.uint32(MOST_KEYS - 1))
    return made


@compiled
def _features(
    elements: NDArray[np.int32],
    blocks: NDArray[np.int32],
    group_of: NDArray[np.int8],
    within_of: NDArray[np.int8],
    out: NDArray[np.float32],
) -> None:
    n, m = blocks.shape[0], elements.shape[0]
    # Sums up to each block, so that those of a range are differences.
    chars, links, longs = np.zeros(n + 1), np.zeros(n + 1), np.zeros(n + 1)
    is_long = np.zeros(n, np.bool_)
    for b in range(n):
        c, linked = blocks[b, CHARS], blocks[b, LINK_CHARS]
        is_long[b] = c >= LONG_CHARS and linked < LONG_LINK_SHARE * c
        chars[b + 1] = chars[b] + c
        links[b + 1] = links[b] + linked
        longs[b + 1] = longs[b] + (c if is_long[b] else 0)
    total, total_long = max(1.0, float(chars[n])), max(1.0, float(longs[n]))
    best, tightest = _containers(elements, blocks, is_long, chars, links, longs)
    best_first, best_last = elements[best, FIRST], elements[best, LAST]
    best_share = (longs[best_last] - longs[best_first]) / total_long
    tight_first, tight_last = elements[tightest, FIRST], elements[tightest, LAST]
    up_from_best = np.full(m, -1, np.int32)
    e, steps = best, 0
    while e >= 0:
        up_from_best[e] = steps
        e = elements[e, PARENT]
        steps += 1
    within, near = np.zeros(m, np.int32), np.zeros(m, np.int32)
    for e in range(m):
        parent, tag = elements[e, PARENT], elements[e, TAG]
        bit = 1 << within_of[tag] if tag >= 0 and within_of[tag] >= 0 else 0
        within[e] = (within[parent] if parent >= 0 else 0) | bit
        near[e] = elements[e, HINTS]
        for _ in range(2):
            if parent < 0:
                break
            near[e] |= elements[parent, HINTS]
            parent = elements[parent, PARENT]
    keys = _keys(elements, blocks)
    alike, alike_chars = np.zeros(MOST_KEYS), np.zeros(MOST_KEYS)
    alike_links = np.zeros(MOST_KEYS)
    for b in range(n):
        alike[keys[b]] += 1
        alike_chars[keys[b]] += blocks[b, CHARS]
        alike_links[keys[b]] += blocks[b, LINK_CHARS]
    until_long = np.zeros(n)
    ahead = FAR
    for b in range(n - 1, -1, -1):
        until_long[b] = ahead
        ahead = 0.0 if is_long[b] else min(FAR, ahead + 1)
    since_long, since_heading, headings = FAR, FAR, 0.0
    for b in range(n):
        row = out[b]
        c, words = float(blocks[b, CHARS]), max(1.0, float(blocks[b, WORDS]))
        e = blocks[b, ELEMENT]
        tag = elements[e, TAG]
        group = group_of[tag] if tag >= 0 else -1
        row[0] = np.log1p(c)
        row[1] = np.log1p(words)
        row[2] = blocks[b, LINK_CHARS] / c
        row[3] = blocks[b, LINKS]
        row[4] = blocks[b, STOPS] / c
        row[5] = blocks[b, COMMAS] / c
        row[6] = blocks[b, DIGITS] / c
        row[7] = blocks[b, CAPITALS] / c
        row[8] = blocks[b, INLINE] / words
        row[9] = blocks[b, BREAKS]
        row[10] = blocks[b, BOLD] / c
        row[11] = blocks[b, ENDING]
        row[12] = c / words
        f = 13
        if group >= 0:
            row[f + group] = 1
        f += _N_GROUPS
        row[f] = elements[e, DEPTH]
        f += 1
        for k in range(_N_WITHIN):
            row[f + k] = (within[e] >> k) & 1
        f += _N_WITHIN
        for k in range(_N_HINTS):
            row[f + k] = (elements[e, ALL_HINTS] >> k) & 1
            row[f + _N_HINTS + k] = (near[e] >> k) & 1
        f += 2 * _N_HINTS
        above = e
        for _ in range(ABOVE):
            first, last = elements[above, FIRST], elements[above, LAST]
            inside = max(1.0, chars[last] - chars[first])
            row[f] = np.log1p(inside)
            row[f + 1] = (longs[last] - longs[first]) / total_long
            row[f + 2] = (links[last] - links[first]) / inside
            row[f + 3] = np.log1p(float(last - first))
            row[f + 4] = (b - first) / max(1.0, float(last - first))
            f += 5
            if elements[above, PARENT] >= 0:
                above = elements[above, PARENT]
        above, up = e, 0
        while up_from_best[above] < 0:
            above = elements[above, PARENT]
            up += 1
        in_best = best_first <= b < best_last
        row[f] = in_best
        row[f + 1] = up + up_from_best[above]
        if not in_best:
            row[f + 2] = b - best_last + 1 if b >= best_last else b - best_first
        row[f + 3] = best_share
        row[f + 4] = elements[above, DEPTH]
        row[f + 5] = tight_first <= b < tight_last
        f += 6
        row[f] = b / n
        row[f + 1] = chars[b] / total
        row[f + 2] = since_heading
        row[f + 3] = since_long
        row[f + 4] = until_long[b]
        row[f + 5] = headings
        f += 6
        for k in range(_N_AROUND):
            other = b + AROUND[k]
            if 0 <= other < n:
                other_chars = float(blocks[other, CHARS])
                other_tag = elements[blocks[other, ELEMENT], TAG]
                other_group = group_of[other_tag] if other_tag >= 0 else -1
                row[f] = np.log1p(other_chars)
                row[f + 1] = blocks[other, LINK_CHARS] / other_chars
                row[f + 2] = blocks[other, ENDING]
                row[f + 3] = keys[other] == keys[b]
                row[f + 4] = FIRST_HEADING <= other_group <= LAST_HEADING
            else:
                row[f] = -1.0
            f += 5
        for radius in (3, 10):
            low, high = max(0, b - radius), min(n, b + radius + 1)
            inside = max(1.0, chars[high] - chars[low])
            row[f] = (longs[high] - longs[low]) / inside
            row[f + 1] = (links[high] - links[low]) / inside
            f += 2
        key = keys[b]
        row[f] = np.log1p(alike[key])
        row[f + 1] = np.log1p(alike_chars[key] / alike[key])
        row[f + 2] = alike_links[key] / alike_chars[key]
        f += 3
        row[f] = np.log1p(total)
        row[f + 1] = np.log1p(float(n))
        row[f + 2] = links[n] / total
        row[f + 3] = longs[n] / total
        since_long = 0.0 if is_long[b] else min(FAR, since_long + 1)
        if FIRST_HEADING <= group <= LAST_HEADING:
            since_heading = 0.0
            headings = min(9.0, headings + 1)
        else:
            since_heading = min(FAR, since_heading + 1)
