"""What a run cost, by step, from the timings in its manifests."""

from datetime import datetime
from typing import Any

import numpy as np

from audit.runs import STEPS, Run


def throughput(run: Run) -> dict[str, Any]:
    """Processor time, clock time and memory by step, and pages a second.

    Processor time counts a task's process and the children that ended with it. `task_s` is median,
    95th percentile and longest clock time of a step's tasks, None without timings; `stages` the
    clock seconds of each stage of extract; `gb_s` memory over time, estimated from a task's peak
    where older runs did not measure it; `joules` None unless every task's were counted. Absent
    timings count as nothing and are named in `untimed`.
    """
    steps: list[dict[str, Any]] = []
    pages = 0
    total_s = 0.0
    for step in STEPS:
        walls: list[float] = []
        cpu_s = peak_mb = gb_s = joules = 0.0
        tasks = untimed = uncounted = written = rows = 0
        stages: dict[str, float] = {}
        for made in run.manifests(step):
            timing = made.timing
            tasks += 1
            untimed += 0 if "cpu_s" in timing else 1
            uncounted += 0 if "joules" in timing else 1
            cpu_s += timing.get("cpu_s", 0.0)
            joules += timing.get("joules", 0.0)
            walls += [float(timing["wall_s"])] if "wall_s" in timing else []
            held_mb = timing.get("rss_mb", 0.0)
            peak_mb = max(peak_mb, held_mb)
            gb_s += timing.get("gb_s", held_mb * 2**20 / 1e9 * timing.get("wall_s", 0.0))
            for name, seconds in timing.items():
                if name.startswith(STAGE):
                    stage = name.removeprefix(STAGE).removesuffix("_s")
                    stages[stage] = stages.get(stage, 0.0) + seconds
            written += sum(output.bytes for output in made.outputs)
            rows += made.books.rows_in
            pages += made.books.rows_in if step == "extract" else 0
        row: dict[str, Any] = {"step": step, "tasks": tasks, "untimed": untimed, "cpu_s": cpu_s}
        row |= {"wall_s": sum(walls), "peak_mb": peak_mb, "task_s": _quantiles(walls)}
        row |= {"gb_s": gb_s, "stages": stages, "rows_in": rows, "bytes_out": written}
        steps.append({**row, "joules": joules if tasks and not uncounted else None})
        total_s += cpu_s
    for row in steps:
        row["cpu_ms_per_page"] = 1000 * row["cpu_s"] / pages if pages else None
    return {
        "steps": steps,
        "pages": pages,
        "cpu_s": total_s,
        "cpu_ms_per_page": 1000 * total_s / pages if pages else None,
        "pages_per_s_core": pages / total_s if total_s else None,
        "largest_s": max(row["cpu_s"] for row in steps),
        "peak_mb": max(row["peak_mb"] for row in steps),
        "elapsed_s": _elapsed_s(run.book.get("started_at"), run.book.get("finished_at")),
        "untimed": sum(row["untimed"] for row in steps),
    }


STAGE = "stage."
"""What the names of a task's timings begin with that are those of one stage."""


def _quantiles(walls: list[float]) -> tuple[float, float, float] | None:
    """Median, 95th percentile and maximum of observed times, each one that was observed."""
    if not walls:
        return None
    low, high = np.quantile(walls, [0.5, 0.95], method="inverted_cdf")
    return float(low), float(high), max(walls)


def _elapsed_s(began: Any, ended: Any) -> float | None:
    """Seconds between two times of run.json; a run that was resumed counts its pauses."""
    try:
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    except (TypeError, ValueError):
        return None
