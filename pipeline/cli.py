"""The command line: `weir VERB RUN|CONFIG [options]`.

stdout is the answer, stderr is progress and logs. Exit codes: 0 done, 1 failed, 2 usage or
configuration, 3 integrity or limits, 4 partial and resumable, 130 / 143 stopped by a signal after
saving.
"""

import dataclasses
import enum
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from langid.registry import ModelError
from pipeline import (
    answers,
    config,
    dataset_cli,
    display,
    foreign_packs,
    reference,
    runner,
    trial,
)
from pipeline.dataset_cli import Json
from stages.errors import ConfigError, CurationError, ShardError

app = typer.Typer(
    name="weir",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From a web-crawl snapshot to clean, deduplicated, "
    "rights-respecting Parquet in every European language.",
)
config_app = typer.Typer(no_args_is_help=True, help="Show, explain and check configurations.")
app.add_typer(config_app, name="config")
models_app = typer.Typer(no_args_is_help=True, help="List, fetch and verify language models.")
app.add_typer(models_app, name="models")
app.add_typer(dataset_cli.takedown_app, name="takedown")

app.add_typer(dataset_cli.index_app, name="index")

UsageError: Any = typer.BadParameter.__bases__[0]  # typer may bring its own click

RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
ConfigName = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG", help="YAML file, or the name of one in configs/runs/ (europe, sample)."
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="File, folder, pattern or path list; may be repeated."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value of the configuration."),
]
LanguageName = Annotated[
    str | None, typer.Option("--language", help="Tag or name: fin_Latn, fi, Finnish.")
]


class Show(enum.StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class Where(enum.StrEnum):
    """Executors."""

    LOCAL = "local"
    RAY = "ray"


class Outcome(enum.StrEnum):
    """What became of a page."""

    KEEP = "keep"
    REJECT = "reject"
    QUARANTINE = "quarantine"


def _resolve(
    source: str,
    inputs: list[str] | None,
    settings: list[str] | None,
    base_uri: str | None = None,
    limit: int | None = None,
) -> config.Resolved:
    """The configuration of a run, a file or a shipped name, with the command line's overrides."""
    extra = list(settings or ())
    if inputs:
        extra.append(f"inputs={json.dumps(inputs)}")
    if base_uri:
        extra.append(f"base_uri={json.dumps(base_uri)}")
    if limit:
        extra.append(f"limit={limit}")
    book = Path(source) / "run.json"
    if book.is_file():
        if extra:
            raise ConfigError(
                source,
                "a run keeps the configuration it was made with",
                f"start another with: weir run CONFIG --reuse {source} --output NEW",
            )
        saved = json.loads(book.read_text(encoding="utf-8"))
        return config.Resolved(config.Run.model_validate(saved["config"]), saved["origins"])
    return config.load(source, extra)


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|RUN", help="Configuration to run, or a run folder to resume."
        ),
    ],
    inputs: Inputs = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Run folder; default runs/<name>.")
    ] = None,
    reuse: Annotated[
        Path | None,
        typer.Option("--reuse", help="Adopt committed tasks of this run whose key still matches."),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(
            "--dataset",
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
    resolved = _resolve(source, inputs, settings, base_uri, limit)
    is_run = (Path(source) / "run.json").is_file()
    folder = Path(source) if is_run else output or Path("runs") / resolved.run.name
    if is_run and output is not None and output != folder:
        raise ConfigError("--output", f"{source} is a run: it is resumed where it is")
    if reuse is not None and not (reuse / "run.json").is_file():
        raise ConfigError("--reuse", f"{reuse} is not a run")
    if address and executor is not Where.RAY:
        raise ConfigError("--address", "is for Ray", "add --executor ray")
    options = runner.Options(
        folder, executor.value, address, workers, reuse, _shard(task_shard), dataset
    )
    with display.listener(progress.value) as show:
        result = runner.Runner(resolved, options, show).start()
    data = {"run": str(folder), "exit_code": result.exit_code, "problems": result.problems}
    warnings = list(result.problems)
    if (
        result.exit_code in (runner.DONE, runner.PARTIAL)
        and (folder / "statistics" / "counts.parquet").exists()
    ):
        from audit import alarms, runs  # noqa: PLC0415

        data["totals"] = answers.totals(folder)
        found = alarms.of_run(runs.Run(folder, unfinished=True))
        warnings += [alarms.sentence(alarm, folder) for alarm in found]
    answers.give(
        "run",
        data,
        as_json,
        lambda: answers.run_text(data, warnings),
        ok=result.exit_code == 0,
        warnings=warnings,
    )
    raise typer.Exit(result.exit_code)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    index, _, count = text.partition("/")
    if not (index.isdigit() and count.isdigit() and int(index) < int(count)):
        raise ConfigError(
            "--task-shard", f"{text!r} is not I/N with 0 <= I < N", "for example --task-shard 0/4"
        )
    return int(index), int(count)


@app.command()
def plan(
    source: ConfigName,
    inputs: Inputs = None,
    base_uri: Annotated[str | None, typer.Option("--base-uri")] = None,
    settings: Settings = None,
    probe: Annotated[
        int,
        typer.Option(
            "--probe",
            min=0,
            help="Responses of the first input to process for the estimate; 0 for none.",
        ),
    ] = 200,
    as_json: Json = False,
) -> None:
    """Say what a run would read; estimate pages, CPU time and disk from a probe of an input."""
    data = trial.plan(_resolve(source, inputs, settings, base_uri), probe)
    answers.give("plan", data, as_json, lambda: answers.plan_text(data))


@app.command()
def status(
    path: RunPath,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat every two seconds until the run ends.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say how far a run is, and which rules reject nearly all of a language."""
    from audit import alarms, runs  # noqa: PLC0415
    from audit import status as audit_status  # noqa: PLC0415

    while True:
        data = audit_status.status(runs.Run(path, unfinished=True))
        data["alarms"] = [alarms.sentence(alarm, path) for alarm in data["alarms"]]
        if watch and not as_json and sys.stdout.isatty():
            sys.stdout.write("\x1b[2J\x1b[H")
        answers.give("status", data, as_json, lambda found=data: answers.status_text(found))  # type: ignore[misc]
        if not watch or data["state"] in ("finished", "partial"):
            return
        time.sleep(2)


@app.command()
def verify(path: RunPath, as_json: Json = False) -> None:
    """Recompute digests, schemas, alignment and the books of a run.

    Exit code 3 if anything is wrong.
    """
    from audit import runs  # noqa: PLC0415
    from audit import verify as audit_verify  # noqa: PLC0415

    checks = audit_verify.verify(runs.Run(path))
    ok = all(check["ok"] for check in checks)
    answers.give("verify", {"checks": checks}, as_json, lambda: answers.checks_text(checks), ok=ok)
    raise typer.Exit(0 if ok else 3)


@app.command()
def stats(path: RunPath, language: LanguageName = None, as_json: Json = False) -> None:
    """Count what became of every page, by language and reason."""
    from audit import runs  # noqa: PLC0415
    from audit import stats as audit_stats  # noqa: PLC0415

    data, tag = audit_stats.stats(runs.Run(path)), None
    if language:
        tag = answers.tag(language)
        data = {**data, "languages": {t: v for t, v in data["languages"].items() if t == tag}}
        if not data["languages"]:
            raise ConfigError("--language", f"{path} has no page in {tag}")
    answers.give("stats", data, as_json, lambda: answers.stats_text(data, tag))


@app.command()
def report(path: RunPath, as_json: Json = False) -> None:
    """Write the run's report, one HTML page, and name it."""
    from audit import report as audit_report  # noqa: PLC0415
    from audit import runs  # noqa: PLC0415

    written = audit_report.write_report(runs.Run(path))
    answers.give("report", {"path": str(written)}, as_json, lambda: [str(written)])


@app.command()
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
    from audit import runs, views  # noqa: PLC0415
    from audit import trace as audit_trace  # noqa: PLC0415

    opened, found = runs.Run(path), []
    ledger = views.ledger(opened)
    searched: list[str] = []
    for one in what:
        traced = audit_trace.trace(opened, one, ledger=ledger)
        found += traced["records"]
        searched = traced["searched"]
    data = {"records": found, "searched": searched}
    answers.give("trace", data, as_json, lambda: answers.trace_text(data, what))


@app.command()
def sample(
    path: RunPath,
    language: LanguageName = None,
    outcome: Annotated[Outcome | None, typer.Option("--outcome")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="For example rule.word_count.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="How many.")] = 10,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", help="Another seed, other pages; the same seed, the same pages for everybody."
        ),
    ] = 1,
    as_json: Json = False,
) -> None:
    """Draw a seeded sample of pages by language, outcome and reason."""
    from audit import runs  # noqa: PLC0415
    from audit import sample as audit_sample  # noqa: PLC0415

    tag = answers.tag(language) if language else None
    data = audit_sample.sample(
        runs.Run(path), tag, outcome.value if outcome else None, reason, n, seed
    )
    answers.give("sample", data, as_json, lambda: answers.sample_text(data))


@app.command()
def tune(  # noqa: PLR0913, PLR0917 - one parameter an option
    path: RunPath,
    language: Annotated[
        str, typer.Option("--language", help="Tag or name: fin_Latn, fi, Finnish.")
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="RULE=VALUE",
            help="Threshold to try: RULE=VALUE, RULE.min=, RULE.max=, or RULE=null for off.",
        ),
    ] = None,
    n: Annotated[
        int, typer.Option("--n", min=0, max=10_000, help="How many that flip, each way.")
    ] = 20,
    seed: Annotated[
        int, typer.Option("--seed", help="The same seed, the same pages for everybody.")
    ] = 7,
    with_text: Annotated[
        bool, typer.Option("--text", help="Show excerpts of the pages that flip.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option("--write", help="Language pack or configuration to put the thresholds into."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Where the thresholds come from; default: this trial."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what other thresholds would do to a language, from stored signals; write them as YAML."""
    from audit import runs  # noqa: PLC0415
    from audit import tune as audit_tune  # noqa: PLC0415

    trial_of = audit_tune.Trial(answers.tag(language), tuple(settings or ()), n, seed, with_text)
    data = audit_tune.tune(runs.Run(path), trial_of, write, source)
    warnings = [data["assumption"], *data["notes"]]
    answers.give("tune", data, as_json, lambda: answers.tune_text(data), warnings=warnings)


@app.command()
def gates(
    path: RunPath,
    file: Annotated[
        Path | None, typer.Option("--gates", help="YAML of gates; default configs/gates.yaml.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="RUN", help="Earlier run, for drift.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Also write JUnit XML.")] = None,
    as_json: Json = False,
) -> None:
    """Hold a run against its gates: keep-rates, pinned pages, drift; exit code 3 if one fails."""
    from audit import exports, runs  # noqa: PLC0415
    from audit import gates as audit_gates  # noqa: PLC0415

    place, wanted = audit_gates.load(file)
    opened = runs.Run(path)
    found = audit_gates.check(opened, wanted, runs.Run(baseline) if baseline else None)
    if junit is not None:
        exports.write("--junit", junit, audit_gates.junit(opened, found))
    ok = all(verdict.outcome != audit_gates.FAILED for verdict in found)
    data = {"gates": str(place), "verdicts": [dataclasses.asdict(verdict) for verdict in found]}
    answers.give("gates", data, as_json, lambda: answers.gates_text(data), ok=ok)
    raise typer.Exit(0 if ok else 3)


@app.command()
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
    from audit import prune as audit_prune  # noqa: PLC0415
    from audit import runs  # noqa: PLC0415

    keep = () if all_intermediates else audit_prune.ON_REQUEST
    data = audit_prune.prune(runs.Run(path), keep)
    answers.give("prune", data, as_json, lambda: answers.prune_text(data))


@app.command("train-quality")
def train_quality(
    language: Annotated[str, typer.Option("--language", help="Tag or name: fin_Latn, Finnish.")],
    positive: Annotated[
        list[str],
        typer.Option(
            "--positive",
            metavar="FILE|FOLDER|RUN",
            help="Texts to prefer: Parquet with `text`, JSON Lines, or a run; may be repeated.",
        ),
    ],
    negative: Annotated[
        list[str],
        typer.Option("--negative", metavar="FILE|FOLDER|RUN", help="Texts to be told from them."),
    ],
    output: Annotated[Path, typer.Option("--output", metavar="FILE.ftz", help="The model.")],
    as_json: Json = False,
) -> None:
    """Train a quality classifier of a language; its card is written beside it.

    One text in five is held out, and tells precision, recall and AUC.
    """
    from pipeline import classifier  # noqa: PLC0415 - fastText's trainer, for this command alone

    tag = answers.tag(language)
    card = classifier.train(
        tag,
        classifier.gather("positive", positive, tag),
        classifier.gather("negative", negative, tag),
        output,
    )
    found = classifier.warnings(card)
    for warning in found:
        typer.echo(f"weir: {warning}", err=True)
    answers.give(
        "train-quality",
        {"output": str(output), "card": card},
        as_json,
        lambda: answers.classifier_text(output, card),
        warnings=found,
    )


@config_app.command("show")
def config_show(
    source: ConfigName,
    language: LanguageName = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Print resolved values, each with the file it came from."""
    data = reference.config_values(_resolve(source, None, settings), language)
    answers.give("config show", {"values": data}, as_json, lambda: reference.config_text(data))


@config_app.command("explain")
def config_explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Dotted key, or the name of a signal.")],
    as_json: Json = False,
) -> None:
    """Explain a key: its type, what is allowed, its value and source.

    For a signal also what it measures.
    """
    data = reference.explain(key)
    answers.give("config explain", data, as_json, lambda: reference.pairs_text(data))


@config_app.command("validate")
def config_validate(source: ConfigName, settings: Settings = None, as_json: Json = False) -> None:
    """Check a configuration and all language packs."""
    resolved = _resolve(source, None, settings)
    data = {
        "name": resolved.run.name,
        "digest": resolved.digest,
        "languages": len(resolved.run.languages),
        "rules": len(resolved.run.language.rules),
    }
    answers.give(
        "config validate",
        data,
        as_json,
        lambda: reference.pairs_text(data),
    )


@config_app.command("import-fineweb2")
def config_import(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of FineWeb-2's per-language YAML files.")
    ],
    output: Annotated[
        Path, typer.Option("--output", help="Folder for the language packs; nothing is replaced.")
    ],
    as_json: Json = False,
) -> None:
    """Make language packs of FineWeb-2's per-language values, with sanity checks.

    Limits that reject nothing, English stop words and unknown tags are refused, by file and line.
    """
    data = foreign_packs.imported(source, output)
    answers.give("config import-fineweb2", data, as_json, lambda: foreign_packs.import_text(data))


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """List the language models: licence, size, how each is had, and whether it is here."""
    rows = reference.model_rows()
    answers.give("models list", {"models": rows}, as_json, lambda: reference.model_text(rows))


@models_app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model that is for download.")],
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory", help="Where to put it; default WEIR_MODELS, else the user's cache."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Download a model; it is refused unless its SHA-256 is the one that Weir knows.

    A model that is there already is not downloaded again.
    """
    data = reference.fetch_model(
        name, directory, lambda message: typer.echo(f"weir: {message}", err=True)
    )
    answers.give("models fetch", data, as_json, lambda: reference.fetch_text(data))


@models_app.command("verify")
def models_verify(as_json: Json = False) -> None:
    """Recompute the SHA-256 of every model that is here; exit code 1 if one is wrong."""
    checks = reference.model_checks()
    ok = all(check["ok"] for check in checks)
    answers.give(
        "models verify", {"checks": checks}, as_json, lambda: answers.checks_text(checks), ok=ok
    )
    raise typer.Exit(0 if ok else 1)


Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line of input.")]


@app.command()
def identify(jsonl: Jsonl = False) -> None:
    """Identify the language of each line of standard input."""
    _filter(trial.identifier(), jsonl)


@app.command()
def measure(language: LanguageName = None, jsonl: Jsonl = False) -> None:
    """Measure every signal of each line of standard input.

    A line may be a JSON string or an object with `text`.
    """
    _filter(trial.measurer(language), jsonl)


@app.command()
def redact(language: LanguageName = None, jsonl: Jsonl = False) -> None:
    """Replace personal data in each line of standard input."""
    _filter(trial.redactor(language), jsonl)


def _filter(work: Callable[[str], Mapping[str, Any]], jsonl: bool) -> None:
    for line in sys.stdin:
        made = work(trial.text_of(line.rstrip("\n")))
        sys.stdout.write(
            (json.dumps(made, ensure_ascii=False) if jsonl else trial.one_line(made)) + "\n"
        )
        sys.stdout.flush()


@app.command()
def calibrate(
    language: Annotated[
        str, typer.Option("--language", help="Tag or name: fin_Latn, fi, Finnish.")
    ],
    reference_paths: Annotated[
        list[Path],
        typer.Option(
            "--reference",
            metavar="PATH",
            help="Parquet or JSON lines with `text`, plain text, or a folder; may be repeated.",
        ),
    ],
    crawl: Annotated[
        Path | None, typer.Option("--crawl", help="Run to set language_confidence by.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", help="Folder for the pack, its page and its plots.")
    ] = Path("calibration"),
    as_json: Json = False,
) -> None:
    """Make a language pack out of clean text: word lists and thresholds, each with its source."""
    from audit import own_pack  # noqa: PLC0415 - imports numba and the language models

    data, warnings = own_pack.write(answers.tag(language), reference_paths, crawl, output)
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")
    answers.give("calibrate", data, as_json, lambda: own_pack.text_of(data), warnings=warnings)


@app.command()
def languages(as_json: Json = False) -> None:
    """List the European languages that are known, with what each model and language pack covers."""
    rows = reference.language_rows()
    answers.give("languages", {"languages": rows}, as_json, lambda: reference.language_text(rows))


@app.command()
def schema(
    table: Annotated[str | None, typer.Argument(metavar="TABLE")] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/data-format.md.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the data contract: every table's columns, and the reasons."""
    data = reference.schema_data(table)
    answers.give(
        "schema",
        data,
        as_json,
        lambda: reference.schema_markdown(data) if markdown else reference.schema_text(data),
    )


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check that this machine can run Weir; exit code 1 if not."""
    checks = trial.doctor()
    ok = all(check["ok"] for check in checks)
    answers.give("doctor", {"checks": checks}, as_json, lambda: answers.checks_text(checks), ok=ok)
    raise typer.Exit(0 if ok else 1)


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", help="Run folder; an earlier demo in it is replaced.")
    ] = Path("runs/demo"),
    executor: Annotated[Where, typer.Option("--executor")] = Where.LOCAL,
    workers: Annotated[int | None, typer.Option("--workers", min=1)] = None,
) -> None:
    """Build the sample snapshot, run it, and write its report."""
    from audit import report as audit_report  # noqa: PLC0415
    from audit import runs  # noqa: PLC0415
    from samples import build  # noqa: PLC0415

    build.build()
    paths = next(build.SNAPSHOT_DIR.glob("crawl-data/*/warc.paths.gz")).resolve()
    listed = os.path.relpath(paths) if paths.is_relative_to(Path.cwd()) else str(paths)
    if (book := output / "run.json").exists():
        if json.loads(book.read_text(encoding="utf-8"))["name"] != "sample":
            raise ConfigError(
                str(output), "is a run, and not an earlier demo", "choose an --output"
            )
        shutil.rmtree(output)
    resolved = _resolve("sample", [listed], None)
    with display.listener("auto") as show:
        result = runner.Runner(
            resolved, runner.Options(output, executor.value, None, workers), show
        ).start()
    if result.exit_code:
        raise typer.Exit(result.exit_code)
    written = audit_report.write_report(runs.Run(output))
    for line in answers.demo_text(output, written):
        typer.echo(line)


def _report_error(error: Exception, given: list[str]) -> None:
    sys.stderr.write(f"weir: {error}\n")
    _give_error(str(error), given)


def _give_error(message: str, given: list[str]) -> None:
    if "--json" in given:
        verb = " ".join(given[: 2 if given[0] in ("config", "models", "takedown") else 1])
        answers.give(verb, {"error": message}, True, list, ok=False)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line.

    What a person can act on becomes a message and an exit code, never a traceback.
    """
    given = list(arguments) if arguments is not None else sys.argv[1:]
    try:
        code = app(given, standalone_mode=False)
    except typer.Abort:
        return 130
    except UsageError as error:
        error.show()
        _give_error(error.format_message(), given)
        return 2
    except (CurationError, ModelError) as error:
        _report_error(error, given)
        return 1 if isinstance(error, ShardError | ModelError) else error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
