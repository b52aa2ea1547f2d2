import fcntl
import json
import shutil
from pathlib import Path

from audit.runs import STEPS, Run
from audit.status import status


def unfinish(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book.pop("tasks")
    book["finished_at"] = None
    (folder / "run.json").write_text(json.dumps(book))


def test_finished(run: Run) -> None:
    found = status(run)
    assert found["state"] == "finished"
    assert [step["step"] for step in found["steps"]] == list(STEPS)
    assert all(step["done"] == step["total"] for step in found["steps"])
    assert (found["pages"], found["kept"], found["problems"]) == (11, 4, [])
    assert found["pages_per_s"] > 0


def test_stopped_half_way(folder: Path) -> None:
    unfinish(folder)
    for step in ("decide", "publish", "compact"):
        shutil.rmtree(folder / "manifests" / step)
    found = status(Run(folder, unfinished=True))
    done = {step["step"]: (step["done"], step["total"]) for step in found["steps"]}
    assert found["state"] == "partial"
    assert done["extract"] == (2, 2)
    assert done["decide"] == (0, 2)
    assert done["compact"] == (0, None)
    assert found["kept"] is None


def test_not_started(folder: Path) -> None:
    unfinish(folder)
    shutil.rmtree(folder / "manifests")
    found = status(Run(folder, unfinished=True))
    assert (found["state"], found["pages"], found["pages_per_s"]) == ("not started", 0, None)


def test_running(folder: Path) -> None:
    unfinish(folder)
    with (folder / "journal" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert status(Run(folder, unfinished=True))["state"] == "running"


def test_damaged_manifest_is_a_problem(folder: Path) -> None:
    next((folder / "manifests" / "extract").glob("*.json")).write_text("{")
    found = status(Run(folder))
    assert len(found["problems"]) == 1
    assert "manifests/extract" in found["problems"][0]


def test_finished_with_unread_inputs_is_partial(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book["inputs"].append({"name": "lost.warc.gz", "uri": "x", "identity": "missing"})
    book["problems"] = ["extract 00002: lost.warc.gz: no such file"]
    (folder / "run.json").write_text(json.dumps(book))
    found = status(Run(folder))
    done = {step["step"]: (step["done"], step["total"]) for step in found["steps"]}
    assert found["state"] == "partial"
    assert done["extract"] == (2, 3)
    assert done["compact"] == (2, 2)
    assert found["problems"] == book["problems"]
