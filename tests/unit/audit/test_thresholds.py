"""Bounds by tails, quantiles and deviations; clamps, medians, and a share that no pack exceeds."""

import numpy as np
import pytest

from audit import thresholds
from audit.thresholds import MAX, MIN, RECIPES, Rules, Threshold
from filters.catalog import BY_NAME

PUNCTUATION = "terminal_punctuation_line_fraction"
LETTERS = "mean_word_length"
LINES = "duplicate_line_fraction"
STOP = "stop_word_fraction"
RANDOM = np.random.default_rng(7)
ENGLISH = thresholds.statistics(
    {
        LETTERS: np.linspace(2, 8, 601),
        LINES: np.array([0.0, 0.1] * 300),
    },
    {LETTERS: {"min": 2.6, "max": 10.0}, LINES: {"max": 0.3}},
)


def fit(values, base=None, **changes):
    chosen = {"are_whole": True, "family": "F", "family_medians": {}, **changes}
    return thresholds.fit(values, values, ENGLISH, base or {}, **chosen)


def test_every_recipe_names_a_signal_and_a_bound_of_its_own() -> None:
    keys = [(recipe.signal, recipe.side) for recipe in RECIPES]
    assert len(keys) == len(set(keys))
    assert {name for name, _ in keys} <= BY_NAME.keys()


def test_english_is_kept_as_numbers() -> None:
    assert ENGLISH[LINES] == {"mean": 0.05, "std": 0.05, "max": 0.3, "rejected_max": 0.0}
    assert ENGLISH[LETTERS]["rejected_min"] == pytest.approx(0.1, abs=0.002)


def test_a_tail_is_a_share_of_the_documents() -> None:
    rules = thresholds.derive(
        {PUNCTUATION: np.linspace(0, 1, 1001)}, {}, ENGLISH, are_whole=True, tail=0.1
    )
    assert rules[PUNCTUATION, MIN].value == pytest.approx(0.1)


def test_a_quantile_rejects_what_the_english_threshold_rejects() -> None:
    values = {LETTERS: np.linspace(5, 15, 1001)}
    rules = thresholds.derive(values, values, ENGLISH, are_whole=True, tail=0.1)
    assert rules[LETTERS, MIN].value == pytest.approx(0.7 * 6, rel=0.01)
    assert rules[LETTERS, MAX].value == pytest.approx(1.15 * 15)


def test_deviations_are_those_of_english_and_clamped() -> None:
    values = {LINES: np.array([0.0, 0.04] * 300)}
    rules = thresholds.derive(values, {}, ENGLISH, are_whole=True, tail=0.1)
    # English: (.3 - .05) / .05 = 5 deviations.
    assert rules[LINES, MAX].value == pytest.approx(0.02 + 5 * 0.02)
    wild = thresholds.derive(
        {LINES: np.array([0.0, 0.4] * 300)}, {}, ENGLISH, are_whole=True, tail=0.1
    )
    assert wild[LINES, MAX].value == 0.45
    assert wild[LINES, MAX].clamped


def test_shapes_need_whole_documents_and_inherit_without() -> None:
    values = {PUNCTUATION: np.ones(400), LINES: np.zeros(400), STOP: np.full(400, 0.3)}
    medians = {"F": {f"{PUNCTUATION}.min": 0.4}, "": {f"{LINES}.max": 0.2, f"{STOP}.min": 0.9}}
    rules, share = fit(values, are_whole=False, family_medians=medians)
    assert rules[PUNCTUATION, MIN].value == 0.4
    assert rules[PUNCTUATION, MIN].inherited
    assert "of F" in rules[PUNCTUATION, MIN].origin
    assert rules[LINES, MAX].value == 0.2
    assert "of all languages" in rules[LINES, MAX].origin
    assert rules[STOP, MIN].value == pytest.approx(0.7 * 0.3)
    assert not rules[STOP, MIN].inherited
    assert share == 0


def test_what_is_clamped_takes_the_family_s_median() -> None:
    values = {LINES: np.array([0.0, 0.4] * 300)}
    rules, _ = fit(values, family_medians={"F": {f"{LINES}.max": 0.41}})
    assert rules[LINES, MAX].value == 0.41
    assert rules[LINES, MAX].clamped
    assert rules[LINES, MAX].inherited


def test_medians_leave_out_what_is_not_a_language_s_own() -> None:
    def rules(value: float, **facts: bool) -> Rules:
        return {(LINES, MAX): Threshold(LINES, MAX, value, "", **facts)}

    made = thresholds.medians({"F": [rules(0.1), rules(0.3), rules(0.9, clamped=True)]})
    assert made["F"] == made[""] == {f"{LINES}.max": 0.2}


def test_tails_shrink_until_a_pack_keeps_its_language() -> None:
    # Three signals, each of which would lose its own tenth.
    names = (PUNCTUATION, "sentence_capital_fraction", "mean_line_length")
    values = {name: RANDOM.permutation(np.linspace(0.01, 0.99, 1000)) for name in names}
    rules, share = fit(values)
    assert share <= thresholds.MAX_REJECTED
    assert "10 % tail" not in rules[PUNCTUATION, MIN].origin


def test_a_default_that_rejects_a_language_is_relaxed_unless_it_says_that_there_is_a_text() -> None:
    values = {LETTERS: np.linspace(11, 13, 500), "word_count": np.linspace(10, 100, 500)}
    rules, share = fit(values, {("curly_brace_character_fraction", MAX): 0.0, (LETTERS, MAX): 10.0})
    assert share == 0
    assert rules[LETTERS, MAX].value > 12.9
    rules, share = fit(values, {("word_count", MIN): 50.0})
    assert ("word_count", MIN) not in rules
    assert share > 0.4


def test_relaxing_says_what_it_did() -> None:
    base = {("short_line_fraction", MAX): 0.5}
    rules, share = fit({"short_line_fraction": np.linspace(0, 0.9, 500)}, base)
    assert share < 0.01
    assert "relaxed: the default (0.5) rejected 44" in rules["short_line_fraction", MAX].origin


def test_null_is_rejected_by_no_rule() -> None:
    found = thresholds.rejected({STOP: np.array([np.nan, 0.1, 0.5])}, {(STOP, MIN): 0.2})
    assert found.tolist() == [False, True, False]


@pytest.mark.parametrize("value", [0.123456, 7.87295, 123.4, 0.0004567])
def test_rounding_never_rejects_more(value: float) -> None:
    low = thresholds.rounded(Threshold(STOP, MIN, value, "")).value
    high = thresholds.rounded(Threshold(STOP, MAX, value, "")).value
    assert low <= value <= high
    assert high - low <= value / 50


def test_a_quotation_from_a_neighbour_costs_no_page() -> None:
    name = "neighbour_word_fraction"
    rules = thresholds.derive({}, {name: np.zeros(300)}, ENGLISH, are_whole=False, tail=0.1)
    assert rules[name, MAX].value == 0.05
    strays = {name: np.concatenate([np.zeros(295), np.full(5, 0.3)])}
    assert thresholds.derive({}, strays, ENGLISH, are_whole=False, tail=0.005)[
        name, MAX
    ].value == pytest.approx(0.05)


def test_manuals_loosen_repetition_by_a_quarter_at_most() -> None:
    base = {(LINES, MAX): 0.3}
    values = {LINES: np.concatenate([np.zeros(400), np.full(100, 0.44)])}
    rules, _ = fit(values, base, are_manuals=True)
    assert rules[LINES, MAX].value == pytest.approx(0.375)
    rules, _ = fit(values, base, are_manuals=False)
    assert rules[LINES, MAX].value > 0.375
