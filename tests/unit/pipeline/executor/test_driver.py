"""What the driver makes of losses that no real backend gives in a moment."""

from dataclasses import replace
from typing import Any

from pipeline.executor.driver import MAX_EXCUSED, Driver, Lost, NodeLost, NotStarted
from pipeline.executor.need import Limits, Need
from pipeline.executor.task import End, Outcome, Task, Work
from pipeline.manifest import Books, Manifest

TASK = Task("extract", "k", "t", {})


def work(task: Task) -> Manifest:
    return Manifest(task.step, task.key, task.name, (), (), Books(0, 0, 0, 0), ())


class Scripted:
    """Each attempt ends as it is told; `None` never does. A look at it takes a minute."""

    window, patience, memory_mb, workers = 1, 1.0, 0, 7

    def __init__(self, *ends: type[Lost] | str | None) -> None:
        self._ends = list(ends)
        self.now, self.submitted, self.killed = 0.0, 0, 0

    def has_room(self, need: Need) -> bool:
        del need
        return True

    def submit(self, work: Work, task: Task, need: Need) -> Any:
        del work, task, need
        self.submitted += 1
        return self.submitted

    def _end(self, handle: int) -> type[Lost] | str | None:
        return self._ends[min(handle, len(self._ends)) - 1]

    def wait(self, handles: list[Any]) -> list[Any]:
        self.now += 61.0
        return [handle for handle in handles if self._end(handle) is not None]

    def result(self, handle: Any) -> Manifest:
        end = self._end(handle)
        if isinstance(end, type):
            raise end
        return work(TASK)

    def withdraw(self, handles: list[Any]) -> None: ...

    def cancel(self, handles: list[Any]) -> None:
        self.killed += len(handles)

    def close(self) -> None: ...


def ran(backend: Scripted, hours: float = 1.0) -> Outcome:
    driver = Driver(backend, Limits(hours={"extract": hours}), clock=lambda: backend.now)
    (outcome,) = driver.run(work, [TASK])
    return outcome


def test_lost_nodes_are_not_counted() -> None:
    outcome = ran(Scripted(*[NodeLost] * 10, NotStarted, "made"))
    assert outcome.manifest is not None
    assert outcome.attempts == 1
    assert outcome.ends == (*[End.NODE_LOST] * 10, End.NOT_STARTED, End.MADE)


def test_a_task_that_takes_its_node_along_each_time_ends_too() -> None:
    outcome = ran(backend := Scripted(NodeLost))
    assert outcome.error is not None
    assert f"{MAX_EXCUSED} times" in str(outcome.error)
    assert backend.submitted == len(outcome.ends) == MAX_EXCUSED


def test_crashes_between_losses_of_nodes_are_counted_alone() -> None:
    outcome = ran(Scripted(Lost, NodeLost, Lost, NodeLost, Lost))
    assert outcome.error is not None
    assert "died 3 times" in str(outcome.error)
    assert (outcome.attempts, len(outcome.ends)) == (3, 5)


def test_an_attempt_that_never_ends_is_killed_and_then_given_up() -> None:
    """As on a machine that is frozen: nobody hears of the kill."""
    outcome = ran(backend := Scripted(None, "made"), hours=0.1)
    assert outcome.manifest is not None
    assert outcome.ends == (End.OVERDUE, End.MADE)
    assert backend.killed == 1


def test_what_workers_share_is_divided_by_those_that_work() -> None:
    backend, told = Scripted("made"), []

    def among(workers: int) -> Work:
        told.append(workers)
        backend.workers = 3  # nodes went away
        return work

    driver = Driver(backend, clock=lambda: backend.now)
    tasks = [replace(TASK, key=f"key-{number}") for number in range(4)]
    assert len(list(driver.run(work, tasks, among))) == 4
    assert told == [4, 3], "no more than there are tasks, and anew when the number changes"
