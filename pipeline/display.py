"""How a run's progress is shown.

Live on a terminal, plain lines off it, JSON lines for programs.
"""

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from pipeline.executor import End
from pipeline.runner import Event, Listener

PLAIN_INTERVAL_S = 5.0
PROGRESS_VERSION = 1
"""Of the lines of `--progress json`; their schema: `PROGRESS` in `pipeline.answer_schemas`."""
RECORDS = ("read", "kept", "rejected", "quarantined")


class _Speed:
    """Pages per second, kept share and time left, from the events so far."""

    def __init__(self) -> None:
        self._step_began = time.monotonic()
        self._done_before = 0
        self._read_s = 0.0
        self.pages = self.kept = self.judged = 0

    def add(self, event: Event) -> None:
        if event.kind == "step":
            self._step_began, self._done_before = time.monotonic(), event.done
        if event.kind == "task" and event.manifest is not None:
            if event.step == "extract":
                self.pages += event.manifest.books.rows_in
                self._read_s = time.monotonic() - self._step_began
            if event.step == "decide":
                self.judged += event.manifest.books.rows_in
                self.kept += event.manifest.books.kept

    def facts(self, event: Event) -> dict[str, float | int | None]:
        spent = time.monotonic() - self._step_began
        fresh = event.done - self._done_before
        left = spent / fresh * (event.total - event.done) if fresh > 0 else None
        return {
            "pages": self.pages,
            "pages_per_s": round(self.pages / max(0.001, self._read_s), 1),
            "kept_fraction": round(self.kept / self.judged, 4) if self.judged else None,
            "left_s": None if left is None else round(left, 1),
        }

    def words(self, event: Event) -> str:
        facts = self.facts(event)
        kept = (
            f" · {facts['kept_fraction']:.0%} of documents kept"
            if facts["kept_fraction"] is not None
            else ""
        )
        left = f" · {duration(float(facts['left_s']))} left" if facts["left_s"] else ""
        return f"{facts['pages']} pages, {facts['pages_per_s']}/s{kept}{left}"


class _Tally:
    """What the tasks of the current step came to, since this run was begun."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._ends: Counter[str] = Counter()
        self._rows = [0, 0, 0, 0]
        self._bytes, self._task_s, self._began = 0, 0.0, time.monotonic()

    def add(self, event: Event) -> None:
        if event.kind == "step":
            self._start()
        self._ends.update(end.value for end in event.ends)
        if event.kind == "task" and (made := event.manifest) is not None:
            books = made.books
            rows = (books.rows_in, books.kept, books.rejected, books.quarantined)
            self._rows = [a + b for a, b in zip(self._rows, rows, strict=True)]
            self._bytes += sum(output.bytes for output in made.outputs)
            self._task_s += made.timing.get("wall_s", 0.0)

    def facts(self) -> dict[str, Any]:
        spent = max(0.001, time.monotonic() - self._began)
        return {
            "attempts": dict(sorted(self._ends.items())),
            "tasks_per_s": round(self._ends[End.MADE.value] / spent, 4),
            "task_s": round(self._task_s, 3),
            "records": dict(zip(RECORDS, self._rows, strict=True)),
            "bytes": self._bytes,
        }


def duration(seconds: float) -> str:
    """Seconds as people say them: 41 s, 3 min 20 s, 2 h 05 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02d} min"
        if hours
        else f"{minutes} min {rest:02d} s"
        if minutes
        else f"{rest} s"
    )


@contextlib.contextmanager
def listener(kind: str) -> Iterator[Listener]:
    """A listener that writes to stderr: `live`, `plain`, `json` or `none`."""
    if kind == "live":
        with _live() as show:
            yield show
    elif kind == "plain":
        yield _plain()
    elif kind == "json":
        yield _json()
    else:
        yield lambda event: None


@contextlib.contextmanager
def _live() -> Iterator[Listener]:
    speed = _Speed()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:8}"),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[str, TaskID] = {}

        def show(event: Event) -> None:
            speed.add(event)
            if event.kind == "step":
                bars[event.step] = progress.add_task(
                    event.step, total=event.total, completed=event.done, note=""
                )
            elif event.kind == "task":
                progress.update(bars[event.step], completed=event.done, note=speed.words(event))
            elif event.kind == "error":
                progress.console.print(event.message, style="yellow", markup=False, highlight=False)

        yield show


def _plain() -> Listener:
    speed = _Speed()
    shown = 0.0

    def show(event: Event) -> None:
        nonlocal shown
        speed.add(event)
        now = time.monotonic()
        is_last = event.kind == "task" and event.done == event.total
        if event.kind == "error":
            _say(f"warning: {event.message}")
        elif is_last or (event.kind == "task" and now - shown >= PLAIN_INTERVAL_S):
            shown = now
            _say(f"{event.step:8} {event.done}/{event.total}  {speed.words(event)}")

    return show


def _json() -> Listener:
    speed, tally = _Speed(), _Tally()

    def show(event: Event) -> None:
        speed.add(event)
        tally.add(event)
        known = {
            "progress_version": PROGRESS_VERSION,
            "event": event.kind,
            "step": event.step,
            "done": event.done,
            "total": event.total,
            "message": event.message,
        }
        _say(json.dumps({**known, **speed.facts(event), **tally.facts()}))

    return show


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
