"""Tasks on this machine: in this process, or in processes of their own."""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from pipeline.executor import machine
from pipeline.executor.driver import LOOK_S, Lost, OutOfMemory, Overdue
from pipeline.executor.need import Need
from pipeline.executor.task import Task, Work
from pipeline.manifest import Manifest
from stages.errors import CurationError

SHARE = 0.9
"""Of the machine's memory that tasks may set apart: the driver and the system need some."""


class _Unwound(KeyboardInterrupt):
    """Raised by `cancel` out of a signal's handler, through the running task."""


class Inline:
    """In this process: one task at a time, whose time nobody can limit."""

    window = workers = 1
    patience = float("inf")
    memory_mb = 0

    def __init__(self) -> None:
        self._is_busy = False

    def has_room(self, need: Need) -> bool:
        """Always: it is alone."""
        del need
        return True

    def submit(self, work: Work, task: Task, need: Need) -> Any:
        """Run the task; its handle is a future that is done."""
        del need
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
        """All of them."""
        return handles

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises what the task raised."""
        made: Manifest = handle.result()
        return made

    def withdraw(self, handles: list[Any]) -> None:
        """Nothing waits."""

    def cancel(self, handles: list[Any]) -> None:
        """Break off the task, which runs in the thread that the signal has interrupted."""
        del handles
        if self._is_busy and threading.current_thread() is threading.main_thread():
            self._is_busy = False
            raise _Unwound

    def close(self) -> None:
        """Nothing to give back."""


def ignore_interrupts() -> None:
    """Ctrl-C goes to the whole terminal; the driver decides what workers do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def call(work: Work, task: Task, limit_s: float) -> Manifest:
    """Perform the task in a worker, which the kernel ends if it takes longer than it may.

    No handler runs then: none would, in C code that never returns to Python. What the task raises
    must reach the driver as what it is: an error that does not survive pickling would look there
    like the death of the worker.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main:  # elsewhere, in Ray's other modes, none of this can be set
        ignore_interrupts()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limit_s)
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
    finally:
        if is_main:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _serve(connection: Connection) -> None:
    """What a worker does: one task after another, until the driver hangs up.

    It must not outlive a driver that was killed: nothing else would tell it.
    """
    ignore_interrupts()
    threading.Thread(target=_end_with_driver, daemon=True).start()
    work: Work | None = None
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            fresh, task, limit_s = connection.recv()
            work = fresh or work
            assert work is not None  # noqa: S101 - the first message brings it
            try:
                answer: Manifest | Exception = call(work, task, limit_s)
            except Exception as error:  # noqa: BLE001 - carried to the driver, which raises it
                answer = error
            connection.send(answer)


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


@dataclass(eq=False, slots=True)
class _Worker:
    """A process, and the task that it has, if any."""

    process: SpawnProcess
    connection: Connection
    work: Work | None = None
    memory_mb: int = 0
    """What is set apart for its task."""
    kills_before: int = 0
    """Of processes, for want of memory, when the task began."""


class Pool:
    """Processes that each have one task at a time: who dies is who had the task that is lost.

    As many run as there are workers and memory for what they need.
    """

    patience = 2.0
    """The worker itself keeps the limit, from when it begins."""

    def __init__(self, workers: int) -> None:
        self.window = self.workers = workers
        self.memory_mb = int(SHARE * machine.memory_mb())
        self._context = multiprocessing.get_context("spawn")
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def has_room(self, need: Need) -> bool:
        """Whether memory is left beside what was set apart for the tasks that run."""
        taken = sum(worker.memory_mb for worker in self._busy)
        return taken + need.memory_mb <= self.memory_mb

    def submit(self, work: Work, task: Task, need: Need) -> Any:
        """Give the task to a worker that has none, or to a new one."""
        while self._idle and not self._idle[-1].process.is_alive():
            self._end(self._idle.pop())
        worker = self._idle.pop() if self._idle else self._started()
        is_new = worker.work is None
        message = pickle.dumps((None if worker.work is work else work, task, need.limit_s))
        worker.work, worker.memory_mb = work, need.memory_mb
        worker.kills_before = machine.out_of_memory_kills()
        self._busy.append(worker)
        if is_new:  # it does not read yet, and the message may be larger than the pipe
            threading.Thread(target=_send, args=(worker.connection, message), daemon=True).start()
        else:
            _send(worker.connection, message)
        return worker

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def wait(self, handles: list[Any]) -> list[Any]:
        """Those that answered or died.

        A parser's process may hold a dead worker's end of the pipe open: so look at workers too.
        """
        ready = set(wait([worker.connection for worker in handles], timeout=LOOK_S))
        found = [worker for worker in handles if worker.connection in ready]
        return found or [worker for worker in handles if not worker.process.is_alive()]

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises the task's error, or `Lost` if the worker died."""
        worker: _Worker = handle
        self._busy.remove(worker)
        try:
            if not worker.connection.poll():
                raise self._lost(worker)
            answer: Manifest | Exception = worker.connection.recv()
        except (EOFError, OSError):
            raise self._lost(worker) from None
        self._idle.append(worker)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _lost(self, worker: _Worker) -> Lost:
        worker.process.join()
        code = worker.process.exitcode or 0
        self._end(worker)
        if code == -signal.SIGKILL and machine.out_of_memory_kills() > worker.kills_before:
            return OutOfMemory("killed by the kernel: out of memory")
        if code == -signal.SIGALRM:
            return Overdue()
        return Lost(f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.connection.close()
        worker.process.join()
        worker.process.close()

    def withdraw(self, handles: list[Any]) -> None:
        """Nothing waits: each has a worker."""

    def cancel(self, handles: list[Any]) -> None:
        """Kill their processes."""
        for worker in handles:
            worker.process.kill()

    def close(self) -> None:
        """End all workers; those that still have a task are killed."""
        for worker in self._busy:
            worker.process.kill()
        for worker in (*self._busy, *self._idle):
            self._end(worker)
        self._busy, self._idle = [], []


def _send(connection: Connection, message: bytes) -> None:
    with suppress(OSError):  # it has died: `wait` will tell
        connection.send_bytes(message)
