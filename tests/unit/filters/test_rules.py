from __future__ import annotations

import numpy as np
import pytest

from filters import catalog
from filters.rules import Bound, RuleSet, attribution, compile_rules, judge

ORDER = ["word_count", "mean_word_length", "duplicate_line_fraction"]


def _rules() -> RuleSet:
    return compile_rules(
        ORDER,
        {
            "fin_Latn": {"mean_word_length": Bound("mean_word_length", 3, 14)},
            "deu_Latn": {
                "word_count": Bound("word_count", min=50),
                "duplicate_line_fraction": Bound("duplicate_line_fraction", max=0.2),
            },
        },
    )


def test_compiled_shape() -> None:
    rules = _rules()
    assert rules.tags == ("deu_Latn", "fin_Latn")
    assert rules.lo.tolist() == [[50, -np.inf, -np.inf], [-np.inf, 3, -np.inf]]
    assert rules.hi[0, 2] == np.float32(0.2)
    assert rules.reasons[0] == "rule.word_count"


def test_judge() -> None:
    nan = np.nan
    values = np.array(
        [[50, 99, 0.2], [49, 5, 0.3], [nan, nan, nan], [1, 14.1, 0.9], [1, 3, 0.9]], np.float32
    )
    masks, first = judge(_rules(), values, np.array([0, 0, 0, 1, 1]))
    assert masks.tolist() == [0, 0b101, 0, 0b010, 0]
    assert masks.dtype == np.uint64
    assert first.tolist() == [-1, 0, -1, 1, -1]
    assert first.dtype == np.int16


def test_bounds_are_inclusive_for_stored_and_for_fresh_values() -> None:
    for value in (np.float32(0.2), np.float64(0.2)):
        masks, _ = judge(_rules(), np.array([[60, 5, value]]), np.array([0]))
        assert masks.tolist() == [0]
    above = np.nextafter(np.float32(0.2), np.float32(1))
    assert judge(_rules(), np.array([[60, 5, above]]), np.array([0]))[0].tolist() == [4]


def test_fresh_values_are_rounded_as_stored_ones_are() -> None:
    """0.1 lies below the float32 number nearest to it, which is the compiled minimum."""
    rules = compile_rules(ORDER, {"deu_Latn": {"mean_word_length": Bound("mean_word_length", 0.1)}})
    assert rules.lo[0, 1] > 0.1
    for value, mask in ((0.1, 0), (0.0999999, 2)):
        masks, _ = judge(rules, np.array([[60, value, 0]]), np.array([0]))
        assert masks.tolist() == [mask]


def test_no_documents_and_no_rules() -> None:
    masks, first = judge(_rules(), np.zeros((0, 3)), np.zeros(0, int))
    assert masks.size == first.size == 0
    empty = compile_rules([], {"deu_Latn": {}})
    masks, first = judge(empty, np.zeros((2, 0)), np.zeros(2, int))
    assert (masks.tolist(), first.tolist()) == ([0, 0], [-1, -1])
    assert (masks.dtype, first.dtype) == (np.uint64, np.int16)


@pytest.mark.parametrize(
    ("order", "bounds", "message"),
    [
        (["word_cuont"], {}, "unknown signal 'word_cuont'; did you mean word_count"),
        (["word_count", "word_count"], {}, "twice"),
        (ORDER, {"word_count": Bound("word_count", 3, 2)}, "min 3 is above max 2"),
        (ORDER, {"word_count": Bound("mean_word_length", 3)}, "holds a bound on"),
        (["zzzz"], {}, "unknown signal 'zzzz'$"),
        (ORDER, {"word_count": Bound("word_count", float("nan"))}, "not a number"),
        (ORDER, {"word_count": Bound("word_count", 1, float("nan"))}, "not a number"),
        (ORDER, {"unique_word_fraction": Bound("unique_word_fraction", 0)}, "declared order"),
        (ORDER, {"x": Bound("x", 0)}, "unknown signal"),
        (["word_count"] * 65, {}, "65 rules, but at most 64"),
        (["word_count"] * 64, {}, "declared twice"),
    ],
)
def test_mistakes_are_named(order: list[str], bounds: dict[str, Bound], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_rules(order, {"deu_Latn": bounds})


@pytest.mark.parametrize("language", [[-1, 0], [0, 2], [0, -1], [2, 0]])
def test_language_out_of_range(language: list[int]) -> None:
    with pytest.raises(ValueError, match="language indices"):
        judge(_rules(), np.zeros((2, 3)), np.array(language))


def test_wrong_shape() -> None:
    with pytest.raises(ValueError, match="values of shape"):
        judge(_rules(), np.zeros((1, 2)), np.array([0]))


def test_attribution() -> None:
    masks = np.array([0b000, 0b001, 0b011, 0b110, 0b110, 0b100], np.uint64)
    counted = attribution(masks, 3)
    assert counted.first.tolist() == [2, 2, 1]
    assert counted.any.tolist() == [2, 3, 3]
    assert counted.only.tolist() == [1, 0, 1]
    assert counted.first.sum() == np.count_nonzero(masks)
    assert attribution(np.zeros(0, np.uint64), 2).any.tolist() == [0, 0]


def test_the_last_bit() -> None:
    counted = attribution(np.array([1 << 63], np.uint64))
    assert counted.first[63] == counted.only[63] == 1


def test_all_signals_fit_one_mask() -> None:
    assert len(catalog.BY_NAME) <= 64
