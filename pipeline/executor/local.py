"""Tasks on this machine: in this process, or in a pool of processes."""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pipeline.executor.driver import Lost
from pipeline.executor.task import Task, Work
from pipeline.manifest import Manifest
from stages.errors import CurationError


class _Unwound(KeyboardInterrupt):
    """Raised by `cancel` out of a signal's handler, through the running task."""


class Inline:
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


def ignore_interrupts() -> None:
    """Ctrl-C goes to the whole terminal; the driver decides what workers do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _open_worker() -> None:
    """What a worker of the pool does first.

    It must not outlive a driver that was killed: nothing else would tell it.
    """
    ignore_interrupts()
    threading.Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)


def call(work: Work, task: Task) -> Manifest:
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


class Pool:
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
            return self._pool.submit(call, work, task)
        except BrokenProcessPool:
            self._pool = self._fresh()
            return self._pool.submit(call, work, task)

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
