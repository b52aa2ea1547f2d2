"""Perplexity: how surprising a text is to an n-gram model of its language.

A model sees each line of the text as a sentence: the words of `TextView` in lower case, every
decimal digit as 0, apart from each other by spaces. Train with `prepare`'s lines, or the model is
surprised by the preparation. Source: Wenzek et al. 2020 (CCNet), section 3.4, who use sentence
pieces; words are kept here, so that one segmenter decides for every signal.
"""

from __future__ import annotations

import numpy as np

from filters.quality import words_of
from filters.text import TextView

# 10 to the power of 38 is about the largest float32; a longer way there says nothing more.
_MAX_EXPONENT = 38.0


def prepare(view: TextView) -> list[str]:
    """The lines that a model sees; lines without words are left out."""
    words = words_of(view, fold_digits=True)
    if not words:
        return []
    lines = np.searchsorted(view.line_starts, view.word_starts, side="right")
    firsts = np.flatnonzero(np.diff(lines, prepend=-1)).tolist()
    return [
        " ".join(words[start:end])
        for start, end in zip(firsts, [*firsts[1:], len(words)], strict=True)
    ]


def by_word(log10: float, words: int, lines: int) -> float | None:
    """Perplexity of lines whose log10 probabilities, ends of sentences included, sum to `log10`.

    10 ** (-log10 / (words + lines)): each end of a sentence is predicted as a word is. None
    without words.
    """
    if not words:
        return None
    return float(10.0 ** min(-log10 / (words + lines), _MAX_EXPONENT))
