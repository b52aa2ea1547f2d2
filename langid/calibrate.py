"""From a posterior to a probability: the mapping behind `Identification.score`, and its fit.

The numbers in `calibration.json` are `train.py`'s, of a model that was trained on some sources and
texts of the others: what it was trained on would be too easy. Every language has the same weight.
docs/languages.md has the calibration error on other text. What models are too sure of by themselves
is discounted before (`vote.py`); here the vote is, for each length and language.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

# A vote of exactly 0 or 1 has no finite log-odds; models saturate at float precision, which is no
# evidence. 1e-2, 1e-3 and 1e-4 fit alike (log loss 0.187, 0.186, 0.185).
_VOTE_FLOOR = 1e-3

# More letters than these add nothing, and the mapping stays monotone in the vote: the fitted slope
# falls with log(letters) and would reach zero near 2,900.
_MAX_LETTERS = 1_000

_SHRINKAGE = 100  # texts that speak for no offset

# The texts have every language equally often, the web has not: German is mistaken for less often
# there than here.
_MAX_OFFSET = 1.0

_RIDGE = 1e-3  # keeps the fit finite where right and wrong separate; even 1 moves no number by 0.01
_ITERATIONS = 50


@dataclass(frozen=True)
class Calibration:
    """Logistic mapping from a vote to the probability that its first tag is right.

    With v the log-odds of the first tag's posterior and n = log10(letters seen), the score is
    1 / (1 + exp(-z)), z = intercept + vote * v + letters * n + vote_letters * v * n. The product
    is needed because half a vote is normal for a phrase and a bad sign for a page.
    """

    intercept: float
    vote: float
    letters: float
    vote_letters: float

    def score(self, posterior: float, letters: int, offset: float = 0.0) -> float:
        """Probability in [0, 1]; rises with the posterior, for any number of letters.

        `offset` is the language's own (`offsets`), in log-odds.
        """
        _, odds, size, product = observe(posterior, letters)
        z = self.intercept + self.vote * odds + self.letters * size + self.vote_letters * product
        z += offset
        return 1.0 / (1.0 + math.exp(-z))


def observe(posterior: float, letters: int) -> tuple[float, float, float, float]:
    """What the mapping is linear in: 1, log-odds, log10 of the letters, and their product."""
    clipped = min(max(posterior, _VOTE_FLOOR), 1.0 - _VOTE_FLOOR)
    odds = math.log(clipped / (1.0 - clipped))
    size = math.log10(min(max(letters, 1), _MAX_LETTERS))
    return 1.0, odds, size, odds * size


def fit(
    observations: npt.NDArray[np.float64],
    correct: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
) -> Calibration:
    """Weighted logistic regression by Newton's method; deterministic.

    `observations` has shape (n, 4), one row of `observe` a text; `weights` are relative.
    """
    weights = weights / weights.mean()
    beta = np.zeros(observations.shape[1])
    for _ in range(_ITERATIONS):
        expected = 1.0 / (1.0 + np.exp(-(observations @ beta)))
        gradient = observations.T @ (weights * (correct - expected)) - _RIDGE * beta
        curvature = (observations.T * (weights * expected * (1.0 - expected))) @ observations
        beta = beta + np.linalg.solve(curvature + _RIDGE * np.eye(len(beta)), gradient)
    return Calibration(*(round(float(value), 3) for value in beta))


def calibration_error(
    scores: npt.NDArray[np.float64],
    correct: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    bins: int = 10,
) -> float:
    """Expected calibration error: gap between score and accuracy in equal bins, mean by weight."""
    index = np.minimum((scores * bins).astype(np.int64), bins - 1)
    gaps = np.zeros(bins)
    np.add.at(gaps, index, weights * (scores - correct))
    return float(np.abs(gaps).sum() / weights.sum())


def offsets(
    mapping: Calibration,
    tags: Sequence[str],
    observations: npt.NDArray[np.float64],
    correct: npt.NDArray[np.bool_],
) -> dict[str, float]:
    """Log-odds by which a language's scores are off, in order of tag, without those under 0.05.

    `tags` are the predicted ones. A language with few texts is shrunk towards no offset.
    """
    z = observations @ np.array(astuple(mapping))
    expected = 1.0 / (1.0 + np.exp(-z))
    found = {}
    for tag in sorted(set(tags)):
        rows = np.array([other == tag for other in tags])
        count = int(rows.sum())
        right, should = float(correct[rows].sum()), float(expected[rows].sum())
        prior = _SHRINKAGE * should / count
        seen = (right + prior) / (count + _SHRINKAGE)
        said = min(max(should / count, _VOTE_FLOOR), 1.0 - _VOTE_FLOOR)
        seen = min(max(seen, _VOTE_FLOOR), 1.0 - _VOTE_FLOOR)
        offset = math.log(seen / (1.0 - seen)) - math.log(said / (1.0 - said))
        if abs(offset) >= 0.05:
            found[tag] = round(min(max(offset, -_MAX_OFFSET), _MAX_OFFSET), 2)
    return found


@cache
def _fitted() -> tuple[Calibration, Mapping[str, float]]:
    text = resources.files("langid").joinpath("calibration.json").read_text("utf-8")
    loaded = json.loads(text)
    return Calibration(**loaded["mapping"]), loaded["offsets"]


def score(tag: str, posterior: float, letters: int) -> float:
    """Probability in [0, 1] that `tag`, with this posterior in so many letters, is right."""
    mapping, by_tag = _fitted()
    return mapping.score(posterior, letters, by_tag.get(tag, 0.0))
