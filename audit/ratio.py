"""A group's share against its baseline's: the ratio, how sure it is, and whether to raise an alarm.

One definition for every comparison of the bias report, whoever the group is.
"""

from math import inf, sqrt
from typing import Any, Final

from audit.precision import wilson

MIN_DOCUMENTS: Final = 30
"""Documents of a group at least: of fewer, the share says little, and might say it of somebody."""
ALARM: Final = 0.8
"""Below four fifths of the baseline's retention (the rule of the US selection guidelines of 1978,
29 CFR 1607.4 D) a person looks at it."""

OK, WATCH, RAISED = "ok", "watch", "alarm"


def against(passed: int, documents: int, baseline_passed: int, baseline: int) -> dict[str, Any]:
    """Shares and their ratio, for a group that is part of its baseline.

    `share` with Wilson's interval `low`, `high`; `ratio` to the baseline's share with a 95 %
    interval; null where the baseline keeps nothing. `state`: `alarm` if the whole interval lies
    below .8, `watch` if the ratio does, else `ok`. ValueError for a group that is empty or no part
    of its baseline.

    The interval compares the group with the rest of its baseline, which are independent, by the
    method of variance estimates recovery (Donner and Zou 2012, section 3.2, from Wilson's
    intervals), and carries that over to the whole: where the group has the fraction f of the
    documents, a ratio r to the rest is r / (f r + 1 - f) to all.
    """
    rest, rest_passed = baseline - documents, baseline_passed - passed
    if not (0 <= passed <= documents and documents > 0 and 0 <= rest_passed <= rest):
        raise ValueError("the group is no part of its baseline")
    low, high = wilson(passed, documents)
    found: dict[str, Any] = {
        "documents": documents,
        "passed": passed,
        "share": passed / documents,
        "low": low,
        "high": high,
        "baseline": baseline_passed / baseline,
        "ratio": None,
        "ratio_low": None,
        "ratio_high": None,
        "state": OK,
    }
    if not baseline_passed:
        return found
    found["ratio"] = found["share"] / found["baseline"]
    if not rest:
        return {**found, "ratio_low": 1.0, "ratio_high": 1.0}
    fraction = documents / baseline
    ends = interval((passed, documents), (rest_passed, rest))
    found["ratio_low"], found["ratio_high"] = (_to_all(end, fraction) for end in ends)
    below = passed * baseline < ALARM * (baseline_passed * documents)
    found["state"] = OK if not below else RAISED if found["ratio_high"] < ALARM else WATCH
    return found


def interval(ours: tuple[int, int], theirs: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of the ratio of two independent shares, each (passed, documents).

    Infinite above where the other share may be zero.
    """
    p, q = ours[0] / ours[1], theirs[0] / theirs[1]
    (l1, u1), (l2, u2) = wilson(*ours), wilson(*theirs)
    low = _root(p * q, u2 * (2 * q - u2), l1 * (2 * p - l1))
    a = l2 * (2 * q - l2)
    c = u1 * (2 * p - u1)
    high = (p * q + sqrt(max(0.0, p * p * q * q - a * c))) / a if a > 0 else inf
    return max(0.0, low), high


def _root(product: float, a: float, c: float) -> float:
    """The lesser positive root of a x^2 - 2 product x + c = 0, in the form that does not cancel."""
    whole = product + sqrt(max(0.0, product * product - a * c))
    return c / whole if whole > 0 else 0.0


def _to_all(ratio: float, fraction: float) -> float:
    """A ratio to the rest as one to all, of whom the group is a fraction."""
    return 1 / fraction if ratio == inf else ratio / (fraction * ratio + 1 - fraction)
