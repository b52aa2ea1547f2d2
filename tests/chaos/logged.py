"""The command line in a process of its own, whose workers note each attempt that begins.

`executor.make` is the seam; work crosses to the workers as it does without.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import cli, executor
from pipeline.executor import Among, Executor, Outcome, Task, Work
from pipeline.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Noted:
    """Performs a task as the work would, and says so before."""

    work: Work
    log: str

    def __call__(self, task: Task) -> Manifest:
        """One line an attempt, whole, whoever else writes."""
        handle = os.open(self.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.write(handle, f"{task.step} {task.key}\n".encode())
        os.close(handle)
        return self.work(task)


class _Noting:
    def __init__(self, inner: Executor, log: str) -> None:
        self._inner, self._log = inner, log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def run(
        self, work: Work, tasks: Sequence[Task], among: Among | None = None
    ) -> Iterator[Outcome]:
        shared = among and (lambda workers: Noted(among(workers), self._log))
        yield from self._inner.run(Noted(work, self._log), tasks, shared)


def attempts(log: Path) -> list[tuple[str, str]]:
    """Step and key of each attempt so far."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(step, key) for step, _, key in (line.partition(" ") for line in lines)]


def main() -> int:
    """`LOG`, then the arguments of `weir`; its exit code."""
    log, *arguments = sys.argv[1:]
    real = executor.make
    executor.make = lambda *a, **n: _Noting(real(*a, **n), log)  # type: ignore[assignment]
    return cli.main(arguments)
