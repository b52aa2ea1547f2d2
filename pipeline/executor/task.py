"""What an executor is: it is given tasks and work, and yields how each task ended."""

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.manifest import Manifest
from stages.errors import ShardError, TransientError


class End(enum.StrEnum):
    """How one attempt at a task ended."""

    MADE = "made"
    UNREADABLE = "unreadable"
    """With a ShardError: the task's input is to blame."""
    TRANSIENT = "transient"
    CRASHED = "crashed"
    """Its worker died under it."""
    OVERDUE = "overdue"
    """It ran longer than it may, and was killed."""
    OUT_OF_MEMORY = "out_of_memory"
    NODE_LOST = "node_lost"
    NOT_STARTED = "not_started"
    """It was taken back before a worker had begun it."""
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Task:
    """One step on one shard or partition; small enough to log. `params` are plain JSON values."""

    step: str
    key: str
    name: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: with a manifest, or with an error that concerns this task alone.

    `attempts` are those that count against it; `ends` says how each one ended, all of them.
    """

    task: Task
    manifest: Manifest | None
    error: ShardError | TransientError | None
    attempts: int
    ends: tuple[End, ...] = ()


Work = Callable[[Task], Manifest]
Among = Callable[[int], Work]
"""The same work, for one of so many workers: what they share is divided by that."""


class Executor(Protocol):
    """Runs tasks and yields outcomes as they come.

    `stop` lets the running ones end, `cancel` does not.
    """

    def run(
        self, work: Work, tasks: Sequence[Task], among: Among | None = None
    ) -> Iterator[Outcome]:
        """Yield one outcome a task, in any order; `among` is told how many work at a time."""
        ...

    def stop(self) -> None:
        """Submit no more tasks."""
        ...

    def cancel(self) -> None:
        """Kill the running tasks."""
        ...

    def close(self) -> None:
        """Give workers back."""
        ...
