"""Killed, doubled, delayed and reordered tasks, and a full disk: the result is the undisturbed one.

A failing seed fails again: it is the test's parameter.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import executor, runner
from pipeline.executor import Executor, Outcome, Task, Work
from tests.chaos import faulty
from tests.integration.runs import (
    ROOT,
    arguments,
    committed,
    configured,
    digests,
    result_of,
    run_here,
    tasks_run,
)

if TYPE_CHECKING:
    from tests.conftest import Small

SEEDS = (1, 2, 3)
EVERYTHING = ("records", "documents", "signals", "signatures", "clusters", "statistics")


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Executor], None]:
    """Has the runner use an executor of ours: the seam is `executor.make`, which it calls."""

    def chosen(ours: Executor) -> None:
        monkeypatch.setattr(executor, "make", lambda *_: ours)

    return chosen


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_change_nothing(
    small: "Small",
    small_run: Path,
    tmp_path: Path,
    use: Callable[[Executor], None],
    seed: int,
) -> None:
    ours, met = faulty.executor(seed)
    use(ours)
    ended, events = run_here(configured(small.paths, small.settings), tmp_path / "run")
    assert ended.exit_code == 0, ended.problems
    assert result_of(tmp_path / "run") == result_of(small_run)
    assert digests(tmp_path / "run", *EVERYTHING) == digests(small_run, *EVERYTHING)
    assert sum(tasks_run(events).values()) == met.total() - sum(met[f] for f in faulty.DEADLY)
    assert all(met[fate] >= 2 for fate in faulty.FATES), f"too calm a seed: {met}"


class _Dying:
    """Performs some tasks, then is gone in the midst of the next, as a driver is by power loss."""

    def __init__(self, after: int) -> None:
        self._left, self._inner = after, faulty.executor(0, ("calm",))[0]

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        for outcome in self._inner.run(work, tasks):
            if self._left == 0:
                raise _PowerLossError
            self._left -= 1
            yield outcome

    def stop(self) -> None:
        self._inner.stop()

    def cancel(self) -> None:
        self._inner.cancel()

    def close(self) -> None:
        self._inner.cancel()
        self._inner.close()


class _PowerLossError(Exception):
    """The driver is gone."""


def test_a_driver_that_dies_again_and_again_gets_there(
    small: "Small", small_run: Path, tmp_path: Path, use: Callable[[Executor], None]
) -> None:
    resolved, deaths = configured(small.paths, small.settings), 0
    while deaths < 40:
        use(_Dying(after=4))
        try:
            ended, _ = run_here(resolved, tmp_path / "run")
        except _PowerLossError:
            deaths += 1
            continue
        break
    assert deaths >= 4
    assert ended.exit_code == 0, ended.problems
    assert result_of(tmp_path / "run") == result_of(small_run)


# A full disk


UNSHARED = ["unshare", "--mount", "--map-root-user", "sh", "-ec"]


def can_mount() -> bool:
    """Whether a file system of our own can be mounted, out of everybody's sight."""
    if shutil.which("unshare") is None:
        return False
    command = [*UNSHARED, "mount -t tmpfs -o size=64k none /mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


ON_A_SMALL_DISK = """
mkdir -p "$DISK"
mount -t tmpfs -o size=$SIZE none "$DISK"
set +e
"$@"; echo "first $?"
ls -A "$DISK/run/manifests/extract" 2>/dev/null | grep -c json
mount -o remount,size=64m "$DISK"
"$@"; echo "second $?"
cp -r "$DISK/run" "$KEPT"
"""


SIZES = ["300k"] if can_mount() else []  # where none can be mounted, its twin below stands alone


@pytest.mark.parametrize("size", SIZES)
def test_a_disk_that_fills_up_and_is_freed(
    small: "Small", small_run: Path, tmp_path: Path, size: str
) -> None:
    """A real one, in the midst of extract."""
    disk = tmp_path / "disk"
    words = arguments(small.paths, disk / "run", small.settings, "--workers", "1")
    ran = subprocess.run(
        [*UNSHARED, ON_A_SMALL_DISK, "sh", sys.executable, "-m", "pipeline.cli", *words],
        env={**os.environ, "DISK": str(disk), "SIZE": size, "KEPT": str(tmp_path / "kept")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    said = ran.stdout + ran.stderr
    assert "first 4" in ran.stdout, said
    assert "disk full" in said
    assert "free some space" in said
    assert "Traceback" not in said
    assert "second 0" in ran.stdout, said
    assert result_of(tmp_path / "kept") == result_of(small_run)
    assert not list((tmp_path / "kept").rglob(".tmp-*"))


@contextmanager
def full_from(folder: str, files: int) -> Iterator[None]:
    """A disk on which so many files of a folder are made durable; from then on it is full."""
    real, left = os.fsync, files

    def fsync(handle: int) -> None:
        nonlocal left
        place = Path(f"/proc/self/fd/{handle}").readlink()
        left -= left > 0 and place.is_file() and folder in place.parts
        if left == 0:
            raise OSError(28, "No space left on device")
        real(handle)

    os.fsync = fsync
    try:
        yield
    finally:
        os.fsync = real


@pytest.mark.parametrize(("folder", "shards"), [("records", 1), ("corpus", 3)])
def test_a_disk_that_says_so_late_and_is_freed(
    small: "Small", small_run: Path, tmp_path: Path, folder: str, shards: int
) -> None:
    """As the test above, on any machine: with the second file of extract, and of the corpus."""
    resolved, run = configured(small.paths, small.settings), tmp_path / "run"
    with full_from(folder, files=2):
        first, _ = run_here(resolved, run)
    assert first.exit_code == runner.PARTIAL
    assert "disk full" in " ".join(first.problems)
    assert "free some space" in " ".join(first.problems)
    assert len(committed(run, "extract")) == shards
    second, events = run_here(resolved, run)
    assert second.exit_code == 0, second.problems
    assert tasks_run(events).get("extract", 0) == len(small.warcs) - shards
    assert result_of(run) == result_of(small_run)
