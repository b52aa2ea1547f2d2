"""Calibration: monotone, in range, and found again from data made with it."""

import numpy as np
import pytest

from langid.calibrate import CALIBRATION, Calibration, calibration_error, fit, observe


@pytest.mark.parametrize("letters", [0, 1, 10, 100, 1_000, 3_000, 10**9])
def test_the_score_is_a_probability_that_rises_with_the_vote(letters: int) -> None:
    scores = [CALIBRATION.score(step / 100, letters) for step in range(101)]
    assert scores == sorted(scores)
    assert 0.0 <= scores[0] < scores[-1] <= 1.0


def test_the_fit_finds_the_mapping_that_made_the_data() -> None:
    rng = np.random.default_rng(7)
    made_with = Calibration(intercept=-0.5, vote=1.5, letters=0.3, vote_letters=-0.2)
    votes, letters = rng.uniform(0.01, 0.99, 40_000), rng.integers(1, 1_000, 40_000)
    observed = np.array([observe(v, n) for v, n in zip(votes, letters, strict=True)])
    scores = np.array([made_with.score(v, n) for v, n in zip(votes, letters, strict=True)])
    correct = rng.uniform(size=len(scores)) < scores
    weights = np.ones(len(scores))
    found = fit(observed, correct, weights)
    assert found == fit(observed, correct, weights * 7)
    refit = np.array([found.score(v, n) for v, n in zip(votes, letters, strict=True)])
    assert np.abs(refit - scores).max() < 0.03
    assert calibration_error(refit, correct, weights) < 0.01


def test_the_calibration_error_of_a_boaster() -> None:
    correct = np.array([True, False] * 50)
    assert calibration_error(np.ones(100), correct, np.ones(100)) == pytest.approx(0.5)
    assert calibration_error(np.full(100, 0.5), correct, np.ones(100)) == pytest.approx(0.0)
