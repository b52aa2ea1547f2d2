"""The verbs that read runs: `weir status`, `stats`, `report`, `trace`, `sample`, `tune` ..."""

import dataclasses
import enum
import functools
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.answers import has_keys, has_style
from pipeline.options import Json, LanguageName, RunPath, example
from pipeline.places import place
from stages.errors import ConfigError

app = typer.Typer()


class Outcome(enum.StrEnum):
    """What became of a page."""

    KEEP = "keep"
    REJECT = "reject"
    QUARANTINE = "quarantine"


class Samples(enum.StrEnum):
    """Pages that a report shows."""

    MASKED = "masked"
    NONE = "none"


Wanted = Annotated[Outcome | None, typer.Option("--outcome", help="What became of them.")]
Because = Annotated[str | None, typer.Option("--reason", help="For example rule.word_count.")]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", help="Another seed, other pages; the same seed, the same pages for everybody."
    ),
]
MAX_INSPECTED = 100_000
"""Characters of a page that are shown: more than nearly all pages have."""


@app.command(epilog=example("weir status runs/mine --watch"))
def status(
    path: RunPath,
    watch: Annotated[bool, typer.Option("--watch", help="Show the run until it ends.")] = False,
    as_json: Json = False,
) -> None:
    """Say how far a run is, what failed and why, and which rules reject nearly all of a language.

    With --watch a live view on a terminal, elsewhere a line a change or half a minute.
    """
    from audit import alarms, runs
    from audit import status as audit_status
    from pipeline import reading_text

    seen = audit_status.Seen()

    def read() -> dict[str, Any]:
        found = audit_status.status(runs.Run(path, unfinished=True), seen)
        found["alarms"] = [alarms.sentence(alarm, path) for alarm in found["alarms"]]
        return found

    if watch:
        from pipeline import watch as following

        data = following.follow(read, path)
    else:
        data = read()
    answers.give("status", data, as_json, lambda: reading_text.status_text(data, path))


@app.command(epilog=example("weir verify runs/demo"))
def verify(path: RunPath, as_json: Json = False) -> None:
    """Recompute digests, schemas, alignment and the books of a run.

    Exit code 3 if anything is wrong.
    """
    from audit import runs
    from audit import verify as audit_verify

    checks = audit_verify.verify(runs.Run(path))
    ok = all(check["ok"] for check in checks)
    answers.give("verify", {"checks": checks}, as_json, lambda: answers.checks_text(checks), ok=ok)
    raise typer.Exit(0 if ok else 3)


class Format(enum.StrEnum):
    """What numbers are printed as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


@app.command(
    epilog=example(
        "weir stats runs/demo --language Finnish",
        "weir stats runs/demo --format csv > numbers.csv",
    )
)
def stats(
    path: RunPath,
    language: LanguageName = None,
    form: Annotated[
        Format,
        typer.Option("--format", help="Other than a table: rows of one number each, for programs."),
    ] = Format.TABLE,
    as_json: Json = False,
) -> None:
    """Count what became of every page, by language and reason."""
    from audit import exports, runs
    from audit import stats as audit_stats
    from pipeline import reading_text

    opened = runs.Run(path)
    data, tag = audit_stats.stats(opened), None
    if language:
        tag = answers.tag(language)
        chosen = ("languages", "rules", "pii")
        of_tag = {name: {t: v for t, v in data[name].items() if t == tag} for name in chosen}
        data = {**data, **of_tag}
        if not data["languages"]:
            raise ConfigError("--language", f"{path} has no page in {tag}")
    if form is not Format.TABLE and not as_json:
        answers.give_bytes(exports.BY_FORMAT[form.value](audit_stats.tidy(opened, data)))
        return
    answers.give("stats", data, as_json, lambda: reading_text.stats_text(data, tag))


@app.command(
    epilog=example(
        "weir energy runs/demo --country DE", "weir energy runs/demo --output energy.json"
    )
)
def energy(
    path: RunPath,
    country: Annotated[
        str | None,
        typer.Option("--country", metavar="CC", help="Where it ran (DE, FI ...): adds grams CO2e."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Also write the data as JSON.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a run cost in energy, low to high: by step, by language, for rejected pages.

    Every assumption is printed with its source.
    """
    from audit import energy as audit_energy
    from audit import exports, runs
    from pipeline import reading_text

    data = audit_energy.energy(runs.Run(path), country)
    if output is not None:
        exports.write("--output", output, (json.dumps(data, indent=1) + "\n").encode())
    answers.give("energy", data, as_json, lambda: reading_text.energy_text(data))


@app.command(epilog=example("weir report runs/demo --language Maltese --baseline runs/before"))
def report(
    path: RunPath,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="RUN", parser=place, help="Earlier run, to say what changed."
        ),
    ] = None,
    samples: Annotated[
        Samples, typer.Option("--samples", help="Pages, personal data masked; or none.")
    ] = Samples.MASKED,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", metavar="T", help="Only this chapter; may be given many times."),
    ] = None,
    signals: Annotated[
        int,
        typer.Option(
            "--signals", min=0, max=64, help="Histograms a language; with 0, no rules either."
        ),
    ] = 16,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Not RUN/report/index.html.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the run's report, HTML without network, and name its first page."""
    from audit import report as audit_report
    from audit import runs

    options = audit_report.Options(
        baseline=runs.Run(baseline) if baseline else None,
        samples=samples.value,
        languages=tuple(language or ()),
        signals=signals,
        output=output,
    )
    written = audit_report.write_report(runs.Run(path), options)
    answers.give("report", {"path": str(written)}, as_json, lambda: [str(written)])


@app.command(epilog=example("weir trace runs/demo https://example.org/page"))
def trace(
    path: RunPath,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="URL", help="URL, host, *.domain, doc_id or WARC-Record-ID; may be several."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say what happened to a page, from the WARC bytes to the corpus row, and why."""
    from audit import runs, views
    from audit import trace as audit_trace
    from pipeline import reading_text

    opened, found = runs.Run(path), []
    ledger = views.ledger(opened)
    searched: list[str] = []
    for one in what:
        traced = audit_trace.trace(opened, one, ledger=ledger)
        found += traced["records"]
        searched = traced["searched"]
    data = {"records": found, "searched": searched}
    answers.give("trace", data, as_json, lambda: reading_text.trace_text(data, what))


@app.command(epilog=example("weir sample runs/demo --language fi --outcome reject --n 5 --seed 7"))
def sample(
    path: RunPath,
    language: LanguageName = None,
    outcome: Wanted = None,
    reason: Because = None,
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="How many.")] = 10,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Draw a seeded sample of pages by language, outcome and reason."""
    from audit import runs
    from audit import sample as audit_sample
    from pipeline import reading_text

    tag = answers.tag(language) if language else None
    data = audit_sample.sample(
        runs.Run(path), tag, outcome.value if outcome else None, reason, n, seed
    )
    answers.give("sample", data, as_json, lambda: reading_text.sample_text(data))


@app.command(epilog=example("weir inspect runs/demo --language fi --outcome reject"))
def inspect(
    path: RunPath,
    language: LanguageName = None,
    outcome: Wanted = None,
    reason: Because = None,
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="How many.")] = 50,
    seed: Seed = 1,
    plain: Annotated[
        bool, typer.Option("--plain", help="Print them one after another, without keys.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read pages in the terminal, one at a time: n next, p previous, q quit.

    The same pages as `weir sample` draws, with more of their text.
    """
    from audit import inspect as audit_inspect
    from audit import runs
    from audit import sample as audit_sample

    opened, tag = runs.Run(path), answers.tag(language) if language else None
    chosen = audit_sample.drawn(opened, tag, outcome.value if outcome else None, reason, n, seed)
    if not chosen:
        raise ConfigError("weir inspect", "no such page in this run", f"weir stats {path}")

    @functools.lru_cache(maxsize=8)
    def page(number: int) -> dict[str, Any]:
        return audit_sample.pages(opened, [chosen[number]], MAX_INSPECTED)[0]

    def lines(number: int, width: int) -> list[str]:
        return audit_inspect.lines(page(number), f"{number + 1} of {len(chosen)}", width)

    if not (plain or as_json) and has_keys():
        audit_inspect.browse(len(chosen), lines, has_style())
        return
    if as_json:
        documents = [page(number) for number in range(len(chosen))]
        answers.give("inspect", {"documents": documents}, as_json, list)
        return
    for number in range(len(chosen)):
        text = lines(number, audit_inspect.columns())
        answers.give("inspect", {}, False, lambda found=text: ["", *found])  # type: ignore[misc]


@app.command(epilog=example("weir gates runs/demo --junit gates.xml"))
def gates(
    path: RunPath,
    file: Annotated[
        Path | None, typer.Option("--gates", help="YAML of gates; default configs/gates.yaml.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="RUN", parser=place, help="Earlier run, for drift."),
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Also write JUnit XML.")] = None,
    as_json: Json = False,
) -> None:
    """Hold a run against its gates: keep-rates, pinned pages, drift; exit code 3 if one fails."""
    from audit import exports, runs
    from audit import gates as audit_gates
    from pipeline import reading_text

    place, wanted = audit_gates.load(file)
    opened = runs.Run(path)
    found = audit_gates.check(opened, wanted, runs.Run(baseline) if baseline else None)
    if junit is not None:
        exports.write("--junit", junit, audit_gates.junit(opened, found))
    ok = all(verdict.outcome != audit_gates.FAILED for verdict in found)
    data = {"gates": str(place), "verdicts": [dataclasses.asdict(verdict) for verdict in found]}
    answers.give("gates", data, as_json, lambda: reading_text.gates_text(data), ok=ok)
    raise typer.Exit(0 if ok else 3)


@app.command(epilog=example("weir prune runs/demo"))
def prune(
    path: RunPath,
    all_intermediates: Annotated[
        bool,
        typer.Option(
            "--all-intermediates",
            help="Also documents and signatures: no --reuse afterwards, and no excerpts.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove intermediates of a finished run; the ledger, corpus and manifests stay."""
    from audit import prune as audit_prune
    from audit import runs
    from pipeline import reading_text

    keep = () if all_intermediates else audit_prune.ON_REQUEST
    data = audit_prune.prune(runs.Run(path), keep)
    answers.give("prune", data, as_json, lambda: reading_text.prune_text(data))
