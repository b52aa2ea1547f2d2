"""`weir labels` on label files of two people."""

import json
from pathlib import Path

import pytest

from audit.labels import LabelFile
from pipeline import cli
from tests.unit.audit.test_labels import label


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = LabelFile(tmp_path / "labels" / "fin_Latn.jsonl")
    for number in range(4):
        file.add(label(number, "keep"))
        file.add(label(number, "keep" if number else "drop", "ben"))
    file.close()
    return tmp_path / "labels"


def test_status_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["labels", "status", "--labels", str(folder), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["data"]["languages"]
    assert found["language"] == "fin_Latn"
    assert (found["labels"], found["documents"]) == (8, 4)
    assert found["verdicts"] == {"keep": 7, "drop": 1, "skip": 0}
    assert found["annotators"] == {"ana": 4, "ben": 4}
    assert found["alpha"] == pytest.approx(0.0)
    assert cli.main(["labels", "status", "--labels", str(folder)]) == 0
    assert "fin_Latn" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["jsonl", "argilla", "label-studio"])
def test_what_is_exported_can_be_imported_once(
    folder: Path, tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--language", "fi", "--labels", str(folder)]
    assert cli.main(["labels", "export", *given, "--to", form]) == 0
    exported = tmp_path / "theirs"
    exported.write_text(capsys.readouterr().out)
    other = ["--language", "fi", "--labels", str(tmp_path / "other"), "--from", form, "--json"]
    for added in (8, 0):
        assert cli.main(["labels", "import", str(exported), *other]) == 0
        found = json.loads(capsys.readouterr().out)["data"]
        assert (found["read"], found["added"]) == (8, added)
    ours = LabelFile(folder / "fin_Latn.jsonl", read_only=True).latest()
    theirs = LabelFile(tmp_path / "other" / "fin_Latn.jsonl", read_only=True).latest()
    assert theirs == ours


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = str(tmp_path / "none")
    assert cli.main(["labels", "status", "--labels", none]) == 2
    assert cli.main(["labels", "export", "--language", "fi", "--labels", none]) == 2
    assert cli.main(["labels", "import", none, "--language", "fi", "--labels", none]) == 2
    assert "there is no folder" in capsys.readouterr().err
