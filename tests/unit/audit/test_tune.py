"""`weir tune` on the small run: A and E are Finnish and kept, B has ten words and is not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.prune import prune
from audit.runs import Run
from audit.tune import Trial, tune
from pipeline import cli
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import A, B, C, D, E, F, G

TEN = len("Liian lyhyt.")


def test_nothing_moves(run: Run) -> None:
    found = tune(run, Trial("fin_Latn"))
    documents = found["measures"]["documents"]
    assert documents["total"] == 3
    assert documents["before"] == documents["after"] == {"passed": 2, "kept": 2, "keep_rate": 2 / 3}
    assert [rule["rule"] for rule in found["rules"]] == ["word_count"]
    assert found["flips"]["documents"] == []
    assert (found["yaml"], found["written"], found["moves"]) == ("", None, [])


def test_a_lower_minimum_brings_a_document_back(run: Run) -> None:
    found = tune(run, Trial("fin_Latn", ("word_count.min=10",)))
    assert {name: sides["after"]["kept"] for name, sides in found["measures"].items()} == {
        "documents": 3,
        "characters": found["measures"]["characters"]["before"]["kept"] + TEN,
        "words": 210,
    }
    (rule,) = found["rules"]
    assert rule["before"]["documents"] == {"first": 1, "any": 1, "only": 1}
    assert rule["before"]["characters"] == {"first": TEN, "any": TEN, "only": TEN}
    assert rule["after"]["words"] == {"first": 0, "any": 0, "only": 0}
    assert (found["flips"]["lost"], found["flips"]["gained"]) == (0, 1)
    (page,) = found["flips"]["documents"]
    assert (page["doc_id"], page["from"], page["to"]) == (B, "reject", "keep")
    assert page["because"] == [{"rule": "word_count", "value": 10.0, "min": 50.0, "max": 100000.0}]
    assert "excerpt" not in page
    assert "deduplication" in found["assumption"]


def test_a_higher_minimum_rejects(run: Run) -> None:
    found = tune(run, Trial("fin_Latn", ("word_count.min=101",), n=1, with_text=True))
    assert found["measures"]["documents"]["after"]["kept"] == 0
    assert (found["flips"]["lost"], found["flips"]["gained"]) == (2, 0)
    (page,) = found["flips"]["documents"]
    assert page["doc_id"] in (A, E)
    assert page["because"] == [
        {"rule": "word_count", "value": 100.0, "min": 101.0, "max": 100000.0}
    ]
    assert "sivu" in page["excerpt"]


def test_the_same_seed_shows_the_same_documents(run: Run) -> None:
    chosen = {
        seed: tune(run, Trial("fin_Latn", ("word_count.min=101",), 1, seed))["flips"]["documents"][
            0
        ]["doc_id"]
        for seed in range(12)
    }
    again = tune(run, Trial("fin_Latn", ("word_count.min=101",), 1, 3))["flips"]["documents"][0]
    assert again["doc_id"] == chosen[3]
    assert set(chosen.values()) == {A, E}


def test_what_deduplication_removed_stays_removed(run: Run) -> None:
    """Of five English documents, C and G are kept, D and F are their copies."""
    found = tune(run, Trial("eng_Latn", ("word_count.min=101",)))
    documents = found["measures"]["documents"]
    assert documents["before"] == {"passed": 4, "kept": 2, "keep_rate": 0.5}
    assert documents["after"] == {"passed": 1, "kept": 1, "keep_rate": 0.25}
    assert [page["doc_id"] for page in found["flips"]["documents"]] == [C]
    (rule,) = found["rules"]
    assert rule["after"]["documents"] == {"first": 3, "any": 3, "only": 3}
    assert not {D, F, G} & {page["doc_id"] for page in found["flips"]["documents"]}


def test_a_rule_on_a_measured_signal_that_the_run_did_not_judge(
    run: Run, folder: Path, rewrite: Callable[..., None]
) -> None:
    name = next(n for n in ("character_count", "unique_word_fraction") if n not in run.rules)
    with pytest.raises(ConfigError, match=f"{name} was not measured: it is null in all 3"):
        tune(run, Trial("fin_Latn", (f"{name}.min=0.5",)))
    for path in sorted((folder / "signals").glob("*.parquet")):
        rewrite(folder, f"signals/{path.name}", lambda rows: [r.update({name: 0.25}) for r in rows])
    found = tune(Run(folder), Trial("fin_Latn", (f"{name}.min=0.5",)))
    assert found["measures"]["documents"]["after"]["kept"] == 0
    assert name in found["notes"][0]


def test_decisions_that_do_not_follow_from_the_rules(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    rewrite(folder, "signals/00001.parquet", lambda rows: rows[1].update(word_count=1.0))
    with pytest.raises(IntegrityError, match=r"do not follow.*weir verify"):
        tune(Run(folder), Trial("fin_Latn"))


def test_a_pruned_run_counts_documents(folder: Path) -> None:
    prune(Run(folder), ())
    found = tune(Run(folder), Trial("fin_Latn", ("word_count.min=10",), with_text=True))
    assert list(found["measures"]) == ["documents"]
    assert found["measures"]["documents"]["after"]["kept"] == 3
    (page,) = found["flips"]["documents"]
    assert (page["doc_id"], page["excerpt"]) == (B, None)
    assert "pruned" in found["notes"][0]


def test_a_language_without_documents(run: Run) -> None:
    with pytest.raises(ConfigError, match="no document in mlt_Latn"):
        tune(run, Trial("mlt_Latn"))


def test_writing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "fin_Latn.yaml"
    found = tune(run, Trial("fin_Latn", ("word_count.min=10",)), path)
    text = path.read_text(encoding="utf-8")
    assert text == found["yaml"]
    assert "3 documents: keep-rate 66.7 % to 100.0 %" in text
    assert f"+++ {path}" in found["difference"]
    again = tune(run, Trial("fin_Latn", ("word_count.min=11",)), path, "our own reading of pages")
    assert 'word_count: {min: 11, source: "our own reading of pages"}' in path.read_text("utf-8")
    assert again["difference"].count("\n-") == 1, "one line is replaced"
    with pytest.raises(ConfigError, match="nothing to write"):
        tune(run, Trial("fin_Latn"), path)
    with pytest.raises(ConfigError, match="says nothing"):
        tune(run, Trial("fin_Latn", ("word_count.min=9",)), path, "because")


def test_the_command_line(
    pristine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tune", str(pristine), "--language", "fi", "--set", "word_count.min=10"]
    assert cli.main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["data"]["language"] == "fin_Latn"
    assert "deduplication" in answer["warnings"][0]
    assert cli.main([*words, "--text", "--write", str(tmp_path / "x.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "0 kept -> rejected, 1 rejected -> kept" in shown
    assert f"reject -> keep  {B}  word_count 10 (min 50, max 100000)" in shown
    assert "    Liian lyhyt." in shown
    assert "+  word_count: {min: 10," in shown
    assert f"weir tune {pristine} --language fin_Latn --set word_count.min=10" in shown


@pytest.mark.parametrize(
    ("setting", "message"),
    [("word_cuont=3", "did you mean word_count"), ("word_count.min=-1", "outside the signal")],
)
def test_usage_errors_end_with_2(
    pristine: Path, setting: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tune", str(pristine), "--language", "fi", "--set", setting]) == 2
    assert message in capsys.readouterr().err
