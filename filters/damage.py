"""Signals for text that was decoded with the wrong character set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.signal import SMALL_FRACTION_EDGES, Value, fraction
from filters.text import TextView

_A_CIRCUMFLEX = 0xE2
_EURO = 0x20AC


@fraction(source="Weir; sequences as in ftfy (Speer 2019)", edges=SMALL_FRACTION_EDGES)
def replacement_character_fraction(view: TextView) -> Value:
    """Fraction of characters that a wrong decoding left behind; null for an empty text.

    Counted are U+FFFD, C1 controls but for U+0085, and UTF-8 read as Windows-1252: a lead byte of
    Latin, Greek or Cyrillic with its continuation ("Ã¤", "Ð¿"), and the three characters of general
    punctuation ("â€™"). Where the continuation is punctuation or a space, a letter must follow, as
    „Ä“ and NBSP after "Â" are also good text.
    """
    classes = view.classes
    if not classes.size:
        return None
    if not view.count(characters.DAMAGED) and not view.count(characters.MOJIBAKE_LEAD):
        return 0.0
    damaged = (classes & characters.DAMAGED) != 0
    for places, length in _mojibake(view):
        for step in range(length):
            damaged[places + step] = True
    return float(np.count_nonzero(damaged) / damaged.size)


def _mojibake(view: TextView) -> list[tuple[NDArray[np.int64], int]]:
    """Places and lengths of the sequences of two and of three characters."""
    padded = np.concatenate((view.classes, np.zeros(2, np.uint16)))
    codes = np.concatenate((view.codes, np.zeros(2, np.uint32)))
    leads = np.flatnonzero(padded & characters.MOJIBAKE_LEAD)
    tail, after = padded[leads + 1], padded[leads + 2]
    small_a = (codes[leads] == _A_CIRCUMFLEX) & (padded[leads] & characters.LOWER != 0)
    is_tail = (tail & characters.MOJIBAKE_TAIL) != 0
    # A letter tail ("Å¾", "Ãœ") cannot end a word in good text by chance; marks of punctuation can.
    certain = ((tail & characters.LETTER) | (after & characters.LETTER)) != 0
    two = leads[is_tail & certain & ~small_a]
    three = leads[small_a & (codes[leads + 1] == _EURO) & ((after & characters.MOJIBAKE_TAIL) != 0)]
    return [(two, 2), (three, 3)]
