"""What the verbs that read runs print, as text that fits 80 columns."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit import inspect, selected
from audit.figures import number
from audit.phrases import energy, two_digits
from audit.power import MEASURED, UNKNOWN
from pipeline.answers import WIDTH, Text, cell, folded, table, waterfall, width
from pipeline.display import duration

BAR = 30
"""Signs of a progress bar."""


def status_text(data: Mapping[str, Any], path: object = "RUN", only: str = "") -> Text:
    """`weir status`, once or as it is watched; of all steps, or `only` one for a low screen."""
    pace = f", {data['pages_per_s']:,.0f} a second" if data["pages_per_s"] is not None else ""
    yield from folded(f"{data['state']}: ", f"{path}  {data['pages']:,} pages{pace}", 0)
    if data["judged"] is not None:
        share = f" ({100 * data['kept'] / data['judged']:.1f} %)" if data["judged"] else ""
        yield f"{data['kept']:,} of {data['judged']:,} documents kept{share}"
    if data["selection"]:
        yield from folded("", selected.sentence(data["selection"]), 0)
    yield ""
    bar = max(8, min(MAX_BAR, (width() or WIDTH) - BESIDE_BAR))
    for step in data["steps"]:
        if only in ("", step["step"]):
            yield _step(step, bar)
    if data["quarantined"]:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in data["quarantined"].items())
        yield from ("", *folded("quarantined", reasons, 13))
    for failure in data["failures"]:
        tasks = ", ".join(failure["tasks"])
        more = failure["count"] - len(failure["tasks"])
        yield ""
        cause = f"{failure['step']} {failure['cause']}".strip()
        yield from folded(f"{failure['count']:,} failed", cause, 13)
        if tasks:
            yield from folded("", f"{tasks}{f' and {more:,} more' if more else ''}", 13)
        yield from folded("", f"mend it, then: {failure['next']}", 13)
    for alarm in data["alarms"]:
        yield from ("", *folded("", alarm, 0))


MAX_BAR, BESIDE_BAR = 30, 44
"""Signs of a progress bar; what stands beside it: the step, its tasks, the time left."""


def _step(step: Mapping[str, Any], bar: int) -> str:
    """Name, bar, tasks done and in all, time left."""
    done, total = step["done"], step["total"]
    filled = bar if total == 0 else round(bar * done / total) if total else 0
    shown = f"{done:,}/{'?' if total is None else f'{total:,}'}"
    left = f"  {duration(step['left_s'])} left" if (step["left_s"] or 0) >= 1 else ""
    return f"{step['step']:10}{'█' * filled}{'·' * (bar - filled)} {shown:>15}{left}"


def stats_text(data: Mapping[str, Any], tag: str | None = None) -> Text:
    """`weir stats`, of the run or of one language."""
    totals = data["languages"][tag] if tag else data["totals"]
    yield from waterfall(totals)
    yield ""
    yield from table(
        ("reason", "documents"), sorted(_reasons(totals), key=lambda r: (-r[1], r[0])), "-r"
    )
    yield ""
    rows = [
        (
            t,
            v["read"],
            v["kept"],
            sum(v["rejected"].values()),
            sum(v["quarantined"].values()),
            v["characters"]["kept"],
        )
        for t, v in sorted(data["languages"].items(), key=lambda i: -i[1]["read"])
    ]
    yield from table(
        ("language", "read", "kept", "rejected", "quarantined", "characters kept"), rows, "-rrrrr"
    )


def _reasons(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [*found["rejected"].items(), *found["quarantined"].items()]


def trace_text(data: Mapping[str, Any], what: Sequence[str]) -> Text:
    """`weir trace`."""
    if not data["records"]:
        yield f"not found: {', '.join(what)}; searched: {', '.join(data['searched']) or 'nothing'}"
    for record in data["records"]:
        yield f"{record['url']}"
        yield f"  {record['outcome'].upper()}" + (
            f" because {record['reason']}: {record.get('meaning') or ''}"
            if record["reason"]
            else ""
        )
        skipped = {"url", "outcome", "reason", "meaning", "signals", "rights"}
        for key, value in record.items():
            if key not in skipped and value not in (None, [], {}):
                yield (
                    f"  {key:16} {', '.join(map(str, value)) if isinstance(value, list) else value}"
                )
        for key in ("rights", "signals"):
            if record.get(key):
                yield f"  {key}"
                yield from (f"    {name:40} {cell(value)}" for name, value in _flat(record[key]))
        yield ""


def _flat(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values with their names, those of a struct inside by both names; nothing that is empty."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in _flat(value))
        elif value not in (None, []):
            yield name, ", ".join(value) if isinstance(value, list) else value


def sample_text(data: Mapping[str, Any]) -> Text:
    """`weir sample`."""
    most, documents = inspect.columns(), data["documents"]
    for place, document in enumerate(documents, 1):
        yield from inspect.lines(document, f"{place} of {len(documents)}", most)
        yield "─" * most
    yield f"sha256  {data['sha256']}"
    yield f"again   {data['command']}"


def tune_text(data: Mapping[str, Any]) -> Text:
    """`weir tune`."""
    documents = data["measures"]["documents"]["total"]
    yield f"{data['language']}: {documents:,} documents judged in {data['run']}"
    for move in data["moves"]:
        yield f"  {move['rule']}: {_bounds(move['before'])} -> {_bounds(move['after'])}"
    yield ""
    yield from table(
        ("kept", "before", "%", "after", "%", "change"),
        [
            (
                name,
                *(x for side in sides for x in (side["kept"], f"{100 * side['keep_rate']:.2f}")),
                f"{sides[1]['kept'] - sides[0]['kept']:+,}",
            )
            for name, found in data["measures"].items()
            for sides in [(found["before"], found["after"])]
            if found["total"]
        ],
        "-rrrrr",
    )
    yield ""
    sides = [(side, state) for side in ("before", "after") for state in ("first", "any", "only")]
    if not data["rules"]:
        yield "no document fails a rule"
    else:
        yield from table(
            ("documents that fail", "first", "any", "only", "then first", "any", "only"),
            [
                (rule["rule"], *(rule[side]["documents"][state] for side, state in sides))
                for rule in data["rules"]
            ],
            "-rrrrrr",
        )
    flips = data["flips"]
    if data["moves"]:
        yield ""
        yield f"{flips['lost']:,} kept -> rejected, {flips['gained']:,} rejected -> kept"
        for page in flips["documents"]:
            why = ", ".join(
                f"{b['rule']} {number(b['value'])} ({_bounds(b)})" for b in page["because"]
            )
            yield f"{page['from']} -> {page['to']}  {page['doc_id']}  {why}"
            yield f"  {page['url']}"
            yield from (f"    {line}" for line in (page.get("excerpt") or "").splitlines())
        yield ""
        yield from (data["difference"] or data["yaml"]).splitlines()
        yield ""
        if data["written"]:
            yield f"written: {data['written']}"
    for note in (data["assumption"], *data["notes"]):
        yield from folded("", note, 0)
    yield f"repeat with: {data['command']}"


def _bounds(sides: Mapping[str, float | None]) -> str:
    """Bounds as they are written: min 3, max 10; off."""
    found = [f"{side} {sides[side]:g}" for side in ("min", "max") if sides[side] is not None]
    return ", ".join(found) or "off"


def gates_text(data: Mapping[str, Any]) -> Text:
    """`weir gates`: what failed, what passed, and how many were skipped."""
    order = ("failed", "passed")
    shown = [v for state in order for v in data["verdicts"] if v["outcome"] == state]
    for verdict in shown:
        word = "FAIL" if verdict["outcome"] == "failed" else "ok  "
        name = f"{word}  {verdict['gate']:14} {verdict['subject']:24} "
        yield from folded(name, verdict["detail"], len(name) if (width() or WIDTH) >= WIDTH else 6)
    counts = Counter(verdict["outcome"] for verdict in data["verdicts"])
    said = ", ".join(f"{counts[state]} {state}" for state in (*order, "skipped"))
    yield f"{said} by {data['gates']}"


def prune_text(data: Mapping[str, Any]) -> Text:
    """`weir prune`."""
    yield f"{len(data['removed'])} files, {data['bytes'] / 1e6:,.1f} MB removed"


MOST_LANGUAGES = 15


def energy_text(data: Mapping[str, Any]) -> Text:
    """`weir energy`: the sum, steps, what rejected pages took, languages, assumptions."""
    if data["method"] == UNKNOWN:
        yield "energy: unknown, for the manifests hold no timings"
        return
    held, total = data["assumptions"], data["total"]
    how = "counters of the processors" if data["method"] == MEASURED else "estimated from time"
    yield f"energy  {energy(total['kwh'])}, {how} ({data['method']})"
    if total["grams"]:
        low, high = (two_digits(total["grams"][at]) for at in ("low", "high"))
        factor = held["factor"]
        grams = f"{factor['grams']} g/kWh, {factor['year']}"
        yield f"        {low} to {high} g CO2e in {factor['country']} ({grams})"
    for name, one in data["per"].items():
        yield f"        {energy(one['kwh'])} for {one['per']:,} {name.replace('_', ' ')}"
    fraction = data["rejected_total"]["fraction"]
    if fraction is not None:
        yield f"        {100 * fraction:.0f} % of the processor time for pages rejected later"
    header = ("step", "tasks", "CPU s", "GB s", "energy")
    rows = [
        (s["step"], s["tasks"], f"{s['cpu_s']:,.1f}", f"{s['gb_s']:,.1f}", energy(s["kwh"]))
        for s in data["steps"]
    ]
    yield from ("", *table(header, rows, "-rrrr"))
    rejected = [
        (r["step"], r["group"], f"{r['cpu_s']:,.1f}", energy(r["kwh"])) for r in data["rejected"]
    ]
    yield from ("", *table(("step", "rejected by", "CPU s", "energy"), rejected[:10], "--rr"))
    languages = [(r["language"], f"{r['cpu_s']:,.1f}", energy(r["kwh"])) for r in data["languages"]]
    yield from ("", *table(("language", "CPU s", "energy"), languages[:MOST_LANGUAGES], "-rr"))
    if len(languages) > MOST_LANGUAGES:
        yield f"and {len(languages) - MOST_LANGUAGES} more, with --json"
    yield ""
    for name in ("watts_per_core", "watts_per_gb", "pue"):
        low, mid, high = (held[name][at] for at in ("low", "mid", "high"))
        said = f"{low} / {mid} / {high}  {held[name]['source']}"
        yield from folded(f"{name.replace('_', ' '):16}", said, 16)
    yield from folded(f"{'not counted':16}", "; ".join(held["not_counted"]), 16)
