"""Where numbers and long words are, from one look at each character.

A search by pattern costs three to ten nanoseconds a character, for each detector; the classes that
`filters.folding` gives cost two, once, and most pages hold a handful of numbers.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.folding import DIGIT, TOKEN

MIN_DIGITS: Final = 6
"""Digits of the shortest telephone number that is sought."""
MIN_TOKEN: Final = 20
"""Characters of the shortest key that `filters.credentials` knows; wallets are longer."""
# What stands between the digits of one number: "(0)30 / 123-45.67". Longer gaps separate numbers.
_GAP: Final = 3
_NUMBER: Final = re.compile(rf"[0-9](?:[ .\-/()]{{0,{_GAP}}}[0-9]){{{MIN_DIGITS - 1},}}+", re.ASCII)
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.\-]++")
_BLOCK: Final = 4
_FULL: Final = 0x01010101
_BLOCKS: Final = 4  # as many whole blocks of four lie in any twenty characters

Place = tuple[int, int]


def numbers(text: str, classes: NDArray[np.uint8]) -> list[Place]:
    """Runs of at least six digits with separators between them, in order.

    Between two digits stand at most three of space, full stop, hyphen, slash and parentheses.
    """
    places = np.flatnonzero((classes & DIGIT).view(np.bool_))
    if places.size < MIN_DIGITS:
        return []
    breaks = np.flatnonzero(np.diff(places) > _GAP + 1)
    firsts = np.concatenate(([0], breaks + 1))
    lasts = np.concatenate((breaks, [places.size - 1]))
    runs = []
    for at in np.flatnonzero(lasts - firsts >= MIN_DIGITS - 1):
        start, end = int(places[firsts[at]]), int(places[lasts[at]]) + 1
        runs += [match.span() for match in _NUMBER.finditer(text, start, end)]
    return runs


def short(text: str, classes: NDArray[np.uint8]) -> list[int]:
    """Where digits in one piece begin that are five, or that an ASCII capital touches, in order."""
    places = np.flatnonzero((classes & DIGIT).view(np.bool_))
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > 1)
    firsts = places[np.concatenate(([0], breaks + 1))].tolist()
    lasts = places[np.append(breaks, places.size - 1)].tolist()
    return [
        first
        for first, last in zip(firsts, lasts, strict=True)
        if last - first == MIN_DIGITS - 2
        or "A" <= text[last + 1 : last + 2] <= "Z"
        or (first and "A" <= text[first - 1] <= "Z")
    ]


def tokens(text: str, classes: NDArray[np.uint8]) -> list[Place]:
    """Runs of at least twenty ASCII letters, digits, full stops, hyphens and low lines."""
    flags = (classes & TOKEN) >> 1
    whole = flags[: flags.size - flags.size % _BLOCK].view(np.uint32) == _FULL
    if whole.size < _BLOCKS:
        return []
    starts = np.flatnonzero(whole[:-3] & whole[1:-2] & whole[2:-1] & whole[3:]) * _BLOCK
    found: list[Place] = []
    for hit in starts.tolist():
        if found and hit < found[-1][1]:
            continue
        start = hit
        while start and flags[start - 1]:
            start -= 1
        match = _TOKEN.match(text, start)
        if match is not None:
            found.append(match.span())
    return [(start, end) for start, end in found if end - start >= MIN_TOKEN]
