"""What an executor is: it is given tasks and work, and yields how each task ended."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.manifest import Manifest
from stages.errors import ShardError, TransientError


@dataclass(frozen=True, slots=True)
class Task:
    """One step on one shard or partition; small enough to log. `params` are plain JSON values."""

    step: str
    key: str
    name: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended: with a manifest, or with an error that concerns this task alone."""

    task: Task
    manifest: Manifest | None
    error: ShardError | TransientError | None
    attempts: int


Work = Callable[[Task], Manifest]


class Executor(Protocol):
    """Runs tasks and yields outcomes as they come.

    `stop` lets the running ones end, `cancel` does not.
    """

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield one outcome a task, in any order."""
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
