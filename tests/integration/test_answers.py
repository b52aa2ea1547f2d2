"""What commands answer, for people and for programs: one document, its schema, no noise."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from langid import registry
from pipeline import answer_schemas, cli, manifest
from tests.conftest import Snapshot
from tests.integration.runs import ROOT, configured, run_here
from tests.terminals import Terminal

READERS: list[list[str]] = [
    ["status", "RUN"],
    ["status", "RUN", "--watch"],
    ["verify", "RUN"],
    ["stats", "RUN"],
    ["stats", "RUN", "--language", "fi"],
    ["bias", "RUN"],
    ["bias", "RUN", "--language", "fi", "--note", "n", "--group", "age", "--by", "somebody"],
    ["energy", "RUN", "--country", "FI"],
    ["report", "RUN"],
    ["trace", "RUN", "puusepanaitta.example"],
    ["trace", "RUN", "https://unseen.example/"],
    ["sample", "RUN", "--n", "500"],
    ["inspect", "RUN", "--n", "5", "--outcome", "reject"],
    ["tune", "RUN", "--language", "fi", "--set", "word_count.min=200", "--text"],
    ["tune", "RUN", "--language", "mt"],
    ["compare", "RUN", "RUN"],
    ["compare", "RUN", "RUN", "--language", "fi"],
    ["gates", "RUN"],
    ["languages"],
    ["doctor"],
    ["models", "list"],
    ["models", "verify"],
    ["config", "show", "europe"],
    ["config", "validate", "europe"],
    ["config", "explain", "word_count"],
    ["schema"],
    ["export", "ai-act", "RUN"],
    ["export", "croissant", "RUN"],
    ["export", "card", "RUN"],
    ["export", "datasheet", "RUN"],
    ["export", "figures", "RUN"],
    ["export", "figures", "RUN", "--at", "/languages/mlt_Latn"],
    ["prune", "RUN"],
]
WRONG: list[tuple[list[str], int]] = [
    (["stats", "RUN", "--language", "finish"], 2),
    (["stats", "RUN/nothing"], 2),
    (["sample", "RUN", "--reason", "rule.word_cuont"], 2),
    (["tune", "RUN", "--language", "fi", "--set", "wordcount=3"], 2),
    (["energy", "RUN", "--country", "XX"], 2),
    (["bias", "RUN", "--note", "about nobody"], 2),
    (["sttaus", "RUN"], 2),
    (["export", "figures", "RUN", "--at", "/corpse"], 2),
    (["models", "fetch", "none"], 2),
]


@pytest.fixture(scope="module")
def run(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one file of the sample snapshot."""
    path = snapshot.warcs[0]
    output = tmp_path_factory.mktemp("answers") / "run"
    ended, _ = run_here(configured(path), output)
    assert ended.exit_code == 0, ended.problems
    return output


def asked(words: list[str], run: Path) -> list[str]:
    return [word.replace("RUN", str(run)) for word in words]


def valid(text: str) -> dict[str, Any]:
    """The one document that the text is, once it was held against its schema."""
    document: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(answer_schemas.schemas()).validate(document)
    known = answer_schemas.DATA
    if document["command"] in known:
        schema = answer_schemas.schemas(document["command"])
        jsonschema.Draft202012Validator(schema).validate(document)
    return document


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_json_is_one_document_of_its_schema(
    words: list[str], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*asked(words, run), "--json"]) == 0
    out, _ = capsys.readouterr()
    document = valid(out)
    assert document["ok"]
    groups = ("config", "export", "models")
    assert document["command"] == " ".join(words[: 2 if words[0] in groups else 1])
    assert out.count("\n") == 1


@pytest.mark.parametrize(("words", "code"), WRONG, ids=str)
def test_an_error_is_one_document_too(
    words: list[str], code: int, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*asked(words, run), "--json"]) == code
    out, err = capsys.readouterr()
    document = valid(out)
    assert not document["ok"]
    assert document["data"]["error"] in err
    assert "Traceback" not in err


def test_the_schemas_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "--json-schema", "status"]) == 0
    printed = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed == answer_schemas.schemas("status")
    assert cli.main(["schema", "--json-schema", "statis"]) == 2
    assert "status" in capsys.readouterr().err


def test_the_schema_refuses_what_is_not_described() -> None:
    good = {
        "schema_version": 1,
        "command": "report",
        "ok": True,
        "data": {"path": "x"},
        "warnings": [],
    }
    valid(json.dumps(good))
    for wrong in ({"data": {"path": 3}}, {"data": {"paths": "x"}}, {"more": 1}, {"ok": "yes"}):
        with pytest.raises(jsonschema.ValidationError):
            valid(json.dumps({**good, **wrong}))


@pytest.mark.parametrize(
    "env", [{"TERM": "dumb"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}, {"TERM": "xterm"}]
)
def test_narrow_terminals_get_lines_that_fit_and_no_escapes(run: Path, env: dict[str, str]) -> None:
    """Check 44: tables and bars fit 60 columns; sentences and commands may be longer."""
    for words in (["status", "RUN"], ["stats", "RUN"], ["verify", "RUN"], ["sample", "RUN"]):
        terminal = Terminal(asked(words, run), (60, 24), **env)
        assert terminal.end() == 0
        assert "\x1b" not in terminal.said
        rows = [row.rstrip("\r").replace(str(run), "RUN") for row in terminal.said.split("\n")]
        wide = [row for row in rows if len(row) > 60 and not row.startswith(("again", "sha256"))]
        assert wide == []


def test_a_closed_pipe_is_no_error(run: Path) -> None:
    """`weir ... | head -1`: what is written after the reader left does not matter."""
    for words in (["sample", "RUN", "--n", "200"], ["config", "show", "europe"], ["languages"]):
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *asked(words, run)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait(60) == 0


def test_a_filter_ends_when_its_reader_has_left() -> None:
    lines = "Hyvää huomenta kaikille\n" * 20_000
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m pipeline.cli identify | head -n 1"],
        cwd=ROOT,
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("fin_Latn")
    assert done.stderr == ""


def test_a_pipe_gets_no_escapes_and_logs_stay_off_stdout(run: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "run", str(run), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    document = valid(done.stdout)
    assert document["data"]["totals"]["read"] == document["data"]["totals"]["kept"] + sum(
        sum(document["data"]["totals"][part].values()) for part in ("rejected", "quarantined")
    )
    assert "\x1b" not in done.stdout + done.stderr


def test_exit_codes_of_readers(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 to 3; 4, 130 and 143 are codes of `weir run` (test_runs.py) and of what waits."""
    assert cli.main(["verify", str(run)]) == 0
    assert cli.main(["verify", str(tmp_path)]) == 2
    damaged = tmp_path / "damaged"
    shutil.copytree(run, damaged)
    corpus = next((damaged / "corpus").rglob("*.parquet"))
    corpus.write_bytes(corpus.read_bytes()[:-9])
    assert cli.main(["verify", str(damaged)]) == 3
    strict = tmp_path / "gates.yaml"
    strict.write_text("kept_documents:\n  run: {min: 1000000, source: for this test}\n")
    capsys.readouterr()
    assert cli.main(["gates", str(run), "--gates", str(strict), "--json"]) == 3
    failed = valid(capsys.readouterr().out)
    assert not failed["ok"]
    assert "failed" in {verdict["outcome"] for verdict in failed["data"]["verdicts"]}
    card = next(card for card in registry.cards().values() if card.kind == "download")
    (tmp_path / str(card.file)).write_bytes(b"not the model")
    monkeypatch.setenv("WEIR_MODELS", str(tmp_path))
    assert cli.main(["models", "verify"]) == 1


def test_extract_says_what_its_stages_took(run: Path) -> None:
    (made,) = manifest.every(run, "extract")
    stages = {name: s for name, s in made.timing.items() if name.startswith("stage.")}
    assert {f"stage.{name}_s" for name in ("open", "read", "gate", "measure", "write")} <= {*stages}
    assert 0 < sum(stages.values()) <= made.timing["wall_s"] + 0.1
    assert made.timing["gb_s"] > 0
    assert made.timing["cpu_s"] > 0
