"""Signals over words and characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.signal import SMALL_COUNT_EDGES, Value, count, fraction, ratio, share
from filters.text import TextView, distinct

_GOPHER = "Rae et al. 2021 (Gopher), Appendix A.1"


@count(unit="words", source=_GOPHER)
def word_count(view: TextView) -> Value:
    """Number of words.

    Punctuation marks standing alone are not words. Source: Rae et al. 2021 (Gopher), A.1, document
    length.
    """
    return float(view.word_count)


@count(unit="characters", source="Penedo et al. 2024 (FineWeb), statistics")
def character_count(view: TextView) -> Value:
    """Number of characters: code points of the NFC form, white space included."""
    return float(view.codes.size)


@ratio(unit="characters/word", source=_GOPHER, edges=tuple(step / 2 for step in range(41)))
def mean_word_length(view: TextView) -> Value:
    """Mean number of characters of the words that hold a letter.

    Null without such a word. Gopher and datatrove take the mean over all tokens that are not
    punctuation, numbers too; a table of figures then looks like short words. Source: Rae et al.
    2021 (Gopher), A.1.
    """
    lettered = _lettered(view)
    total = np.count_nonzero(lettered)
    return float(view.word_lengths[lettered].sum() / total) if total else None


@ratio(unit="symbols/word", source=_GOPHER)
def hash_to_word_ratio(view: TextView) -> Value:
    """Hash signs (U+0023) for each word; null without words.

    Source: Rae et al. 2021 (Gopher), A.1, symbols.
    """
    return view.text.count("#") / view.word_count if view.word_count else None


@ratio(unit="symbols/word", source=_GOPHER)
def ellipsis_to_word_ratio(view: TextView) -> Value:
    """Ellipses ("..." or U+2026) for each word; null without words.

    Longer rows of full stops count once for every three. Source: Rae et al. 2021 (Gopher), A.1,
    symbols.
    """
    if not view.word_count:
        return None
    return (view.text.count("...") + view.text.count("…")) / view.word_count


@fraction(source=_GOPHER)
def alphabetic_word_fraction(view: TextView) -> Value:
    """Fraction of words with at least one letter of any script; null without words.

    Punctuation marks are not words here, but are tokens to datatrove: its values are lower. Source:
    Rae et al. 2021 (Gopher), A.1: 80 % of words contain at least one alphabetic character.
    """
    return share(_lettered(view))


@count(unit="words", source=_GOPHER, edges=SMALL_COUNT_EDGES)
def distinct_stop_word_count(view: TextView) -> Value:
    """Number of different stop words that occur; null if the language has no stop words.

    Compared in lower case. Source: Rae et al. 2021 (Gopher), A.1: at least two of eight English
    words; per language in FineWeb-2 (Penedo et al. 2025).
    """
    if not view.stop_words:
        return None
    return float(distinct(view.word_hashes[view.stop_word_hits]).size)


@fraction(source="Penedo et al. 2024 (FineWeb), statistics; RedPajama-v2 rps_doc_frac_unique_words")
def unique_word_fraction(view: TextView) -> Value:
    """Different words (in lower case) by words; null without words. Longer texts have less."""
    if not view.word_count:
        return None
    return float(distinct(view.word_hashes).size / view.word_count)


@fraction(source="RedPajama-v2 rps_doc_frac_all_caps_words")
def uppercase_word_fraction(view: TextView) -> Value:
    """Fraction of words in capitals among words with two or more cased letters.

    Null without such words, as in a text in Hebrew or Arabic. One letter is no evidence: "I",
    "A", initials.
    """
    if not view.present & characters.UPPER and not view.present & characters.LOWER:
        return None
    cased = view.count_in_words(characters.UPPER | characters.LOWER)
    return share((view.word_classes[cased >= 2] & characters.LOWER) == 0)


@fraction(source="RedPajama-v2; Penedo et al. 2024 (FineWeb), statistics")
def digit_character_fraction(view: TextView) -> Value:
    """Fraction of characters that are decimal digits of any script; null for an empty text."""
    return share((view.classes & characters.DIGIT) != 0)


def _lettered(view: TextView) -> NDArray[np.bool_]:
    lettered: NDArray[np.bool_] = (view.word_classes & characters.LETTER) != 0
    return lettered
