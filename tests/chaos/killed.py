"""Work in a process that is killed where it is about to change a name."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_context = multiprocessing.get_context("forkserver")  # a clean parent: no threads of ours
_context.set_forkserver_preload(
    ["pytest", "pipeline.steps", "audit.takedown", "tests.chaos.preloaded"]
)
Work = Callable[[Path], object]
TO = ("os.rename", "os.link")
"""Events whose second argument is the name that changes; of others it is the first."""


@dataclass(frozen=True, slots=True)
class Death:
    """Before the `left`-th of the events in a folder; 0 for none."""

    inside: Path
    events: tuple[str, ...]
    left: int = 0


def _child(work: Work, folder: Path, death: Death, answer: Connection) -> None:
    """Work, and tell how many changes there were."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in death.events:
            return
        at = Path(os.fsdecode(arguments[1 if event in TO else 0]))
        seen += at.is_relative_to(death.inside)
        if seen == death.left and at.is_relative_to(death.inside):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    work(folder)
    answer.send(seen)


def attempt(work: Work, folder: Path, death: Death) -> int | None:
    """Changes made, or None if the process was killed."""
    ours, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=_child, args=(work, folder, death, theirs))
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
