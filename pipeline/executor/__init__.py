"""Executors: run tasks somewhere.

`local` in this process or a pool of processes, `ray` on a Ray cluster; `driver` counts attempts for
both. Only this package imports Ray.
"""

import os
from collections.abc import Sequence
from typing import Any

from pipeline.executor import local
from pipeline.executor.driver import Driver, Lost
from pipeline.executor.task import Executor, Outcome, Task, Work
from stages.errors import ConfigError

__all__ = ["Driver", "Executor", "Lost", "Outcome", "Task", "Work", "make"]


def make(kind: str, workers: int | None, address: str | None, packages: Sequence[Any]) -> Executor:
    """The executor named `local` or `ray`; `workers` None means one a core."""
    if kind == "ray":
        from pipeline.executor import ray  # noqa: PLC0415 - only where it is asked for

        return Driver(ray.Ray(workers, address, packages))
    if kind != "local":
        raise ConfigError("--executor", f"unknown executor {kind!r}", "use local or ray")
    count = workers or os.cpu_count() or 1
    return Driver(local.Inline() if count == 1 else local.Pool(count))
