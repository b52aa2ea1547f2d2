"""What an interrupted run does again: nothing after Ctrl-C, a task a worker after a kill."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import manifest
from tests.chaos import logged
from tests.integration.runs import ROOT, arguments

if TYPE_CHECKING:
    from tests.conftest import Small

WORKERS = 2
PATIENCE_S = 120.0
BEGIN = "import sys; from tests.chaos import logged; sys.exit(logged.main())"


def _interrupted(log: Path, given: list[str], by: signal.Signals, after: int) -> int:
    """Run until so many attempts more have begun, then signal the driver; its exit code."""
    least = len(logged.attempts(log)) + after
    command = [sys.executable, "-c", BEGIN, str(log), *given]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as driver:
        ends = time.monotonic() + PATIENCE_S
        while len(logged.attempts(log)) < least:
            assert driver.poll() is None, "it ended too soon"
            assert time.monotonic() < ends
            time.sleep(0.01)
        driver.send_signal(by)
        return driver.wait(PATIENCE_S)


def test_at_most_a_task_a_worker_is_done_again(small: "Small", tmp_path: Path) -> None:
    log, run = tmp_path / "attempts", tmp_path / "run"
    given = arguments(small.paths, run, small.settings, "--workers", str(WORKERS))

    assert _interrupted(log, given, signal.SIGINT, 5) == 130
    begun = logged.attempts(log)
    assert sorted(begun) == sorted((m.step, m.key) for m in manifest.every(run))  # it has drained

    assert _interrupted(log, given, signal.SIGKILL, 6) == -signal.SIGKILL
    command = [sys.executable, "-c", BEGIN, str(log), *given]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE_S)

    times = Counter(logged.attempts(log))
    assert set(times) == {(m.step, m.key) for m in manifest.every(run)}
    again = {task: count - 1 for task, count in times.items() if count > 1}
    assert sum(again.values()) <= WORKERS
    assert not set(again) & set(begun)
