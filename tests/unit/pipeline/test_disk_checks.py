"""Checks of a disk: what they find, and that nothing is left of them."""

import errno
import os
import time
from pathlib import Path

import pytest

from pipeline import disk_checks
from pipeline.checks import FAIL, OK, WARN, Check


def by_name(folder: Path) -> dict[str, Check]:
    return {one.name: one for one in disk_checks.of(folder)}


def test_a_sound_disk_passes_and_is_left_as_it_was(tmp_path: Path) -> None:
    found = by_name(tmp_path / "runs" / "new")
    for name in ("output", "rename", "sync", "lock", "hard link", "clock"):
        assert found[name].state == OK, found[name]
    assert not list(tmp_path.iterdir())


def test_what_lies_below_a_file_cannot_be_an_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert [one.state for one in disk_checks.of(tmp_path / "file" / "run")] == [FAIL]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    (found,) = disk_checks.of(tmp_path / "run")
    assert (found.state, found.name) == (FAIL, "output")
    tmp_path.chmod(0o700)


def test_kernel_interfaces_are_no_disk() -> None:
    """A folder where nobody may write, root neither."""
    (found,) = disk_checks.of(Path("/proc/self/run"))
    assert (found.state, found.name) == (FAIL, "output")


def test_too_little_room_fails(tmp_path: Path) -> None:
    assert disk_checks.room("disk", tmp_path, 1 << 60, "free some").remedy == "free some"
    assert disk_checks.room("disk", tmp_path, 1, "free some") == Check(
        "disk", OK, disk_checks.room("disk", tmp_path, 1, "").detail
    )
    assert disk_checks.room("disk", tmp_path / "none", 1, "make it").state == FAIL


def test_what_a_disk_cannot_do_is_named(tmp_path: Path) -> None:
    def refuse(folder: Path) -> str:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    found = disk_checks._tried("hard link", refuse, tmp_path, WARN, "copies are made")
    assert found == Check("hard link", WARN, "Operation not permitted", "copies are made")


@pytest.mark.parametrize(
    ("offset", "state", "side"), [(0, OK, ""), (60, WARN, "behind"), (-60, WARN, "ahead of")]
)
def test_clocks_that_differ(offset: int, state: str, side: str) -> None:
    found = disk_checks.clock(time.time() + offset, "theirs")
    assert found.state == state
    assert side in found.detail
