"""Which script a text is written in."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

# Code points above the supplementary multilingual plane's first half hold no script that web text
# is written in, except rare Han extensions; they count as no letter.
_TABLE_SIZE = 0x20000

# Characters looked at: a page's script is plain long before this, and cost stays bounded (about 50
# microseconds).
_PREFIX_CHARS = 8_000

# Blocks by script; a code point counts only if it is a letter, so symbols inside a block do no
# harm. Source: Unicode Blocks.txt and Scripts.txt; `tests/unit/langid/test_script.py` holds every
# letter of the European scripts against the property tables of the `regex` package.
_BLOCKS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    (
        "Latn",
        (
            (0x41, 0x2B8),
            (0x2E0, 0x2E4),
            (0x1D00, 0x1D25),
            (0x1D2C, 0x1D5C),
            (0x1D62, 0x1D65),
            (0x1D6B, 0x1D77),
            (0x1D79, 0x1DBE),
            (0x1E00, 0x1EFF),
            (0x2071, 0x209C),
            (0x212A, 0x212B),
            (0x2132, 0x2132),
            (0x214E, 0x214E),
            (0x2183, 0x2184),
            (0x2C60, 0x2C7F),
            (0xA722, 0xA787),
            (0xA78B, 0xA7FF),
            (0xAB30, 0xAB64),
            (0xAB66, 0xAB69),
            (0xFB00, 0xFB06),
            (0xFF21, 0xFF5A),
        ),
    ),
    (
        "Grek",
        (
            (0x370, 0x373),
            (0x375, 0x3E1),
            (0x3F0, 0x3FF),
            (0x1D26, 0x1D2A),
            (0x1D5D, 0x1D61),
            (0x1D66, 0x1D6A),
            (0x1DBF, 0x1DBF),
            (0x1F00, 0x1FFF),
            (0x2126, 0x2126),
            (0xAB65, 0xAB65),
        ),
    ),
    (
        "Cyrl",
        (
            (0x400, 0x52F),
            (0x1C80, 0x1C8F),
            (0x1D2B, 0x1D2B),
            (0x1D78, 0x1D78),
            (0x2DE0, 0x2DFF),
            (0xA640, 0xA69F),
        ),
    ),
    ("Armn", ((0x531, 0x58F), (0xFB13, 0xFB17))),
    ("Hebr", ((0x591, 0x5FF), (0xFB1D, 0xFB4F))),
    ("Arab", ((0x600, 0x6FF), (0x750, 0x77F), (0x870, 0x8FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF))),
    ("Syrc", ((0x700, 0x74F), (0x860, 0x86F))),
    ("Thaa", ((0x780, 0x7BF),)),
    ("Nkoo", ((0x7C0, 0x7FF),)),
    ("Deva", ((0x900, 0x97F), (0xA8E0, 0xA8FF))),
    ("Beng", ((0x980, 0x9FF),)),
    ("Guru", ((0xA00, 0xA7F),)),
    ("Gujr", ((0xA80, 0xAFF),)),
    ("Orya", ((0xB00, 0xB7F),)),
    ("Taml", ((0xB80, 0xBFF),)),
    ("Telu", ((0xC00, 0xC7F),)),
    ("Knda", ((0xC80, 0xCFF),)),
    ("Mlym", ((0xD00, 0xD7F),)),
    ("Sinh", ((0xD80, 0xDFF),)),
    ("Thai", ((0xE00, 0xE7F),)),
    ("Laoo", ((0xE80, 0xEFF),)),
    ("Tibt", ((0xF00, 0xFFF),)),
    ("Mymr", ((0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F))),
    ("Geor", ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F))),
    ("Hang", ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF))),
    ("Ethi", ((0x1200, 0x139F), (0x2D80, 0x2DDF), (0xAB00, 0xAB2F))),
    ("Cher", ((0x13A0, 0x13FF), (0xAB70, 0xABBF))),
    ("Cans", ((0x1400, 0x167F), (0x18B0, 0x18FF))),
    ("Khmr", ((0x1780, 0x17FF),)),
    ("Mong", ((0x1800, 0x18AF),)),
    ("Limb", ((0x1900, 0x194F),)),
    ("Tale", ((0x1950, 0x197F),)),
    ("Talu", ((0x1980, 0x19DF),)),
    ("Lana", ((0x1A20, 0x1AAF),)),
    ("Bali", ((0x1B00, 0x1B7F),)),
    ("Sund", ((0x1B80, 0x1BBF),)),
    ("Olck", ((0x1C50, 0x1C7F),)),
    ("Tfng", ((0x2D30, 0x2D7F),)),
    ("Jpan", ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))),
    ("Bopo", ((0x3105, 0x312F), (0x31A0, 0x31BF))),
    ("Hani", ((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3400, 0x9FFF), (0xF900, 0xFAFF))),
    ("Yiii", ((0xA000, 0xA4CF),)),
    ("Lisu", ((0xA4D0, 0xA4FF),)),
    ("Vaii", ((0xA500, 0xA63F),)),
    ("Java", ((0xA980, 0xA9DF),)),
    ("Cham", ((0xAA00, 0xAA5F),)),
    ("Mtei", ((0xAAE0, 0xAAFF), (0xABC0, 0xABFF))),
    ("Goth", ((0x10330, 0x1034F),)),
    ("Cakm", ((0x11100, 0x1114F),)),
    ("Adlm", ((0x1E900, 0x1E95F),)),
)

SCRIPTS: tuple[str, ...] = ("Zyyy", *(name for name, _ in _BLOCKS))
_HANI, _JPAN = SCRIPTS.index("Hani"), SCRIPTS.index("Jpan")

# Japanese prose is 40 to 70 % kana; a Chinese page that quotes Japanese stays below this.
_MIN_KANA_FRACTION = 0.1


def _build_table() -> npt.NDArray[np.uint8]:
    table = np.zeros(_TABLE_SIZE, np.uint8)
    for index, (_, ranges) in enumerate(_BLOCKS, start=1):
        for first, last in ranges:
            letters = [code for code in range(first, last + 1) if chr(code).isalpha()]
            table[letters] = index
    table[[0xAA, 0xBA]] = (
        1  # the ordinal indicators are Latin; the micro sign and other letters of no script are not
    )
    table[0xB5] = 0
    return table


_TABLE = _build_table()


def letter_counts(text: str) -> npt.NDArray[np.int64]:
    """Letters of each script in the first 8,000 characters, in the order of `SCRIPTS`.

    Entry 0 counts what is no letter. Han letters of a text with kana count as Japanese.
    """
    encoded = text[:_PREFIX_CHARS].encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(encoded, np.uint32)
    counts = np.bincount(_TABLE[np.minimum(codes, _TABLE_SIZE - 1)], minlength=len(SCRIPTS))
    kana, han = int(counts[_JPAN]), int(counts[_HANI])
    if kana and kana >= _MIN_KANA_FRACTION * (kana + han):
        counts[_JPAN], counts[_HANI] = kana + han, 0
    return counts


@lru_cache(maxsize=4)  # every model asks about the text that the caller has just asked about
def dominant_script(text: str) -> str:
    """ISO 15924 code of the script with most letters; `Zyyy` if there are none.

    Looks at the first 8,000 characters. Equal counts go to the script that comes first in
    `SCRIPTS`.

    >>> dominant_script("Ceci n'est pas une πίπα."), dominant_script("12:30 → 14:00")
    ('Latn', 'Zyyy')
    """
    counts = letter_counts(text)
    best = int(counts[1:].argmax()) + 1
    return SCRIPTS[best] if counts[best] else "Zyyy"
