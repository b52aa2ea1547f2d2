"""What-if counts against judging everything again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from filters import rules, whatif
from filters.rules import Bound, RuleSet
from filters.whatif import Population, Tally

ORDER = ("word_count", "mean_word_length", "duplicate_line_fraction", "short_line_fraction")
TAG = "fin_Latn"
LEVELS = [0.0, 0.1, 0.2, 0.25, 0.5, 1.0]
"""Few, so that values often meet a bound exactly; 0.1 and 0.2 are no float32 numbers."""

levels = st.sampled_from(LEVELS)
limits = st.one_of(st.none(), levels)


@st.composite
def bounds(draw: st.DrawFn, name: str) -> Bound:
    low, high = draw(limits), draw(limits)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Bound(name, low, high)


@st.composite
def packs(draw: st.DrawFn) -> dict[str, Bound]:
    names = draw(st.sets(st.sampled_from(ORDER)))
    return {name: draw(bounds(name)) for name in sorted(names)}


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    size = draw(st.integers(0, 40))
    cells = st.lists(st.one_of(levels, st.just(float("nan"))), min_size=size * 4, max_size=size * 4)
    moves = draw(st.sets(st.sampled_from(ORDER), min_size=1))
    return {
        "values": np.array(draw(cells), np.float32).reshape(size, 4),
        "words": np.array(
            draw(st.lists(st.integers(0, 10**9), min_size=size, max_size=size)), np.int64
        ),
        "removed": np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool),
        "pack": draw(packs()),
        "moves": {name: draw(bounds(name)) for name in sorted(moves)},
    }


def compiled(pack: Mapping[str, Bound]) -> RuleSet:
    return rules.compile_rules(ORDER, {"base": {}, TAG: pack})


def population(case: Mapping[str, Any], pack: Mapping[str, Bound]) -> Population:
    columns = [case["values"][:, at] for at in range(4)]
    return Population(compiled(pack), TAG, columns, {"words": case["words"]}, case["removed"])


def judged(case: Mapping[str, Any], pack: Mapping[str, Bound]) -> NDArray[np.uint64]:
    found = compiled(pack)
    language = np.full(len(case["values"]), found.tags.index(TAG))
    return rules.judge(found, case["values"], language)[0]


def counted(case: Mapping[str, Any], masks: NDArray[np.uint64], measure: str) -> dict[str, Any]:
    """A tally, one document at a time."""
    first, failed, only = [0] * 4, [0] * 4, [0] * 4
    total = passed = kept = 0
    for mask, words, removed in zip(
        masks.tolist(), case["words"].tolist(), case["removed"].tolist(), strict=True
    ):
        amount = words if measure == "words" else 1
        broken = [at for at in range(4) if mask >> at & 1]
        total += amount
        passed += amount * (not broken)
        kept += amount * (not broken and not removed)
        for at in broken:
            failed[at] += amount
        if broken:
            first[broken[0]] += amount
        if len(broken) == 1:
            only[broken[0]] += amount
    return {
        "total": total, "passed": passed, "kept": kept,
        "first": first, "any": failed, "only": only,
    }  # fmt: skip


def plain(tally: Tally) -> dict[str, Any]:
    return {
        "total": tally.total, "passed": tally.passed, "kept": tally.kept,
        "first": tally.attribution.first.tolist(), "any": tally.attribution.any.tolist(),
        "only": tally.attribution.only.tolist(),
    }  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_move_is_what_judging_everything_again_gives(case: dict[str, Any]) -> None:
    before = judged(case, case["pack"])
    after = judged(case, {**case["pack"], **case["moves"]})
    people = population(case, case["pack"])
    change = people.moved(case["moves"])
    assert people.masks.tolist() == before.tolist()
    for measure in ("documents", "words"):
        assert plain(change.before[measure]) == counted(case, before, measure)
        assert plain(change.after[measure]) == counted(case, after, measure)
    was, now = ((masks == 0) & ~case["removed"] for masks in (before, after))
    assert change.lost.tolist() == np.flatnonzero(was & ~now).tolist()
    assert change.gained.tolist() == np.flatnonzero(now & ~was).tolist()
    kept = change.after["documents"].kept - change.before["documents"].kept
    assert kept == change.gained.size - change.lost.size


@settings(max_examples=100, deadline=None)
@given(cases())
def test_sums_by_rule_from_masks_with_weights(case: dict[str, Any]) -> None:
    masks = judged(case, case["pack"])
    found = rules.attribution(masks, 4, case["words"])
    expected = counted(case, masks, "words")
    assert {name: getattr(found, name).tolist() for name in ("first", "any", "only")} == {
        name: expected[name] for name in ("first", "any", "only")
    }
    assert found.first.dtype == np.int64


def test_many_documents_across_threads() -> None:
    """As many as are shared among threads."""
    rng = np.random.default_rng(7)
    size = 2 * whatif.SMALL + 12_345
    case = {
        "values": rng.choice(np.array([*LEVELS, np.nan], np.float32), (size, 4)),
        "words": rng.integers(0, 1000, size),
        "removed": rng.random(size) < 0.1,
    }
    pack = {"word_count": Bound("word_count", 0.1), "short_line_fraction": Bound(
        "short_line_fraction", max=0.5)}  # fmt: skip
    moves = {"short_line_fraction": Bound("short_line_fraction", max=0.2)}
    change = population(case, pack).moved(moves)
    after = judged(case, {**pack, **moves})
    for measure in ("documents", "words"):
        found, amounts = change.after[measure], case["words"] if measure == "words" else 1
        assert found.kept == int(((after == 0) & ~case["removed"]).dot(amounts * np.ones(size)))
        expected = rules.attribution(after, 4, case["words"] if measure == "words" else None)
        for name in ("first", "any", "only"):
            assert getattr(found.attribution, name).tolist() == getattr(expected, name).tolist()
    assert change.lost.size > whatif.SMALL / 100
    assert (np.diff(change.lost) > 0).all()


def test_the_last_of_64_rules() -> None:
    """Bit 63 is the sign of a signed integer, and no float64 holds all bits below it."""
    names = [f"rule_{at}" for at in range(64)]
    low = np.full((1, 64), -np.inf)
    high = np.full((1, 64), np.inf)
    high[0, 63] = 0.5
    found = RuleSet(tuple(names), (TAG,), low, high)
    values = [np.array([0.0, 1.0, 0.7], np.float32)] * 64
    people = Population(found, TAG, values, {}, np.zeros(3, bool))
    assert people.masks.tolist() == [0, 1 << 63, 1 << 63]
    change = people.moved({"rule_63": Bound("rule_63", max=0.8)})
    assert change.gained.tolist() == [2]
    assert change.after["documents"].attribution.only[63] == 1
    change = people.moved({"rule_0": Bound("rule_0", max=0.8)})
    assert change.after["documents"].attribution.first.tolist() == [1, *[0] * 62, 1]
    assert change.after["documents"].attribution.any[63] == 2


@pytest.mark.parametrize(
    ("moves", "message"),
    [
        ({}, "no rule moves"),
        ({"sentence_count": Bound("sentence_count", 1)}, "was not compiled"),
        ({"word_count": Bound("word_count", 3, 2)}, "min 3 is above max 2"),
        ({"word_count": Bound("mean_word_length", 3)}, "holds a bound on"),
        ({"word_count": Bound("word_count", float("nan"))}, "not a number"),
    ],
)
def test_moves_that_make_no_sense(moves: dict[str, Bound], message: str) -> None:
    case = {"values": np.zeros((2, 4)), "words": np.ones(2, int), "removed": np.zeros(2, bool)}
    with pytest.raises(ValueError, match=message):
        population(case, {}).moved(moves)


def test_arrays_that_do_not_fit() -> None:
    nothing = np.zeros(0, bool)
    with pytest.raises(ValueError, match="no rules were compiled for deu_Latn"):
        Population(compiled({}), "deu_Latn", [], {}, nothing)
    with pytest.raises(ValueError, match="not one a rule"):
        Population(compiled({}), TAG, [np.zeros(2, np.float32)] * 3, {}, np.zeros(2, bool))
    with pytest.raises(ValueError, match="not one a rule"):
        Population(compiled({}), TAG, [np.zeros(2, np.float32)] * 4, {}, nothing)
