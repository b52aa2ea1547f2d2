"""Text that is no language: numbers, addresses, code, gibberish, mojibake and their like.

A first line before any model is asked: counts of neighbouring characters, by class. It must hardly
ever be wrong about real text, so what only looks odd passes; a model with a class for "no language"
is the second line. Gibberish that can be pronounced passes too: it could be a language that nobody
here has heard of. How much is found: `python -m langid.noise_samples`.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_CHARS = 4_000
"""Characters looked at: noise shows long before this, and cost stays bounded."""

# All characters but rare Han letters; those are taken for the last entry, a letter.
_TABLE_SIZE = 0x20000
# From here on a character is of the class of its category, but for the replacement character.
_PARTICULAR = 0x3001

_CLASSES = (
    *("space", "digit", "mark", "stop", "quote", "curly", "double_quote", "open", "code"),
    *("symbol", "box", "sign", "broken", "letter", "shared"),
    *("latin", "LATIN", "accented", "ACCENTED", "cyrillic", "CYRILLIC", "greek", "GREEK"),
    "armenian",
)
_SMALL = {"latin", "accented", "cyrillic", "greek"}
_CAPITAL = {name.upper() for name in _SMALL}
_LETTERS = {*_SMALL, *_CAPITAL, "letter", "shared", "armenian"}
_LATIN = {"latin", "LATIN", "accented", "ACCENTED"}

# The palochka of the Caucasus is typed as one of the first six, Ukrainian and Belarusian i often as
# the Latin one; the others are letters of Ossetian, Chuvash and Komi in either coding. They mix
# with any alphabet.
_SHARED = "IlӀӏІіi" + "æÆăĂĕĔçÇÿŸöÖ"

_SIGNS = {
    "stop": ".,;:",
    "double_quote": '"',
    "open": "([",
    "code": "{}]<>=_/\\$+@^`",
    "space": "|",  # in a table that was made text, bars part words
    "quote": "¡«»¿·ªº",
    "curly": "‘’“”„–—…‹›•",
    "mark": "\xad",
    # Where UTF-8 is read in an encoding of the Macintosh, these and the box-drawing characters of
    # MS-DOS stand among letters; in 8-bit Windows encodings, what is listed as "sign" does.
    "box": "√∆≈¬",
    "sign": "€†‡ˆ‰™‚˜",
    "broken": "\ufffd",
}
_SIGN_CLASS = {sign: name for name, signs in _SIGNS.items() for sign in signs}

_ALPHABETS = (
    ("latin", (0x41, 0x250), (0x1E00, 0x1F00)),
    ("greek", (0x370, 0x400), (0x1F00, 0x2000)),
    ("cyrillic", (0x400, 0x530), (0x1C80, 0x1C90)),
    ("armenian", (0x531, 0x590)),
)

_CATEGORIES = {
    "M": "mark",
    "P": "quote",
    "S": "symbol",
    "Nd": "digit",
    "Nl": "symbol",
    "No": "symbol",
    "Cc": "sign",
    "Cf": "mark",
    "Cn": "broken",
    "Co": "symbol",  # icon fonts
    "Cs": "broken",
}


def _class_of(char: str) -> str:
    code = ord(char)
    if char.isspace():
        return "space"
    if char in _SIGN_CLASS:
        return _SIGN_CLASS[char]
    if char.isalpha() and char != "µ":
        return _letter_class(char, code)
    if 0xA1 <= code < 0xC0:
        return "sign"
    if 0x2500 <= code < 0x25A0:
        return "box"
    category = unicodedata.category(char)
    return _CATEGORIES.get(category) or _CATEGORIES[category[0]]


def _letter_class(char: str, code: int) -> str:
    if char in _SHARED:
        return "shared"
    for alphabet, *spans in _ALPHABETS:
        if any(first <= code < end for first, end in spans):
            name = "accented" if 0xC0 <= code < 0x180 else alphabet
            return name.upper() if name in _SMALL and char.isupper() else name
    return "letter"


class Counts(NamedTuple):
    """What the rules are about: numbers of characters, or of pairs of neighbours.

    `visible` are characters that are no space; `letters` include marks. `broken` are replacement
    characters, surrogates and what Unicode does not define; `misread` signs where text that was
    read in a wrong encoding has them; `accents` pairs of accented Latin letters; `mixed` neighbours
    from two alphabets; `identifiers` Latin letters beside digits; `inner_capitals` capitals after
    small letters; `code` brackets, operators, and signs without the space that prose has there.
    """

    visible: float
    letters: float
    broken: float
    misread: float
    accents: float
    mixed: float
    identifiers: float
    inner_capitals: float
    code: float


def _counted(first: str, second: str) -> Counts:
    """What a character of class `second` after one of class `first` counts as."""
    pair, accents = {first, second}, {"accented", "ACCENTED"}
    return Counts(
        visible=second != "space",
        letters=second in _LETTERS or second == "mark",
        broken=second == "broken",
        misread=(first == "ACCENTED" and second in {"sign", "curly"})
        or (first in {"accented", "CYRILLIC", "GREEK"} and second == "sign")
        or (first == second == "sign")
        or ("box" in pair and bool(pair & _LETTERS)),
        accents=pair <= accents,
        mixed=len({_ALPHABET_OF.get(first), _ALPHABET_OF.get(second)} - {None}) == 2,
        identifiers="digit" in pair and bool(pair & _LATIN),
        inner_capitals=first in _SMALL and second in _CAPITAL,
        code=second == "code"
        or (first == "stop" and second in _LETTERS)
        or (first in _LETTERS and second == "open")
        or (first == "double_quote" and second == "stop")
        or (first == "open" and second == "quote")
        or (first == "latin" and second == "LATIN"),
    )


_ALPHABET_OF = {name: name.lower() for name in (*_SMALL, *_CAPITAL, "armenian")} | dict.fromkeys(
    _LATIN, "latin"
)


@cache
def _class_table() -> npt.NDArray[np.uint16]:
    """Class of each code point; the rare Han letters' is the last."""
    classes = [_CLASSES.index(_class_of(chr(code))) for code in range(_PARTICULAR)]
    by_category: dict[str, int] = {}
    for char in map(chr, range(_PARTICULAR, _TABLE_SIZE - 1)):
        category = unicodedata.category(char)
        if category not in by_category:
            by_category[category] = _CLASSES.index(_class_of(char))
        classes.append(by_category[category])
    classes[ord("\ufffd")] = _CLASSES.index("broken")
    return np.array([*classes, _CLASSES.index("letter")], np.uint16)


_COUNTED = np.array(
    [_counted(first, second) for first in _CLASSES for second in _CLASSES], np.float64
)


def _codes(text: str) -> npt.NDArray[np.uint32]:
    """Code points of the text after a space."""
    codes = np.frombuffer(f" {text}".encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.minimum(codes, _TABLE_SIZE - 1)


def _count(codes: npt.NDArray[np.uint32]) -> Counts:
    classes = _class_table().take(codes)
    pairs = classes[:-1] * len(_CLASSES) + classes[1:]
    return Counts(*(np.bincount(pairs, minlength=len(_COUNTED)) @ _COUNTED).tolist())


# How odd it is that the second letter follows the first, by alphabet: a row of digits a first
# letter, a digit a second one. In half bits: by how much the pair's share of all pairs, in that
# language in which it is largest, is below 2**-8 (Latin), 2**-9 (Cyrillic) or 2**-11.5 (Greek: one
# large language, whose own rare pairs must not be odd). From `measure_oddity` on the translated
# messages and manuals that our model is trained on, in all languages of the world that are there.
ODDITY: Mapping[str, tuple[str, ...]] = {
    "abcdefghijklmnopqrstuvwxyz": (
        *("00000000000000000000000000", "00400700004002047021000502", "07050350000002007000021900"),
        *("02100500001020009001000500", "00000000000000000000000000", "06620040022020067020060908"),
        *("00200400000010003000010503", "01000030000000002000020004", "00000000000000000000000000"),
        *("04400740000030035110033904", "02010600000010004000040304", "01000100000000012400000900"),
        *("00400000010000005000040101", "00000000000000000000000300", "00000000000000000000000000"),
        *("01420300030020003000081001", "05310991043000000300076936", "00000200000000000000000300"),
        *("01000400000000000100010400", "00000000000000004000000000", "00000000000000000000000000"),
        *("05200640002160038010000904", "00010900013000004003090903", "02410690094208038830100259"),
        *("01000020000000003000010400", "00400500000100025020000700"),
    ),
    "абвгдежзийклмнопрстуфхцчшщъыьэюя": (
        *("00000000000000000000000000020220", "04404002074042070230766423107022"),
        *("07010010050000040000610016000020", "05310035040000070000725009000005"),
        *("00000000070010000000701449000020", "00000000000000000000300004455231"),
        *("06721037070150073100777779600023", "00000031041000003500715019200012"),
        *("00000000000000000000000002737010", "01000024000000022000700335707051"),
        *("07031053070000050000703001000020", "00000000030000045000503009000000"),
        *("00200000070000001000707109001050", "03000000070000010000200014000000"),
        *("00000000000000000000000003750301", "07753077071012000000702310103050"),
        *("00000001000000040000300004000010", "04001077000000003000300009000010"),
        *("00000057070000030000005000000000", "00000100000000000000300000700001"),
        *("07707075070471073404477779705055", "05410067071030060000202129000054"),
        *("07407077071372173600710749700240", "07213077070030070010527079305005"),
        *("00001077060020040600303009000055", "09399099193598087804909999906099"),
        *("06050060070026030200707152707010", "00000000700000500000000000707540"),
        *("03100020000000050000001439707030", "40000300700000500000000000577055"),
        *("52037360700010520310711071777555", "20000170440000310002000006740353"),
    ),
    "αβγδεζηθικλμνξοπρσςτυφχψω": (
        *("8000009000000000000000008", "0991030909099909099909995", "0909090900000309099939090"),
        *("0999090909999909099909990", "0000019000000000000000020", "5999090915900909999999991"),
        *("9501399090000491000092119", "0999090909606909099909990", "0000000030000000000080040"),
        *("0990090300060908089002890", "0978090301008907995005990", "0099090909900900995960950"),
        *("0970090009993904908009990", "0999090909999909999019993", "1000040000000300000000017"),
        *("0999090909091908099009990", "0402090001800308239000090", "0090090000801900909000090"),
        *("9999999999999999995999999", "0999010809028909000009990", "1600062090000200000091016"),
        *("0999090100898909099009990", "0999090109090903089309990", "0999090909999919999599998"),
        *("9900999091500992000098899",),
    ),
}

_ODDITY_BASES = (8.0, 9.0, 11.5)
_FOLDED = str.maketrans("άέήίόύώϊϋΐΰё", "αεηιουωιυιυе")  # the accent of Greek is on every word
_MIN_PAIRS_MEASURED = 5_000
_NO_PAIR = 10


def _letter_table() -> npt.NDArray[np.uint16]:
    """Number of each small letter in the alphabets of `ODDITY` together, from 1; 0 is none."""
    table = np.zeros(_TABLE_SIZE, np.uint16)
    letters = "".join(ODDITY)
    table[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
    for marked, plain in _FOLDED.items():
        table[marked] = table[plain]
    return table


def _pair_table() -> npt.NDArray[np.uint8]:
    """Oddity of a pair, at first * size + second; `_NO_PAIR` unless both are of one alphabet."""
    size = len("".join(ODDITY)) + 1
    table = np.full((size, size), _NO_PAIR, np.uint8)
    start = 1
    for letters, rows in ODDITY.items():
        stop = start + len(letters)
        table[start:stop, start:stop] = [list(map(int, row)) for row in rows]
        start = stop
    return table.ravel()


_LETTERS_SIZE = len("".join(ODDITY)) + 1
_LETTER_TABLE, _PAIR_TABLE = _letter_table(), _pair_table()
_LEVELS = np.arange(_NO_PAIR)


def _pairs(text: str) -> npt.NDArray[np.int64]:
    """Neighbouring letters, as places in `_PAIR_TABLE`.

    A pair with a capital in second place is an abbreviation and counts as none, but in a text that
    is all capitals.
    """
    letters = _LETTER_TABLE.take(_codes(text.lower() if text.isupper() else text)).astype(np.int64)
    return letters[:-1] * _LETTERS_SIZE + letters[1:]


def measure_oddity(texts_by_language: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """`ODDITY` of these texts; languages with fewer than 5,000 pairs do not count."""
    largest = np.zeros(len(_PAIR_TABLE))
    for texts in texts_by_language.values():
        counts = np.zeros(len(_PAIR_TABLE))
        for text in texts:
            counts += np.bincount(_pairs(text), minlength=len(_PAIR_TABLE))
        counts[_PAIR_TABLE == _NO_PAIR] = 0
        if counts.sum() >= _MIN_PAIRS_MEASURED:
            largest = np.maximum(largest, counts / counts.sum())
    bits = -np.log2(np.maximum(largest, 1e-9)).reshape(_LETTERS_SIZE, _LETTERS_SIZE)
    oddity: dict[str, tuple[str, ...]] = {}
    start = 1
    for letters, base in zip(ODDITY, _ODDITY_BASES, strict=True):
        stop = start + len(letters)
        levels = np.clip(np.round(2 * (bits[start:stop, start:stop] - base)), 0, 9).astype(int)
        oddity[letters] = tuple("".join(map(str, row)) for row in levels)
        start = stop
    return oddity


# The bounds below were swept on 90,000 lines of the same messages and manuals, 700 in each European
# language, and on half `train` of `noise_samples`. "False" is the share of those lines that a rule
# takes for noise: .26 % for all rules, many of them formulas, paths or lists indeed.

# Fewer visible characters than this say nothing.
_MIN_VISIBLE = 8

# A text is addresses if they are this share of it and fewer letters than these stand beside them.
_MIN_ADDRESS_FRACTION = 0.5
_MIN_LETTERS_BESIDE = 10

# Addresses have a sign that counts as code every 40 characters or so. Where there are fewer than
# this, looking for them is a waste: it would double the cost.
_MIN_ADDRESS_SIGNS_FRACTION = 0.01

# Share of letters among the visible characters. False .03 %, and .16 % at .65; numbers are found
# from .45 on, article numbers and records the better the higher.
_MIN_LETTER_FRACTION = 0.5


class _Bound(NamedTuple):
    """Noise from this many on, if they also are this share of the visible characters."""

    kind: str
    reason: str
    least: int
    fraction: float


_BOUNDS = (
    _Bound("broken", "mojibake", 2, 0.04),  # false: none
    _Bound("misread", "mojibake", 2, 0.03),  # false: none; finds no less at .05
    _Bound("accents", "mojibake", 4, 0.35),  # false: none; .01 % at .2, Inari and Skolt Saami
    _Bound("mixed", "mixed_alphabets", 4, 0.12),  # false: none
    _Bound("identifiers", "identifiers", 3, 0.06),  # false .05 % with the next
    _Bound("inner_capitals", "identifiers", 3, 0.06),
    _Bound("code", "code", 3, 0.06),  # false .15 %, much of it code indeed
)

# Share of letters that are the same as one, two or three places before: .06 in the median line, .33
# in one of 10,000.
_MIN_REPEATED, _MIN_REPEATED_FRACTION = 8, 0.45
_REPEATED_LAGS = (1, 2, 3)

# Sum of the oddity of all pairs of letters over the root of their number, and pairs needed. False
# .02 %, with 95 % of the random and mashed letters found; at 2.6 .05 % and 97 %. It must hold for
# languages that the table has not seen.
_MIN_ODDITY = 3.2
_MIN_PAIRS = 10

# Addresses, paths and names of hosts, each a whole token: a token begins nowhere but after a space,
# which keeps the search linear.
_ADDRESS = re.compile(
    r"""(?<!\S)(?:
        \S*?(?:://|www\.|@)\S*
      | [/~.\\]{1,3}[\w.-]+[/\\]\S*
      | [a-z]:\\\S*
      | [\w-]+(?:\.[\w-]+)*\.(?-i:[a-z]){2,6}(?:[/:?]\S*)?(?!\S)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def judge(text: str) -> str | None:
    """Why a text is no language, or None if it may be one.

    One of `address`, `too_few_letters` (numbers, signs, emoji, records), `mojibake` (read in a
    wrong encoding, or damaged), `mixed_alphabets`, `identifiers` (hashes, keys, article numbers),
    `code` (programs, markup, logs), `repetition` and `gibberish`. Text with fewer than eight
    visible characters says nothing: None. Addresses beside other text are passed over. Looks at the
    first 4,000 characters, in time linear in their number; never raises.

    >>> judge("Lumi eristää jäätä pakkaselta."), judge("if (a[i] != b) { return x->next; }")
    (None, 'code')
    """
    text = text[:MAX_CHARS]
    counts = _count(_codes(text))
    if counts.visible < _MIN_VISIBLE:
        return None
    if counts.code >= _MIN_ADDRESS_SIGNS_FRACTION * counts.visible:
        beside = _ADDRESS.sub(" ", text)
        if len(beside) < len(text):
            most = (1 - _MIN_ADDRESS_FRACTION) * counts.visible
            text, counts = beside, _count(_codes(beside))
            if counts.visible <= most and counts.letters < _MIN_LETTERS_BESIDE:
                return "address"
    if counts.letters < _MIN_LETTER_FRACTION * counts.visible:
        return "too_few_letters"
    for kind, reason, least, fraction in _BOUNDS:
        found: float = getattr(counts, kind)
        if found >= least and found >= fraction * counts.visible:
            return reason
    if _is_repetitive(text):
        return "repetition"
    return "gibberish" if _is_odd(text) else None


def _is_repetitive(text: str) -> bool:
    codes = _codes(text)
    letters = _LETTER_TABLE.take(codes) > 0
    most = max(_MIN_REPEATED, _MIN_REPEATED_FRACTION * np.count_nonzero(letters))
    return any(
        np.count_nonzero((codes[lag:] == codes[:-lag]) & letters[lag:]) >= most
        for lag in _REPEATED_LAGS
        if lag < len(codes)
    )


def _is_odd(text: str) -> bool:
    levels = np.bincount(_PAIR_TABLE.take(_pairs(text)), minlength=_NO_PAIR + 1)[:_NO_PAIR]
    pairs = int(levels.sum())
    return pairs >= _MIN_PAIRS and float(levels @ _LEVELS) >= _MIN_ODDITY * math.sqrt(pairs)
