"""A Ray cluster of our own on this machine, whose nodes may be killed, and come back.

    python -m tests.chaos.cluster FOLDER [--little-memory]

A head without work, and two nodes with a CPU each, until standard input ends. A node that dies is
taken away, and another comes. FOLDER/cluster.json says where drivers join, and which process each
node is: nothing else may be killed as one.
"""

import contextlib
import json
import os
import select
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

MEMORY = 128 << 20
ROOM_BYTES = 1.5e9
"""More than is in use as the cluster begins: a task that takes it is ended by Ray."""
LOOK_S = 0.1


class Nodes:
    """Head and nodes."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster  # noqa: PLC0415 - reads the environment

        self._told = folder / "cluster.json"
        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        self._cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self._workers = [self._add(), self._add()]
        self._tell()

    def _add(self) -> Any:
        return self._cluster.add_node(num_cpus=1, object_store_memory=MEMORY)

    def _tell(self) -> None:
        told = {
            "address": self._cluster.address,
            "raylets": [_raylet(node).pid for node in self._workers],
        }
        new = self._told.with_suffix(".new")
        new.write_text(json.dumps(told))
        new.replace(self._told)

    def mend(self) -> None:
        """Replace nodes that have died."""
        for node in [n for n in self._workers if _raylet(n).poll() is not None]:
            self._workers.remove(node)
            self._cluster.remove_node(node, allow_graceful=False)
            self._workers.append(self._add())
            self._tell()

    def close(self) -> None:
        """End all."""
        self._cluster.shutdown()


def _raylet(node: Any) -> Any:
    return node.all_processes["raylet"][0].process


def joined(folder: Path) -> dict[str, Any]:
    """Where a driver joins, and the process ids of the nodes."""
    told: dict[str, Any] = json.loads((folder / "cluster.json").read_text())
    return told


def _environment(folder: str, little_memory: bool) -> dict[str, str]:
    import psutil  # noqa: PLC0415

    found = psutil.virtual_memory()
    most = (found.total - found.available + ROOM_BYTES) / found.total
    return {
        "RAY_TMPDIR": folder,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_memory_monitor_refresh_ms": "100" if little_memory else "0",
        "RAY_memory_usage_threshold": str(round(min(0.95, most), 3)),
    }


def main(words: list[str]) -> int:
    """Keep a cluster until standard input ends."""
    sockets = tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp")  # short: paths of sockets are
    os.environ.update(_environment(sockets, "--little-memory" in words))
    nodes = Nodes(Path(words[0]))
    try:
        while not select.select([sys.stdin], [], [], LOOK_S)[0]:
            nodes.mend()
    finally:
        with contextlib.suppress(Exception):
            nodes.close()
        shutil.rmtree(sockets, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
