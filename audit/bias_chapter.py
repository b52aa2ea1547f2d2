"""What the report shows of `bias`: ratios with intervals on one axis, alarms before the rest."""

from collections.abc import Mapping
from typing import Any, Final

from audit import bias, ratio
from audit.phrases import language_name, plain
from audit.runs import Run
from audit.sample import visible

SAMPLE: Final = 5_000
"""Documents of a language that a report reads; `weir bias` reads more."""

SHARDS: Final = 50
SHOWN: Final = 60
AXIS: Final = (0.0, 1.5)
"""Ratios that the axis shows; what lies beyond is drawn at its end."""

TICKS: Final = (0.0, 0.4, 0.8, 1.0, 1.2, 1.5)


def chapter(run: Run) -> dict[str, Any] | None:
    """Rows with their places on the axis, warnings and notes; None where documents were pruned."""
    if any(s.documents.path in run.pruned and not run.is_there(s.documents) for s in run.shards):
        return None
    found = bias.bias(run, most=SAMPLE, shards=SHARDS)
    looked = bias.alarmed(found)
    kept = [
        row
        for row in found["rows"]
        if row["measure"] == bias.KEPT and row["state"] == ratio.OK and row["ratio"] is not None
    ]
    rows = [*looked, *sorted(kept, key=lambda row: row["ratio"])]
    read = sum(one["read"] for one in found["languages"])
    unreviewed = [
        language_name(one["language"])["name"]
        for one in found["languages"]
        if one["lexicon"] and not one["reviewed_by"]
    ]
    return {
        "sample": SAMPLE,
        "read": read,
        "seed": found["seed"],
        "rows": [_shown(row) for row in rows[:SHOWN]],
        "count": len(rows),
        "alarms": sum(row["state"] == ratio.RAISED for row in looked),
        "watched": sum(row["state"] == ratio.WATCH for row in looked),
        "few": len(found["few"]),
        "unreviewed": unreviewed,
        "without": sum(not one["lexicon"] for one in found["languages"]),
        "notes": [{key: visible(text) for key, text in one.items()} for one in found["notes"]],
        "ticks": [{"x": place(tick), "text": f"{tick:g}"} for tick in TICKS],
        "limit": place(ratio.ALARM),
        "one": place(1.0),
    }


def place(value: float) -> float:
    """Where a ratio lies on the axis, in thousandths of its width."""
    low, high = AXIS
    return round(1000 * (min(max(value, low), high) - low) / (high - low), 1)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    name = row["language"]
    return {
        "language": language_name(name)["name"] if "_" in name else name,
        "group": _group(row),
        "measure": {bias.KEPT: "kept", bias.RULES: "passes every rule"}.get(
            row["measure"], f"passes {plain(row['measure'])}"
        ),
        **{key: row[key] for key in ("documents", "passed", "share", "baseline", "state")},
        **{key: row[key] for key in ("ratio", "ratio_low", "ratio_high")},
        "x": {key: place(row[key]) for key in ("ratio", "ratio_low", "ratio_high")},
    }


def _group(row: Mapping[str, Any]) -> str:
    if row["kind"] == bias.MENTION:
        return "mentions any group" if row["group"] == bias.ANY else f"mentions {row['group']}"
    if row["kind"] == bias.DOMAIN:
        return f"from {row['group']}"
    if row["kind"] == bias.VARIETY:
        return str(language_name(row["group"])["name"])
    return "all, against the run"
