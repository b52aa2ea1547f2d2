"""A Ray cluster of our own on this machine, whose nodes may be killed, and come back."""

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from typing import Any

MEMORY = 128 << 20
LITTLE = {"RAY_memory_monitor_refresh_ms": "100"}
LOOK_S = 0.1


class Cluster:
    """A head without work, and two nodes with a CPU each. This process is connected to the head."""

    def __init__(self, little_memory: bool = False) -> None:
        self._folder = tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp")  # short: it holds sockets
        os.environ["RAY_TMPDIR"] = self._folder
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
        os.environ["RAY_memory_monitor_refresh_ms"] = "0"
        if little_memory:
            os.environ.update(LITTLE, RAY_memory_usage_threshold=str(_threshold()))
        import ray  # noqa: PLC0415 - reads the environment
        from ray.cluster_utils import Cluster as Nodes  # noqa: PLC0415

        self._ray: Any = ray
        head = {"num_cpus": 0, "object_store_memory": MEMORY, "include_dashboard": False}
        self._nodes: Any = Nodes(initialize_head=True, head_node_args=head)
        self._workers = [self._add(), self._add()]
        ray.init(address=self.address, log_to_driver=False, logging_level="ERROR")

    @property
    def address(self) -> str:
        """Where a driver joins."""
        return str(self._nodes.address)

    def _add(self) -> Any:
        return self._nodes.add_node(num_cpus=1, object_store_memory=MEMORY)

    def raylets(self) -> tuple[int, ...]:
        """Process ids of the nodes that may be killed."""
        return tuple(_raylet(node).pid for node in self._workers)

    @contextlib.contextmanager
    def mended(self) -> Iterator[None]:
        """While it runs, each node that dies is taken away and another comes."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(LOOK_S):
                self._mend()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._mend()

    def _mend(self) -> None:
        for node in [n for n in self._workers if _raylet(n).poll() is not None]:
            self._workers.remove(node)
            self._nodes.remove_node(node, allow_graceful=False)
            self._workers.append(self._add())

    def close(self) -> None:
        """End it."""
        self._ray.shutdown()
        self._nodes.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)


def _raylet(node: Any) -> Any:
    return node.all_processes["raylet"][0].process


def _threshold() -> float:
    """The fraction of the machine's memory that is in use now, and 1.5 GB more."""
    import psutil  # noqa: PLC0415

    found = psutil.virtual_memory()
    return round(min(0.95, (found.total - found.available + 1.5e9) / found.total), 3)
