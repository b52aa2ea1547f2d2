"""A Ray cluster of two nodes that loses one, and kills for want of memory; prints what came of it.

A program of its own: a process can be in one cluster only, and the tests' is another. Prints one
JSON object. Run as `python -m tests.integration.ray_nodes FOLDER`, the folder for marks.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

ROOT = tempfile.mkdtemp(prefix="weir-n-", dir="/tmp")  # short, since it holds sockets
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TMPDIR": ROOT,  # where `Cluster` notes its address: another's is elsewhere
}
(Path(ROOT) / "ray").mkdir()

import ray  # noqa: E402 - it reads the environment when it is imported
from ray.cluster_utils import Cluster  # noqa: E402

from pipeline import executor  # noqa: E402
from pipeline.executor import Outcome  # noqa: E402
from tests.integration.works import Scripted, marks, task  # noqa: E402

PATIENCE_S = 40.0
HEADROOM = 0.1
"""Of the machine's memory, over what is used as the test begins: more, and the monitor kills."""
SYSTEM = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 4,
    "memory_monitor_refresh_ms": 100,
    "metrics_report_interval_ms": 500,
}


def cluster() -> Any:
    """A head without CPUs, and two nodes of one."""
    memory = psutil.virtual_memory()
    threshold = 1 - memory.available / memory.total + HEADROOM
    head = {
        "num_cpus": 0,
        "include_dashboard": False,
        "temp_dir": ROOT,
        "_system_config": SYSTEM | {"memory_usage_threshold": threshold},
    }
    small: Any = {"object_store_memory": 100 << 20}
    made: Any = Cluster(initialize_head=True, head_node_args=head | small)
    for _ in range(2):
        made.add_node(num_cpus=1, **small)
    made.wait_for_nodes()
    return made


def until_marked(folder: Path, *names: str) -> dict[str, int]:
    """Processes of tasks, once they have begun."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = {p.name.split("@")[0]: int(p.name.split("@")[2]) for p in folder.glob("*@*@*")}
        if set(names) <= found.keys():
            return found
        time.sleep(0.02)
    raise TimeoutError(names)


def lose_a_node(nodes: Any, folder: Path) -> None:
    """Kill the node that runs `lost`, with its workers, as when a machine goes away."""
    pid = until_marked(folder, "lost")["lost"]
    raylet = psutil.Process(pid).parent()
    assert raylet is not None
    (node,) = [
        node
        for node in nodes.worker_nodes
        if node.all_processes["raylet"][0].process.pid == raylet.pid
    ]
    for process in [raylet, *raylet.children(recursive=True)]:
        process.kill()
    (folder / "released").touch()
    nodes.remove_node(node, allow_graceful=False)


def said(outcomes: list[Outcome]) -> dict[str, Any]:
    """Outcomes as JSON."""
    return {
        o.task.name: {
            "made": o.manifest is not None,
            "ends": o.ends,
            "attempts": o.attempts,
            "error": str(o.error or ""),
        }
        for o in outcomes
    }


def scraped() -> str:
    """What Prometheus would read of all nodes; empty if Ray has no exporter here."""
    try:
        import prometheus_client  # noqa: F401, PLC0415 - of `ray[default]`, which few machines need
    except ImportError:
        return ""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        text = ""
        for node in ray.nodes():
            if node["Alive"]:
                address = f"http://127.0.0.1:{node['MetricsExportPort']}/metrics"
                with urllib.request.urlopen(address, timeout=5) as answer:
                    text += answer.read().decode()
        if "weir_attempts" in text and "weir_task_seconds" in text:
            return "\n".join(line for line in text.splitlines() if "ray_weir" in line)
        time.sleep(0.5)
    return "nothing came"


def main(root: Path) -> None:
    """Node loss, then want of memory, then a stop with tasks that wait."""
    folders = {name: root / name for name in ("node", "memory", "stop")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    nodes = cluster()
    told: dict[str, Any] = {}
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    made = executor.make("ray", None, None, ())

    killer = threading.Thread(target=lose_a_node, args=(nodes, folders["node"]))
    killer.start()
    tasks = [task("lost", "until_released"), task("other", "linger")]
    told["node"] = said(list(made.run(Scripted(str(folders["node"])), tasks)))
    killer.join()

    work = Scripted(str(folders["memory"]))
    told["memory"] = said(list(made.run(work, [task("hog", "hog", "end"), task("good")])))

    # One CPU is left: the first task has it, a second was submitted and waits.
    outcomes = []
    folder = folders["stop"]
    stopper = threading.Thread(target=lambda: (until_marked(folder, "t0"), made.stop()))
    stopper.start()
    outcomes = list(made.run(Scripted(str(folder)), [task(f"t{n}", "rest") for n in range(6)]))
    stopper.join()
    told["stop"] = said(outcomes)
    told["begun"] = sorted(marks(folder))
    told["metrics"] = scraped()
    made.close()
    ray.shutdown()
    nodes.shutdown()
    shutil.rmtree(ROOT, ignore_errors=True)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
