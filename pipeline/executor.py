"""Executors: run tasks somewhere.

`local` in this process or a pool of processes, `ray` on a Ray cluster.

The driver counts attempts, whoever runs the tasks: a task that lost its worker is tried again
alone, so that the blame is right; the third loss ends it. TransientError is tried again;
ShardError is an outcome; any other error ends the run. This is the only module that imports Ray.
"""

import logging
import multiprocessing
import os
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.manifest import Manifest
from stages.errors import ConfigError, ShardError, TransientError

MAX_ATTEMPTS = 3


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


class Lost(Exception):  # noqa: N818 - not an error of the task: its worker went away
    """The worker died under the task."""


class _Backend(Protocol):
    """Where tasks run, for `_Driver`."""

    window: int

    def submit(self, work: Work, task: Task) -> Any: ...

    def wait(self, handles: list[Any]) -> list[Any]: ...

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises the task's error, or `Lost`."""
        ...

    def recover(self) -> None: ...

    def cancel(self, handles: list[Any]) -> None: ...

    def close(self) -> None: ...


class _Driver:
    """Attempts, blame and the bounded window: the same for every backend."""

    def __init__(self, backend: _Backend) -> None:
        self._backend = backend
        self._is_stopping = self._is_cancelled = False
        self._running: dict[Any, Task] = {}

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield outcomes; tasks that were never started after `stop` have none."""
        waiting = deque(tasks)
        suspects: deque[Task] = deque()  # lost their worker: tried again one at a time
        attempts = dict.fromkeys((task.key for task in tasks), 0)
        while (waiting or suspects or self._running) and not self._is_cancelled:
            if not self._is_stopping:
                self._fill(work, waiting, suspects, attempts)
            if not self._running:
                return
            for handle in self._backend.wait(list(self._running)):
                task = self._running.pop(handle)
                try:
                    yield Outcome(task, self._backend.result(handle), None, attempts[task.key])
                except ShardError as error:
                    yield Outcome(task, None, error, attempts[task.key])
                except TransientError as error:
                    if attempts[task.key] >= MAX_ATTEMPTS:
                        yield Outcome(task, None, error, attempts[task.key])
                    else:
                        waiting.appendleft(task)
                except Lost:
                    if attempts[task.key] >= MAX_ATTEMPTS:
                        message = (
                            f"its worker died {MAX_ATTEMPTS} times (out of memory, or "
                            "killed); set aside, run again to retry"
                        )
                        yield Outcome(
                            task, None, ShardError(task.name, message), attempts[task.key]
                        )
                    else:
                        suspects.append(task)
                    self._backend.recover()

    def _fill(
        self, work: Work, waiting: deque[Task], suspects: deque[Task], attempts: dict[str, int]
    ) -> None:
        while len(self._running) < self._backend.window and (waiting or suspects):
            if suspects:
                if self._running:
                    return
                task = suspects.popleft()
            else:
                task = waiting.popleft()
            attempts[task.key] += 1
            self._running[self._backend.submit(work, task)] = task
            if suspects:
                return

    def stop(self) -> None:
        """Submit no more tasks."""
        self._is_stopping = True

    def cancel(self) -> None:
        """Kill the running tasks."""
        self._is_cancelled = True
        self._backend.cancel(list(self._running))
        self._running.clear()

    def close(self) -> None:
        """Give workers back."""
        self._backend.close()


class _Inline:
    """In this process: one task at a time."""

    window = 1

    def submit(self, work: Work, task: Task) -> Any:
        future: Future[Manifest] = Future()
        try:
            future.set_result(work(task))
        except Exception as error:  # noqa: BLE001 - carried to `result`, which raises it
            future.set_exception(error)
        return future

    def wait(self, handles: list[Any]) -> list[Any]:
        return handles

    def result(self, handle: Any) -> Manifest:
        made: Manifest = handle.result()
        return made

    def recover(self) -> None:
        """Nothing to recover."""

    def cancel(self, handles: list[Any]) -> None:
        """Break off the task, which runs in the thread that the signal has interrupted."""
        raise KeyboardInterrupt

    def close(self) -> None:
        """Nothing to give back."""


def _ignore_interrupts() -> None:
    """Ctrl-C goes to the whole terminal; the driver decides what workers do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Pool:
    """A pool of fresh processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.window = workers
        self._pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            self._workers, mp_context=context, initializer=_ignore_interrupts
        )

    def submit(self, work: Work, task: Task) -> Any:
        try:
            return self._pool.submit(work, task)
        except BrokenProcessPool:
            self._pool = self._fresh()
            return self._pool.submit(work, task)

    def wait(self, handles: list[Any]) -> list[Any]:
        done, _ = wait(handles, return_when=FIRST_COMPLETED)
        return list(done)

    def result(self, handle: Any) -> Manifest:
        try:
            made: Manifest = handle.result()
        except BrokenProcessPool:
            raise Lost from None
        return made

    def recover(self) -> None:
        """A broken pool is replaced at the next submission."""

    def cancel(self, handles: list[Any]) -> None:
        for handle in handles:
            handle.cancel()
        for process in list((self._pool._processes or {}).values()):
            process.kill()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


class _Ray:
    """Ray Core tasks. Ray's own retries are off.

    With them an out-of-memory kill is retried without end.
    """

    def __init__(self, workers: int | None, address: str | None, packages: Sequence[Any]) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray  # noqa: PLC0415 - a second to import, and only this executor needs it

        self._ray = ray
        self._owns = not ray.is_initialized()
        if self._owns:
            common: dict[str, Any] = {
                "log_to_driver": False,
                "logging_level": logging.ERROR,
                "include_dashboard": False,
            }
            try:
                if address:
                    ray.init(
                        address=address,
                        runtime_env={"py_modules": list(packages)},
                        log_to_driver=False,
                        logging_level=logging.ERROR,
                    )
                else:
                    folder = tempfile.mkdtemp(prefix="weir-ray-", dir=tempfile.gettempdir())
                    ray.init(
                        num_cpus=workers, object_store_memory=128 << 20, _temp_dir=folder, **common
                    )
            except ConnectionError as error:
                raise ConfigError(
                    "--address",
                    f"no Ray cluster at {address} ({error})",
                    "start one with `ray start --head`",
                ) from None
        resources: Any = ray.cluster_resources  # untyped in Ray
        cpus = int(resources().get("CPU", 1))
        self.window = workers or cpus
        self._remote: Any = None

    def submit(self, work: Work, task: Task) -> Any:
        if self._remote is None:
            self._remote = self._ray.remote(max_retries=0, num_cpus=1)(_call)
            self._work = self._ray.put(work)
        return self._remote.options(name=f"{task.step}:{task.name}").remote(self._work, task)

    def wait(self, handles: list[Any]) -> list[Any]:
        done, _ = self._ray.wait(handles, num_returns=1, timeout=1.0)
        return list(done)

    def result(self, handle: Any) -> Manifest:
        try:
            made: Manifest = self._ray.get(handle)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except (
            self._ray.exceptions.WorkerCrashedError,
            self._ray.exceptions.OutOfMemoryError,
            self._ray.exceptions.NodeDiedError,
            self._ray.exceptions.TaskCancelledError,
        ):
            raise Lost from None
        return made

    def recover(self) -> None:
        """Ray starts another worker by itself."""

    def cancel(self, handles: list[Any]) -> None:
        for handle in handles:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(handle, force=True)

    def close(self) -> None:
        if self._owns:
            self._ray.shutdown()


def _call(work: Work, task: Task) -> Manifest:
    _ignore_interrupts_in_main_thread()
    return work(task)


def _ignore_interrupts_in_main_thread() -> None:
    with suppress(ValueError):  # Ray may run tasks in another thread
        _ignore_interrupts()


def make(kind: str, workers: int | None, address: str | None, packages: Sequence[Any]) -> Executor:
    """The executor named `local` or `ray`; `workers` None means one a core."""
    if kind == "ray":
        return _Driver(_Ray(workers, address, packages))
    if kind != "local":
        raise ConfigError("--executor", f"unknown executor {kind!r}", "use local or ray")
    count = workers or os.cpu_count() or 1
    return _Driver(_Inline() if count == 1 else _Pool(count))
