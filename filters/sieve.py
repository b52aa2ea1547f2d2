"""Where numbers and long words are, from one look at each character.

A search by pattern costs three to ten nanoseconds a character, for each detector; the compiled look
costs one, once, and most pages hold a handful of numbers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters import folding

MIN_DIGITS: Final = 6
"""Digits of the shortest telephone number that is sought."""
MIN_TOKEN: Final = 20
"""Characters of the shortest key that `filters.credentials` knows; wallets are longer."""
MAX_GAP: Final = 3
"""Characters between the digits of one number: "(0)30 / 123-45.67". Longer gaps separate numbers.
"""
SHORT_DIGITS: Final = 5
"""Digits of numbers that identifiers have without letters, below those of telephones."""
MIN_PIECE: Final = 4
MIN_CODE: Final = 5
"""Of a word of digits and capitals: so many digits in one piece, or so many characters; "A562S" is
a part of an Italian code, and "UTF8" and "F4" are of none."""

Place = tuple[int, int]


def numbers(points: folding.Points) -> list[Place]:
    """Runs of at least six digits, in order; linear.

    Between two stand at most three of space, full stop, hyphen, slash and parentheses.
    """
    return _places(folding.loops().numbers(points, folding.CLASSES))


def codes(points: folding.Points) -> list[Place]:
    """Five digits alone, and words of ASCII capitals and digits, from their first digit on."""
    return _places(folding.loops().codes(points, folding.CLASSES))


def tokens(points: folding.Points) -> list[Place]:
    """Runs of at least twenty ASCII letters, digits, full stops, hyphens and low lines."""
    return _places(folding.loops().tokens(points, folding.CLASSES))


def _places(found: NDArray[np.int64]) -> list[Place]:
    return [(start, end) for start, end in found.tolist()]
