"""Two real runs compared: transitions sum to the statistics of both, and the text fits."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import compare, stats
from audit.compare import ABSENT
from audit.runs import Run
from pipeline import cli
from tests.integration.runs import configured, run_here

if TYPE_CHECKING:
    from tests.conftest import Small

SETTINGS = ("language.rules.word_count.min=150", "languages.ell_Grek.rules.word_count=null")


@pytest.fixture(scope="module")
def stricter(small: "Small", small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run under a stricter threshold, without one of its files."""
    output = tmp_path_factory.mktemp("stricter") / "run"
    resolved = configured(small.warcs[1:], [*small.settings, *SETTINGS])
    ended, _ = run_here(resolved, output, reuse=small_run)
    assert ended.exit_code == 0, ended.problems
    return output


def totals(run: Path) -> dict[str, int]:
    """Records by what became of them, from the statistics."""
    found = stats.stats(Run(run))["totals"]
    return {"kept": found["kept"], **found["rejected"], **found["quarantined"]}


def test_transitions_sum_to_both_statistics(small_run: Path, stricter: Path) -> None:
    found = compare.compare(Run(small_run), Run(stricter))
    for side, run in (("before", small_run), ("after", stricter)):
        sums: dict[str, int] = {}
        for cell in found["cells"]:
            sums[cell[side]] = sums.get(cell[side], 0) + cell["count"]
        sums.pop(ABSENT, None)
        assert sums == {name: count for name, count in totals(run).items() if count}
    assert found["only_before"] == sum(totals(small_run).values()) - found["both"] > 0
    changed = {(cell["before"], cell["after"]) for cell in found["cells"] if cell["changed"]}
    assert ("kept", "rule.word_count") in changed
    assert ("kept", ABSENT) in changed


def test_a_language_sums_to_its_statistics(small_run: Path, stricter: Path) -> None:
    for tag, account in stats.stats(Run(small_run))["languages"].items():
        found = compare.compare(Run(small_run), Run(stricter), tag)
        fates = {row["fate"]: row["before"] for row in found["fates"]}
        assert fates.get("kept", 0) == account["kept"]
        for reason, count in account["rejected"].items():
            assert fates.get(reason, 0) == count


def test_thresholds_and_settings_are_named(small_run: Path, stricter: Path) -> None:
    found = compare.compare(Run(small_run), Run(stricter))
    rules = {row["after"]: row for row in found["thresholds"]}
    assert rules["off"]["languages"] == ["ell_Grek"]
    stricter_ones = rules["at least 150, at most 100,000"]
    assert stricter_ones["rule"] == "word_count"
    assert "base" in stricter_ones["languages"]
    assert "inputs" in {row["key"] for row in found["settings"]}


def test_ranges_of_doc_ids_give_the_same(
    small_run: Path, stricter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compare.compare(Run(small_run), Run(stricter))
    monkeypatch.setattr(compare, "PART_ROWS", 20)
    assert compare.compare(Run(small_run), Run(stricter)) == whole


def test_the_text_fits_and_names_what_matters(
    small_run: Path, stricter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", str(small_run), str(stricter)]) == 0
    lines = capsys.readouterr().out.splitlines()
    head, rest = lines[:2], lines[2:]
    assert str(small_run) in head[0]
    assert str(stricter) in head[1]
    assert max(len(line) for line in rest) <= 80
    assert any(line.startswith("threshold word_count") for line in rest)
    assert cli.main(["compare", str(small_run), str(stricter), "--language", "fi", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["language"] == "fin_Latn"


def test_mistakes_are_named(small_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compare", str(small_run), str(small_run), "--language", "is"]) == 2
    assert "isl_Latn" in capsys.readouterr().err
    assert cli.main(["audit", str(small_run / "nothing"), "--no-open"]) == 2
    assert "not a run" in capsys.readouterr().err
    assert cli.main(["audit", str(small_run), "--no-open", "--host", "0.0.0.0"]) == 2  # noqa: S104
    assert "every address" in capsys.readouterr().err
