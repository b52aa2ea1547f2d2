"""Tasks that do as they are told, for the contract of executors; workers import this module."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from pipeline.executor import Task
from pipeline.manifest import Books, Manifest
from stages.errors import ShardError, TransientError

PATIENCE_S = 60.0
REST_S = 2.0
CHUNK = 100 << 20
OVERLAP_S = 0.15
"""How long a task stays, so that a neighbour that ought not to be there has time to come."""


class OddError(Exception):
    """Survives pickling, but not unpickling: its argument has no position."""

    def __init__(self, *, page: str) -> None:
        super().__init__(page)


def task(name: str, *acts: str) -> Task:
    """A task that performs one act an attempt, and the last one from then on."""
    return Task("contract", f"key-{name}", name, {"acts": acts or ("end",)})


def made(task: Task) -> Manifest:
    """What a task that ends well gives back."""
    return Manifest(task.step, task.key, task.name, (), (), Books(0, 0, 0, 0), ())


@dataclass(frozen=True, slots=True)
class Scripted:
    """Performs a task's acts; leaves a mark in a folder for each attempt."""

    folder: str

    def __call__(self, task: Task) -> Manifest:
        attempt = marks(self.folder)[task.name]
        mark = Path(self.folder) / f"{task.name}@{attempt}@{os.getpid()}"
        mark.touch()
        acts: Sequence[str] = task.params["acts"]
        try:
            self._act(acts[min(attempt, len(acts) - 1)], task)
        finally:
            mark.rename(mark.with_name(mark.name + "@ended"))
        return made(task)

    def _act(self, act: str, task: Task) -> None:
        raised = {
            "unreadable": ShardError(task.name, "cannot be read"),
            "unlucky": TransientError(task.name, "try again"),
            "bug": ZeroDivisionError(task.name),
            "odd_bug": OddError(page=task.name),
            "starved": MemoryError(task.name),
        }
        stays_s = {
            "linger": OVERLAP_S,
            "killed_slowly": OVERLAP_S,
            "rest": REST_S,
            "hang": PATIENCE_S,
        }
        time.sleep(stays_s.get(act, 0.0))
        if act in raised:
            raise raised[act]
        if act == "exit":
            os._exit(9)
        elif act in ("killed", "killed_slowly"):
            os.kill(os.getpid(), signal.SIGKILL)
        elif act == "spin":  # in C code, for longer than anyone waits
            re.match("(a+)+$", "a" * 60 + "b")
        elif act == "until_released":
            self._await("released")
        elif act == "hog":
            _take_memory()
        else:
            assert act in ("end", *stays_s)

    def _await(self, name: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not (Path(self.folder) / name).exists() and time.monotonic() < end:
            time.sleep(0.02)


def _take_memory() -> None:
    """Of the machine's, until somebody objects; a third of it at most."""
    taken, most = [], psutil.virtual_memory().total // 3
    while sum(map(len, taken)) < most:
        taken.append(b"x" * CHUNK)
    time.sleep(PATIENCE_S)


def marks(folder: str | Path) -> Counter[str]:
    """Attempts begun, by task."""
    return Counter(p.name.split("@")[0] for p in Path(folder).iterdir() if "@" in p.name)


def running(folder: str | Path, but: str = "") -> list[str]:
    """Tasks under way in a process that lives."""
    found = []
    for path in sorted(Path(folder).iterdir()):
        name, *rest = path.name.split("@")
        if len(rest) == 2 and name != but and psutil.pid_exists(int(rest[1])):
            found.append(name)
    return found
