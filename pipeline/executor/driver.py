"""The driver: attempts, blame, limits and the bounded window, whoever runs the tasks.

What an attempt ended with decides what comes next:

    ShardError          an outcome: the input is to blame
    TransientError      tried again; the third is an outcome
    a crash, a hang     tried again; the third sets the task aside
    out of memory       tried again with twice the memory, while a machine has it; not counted
    node lost           tried again; not counted
    any other error     ends the run: a bug

Backends blame exactly: an attempt is lost only if the worker or node that had it is. So nobody else
waits while a task that crashed is tried again.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.executor.need import Limits, Need, Needs
from pipeline.executor.task import Among, End, Outcome, Task, Work
from pipeline.manifest import Manifest
from stages.errors import ShardError, TransientError

MAX_ATTEMPTS = 3
MAX_EXCUSED = 20
"""Attempts that are not counted: a task that takes its node along, each time, must end too."""
GRACE_S = 60.0
"""So long a worker may take to start; and so long after it was killed for its time, an attempt is
given up though nobody heard of its end: its machine may be frozen."""
LOOK_S = 1.0
"""How often times are looked at; a backend's `wait` takes no longer."""


class Lost(Exception):  # noqa: N818 - not an error of the task: its worker went away
    """The worker died under the task; the argument, if any, says how."""

    end = End.CRASHED


class Overdue(Lost):
    """The worker was killed because the task ran longer than it may."""

    end = End.OVERDUE


class OutOfMemory(Lost):
    """The worker was killed because memory ran out."""

    end = End.OUT_OF_MEMORY


class NodeLost(Lost):
    """The machine went away, with the worker or with what it had made."""

    end = End.NODE_LOST


class NotStarted(Lost):
    """The task was taken back before a worker had begun it."""

    end = End.NOT_STARTED


class Backend(Protocol):
    """Where tasks run."""

    @property
    def window(self) -> int:
        """How many tasks may be submitted at a time."""
        ...

    @property
    def workers(self) -> int:
        """How many tasks run at a time, as far as that is known: nodes come and go."""
        ...

    @property
    def patience(self) -> float:
        """How many times its limit a task may be out: it may have to wait for its worker."""
        ...

    @property
    def memory_mb(self) -> int:
        """What the largest machine has for tasks; 0 if that is not known."""
        ...

    def has_room(self, need: Need) -> bool:
        """Whether a task that needs this may be submitted beside those that run."""
        ...

    def submit(self, work: Work, task: Task, need: Need) -> Any:
        """A handle of the task, which is begun as soon as there is a worker."""
        ...

    def wait(self, handles: list[Any]) -> list[Any]:
        """Handles of tasks that ended; none after `LOOK_S` without any."""
        ...

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises the task's error, or `Lost`."""
        ...

    def withdraw(self, handles: list[Any]) -> None:
        """Take back those that no worker has begun: they end with `NotStarted`."""
        ...

    def cancel(self, handles: list[Any]) -> None:
        """Kill them."""
        ...

    def close(self) -> None:
        """Give workers back."""
        ...


class Watch(Protocol):
    """Is told what happens, as it happens."""

    def ended(self, task: Task, end: End, seconds: float, made: Manifest | None) -> None:
        """An attempt ended."""
        ...

    def level(self, step: str, submitted: int, waiting: int) -> None:
        """How many tasks are with the backend, and how many are not yet."""
        ...


@dataclass(slots=True)
class _Attempt:
    """A task that was submitted."""

    task: Task
    need: Need
    began: float
    due: float
    is_overdue: bool = False


@dataclass(slots=True)
class _Queue:
    """Tasks to be started, and what is known of those that were."""

    waiting: deque[Task]
    counted: Counter[str] = field(default_factory=Counter)
    ends: dict[str, tuple[End, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Shared:
    """Work that is told among how many it is done, each time that this changes."""

    work: Work
    among: Among | None
    tasks: int
    _made: Work | None = None
    _workers: int = 0

    def now(self, backend: Backend) -> Work:
        """The work as it is to be submitted now; the same object while nothing changes."""
        if self.among is None:
            return self.work
        workers = max(1, min(backend.workers, self.tasks))
        if self._made is None or workers != self._workers:
            self._made, self._workers = self.among(workers), workers
        return self._made


class Driver:
    """Runs tasks on a backend; see the module's docstring."""

    def __init__(
        self,
        backend: Backend,
        limits: Limits | None = None,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend, self._watch, self._clock = backend, watch, clock
        self._needs = Needs(limits or Limits())
        self._is_stopping = self._is_cancelled = self._is_withdrawn = False
        self._running: dict[Any, _Attempt] = {}
        self._looked = 0.0

    def run(
        self, work: Work, tasks: Sequence[Task], among: Among | None = None
    ) -> Iterator[Outcome]:
        """Yield outcomes; tasks that were never started after `stop` have none."""
        queue = _Queue(deque(tasks))
        shared = _Shared(work, among, len(tasks))
        while not self._is_cancelled:
            if not self._is_stopping:
                self._fill(shared.now(self._backend), queue)
            elif not self._is_withdrawn:
                self._is_withdrawn = True
                self._backend.withdraw(list(self._running))
            if self._is_cancelled or not self._running:
                return
            for handle in self._backend.wait(list(self._running)):
                attempt = self._running.pop(handle, None)
                if attempt is None:  # cancelled in the meantime
                    return
                outcome = self._outcome(handle, attempt, queue)
                if outcome is not None:
                    yield outcome
            for attempt in self._given_up():
                outcome = self._next(attempt, queue, End.OVERDUE, "did not answer")
                if outcome is not None:
                    yield outcome

    def _fill(self, work: Work, queue: _Queue) -> None:
        window, most_mb = self._backend.window, self._backend.memory_mb
        while len(self._running) < window and queue.waiting and not self._is_cancelled:
            task = queue.waiting[0]
            need = self._needs.of(task, most_mb)
            if self._running and not self._backend.has_room(need):
                break
            queue.waiting.popleft()
            queue.counted[task.key] += 1
            handle = self._backend.submit(work, task, need)
            now = self._clock()
            due = now + need.limit_s * self._backend.patience + GRACE_S
            self._running[handle] = _Attempt(task, need, now, due)
        if self._watch and self._running:
            step = next(iter(self._running.values())).task.step
            self._watch.level(step, len(self._running), len(queue.waiting))

    def _outcome(self, handle: Any, attempt: _Attempt, queue: _Queue) -> Outcome | None:
        """How the task ended; None if it is to be tried again."""
        task = attempt.task
        try:
            made = self._backend.result(handle)
        except ShardError as error:
            return self._said(attempt, queue, End.UNREADABLE, error)
        except TransientError as error:
            said = self._said(attempt, queue, End.TRANSIENT, error)
            if said.attempts >= MAX_ATTEMPTS:
                return said
            queue.waiting.appendleft(task)
            return None
        except MemoryError:
            return self._next(attempt, queue, End.OUT_OF_MEMORY, "ran out of memory")
        except Lost as lost:
            end = lost.end
            # Ray does not say how a worker died: after this long it was by the kernel's alarm.
            is_long = self._clock() - attempt.began >= attempt.need.limit_s
            if end is End.CRASHED and (attempt.is_overdue or (is_long and not str(lost))):
                end = End.OVERDUE
            return self._next(attempt, queue, end, str(lost))
        except Exception:
            self._tell(attempt, End.BUG)
            raise
        self._needs.learn(made)
        return self._said(attempt, queue, End.MADE, made)

    def _said(
        self,
        attempt: _Attempt,
        queue: _Queue,
        end: End,
        what: Manifest | ShardError | TransientError,
    ) -> Outcome:
        task = attempt.task
        made, error = (what, None) if isinstance(what, Manifest) else (None, what)
        queue.ends[task.key] = ends = (*queue.ends.get(task.key, ()), end)
        self._tell(attempt, end, made)
        return Outcome(task, made, error, queue.counted[task.key], ends)

    def _next(self, attempt: _Attempt, queue: _Queue, end: End, how: str) -> Outcome | None:
        """What comes after a loss: None if the task is tried again."""
        task = attempt.task
        if end in (End.OUT_OF_MEMORY, End.NODE_LOST, End.NOT_STARTED):
            queue.counted[task.key] -= 1
        reason = self._reason(attempt, queue, end, how)
        if reason is not None:
            return self._said(attempt, queue, end, ShardError(task.name, reason))
        queue.ends[task.key] = (*queue.ends.get(task.key, ()), end)
        self._tell(attempt, end)
        if not self._is_stopping:
            queue.waiting.appendleft(task)
        return None

    def _reason(self, attempt: _Attempt, queue: _Queue, end: End, how: str) -> str | None:
        """Why the task is set aside; None if it is to be tried again."""
        task, again = attempt.task, "set aside, run again to retry"
        ends = queue.ends.get(task.key, ())
        excused = len(ends) - queue.counted[task.key] + 1
        if end is End.OUT_OF_MEMORY and not self._needs.double(
            task, attempt.need, self._backend.memory_mb
        ):
            return (
                f"out of memory with {attempt.need.memory_mb:,} MB set apart for it, all that the "
                f"largest machine has (limits.task_memory_mb.{task.step}); set aside, run again "
                "with larger machines or fewer workers"
            )
        if queue.counted[task.key] >= MAX_ATTEMPTS and end in (End.CRASHED, End.OVERDUE):
            if end is End.OVERDUE:
                hours = attempt.need.limit_s / 3600
                return (
                    f"ran longer than limits.task_hours.{task.step} = {hours:g}, tried "
                    f"{MAX_ATTEMPTS} times; {again}"
                )
            return f"its worker died {MAX_ATTEMPTS} times{f' ({how})' if how else ''}; {again}"
        if end not in (End.CRASHED, End.OVERDUE) and excused >= MAX_EXCUSED:
            return f"lost its machine or its memory {MAX_EXCUSED} times; {again}"
        return None

    def _given_up(self) -> list[_Attempt]:
        """Kill what is overdue; those that were killed long ago and never ended."""
        now, silent = self._clock(), []
        if now - self._looked < LOOK_S:
            return []
        self._looked = now
        for handle, attempt in list(self._running.items()):
            if attempt.due > now:
                continue
            if attempt.is_overdue:
                self._running.pop(handle, None)
                silent.append(attempt)
            else:
                attempt.is_overdue, attempt.due = True, now + GRACE_S
                self._backend.cancel([handle])
        return silent

    def _tell(self, attempt: _Attempt, end: End, made: Manifest | None = None) -> None:
        if self._watch:
            self._watch.ended(attempt.task, end, self._clock() - attempt.began, made)

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
