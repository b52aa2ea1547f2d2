"""Text as a reader sees it: styled digits and letters made plain, invisible characters left out.

Detectors look for ASCII digits, "@", full stops and hyphens. Pages write them full-width, in
mathematical letters or in the digits of another script, hold numbers together by no-break spaces
and hyphens, and hide soft hyphens and zero-width characters in them (Unicode Standard Annex 15,
NFKC; UTR 36, 3.1). Characters are replaced one for one or removed, so that each place in the folded
text is a place in the text as given. The same look at each character shows detectors where digits
and long words are.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import cache
from types import ModuleType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_INVISIBLE_RANGES: Final = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x180E, 0x180E), (0x200B, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xE0000, 0xE007F),
)  # fmt: skip
# Hyphens and dashes that join the parts of a number. The em dash parts sentences and stays.
_HYPHENS: Final = (0x2010, 0x2011, 0x2012, 0x2013, 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D)
# Where compatibility forms of ASCII are: letterlike symbols, full-width and small forms,
# mathematical alphanumerics. Superscripts are notes, and circled or Roman numbers are lists.
_STYLED: Final = ((0x2100, 0x214F), (0xFE50, 0xFF5E), (0x1D400, 0x1D7FF))
_MAX_DECIMAL: Final = 0x1FBFF

DIGIT, TOKEN, FOLDED, CAPITAL, JOINT = 1, 2, 4, 8, 16
"""Class bits: ASCII digits; those with ASCII letters and ". - _"; what is not seen as it is; ASCII
capitals; what may stand between the digits of a number."""
REMOVED: Final = 0x10FFFF  # a noncharacter
Points = NDArray[np.uint8] | NDArray[np.uint32]
"""The characters of a text by number; a byte each where all are ASCII."""


def _table() -> dict[str, str]:
    """What is put in place of each character that is not seen as it is."""
    table = {chr(point): "" for low, high in _INVISIBLE_RANGES for point in range(low, high + 1)}
    table |= {chr(point): "-" for point in _HYPHENS}
    for point in range(0x80, _MAX_DECIMAL + 1):
        character = chr(point)
        category = unicodedata.category(character)
        if category == "Zs":
            table[character] = " "
        elif category == "Nd":
            table[character] = str(unicodedata.decimal(character))
    for low, high in _STYLED:
        for point in range(low, high + 1):
            seen = unicodedata.normalize("NFKC", chr(point))
            if len(seen) == 1 and "!" <= seen <= "~":
                table.setdefault(chr(point), seen)
    return table


SEEN_AS: Final = _table()
"""What is put in place of each character that is not seen as it is; empty for invisible ones."""


def _classes() -> NDArray[np.uint8]:
    classes = np.zeros(0x110000, np.uint8)
    for low, high in ("09", "AZ", "az", "__", "..", "--"):
        classes[ord(low) : ord(high) + 1] = TOKEN
    classes[ord("0") : ord("9") + 1] |= DIGIT
    classes[ord("A") : ord("Z") + 1] |= CAPITAL
    classes[list(map(ord, " .-/()"))] |= JOINT
    classes[list(map(ord, SEEN_AS))] |= FOLDED
    return classes


def _plain() -> NDArray[np.uint32]:
    plain = np.arange(0x110000, dtype=np.uint32)
    for character, seen in SEEN_AS.items():
        plain[ord(character)] = ord(seen) if seen else REMOVED
    return plain


CLASSES: Final = _classes()
"""Class bits of each character."""
_PLAIN: Final = _plain()


class Folded(NamedTuple):
    """A text as it is seen, and which characters were left out."""

    text: str
    removed: tuple[int, ...]
    """For each character left out the place in the folded text before which it stood; ascending."""
    points: Points
    """The characters of the folded text."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the text as given that holds the characters of a range of the folded one."""
        if not self.removed:
            return start, end
        first = start + bisect_right(self.removed, start)
        return first, max(first, end + bisect_right(self.removed, end - 1))


def points(text: str) -> Points:
    """The characters of a text by number."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def loops() -> ModuleType:
    """The compiled loops, imported when the first text is looked at: numba takes half a second."""
    from filters import sieve_loops  # noqa: PLC0415

    return sieve_loops


def fold(text: str) -> Folded:
    """The text as it is seen; linear, and the text itself where nothing is to be replaced."""
    given = points(text)
    if text.isascii() or loops().first_folded(given, CLASSES) == given.size:
        return Folded(text, (), given)
    seen, removed = loops().fold(given, _PLAIN)
    folded = seen.tobytes().decode("utf-32-le", "surrogatepass")
    return Folded(folded, tuple(removed.tolist()), seen)
