"""A parsed page: its blocks, all that it shows, and its main text."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from resiliparse.parse.html import HTMLTree

from extraction import trees
from extraction.choice import chosen
from extraction.features import features
from extraction.scan import CHARS, Scanned, scan
from extraction.text import text_of

FEW_CHARS: Final = 200
"""Of a page that shows fewer, what it shows to readers without scripts counts too: forums show
crawlers all of their text there."""
WEIGHTS: Final = "weights.npz"
SURE_FROM: Final = 0.5
"""Confidence from which trafilatura would not do better."""


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
