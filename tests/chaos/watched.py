"""An executor of any kind whose tasks are watched: faults strike in them, and each is noted.

Tasks may also come in another order, twice at the same time, and their outcomes late. The seam is
`executor.make`, which the runner calls; work crosses to the workers as it does without.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import executor
from pipeline.executor import Among, Executor, Outcome, Task, Work
from pipeline.manifest import Manifest
from tests.chaos import points
from tests.chaos.points import Fault, Strikes, Watch

HELD_BACK = 3


@dataclass(frozen=True, slots=True)
class Watched:
    """Performs a task as the work would, under watch in whatever process this is."""

    work: Work
    folder: str
    invocation: int

    def __call__(self, task: Task) -> Manifest:
        """Note the attempt, then perform it."""
        watch = points.current()
        told = read(Path(self.folder), self.invocation)
        if watch is None or watch.strikes != told:
            points.arm(Watch(told))
        with points.scope(f"{task.step}/{task.name}"):
            note(Path(self.folder), self.invocation, task)
            return self.work(task)


def note(folder: Path, invocation: int, task: Task) -> None:
    """One line for each attempt that begins, whole, whoever else writes."""
    line = {"invocation": invocation, "step": task.step, "key": task.key, "name": task.name}
    handle = os.open(folder / "attempts.jsonl", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(handle, f"{json.dumps({**line, 'pid': os.getpid(), 'at': time.time()})}\n".encode())
    os.close(handle)


def read(folder: Path, invocation: int) -> Strikes:
    """The faults of a case, for one invocation of it."""
    told = json.loads((folder / "strikes.json").read_text())
    faults = tuple(Fault(**fault) for fault in told["faults"])
    driver = int((folder / f"driver-{invocation}").read_text())
    return Strikes(
        folder,
        tuple(told["inside"]),
        faults,
        invocation,
        driver,
        told["slow_s"],
        told["march"],
    )


class Disorder:
    """An executor that gives tasks in another order, some twice, and outcomes late."""

    def __init__(
        self, inner: Executor, folder: Path, invocation: int, seed: int | None, twice: float
    ) -> None:
        self._inner, self._folder, self._invocation = inner, folder, invocation
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - no secret
        self._twice = twice

    def __getattr__(self, name: str) -> Any:
        """Whatever else the executor can do."""
        return getattr(self._inner, name)

    def run(
        self, work: Work, tasks: Sequence[Task], among: Among | None = None
    ) -> Iterator[Outcome]:
        """One outcome a task; of two attempts at once the second must not tell another tale."""

        def watch(inner: Work) -> Watched:
            return Watched(inner, str(self._folder), self._invocation)

        watched, shared = watch(work), among and (lambda workers: watch(among(workers)))
        chance, first = self._random, dict[str, Outcome]()
        if chance is None:
            yield from self._inner.run(watched, tasks, shared)
            return
        given = [task for task in chance.sample(tasks, len(tasks)) for _ in range(self._times())]
        held: list[Outcome] = []
        for outcome in self._inner.run(watched, given, shared):
            if (before := first.setdefault(outcome.task.key, outcome)) is not outcome:
                if before.manifest and outcome.manifest:
                    assert before.manifest.digest() == outcome.manifest.digest()
                continue
            held.append(outcome)
            if len(held) > HELD_BACK:
                yield held.pop(chance.randrange(len(held)))
        yield from held

    def _times(self) -> int:
        assert self._random is not None
        return 2 if self._random.random() < self._twice else 1


def use(folder: Path, invocation: int, seed: int | None, twice: float) -> Callable[[], None]:
    """Have the runner's executors watched, until what is returned is called."""
    real = executor.make

    def make(*arguments: Any, **named: Any) -> Executor:
        return Disorder(real(*arguments, **named), folder, invocation, seed, twice)

    executor.make = make  # type: ignore[assignment]

    def undo() -> None:
        executor.make = real

    return undo
