"""Tasks on a Ray cluster. Only this package imports Ray.

Ray's own retries are off: with them an out-of-memory kill is retried without end.
"""

import logging
import math
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.executor.driver import LOOK_S, Lost, NodeLost, NotStarted, OutOfMemory
from pipeline.executor.local import call
from pipeline.executor.need import Need
from pipeline.executor.task import Task, Work
from pipeline.manifest import Manifest
from stages.errors import ConfigError

MAX_RAY_FOLDER = 40
"""Ray puts sockets below its folder, under names of some 65 bytes; the kernel allows 107 in all."""
SPARE = 8
"""For so many workers one task more is submitted, so that none waits for the driver."""
CLUSTER_EVERY_S = 10.0
"""How often the cluster is asked for its size: nodes come and go."""
HELD_BACK = "'Handlers' object is not callable"
"""What Ray (2.60) raises of a task that is cancelled while its arguments are unpacked: it holds the
interrupt back, and then calls what should have heard it, though workers ignore interrupts."""
GATHER_S = 0.02
"""Outcomes that come within this time are taken at once: Ray looks at every handle each time that
it is asked (1.3 ms for 1,000)."""


class Ray:
    """Ray Core tasks, on a cluster that is joined or started for the purpose."""

    patience = 2.0
    """A task in the window may wait for one that runs; the worker itself keeps the limit."""

    def __init__(self, workers: int | None, address: str | None, packages: Sequence[Any]) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        self._folder: str | None = None
        with _own_signals():
            import ray  # noqa: PLC0415 - a second to import, and only this executor needs it

            self._ray = ray
            self._owns = not ray.is_initialized()
            if self._owns:
                self._connect(workers, address, packages)
        self._workers = None if workers and self._folder else workers
        self._sized = -math.inf
        self._cpus = self._most_mb = 0
        self._remote: Any = ray.remote(max_retries=0, num_cpus=1)(call)
        self._shipped: tuple[Work, Any] | None = None

    def _connect(self, workers: int | None, address: str | None, packages: Sequence[Any]) -> None:
        try:
            self._join(address, packages) if address else self._start(workers)
        except ConnectionError as error:
            raise ConfigError(
                "--address",
                f"no Ray cluster at {address} ({error})",
                "start one with `ray start --head`; where it asks for a token, set "
                "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN as it has them",
            ) from None

    def _join(self, address: str, packages: Sequence[Any]) -> None:
        self._ray.init(
            address=address,
            runtime_env={"py_modules": list(packages)},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )

    def _start(self, workers: int | None) -> None:
        self._folder = _ray_folder()
        self._ray.init(
            num_cpus=workers,
            object_store_memory=128 << 20,
            _temp_dir=self._folder,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )

    def _look(self) -> None:
        """Ask the cluster for its size, if that was long ago."""
        now = time.monotonic()
        if now - self._sized < CLUSTER_EVERY_S:
            return
        self._sized = now
        nodes: Any = self._ray.nodes  # untyped in Ray
        alive = [node["Resources"] for node in nodes() if node["Alive"]]
        working = [node for node in alive if node.get("CPU")]
        self._cpus = int(sum(node["CPU"] for node in working))
        self._most_mb = int(max((node.get("memory", 0) for node in working), default=0)) >> 20

    @property
    def window(self) -> int:
        """Workers, if a number was asked for; else one a CPU of the cluster, and a few more."""
        self._look()
        if self._workers:
            return self._workers
        return max(1, self._cpus) + math.ceil(self._cpus / SPARE)

    @property
    def workers(self) -> int:
        """Workers, if a number was asked for; else one a CPU of the cluster."""
        self._look()
        return self._workers or max(1, self._cpus)

    @property
    def memory_mb(self) -> int:
        """What the largest node lets tasks ask for; 0 while there is no node."""
        self._look()
        return self._most_mb

    def has_room(self, need: Need) -> bool:
        """Always: Ray keeps what no node has memory for."""
        del need
        return True

    def submit(self, work: Work, task: Task, need: Need) -> Any:
        """Hand the task to Ray, which runs it where a CPU and its memory are free."""
        if self._shipped is None or self._shipped[0] is not work:
            self._shipped = (work, self._ray.put(work))
        # The name goes into labels of Ray's own metrics: a step, not one of 90,000 shards.
        remote = self._remote.options(name=task.step, memory=need.memory_mb << 20)
        return remote.remote(self._shipped[1], task, need.limit_s)

    def wait(self, handles: list[Any]) -> list[Any]:
        """All that ended; `fetch_local=False`, for a manifest is small or will be asked for."""
        done, rest = self._ray.wait(handles, num_returns=1, timeout=LOOK_S, fetch_local=False)
        if done and rest:
            more, _ = self._ray.wait(
                rest, num_returns=len(rest), timeout=GATHER_S, fetch_local=False
            )
            done += more
        return list(done)

    def result(self, handle: Any) -> Manifest:
        """The manifest; raises the task's error, or how it was lost."""
        errors = self._ray.exceptions
        try:
            made: Manifest = self._ray.get(handle)
        except errors.RayTaskError as error:
            # Interrupted while its worker was still loading what it needs: nothing of it was done.
            if isinstance(error.cause, errors.TaskCancelledError) or HELD_BACK in str(error.cause):
                raise NotStarted from None
            raise error.cause from None
        except errors.OutOfMemoryError:
            raise OutOfMemory("killed by Ray's memory monitor") from None
        except errors.WorkerCrashedError:
            raise Lost from None
        except errors.TaskCancelledError:
            raise NotStarted from None
        except (errors.NodeDiedError, errors.ObjectLostError):
            raise NodeLost from None
        return made

    def withdraw(self, handles: list[Any]) -> None:
        """Take back what waits. What runs goes on: a worker does not hear of interrupts."""
        for handle in handles:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(handle, force=False)

    def cancel(self, handles: list[Any]) -> None:
        """Kill the workers that have them."""
        for handle in handles:
            with suppress(self._ray.exceptions.RayError):
                self._ray.cancel(handle, force=True)

    def close(self) -> None:
        """Leave the cluster; end it, if it was started here."""
        if self._owns:
            self._ray.shutdown()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what the program does at SIGTERM: Ray ends it, when it is loaded and when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _ray_folder() -> str:
    """A new folder for Ray's sockets and logs, whose path is short enough for sockets."""
    folder = tempfile.mkdtemp(prefix="weir-ray-")
    if len(folder) <= MAX_RAY_FOLDER:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp")
