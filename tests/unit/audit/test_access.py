"""The log of what auditors asked."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

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
