"""A parsed page: its blocks, all that it shows, and its main text."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.html import HTMLTree

from extraction import trees
from extraction.features import FEATURES, HEADINGS, LISTED, features
from extraction.scan import CHARS, Scanned, scan
from extraction.text import text_of

FEW_CHARS: Final = 200
"""Of a page that shows fewer, what it shows to readers without scripts counts too: forums show
crawlers all of their text there."""
WEIGHTS: Final = "weights.npz"
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
SURE_FROM: Final = 0.5
"""Confidence from which trafilatura would not do better."""

_CHARS, _LINKS, _LINK_SHARE = (FEATURES.index(name) for name in ("chars", "links", "link_share"))


class Page(NamedTuple):
    """The body's markup and what lies where in it."""

    markup: bytes
    scanned: Scanned

    @property
    def chars(self) -> int:
        """Characters of all blocks, without spaces."""
        return int(self.scanned.blocks[:, CHARS].sum())


class Main(NamedTuple):
    """Main text of a page, and how good it is likely to be: an F1, 0 to 1."""

    text: str
    confidence: float


def read(tree: HTMLTree) -> Page:
    """Blocks of a parsed page."""
    body = tree.body
    if body is None:
        return Page(b"", scan(b""))
    markup = body.html.encode("utf-8", "replace")
    page = Page(markup, scan(markup))
    return page if page.chars >= FEW_CHARS else Page(markup, scan(markup, noscript=True))


def shown(page: Page, most: int) -> str:
    """Text of the page's first blocks, until they have so many characters."""
    before = np.cumsum(page.scanned.blocks[:, CHARS]) - page.scanned.blocks[:, CHARS]
    return text_of(page.markup, page.scanned, before < most)


def main_text(page: Page, model: trees.Trees) -> Main:
    """Main text, by the model."""
    known = features(page.scanned)
    if not len(known):
        return Main("", 1.0)
    chance = probabilities(known, model)
    kept = chosen(chance, known)
    return Main(text_of(page.markup, page.scanned, kept), confidence(chance, kept, page.scanned))


def probabilities(known: NDArray[np.float32], model: trees.Trees) -> NDArray[np.float32]:
    """Of each block, that it belongs to the text."""
    return (1 / (1 + np.exp(-model.scores(known)))).astype(np.float32)


def chosen(chance: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Blocks that are kept: the likely ones, headings right before them, and lists within them."""
    share, links = known[:, _LINK_SHARE], known[:, _LINKS]
    is_listed, is_heading = known[:, LISTED].any(axis=1), known[:, HEADINGS].any(axis=1)
    asked = np.where(is_listed & (share >= CONTENTS_SHARE), CONTENTS_FROM, 0.0)
    asked[(share >= MENU_SHARE) & (links >= MENU_LINKS)] = MENU_FROM
    asked[is_heading & (known[:, _CHARS] > np.log1p(MAX_HEADING))] = 1.0
    chance = np.where(chance < asked, 0.0, chance)
    kept = chance >= KEPT_FROM
    for b in np.flatnonzero(is_heading & (chance >= HEADING_FROM) & ~kept)[::-1]:
        kept[b] = kept[b + 1 : b + 1 + (TITLE_REACH if known[b, HEADINGS[0]] else 1)].any()
    is_listed &= chance >= LISTED_FROM
    places = np.flatnonzero(kept)
    gaps = np.diff(places) - 1
    for place, gap in zip(places[:-1][gaps > 0], gaps[gaps > 0], strict=True):
        if gap <= MAX_LISTED and is_listed[place + 1 : place + 1 + gap].all():
            kept[place + 1 : place + 1 + gap] = True
    is_told = is_listed & (links == 0) & (known[:, _CHARS] >= np.log1p(TOLD_CHARS)) & ~kept
    for first in np.flatnonzero(kept[:-1] & is_told[1:]) + 1:
        run = is_told[first : first + MAX_LISTED]
        kept[first : first + (len(run) if run.all() else int(run.argmin()))] = True
    return kept


def confidence(chance: NDArray[np.float32], kept: NDArray[np.bool_], scanned: Scanned) -> float:
    """Expected F1 of the kept characters, if each block is text by its chance."""
    chars = scanned.blocks[:, CHARS].astype(np.float64)
    right = float((chars * chance)[kept].sum())
    both = float(chars[kept].sum() + (chars * chance).sum())
    return 2 * right / both if both else 1.0


def model() -> trees.Trees:
    """The model that is shipped (`extraction/card.md`)."""
    with resources.as_file(resources.files("extraction").joinpath(WEIGHTS)) as path:
        return trees.load(Path(path))
