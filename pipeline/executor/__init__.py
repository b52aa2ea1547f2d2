"""Executors: run tasks somewhere.

`local` in this process or in processes of this machine, `ray` on a Ray cluster; `driver` counts
attempts for both. Only this package imports Ray.
"""

import os
from collections.abc import Sequence
from typing import Any

from pipeline.executor import local
from pipeline.executor.driver import Driver, Lost
from pipeline.executor.need import Limits, Need
from pipeline.executor.task import Among, End, Executor, Outcome, Task, Work
from stages.errors import ConfigError

__all__ = [
    "Among",
    "Driver",
    "End",
    "Executor",
    "Limits",
    "Lost",
    "Need",
    "Outcome",
    "Task",
    "Work",
    "make",
]


def make(
    kind: str,
    workers: int | None,
    address: str | None,
    packages: Sequence[Any],
    limits: Limits | None = None,
) -> Executor:
    """The executor named `local` or `ray`; `workers` None means one a core."""
    if kind == "ray":
        from pipeline.executor import metrics, ray  # noqa: PLC0415 - only where it is asked for

        return Driver(ray.Ray(workers, address, packages), limits, metrics.Watch())
    if kind != "local":
        raise ConfigError("--executor", f"unknown executor {kind!r}", "use local or ray")
    count = workers or os.cpu_count() or 1
    return Driver(local.Inline() if count == 1 else local.Pool(count), limits)
