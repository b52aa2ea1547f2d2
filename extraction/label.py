"""Which blocks of a page belong to its text, by a text that is known to be it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from extraction.page import Page
from extraction.text import text_of

GRAM: Final = 8
"""Characters of the pieces that are looked for."""
SHORT: Final = 2 * GRAM
"""Blocks of fewer letters and digits occur by chance: they must be lines of the text."""
FROM: Final = 0.6
"""A block of which this share is in the text belongs to it."""
_NEAR: Final = 2


def letters(text: str) -> str:
    """Letters and digits, lower case: what all extractors write alike."""
    return "".join(filter(str.isalnum, text.lower()))


def labels(page: Page, text: str) -> NDArray[np.bool_]:
    """For each block, whether it belongs to the text.

    A long one does if most of its pieces occur there; a short one if it is a line or a cell of the
    text, or occurs in it and stands near a long one that does.
    """
    whole = letters(text)
    pieces = {whole[at : at + GRAM] for at in range(len(whole) - GRAM + 1)}
    lines = {letters(part) for line in text.splitlines() for part in (line, *line.split("|"))}
    count = len(page.scanned.blocks)
    found, short = np.zeros(count, np.bool_), list[tuple[int, str]]()
    for b in range(count):
        block = letters(text_of(page.markup, page.scanned, np.arange(count) == b))
        if len(block) >= SHORT:
            held = sum(block[at : at + GRAM] in pieces for at in range(len(block) - GRAM + 1))
            found[b] = held >= FROM * (len(block) - GRAM + 1)
        elif block:
            short.append((b, block))
    long = found.copy()
    for b, block in short:
        is_near = bool(long[max(0, b - _NEAR) : b + _NEAR + 1].any())
        found[b] = block in lines or (len(block) >= GRAM // 2 and block in whole and is_near)
    return found
