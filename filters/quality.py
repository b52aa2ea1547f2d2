"""Quality classifiers: what a model sees of a text, its answer as a number, and how good it is.

A model sees the words of `TextView`, in lower case and apart from each other by spaces, in training
and in use alike: punctuation, case and lines are signals of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.text import TextView

LABEL: Final = "__label__"
"""fastText takes a word that begins so for a label; such words are left out."""

POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"

# fastText adds this to every probability before it takes the logarithm (`std_log`).
_ADDED: Final = 1e-5


def words_of(view: TextView, fold_digits: bool = False) -> list[str]:
    """The words folded as in `TextView.codes`, with every decimal digit as 0 if asked for.

    What UTF-8 cannot hold (lone surrogates) is left out of them.
    """
    codes = view.codes
    if fold_digits:
        codes = np.where(view.classes & characters.DIGIT, np.uint32(ord("0")), codes)
    folded = codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    bounds = zip(view.word_starts.tolist(), view.word_ends.tolist(), strict=True)
    return [folded[start:end].encode("utf-8", "ignore").decode("utf-8") for start, end in bounds]


def prepare(view: TextView) -> str:
    """One line for fastText: the folded words, without what it would take for a label."""
    return " ".join(word for word in words_of(view) if not word.startswith(LABEL))


def probability(answer: Iterable[tuple[float, str]], label: str) -> float:
    """Probability of the label in fastText's pairs of probability and label, 0 to 1.

    0 if the label is not among them; ask for all labels.
    """
    found = (value for value, name in answer if name == f"{LABEL}{label}")
    return min(1.0, max(0.0, next(found, 0.0) - _ADDED))


@dataclass(frozen=True, slots=True)
class Score:
    """How well scores tell positives from negatives; precision and recall at 0.5."""

    positives: int
    negatives: int
    precision: float | None
    """Null if nothing scores 0.5."""
    recall: float
    auc: float
    """Probability that a positive scores above a negative; equal scores count half."""


def score(values: Sequence[float], is_positive: Sequence[bool]) -> Score:
    """Precision and recall at 0.5 and the area under the ROC curve (Mann-Whitney U, ties half).

    ValueError unless there is at least one of each class. O(n log n).
    """
    scores = np.asarray(values, np.float64)
    truth = np.asarray(is_positive, np.bool_)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        raise ValueError(f"{positives} positive and {negatives} negative texts: both are needed")
    called = scores >= 0.5
    right = int((called & truth).sum())
    ranks = _mean_ranks(scores)
    u = ranks[truth].sum() - positives * (positives + 1) / 2
    return Score(
        positives,
        negatives,
        right / int(called.sum()) if called.any() else None,
        right / positives,
        float(u / (positives * negatives)),
    )


def _mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2)[group]
    return means
