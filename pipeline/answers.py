"""What the commands print: data for `--json`, and the same as text that fits 80 columns."""

import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from langid import tags
from stages.errors import ConfigError

SCHEMA_VERSION = 1
WIDTH = 80
Text = Iterable[str]


def give(
    command: str,
    data: Mapping[str, Any],
    as_json: bool,
    text: Callable[[], Text],
    ok: bool = True,
    warnings: Sequence[str] = (),
) -> None:
    """Print one JSON document, or the text."""
    if as_json:
        document = {
            "schema_version": SCHEMA_VERSION,
            "command": command,
            "ok": ok,
            "data": data,
            "warnings": list(warnings),
        }
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
    else:
        for line in text():
            sys.stdout.write(_plain(line) + "\n")
    sys.stdout.flush()


def _plain(line: str) -> str:
    """The line without control characters: a crawled title must not drive a terminal."""
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf") or c == "\t" else "\ufffd" for c in line
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], numbers: str = "") -> Iterator[str]:
    """Rows aligned in columns; `numbers` marks columns with `r` to align right."""
    cells = [list(header), *[[cell(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        parts = [
            c.rjust(w) if numbers[i : i + 1] == "r" else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(parts).rstrip()


def cell(value: Any) -> str:
    """A value as people read it: grouped digits, three decimals, a dash for null."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def tag(name: str) -> str:
    """The canonical tag of a language; ConfigError with near names."""
    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError("--language", str(error), "`weir languages` lists them") from None


# Runs


def totals(run: Path) -> dict[str, Any]:
    """Documents read, kept, rejected and quarantined by reason, from the run's statistics."""
    rows = pq.read_table(run / "statistics" / "counts.parquet").to_pylist()
    made: dict[str, Any] = {"read": 0, "kept": 0, "rejected": {}, "quarantined": {}}
    for row in rows:
        unit, _, state = row["metric"].partition(".")
        if unit == "documents" and state in ("read", "kept"):
            made[state] += row["count"]
        elif unit == "documents" and state in ("rejected", "quarantined"):
            made[state][row["label"]] = made[state].get(row["label"], 0) + row["count"]
    return made


def waterfall(found: Mapping[str, Any], width: int = 28) -> Iterator[str]:
    """What is left after each kind of reason, as bars."""
    left, whole = found["read"], max(1, found["read"])
    yield f"{'read':26} {left:>9,}  {'█' * width} 100.0 %"
    for kind, meaning in (
        ("read", "unreadable"),
        ("gate", "gate"),
        ("rights", "rights reserved"),
        ("takedown", "taken down"),
        ("extract", "no main text"),
        ("identify", "language"),
        ("rule", "quality rules"),
        ("list", "deny lists"),
        ("dedup", "duplicates"),
    ):
        lost = sum(
            n
            for part in ("rejected", "quarantined")
            for reason, n in found[part].items()
            if reason.partition(".")[0] == kind
        )
        if kind == "takedown" and not lost:
            continue  # most runs never had a request
        left -= lost
        bar = "█" * round(left / whole * width)
        yield f"{'- ' + meaning:26} {-lost:>9,}  {bar.ljust(width)} {left / whole:5.1%}".replace(
            "%", " %"
        )
    yield f"{'kept':26} {found['kept']:>9,}"


def run_text(data: Mapping[str, Any], warnings: Sequence[str]) -> Text:
    """The end of `weir run`."""
    if "totals" in data:
        yield from waterfall(data["totals"])
    words = {
        0: "finished",
        4: "partial: run the same command again to go on",
        3: "stopped: integrity or limits",
    }
    yield (
        f"{data['run']}: "
        f"{words.get(data['exit_code'], 'stopped; run the same command again to go on')}"
    )
    for warning in warnings:
        yield f"  {warning}"


def demo_text(run: Path, report: Path) -> Text:
    """The end of `weir demo`."""
    found = totals(run)
    yield from waterfall(found)
    languages = sorted(p.name for p in (run / "corpus").iterdir())
    yield f"\ncorpus    {run / 'corpus'}/<tag>/<tag>-NNNNN.parquet in {len(languages)} languages"
    yield f"trace     weir trace {run} URL        what happened to a page, and why"
    yield f"report    {report}"


def plan_text(data: Mapping[str, Any]) -> Text:
    """`weir plan`."""
    yield (
        f"snapshot {data['snapshot']}: {data['shards']:,} inputs, {data['bytes'] / 1e6:,.1f} "
        f"MB, {data['robots_files']} robots files, languages: {data['languages']}"
    )
    for uri in data["missing"]:
        yield f"missing: {uri}"
    if (e := data["estimate"]) is not None:
        yield (
            f"from {e['from_responses']} responses: about {e['responses']:,} "
            f"responses, {e['documents']:,} documents before rules,"
        )
        yield (
            f"{e['cpu_hours']:,} core-hours ({e['cpu_ms_per_response']} ms a "
            f"response), {e['stored_bytes'] / 1e6:,.1f} MB on disk"
        )


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


def checks_text(checks: Sequence[Mapping[str, Any]]) -> Text:
    """`weir verify` and `weir doctor`."""
    for check in checks:
        yield f"{'ok  ' if check['ok'] else 'FAIL'}  {check['name']:24} {check['detail']}"


def index_text(data: Mapping[str, Any]) -> Text:
    """`weir index info` and `weir index compact`."""
    yield f"{data['dataset']}: bands {data['layout'] or 'none yet'}"
    yield f"{'part':40} {'documents':>12} {'keys':>14} {'bytes':>16}  releases"
    total = {"name": "all", "releases": [], **data["total"]}
    for part in [*data["parts"], total]:
        shown = ", ".join(part["releases"][:3])
        more = len(part["releases"]) - 3
        yield (
            f"{part['name']:40} {part['documents']:>12,} {part['keys']:>14,} {part['bytes']:>16,}  "
            f"{shown}{f' and {more} more' if more > 0 else ''}"
        )
    if data.get("removed"):
        yield f"{len(data['removed'])} files that are merged were removed"


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


def takedown_plan_text(data: Mapping[str, Any]) -> Text:
    """`weir takedown plan`."""
    yield f"request       {data['request_id']} ({data['kind']}, {data['reason_class']})"
    for run in data["runs"]:
        yield f"run           {run['run']}"
        yield f"  documents   {run['documents']:,}, of which {run['kept']:,} are in the corpus"
        yield f"  records     {run['records']:,} lose their address"
        size = sum(file["bytes"] for file in run["files"]) / 1e6
        yield f"  files       {len(run['files']):,} are rewritten, {size:,.1f} MB"
        gone = len(run["pruned"]) + len(run["removed"])
        yield f"  removed     {gone:,} intermediates, reports and views"
        yield from _documents("taken", run["taken"])
        yield from _documents("stays", run["copies"])
    yield from (f"note: {note}" for note in data["notes"])
    if data["applied"]:
        yield "this request was applied already"


MAX_SHOWN = 20


def _documents(what: str, documents: Sequence[Mapping[str, Any]]) -> Text:
    for document in documents[:MAX_SHOWN]:
        how, similarity = document["how"], document["similarity"]
        near = f" {similarity:.3f}" if similarity is not None else ""
        fate = f"{document['tag']} {document['outcome']}, {how}{near}"
        yield f"  {what:11} {document['doc_id']} {fate}"
    if len(documents) > MAX_SHOWN:
        yield f"  {what:11} and {len(documents) - MAX_SHOWN:,} more (--json names them)"


def takedown_apply_text(data: Mapping[str, Any], path: Path) -> Text:
    """`weir takedown apply`."""
    done = "was applied already" if data["already_applied"] else "applied"
    yield f"{data['request_id']} {done}"
    yield f"documents     {data['documents']:,}"
    yield f"records       {data['records']:,}"
    yield f"files         {data['files']:,} rewritten"
    yield f"suppression   {data['suppression']}"
    yield from (f"proof         {proof}" for proof in data["proofs"])
    for query in data["hits"]:
        yield f"found again   {query['hits']:,} rows of {query['table']} by {query['query']}"
    yield f"next          weir takedown verify {path}; weir report {path} for a new report"


def takedown_proof_text(data: Mapping[str, Any]) -> Text:
    """`weir takedown prove`."""
    for proof in data["proofs"]:
        yield f"{proof['request_id']} in {proof['run']}"
        if "merkle" in proof:
            yield f"  received    {proof['received_at']}, closed {proof['closed_at']}"
            yield f"  documents   {proof['documents']:,}, SHA-256 {proof['doc_ids_sha256']}"
            yield f"  merkle      {proof['merkle']['old']}"
            yield f"          ->  {proof['merkle']['new']}"
            yield from (
                f"  {f['path']}: {f['old'][:12]} -> {f['new'][:12]}" for f in proof["files"]
            )
            for query in proof["queries"]:
                found = f"{query['hits']} of {query['rows']:,} rows"
                yield f"  {query['table']} by {query['query']}: {found}"
        yield from (f"  wrong: {fault}" for fault in proof["faults"])


def classifier_text(output: Path, card: Mapping[str, Any]) -> Text:
    """`weir train-quality`: how good it is, and the lines that put it to use."""
    found, model = card["held_out"], card["model"]
    held_out = found["positives"] + found["negatives"]
    for kind in card["classes"]:
        yield f"{kind:12} {card['data'][kind]['used']:,} texts"
    yield f"held out     {held_out:,} texts, of which {found['positives']:,} are positive"
    for name in ("precision", "recall", "auc"):
        yield f"{name:12} {cell(found[name])}"
    yield f"model        {output}, {model['bytes']:,} bytes"
    yield f"card         {output.with_suffix('.json')}"
    yield ""
    yield "In the configuration of a run:"
    yield "languages:"
    yield f"  {card['language']}:"
    yield "    quality_model:"
    yield f"      path: {output}"
    yield f"      sha256: {model['sha256']}"
    yield '      revision: "1"'
