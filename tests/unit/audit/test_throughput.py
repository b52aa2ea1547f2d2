import json
from pathlib import Path

import pytest

from audit.runs import STEPS, Run
from audit.throughput import throughput


def test_costs_by_step(run: Run) -> None:
    found = throughput(run)
    assert [step["step"] for step in found["steps"]] == list(STEPS)
    tasks = sum(step["tasks"] for step in found["steps"])
    assert found["cpu_s"] == pytest.approx(0.25 * tasks)
    assert found["pages"] == 11
    assert found["pages_per_s_core"] == pytest.approx(11 / (0.25 * tasks))
    assert found["peak_mb"] == 100
    assert found["elapsed_s"] == 90
    assert found["untimed"] == 0


def test_absent_timings_are_counted(folder: Path) -> None:
    for path in folder.glob("manifests/*/*.json"):
        made = json.loads(path.read_text())
        made["timing"] = {}
        path.write_text(json.dumps(made))
    book = json.loads((folder / "run.json").read_text())
    book["started_at"] = None
    (folder / "run.json").write_text(json.dumps(book))
    found = throughput(Run(folder))
    assert found["pages_per_s_core"] is None
    assert found["untimed"] == sum(step["tasks"] for step in found["steps"])
    assert found["elapsed_s"] is None
