"""Tasks on a Ray cluster. Only this package imports Ray."""

import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.executor.driver import Lost
from pipeline.executor.local import call, ignore_interrupts
from pipeline.executor.task import Task, Work
from pipeline.manifest import Manifest
from stages.errors import ConfigError

MAX_RAY_FOLDER = 40
"""Ray puts sockets below its folder, under names of some 65 bytes; the kernel allows 107 in all."""


class Ray:
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
            quiet: dict[str, Any] = {
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
                        **quiet,
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
        ignore_interrupts()
    return call(work, task)
