import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import figures
from filters.catalog import BY_NAME
from filters.rules import Bound
from stages import schema

ACCOUNT = {
    "read": 1000,
    "kept": 600,
    "rejected": {
        "gate.status": 50,
        "gate.language": 40,
        "identify.language": 10,
        "rule.word_count": 200,
        "dedup.exact_text": 99,
        "rights.noai": 0,
    },
    "quarantined": {"extract.crash": 1},
}


def test_every_reason_has_a_group() -> None:
    keys = {group.key for group in figures.GROUPS}
    assert {figures.group_of(reason) for reason in schema.REASONS} == keys
    assert {group.family for group in figures.GROUPS} | {"kept"} == set(figures.FAMILIES)


def test_waterfall_falls_from_read_to_kept() -> None:
    rows = figures.waterfall(ACCOUNT)
    assert [(row["label"], row["lost"], row["left"]) for row in rows] == [
        ("Read", 0, 1000),
        ("Not a usable web page", 50, 950),
        ("In no language of the run", 50, 900),
        ("Quarantined", 1, 899),
        ("Failed a quality rule", 200, 699),
        ("Copy of a kept page", 99, 600),
        ("Kept", 0, 600),
    ]
    for before, after in itertools.pairwise(rows):
        assert after["left_width"] <= before["left_width"]
        assert after["lost_x"] + after["lost_width"] <= figures.BAR_WIDTH
    assert rows[3]["lost_width"] == figures.BAR_MIN


def test_nothing_read_has_a_waterfall() -> None:
    empty = {"read": 0, "kept": 0, "rejected": {}, "quarantined": {}}
    assert [row["label"] for row in figures.waterfall(empty)] == ["Read", "Kept"]
    assert figures.composition(empty) == []


def test_composition_fills_the_bar() -> None:
    segments = figures.composition(ACCOUNT)
    assert sum(segment["width"] for segment in segments) == pytest.approx(figures.BAR_WIDTH, abs=1)
    assert sum(segment["count"] for segment in segments) == 1000
    assert segments[0]["family"] == "kept"


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (None, "off"),
        (Bound("x", 50, 100000), "at least 50, at most 100,000"),
        (Bound("x", None, 0.025), "at most 0.025"),
        (Bound("x", 0, None), "at least 0"),
    ],
)
def test_bounds_in_words(bound: Bound | None, text: str) -> None:
    assert figures.bound_text(bound) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.225, "0.225"), (1500, "1.5k"), (1e6, "1M"), (50, "50")]
)
def test_short_numbers(value: float, text: str) -> None:
    assert figures.short(value) == text


def test_count_of_exactly_the_maximum_lies_on_the_passing_side() -> None:
    figure = figures.histogram(
        BY_NAME["lorem_ipsum_count"], {"1": 90}, {"2": 10}, Bound("lorem_ipsum_count", None, 0)
    )
    (line,) = figure["lines"]
    passed, failed = figure["columns"]
    assert passed["x"] + passed["width"] <= line["x"] <= failed["x"]


def test_threshold_lies_between_its_bins() -> None:
    figure = figures.histogram(
        BY_NAME["short_line_fraction"], {"16": 5}, {"18": 5}, Bound("x", None, 0.67)
    )
    (line,) = figure["lines"]
    below, above = figure["columns"]
    assert below["x"] + below["width"] < line["x"] < above["x"]


def test_one_tall_column_is_cut_and_small_ones_stay_small() -> None:
    figure = figures.histogram(BY_NAME["policy_line_fraction"], {"1": 12000, "5": 1}, {}, None)
    tall, small = figure["columns"]
    assert tall["cut"] == "12,000"
    assert tall["kept_height"] == figures.PLOT_HEIGHT
    assert small["kept_height"] == figures.COLUMN_MIN


BINS = st.dictionaries(
    st.one_of(st.integers(0, 50).map(str), st.just("null")), st.integers(1, 10**9), max_size=20
)


@given(st.sampled_from(sorted(BY_NAME)), BINS, BINS, st.floats(0, 2e6), st.booleans())
def test_nothing_is_drawn_outside_the_plot(
    name: str, kept: dict[str, int], rejected: dict[str, int], value: float, is_min: bool
) -> None:
    signal = BY_NAME[name]
    bins = len(signal.edges)
    kept, rejected = (
        {k: n for k, n in counts.items() if k == "null" or int(k) <= bins}
        for counts in (kept, rejected)
    )
    bound = Bound(name, value, None) if is_min else Bound(name, None, value)
    figure = figures.histogram(signal, kept, rejected, bound)
    base = figures.PLOT_TOP + figures.PLOT_HEIGHT
    for column in figure["columns"]:
        assert 0 <= column["x"] <= figures.PLOT_WIDTH
        assert column["x"] + column["width"] <= figures.PLOT_WIDTH + 1
        assert column["rejected_y"] >= figures.PLOT_TOP - figures.COLUMN_MIN - 0.1
        assert column["kept_y"] + column["kept_height"] <= base + 0.1
    for line in figure["lines"]:
        assert 0 <= line["x"] <= figures.PLOT_WIDTH
        assert 0 <= line["fail_x"] <= line["fail_x"] + line["fail_width"] <= 320.1
    assert sum(c["kept"] + c["rejected"] for c in figure["columns"]) == sum(
        n for counts in (kept, rejected) for k, n in counts.items() if k != "null"
    )
