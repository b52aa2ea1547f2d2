"""A run is watched to its end: live on a terminal, in lines elsewhere; nothing is left behind."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.runs import Run
from audit.status import Seen, failures, status
from pipeline import book, reading_text, watch
from tests.terminals import PATIENCE_S, ROOT, Terminal
from tests.unit.audit.test_status import unfinish


@contextmanager
def under_way(folder: Path) -> Iterator[dict[str, object]]:
    """A run that goes on: its lock is held; what is yielded finishes it if written back."""
    book = json.loads((folder / "run.json").read_text())
    unfinish(folder)
    with (folder / "journal" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield book


def test_live_until_the_run_ends(folder: Path) -> None:
    with under_way(folder) as book:
        terminal = Terminal(["status", str(folder), "--watch"])
        terminal.until(lambda said: "running" in said and "decide" in said)
        (folder / "run.json").write_text(json.dumps(book))
    assert terminal.end() == 0
    assert terminal.is_as_before()
    assert terminal.said.count("\x1b[?25l") == terminal.said.count("\x1b[?25h") == 1
    after = terminal.said.rpartition("\x1b[?25h")[2]
    assert f"finished: {folder}" in after.replace("\r\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_terminal_as_it_was(folder: Path, number: signal.Signals) -> None:
    with under_way(folder):
        terminal = Terminal(["status", str(folder), "--watch"], (60, 20), NO_COLOR="1")
        terminal.until(lambda said: "running" in said)
        terminal.process.send_signal(number)
        assert terminal.end() == 128 + number
    assert terminal.is_as_before()
    assert terminal.said.rindex("\x1b[?25h") > terminal.said.rindex("\x1b[?25l")
    assert not re.search(r"\x1b\[[\d;]*m", terminal.said), "NO_COLOR"


@pytest.mark.parametrize("is_json", [True, False])
def test_lines_where_nobody_looks(folder: Path, is_json: bool) -> None:
    with under_way(folder) as book:
        words = ["status", str(folder), "--watch", *(["--json"] if is_json else [])]
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *words],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            first = process.stderr.readline()
            (folder / "run.json").write_text(json.dumps(book))
            (folder / "journal" / "lock").unlink()  # as if it were given up
            out, err = process.communicate(timeout=PATIENCE_S)
    assert first.startswith("running  ")
    assert "11 pages" in first
    assert err.splitlines()[-1].startswith("finished  11 pages")
    assert "\x1b" not in first + out + err
    if is_json:
        assert json.loads(out)["data"]["state"] == "finished"
    else:
        assert out.startswith("finished: ")


def test_failures_of_one_cause_are_one(folder: Path) -> None:
    unfinish(folder)
    names = [place["name"] for place in Run(folder, unfinished=True).book["inputs"]]
    texts = [f"extract {name}: {name}: is cut off after {n} bytes" for n, name in enumerate(names)]
    with book.notes(folder).open("w") as stream:
        stream.writelines(json.dumps(text) + "\n" for text in [*texts, texts[0], "disk full"])
    found = status(Run(folder, unfinished=True))
    first, second = found["failures"]
    assert found["problems"] == [*texts, "disk full"]
    assert (first["step"], first["cause"], first["count"]) == (
        "extract",
        "is cut off after # bytes",
        len(names),
    )
    assert first["tasks"] == names
    assert first["next"] == f"weir run {folder}"
    assert (second["step"], second["cause"], second["count"]) == ("", "disk full", 1)
    shown = "\n".join(reading_text.status_text(found, folder))
    assert f"{len(names)} failed     extract is cut off after # bytes" in shown
    assert f"mend it, then: weir run {folder}" in shown
    assert watch.line(found).endswith("3 failed")


def test_numbers_alone_do_not_make_causes(run: Run) -> None:
    one = failures(["extract a: y: 1,024 of 2.5 MB.", "extract b: y: 7 of 9 MB."], run)
    assert [(found["cause"], found["count"]) for found in one] == [("y: # of # MB.", 2)]


def test_what_was_seen_is_not_read_again(folder: Path) -> None:
    unfinish(folder)
    seen = Seen()
    before = status(Run(folder, unfinished=True), seen)
    next((folder / "manifests" / "extract").glob("*.json")).write_text("{")
    assert status(Run(folder, unfinished=True), seen) == before
    assert status(Run(folder, unfinished=True))["problems"] != before["problems"]


def test_quarantined_records_by_reason(run: Run) -> None:
    assert sum(status(run)["quarantined"].values()) == 1
    assert all(reason.partition(".")[2] for reason in status(run)["quarantined"])
