"""A group's share against its baseline's."""

from math import exp, inf, log, sqrt

import numpy as np
import pytest

from audit import ratio


def test_of_a_plain_group() -> None:
    found = ratio.against(60, 100, 900, 1000)
    assert found["share"] == 0.6
    assert found["baseline"] == 0.9
    assert found["ratio"] == pytest.approx(2 / 3)
    assert found["ratio_low"] < 2 / 3 < found["ratio_high"] < 0.8
    assert found["state"] == ratio.RAISED


def test_states() -> None:
    assert ratio.against(90, 100, 900, 1000)["state"] == ratio.OK
    assert ratio.against(21, 30, 900, 1000)["state"] == ratio.WATCH  # .78, and .8 is within reach
    assert ratio.against(72, 100, 900, 1000)["state"] == ratio.OK  # .8 itself is no alarm


def test_where_nothing_is_kept() -> None:
    nothing = ratio.against(0, 40, 0, 100)
    assert nothing["ratio"] is nothing["ratio_low"] is None
    assert nothing["state"] == ratio.OK
    none_of_ours = ratio.against(0, 40, 60, 100)
    assert (none_of_ours["ratio"], none_of_ours["ratio_low"]) == (0.0, 0.0)
    assert none_of_ours["state"] == ratio.RAISED
    only_ours = ratio.against(40, 40, 40, 100)
    assert only_ours["ratio_high"] == pytest.approx(100 / 40)  # no group is kept more than that


def test_a_group_that_is_all() -> None:
    found = ratio.against(50, 100, 50, 100)
    assert (found["ratio"], found["ratio_low"], found["ratio_high"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (3, 2, 3, 9), (1, 5, 0, 9), (1, 9, 1, 5)])
def test_what_is_no_part(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no part"):
        ratio.against(*counts)


def test_large_counts_agree_with_the_logarithmic_interval() -> None:
    low, high = ratio.interval((3000, 10_000), (45_000, 100_000))
    middle = log(0.3 / 0.45)
    half = 1.959964 * sqrt(0.7 / 3000 + 0.55 / 45_000)
    assert low == pytest.approx(exp(middle - half), rel=2e-3)
    assert high == pytest.approx(exp(middle + half), rel=2e-3)


def test_bounds_without_a_share() -> None:
    assert ratio.interval((5, 10), (0, 10))[1] == inf
    assert ratio.interval((0, 10), (5, 10))[0] == 0.0


@pytest.mark.parametrize(("n", "p", "q"), [(40, 0.7, 0.9), (40, 0.2, 0.3), (200, 0.5, 0.5)])
def test_coverage(n: int, p: float, q: float) -> None:
    random, inside, true = np.random.default_rng(5), 0, 0.0
    for _ in range(1500):
        group, rest = int(random.binomial(n, p)), int(random.binomial(400, q))
        found = ratio.against(group, n, group + rest, n + 400)
        true = p / ((n * p + 400 * q) / (n + 400))
        inside += found["ratio_low"] <= true <= found["ratio_high"]
    assert inside / 1500 > 0.93
