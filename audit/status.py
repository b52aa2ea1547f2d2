"""How far a run is, from its manifests: it can be asked while the run goes on."""

import math
from pathlib import Path
from typing import Any

from audit import alarms
from audit.runs import STEPS, Run, is_running
from pipeline.manifest import Manifest
from stages.errors import IntegrityError

RUNNING, FINISHED, PARTIAL, NOT_STARTED = "running", "finished", "partial", "not started"


def status(run: Run) -> dict[str, Any]:
    """State, steps with tasks done and in all, pages read and kept, what went wrong, and alarms.

    `total` is null where it is not known yet; `kept` while nothing was decided; `pages_per_s` while
    nothing was read. Pages per second are of the whole run's extraction, by the clock. Open the run
    with `unfinished=True`.
    """
    done = {step: _keys(run, step) for step in STEPS}
    problems = [str(problem) for problem in run.book.get("problems") or ()]
    extracted = _manifests(run, "extract", done["extract"], problems)
    decided = _manifests(run, "decide", done["decide"], problems)
    totals = _totals(run, {step: len(keys) for step, keys in done.items()})
    return {
        "state": _state(run, any(done.values())),
        "steps": [{"step": step, "done": len(done[step]), "total": totals[step]} for step in STEPS],
        "pages": sum(made.books.rows_in for made in extracted),
        "pages_per_s": _speed(run, extracted),
        "kept": sum(made.books.kept for made in decided) if decided else None,
        "problems": problems,
        "alarms": alarms.of_run(run) if decided else [],
    }


def _keys(run: Run, step: str) -> list[str]:
    """Keys of the tasks that are done: those of run.json, or every committed one before the end."""
    if run.is_finished:
        return run.tasks.get(step, [])
    folder = run.path / "manifests" / step
    return sorted(path.stem for path in folder.glob("*.json") if not path.name.startswith("."))


def _manifests(run: Run, step: str, keys: list[str], problems: list[str]) -> list[Manifest]:
    """Manifests that can be read; a damaged one is a problem, not the end of the status."""
    found = []
    for key in keys:
        try:
            found.append(run.manifest(step, key))
        except IntegrityError as error:
            problems.append(str(error))
    return found


def _state(run: Run, has_begun: bool) -> str:
    if is_running(run.path):
        return RUNNING
    if run.is_finished:
        return PARTIAL if run.book.get("problems") else FINISHED
    return PARTIAL if has_begun else NOT_STARTED


def _totals(run: Run, done: dict[str, int]) -> dict[str, int | None]:
    """Tasks of each step, as far as inputs and configuration tell before they are planned."""
    if run.is_finished and not run.book.get("problems"):
        return dict(done)
    shards = len(run.book["inputs"])
    try:
        settings = run.settings
    except IntegrityError:
        return dict.fromkeys(STEPS)
    partitions = settings.cluster.partitions  # without it, known when the documents are
    is_last = done["publish"] and done["compact"] and run.is_finished
    return {
        "prepare": 4,
        "extract": shards,
        "band": None,
        "pair": partitions,
        "gather": 1,
        "lend": None,
        "estimate": partitions,
        "shingle": None,
        "cluster": partitions,
        "judge": shards,
        "resolve": partitions,
        "decide": shards,
        "publish": math.ceil(shards / settings.publish.shards_per_task),
        "compact": done["compact"] if is_last else None,
        "index": done["index"] if is_last else None,
    }


def _speed(run: Run, extracted: list[Manifest]) -> float | None:
    """Pages read per second between the start of the first extraction and the end of the last."""
    began, ended = math.inf, 0.0
    for made in extracted:
        path = run.path / "manifests" / "extract" / f"{made.key}.json"
        committed = _committed_at(path)
        if committed is not None:
            began = min(began, committed - float(made.timing.get("wall_s", 0.0)))
            ended = max(ended, committed)
    pages = sum(made.books.rows_in for made in extracted)
    return round(pages / (ended - began), 1) if ended > began else None


def _committed_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
