from pathlib import Path

import pytest

from audit import chapters, stats
from audit.runs import Run


@pytest.fixture
def table(run: Run) -> stats.Table:
    return stats.counts(run)


def test_text_is_counted_in_tokens_where_there_are_any(table: stats.Table) -> None:
    assert chapters.measure(table) == "words"
    assert chapters.measure({**table, ("decide", "tokens.kept"): {}}) == "tokens"


def test_failed_gates_come_first(run: Run) -> None:
    held = chapters.held(run, None)
    outcomes = [verdict["outcome"] for verdict in held["verdicts"]]
    assert outcomes == sorted(outcomes, key=["failed", "passed", "skipped"].index)
    assert {outcome: outcomes.count(outcome) for outcome in held["counts"]} == held["counts"]
    assert held["counts"]["passed"] >= 2
    assert held["by_language"]["fin_Latn"] == {"skipped": ["keep_rate", "rules"]}


def test_families_sum_to_what_was_lost(run: Run, table: stats.Table) -> None:
    totals = stats.summarise(table)["totals"]
    assert sum(chapters.lost(totals).values()) == totals["read"] - totals["kept"]


def test_reasons_say_whose_bounds_they_are(run: Run, table: stats.Table) -> None:
    totals = stats.summarise(table)["totals"]

    def said(own: tuple[str, ...]) -> str:
        groups = chapters.reasons(run, "base", totals, own)
        (rule,) = (g for g in groups if g["label"] == "Failed a quality rule")
        return str(rule["rows"][0]["meaning"])

    assert said(()) == "under 50 or over 100,000 words"
    assert said(("word_count",)) == "under 50 or over 100,000 words, by default"


def test_against_an_earlier_run(run: Run, table: stats.Table, pristine: Path) -> None:
    found = stats.summarise(table)
    assert chapters.against(None, table, found) is None
    before = chapters.against(Run(pristine), table, found)
    assert before is not None
    assert before["changes"] == []
    assert before["languages"] == found["languages"]


def test_personal_data_by_kind_and_language(table: stats.Table) -> None:
    found = chapters.personal_data(table, stats.summarise(table))
    assert found["kinds"] == [("EMAIL", 1)]
    assert (found["total"], found["documents"]) == (1, 7)
    (row,) = found["languages"]
    assert (row["name"], row["counts"], row["documents"]) == ("Finnish", [1], 3)
