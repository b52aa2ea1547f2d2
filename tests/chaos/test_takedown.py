"""A takedown that is killed where it is about to change a name, at each such place in turn.

Done again it ends in the bytes of an undisturbed one; and from the first change on the request is
on the suppression list.
"""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from audit import requests, takedown
from audit.verify import verify
from pipeline import suppression
from tests.chaos.faulty import _context
from tests.integration.runs import rows

WHEN = "2026-03-04T05:06:07Z"
LATER = "2026-09-09T09:09:09Z"
CHANGES = ("os.rename", "os.remove", "shutil.rmtree")


def _apply(run: Path, ids: Sequence[str], left: int, answer: Connection) -> None:
    """Apply in a process that dies before its `left`-th change; tell how many there were."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in CHANGES and str(run) in str(arguments[0]):
            seen += 1
            if seen == left:
                os.kill(os.getpid(), signal.SIGKILL)

    wanted = requests.request(doc_ids=ids, request_id="one")
    sys.addaudithook(watch)
    takedown.apply(run, wanted, WHEN)
    answer.send(seen)


def apply(run: Path, ids: Sequence[str], left: int = 0) -> int | None:
    """Changes made, or None if the process was killed before the `left`-th."""
    ours, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=_apply, args=(run, ids, left, theirs))
    process.start()
    theirs.close()
    try:
        seen: int = ours.recv()
    except EOFError:
        process.join()
        assert process.exitcode == -signal.SIGKILL
        return None
    process.join()
    return seen


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but locks and what a killed process was writing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock" and not path.name.startswith(".tmp-")
    }


@pytest.fixture
def begun(small_run: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """A run with a report, and documents of it to take down: a duplicate, and some of the corpus.

    As `--reuse` would leave it: every file is another run's as well, which must not notice.
    """
    run = tmp_path / "run"
    shutil.copytree(small_run, run, copy_function=os.link)
    for name in ("run.json", "journal/lock"):
        (run / name).unlink()
        shutil.copy(small_run / name, run / name)
    (run / "report").mkdir()
    (run / "report" / "index.html").write_text("a page's text", encoding="utf-8")
    decided = rows(run, "decisions", "doc_id", "reason")
    ids = [str(r["doc_id"]) for r in decided if r["reason"] == "dedup.near_duplicate"][:1]
    ids += [str(row["doc_id"]) for row in rows(run, "corpus", "doc_id")[::9]]
    return run, ids


def test_killed_at_every_change_it_ends_in_the_same_bytes(
    begun: tuple[Path, list[str]], small_run: Path, tmp_path: Path
) -> None:
    run, ids = begun
    before, other = tree(run), tree(small_run)
    whole, trial = tmp_path / "whole", tmp_path / "trial"
    shutil.copytree(run, whole, copy_function=os.link)
    changes = apply(whole, ids)
    assert changes is not None
    assert changes > 20
    expected = tree(whole)
    assert [c for c in verify(whole) if not c["ok"]] == []
    for left in range(1, changes + 1):
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(run, trial, copy_function=os.link)
        assert apply(trial, ids, left) is None
        assert left == 1 or suppression.path_of(trial, "one").is_file()
        takedown.apply(trial, requests.request(doc_ids=ids, request_id="one"), WHEN)
        assert tree(trial) == expected, f"killed before change {left}"
    assert tree(run) == before
    assert tree(small_run) == other


def test_killed_again_and_again_it_gets_there(begun: tuple[Path, list[str]]) -> None:
    """The time of receipt is that of the first attempt."""
    run, ids = begun
    deaths = 0
    while apply(run, ids, left=2 + deaths) is None:  # a task's files are one step: it needs room
        deaths += 1
        assert deaths < 60
    assert deaths > 4
    assert [c for c in verify(run) if not c["ok"]] == []
    assert all(check["ok"] for check in takedown.verify(run))
    again = takedown.apply(run, requests.request(doc_ids=ids, request_id="one"), LATER)
    assert again["already_applied"]
