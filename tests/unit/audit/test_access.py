"""The log of what auditors asked."""

import json
import os
import resource
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit import access
from audit.access import AccessLog
from audit.runs import Run
from stages.errors import ConfigError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def opened(folder: Path, state: Path) -> AccessLog:
    return AccessLog(Run(folder), state, lambda: NOON)


def test_entries_are_lines_that_stay(folder: Path, tmp_path: Path) -> None:
    log = opened(folder, tmp_path / "state")
    assert log.is_beside_run
    assert log.entries() == []
    log.add("search", ["host", "text"], 12)
    log.add("original", ["doc_id"], 1, doc_id="0" * 32, why="a request of \u202e the person")
    lines = (folder / "journal" / "audit.jsonl").read_text().splitlines()
    assert json.loads(lines[0]).keys() == {"at", "who", "what", "fields", "rows"}
    first = opened(folder, tmp_path / "state").entries()[-1]
    assert (first["at"], first["what"], first["fields"], first["rows"]) == (
        "2026-01-02T12:00:00Z",
        "search",
        ["host", "text"],
        12,
    )
    assert first["who"]
    assert log.entries()[0]["why"] == "a request of ⟨U+202E⟩ the person"
    assert stat.S_IMODE((folder / "journal" / "audit.jsonl").stat().st_mode) == 0o600


def test_a_line_that_was_cut_off_or_changed_is_left_out(folder: Path, tmp_path: Path) -> None:
    log = opened(folder, tmp_path / "state")
    with log.path.open("a") as stream:
        stream.write('{"at": "x", "wh\n[1]\n{"fields": 3}\n\xff\n{"fields": []}\n')
    log.add("trace", ["url"], 0)
    assert [entry["what"] for entry in log.entries()] == ["trace", ""]


def test_where_the_run_cannot_be_written_the_state_folder_is(folder: Path, tmp_path: Path) -> None:
    (folder / "journal" / "lock").unlink()
    (folder / "journal").rmdir()
    (folder / "journal").write_text("not a folder")
    log = opened(folder, tmp_path / "state")
    assert not log.is_beside_run
    assert log.path.parent == tmp_path / "state"
    log.add("trace", ["url"], 1)
    assert len(log.entries()) == 1


@pytest.mark.parametrize(
    "make", [Path.symlink_to, Path.hardlink_to, lambda path, _: os.mkfifo(path)]
)
def test_a_link_or_a_pipe_in_the_run_leads_nowhere(
    folder: Path, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    mine = tmp_path / "profile"
    mine.write_text("mine\n")
    make(folder / "journal" / "audit.jsonl", mine)
    log = opened(folder, tmp_path / "state")
    log.add("trace", ["url"], 1)
    assert mine.read_text() == "mine\n"
    assert log.path.parent == tmp_path / "state"
    assert len(log.entries()) == 1


def test_entries_of_other_shapes_are_shown_as_far_as_they_go(folder: Path, tmp_path: Path) -> None:
    log = opened(folder, tmp_path / "state")
    log.path.write_text(
        "[" * 100_000 + '\n{"fields": [1, {"a": 2}], "rows": "x", "who": 5, "at": "noon", "b": 1}\n'
    )
    (entry,) = log.entries()
    assert entry == {**access.BLANK, "at": "noon", "fields": ["1", "{'a': 2}"]}


def test_a_full_disk_is_said(folder: Path, tmp_path: Path) -> None:
    log = opened(folder, tmp_path / "state")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(ConfigError, match="cannot be written"):
            log.add("trace", ["url"], 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_where_nothing_can_be_written_nothing_is_opened(folder: Path, tmp_path: Path) -> None:
    (folder / "journal" / "lock").unlink()
    (folder / "journal").rmdir()
    (folder / "journal").write_text("not a folder")
    (tmp_path / "state").write_text("nor this")
    with pytest.raises(ConfigError, match="an audit is logged"):
        opened(folder, tmp_path / "state")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_what_cannot_be_logged_is_not_answered(folder: Path, tmp_path: Path) -> None:
    log = opened(folder, tmp_path / "state")
    log.path.unlink()
    log.path.symlink_to("/dev/full")
    with pytest.raises(ConfigError, match="what is not logged is not answered"):
        log.add("trace", ["url"], 1)
