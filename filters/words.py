"""Signals over words and characters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.signal import (
    SMALL_COUNT_EDGES,
    SMALL_FRACTION_EDGES,
    Value,
    count,
    fraction,
    ratio,
    share,
)
from filters.text import TextView

_GOPHER = "Rae et al. 2021 (Gopher), Appendix A.1"

# The most frequent English words that are short function words; those that are also stop words of
# the text's own language do not count for it.
_ENGLISH: Final = frozenset(
    {
        *("the", "of", "and", "to", "is", "that", "for", "with", "was", "are", "this", "which"),
        *("from", "by", "have", "it", "not", "be", "you", "your", "or", "as", "at", "will", "can"),
        *("has", "been", "their", "they", "we", "our"),
    }
)

_KEYWORD_LETTERS: Final = 4  # shorter words are mostly function words, whatever the language


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


@ratio(
    unit="characters/word", source=_GOPHER, edges=tuple(step / 2 for step in range(41)), version=2
)
def mean_word_length(view: TextView) -> Value:
    """Mean number of characters of the words that hold a letter or a digit.

    Null without such a word. Source: Rae et al. 2021 (Gopher), A.1; numbers are words, as in
    datatrove.
    """
    counted = (view.word_classes & (characters.LETTER | characters.DIGIT)) != 0
    total = np.count_nonzero(counted)
    return float(view.word_lengths[counted].sum() / total) if total else None


@count(
    unit="characters", source="Raffel et al. 2020 (C4), c4_utils.py; glued words (HPLT v3 notes)"
)
def longest_word_length(view: TextView) -> Value:
    """Characters of the longest word; null without words."""
    return float(view.word_lengths.max()) if view.word_count else None


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
    if not view.lexicon.stop_words:
        return None
    return float(np.count_nonzero(view.stop_word_hits))


@fraction(source="RedPajama-v2 rps_doc_stop_word_fraction; Laurencon et al. 2022 (ROOTS)")
def stop_word_fraction(view: TextView) -> Value:
    """Fraction of words that are stop words; null without words or if the language has none."""
    if not view.lexicon.stop_words or not view.word_count:
        return None
    return float(view.different_word_counts[view.stop_word_hits].sum() / view.word_count)


@count(
    unit="words",
    source="Penedo et al. 2025 (FineWeb-2), section 3.4: precision word lists",
    edges=SMALL_COUNT_EDGES,
)
def distinct_affinity_word_count(view: TextView) -> Value:
    """Number of different affinity words that occur; null if the language has none.

    Affinity words tell a language from those that it is mistaken for.
    """
    if not view.lexicon.affinity_words:
        return None
    return float(np.count_nonzero(view.affinity_word_hits))


@fraction(source="Penedo et al. 2025 (FineWeb-2), section 3.4: precision word lists")
def affinity_word_fraction(view: TextView) -> Value:
    """Fraction of words that are affinity words; null without words or if the language has none."""
    if not view.lexicon.affinity_words or not view.word_count:
        return None
    return float(view.different_word_counts[view.affinity_word_hits].sum() / view.word_count)


@fraction(source="Weir; the reverse of FineWeb-2's precision word lists")
def neighbour_word_fraction(view: TextView) -> Value:
    """Fraction of words that are its neighbours' alone; null without words or without a list."""
    if not view.lexicon.neighbour_words or not view.word_count:
        return None
    hits = view.words_among(view.lexicon.neighbour_words)
    return float(view.different_word_counts[hits].sum() / view.word_count)


@fraction(
    source="Weir: a hint of untranslated or machine-translated pages", edges=SMALL_FRACTION_EDGES
)
def english_word_fraction(view: TextView) -> Value:
    """Fraction of words that are frequent English function words; null without words.

    Stop words of the text's own language do not count, so that English has none.
    """
    if not view.word_count:
        return None
    hits = view.words_among(_ENGLISH - view.lexicon.stop_words)
    return float(view.different_word_counts[hits].sum() / view.word_count)


@fraction(source="Penedo et al. 2024 (FineWeb), statistics; RedPajama-v2 rps_doc_frac_unique_words")
def unique_word_fraction(view: TextView) -> Value:
    """Different words (in lower case) by words; null without words. Longer texts have less."""
    return float(view.different_words.size / view.word_count) if view.word_count else None


@fraction(source="Weir: keyword stuffing of search-engine pages", edges=SMALL_FRACTION_EDGES)
def top_word_fraction(view: TextView) -> Value:
    """Fraction of words that are the most frequent one of four letters or more, no stop word.

    Null without words.
    """
    if not view.word_count:
        return None
    long = view.word_lengths[view.different_words] >= _KEYWORD_LETTERS
    counts = view.different_word_counts[long & ~view.stop_word_hits]
    return float(counts.max(initial=0) / view.word_count)


@fraction(source="Weir: shuffled, generated or badly translated text", edges=SMALL_FRACTION_EDGES)
def doubled_word_fraction(view: TextView) -> Value:
    """Fraction of words with letters that repeat the word before; null without words."""
    if not view.word_count:
        return None
    again = view.word_hashes[1:] == view.word_hashes[:-1]
    return float(np.count_nonzero(again & _lettered(view)[1:]) / view.word_count)


@fraction(source="RedPajama-v2 rps_doc_frac_all_caps_words")
def uppercase_word_fraction(view: TextView) -> Value:
    """Fraction of words in capitals among words with two or more cased letters.

    Null without such words, as in a text in Hebrew or Arabic. One letter is no evidence: "I",
    "A", initials.
    """
    if not view.count(characters.UPPER) and not view.count(characters.LOWER):
        return None
    return share((view.word_classes[view.word_cased >= 2] & characters.LOWER) == 0)


@fraction(source="RedPajama-v2; Penedo et al. 2024 (FineWeb), statistics")
def digit_character_fraction(view: TextView) -> Value:
    """Fraction of characters that are decimal digits of any script; null for an empty text."""
    return view.count(characters.DIGIT) / view.codes.size if view.codes.size else None


@fraction(source="RedPajama-v2 rps_doc_frac_no_alph_words, for digits")
def number_word_fraction(view: TextView) -> Value:
    """Fraction of words that hold a digit and no letter of any script; null without words."""
    return share((view.word_classes & (characters.LETTER | characters.DIGIT)) == characters.DIGIT)


@fraction(source="Weir; Kreutzer et al. 2022 (Quality at a Glance): wrong scripts")
def main_script_letter_fraction(view: TextView) -> Value:
    """Fraction of letters that are in the most frequent script; null without letters.

    Scripts are those of Europe, one by one, and all others together.
    """
    counts = np.bincount(view.scripts, minlength=2)[1:]
    letters = counts.sum()
    return float(counts.max() / letters) if letters else None


@fraction(source="Weir: look-alike letters and broken encodings", edges=SMALL_FRACTION_EDGES)
def mixed_script_word_fraction(view: TextView) -> Value:
    """Fraction of words with letters that have letters of two scripts; null without such words."""
    scripts = view.word_scripts[view.word_scripts != 0]
    return share((scripts & (scripts - np.uint8(1))) != 0)


def _lettered(view: TextView) -> NDArray[np.bool_]:
    lettered: NDArray[np.bool_] = (view.word_classes & characters.LETTER) != 0
    return lettered
