"""Repetition signals (Rae et al. 2021, Gopher, Table A1).

They are measured as datatrove 0.10.1 does (`gopher_repetition_filter.py`), because every published
limit (FineWeb, FineWeb-2) was set with it; decision record 0016 gives the measured agreement.
Words and lines are compared as written, and repeated characters are divided by all characters of
the text, spaces and punctuation included. Duplicate n-grams count without the spaces between their
words, walking on behind each one found; the top n-gram counts with its spaces, as often as it
occurs, be it once. Nothing exceeds 1 ("a a a a" does in datatrove, and FineWeb-2's limit for
Asturian is 1.597), and lines are those of the segmenter: stripped, never blank.
"""

from __future__ import annotations

from filters.signal import SMALL_FRACTION_EDGES, Value, fraction
from filters.text import TextView, repeated

_TABLE_A1 = "Rae et al. 2021 (Gopher), Table A1"

_repetition = fraction(source=_TABLE_A1, edges=SMALL_FRACTION_EDGES)
_repeated_characters = fraction(source=_TABLE_A1, edges=SMALL_FRACTION_EDGES, version=2)


@_repetition
def duplicate_line_fraction(view: TextView) -> Value:
    """Fraction of lines that occur earlier in the text; null without lines.

    Lines are split at U+000A and compared stripped. Source: Gopher, Table A1.
    """
    return _share(repeated(view.line_hashes, view.line_lengths)[0], view.line_count)


@_repetition
def duplicate_paragraph_fraction(view: TextView) -> Value:
    """Fraction of paragraphs that occur earlier in the text; null without paragraphs.

    Paragraphs are split at blank lines and compared line by line. Source: Gopher, Table A1.
    """
    hashes = view.paragraph_hashes
    return _share(repeated(hashes, view.paragraph_lengths)[0], hashes.size)


@_repeated_characters
def duplicate_line_character_fraction(view: TextView) -> Value:
    """Fraction of characters, line ends apart, in lines that occur earlier; null without any.

    Source: Gopher, Table A1; Penedo et al. 2024 (FineWeb), 3.6, with a limit of 0.1 (datatrove:
    0.01).
    """
    characters = view.codes.size - view.text.count("\n")
    return _share(repeated(view.line_hashes, view.line_lengths)[1], characters)


@_repeated_characters
def duplicate_paragraph_character_fraction(view: TextView) -> Value:
    """Fraction of characters in paragraphs that occur earlier in it; null for an empty text.

    Source: Gopher, Table A1.
    """
    return _share(repeated(view.paragraph_hashes, view.paragraph_lengths)[1], view.codes.size)


@_repeated_characters
def top_2_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in the most frequent 2-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 2)


@_repeated_characters
def top_3_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in the most frequent 3-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 3)


@_repeated_characters
def top_4_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in the most frequent 4-gram; null without words.

    Source: Gopher, Table A1.
    """
    return _top_n_gram(view, 4)


@_repeated_characters
def duplicate_5_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 5-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 5)


@_repeated_characters
def duplicate_6_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 6-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 6)


@_repeated_characters
def duplicate_7_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 7-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 7)


@_repeated_characters
def duplicate_8_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 8-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 8)


@_repeated_characters
def duplicate_9_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 9-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 9)


@_repeated_characters
def duplicate_10_gram_character_fraction(view: TextView) -> Value:
    """Fraction of characters in 10-grams that occur earlier in the text; null without words.

    Source: Gopher, Table A1.
    """
    return _duplicate_n_grams(view, 10)


def _top_n_gram(view: TextView, n: int) -> Value:
    if not view.word_count:
        return None
    count, characters = view.top_n_gram(n)
    return min(1.0, count * (characters + n - 1) / view.codes.size) if count else 0.0


def _duplicate_n_grams(view: TextView, n: int) -> Value:
    return _share(view.duplicate_n_grams(n), view.codes.size) if view.word_count else None


def _share(part: int, whole: int) -> Value:
    return part / whole if whole else None
