"""docs/howto/tune-a-threshold.md, command by command, on the sample run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from pipeline import cli
from tests.conftest import Snapshot
from tests.integration.runs import ROOT

PAGE = ROOT / "docs" / "howto" / "tune-a-threshold.md"
BLOCK = re.compile(r"^```(sh|yaml|)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_command_of_the_page(
    snapshot: Snapshot,
    sample_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "snapshot").symlink_to(snapshot.root)
    shown, commands = "", 0
    for kind, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "yaml":
            name = body.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(body, encoding="utf-8")
        elif not kind:
            for line in body.splitlines():
                assert line in shown, "the page shows what the command before it prints"
        for line in body.splitlines() if kind == "sh" else ():
            words = shlex.split(line)[1:]
            commands += 1
            if words == ["demo"]:  # which is the run that the session has made already
                shutil.copytree(sample_run, tmp_path / "runs" / "demo")
                continue
            assert cli.main(words) == 0, line
            shown = capsys.readouterr().out
    assert commands == 8
    assert "pinned" in shown
    written = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "{min: null, max: 0.19, source: " in written
    assert 'failures="0"' in (tmp_path / "gates.xml").read_text(encoding="utf-8")
