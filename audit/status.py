"""How far a run is, from its manifests: it can be asked while the run goes on."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit import alarms, selected
from audit.runs import STEPS, Run, is_running
from pipeline import book, manifest, plan
from pipeline.places import Place
from stages.errors import IntegrityError

RUNNING, FINISHED, PARTIAL, NOT_STARTED = "running", "finished", "partial", "not started"

PAGES = {"extract", "decide"}
"""Steps that are told in pages; of the others only those under way are read, for their pace."""

PACE_TASKS = 50
"""Time left is told by the pace of the last so many tasks: a run may have stood still before."""

MAX_NAMED = 5
"""Tasks that a failure names; `count` says how many there are."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a manifest says of a task."""

    rows_in: int
    kept: int
    quarantined: Mapping[str, int]
    began: float
    ended: float


@dataclass(slots=True)
class Seen:
    """Tasks by step and key that were read before: a watched run is not read anew every time."""

    tasks: dict[tuple[str, str], Done] = field(default_factory=dict)


def status(run: Run, seen: Seen | None = None) -> dict[str, Any]:
    """State, steps with tasks done and in all, pages read and kept, what went wrong, and alarms.

    `total` is null where it is not known yet; `kept` while nothing was decided; `pages_per_s` while
    nothing was read; `left_s`, of a step, unless it is under way and has a pace. Pages per second
    are of the whole run's extraction, by the clock. `quarantined` counts records by reason,
    `failures` are tasks that failed alike, the most first. Open the run with `unfinished=True`.
    """
    seen = seen or Seen()
    problems = _problems(run)
    done = {step: _keys(run, step) for step in STEPS}
    totals = _totals(run, {step: len(keys) for step, keys in done.items()})
    state = _state(run, any(done.values()))
    timed = {s for s in STEPS if state == RUNNING and 0 < len(done[s]) < (totals[s] or 0)}
    made = {s: _read(run, s, done[s], seen, problems) for s in STEPS if s in timed | PAGES}
    return {
        "state": state,
        "steps": [
            {
                "step": step,
                "done": len(done[step]),
                "total": totals[step],
                "left_s": _left_s(made[step], totals[step]) if step in timed else None,
            }
            for step in STEPS
        ],
        "pages": sum(task.rows_in for task in made["extract"]),
        "pages_per_s": _speed(made["extract"]),
        "judged": sum(task.rows_in for task in made["decide"]) if made["decide"] else None,
        "kept": sum(task.kept for task in made["decide"]) if made["decide"] else None,
        "quarantined": _summed(task.quarantined for task in made["extract"]),
        "failures": failures(problems, run),
        "problems": problems,
        "selection": _selection(run),
        "alarms": alarms.of_run(run) if made["decide"] else [],
    }


def failures(problems: Iterable[str], run: Run) -> list[dict[str, Any]]:
    """Problems of the same step and cause together: `step`, `cause`, `count`, some `tasks`, `next`.

    A cause is the message without the names of inputs, its numbers as `#`. A problem of no task has
    an empty step.
    """
    names = {str(place[key]) for place in run.book.get("inputs", ()) for key in ("name", "uri")}
    found: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        step, task, message = _parts(problem)
        for part in message.split(": "):
            if part in names or part.rpartition("/")[2] == task:
                message = message.replace(f"{part}: ", "", 1)
        cause = re.sub(r"\d[\d,.]*(?<=\d)", "#", message)
        found.setdefault((step, cause), []).append(task)
    return [
        {
            "step": step,
            "cause": cause,
            "count": len(tasks),
            "tasks": [task for task in tasks if task][:MAX_NAMED],
            "next": f"weir run {run.path}" if step else f"weir verify {run.path}",
        }
        for (step, cause), tasks in sorted(found.items(), key=lambda item: -len(item[1]))
    ]


def _parts(problem: str) -> tuple[str, str, str]:
    """Step, task and message of `step task: message`; no step where it is not of that form."""
    head, colon, message = problem.partition(": ")
    step, _, task = head.partition(" ")
    return (step, task, message) if colon and step in STEPS and task else ("", "", problem)


def _problems(run: Run) -> list[str]:
    """What went wrong: as run.json has it, or as noted so far by a run that has not ended."""
    if run.is_finished:
        return [str(problem) for problem in run.book.get("problems") or ()]
    return list(book.problems(run.path))


def _keys(run: Run, step: str) -> list[str]:
    """Keys of the tasks that are done: those of run.json, or every committed one before the end."""
    if run.is_finished:
        return run.tasks.get(step, [])
    try:
        names = [path.name for path in (run.path / "manifests" / step).iterdir()]
        return sorted(n[:-5] for n in names if n.endswith(".json") and n[0] != ".")
    except FileNotFoundError:
        return []


def _read(run: Run, step: str, keys: list[str], seen: Seen, problems: list[str]) -> list[Done]:
    """What manifests say; a damaged one is a problem, not the end of the status."""
    found, folder = [], manifest.folder_of(run.path, step)
    for key in keys:
        if (step, key) not in seen.tasks:
            try:
                seen.tasks[step, key] = _task(run, step, key, folder)
            except IntegrityError as error:
                problems.append(str(error))
                continue
        found.append(seen.tasks[step, key])
    return found


def _task(run: Run, step: str, key: str, folder: Place) -> Done:
    try:
        seen = manifest.glance(folder, key)
    except FileNotFoundError:
        raise IntegrityError(f"manifests/{step}/{key}.json", "is missing") from None
    reasons: Counter[str] = Counter()
    if seen.books.quarantined:
        for _, metric, label, count in run.counts(run.manifest(step, key)):
            if metric == "documents.quarantined":
                reasons[label] += count
    return Done(seen.books.rows_in, seen.books.kept, reasons, seen.began, seen.ended)


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sums by reason, the most first."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common())


def _state(run: Run, has_begun: bool) -> str:
    if is_running(run.path):
        return RUNNING
    if run.is_finished:
        return PARTIAL if run.book.get("problems") else FINISHED
    return PARTIAL if has_begun else NOT_STARTED


def _selection(run: Run) -> dict[str, Any] | None:
    """What an index-guided run selected; None too where its configuration cannot be read."""
    try:
        return selected.summary(run)
    except IntegrityError:
        return None


def _totals(run: Run, done: dict[str, int]) -> dict[str, int | None]:
    """Tasks of each step, as far as inputs and configuration tell before they are planned."""
    if run.is_finished and not run.book.get("problems"):
        return dict(done)
    try:
        settings, sources = run.settings, selected.sources(run)
    except IntegrityError:
        return dict.fromkeys(STEPS)
    shards = None if sources is None else len(sources)
    partitions = settings.cluster.partitions  # without it, known when the documents are
    is_last = done["publish"] and done["compact"] and run.is_finished
    rights = settings.rights
    return {
        "prepare": plan.prepared(
            len(run.book.get("robots") or ()), rights.optout_domains is not None
        )
        + (len(run.book["inputs"]) if settings.source == "cc-index" else 0)
        + len(run.book.get("robots_index") or ())
        if rights.robots_latest is None and rights.side_files is None
        else None,
        "collate": None,  # known when it is known how many hosts there are
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
        "publish": None
        if shards is None
        else math.ceil(shards / plan.published_together(settings, shards)),
        "compact": done["compact"] if is_last else None,
        "index": done["index"] if is_last else None,
    }


def _left_s(tasks: list[Done], total: int | None) -> float | None:
    """Seconds until a step that is under way ends, at the pace of its last tasks."""
    timed = [task for task in tasks if not math.isnan(task.ended)]
    last = sorted(timed, key=lambda task: task.ended)[-PACE_TASKS:]
    if total is None or not last or len(tasks) >= total:
        return None
    spent = last[-1].ended - min(task.began for task in last)
    return round((total - len(tasks)) * spent / len(last), 1)


def _speed(extracted: list[Done]) -> float | None:
    """Pages read per second between the start of the first extraction and the end of the last."""
    timed = [task for task in extracted if not math.isnan(task.ended)]
    began = min((task.began for task in timed), default=0.0)
    ended = max((task.ended for task in timed), default=0.0)
    pages = sum(task.rows_in for task in extracted)
    return round(pages / (ended - began), 1) if ended > began else None
