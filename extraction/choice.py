"""Which blocks are kept, by what the trees say of each and by what stands around it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from extraction.features import FEATURES, HEADINGS, LISTED
from filters.compiled import compiled

KEPT_FROM, HEADING_FROM, LISTED_FROM = 0.55, 0.2, 0.25
"""Probability from which a block is kept; a heading, if what follows it is; items of a list, cells
and preformatted lines, if what stands before and after them is."""
MENU_SHARE, MENU_LINKS, MENU_FROM = 0.6, 3, 0.75
"""A block with this share in links, in so many, is a menu, unless it is as likely as that."""
CONTENTS_SHARE, CONTENTS_FROM = 0.8, 0.65
"""The same of an item or cell that is one link: a table of contents."""
MAX_LISTED: Final = 12
"""Items, cells or lines at a time: menus are longer."""
TOLD_CHARS: Final = 30
"""Items without links, each of so many characters, are text if what stands before them is."""
MAX_HEADING: Final = 500
"""Characters: what is longer is no heading, and no text either."""
TITLE_REACH: Final = 3
"""Blocks after a heading of the first level in which text begins: author and date are between."""

_COLUMNS: Final = tuple(FEATURES.index(name) for name in ("chars", "links", "link_share"))
_MAX_HEADING, _TOLD_CHARS = float(np.log1p(MAX_HEADING)), float(np.log1p(TOLD_CHARS))
"""Characters as the feature has them."""


def chosen(chance: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Blocks that are kept: the likely ones, headings right before them, and lists within them."""
    kept = np.empty(len(chance), np.bool_)
    _choose(chance, known, HEADINGS, LISTED, _COLUMNS, kept)
    return kept


@compiled
def _choose(
    chance: NDArray[np.float32],
    known: NDArray[np.float32],
    headings: tuple[int, ...],
    lists: tuple[int, ...],
    columns: tuple[int, ...],
    kept: NDArray[np.bool_],
) -> None:
    n = len(kept)
    is_heading, is_listed = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    is_told = np.zeros(n, np.bool_)
    for b in range(n):
        chars, links, share = known[b, columns[0]], known[b, columns[1]], known[b, columns[2]]
        heading = listed = False
        for column in headings:
            heading = heading or known[b, column] > 0
        for column in lists:
            listed = listed or known[b, column] > 0
        asked = 0.0
        if listed and share >= CONTENTS_SHARE:
            asked = CONTENTS_FROM
        if share >= MENU_SHARE and links >= MENU_LINKS:
            asked = MENU_FROM
        if heading and chars > _MAX_HEADING:
            asked = 1.0
        likely = chance[b] if chance[b] >= asked else 0.0
        kept[b] = likely >= KEPT_FROM
        is_heading[b] = heading and likely >= HEADING_FROM
        is_listed[b] = listed and likely >= LISTED_FROM
        is_told[b] = is_listed[b] and links == 0 and chars >= _TOLD_CHARS
    for b in range(n - 2, -1, -1):
        if is_heading[b] and not kept[b]:
            reach = TITLE_REACH if known[b, headings[0]] > 0 else 1
            kept[b] = kept[b + 1 : b + 1 + reach].any()
    before = -1
    for b in range(n):
        if kept[b]:
            gap = b - before - 1
            if before >= 0 and gap <= MAX_LISTED and is_listed[before + 1 : b].all():
                kept[before + 1 : b] = True
            before = b
    b = 1
    while b < n:
        first = b
        if kept[b - 1]:
            while b < n and b < first + MAX_LISTED and is_told[b] and not kept[b]:
                kept[b] = True
                b += 1
        b += b == first
