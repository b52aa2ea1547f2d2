"""Repetition signals (Rae et al. 2021, Gopher, Table A1).

How the n-gram signals differ from datatrove 0.10.1 (`gopher_repetition_filter.py`), whose
thresholds FineWeb uses:

* Characters are those of words, above and below the line. datatrove divides characters of words by
  all characters, spaces and punctuation included, so its duplicate n-gram values are lower by about
  a sixth.
* Every character counts once, as Table A1 asks. datatrove multiplies the length of the top n-gram
  by its count, so that "a a a a" is beyond 1 (FineWeb-2's limit for Asturian is 1.597); and after a
  repeated n-gram it skips n words, so that the rest of a longer repeated passage is lost if it is
  shorter than n.
* An n-gram that occurs once is no repetition: the top n-gram signal is 0 then, where datatrove
  gives the length of the first n-gram.

Like datatrove, and like the line signals, duplicate n-grams leave the first occurrence out: the
value is what would be removed. The paper can also be read as counting it; that reading gives up to
twice the value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.signal import SMALL_FRACTION_EDGES, Value, fraction
from filters.text import TextView, distinct

_TABLE_A1 = "Rae et al. 2021 (Gopher), Table A1"

_repetition = fraction(source=_TABLE_A1, edges=SMALL_FRACTION_EDGES)


@_repetition
def duplicate_line_fraction(view: TextView) -> Value:
    """Fraction of lines that occur earlier in the text; null without lines.

    Lines are split at U+000A and compared stripped and in lower case. Source: Gopher, Table A1.
    """
    return _repeated_share(view.line_hashes)


@_repetition
def duplicate_paragraph_fraction(view: TextView) -> Value:
    """Fraction of paragraphs that occur earlier in the text; null without paragraphs.

    Paragraphs are split at blank lines and compared line by line. Source: Gopher, Table A1.
    """
    return _repeated_share(view.paragraph_hashes)


@_repetition
def duplicate_line_character_fraction(view: TextView) -> Value:
    """Fraction of characters in lines that occur earlier in the text.

    Of the characters of stripped lines; null without lines. Source: Gopher, Table A1; Penedo et al.
    2024 (FineWeb), 3.6, with a limit of 0.1 (datatrove: 0.01).
    """
    return _repeated_character_share(view.line_hashes, view.line_lengths)


@_repetition
def duplicate_paragraph_character_fraction(view: TextView) -> Value:
    """Fraction of characters in paragraphs that occur earlier in the text; null without paragraphs.

    Source: Gopher, Table A1.
    """
    return _repeated_character_share(view.paragraph_hashes, view.paragraph_lengths)


@_repetition
def top_2_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in the most frequent 2-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 2)


@_repetition
def top_3_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in the most frequent 3-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 3)


@_repetition
def top_4_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in the most frequent 4-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 4)


@_repetition
def duplicate_5_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 5-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 5)


@_repetition
def duplicate_6_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 6-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 6)


@_repetition
def duplicate_7_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 7-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 7)


@_repetition
def duplicate_8_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 8-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 8)


@_repetition
def duplicate_9_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 9-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 9)


@_repetition
def duplicate_10_gram_character_fraction(view: TextView) -> Value:
    """Fraction of word characters in 10-grams that occur earlier; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 10)


def _top_n_gram(view: TextView, n: int) -> Value:
    """Share of word characters in the most frequent n-gram; of equally frequent, the longest."""
    if not view.word_count:
        return None
    repeats = view.repeats(n)
    if not repeats.words.size:
        return 0.0
    counts = np.bincount(repeats.groups)
    firsts = repeats.words[~repeats.again]
    lengths = view.word_offsets[firsts + n] - view.word_offsets[firsts]
    most = np.flatnonzero(counts == counts.max())
    top = most[lengths[most].argmax()]
    return _covered(view, repeats.words[repeats.groups == top], n)


def _duplicate_n_grams(view: TextView, n: int) -> Value:
    if not view.word_count:
        return None
    repeats = view.repeats(n)
    return _covered(view, np.sort(repeats.words[repeats.again]), n)


def _covered(view: TextView, starts: NDArray[np.int64], n: int) -> float:
    """Share of word characters in the n words from each ascending start, each counted once."""
    if not starts.size:
        return 0.0
    ends = starts + n
    fresh = starts.copy()
    np.maximum(starts[1:], ends[:-1], out=fresh[1:])
    offsets = view.word_offsets
    return float((offsets[ends] - offsets[fresh]).sum() / offsets[-1])


def _repeated_share(hashes: NDArray[np.uint64]) -> Value:
    return float(1 - distinct(hashes).size / hashes.size) if hashes.size else None


def _repeated_character_share(hashes: NDArray[np.uint64], lengths: NDArray[np.integer]) -> Value:
    """Share of lengths at hashes seen earlier. Equal hashes have equal lengths, in any order."""
    if not hashes.size:
        return None
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    again = ordered[1:] == ordered[:-1]
    return float(lengths[order[1:][again]].sum() / lengths.sum())
