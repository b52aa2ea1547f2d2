"""`weir status --watch`: a run as it goes on, redrawn on a terminal, a line a change elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from audit.inspect import ending
from audit.sample import visible
from audit.status import FINISHED, PARTIAL
from pipeline import answers, reading_text
from pipeline.display import duration

INTERVAL_S = 2.0
QUIET_S = 30.0
"""A run that only goes on is said to do so this often, where lines are printed."""

Status = Mapping[str, Any]


def follow(read: Callable[[], Status], path: object) -> Status:
    """Show a run until it ends; its last status, which is left for the caller to print."""
    return _live(read, path) if answers.has_terminal() else _lines(read)


def _live(read: Callable[[], Status], path: object) -> Status:
    console = Console(file=sys.stdout, highlight=False, no_color=not answers.has_style())
    with (
        ending(),
        Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live,
    ):
        for found in _until_the_end(read):
            rows = list(reading_text.status_text(found, path))
            if len(rows) >= console.height:
                rows = list(reading_text.status_text(found, path, under_way(found)))
            text = "\n".join(map(visible, rows))
            shown = Text(text, no_wrap=True, overflow="ellipsis")
            if answers.has_style():
                shown.stylize("bold", 0, len(found["state"]))
            live.update(shown, refresh=True)
    return found


def _lines(read: Callable[[], Status]) -> Status:
    said, at = "", -QUIET_S
    for found in _until_the_end(read):
        change = f"{found['state']} {under_way(found)} {len(found['problems'])}"
        now = time.monotonic()
        if change != said or now - at >= QUIET_S:
            said, at = change, now
            sys.stderr.write(f"{line(found)}\n")
            sys.stderr.flush()
    return found


def _until_the_end(read: Callable[[], Status]) -> Iterator[Status]:
    while True:
        found = read()
        yield found
        if found["state"] in (FINISHED, PARTIAL):
            return
        time.sleep(INTERVAL_S)


def under_way(found: Status) -> str:
    """The first step that has not ended; empty if none is known to."""
    return next((step["step"] for step in _unfinished(found["steps"])), "")


def line(found: Status) -> str:
    """A run in one line: step, tasks, pages, pace, what is kept, what failed."""
    step = next(iter(_unfinished(found["steps"])), None)
    parts = [found["state"]]
    if step is not None:
        total = "?" if step["total"] is None else f"{step['total']:,}"
        parts.append(f"{step['step']} {step['done']:,}/{total}")
    parts.append(f"{found['pages']:,} pages")
    if found["pages_per_s"] is not None:
        parts.append(f"{found['pages_per_s']:,.0f}/s")
    if found["judged"]:
        parts.append(f"{found['kept'] / found['judged']:.1%} of documents kept".replace("%", " %"))
    if step is not None and step["left_s"] is not None:
        parts.append(f"{duration(step['left_s'])} left of {step['step']}")
    if found["problems"]:
        parts.append(f"{len(found['problems'])} failed")
    return "  ".join(parts)


def _unfinished(steps: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Steps that have tasks left; after the last one that has begun, an unknown total is left."""
    rows = list(steps)
    begun = [number for number, row in enumerate(rows) if row["done"]]
    last = begun[-1] if begun else 0
    for number, row in enumerate(rows):
        has_left = row["total"] is not None and row["done"] < row["total"]
        if has_left or (row["total"] is None and number >= last):
            yield row
