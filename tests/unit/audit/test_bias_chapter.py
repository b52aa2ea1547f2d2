"""What the report shows of bias."""

from pathlib import Path

import pytest

from audit import bias, bias_chapter, prune, report, stats, titles
from audit.report import Options
from audit.runs import Run
from pipeline import config
from tests.unit.audit.conftest import built
from tests.unit.audit.test_bias import MENTION, PLAIN, page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, resolved: config.Resolved) -> Path:
    """80 German pages: 40 with a mention, three quarters of them rejected."""
    pages = [
        page(n, MENTION if n < 40 else PLAIN, "rule.word_count" if n < 30 else None, "de")
        for n in range(80)
    ]
    return built(tmp_path_factory.mktemp("bias") / "run", resolved, [pages])


def test_alarms_and_their_places(folder: Path) -> None:
    found = bias_chapter.chapter(Run(folder))
    assert found is not None
    worst = found["rows"][0]
    assert (worst["language"], worst["state"]) == ("German", "alarm")
    assert worst["x"]["ratio_low"] <= worst["x"]["ratio"] <= worst["x"]["ratio_high"]
    assert worst["x"]["ratio_high"] < found["limit"] < found["one"]
    assert found["alarms"] == sum(row["state"] == "alarm" for row in found["rows"])
    assert "German" in found["unreviewed"]
    assert {row["group"] for row in found["rows"]} >= {
        "mentions migration",
        "mentions any group",
        "from .de",
        "all, against the run",
    }


def test_places_on_the_axis() -> None:
    assert [bias_chapter.place(value) for value in (0, 0.75, 1.5, 9)] == [0, 500, 1000, 1000]


def test_the_page_shows_it(folder: Path) -> None:
    run = Run(folder)
    bias.add_note(run, "deu_Latn", "gender", "<b>read 40 of them</b>", "", "2026-01-01T00:00:00Z")
    table = stats.counts(run)
    values = report.context(run, table, stats.summarise(table), Options())
    said = titles.titles(values)["bias"]
    assert "alarms among" in said
    assert "times the baseline" in said
    _, text = next(report.pages({**values, "statistics": "", "index": "index.html"}))
    assert said in text.replace("&#39;", "'")
    assert "&lt;b&gt;read 40 of them&lt;/b&gt;" in text
    assert 'class="ratio-alarm"' in text


def test_few_pages_and_pruned_ones(run: Run, tmp_path: Path, resolved: config.Resolved) -> None:
    small = bias_chapter.chapter(run)
    assert small is not None
    assert small["rows"] == []
    path = built(tmp_path / "run", resolved, [])
    prune.prune(Run(path), ())
    assert bias_chapter.chapter(Run(path)) is None
