"""What a run cost in energy: by step, by language, and for pages that were rejected later.

Processor time is measured by task, and in extract by stage. Within a stage it is shared out among
pages in proportion to the bytes of their payload up to extraction, to the characters of their text
after it, and to their number in clustering: measured by stage, shared by size. A page has a part in
every stage that it reached.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from audit import power, stats
from audit.power import LEVELS, Range
from audit.runs import Run
from audit.throughput import throughput

KEPT: Final = "kept"

ONCE: Final = ("prepare", "collate")
"""Steps whose lists and tables serve every page, whatever becomes of it."""

Share = dict[tuple[str, str, bool], float]
"""(language, fate, whether it was decided at the end) -> share.

A fate is `kept` or the first part of a reason."""

EARLY: Final = frozenset({"read", "gate", "rights"})
"""Pages with these fates are gone before extraction; with `extract` and `identify`, before the
stages on text."""
_UNTIL: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "read": ("bytes", frozenset()),
    "gate": ("bytes", frozenset()),
    "extract": ("bytes", EARLY),
    "identify": ("characters", EARLY | {"extract"}),
}
_TEXT: Final = ("characters", EARLY | {"extract", "identify"})
_STEPS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "prepare": ("bytes", frozenset()),
    "collate": ("bytes", frozenset()),
    "extract": ("bytes", frozenset()),
    **dict.fromkeys(
        ("band", "pair", "gather", "lend", "estimate", "shingle", "cluster", "judge", "resolve"),
        ("documents", _TEXT[1]),
    ),
    "decide": ("documents", _TEXT[1]),
}
"""Unit in which a stage's or step's time is shared, and fates that never came there. What is not
named shares by characters: other stages those of texts, other steps (publish and after) those of
kept ones."""


def energy(run: Run, country: str | None = None) -> dict[str, Any]:
    """Energy of a run with its assumptions, as plain data.

    `steps`, `languages` and `rejected` (by step and kind of reason) each hold processor seconds,
    GB seconds and kWh low, mid and high; `method` says whether joules were counted
    (`measured_rapl`) or estimated (`estimated_tdp`), or that there are no timings (`unknown`).
    `grams` are null without a country. ConfigError for a country that has no factor.
    """
    return of_counts(throughput(run), stats.counts(run), country)


def of_counts(
    spent: Mapping[str, Any], table: stats.Table, country: str | None = None
) -> dict[str, Any]:
    """The same from throughput and statistics that were read before."""
    fates = {unit: _fates(table, unit) for unit in stats.UNITS}
    counted = [row for row in spent["steps"] if row["tasks"]]
    timed = [row for row in counted if row["tasks"] > row["untimed"]]
    is_measured = bool(timed) and all(row["joules"] is not None for row in counted)
    steps, languages, rejected = [], dict[str, list[Part]](), dict[tuple[str, str], list[Part]]()
    for row in counted:
        whole = Part(row["cpu_s"], row["gb_s"], row["joules"] if is_measured else None)
        named = {key: row[key] for key in ("step", "tasks", "untimed", "wall_s", "peak_mb")}
        size = {key: row[key] for key in ("rows_in", "bytes_out")}
        steps.append({**named, **size, **whole.shown()})
        for (tag, fate, _), share in shares(row["step"], row["stages"], fates).items():
            part = whole.times(share)
            languages.setdefault(tag, []).append(part)
            if fate != KEPT and row["step"] not in ONCE:
                rejected.setdefault((row["step"], fate), []).append(part)
    total = _sum(Part(r["cpu_s"], r["gb_s"], r["joules"] if is_measured else None) for r in counted)
    wasted = _sum(part for parts in rejected.values() for part in parts)
    method = power.UNKNOWN if not timed else power.MEASURED if is_measured else power.ESTIMATED
    found = {
        "method": method,
        "assumptions": power.stated(country),
        "untimed": spent["untimed"],
        "steps": steps,
        "languages": [
            {"language": tag, **_sum(parts).shown()}
            for tag, parts in sorted(languages.items(), key=lambda i: (-_sum(i[1]).cpu_s, i[0]))
        ],
        "rejected": [
            {"step": step, "group": group, **_sum(parts).shown()}
            for (step, group), parts in sorted(rejected.items(), key=lambda i: -_sum(i[1]).cpu_s)
        ],
        "total": {**total.shown(), "grams": power.grams(total.kwh(), country) if country else None},
        "rejected_total": {
            **wasted.shown(),
            "fraction": wasted.cpu_s / total.cpu_s if total.cpu_s else None,
        },
    }
    return {**found, "per": _per(total.kwh(), _work(spent, table), country)}


class Part:
    """Some of a run's work: processor seconds, GB seconds, joules if they were counted."""

    __slots__ = ("cpu_s", "gb_s", "joules")

    def __init__(self, cpu_s: float, gb_s: float, joules: float | None) -> None:
        self.cpu_s, self.gb_s, self.joules = cpu_s, gb_s, joules

    def times(self, share: float) -> "Part":
        """A share of it."""
        joules = None if self.joules is None else self.joules * share
        return Part(self.cpu_s * share, self.gb_s * share, joules)

    def kwh(self) -> Range:
        """Its energy."""
        return power.kwh(self.cpu_s, self.gb_s, self.joules)

    def shown(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "cpu_s": self.cpu_s,
            "gb_s": self.gb_s,
            "joules": self.joules,
            "kwh": self.kwh(),
        }


def _sum(parts: Iterable[Part]) -> Part:
    held = list(parts)
    joules = [part.joules for part in held if part.joules is not None]
    counted = sum(joules) if joules and len(joules) == len(held) else None
    return Part(sum(p.cpu_s for p in held), sum(p.gb_s for p in held), counted)


def shares(step: str, stages: Mapping[str, float], fates: Mapping[str, Share]) -> Share:
    """How a step's time is shared by language and fate; sums to 1, or is empty without pages."""
    if step != "extract" or not sum(stages.values()):
        return _normal(*_of_step(step), fates)
    # Opening models is every stage's, so it follows what the stages need.
    seconds = {name: s for name, s in stages.items() if name != "open"}
    whole = sum(seconds.values())
    made: Share = {}
    for name, part in seconds.items():
        for key, share in _normal(*_UNTIL.get(name, _TEXT), fates).items():
            made[key] = made.get(key, 0.0) + share * part / whole
    left = sum(made.values())
    return {key: share / left for key, share in made.items()} if left else {}


def _of_step(step: str) -> tuple[str, frozenset[str] | None]:
    return _STEPS.get(step, ("characters", None))


def _normal(unit: str, without: frozenset[str] | None, fates: Mapping[str, Share]) -> Share:
    """Shares of the pages that came so far; of the kept ones where `without` is None."""
    held = {
        key: n
        for key, n in fates[unit].items()
        if n and (key[1] == KEPT if without is None else key[2] or key[1] not in without)
    }
    whole = sum(held.values())
    return {key: n / whole for key, n in held.items()} if whole else {}


def _fates(table: stats.Table, unit: str) -> Share:
    """Pages by language and fate, in a unit."""
    made: Share = {}
    for step, state in (
        ("extract", "rejected"),
        ("extract", "quarantined"),
        ("decide", "rejected"),
        ("decide", "kept"),
    ):
        for tag, labels in table.get((step, f"{unit}.{state}"), {}).items():
            for reason, count in labels.items():
                fate = KEPT if state == "kept" else reason.partition(".")[0]
                key = tag, fate, step == "decide"
                made[key] = made.get(key, 0.0) + count
    return made


def _work(spent: Mapping[str, Any], table: stats.Table) -> dict[str, int]:
    """What the energy was spent on: pages read, and what was kept of text in each measure."""
    kept = {
        name: stats.total(table, "decide", f"{name}.kept")
        for name in ("documents", "characters", "words", "tokens")
    }
    return {"pages_read": int(spent["pages"]), **{f"{k}_kept": n for k, n in kept.items() if n}}


def _per(whole: Range, work: Mapping[str, int], country: str | None) -> dict[str, Any]:
    """Energy for a million pages read, and a billion kept characters, words or tokens."""
    sizes = {"pages_read": 1e6, "documents_kept": 1e6}
    made: dict[str, Any] = {}
    for name, count in work.items():
        size = sizes.get(name, 1e9)
        if count:
            each = {at: whole[at] / count * size for at in LEVELS}
            grams = power.grams(each, country) if country else None
            made[name] = {"count": count, "per": int(size), "kwh": each, "grams": grams}
    return made


def recomputed(found: Mapping[str, Any]) -> list[str]:
    """Where a document's kWh do not follow from its own times and assumptions; empty if they do."""
    held = found["assumptions"]
    faults = []
    places = [("total", found["total"]), ("rejected_total", found["rejected_total"])]
    for kind in ("steps", "languages", "rejected"):
        places += [(f"{kind}[{at}]", row) for at, row in enumerate(found[kind])]
    for place, row in places:
        for at in LEVELS:
            watts_s = row["joules"]
            if watts_s is None:
                watts_s = row["cpu_s"] * held["watts_per_core"][at]
                watts_s += row["gb_s"] * held["watts_per_gb"][at]
            wanted = watts_s / power.JOULES_PER_KWH * held["pue"][at]
            if abs(wanted - row["kwh"][at]) > 1e-9 + 1e-6 * wanted:
                faults.append(f"{place}: {row['kwh'][at]} kWh {at}, {wanted} by its times")
    summed = sum(row["cpu_s"] for row in found["steps"])
    if abs(summed - found["total"]["cpu_s"]) > 1e-6 * max(1.0, summed):
        faults.append(f"steps sum to {summed} s, the total is {found['total']['cpu_s']} s")
    return faults
