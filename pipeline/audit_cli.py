"""The auditor's verbs: `weir compare` and `bias` in the terminal, `weir audit` in a browser."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.options import Json, LanguageName, RunPath, example
from pipeline.places import place
from stages.errors import ConfigError

app = typer.Typer()

MOST_CHANGES = 20
MOST_SIGNALS = 8
MOST_LANGUAGES = 10
MOST_HOSTS = 5
SHARDS_TOLD = 50

Run = Annotated[
    Path, typer.Argument(metavar="RUN_A", parser=place, help="Folder of the run before.")
]
Other = Annotated[
    Path, typer.Argument(metavar="RUN_B", parser=place, help="Folder of the run after.")
]


@app.command(epilog=example("weir compare runs/demo runs/tuned --language fi"))
def compare(path: Run, other: Other, language: LanguageName = None, as_json: Json = False) -> None:
    """Say what differs between two runs: records by fate, reasons, thresholds, signals, hosts."""
    from audit import compare as audit_compare
    from audit import runs

    tag = answers.tag(language) if language else None
    data = audit_compare.compare(runs.Run(path), runs.Run(other), tag)
    answers.give("compare", data, as_json, lambda: compare_text(data))


@app.command(epilog=example("weir audit runs/demo", "weir audit runs/demo runs/tuned --no-open"))
def audit(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", parser=place, help="Folders of finished runs."),
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: a free one.")] = 0,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen at; others than this machine's reach it."),
    ] = "127.0.0.1",
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address and open no browser.")
    ] = False,
    allow_raw: Annotated[
        bool,
        typer.Option(
            "--allow-raw", help="Let originals be read from the archive, each with a logged reason."
        ),
    ] = False,
) -> None:
    """Open the audit view in a browser: trace, search, numbers, samples, comparison, fairness.

    It reads and changes nothing; what is asked is logged in RUN/journal/audit.jsonl.
    """
    from audit.web import auditor, server
    from audit.web.desk import Desk

    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "weir"
    desk = Desk(paths, state, allows_raw=allow_raw, on_progress=_say_progress)
    desk.prepare()
    door = server.new_door(host)
    with server.bound(host, port) as listening:
        server.serve(
            auditor.application(desk, door),
            listening,
            server.address(listening, door),
            opens=not no_open,
            say=typer.echo,
        )


@app.command(
    epilog=example(
        "weir bias runs/demo --language de",
        "weir bias runs/demo --language de --group age --note 'short forum posts'",
    )
)
def bias(
    path: RunPath,
    language: LanguageName = None,
    most: Annotated[
        int,
        typer.Option("--sample", min=100, help="Documents a language whose texts are read."),
    ] = 20_000,
    note: Annotated[
        str | None,
        typer.Option("--note", help="What a person found who looked; kept in the run's journal."),
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="What the note is about: an axis, or .at.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who wrote the note.")] = "",
    as_json: Json = False,
) -> None:
    """Say what each filter does to pages that mention a group of people, and to varieties.

    Retention against the language's, with intervals; alarms are questions, and warnings here.
    """
    from audit import bias as audit_bias
    from audit import runs

    opened, tag = runs.Run(path), answers.tag(language) if language else None
    if note is not None:
        if tag is None or group is None:
            raise ConfigError(
                "--note", "is about a group of a language; add --language and --group"
            )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        audit_bias.add_note(opened, tag, group, note, by, now)
    data = audit_bias.bias(opened, tag, most)
    warnings = audit_bias.warnings(data)
    answers.give("bias", data, as_json, lambda: bias_text(data, warnings), warnings=warnings)


def bias_text(data: Mapping[str, Any], warnings: Sequence[str]) -> answers.Text:
    """`weir bias`: what is kept of each group, then what is to be looked at."""
    rows = [
        (
            row["language"],
            row["group"] if row["kind"] != "language" else "against the run",
            row["documents"],
            *(_percent(row[key]) for key in ("share", "baseline")),
            *(_ratio(row[key]) for key in ("ratio", "ratio_low", "ratio_high")),
            row["state"],
        )
        for row in sorted(data["rows"], key=lambda row: (row["language"], row["kind"]))
        if row["measure"] == "kept"
    ]
    yield from answers.table(
        ("language", "group", "documents", "kept", "baseline", "ratio", "low", "high", "state"),
        rows,
        "--rrrrrr-",
    )
    few = len(data["few"])
    yield from ("", f"{few:,} groups of fewer than 30 documents are not shown") if few else ()
    looked = [row for row in data["rows"] if row["state"] != "ok" and row["measure"] != "kept"]
    if looked:
        yield ""
        columns = ("language", "group", "documents", "rule", "pass", "baseline", "ratio", "state")
        yield from answers.table(
            columns,
            [
                (
                    row["language"],
                    row["group"],
                    row["documents"],
                    row["measure"],
                    *(_percent(row[key]) for key in ("share", "baseline")),
                    _ratio(row["ratio"]),
                    row["state"],
                )
                for row in looked[:MOST_CHANGES]
            ],
            "--r-rrr-",
        )
    for one in data["notes"]:
        said = f"{one['language']} {one['group']}: {one['note']} ({one['by'] or 'unsigned'})"
        yield from ("", *answers.folded("note  ", said, 6))
    for warning in warnings:
        yield from ("", *answers.folded("warning  ", warning, 9))


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _say_progress(what: str, done: int, total: int) -> None:
    """A line for each tenth of the shards, of runs that have so many."""
    step = max(1, total // 10)
    if total >= SHARDS_TOLD and done % step == 0:
        sys.stderr.write(f"views of {what}: {done:,} of {total:,} shards\n")


def compare_text(data: Mapping[str, Any]) -> answers.Text:
    """`weir compare`: what changed, the largest first, in 80 columns."""
    before, after = data["runs"]
    yield f"before  {before['path']}  {before['snapshot']}  {before['digest'][:12]}"
    yield f"after   {after['path']}  {after['snapshot']}  {after['digest'][:12]}"
    yield (
        f"{data['both']:,} records in both, {data['only_before']:,} only before, "
        f"{data['only_after']:,} only after" + (f", {data['language']}" if data["language"] else "")
    )
    yield from _section("", ("fate", "before", "after", "lost", "gained"), _fates(data), "-rrrr")
    changes = [cell for cell in data["cells"] if cell["changed"]][:MOST_CHANGES]
    rows = [(cell["count"], _short(cell["before"]), _short(cell["after"])) for cell in changes]
    yield from _section("changes", ("records", "before", "after"), rows, "r--")
    if not data["language"]:
        changed = [row for row in data["languages"] if row["change"]][:MOST_LANGUAGES]
        kept = [(row["language"], *row["kept"], row["change"]) for row in changed]
        yield from _section("kept", ("language", "before", "after", "change"), kept, "-rrr")
    rules = [
        (row["rule"], row["before"], row["after"], _listed(row["languages"]))
        for row in data["thresholds"]
    ]
    for rule, old, new, languages in rules:
        yield from ("", f"threshold {rule}", f"  {old} -> {new}", f"  {languages}")
    for row in data["settings"][:MOST_SIGNALS]:
        yield from ("", f"setting {row['key']}", f"  {_cut(row['before'])} -> {_cut(row['after'])}")
    drift = [
        (row["signal"], row["psi"], row["chance"], "drifted" if row["drifted"] else "alike")
        for row in data["drift"][:MOST_SIGNALS]
    ]
    yield from _section("", ("signal", "index", "by chance", ""), drift, "-rr-")
    for name, label in (("vanished", "hosts gone"), ("gained", "hosts new")):
        side = data["hosts"][name]
        yield from ("", f"{label}: {side['count']:,}, with {side['pages']:,} pages")
        yield from (f"  {one['host'][:76]}" for one in side["hosts"][:MOST_HOSTS])


def _section(
    title: str, header: tuple[str, ...], rows: list[tuple[Any, ...]], numbers: str
) -> Iterator[str]:
    if rows:
        yield ""
        if title:
            yield title
        yield from answers.table(header, rows, numbers)


def _fates(data: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Kept and whatever changed; fates that are the same are summed up."""
    rows = [
        (row["fate"], row["before"], row["after"], row["lost"], row["gained"])
        for row in data["fates"]
        if row["fate"] == "kept" or row["lost"] or row["gained"]
    ]
    same = sum(row["both"] for row in data["fates"] if not row["lost"] and not row["gained"])
    return [*rows, ("others, unchanged", same, same, 0, 0)]


def _short(fate: str) -> str:
    return fate if len(fate) <= 32 else f"{fate[:31]}…"


def _cut(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:33]}…"


def _listed(tags: list[str]) -> str:
    more = f" and {len(tags) - 6} more" if len(tags) > 6 else ""
    return ", ".join(tags[:6]) + more
