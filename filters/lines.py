"""Signals over lines and sentences.

Lines are split at U+000A and stripped; blank lines do not count.
"""

from __future__ import annotations

import numpy as np

from filters import characters
from filters.signal import LARGE_COUNT_EDGES, Value, count, fraction, ratio, share
from filters.text import TextView, is_among

_GOPHER = "Rae et al. 2021 (Gopher), Appendix A.1"
_FINEWEB = "Penedo et al. 2024 (FineWeb), section 3.6"

SHORT_LINE_CHARACTERS = 30  # FineWeb, section 3.6; datatrove short_line_length

LIST_LINE_WORDS = 6  # an entry of a menu or a list of links rarely has more


@fraction(source=_GOPHER)
def bullet_line_fraction(view: TextView) -> Value:
    """Fraction of lines that begin with a bullet, hyphen, asterisk or en dash; null without lines.

    Dialogue that opens with a dash (French, Polish and others) counts as well. datatrove looks for
    "•" and "-" only. Source: Rae et al. 2021 (Gopher), A.1.
    """
    if not view.line_count:
        return None
    return share((view.classes[view.line_starts] & characters.BULLET) != 0)


@fraction(source=_GOPHER)
def ellipsis_line_fraction(view: TextView) -> Value:
    """Fraction of lines that end with "..." or U+2026; null without lines.

    Source: Rae et al. 2021 (Gopher), A.1.
    """
    return share(view.line_ends_in_ellipsis)


@fraction(source=_FINEWEB)
def terminal_punctuation_line_fraction(view: TextView) -> Value:
    """Fraction of lines that end a sentence; null without lines.

    A line ends a sentence if its last character, but for up to three closing brackets and quotation
    marks, is a sentence terminal (Unicode property Sentence_Terminal), an ellipsis, or U+003B after
    a Greek letter, which NFC makes of the Greek question mark. Source: Penedo et al. 2024
    (FineWeb), 3.6; Raffel et al. 2020 (C4), 2.2.
    """
    return share(view.line_ends_sentence)


@fraction(source=_FINEWEB)
def short_line_fraction(view: TextView) -> Value:
    """Fraction of lines of at most 30 characters; null without lines.

    Source: Penedo et al. 2024 (FineWeb), 3.6.
    """
    return share(view.line_lengths <= SHORT_LINE_CHARACTERS)


@ratio(unit="newlines/word", source=_FINEWEB)
def newline_to_word_ratio(view: TextView) -> Value:
    """Newlines (U+000A) for each word; null without words.

    Source: Penedo et al. 2024 (FineWeb), 3.6, list ratio.
    """
    return view.text.count("\n") / view.word_count if view.word_count else None


@count(unit="sentences", source="Raffel et al. 2020 (C4), section 2.2")
def sentence_count(view: TextView) -> Value:
    """Number of sentence ends.

    A sentence ends at a run of sentence terminals that follows a word of two characters or more, or
    a closing mark, and stands before white space, a closing mark or the end of the text. So "z. B."
    and "J. Smith" end none, and 3.14 does not; "12. Mai" does. Titles without a full stop are no
    sentences. C4 counts with NLTK's Punkt, which most European languages do not have.
    """
    return float(view.sentence_ends.size)


@fraction(source="Weir: shuffled words, enumerations and lists have no sentence starts")
def sentence_capital_fraction(view: TextView) -> Value:
    """Fraction of sentence ends followed by a capital, of those followed by a letter with a case.

    Looked at is the first character of the next word. Null without any, as in scripts without case.
    """
    following = np.searchsorted(view.word_starts, view.sentence_ends)
    following = following[following < view.word_count]
    first = view.classes[view.word_starts[following]]
    cased = first[(first & (characters.UPPER | characters.LOWER)) != 0]
    return share((cased & characters.UPPER) != 0)


@fraction(source="Weir: shuffled words, in scripts without case too")
def stop_word_sentence_end_fraction(view: TextView) -> Value:
    """Fraction of sentence ends whose last word is a stop word; null without ends or stop words."""
    if not view.lexicon.stop_words or not view.sentence_ends.size:
        return None
    last = np.searchsorted(view.word_starts, view.sentence_ends) - 1
    last = last[last >= 0]
    among = is_among(view.word_hashes[last], view.lexicon.stop_words)
    return share(among)


@ratio(
    unit="words/sentence",
    source="Penedo et al. 2024 (FineWeb), statistics: sentence stats",
    edges=LARGE_COUNT_EDGES,
)
def mean_sentence_length(view: TextView) -> Value:
    """Words for each sentence end; null without sentence ends."""
    ends = view.sentence_ends.size
    return view.word_count / ends if ends else None


@ratio(
    unit="characters/line",
    source="Penedo et al. 2024 (FineWeb), statistics: avg_line_length",
    edges=LARGE_COUNT_EDGES,
)
def mean_line_length(view: TextView) -> Value:
    """Mean number of characters of the stripped lines; null without lines."""
    return float(view.line_lengths.mean()) if view.line_count else None


@ratio(unit="1", source="Weir: prose has lines of all lengths, lists and tables of one")
def line_length_variation(view: TextView) -> Value:
    """Standard deviation of the lines' lengths by their mean; null without lines."""
    if not view.line_count:
        return None
    return float(view.line_lengths.std() / view.line_lengths.mean())


@fraction(source="Weir: menus, lists of links, tables")
def list_line_fraction(view: TextView) -> Value:
    """Fraction of lines with at most six words that end no sentence; null without lines."""
    few = np.diff(view.line_words) <= LIST_LINE_WORDS
    return share(few & ~view.line_ends_sentence)
