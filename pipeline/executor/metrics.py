"""What Ray exports for Prometheus of a run: counts and times by step, and no names of anything."""

from typing import Any

from pipeline.executor.task import End, Task
from pipeline.manifest import Manifest

PREFIX = "weir_"
"""Ray puts `ray_` before it."""
BOUNDARIES = [1.0, 3, 10, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200, 14400, 43200]
RECORDS = ("read", "kept", "rejected", "quarantined")


class Watch:
    """Counters, gauges and a histogram, written by the driver; none where Ray has no place for it.

    `weir_attempts` by step and end; `weir_task_seconds` by step; `weir_records` by step and fate;
    `weir_bytes_written` by step; `weir_tasks_submitted` and `weir_tasks_waiting`, now, by step.
    """

    def __init__(self) -> None:
        from ray.util import metrics  # noqa: PLC0415 - the executor has loaded Ray by now

        made: Any = metrics  # untyped in Ray
        self._attempts = made.Counter(
            f"{PREFIX}attempts", "Attempts at tasks, by how they ended.", ("step", "end")
        )
        self._seconds = made.Histogram(
            f"{PREFIX}task_seconds", "Wall time of tasks that ended well.", BOUNDARIES, ("step",)
        )
        self._records = made.Counter(
            f"{PREFIX}records", "Rows of the books of finished tasks.", ("step", "fate")
        )
        self._bytes = made.Counter(f"{PREFIX}bytes_written", "Bytes of committed files.", ("step",))
        self._submitted = made.Gauge(
            f"{PREFIX}tasks_submitted", "Tasks that run or wait for a worker.", ("step",)
        )
        self._waiting = made.Gauge(f"{PREFIX}tasks_waiting", "Tasks not yet submitted.", ("step",))

    def ended(self, task: Task, end: End, seconds: float, made: Manifest | None) -> None:
        """Count an attempt, and what it has made."""
        step = {"step": task.step}
        self._attempts.inc(1, {**step, "end": end.value})
        if made is None:
            return
        self._seconds.observe(max(0.001, made.timing.get("wall_s", seconds)), step)
        books = made.books
        rows = (books.rows_in, books.kept, books.rejected, books.quarantined)
        for fate, count in zip(RECORDS, rows, strict=True):
            if count:
                self._records.inc(count, {**step, "fate": fate})
        if written := sum(output.bytes for output in made.outputs):
            self._bytes.inc(written, step)

    def level(self, step: str, submitted: int, waiting: int) -> None:
        """Set the gauges."""
        self._submitted.set(submitted, {"step": step})
        self._waiting.set(waiting, {"step": step})
