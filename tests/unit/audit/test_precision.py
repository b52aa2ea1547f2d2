import numpy as np
import pytest
from numpy.typing import NDArray

from audit import precision
from audit.labels import Label
from audit.precision import judged, quality, wilson
from tests.unit.audit.test_labels import label

SIMULATIONS = 1000
N = 40_000
LIMIT = 0.3


class Population:
    """Documents whose chance to be good falls along a signal, with a line drawn through it."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.value = random.beta(2, 4, N)
        self.good = random.random(N) < 1 / (1 + np.exp(12 * (self.value - 0.42)))
        self.kept = self.value <= LIMIT
        self.precision = self.good[self.kept].mean()
        self.recall = self.kept[self.good].mean()
        self.distance = np.abs(self.value - LIMIT)
        self.totals = (int(self.kept.sum()), int((~self.kept).sum()))

    def evenly(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Chances: n of what is kept and n of what is rejected; zero for what was not drawn."""
        chances = np.zeros(N)
        for side in (self.kept, ~self.kept):
            rows = np.flatnonzero(side)
            chances[random.choice(rows, n, replace=False)] = n / rows.size
        return chances

    def margin(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """More often near the line, never with chance zero."""
        levels = 1 / (0.05 + np.digitize(self.distance, np.linspace(0, 0.5, 20)) / 20)
        chances = np.minimum(1, n * levels / levels.sum())
        return np.where(random.random(N) < chances, chances, 0)

    def mixed(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """The 80 nearest the line for certain, and even draws, some of which are among the 80."""
        chances = self.evenly(random, n)
        chances[np.argpartition(self.distance, 80)[:80]] = 1
        return chances


POPULATION = Population()


@pytest.mark.parametrize(
    ("queue", "n", "with_totals"),
    [
        ("evenly", 200, False),
        ("evenly", 200, True),
        ("margin", 500, False),
        ("margin", 500, True),
        ("mixed", 200, True),
    ],
)
def test_estimates_are_right_and_intervals_cover(queue: str, n: int, with_totals: bool) -> None:
    """Check 20: within 1 point of the truth, covered in 93 to 97 % of 1,000 simulations."""
    population, random = POPULATION, np.random.default_rng(3)
    totals = population.totals if with_totals else None
    values, covered = np.zeros((SIMULATIONS, 2)), np.zeros((SIMULATIONS, 2))
    truths = (population.precision, population.recall)
    for run in range(SIMULATIONS):
        chances = getattr(population, queue)(random, n)
        rows = np.flatnonzero(chances)
        made = quality(
            population.good[rows], population.kept[rows], chances[rows], totals, run, 400
        )
        for at, (share, truth) in enumerate(zip((made.precision, made.recall), truths, strict=True)):
            assert share.value is not None
            assert share.low is not None
            assert share.high is not None
            values[run, at] = share.value
            covered[run, at] = share.low <= truth <= share.high
    print(queue, with_totals, values.mean(axis=0) - truths, covered.mean(axis=0))
    assert np.abs(values.mean(axis=0) - truths).max() < 0.01
    assert 0.93 <= covered.mean(axis=0).min() <= covered.mean(axis=0).max() <= 0.97
