"""Groups of judged pages and the share of each that passes."""

from pathlib import Path

import pyarrow as pa
import pytest

from audit import fairness, prune, stats
from audit.fairness import Group
from audit.runs import Run


def by_name(groups: list[Group]) -> dict[str, tuple[int, int, dict[str, int]]]:
    return {one.name: (one.judged, one.kept, dict(one.fails)) for one in groups}


def test_languages_and_scripts(run: Run) -> None:
    found = fairness.by_language(stats.counts(run))
    assert by_name(found["language"]) == {
        "eng_Latn": (4, 2, {}),
        "fin_Latn": (3, 2, {"word_count": 1}),
    }
    assert by_name(found["script"]) == {"Latn": (7, 4, {"word_count": 1})}


def test_domains_and_lengths(run: Run) -> None:
    found = fairness.by_page(run)
    assert found is not None
    assert by_name(found["domain"]) == {"example": (7, 4, {"word_count": 1})}
    assert by_name(found["length"]) == {
        "0–49": (1, 0, {"word_count": 1}),
        "100–199": (6, 4, {}),
    }
    finnish = fairness.by_page(run, "fin_Latn")
    assert finnish is not None
    assert by_name(finnish["domain"]) == {"example": (3, 2, {"word_count": 1})}


def test_axes_agree_with_each_other(run: Run) -> None:
    by_tag, by_page = fairness.by_language(stats.counts(run)), fairness.by_page(run)
    assert by_page is not None
    for groups in (*by_tag.values(), *by_page.values()):
        assert sum(one.judged for one in groups) == 7
        assert sum(one.kept for one in groups) == 4


def test_pruned_documents_have_no_groups(folder: Path) -> None:
    prune.prune(Run(folder), ())
    assert fairness.by_page(Run(folder)) is None


def test_shares_have_intervals() -> None:
    groups = [Group("a", 100, 40, {"word_count": 10}), Group("b", 0, 0, {})]
    kept = fairness.rows(groups, None)[0]
    assert (kept["passed"], kept["share"]) == (40, 0.4)
    assert kept["low"] == pytest.approx(0.3094, abs=1e-4)  # Wilson
    assert kept["high"] == pytest.approx(0.4980, abs=1e-4)
    rule, none = fairness.rows(groups, "word_count")
    assert rule["passed"] == 90
    assert (none["share"], none["low"], none["high"]) == (None, 0.0, 1.0)


def test_top_level_domains() -> None:
    urls = ["https://a.example.FI/x", "http://1.2.3.4/", "https://[::1]/", "", "https://localhost/"]
    assert fairness.domains(pa.chunked_array([urls])).to_pylist() == ["fi", "", "", "", "localhost"]
