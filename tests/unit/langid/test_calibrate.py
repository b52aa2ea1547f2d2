"""Calibration: monotone, in range, and found again from data made with it."""

import math

import numpy as np
import pytest

from langid.calibrate import Calibration, calibration_error, fit, observe, offsets, score
from langid.tags import BY_TAG


@pytest.mark.parametrize("tag", ["deu_Latn", "fur_Latn", "xxx_Latn"])
@pytest.mark.parametrize("letters", [0, 1, 10, 100, 1_000, 3_000, 10**9])
def test_the_score_is_a_probability_that_rises_with_the_vote(tag: str, letters: int) -> None:
    scores = [score(tag, step / 100, letters) for step in range(101)]
    assert scores == sorted(scores)
    assert 0.0 <= scores[0] < scores[-1] <= 1.0


def test_every_tag_has_a_score_with_the_shipped_offsets() -> None:
    """A typing error in `calibration.json` could make a language certain, or impossible."""
    for tag in BY_TAG:
        assert 0.5 < score(tag, 0.999, 500) < 1.0, tag
        assert 0.0 < score(tag, 0.001, 500) < 0.5, tag


def test_an_offset_is_added_in_log_odds() -> None:
    mapping = Calibration(intercept=0.0, vote=1.0, letters=0.0, vote_letters=0.0)
    assert mapping.score(0.5, 100) == pytest.approx(0.5)
    assert mapping.score(0.5, 100, offset=math.log(3.0)) == pytest.approx(0.75)


def test_an_offset_is_found_where_a_language_is_off_and_shrunk_where_it_is_rare() -> None:
    mapping = Calibration(intercept=0.0, vote=1.0, letters=0.0, vote_letters=0.0)
    sizes = {"fin_Latn": (400, 300), "swe_Latn": (400, 200), "vot_Latn": (4, 4)}
    tags = [tag for tag, (texts, _) in sizes.items() for _ in range(texts)]
    right = [n < correct for texts, correct in sizes.values() for n in range(texts)]
    observed = np.array([observe(0.5, 100)] * len(tags))
    found = offsets(mapping, tags, observed, np.array(right))
    assert "swe_Latn" not in found  # as right as it says
    assert 0.7 * math.log(3.0) < found["fin_Latn"] < math.log(3.0)
    assert 0.0 < found["vot_Latn"] < found["fin_Latn"]
    assert list(found) == sorted(found)


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
