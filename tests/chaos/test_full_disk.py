"""A disk that fills up in the midst of a run: it says so, stops at once, and is resumed."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import runner
from tests.integration.runs import committed, configured, result_of, run_here, tasks_run

if TYPE_CHECKING:
    from tests.conftest import Small


@contextmanager
def failing_from(folder: str, files: int, number: int) -> Iterator[None]:
    """A disk on which so many files of a folder are made durable; from then on it fails."""
    real, left = os.fsync, files

    def fsync(handle: int) -> None:
        nonlocal left
        place = Path(f"/proc/self/fd/{handle}").readlink()
        left -= left > 0 and place.is_file() and folder in place.parts
        if left == 0:
            raise OSError(number, os.strerror(number))
        real(handle)

    os.fsync = fsync
    try:
        yield
    finally:
        os.fsync = real


@pytest.mark.parametrize(
    ("folder", "shards", "number", "words"),
    [
        ("records", 1, errno.ENOSPC, ("disk full", "free some space")),
        ("records", 1, errno.EIO, ("the disk fails", "dmesg")),
        ("corpus", 3, errno.ENOSPC, ("disk full", "free some space")),
    ],
)
def test_a_disk_that_fails_and_is_mended(
    small: "Small",
    small_run: Path,
    tmp_path: Path,
    folder: str,
    shards: int,
    number: int,
    words: tuple[str, ...],
) -> None:
    """With the second file of extract, or of the corpus: no other task is begun in vain."""
    resolved, run = configured(small.paths, small.settings), tmp_path / "run"
    with failing_from(folder, 2, number):
        first, _ = run_here(resolved, run)
    assert first.exit_code == runner.PARTIAL
    assert len(first.problems) == 1
    assert all(word in first.problems[0] for word in words)
    assert len(committed(run, "extract")) == shards
    second, events = run_here(resolved, run)
    assert second.exit_code == 0, second.problems
    assert tasks_run(events).get("extract", 0) == len(small.warcs) - shards
    assert result_of(run) == result_of(small_run)
