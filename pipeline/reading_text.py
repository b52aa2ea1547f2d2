"""What the verbs that read runs print, as text that fits 80 columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.answers import WIDTH, Text, cell, table, waterfall


def status_text(data: Mapping[str, Any]) -> Text:
    """`weir status`."""
    yield f"{data['state']}: {data['pages']:,} pages" + (
        f", {data['kept']:,} kept" if data.get("kept") is not None else ""
    )
    yield from table(
        ("step", "done", "of"), [(s["step"], s["done"], s["total"]) for s in data["steps"]], "-rr"
    )
    yield from data["problems"]
    yield from data["alarms"]


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
                yield from (
                    f"    {name:40} {cell(value)}"
                    for name, value in record[key].items()
                    if value not in (None, [])
                )
        yield ""


def sample_text(data: Mapping[str, Any]) -> Text:
    """`weir sample`."""
    for document in data["documents"]:
        yield "-" * WIDTH
        for key, value in document.items():
            if key not in ("text", "excerpt") and value not in (None, [], {}):
                yield f"{key}: {value}"
        for line in (document.get("excerpt") or document.get("text") or "").splitlines():
            yield f"  {line}"
    yield f"sample {data['hash']}; repeat with: {data['command']}"


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
                f"{b['rule']} {cell(b['value'])} ({_bounds(b)})" for b in page["because"]
            )
            yield f"{page['from']} -> {page['to']}  {page['doc_id']}  {why}"
            yield f"  {page['url']}"
            yield from (f"    {line}" for line in (page.get("excerpt") or "").splitlines())
        yield ""
        yield from (data["difference"] or data["yaml"]).splitlines()
        yield ""
        if data["written"]:
            yield f"written: {data['written']}"
    yield from (data["assumption"], *data["notes"])
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
        yield f"{word}  {verdict['gate']:14} {verdict['subject']:24} {verdict['detail']}"
    counts = Counter(verdict["outcome"] for verdict in data["verdicts"])
    said = ", ".join(f"{counts[state]} {state}" for state in (*order, "skipped"))
    yield f"{said} by {data['gates']}"


def prune_text(data: Mapping[str, Any]) -> Text:
    """`weir prune`."""
    yield f"{len(data['removed'])} files, {data['bytes'] / 1e6:,.1f} MB removed"
