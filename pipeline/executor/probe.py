"""What a Ray cluster is made of, asked of every node by a task: for `weir doctor`."""

import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from stages.errors import ConfigError

PATIENCE_S = 60
"""A node that does not answer in this time is not one to run on."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the cluster as a task on it sees it; `error` where no task could run."""

    address: str
    cpus: float
    memory_bytes: int
    versions: dict[str, str]
    sees_folder: bool
    error: str = ""


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of Python and of packages here; empty for one that is missing."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _look(packages: Sequence[str], folder: str | None) -> tuple[dict[str, str], bool]:
    return versions(packages), folder is None or Path(folder).is_dir()


def nodes(address: str, packages: Sequence[str], folder: str | None) -> list[Node]:
    """Every living node, with the versions there and whether it sees a folder.

    ConfigError if there is no cluster, or it does not let us in.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # noqa: PLC0415 - a second to import
    from ray.util.scheduling_strategies import (  # noqa: PLC0415
        NodeAffinitySchedulingStrategy,
    )

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
        raise ConfigError(
            "--address",
            f"no Ray cluster at {address} ({type(error).__name__})",
            "start one with `ray start --head`; where it asks for a token, set RAY_AUTH_MODE=token "
            "and RAY_AUTH_TOKEN as it has them",
        ) from None
    try:
        listed: Any = ray.nodes  # untyped in Ray
        found: list[dict[str, Any]] = [one for one in listed() if one["Alive"]]
        task: Any = ray.remote(max_retries=0, num_cpus=0)(_look)
        places = [NodeAffinitySchedulingStrategy(one["NodeID"], soft=False) for one in found]
        asked = [
            task.options(scheduling_strategy=place).remote(packages, folder) for place in places
        ]
        return [_answer(ray, one, handle) for one, handle in zip(found, asked, strict=True)]
    finally:
        ray.shutdown()


def _answer(ray: Any, node: dict[str, Any], handle: Any) -> Node:
    resources = node["Resources"]
    known = (
        str(node["NodeManagerAddress"]),
        float(resources.get("CPU", 0)),
        int(resources.get("memory", 0)),
    )
    try:
        there, sees_folder = ray.get(handle, timeout=PATIENCE_S)
    except (ray.exceptions.RayError, ImportError) as error:
        return Node(*known, {}, False, type(error).__name__)
    return Node(*known, there, sees_folder)
