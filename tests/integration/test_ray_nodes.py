"""On a Ray cluster of several nodes: one is lost, memory runs out, a run is stopped."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tests.integration.ray_nodes` has seen."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.ray_nodes", str(tmp_path_factory.mktemp("n"))],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_the_loss_of_a_node_is_not_counted(told: dict[str, Any]) -> None:
    lost = told["node"]["lost"]  # the monitor may kill it as well, if others take memory
    assert lost["made"], lost
    assert "node_lost" in lost["ends"]
    assert lost["ends"][-1] == "made"
    assert lost["attempts"] == 1
    assert told["node"]["other"]["made"]


def test_what_the_memory_monitor_kills_is_tried_again(told: dict[str, Any]) -> None:
    hog = told["memory"]["hog"]
    assert hog["made"], hog
    assert (hog["ends"][0], hog["ends"][-1], hog["attempts"]) == ("out_of_memory", "made", 1)
    assert told["memory"]["good"]["made"]


def test_a_stop_takes_back_what_no_worker_has_begun(told: dict[str, Any]) -> None:
    """Two were submitted to the CPU that is left; the one that ran is finished, no other begun."""
    assert told["begun"] == ["t0"]
    assert told["stop"].keys() == {"t0"}
    assert told["stop"]["t0"]["made"]


@pytest.mark.skipif(
    importlib.util.find_spec("prometheus_client") is None, reason="needs ray[default]"
)
def test_prometheus_can_read_what_happened(told: dict[str, Any]) -> None:
    lines = told["metrics"].splitlines()
    for end in ("made", "node_lost", "out_of_memory"):
        (line,) = [
            line
            for line in lines
            if line.startswith("ray_weir_attempts") and f'end="{end}"' in line
        ]
        assert 'step="contract"' in line
        assert float(line.rpartition(" ")[2]) >= 1
    assert any(line.startswith("ray_weir_task_seconds_bucket") for line in lines)
    assert any(line.startswith("ray_weir_tasks_submitted") for line in lines)
    assert "hog" not in told["metrics"]
