"""The command line: quick help with examples, and what it says of mistakes."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli
from tests.commands import ROOT_COMMAND, parser_of, verbs

ROOT = Path(__file__).parents[3]
HEAVY = {"lxml", "numpy", "pyarrow", "ray", "regex", "rich", "ruamel.yaml", "starlette"} | {
    "jinja2",
    "trafilatura",
}


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_help_ends_with_an_example_that_parses(
    verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*verb, "--help"]) == 0
    shown, _, after = capsys.readouterr().out.partition("\n  Example:\n")
    named = f"weir {' '.join(verb)}"
    examples = [line.strip() for line in after.splitlines() if line.strip()]
    assert f"Usage: {named}" in shown.replace("\n", " ")
    assert examples
    assert all(len(line) <= 78 for line in after.splitlines())
    for line in examples:
        command = re.split(" [<>] ", line.partition("| ")[2] or line)[0]
        assert command.startswith(named)
        parser, arguments = parser_of(shlex.split(command)[1:])
        parser.make_context("weir", arguments)


def test_help_imports_nothing_heavy() -> None:
    """What --help waits for is imports (benchmarks/bench_cli.py); Typer brings pydantic itself."""
    code = (
        "import json, sys, pipeline.cli as c; c.main(['run', '--help']); "
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stderr))
    assert "typer" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_path_of_odd_bytes_is_answered(tmp_path: Path, options: list[str]) -> None:
    odd = os.fsencode(tmp_path) + b"/run-\xff"
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "stats", odd, *options],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 2
    assert b"its name is not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


def test_errors_do_not_drive_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "run\x1b[2J\u202e"
    assert cli.main(["stats", str(odd)]) == 2
    said = capsys.readouterr().err
    assert "there is no such folder" in said
    assert said.count("\n") == 1
    assert not {"\x1b", "\u202e"} & set(said)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stauts", "RUN"], "'status'"),
        (["config", "shwo"], "'show'"),
        (["languages", "--jsno"], "--json"),
        (["config", "show", "europe", "--language", "finish"], "Finnish (fin_Latn)"),
        (["config", "explain", "word_cuont"], "word_count"),
        (["config", "validate", "europ"], "europe"),
        (["config", "validate", "europe", "--set", "extract.cpu_limt_s=3"], "extract.cpu_limit_s"),
        (["config", "validate", "europe", "--set", "clutser.partitions=3"], "cluster?"),
    ],
)
def test_a_typing_error_is_answered_with_what_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert meant in err
    assert out == ""


def test_every_verb_is_in_one_section_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n{heading}:\n" in shown for heading in cli.PARTS)
    for name in ROOT_COMMAND.commands:
        assert len(re.findall(rf"^  {re.escape(name)} +\S", shown, re.MULTILINE)) == 1, name
    assert "...\n" not in shown.partition("Options:")[2]
    assert "130 or 143 stopped by a signal" in shown
