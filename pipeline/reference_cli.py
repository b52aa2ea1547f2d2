"""The verbs that look things up: `weir config`, `models`, `languages`, `schema`, `doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline import answers
from pipeline.options import (
    ConfigName,
    Inputs,
    Json,
    LanguageName,
    Settings,
    example,
    resolve,
)

app = typer.Typer()
config_app = typer.Typer(no_args_is_help=True, help="Show, explain and check configurations.")
app.add_typer(config_app, name="config")
models_app = typer.Typer(no_args_is_help=True, help="List, fetch and verify language models.")
app.add_typer(models_app, name="models")


@config_app.command("show", epilog=example("weir config show europe --language fi"))
def config_show(
    source: ConfigName,
    language: LanguageName = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Print resolved values, each with the file it came from."""
    from pipeline import reference

    data = reference.config_values(resolve(source, None, settings), language)
    answers.give("config show", {"values": data}, as_json, lambda: reference.config_text(data))


@config_app.command("explain", epilog=example("weir config explain word_count"))
def config_explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Dotted key, or the name of a signal.")],
    as_json: Json = False,
) -> None:
    """Explain a key: its type, what is allowed, its value and source.

    For a signal also what it measures.
    """
    from pipeline import reference

    data = reference.explain(key)
    answers.give("config explain", data, as_json, lambda: reference.pairs_text(data))


@config_app.command("validate", epilog=example("weir config validate europe"))
def config_validate(source: ConfigName, settings: Settings = None, as_json: Json = False) -> None:
    """Check a configuration and all language packs."""
    from pipeline import reference

    resolved = resolve(source, None, settings)
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


@config_app.command(
    "import-fineweb2", epilog=example("weir config import-fineweb2 configs/ --output packs")
)
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
    from pipeline import foreign_packs

    data = foreign_packs.imported(source, output)
    answers.give("config import-fineweb2", data, as_json, lambda: foreign_packs.import_text(data))


@models_app.command("list", epilog=example("weir models list"))
def models_list(as_json: Json = False) -> None:
    """List the language models: licence, size, how each is had, and whether it is here."""
    from pipeline import reference

    rows = reference.model_rows()
    answers.give("models list", {"models": rows}, as_json, lambda: reference.model_text(rows))


@models_app.command("fetch", epilog=example("weir models fetch NAME"))
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
    from pipeline import reference

    data = reference.fetch_model(
        name, directory, lambda message: typer.echo(f"weir: {message}", err=True)
    )
    answers.give("models fetch", data, as_json, lambda: reference.fetch_text(data))


@models_app.command("verify", epilog=example("weir models verify"))
def models_verify(as_json: Json = False) -> None:
    """Recompute the SHA-256 of every model that is here; exit code 1 if one is wrong."""
    from pipeline import reference

    checks = reference.model_checks()
    ok = all(check["ok"] for check in checks)
    answers.give(
        "models verify", {"checks": checks}, as_json, lambda: answers.checks_text(checks), ok=ok
    )
    raise typer.Exit(0 if ok else 1)


@app.command(epilog=example("weir languages"))
def languages(as_json: Json = False) -> None:
    """List the European languages that are known, with what each model and language pack covers."""
    from pipeline import reference

    rows = reference.language_rows()
    answers.give("languages", {"languages": rows}, as_json, lambda: reference.language_text(rows))


@app.command(epilog=example("weir schema documents", "weir schema --json-schema status"))
def schema(
    table: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="One table; with --json-schema one command."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print docs/data-format.md.")
    ] = False,
    json_schema: Annotated[
        bool,
        typer.Option("--json-schema", help="Print the JSON Schema of what commands print."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the data contract: every table's columns, and the reasons."""
    from pipeline import answer_schemas, reference

    if json_schema:
        answers.give_bytes(answer_schemas.printed(table))
        return
    data = reference.schema_data(table)
    answers.give(
        "schema",
        data,
        as_json,
        lambda: reference.schema_markdown(data) if markdown else reference.schema_text(data),
    )


@app.command(
    epilog=example(
        "weir doctor",
        "weir doctor europe --output s3://BUCKET/RUN --address auto",
    )
)
def doctor(
    source: Annotated[
        str, typer.Argument(metavar="[CONFIG|RUN]", help="What is to run; default europe.")
    ] = "europe",
    inputs: Inputs = None,
    output: Annotated[
        str | None,
        typer.Option("--output", help="Where the run is to lie; default runs/<name>."),
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="Ray cluster to look at, node by node.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default one a core.")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Check machine, packages, models, disk or store, and cluster before a run; exit code 1 if not.

    Warnings leave the exit code 0.
    """
    from pipeline import doctor as checks

    run = resolve(source, None, settings).run
    where = output or (source if (Path(source) / "run.json").is_file() else f"runs/{run.name}")
    found = checks.examined(checks.Wanted(run, where, inputs or (), address, workers))
    data = checks.answer(found)
    ok = all(one["ok"] for one in data)
    answers.give("doctor", {"checks": data}, as_json, lambda: checks.text(data), ok=ok)
    raise typer.Exit(0 if ok else 1)
