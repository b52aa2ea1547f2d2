"""What differs between two runs besides records."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import differences, stats
from audit.runs import Run
from filters.catalog import BY_NAME

RewriteBook = Callable[..., None]
Table = dict[tuple[str, str], dict[str, dict[str, int]]]


def changed(
    folder: Path, rewrite_book: RewriteBook, change: Callable[[dict[str, Any]], None]
) -> Run:
    rewrite_book(folder, lambda book: change(book["config"]))
    return Run(folder)


def test_thresholds_that_differ_are_named_with_their_languages(
    run: Run, folder: Path, rewrite_book: RewriteBook
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["language"]["rules"]["word_count"]["min"] = 77
        config["languages"]["fin_Latn"]["rules"]["word_count"] = None

    after = changed(folder, rewrite_book, change)
    found = differences.thresholds(run, after)
    assert [(row["rule"], row["after"], row["languages"]) for row in found] == [
        ("word_count", "at least 77, at most 100,000", ["base"]),
        ("word_count", "off", ["fin_Latn"]),
    ]
    assert found[0]["before"] == "at least 50, at most 100,000"
    assert found[0]["source"]
    assert [row["languages"] for row in differences.thresholds(run, after, "fin_Latn")] == [
        ["fin_Latn"]
    ]
    assert differences.thresholds(run, run) == []


def test_other_settings_that_differ_are_named(
    run: Run, folder: Path, rewrite_book: RewriteBook
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["limit"] = 7
        config["language"]["rules"]["word_count"]["min"] = 77  # said by thresholds

    found = differences.settings(run, changed(folder, rewrite_book, change))
    assert found == [{"key": "limit", "before": "–", "after": "7"}]


def histograms(name: str, kept: dict[str, int], tag: str = "fin_Latn") -> Table:
    return {("decide", f"histogram.{name}.kept"): {tag: kept}}


def test_a_signal_that_moved_has_drifted() -> None:
    name = next(iter(BY_NAME))
    before = histograms(name, {"3": 900, "4": 100})
    after = histograms(name, {"3": 500, "4": 500})
    row = differences.drift(before, after)[0]  # type: ignore[arg-type]
    assert row["signal"] == name
    assert row["drifted"]
    # (q - p) ln(q / p) for shares 0.9 -> 0.5 and 0.1 -> 0.5
    assert row["psi"] == pytest.approx(0.4 * 0.5878 + 0.4 * 1.6094, abs=0.01)
    assert row["pages"] == [1000, 1000]


def test_few_pages_do_not_drift_by_chance() -> None:
    name = next(iter(BY_NAME))
    row = differences.drift(
        histograms(name, {"3": 3, "4": 1}),
        histograms(name, {"3": 1, "4": 3}),  # type: ignore[arg-type]
    )[0]
    assert row["psi"] > differences.CHANGED_PSI
    assert not row["drifted"]


def test_drift_is_of_the_language_asked_for() -> None:
    name = next(iter(BY_NAME))
    before = histograms(name, {"3": 900})
    after = histograms(name, {"3": 900}, "eng_Latn")
    assert differences.drift(before, after, "fin_Latn") == []  # type: ignore[arg-type]
    assert differences.drift(before, after)[0]["psi"] == pytest.approx(0)  # type: ignore[arg-type]


def test_hosts_of_kept_pages(run: Run) -> None:
    found = differences.hosts(run, run)
    assert (found["before"], found["gained"]["count"]) == (4, 0)
    alone = differences.hosts(run, run, "fin_Latn")
    assert alone["before"] == 2


def test_hosts_in_one_run_alone(run: Run, folder: Path, rewrite: Callable[..., None]) -> None:
    def move(rows: list[dict[str, Any]]) -> None:
        rows[0]["url"] = "https://NEW.example/page"

    after = Run(folder)
    output = after.corpus()["fin_Latn"][0]
    rewrite(folder, output.path, move)
    found = differences.hosts(run, Run(folder))
    assert found["gained"] == {
        "count": 1,
        "pages": 1,
        "hosts": [{"host": "new.example", "pages": 1}],
    }
    assert found["vanished"]["count"] == 1


def test_kept_pages_by_language(run: Run) -> None:
    table = stats.counts(run)
    rows = differences.kept_by_language(table, {})
    assert {row["language"]: row["kept"] for row in rows} == {
        "fin_Latn": [2, 0],
        "eng_Latn": [2, 0],
        "jpn_Jpan": [0, 0],
        "und_Zyyy": [0, 0],
    }
    assert [row["change"] for row in rows] == [-2, -2, 0, 0]
