"""The driver: attempts, blame and the bounded window, whoever runs the tasks.

A task that lost its worker is tried again alone, so that the blame is right; the third loss ends
it. TransientError is tried again; ShardError is an outcome; any other error ends the run.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.executor.task import Outcome, Task, Work
from pipeline.manifest import Manifest
from stages.errors import ShardError, TransientError

MAX_ATTEMPTS = 3


class Lost(Exception):  # noqa: N818 - not an error of the task: its worker went away
    """The worker died under the task."""


class Backend(Protocol):
    """Where tasks run, for `Driver`."""

    window: int

    def submit(self, work: Work, task: Task) -> Any: ...

    def wait(self, handles: list[Any]) -> list[Any]: ...

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises the task's error, or `Lost`."""
        ...

    def recover(self) -> None: ...

    def cancel(self, handles: list[Any]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Queue:
    """Tasks to be started, those that lost their worker apart: they are tried one at a time."""

    waiting: deque[Task]
    suspects: deque[Task]
    attempts: Counter[str]


class Driver:
    """Attempts, blame and the bounded window: the same for every backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._is_stopping = self._is_cancelled = False
        self._running: dict[Any, Task] = {}
        self._alone: Any = None
        """Handle of a task that lost its worker before: nothing is started beside it."""

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield outcomes; tasks that were never started after `stop` have none."""
        queue = Queue(deque(tasks), deque(), Counter())
        while not self._is_cancelled:
            if not self._is_stopping:
                self._fill(work, queue)
            if self._is_cancelled or not self._running:
                return
            for handle in self._backend.wait(list(self._running)):
                task = self._running.pop(handle, None)
                if task is None:  # cancelled in the meantime
                    return
                outcome = self._outcome(handle, task, queue)
                if outcome is not None:
                    yield outcome

    def _outcome(self, handle: Any, task: Task, queue: Queue) -> Outcome | None:
        """How the task ended; None if it is to be tried again."""
        attempts = queue.attempts[task.key]
        try:
            return Outcome(task, self._backend.result(handle), None, attempts)
        except ShardError as error:
            return Outcome(task, None, error, attempts)
        except TransientError as error:
            if attempts >= MAX_ATTEMPTS:
                return Outcome(task, None, error, attempts)
            queue.waiting.appendleft(task)
        except Lost:
            self._backend.recover()
            if attempts >= MAX_ATTEMPTS:
                message = (
                    f"its worker died {MAX_ATTEMPTS} times (out of memory, or killed); "
                    "set aside, run again to retry"
                )
                return Outcome(task, None, ShardError(task.name, message), attempts)
            queue.suspects.append(task)
        return None

    def _fill(self, work: Work, queue: Queue) -> None:
        waiting, suspects = queue.waiting, queue.suspects
        while len(self._running) < self._backend.window and (waiting or suspects):
            if self._is_cancelled or self._alone in self._running or (suspects and self._running):
                return
            is_suspect = bool(suspects)
            task = suspects.popleft() if is_suspect else waiting.popleft()
            queue.attempts[task.key] += 1
            handle = self._backend.submit(work, task)
            self._running[handle] = task
            self._alone = handle if is_suspect else None

    def stop(self) -> None:
        """Submit no more tasks."""
        self._is_stopping = True

    def cancel(self) -> None:
        """Kill the running tasks."""
        self._is_cancelled = True
        handles = list(self._running)
        self._running.clear()
        self._backend.cancel(handles)

    def close(self) -> None:
        """Give workers back."""
        if self._is_cancelled:  # also what was being submitted when the signal came
            self._backend.cancel(list(self._running))
        self._backend.close()
