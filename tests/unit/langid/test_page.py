"""The page of languages, and the scores that are shipped."""

import csv
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from langid import page
from langid.tags import BY_TAG, EUROPEAN, score_of

LANGUAGE = {"texts": 40, "predicted": 41, "correct": 39, "precision": 0.95122, "recall": 0.975}
MEASURED: Mapping[str, Any] = {
    "models": ["py3langid", "cld2", "weir"],
    "table": {"own: macro-F1, strict": 0.91234},
    "noise": {"found": 0.98765, "real_text_called_noise": 0.00012},
    "calibration": {"error": 0.02345, "curve": []},
    "lengths": {"0 to 39": {"texts": 7, "tag": 0.5, "group": 0.75}},
    "gate": {
        "european": 1234,
        "european_rejected": 3,
        "rejected_sco_Latn": 2,
        "rejected_frp_Latn": 1,
        "outside, other": 5678,
        "outside, other_rejected": 4321,
    },
    "flows": [["nob_Latn", "dan_Latn", 9]],
    "languages": {
        "nob_Latn": LANGUAGE
        | {"f1": 0.96296, "false_positive_rate": 0.001, "mistaken_for": "dan_Latn"}
        | {"sources": {"own": 0.96}},
        "fin_Latn": LANGUAGE
        | {"precision": None, "f1": 0.0, "false_positive_rate": 0.0, "mistaken_for": None}
        | {"sources": {"other": 0.9}},
    },
}


def shipped() -> list[dict[str, str]]:
    text = resources.files("langid").joinpath("scores.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def row(texts: int = 100, f1: str = "0.97", mistaken_for: str = "") -> dict[str, str]:
    return {"texts": str(texts), "f1": f1, "mistaken_for": mistaken_for}


@pytest.mark.parametrize("tag", BY_TAG)
def test_every_language_has_an_expectation(tag: str) -> None:
    characters = page.training_characters().get(tag, 0)
    words = page.expectation(BY_TAG[tag], score_of(tag), characters)
    assert words.startswith(
        ("reliable", "good", "weak", "not measured", "not identified", "the group hbs")
    )
    if score_of(tag) is None and BY_TAG[tag].group != "hbs":
        assert words.startswith("not ")


@pytest.mark.parametrize(
    ("tag", "measured", "characters", "words"),
    [
        ("fin_Latn", row(), 0, "reliable"),
        ("fin_Latn", row(mistaken_for="ekk_Latn"), 0, "reliable"),
        ("nob_Latn", row(f1="0.9", mistaken_for="dan_Latn"), 0, "good; else mostly Danish"),
        ("nob_Latn", row(f1="0.5", mistaken_for="swh_Latn"), 0, "weak; else mostly swh_Latn"),
        ("nob_Latn", row(f1="", mistaken_for="dan_Latn"), 0, "weak; else mostly Danish"),
        ("vot_Latn", row(texts=19), 5_000, "not measured; learned from 5 thousand characters"),
        ("vot_Latn", None, 5_000, "not measured; learned from 5 thousand characters"),
        ("hun_Latn", None, 0, "not identified: a neighbour's tag"),
        (
            "hrv_Latn",
            row(f1="0.5"),
            0,
            "the group hbs is reliable; which member is a posterior (`language_posterior`)",
        ),
    ],
)
def test_expectation(
    tag: str, measured: Mapping[str, str] | None, characters: int, words: str
) -> None:
    assert page.expectation(BY_TAG[tag], measured, characters) == words


def test_the_page_has_every_number_and_every_language() -> None:
    lines = list(page.page([MEASURED, dict(MEASURED) | {"models": ["cld2"]}]))
    text = "\n".join(lines)
    assert "| what | py3langid + cld2 + weir | cld2 |" in lines
    assert "| own: macro-F1, strict | 0.912 | 0.912 |" in lines
    assert "| expected calibration error of `language_score` | 0.023 | 0.023 |" in lines
    assert "| 0 to 39 | 7 | 0.500 | 0.750 |" in lines
    assert "| nob_Latn | dan_Latn | 9 |" in lines
    assert "rejects 3: frp_Latn 1, sco_Latn 2. Of 5,678 in other languages it rejects 4321." in text
    for language in EUROPEAN:
        rows = [line for line in lines if line.startswith(f"| {language.tag} | {language.name} |")]
        assert len(rows) == 1, language.tag
    assert any(
        line.startswith("| nob_Latn | Norwegian Bokmål |  | 0.96 | 0.96 |") for line in lines
    )


def test_every_table_has_as_many_cells_as_its_head() -> None:
    width = None
    for line in page.page([MEASURED]):
        if line.startswith("|"):
            assert width in {None, line.count("|")}, line
            width = line.count("|")
        else:
            width = None


def test_the_page_of_a_file_without_other_languages() -> None:
    gate = {"european": 5}
    text = "\n".join(page.page([dict(MEASURED) | {"gate": gate}]))
    assert "Of 5 European texts of 200 characters or more it rejects 0. Of 0 in other" in text


def test_scores_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    page.write_scores(MEASURED, path)
    first = path.read_bytes()
    rows = {row["tag"]: row for row in csv.DictReader(first.decode("utf-8").splitlines())}
    assert list(rows) == ["fin_Latn", "nob_Latn"]
    for tag, measured in MEASURED["languages"].items():
        for key in page.FIELDS[1:-1]:
            if measured[key] is None:
                assert rows[tag][key] == ""
            else:
                assert float(rows[tag][key]) == pytest.approx(measured[key], abs=5e-6)
        assert rows[tag]["mistaken_for"] == (measured["mistaken_for"] or "")
    page.write_scores(MEASURED, path)
    assert path.read_bytes() == first


def test_the_shipped_scores_are_of_european_languages() -> None:
    rows = shipped()
    assert len(rows) > 80
    assert [row["tag"] for row in rows] == sorted({row["tag"] for row in rows})
    for row in rows:
        assert tuple(row) == page.FIELDS
        assert row["tag"] in BY_TAG
        assert int(row["texts"]) > 0
        for key in ("precision", "recall", "f1", "false_positive_rate"):
            assert row[key] == "" or 0.0 <= float(row[key]) <= 1.0, row
        assert row["f1"], row
        other = row["mistaken_for"]
        assert other != row["tag"]
        assert other == "" or (len(other) == 8 and other[3] == "_"), row
        assert bool(other) == (float(row["recall"]) < 1.0), row


def test_score_of() -> None:
    first = shipped()[0]
    assert score_of(first["tag"]) == first
    assert score_of("jpn_Jpan") is None
    assert score_of("") is None


def test_the_card_says_how_much_text_there_was() -> None:
    characters = page.training_characters()
    assert sum(tag in BY_TAG for tag in characters) > 100
    assert all(size > 0 for size in characters.values())
    assert {"fin_Latn", "fur_Latn", "hsb_Latn"} <= characters.keys()


def test_the_command_renews_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "__file__", str(tmp_path / "page.py"))
    measured, target = tmp_path / "measured.json", tmp_path / "languages.md"
    measured.write_text(json.dumps(MEASURED), "utf-8")
    target.write_text("# Written by hand\n\nKept.\n", "utf-8")
    assert page.main([str(target), str(measured)]) == 0
    first = target.read_text("utf-8")
    assert first.startswith("# Written by hand\n\nKept.\n")
    assert first.count("## The table\n") == 1
    assert len((tmp_path / "scores.csv").read_text("utf-8").splitlines()) == 3
    assert page.main([str(target), str(measured)]) == 0  # what was renewed is renewed again
    assert target.read_text("utf-8") == first
    assert score_of("fin_Latn")  # the shipped file is untouched
    for arguments in ([], [str(target)]):
        assert page.main(arguments) == 2
        assert "python -m langid.evaluate" in capsys.readouterr().err
