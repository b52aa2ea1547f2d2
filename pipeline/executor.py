"""Executors: run tasks somewhere.

`local` in this process or a pool of processes, `ray` on a Ray cluster.

The driver counts attempts, whoever runs the tasks: a task that lost its worker is tried again
alone, so that the blame is right; the third loss ends it. TransientError is tried again;
ShardError is an outcome; any other error ends the run. This is the only module that imports Ray.
"""

import logging
import multiprocessing
import os
import pickle
import shutil
import signal
import tempfile
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline.manifest import Manifest
from stages.errors import ConfigError, CurationError, ShardError, TransientError

MAX_ATTEMPTS = 3
MAX_RAY_FOLDER = 40
"""Ray puts sockets below its folder, under names of some 65 bytes; the kernel allows 107 in all."""


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


@dataclass(frozen=True, slots=True)
class _Queue:
    """Tasks to be started, those that lost their worker apart: they are tried one at a time."""

    waiting: deque[Task]
    suspects: deque[Task]
    attempts: Counter[str]


class _Driver:
    """Attempts, blame and the bounded window: the same for every backend."""

    def __init__(self, backend: _Backend) -> None:
        self._backend = backend
        self._is_stopping = self._is_cancelled = False
        self._running: dict[Any, Task] = {}
        self._alone: Any = None
        """Handle of a task that lost its worker before: nothing is started beside it."""

    def run(self, work: Work, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield outcomes; tasks that were never started after `stop` have none."""
        queue = _Queue(deque(tasks), deque(), Counter())
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

    def _outcome(self, handle: Any, task: Task, queue: "_Queue") -> Outcome | None:
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

    def _fill(self, work: Work, queue: "_Queue") -> None:
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


class _Unwound(KeyboardInterrupt):
    """Raised by `cancel` out of a signal's handler, through the running task."""


class _Inline:
    """In this process: one task at a time."""

    window = 1

    def __init__(self) -> None:
        self._is_busy = False

    def submit(self, work: Work, task: Task) -> Any:
        future: Future[Manifest] = Future()
        self._is_busy = True
        try:
            future.set_result(work(task))
        except _Unwound:
            future.set_exception(Lost())
        except Exception as error:  # noqa: BLE001 - carried to `result`, which raises it
            future.set_exception(error)
        finally:
            self._is_busy = False
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
        if self._is_busy and threading.current_thread() is threading.main_thread():
            self._is_busy = False
            raise _Unwound

    def close(self) -> None:
        """Nothing to give back."""


def _ignore_interrupts() -> None:
    """Ctrl-C goes to the whole terminal; the driver decides what workers do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _open_worker() -> None:
    """What a worker of the pool does first.

    It must not outlive a driver that was killed: nothing else would tell it.
    """
    _ignore_interrupts()
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def _call(work: Work, task: Task) -> Manifest:
    """Perform the task in a worker; what it raises must reach the driver as what it is.

    An error that does not survive pickling would look there like the death of the worker.
    """
    try:
        return work(task)
    except CurationError:
        raise
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        except Exception:  # noqa: BLE001 - whatever its constructor raises
            text = "".join(traceback.format_exception_only(error)).strip()
            raise RuntimeError(text) from error
        raise


class _Pool:
    """A pool of fresh processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.window = workers
        self._pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_open_worker)

    def submit(self, work: Work, task: Task) -> Any:
        try:
            return self._pool.submit(_call, work, task)
        except BrokenProcessPool:
            self._pool = self._fresh()
            return self._pool.submit(_call, work, task)

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
        self._folder: str | None = None
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
                    self._folder = _ray_folder()
                    ray.init(
                        num_cpus=workers,
                        object_store_memory=128 << 20,
                        _temp_dir=self._folder,
                        **common,
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
        self._remote: Any = ray.remote(max_retries=0, num_cpus=1)(_call_in_ray)
        self._shipped: tuple[Work, Any] | None = None

    def submit(self, work: Work, task: Task) -> Any:
        if self._shipped is None or self._shipped[0] is not work:
            self._shipped = (work, self._ray.put(work))
        name = f"{task.step}:{task.name}"
        return self._remote.options(name=name).remote(self._shipped[1], task)

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
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)


def _ray_folder() -> str:
    """A new folder for Ray's sockets and logs, whose path is short enough for sockets."""
    folder = tempfile.mkdtemp(prefix="weir-ray-")
    if len(folder) <= MAX_RAY_FOLDER:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp")


def _call_in_ray(work: Work, task: Task) -> Manifest:
    with suppress(ValueError):  # Ray may run tasks in another thread
        _ignore_interrupts()
    return _call(work, task)


def make(kind: str, workers: int | None, address: str | None, packages: Sequence[Any]) -> Executor:
    """The executor named `local` or `ray`; `workers` None means one a core."""
    if kind == "ray":
        return _Driver(_Ray(workers, address, packages))
    if kind != "local":
        raise ConfigError("--executor", f"unknown executor {kind!r}", "use local or ray")
    count = workers or os.cpu_count() or 1
    return _Driver(_Inline() if count == 1 else _Pool(count))
