"""Signals over lines and sentences.

Lines are split at U+000A and stripped; blank lines do not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.signal import Value, count, fraction, ratio, share
from filters.text import TextView

_GOPHER = "Rae et al. 2021 (Gopher), Appendix A.1"
_FINEWEB = "Penedo et al. 2024 (FineWeb), section 3.6"

SHORT_LINE_CHARACTERS = 30  # FineWeb, section 3.6; datatrove short_line_length

_FULL_STOP = 0x2E
_SEMICOLON = 0x3B
_ELLIPSIS = 0x2026

# Closing marks after a sentence terminal that are looked through: `.")` and the like.
_MAX_CLOSERS = 3


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
    if not view.line_count:
        return None
    last = view.line_ends - 1
    three = view.line_lengths >= 3
    for step in range(3):
        three &= view.codes[np.maximum(last - step, 0)] == _FULL_STOP
    return share(three | (view.codes[last] == _ELLIPSIS))


@fraction(source=_FINEWEB)
def terminal_punctuation_line_fraction(view: TextView) -> Value:
    """Fraction of lines that end a sentence; null without lines.

    A line ends a sentence if its last character, but for up to three closing brackets and quotation
    marks, is a sentence terminal (Unicode property Sentence_Terminal), an ellipsis, or U+003B after
    a Greek letter, which NFC makes of the Greek question mark. Source: Penedo et al. 2024
    (FineWeb), 3.6; Raffel et al. 2020 (C4), 2.2.
    """
    if not view.line_count:
        return None
    last = view.line_ends - 1
    for _ in range(_MAX_CLOSERS):
        closing = (view.classes[last] & characters.CLOSER) != 0
        last = last - (closing & (last > view.line_starts))
    return share(_is_terminal(view, last))


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
    candidate = (view.classes & characters.TERMINAL) != 0
    if view.present & characters.GREEK:
        candidate |= view.codes == _SEMICOLON
    places = np.flatnonzero(candidate)
    places = places[_is_terminal(view, places)]
    gaps = np.diff(places) > 1
    starts = places[np.append(True, gaps)[: places.size]]
    ends = places[np.append(gaps, True)[-places.size :]] if places.size else places
    in_word = characters.WORD | characters.EXTENDER
    before = _classes_at(view, starts - 1)
    follows_word = (before & _classes_at(view, starts - 2) & in_word) != 0
    follows = follows_word | ((before & characters.CLOSER) != 0)
    closes = (_classes_at(view, ends + 1) & (characters.SPACE | characters.CLOSER)) != 0
    return float(np.count_nonzero(follows & closes))


def _classes_at(view: TextView, places: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Class bits at these places; those of white space outside the text."""
    outside = (places < 0) | (places >= view.classes.size)
    return np.where(outside, np.uint16(characters.SPACE), view.classes.take(places, mode="clip"))


def _is_terminal(view: TextView, places: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Whether the character at each place ends a sentence."""
    terminal: NDArray[np.bool_] = (view.classes[places] & characters.TERMINAL) != 0
    if view.present & characters.GREEK:
        before = view.classes[np.maximum(places - 1, 0)]
        terminal |= ((before & characters.GREEK) != 0) & (view.codes[places] == _SEMICOLON)
    return terminal
