from collections import Counter

import pytest

from audit import chapters, excerpts, flows, stats
from audit.by_language import Languages
from audit.runs import Run


@pytest.fixture
def languages(run: Run) -> Languages:
    table = stats.counts(run)
    found = stats.summarise(table)
    close = flows.flows(run)
    return Languages(
        run,
        table,
        found,
        doubt=close["doubt"] if close else None,
        gates={"fin_Latn": {"failed": ["rules"]}},
        alarms=[{"language": "fin_Latn"}],
        baseline=chapters.against(run, table, found),
    )


def test_languages_with_documents_come_first_and_larger_ones_before(languages: Languages) -> None:
    rows = languages.rows()
    assert [row["tag"] for row in rows[:2]] == ["eng_Latn", "fin_Latn"]
    assert [row["decided"] for row in rows] == [4, 3, 0, 0]


def test_a_row(languages: Languages) -> None:
    row = next(row for row in languages.rows() if row["tag"] == "fin_Latn")
    assert (row["account"]["read"], row["account"]["kept"]) == (3, 2)
    assert (row["text_kept"], row["text_all"]) == (200, 210)
    assert row["only"] == (1, "word_count")
    assert row["doubt"] == (pytest.approx(0.3, abs=1e-6), 3)
    assert (row["pii"], row["extracted"], row["copies"]) == (1, 3, 0)
    assert (row["failed"], row["passed"], row["alarms"]) == (["rules"], [], 1)
    assert row["points"] == 0


def test_a_chapter(run: Run, languages: Languages) -> None:
    row = next(row for row in languages.rows() if row["tag"] == "fin_Latn")
    pages = excerpts.by_reason(run, 1, 10, 40)
    made = languages.chapter(row, pages, Counter({1: 1}), 16)
    assert [(a["reason"], a["documents"]) for a in made["answer"]] == [("rule.word_count", 1)]
    assert [figure["name"] for figure in made["figures"]] == ["word_count"]
    (rule,) = made["rules"]
    assert (rule["any"], rule["first"], rule["only"]) == (1, 1, 1)
    assert rule["text"] == {"any": 10, "first": 10, "only": 10}
    (group,) = made["rejected_pages"]
    assert (group["reason"], group["documents"], len(group["pages"])) == ("rule.word_count", 1, 1)
    assert len(made["kept_pages"]) == 2
    assert languages.chapter(row, {}, Counter(), 0)["figures"] == []
