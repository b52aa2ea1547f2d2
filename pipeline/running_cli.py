"""The verbs that run: `weir run`, `weir plan`, `weir demo`."""

import enum
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.options import (
    ConfigName,
    Inputs,
    Json,
    Settings,
    Where,
    example,
    is_run_at,
    resolve,
)
from pipeline.places import place
from stages.errors import ConfigError, TransientError

app = typer.Typer()


class Show(enum.StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


@app.command(epilog=example("weir run europe --input crawl.warc.gz --output runs/mine"))
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|RUN", help="Configuration to run, or a run folder to resume."
        ),
    ],
    inputs: Inputs = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", parser=place, help="Run folder, or s3://BUCKET/FOLDER; default runs/<name>."
        ),
    ] = None,
    reuse: Annotated[
        Path | None,
        typer.Option(
            "--reuse",
            parser=place,
            help="Adopt committed tasks of this run whose key still matches.",
        ),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(
            "--dataset",
            parser=place,
            help="Dataset that the run belongs to: its published documents, its suppression list.",
        ),
    ] = None,
    executor: Annotated[Where, typer.Option("--executor", help="Where tasks run.")] = Where.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", help="Ray cluster to join, for example auto or ray://head:10001."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default one a core.")
    ] = None,
    task_shard: Annotated[
        str | None,
        typer.Option(
            "--task-shard",
            metavar="I/N",
            help="Extract only every N-th shard, from the I-th (0 to N-1): for array jobs.",
        ),
    ] = None,
    base_uri: Annotated[
        str | None, typer.Option("--base-uri", help="Where the paths of a path list lie.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="Read only the first LIMIT responses of every input."),
    ] = None,
    settings: Settings = None,
    progress: Annotated[
        Show, typer.Option("--progress", help="How progress is shown on stderr.")
    ] = Show.AUTO,
    as_json: Json = False,
) -> None:
    """Run a configuration, or resume a run: what is committed is not done again."""
    from pipeline import display, runner

    resolved = resolve(source, inputs, settings, base_uri, limit)
    is_run = is_run_at(source)
    folder = place(source) if is_run else output or Path("runs") / resolved.run.name
    if is_run and output is not None and output != folder:
        raise ConfigError("--output", f"{source} is a run: it is resumed where it is")
    if reuse is not None and not (reuse / "run.json").is_file():
        raise ConfigError("--reuse", f"{reuse} is not a run")
    if address and executor is not Where.RAY:
        raise ConfigError("--address", "is for Ray", "add --executor ray")
    options = runner.Options(
        folder, executor.value, address, workers, reuse, _shard(task_shard), dataset
    )
    with display.listener(_progress(progress)) as show:
        result = runner.Runner(resolved, options, show).start()
    data = {"run": str(folder), "exit_code": result.exit_code, "problems": result.problems}
    warnings = list(result.problems)
    if result.exit_code in (runner.DONE, runner.PARTIAL) and _has_counts(folder):
        from audit import alarms, runs, stats

        counts = stats.counts(runs.Run(folder, unfinished=True))
        data["totals"] = stats.summarise(counts)["totals"]
        warnings += [alarms.sentence(alarm, folder) for alarm in alarms.alarms(counts)]
    answers.give(
        "run",
        data,
        as_json,
        lambda: run_text(data, warnings),
        ok=result.exit_code == 0,
        warnings=warnings,
    )
    raise typer.Exit(result.exit_code)


def _has_counts(run: Path) -> bool:
    """Whether statistics are there; they are not where the run's store has gone away."""
    try:
        return (run / "statistics" / "counts.parquet").exists()
    except TransientError:
        return False


def _progress(chosen: Show) -> str:
    """How progress is shown: live for a person at a terminal, plain lines elsewhere."""
    if chosen is not Show.AUTO:
        return chosen.value
    return "live" if answers.has_terminal(sys.stderr) else "plain"


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and int(index) < int(count)):
        raise ConfigError(
            "--task-shard", f"{text!r} is not I/N with 0 <= I < N", "for example --task-shard 0/4"
        )
    return int(index), int(count)


@app.command(
    epilog=example(
        "weir plan europe --input crawl.warc.gz",
        "weir plan europe --input a.warc.gz --files 900 --price-per-core-hour .04",
    )
)
def plan(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: ConfigName,
    inputs: Inputs = None,
    base_uri: Annotated[str | None, typer.Option("--base-uri")] = None,
    settings: Settings = None,
    probe: Annotated[
        int,
        typer.Option(
            "--probe",
            min=0,
            help="Responses, at up to three places, to process for the estimate; 0 for none.",
        ),
    ] = 200,
    files: Annotated[
        int | None, typer.Option("--files", min=1, help="Estimate for N files like these.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default one a core.")
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price-per-core-hour", min=0, help="Adds what the cores cost."),
    ] = None,
    country: Annotated[
        str | None, typer.Option("--country", metavar="CC", help="Where it runs; adds grams CO2e.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what a run would read, and estimate its time, energy, disk and memory from a probe."""
    from pipeline import forecast

    wanted = forecast.Wanted(probe, workers, files, price, country)
    data = forecast.plan(resolve(source, inputs, settings, base_uri), wanted)
    answers.give("plan", data, as_json, lambda: forecast.plan_text(data))


@app.command(epilog=example("weir demo --output runs/demo"))
def demo(
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            parser=place,
            help="Run folder, or s3://BUCKET/FOLDER; an earlier demo in it is replaced.",
        ),
    ] = Path("runs/demo"),
    executor: Annotated[Where, typer.Option("--executor")] = Where.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=1)] = None,
) -> None:
    """Build the sample snapshot, run it, and write its report."""
    from audit import report as audit_report
    from audit import runs
    from pipeline import display, runner
    from pipeline.storage import remove_below
    from samples import build

    build.build()
    paths = next(build.SNAPSHOT_DIR.glob("crawl-data/*/warc.paths.gz")).resolve()
    listed = os.path.relpath(paths) if paths.is_relative_to(Path.cwd()) else str(paths)
    if (book := output / "run.json").exists():
        if json.loads(book.read_text(encoding="utf-8"))["name"] != "sample":
            raise ConfigError(
                str(output), "is a run, and not an earlier demo", "choose an --output"
            )
        remove_below(output)
    resolved = resolve("sample", [listed], None)
    with display.listener(_progress(Show.AUTO)) as show:
        result = runner.Runner(
            resolved, runner.Options(output, executor.value, None, workers), show
        ).start()
    if result.exit_code:
        raise typer.Exit(result.exit_code)
    written = audit_report.write_report(runs.Run(output))
    for line in demo_text(output, written):
        typer.echo(line)


def run_text(data: Mapping[str, Any], warnings: Sequence[str]) -> answers.Text:
    """The end of `weir run`."""
    if "totals" in data:
        yield from answers.waterfall(data["totals"])
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


def demo_text(run: Path, report: Path) -> answers.Text:
    """The end of `weir demo`."""
    from audit import runs, stats

    found = stats.stats(runs.Run(run))["totals"]
    yield from answers.waterfall(found)
    languages = sorted(p.name for p in (run / "corpus").iterdir())
    yield f"\ncorpus    {run / 'corpus'}/<tag>/<tag>-NNNNN.parquet in {len(languages)} languages"
    yield f"trace     weir trace {run} URL        what happened to a page, and why"
    yield f"report    {report}"
