"""A test double of the executor, with faults by seed.

Each task runs in a process of its own, which may be killed with a real SIGKILL: before it begins,
when it is about to make its first file visible, or its second, when it is about to commit its
manifest, or after that and before the driver hears of it. A task may also run twice at the same
time, as after the loss of a node that was not lost; and outcomes come in an order that the seed
says.

Attempts and blame are the driver's own: only the backend is a double.
"""

import multiprocessing
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pipeline.executor import Driver, Executor, Lost, Task, Work
from pipeline.manifest import Manifest
from stages.errors import CurationError

FATES = ("before", "first_file", "manifest", "after", "twice", "calm")
DEADLY = FATES[:4]
AT_RENAME = ("first_file", "second_file", "manifest")
"""Every commit point of a task that makes two files; of one that makes one, the manifest twice."""
WINDOW = 3

_context = multiprocessing.get_context("forkserver")  # a clean parent: no threads of Ray's or ours
_context.set_forkserver_preload(
    ["pytest", "pipeline.steps", "audit.takedown", "tests.chaos.faulty", "tests.chaos.preloaded"]
)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at_rename(fate: str) -> None:
    """Die as this process would rename its first file, its second, or one to a manifest's place."""
    last = {"first_file": 1, "second_file": 2}.get(fate)
    renames = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal renames
        if event != "os.rename":
            return
        renames += 1
        if renames == last or (
            last is None and "manifests" in Path(os.fsdecode(arguments[1])).parts
        ):
            _die()

    sys.addaudithook(watch)


def _perform(work: Work, task: Task, fate: str, answer: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if fate == "before":
        _die()
    if fate in AT_RENAME:
        _die_at_rename(fate)
    try:
        made: Manifest | Exception = work(task)
    except CurationError as error:
        made = error
    except Exception as error:  # noqa: BLE001 - carried to the driver, which raises it
        made = error if type(error).__module__ == "builtins" else RuntimeError(repr(error))
    if fate == "after":
        _die()
    answer.send(made)
    answer.close()


@dataclass(eq=False, slots=True)
class _Attempt:
    """One submission: its processes, and where their answers come."""

    processes: list[BaseProcess] = field(default_factory=list)
    answers: list[Connection] = field(default_factory=list)


class _FaultyBackend:
    """Processes that die, run twice and answer out of turn."""

    window = WINDOW

    def __init__(self, seed: int, fates: Sequence[str]) -> None:
        self._fates, self._ahead = fates, list[str]()
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._submitted: Counter[str] = Counter()
        self.met: Counter[str] = Counter()

    def _fate(self, task: Task) -> str:
        """Every fate in turn, in an order that the seed shuffles anew; no task is hit twice."""
        self._submitted[task.key] += 1
        if self._submitted[task.key] > 1:
            return "calm"
        if not self._ahead:
            self._ahead = self._random.sample(self._fates, len(self._fates))
        return self._ahead.pop()

    def submit(self, work: Work, task: Task) -> _Attempt:
        fate, attempt = self._fate(task), _Attempt()
        self.met[fate] += 1
        for _ in range(2 if fate == "twice" else 1):
            ours, theirs = _context.Pipe(duplex=False)
            process = _context.Process(target=_perform, args=(work, task, fate, theirs))
            process.start()
            theirs.close()
            attempt.processes.append(process)
            attempt.answers.append(ours)
        return attempt

    def wait(self, handles: list[Any]) -> list[Any]:
        """One of the running ones, by chance; the others wait for their turn."""
        chosen: _Attempt = self._random.choice(handles)
        for answer in chosen.answers:
            while not wait([answer], timeout=1.0):
                pass
        return [chosen]

    def result(self, handle: Any) -> Manifest:
        attempt: _Attempt = handle
        made: list[Manifest | Exception] = []
        for process, answer in zip(attempt.processes, attempt.answers, strict=True):
            try:
                made.append(answer.recv())
            except (EOFError, ConnectionResetError):
                made.append(Lost())
            answer.close()
            process.join()
        for one in made:  # the second of two may not tell another tale than the first
            if isinstance(one, Exception):
                raise one
        first = made[0]
        assert isinstance(first, Manifest)
        assert all(isinstance(m, Manifest) and m.digest() == first.digest() for m in made)
        return first

    def recover(self) -> None:
        """Every task has a process of its own."""

    def cancel(self, handles: list[Any]) -> None:
        for handle in handles:
            for process in handle.processes:
                process.kill()

    def close(self) -> None:
        """Every process was joined with its result."""


def executor(seed: int, fates: Sequence[str] = FATES) -> tuple[Executor, Counter[str]]:
    """A faulty executor, and the count of the fates that its tasks have met."""
    backend = _FaultyBackend(seed, fates)
    return Driver(backend), backend.met
