"""Numbers to figures: what the report's waterfalls, bars and histograms consist of, as plain data.

Geometry is in the units of each figure's own view box; the templates only draw it.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from filters.rules import Bound
from filters.signal import Signal
from stages import schema

BAR_WIDTH = 1000.0
BAR_MIN = 4.0
"""What is not nothing is at least so wide, in thousandths of a bar: a good pixel."""

PLOT_WIDTH, PLOT_TOP, PLOT_HEIGHT = 320.0, 18.0, 84.0
COLUMN_GAP, COLUMN_MIN = 1.0, 1.5
CLIP_FROM, CLIP_TO, CLIP_MOST = 3.0, 1.5, 12.0
"""A column over 3 times as high as the next is cut at 1.5 times the next, and says its number.

Never at less than a twelfth of itself: one page beside thousands must not look like many.
"""

DOTS_LEFT, DOTS_WIDTH = 8.0, 224.0
"""A row of the dot plot: the axis begins and ends so that a mark at either end is whole."""

TICKS = 5
TICK_ROOM = 26.0
"""Room that a number under an axis needs."""

LABEL = 58.0
"""Room that a threshold's label needs; it stands on the failing side where there is so much."""


@dataclass(frozen=True, slots=True)
class Group:
    """Reasons of one kind, in the order in which pages meet them."""

    key: str
    label: str
    family: str
    """Colour: unusable, rights, quarantined, rules or copies."""


GROUPS: tuple[Group, ...] = (
    Group("read", "Could not be read", "unusable"),
    Group("gate", "Not a usable web page", "unusable"),
    Group("rights", "Reserved by its publisher", "rights"),
    Group("takedown", "Taken down on request", "rights"),
    Group("language", "In no language of the run", "unusable"),
    Group("extract", "Without main text", "unusable"),
    Group("quarantine", "Quarantined", "quarantined"),
    Group("rule", "Failed a quality rule", "rules"),
    Group("list", "On its language's deny list", "rules"),
    Group("dedup", "Copy of a kept page", "copies"),
)

FAMILIES: dict[str, str] = {
    "kept": "Kept",
    "copies": "Copies",
    "rules": "Quality rules",
    "rights": "Rights",
    "unusable": "Not usable",
    "quarantined": "Quarantined",
}
"""Colours with their meaning, in the order of the bars."""

_OTHER_LANGUAGE = ("gate.language", "identify.language")


def group_of(reason: str) -> str:
    """Key of the group that a reason belongs to."""
    if schema.REASONS.get(reason, ("",))[0] == schema.QUARANTINE:
        return "quarantine"
    return "language" if reason in _OTHER_LANGUAGE else reason.partition(".")[0]


def lost(account: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Rejected and quarantined counts by group and reason."""
    groups: dict[str, dict[str, int]] = {group.key: {} for group in GROUPS}
    for state in ("rejected", "quarantined"):
        for reason, count in account[state].items():
            if count:
                groups.setdefault(group_of(reason), {})[reason] = count
    return groups


def waterfall(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What remains after each group of reasons, from all that was read to what was kept.

    Groups that cost nothing are left out.
    """
    read = account["read"]
    rows = [{"label": "Read", "family": "", "lost": 0, "left": read, **_fall(read, read, read)}]
    left, groups = read, lost(account)
    for group in GROUPS:
        count = sum(groups[group.key].values())
        if count:
            after = left - count
            row = {"label": group.label, "family": group.family, "lost": count, "left": after}
            rows.append({**row, **_fall(left, after, read)})
            left = after
    kept = {"label": "Kept", "family": "kept", "lost": 0, "left": account["kept"]}
    return [*rows, {**kept, **_fall(left, left, read)}]


def _fall(before: int, after: int, read: int) -> dict[str, float]:
    """Bar of one step: what is left, and beside it what went."""
    unit = BAR_WIDTH / read if read else 0.0
    width = max(BAR_MIN, (before - after) * unit) if before > after else 0.0
    left = min(after * unit, BAR_WIDTH - width)
    return {"left_width": round(left, 1), "lost_x": round(left, 1), "lost_width": round(width, 1)}


def composition(account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One bar of full width: what became of the pages read, by family."""
    counts = dict.fromkeys(FAMILIES, 0)
    counts["kept"] = account["kept"]
    family_of = {group.key: group.family for group in GROUPS}
    for key, reasons in lost(account).items():
        counts[family_of.get(key, "unusable")] += sum(reasons.values())
    total = sum(counts.values())
    segments, x = [], 0.0
    for family, count in counts.items():
        width = count / total * BAR_WIDTH if total else 0.0
        if count:
            segment = {"family": family, "x": round(x, 1), "width": round(width, 1)}
            segments.append({**segment, "count": count, "label": FAMILIES[family]})
        x += width
    return segments


def dots(counts: Mapping[str, int], largest: int) -> dict[str, float]:
    """Places on one axis of a rule's documents: that fail it at all, first, and alone."""
    unit = DOTS_WIDTH / largest if largest else 0.0
    return {name: round(DOTS_LEFT + counts[name] * unit, 1) for name in ("any", "first", "only")}


def curve(points: Sequence[tuple[int, float]]) -> dict[str, Any]:
    """A step line of shares in [0, 1] over ranks, on a logarithmic axis of ranks."""
    if not points:
        return {"path": "", "ticks": [], "marks": []}
    last = math.log(max(points[-1][0], 2))
    base = PLOT_TOP + PLOT_HEIGHT
    places = [
        (round(PLOT_WIDTH * math.log(rank) / last, 1), round(base - PLOT_HEIGHT * share, 1))
        for rank, share in points
    ]
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in places)
    ticks = [
        {"x": x, "text": short(rank), "anchor": _anchor(x)}
        for (rank, _), (x, _) in zip(points, places, strict=True)
    ]
    return {"path": path, "ticks": _apart(ticks), "marks": [{"x": x, "y": y} for x, y in places]}


def _anchor(x: float) -> str:
    return "start" if x < 8 else "end" if x > PLOT_WIDTH - 8 else "middle"


def _apart(ticks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ticks far enough from each other to be read; the last one stays."""
    found: list[dict[str, Any]] = []
    for tick in ticks[:-1]:
        if not found or tick["x"] - found[-1]["x"] >= TICK_ROOM:
            found.append(tick)
    last = ticks[-1]
    return [*(tick for tick in found if last["x"] - tick["x"] >= TICK_ROOM), last]


def bound_text(bound: Bound | None) -> str:
    """A rule's bounds in words."""
    if bound is None:
        return "off"
    parts = [
        f"{word} {number(value)}"
        for word, value in (("at least", bound.min), ("at most", bound.max))
        if value is not None
    ]
    return ", ".join(parts)


def broken_text(bound: Bound | None) -> str:
    """How a value can be out of a rule's bounds, in words."""
    if bound is None:
        return "off"
    low = f"under {number(bound.min)}" if bound.min is not None else ""
    high = f"over {number(bound.max)}" if bound.max is not None else ""
    return " or ".join(part for part in (low, high) if part)


def number(value: float) -> str:
    """A number as short as it can be said exactly enough: 50, 0.025, 100,000."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def short(value: float) -> str:
    """A number for an axis: 0.25, 50, 2k, 1M."""
    for unit, sign in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"


def histogram(
    signal: Signal,
    kept: Mapping[str, int],
    rejected: Mapping[str, int],
    bound: Bound | None,
    base: Bound | None = None,
) -> dict[str, Any]:
    """Columns, ticks and threshold lines of one signal; labels are bin numbers or `null`.

    Columns are as wide as each other, whatever their bins span. Bins above all pages and all
    thresholds are left out. `ghosts` are the lines of `base` that differ from `bound`.
    """
    edges = signal.edges
    counts = [(kept.get(str(k), 0), rejected.get(str(k), 0)) for k in range(len(edges) + 1)]
    first = 0 if any(counts[0]) else 1
    lasts = [_last_bin(edges, bound), _last_bin(edges, base) if base else 1]
    last = max([*lasts, *(k for k, pair in enumerate(counts) if any(pair))])
    slots = range(first, min(last + 1, len(edges)) + 1)
    width = PLOT_WIDTH / len(slots)
    heights = sorted((sum(counts[k]) for k in slots), reverse=True)
    second = heights[1] if len(heights) > 1 else 0
    is_clipped = second > 0 and heights[0] > CLIP_FROM * second
    top = max(second * CLIP_TO, heights[0] / CLIP_MOST) if is_clipped else max(heights[0], 1)
    columns = [
        _column(counts[k], (at * width, width), top, _bin_text(edges, k))
        for at, k in enumerate(slots)
        if any(counts[k])
    ]
    lines = _lines(signal, bound, first, width)
    ghosts = _lines(signal, base, first, width) if base else []
    return {
        "columns": columns,
        "paths": {
            name: "".join(_rectangle(column, name) for column in columns if column[name])
            for name in ("kept", "rejected")
        },
        "ticks": _ticks(edges, slots, width),
        "lines": lines,
        "ghosts": [ghost for ghost in ghosts if ghost["text"] not in {x["text"] for x in lines}],
        "kept": sum(kept.values()),
        "rejected": sum(rejected.values()),
        "null": (kept.get("null", 0), rejected.get("null", 0)),
        "bins": len(slots),
        "open_end": sum(counts[len(edges)]),
        "open_from": number(edges[-1]),
    }


def _rectangle(column: Mapping[str, Any], name: str) -> str:
    """One part of a column as a piece of a path."""
    x, y, width, height = (column[key] for key in ("x", f"{name}_y", "width", f"{name}_height"))
    return f"M{x:g} {y:g}h{width:g}v{height:g}h-{width:g}z"


def _last_bin(edges: Sequence[float], bound: Bound | None) -> int:
    values = [v for v in ((bound.min, bound.max) if bound else ()) if v is not None]
    return max((bisect_right(edges, value) for value in values), default=1)


def _bin_text(edges: Sequence[float], k: int) -> str:
    if k == 0:
        return f"under {number(edges[0])}"
    if k == len(edges):
        return f"{number(edges[-1])} and over"
    return f"{number(edges[k - 1])} to under {number(edges[k])}"


def _column(
    pair: tuple[int, int], place: tuple[float, float], top: float, text: str
) -> dict[str, Any]:
    """A column of kept pages with the rejected on top."""
    total = sum(pair)
    is_cut = total > top
    height = PLOT_HEIGHT * min(1.0, total / top)
    parts = [max(COLUMN_MIN, height * part / total) if part else 0.0 for part in pair]
    base = PLOT_TOP + PLOT_HEIGHT
    x, width = place[0] + COLUMN_GAP / 2, max(1.0, place[1] - COLUMN_GAP)
    return {
        "x": round(x, 1),
        "width": round(width, 1),
        "kept_y": round(base - parts[0], 1),
        "kept_height": round(parts[0], 1),
        "rejected_y": round(base - parts[0] - parts[1], 1),
        "rejected_height": round(parts[1], 1),
        "kept": pair[0],
        "rejected": pair[1],
        "text": text,
        "cut": f"{total:,}" if is_cut else "",
        "is_left": x < PLOT_WIDTH / 2,
    }


def _ticks(edges: Sequence[float], slots: range, width: float) -> list[dict[str, Any]]:
    """Labels of some column borders."""
    step = max(1, round(len(slots) / TICKS))
    chosen = [at for at in range(0, len(slots), step) if 0 < slots[at] <= len(edges)]
    return [
        {
            "x": round(at * width, 2),
            "text": short(edges[slots[at] - 1]),
            "anchor": "start" if at == 0 else "middle",
        }
        for at in chosen
        if at * width < PLOT_WIDTH - 12
    ]


def _lines(signal: Signal, bound: Bound | None, first: int, width: float) -> list[dict[str, Any]]:
    """Threshold lines, and the side on which pages fail."""
    found = []
    for name in ("min", "max"):
        value = getattr(bound, name) if bound else None
        if value is None:
            continue
        # A count of exactly the maximum passes: its column lies left of the line.
        is_count = all(edge == int(edge) for edge in signal.edges)
        shown = value + 1 if name == "max" and is_count else value
        x = min(PLOT_WIDTH, max(0.0, (_position(signal.edges, shown) - first) * width))
        found.append(
            {
                "x": round(x, 2),
                "text": f"{name} {short(value)}",
                "is_after": x < LABEL if name == "min" else x < PLOT_WIDTH - LABEL,
                "fail_x": round(0.0 if name == "min" else x, 2),
                "fail_width": round(x if name == "min" else PLOT_WIDTH - x, 2),
            }
        )
    return found


def _position(edges: Sequence[float], value: float) -> float:
    """Where a value lies among the bins, in bins; bin k spans k to k + 1."""
    k = bisect_right(edges, value)
    if k == 0 or k == len(edges):
        return float(k)
    return k + (value - edges[k - 1]) / (edges[k] - edges[k - 1])
