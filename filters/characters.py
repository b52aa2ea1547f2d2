"""Character classes and case folding as lookup tables over all code points."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import regex  # type: ignore[import-untyped]
from numpy.typing import NDArray

UNICODE_VERSION: Final = unicodedata.unidata_version
"""Version of the Unicode data behind the classes; others may segment rare scripts otherwise."""

LETTER: Final = 1 << 0  # general category L*, and Nl (Roman numerals)
EXTENDER: Final = 1 << 1  # M* and Cf: continue a word, never start one (UAX #29 WB4)
DIGIT: Final = 1 << 2  # Nd
WORD: Final = 1 << 3  # LETTER, DIGIT or U+005F: may start a word
SPACE: Final = 1 << 4  # as str.isspace
JOINER: Final = 1 << 5  # joins two letters into one word (UAX #29 MidLetter and MidNumLet, in part)
UPPER: Final = 1 << 6  # Lu
LOWER: Final = 1 << 7  # Ll, and Lt
TERMINAL: Final = 1 << 8  # Unicode property Sentence_Terminal, and the ellipsis
CLOSER: Final = 1 << 9  # may follow a sentence terminal: closing brackets and quotation marks
BULLET: Final = 1 << 10
DAMAGED: Final = 1 << 11  # never meant by an author: U+FFFD and C1 controls
MOJIBAKE_LEAD: Final = 1 << 12  # a UTF-8 lead byte read as Windows-1252
MOJIBAKE_TAIL: Final = 1 << 13  # a UTF-8 continuation byte read as Windows-1252
GREEK: Final = 1 << 14
SEPARATOR: Final = 1 << 15  # divides the entries of menus and breadcrumbs

# Everything assigned lies in planes 0 to 3 and 14 (planes 15 and 16 are for private use).
_ASSIGNED: Final = ((0, 0x40000), (0xE0000, 0xE1000))

_CATEGORY_CLASSES: Final = {
    "Lu": LETTER | WORD | UPPER,
    "Ll": LETTER | WORD | LOWER,
    "Lt": LETTER | WORD | LOWER,
    "Lm": LETTER | WORD,
    "Lo": LETTER | WORD,
    "Nl": LETTER | WORD,
    "Nd": DIGIT | WORD,
    "Mn": EXTENDER,
    "Mc": EXTENDER,
    "Me": EXTENDER,
    "Cf": EXTENDER,
    "Pe": CLOSER,
    "Pf": CLOSER,
    "Pi": CLOSER,  # German and Polish close with U+201C, Danish with U+00AB
}

# Windows-1252 gives these characters to the bytes 0x80 to 0x9F; the five unassigned bytes stay C1
# controls.
_WINDOWS_1252_HIGH: Final = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

_CHARACTER_CLASSES: Final = {
    "_": WORD,
    "'’·‧": JOINER,  # U+0027, U+2019, U+00B7, U+2027; U+02BC is a letter already
    "\"'": CLOSER,
    "…": TERMINAL,
    "•‣▶◀◦■□▪▫–*-": BULLET,
    "|¦‖»«›‹→←⟩⟨·•‣▶►◀◄∙⋅/\\<>▸": SEPARATOR,
    "\ufffd": DAMAGED,
    # Lead bytes of Latin (Â Ã Ä Å), Greek (Î Ï), Cyrillic (Ð Ñ) and general punctuation (â).
    "ÂÃÄÅÎÏÐÑâ": MOJIBAKE_LEAD,
    _WINDOWS_1252_HIGH: MOJIBAKE_TAIL,
}


SCRIPTS: Final = ("Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Arabic")
"""Script k has bit k; a letter of any other script has the next bit, of no script none."""
OTHER_SCRIPT: Final = 1 << len(SCRIPTS)


class Tables(NamedTuple):
    """Lookup tables indexed by code point."""

    classes: NDArray[np.uint16]
    folded: NDArray[np.uint32]
    scripts: NDArray[np.uint8]


@cache
def tables() -> Tables:
    """Class bits and folded form of every code point (about 0.1 s, once a process).

    Folding is Unicode's simple lower case (one code point to one, so that offsets stay valid).
    Besides, what writers do not tell apart becomes one: U+03C2 (final sigma) U+03C3, and the
    apostrophes U+2019 and U+02BC U+0027.
    """
    classes = np.zeros(0x110000, np.uint16)
    for start, stop in _ASSIGNED:
        block = "".join(map(chr, range(start, stop)))
        names = np.frombuffer("".join(map(unicodedata.category, block)).encode(), "S2")
        for category, bits in _CATEGORY_CLASSES.items():
            classes[start:stop][names == category.encode()] |= bits
        _add(classes, "".join(regex.findall(r"\p{Sentence_Terminal}", block)), TERMINAL)
        _add(classes, "".join(regex.findall(r"\p{Greek}", block)), GREEK)
    _add(classes, "".join(chr(c) for c in range(0x3100) if chr(c).isspace()), SPACE)
    _add(classes, "".join(map(chr, range(0x80, 0xA0))), DAMAGED | MOJIBAKE_TAIL)
    _add(classes, "".join(map(chr, range(0xA0, 0xC0))), MOJIBAKE_TAIL)
    for characters, bits in _CHARACTER_CLASSES.items():
        _add(classes, characters, bits)
    # Mkhedruli has capitals since Unicode 11, but no sentence begins with one: it has no case here.
    classes[0x10D0:0x1100] &= ~np.uint16(LOWER)
    classes[0x85] &= ~np.uint16(DAMAGED)  # NEXT LINE is a line end of old systems, not damage
    return Tables(classes, _folded_table(classes), _scripts_table(classes))


def _add(classes: NDArray[np.uint16], characters: str, bits: int) -> None:
    classes[[ord(character) for character in characters]] |= np.uint16(bits)


def _folded_table(classes: NDArray[np.uint16]) -> NDArray[np.uint32]:
    folded = np.arange(0x110000, dtype=np.uint32)
    letters = "".join(map(chr, np.flatnonzero(classes & (UPPER | LOWER | LETTER)).tolist()))
    # str.lower of one character is its simple mapping, but for U+0130, which gets a combining dot.
    for character in regex.findall(r"\p{Changes_When_Lowercased}", letters):
        folded[ord(character)] = ord(character.lower()[0])
    folded[0x03C2] = 0x03C3
    folded[[0x2019, 0x02BC]] = 0x27
    return folded


def _scripts_table(classes: NDArray[np.uint16]) -> NDArray[np.uint8]:
    letters = np.flatnonzero(classes & LETTER)
    text = "".join(map(chr, letters.tolist()))
    scripts = np.zeros(0x110000, np.uint8)
    scripts[letters] = OTHER_SCRIPT
    for bit, script in enumerate(SCRIPTS):
        scripts[[ord(c) for c in regex.findall(rf"\p{{Script={script}}}", text)]] = 1 << bit
    # Letters of no script of their own: the modifier letters and signs that many scripts share.
    scripts[[ord(c) for c in regex.findall(r"[\p{Script=Common}\p{Script=Inherited}]", text)]] = 0
    return scripts
