"""A record's way through the pipeline."""

from pathlib import Path
from typing import Any

import pytest

from audit import places, prune, views
from audit.runs import Run
from audit.timeline import NOTED, PASSED, STEPS, STOPPED, UNREACHED, timeline
from tests.unit.audit.conftest import A, B, C, D, G, doc_id


@pytest.fixture(scope="module")
def ledger(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> places.Ledger:
    return views.opened(Run(pristine), folder=tmp_path_factory.mktemp("views")).ledger


def told(run: Run, ledger: places.Ledger, wanted: str) -> dict[str, Any]:
    return timeline(run, ledger.find(wanted)[0], ledger)


def states(found: dict[str, Any]) -> dict[str, str]:
    return {step["key"]: step["state"] for step in found["steps"]}


def facts(found: dict[str, Any], key: str) -> dict[str, Any]:
    return dict(next(step for step in found["steps"] if step["key"] == key)["facts"])


def note(found: dict[str, Any], key: str) -> str:
    return str(next(step for step in found["steps"] if step["key"] == key)["note"])


def test_a_kept_page_passes_everything(run: Run, ledger: places.Ledger) -> None:
    found = told(run, ledger, A)
    expected = {**dict.fromkeys((key for key, _ in STEPS), PASSED), "redact": NOTED}
    assert states(found) == {**expected, "rights": UNREACHED}  # the small run stored no opt-outs
    assert facts(found, "publish") == {"File": "corpus/fin_Latn/fin_Latn-00000.parquet"}
    assert facts(found, "redact") == {"EMAIL": "1 replaced"}
    assert facts(found, "archived")["Archive file"] == "00000.warc.gz"
    assert facts(found, "archived")["Bytes"] == "3,000 to 3,900"
    assert facts(found, "identify")["Language"] == "fin_Latn"
    assert note(found, "publish") == "It is in the corpus."


def test_a_rule_stops_a_page(run: Run, ledger: places.Ledger) -> None:
    found = told(run, ledger, B)
    assert states(found)["rules"] == STOPPED
    assert states(found)["dedup"] == states(found)["publish"] == UNREACHED
    values = next(step for step in found["steps"] if step["key"] == "rules")["values"]
    assert values[0] == {
        "rule": "word_count",
        "value": "10",
        "limit": "at least 50, at most 100,000",
        "unit": "words",
        "verdict": "failed first",
    }
    assert [row["rule"] for row in values if row["verdict"].startswith("failed")] == ["word_count"]


def test_a_duplicate_names_the_kept_page(run: Run, ledger: places.Ledger) -> None:
    found = told(run, ledger, D)
    assert states(found)["rules"] == PASSED
    assert states(found)["dedup"] == STOPPED
    assert facts(found, "dedup")["Kept instead"] == C
    assert facts(found, "dedup")["Similarity"] == "0.8750"


@pytest.mark.parametrize(
    ("letter", "step"), [("s", "gate"), ("r", "rights"), ("j", "gate"), ("q", "archived")]
)
def test_what_never_became_a_document(
    run: Run, ledger: places.Ledger, letter: str, step: str
) -> None:
    found = told(run, ledger, doc_id(letter))
    order = [key for key, _ in STEPS]
    assert states(found)[step] == STOPPED
    assert note(found, step)
    for later in order[order.index(step) + 1 :]:
        assert states(found)[later] == UNREACHED
        assert facts(found, later) == {}
    assert found["page"]["excerpt"] is None


def test_strings_from_outside_are_visible(run: Run, ledger: places.Ledger) -> None:
    found = told(run, ledger, C)
    acting = {"\u202e", "\u2066", "\x1b", "\x07"}
    assert not acting & set(str(found))
    assert "⟨U+202E⟩" in found["page"]["excerpt"]
    assert "⟨U+202E⟩" in facts(found, "extract")["Title"]


def test_pruned_files_leave_the_rest(folder: Path, tmp_path: Path) -> None:
    made = Run(folder)
    prune.prune(made, ())
    run = Run(folder)
    ledger = views.opened(run, folder=tmp_path / "views").ledger
    found = told(run, ledger, G)
    assert found["page"]["excerpt"] is None
    assert states(found)["publish"] == PASSED
    assert facts(found, "publish")["File"].startswith("corpus/eng_Latn/")
