"""`weir tune`, and `weir labels`: what people said about pages, counted, exported and imported."""

import enum
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.options import Json, RunPath, example
from stages.errors import ConfigError

app = typer.Typer()
labels_app = typer.Typer(
    no_args_is_help=True,
    help="Labels of pages, as the workbench takes them: count, export, import.",
)
app.add_typer(labels_app, name="labels")

Folder = Annotated[Path, typer.Option("--labels", metavar="DIR", help="Folder of label files.")]
Language = Annotated[str, typer.Option("--language", help="Tag or name: fin_Latn, fi, Finnish.")]
HERE = Path("labels")


class Format(enum.StrEnum):
    """What other programs read."""

    JSONL = "jsonl"
    ARGILLA = "argilla"
    LABEL_STUDIO = "label-studio"


@app.command(epilog=example("weir tune runs/demo --language fi --set word_count=30"))
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
    in_browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--no-browser",
            help="Serve the workbench; the default in a terminal without --set.",
        ),
    ] = None,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Serve, but open no browser: print the address.")
    ] = False,
    host: Annotated[
        str, typer.Option("--host", help="Address to serve at; others need the token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 0,
    labels: Annotated[
        Path, typer.Option("--labels", metavar="DIR", help="Folder of label files.")
    ] = Path("labels"),
    pack: Annotated[
        Path | None,
        typer.Option("--pack", help="Pack or configuration that the workbench saves to."),
    ] = None,
    gates: Annotated[
        Path | None, typer.Option("--gates", help="YAML of gates: its pinned pages are watched.")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option("--annotator", help="Whose labels they are; default: your login.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Take no labels and save nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tune a language's thresholds in a browser; with --set, say what they would do, as text.

    Both read stored signals only, and write thresholds as YAML.
    """
    if in_browser is None:
        is_asked = bool(settings or write or as_json or with_text)
        in_browser = no_open or (answers.has_terminal() and not is_asked)
    if in_browser:
        from audit.web import serving

        chosen = serving.Chosen(
            answers.tag(language), labels, pack, gates, annotator, read_only=read_only
        )
        serving.tune(path, chosen, host, port, opens=not no_open, say=typer.echo)
        return
    from audit import runs
    from audit import tune as audit_tune
    from pipeline import reading_text

    trial_of = audit_tune.Trial(answers.tag(language), tuple(settings or ()), n, seed, with_text)
    data = audit_tune.tune(runs.Run(path), trial_of, write, source)
    warnings = [data["assumption"], *data["notes"]]
    answers.give("tune", data, as_json, lambda: reading_text.tune_text(data), warnings=warnings)


@labels_app.command(epilog=example("weir labels status --labels labels"))
def status(folder: Folder = HERE, as_json: Json = False) -> None:
    """Count labels by language, verdict and person; alpha is Krippendorff's, of two people."""
    from audit import label_formats, labels

    if not folder.is_dir():
        raise ConfigError("--labels", f"there is no folder {folder}", "weir tune makes one")
    languages, warnings = [], []
    for path in sorted(folder.glob("*.jsonl")):
        file = labels.LabelFile(path, read_only=True)
        found = file.latest()
        warnings += file.warnings
        languages.append({"language": path.stem, **label_formats.counted(found)})
    data = {"labels": str(folder), "languages": languages}
    answers.give("labels status", data, as_json, lambda: _table(languages), warnings=warnings)


@labels_app.command("export", epilog=example("weir labels export --language fi --to argilla"))
def export_labels(
    language: Language,
    form: Annotated[Format, typer.Option("--to", help="Format.")] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; default: standard output.")
    ] = None,
    folder: Folder = HERE,
) -> None:
    """Write the labels that count, without any text of pages, for another program or person."""
    from audit import exports, label_formats, labels

    path = labels.path_of(folder, answers.tag(language))
    if not path.exists():
        raise ConfigError("--labels", f"there is no file {path}", "see weir labels status")
    text = label_formats.written(labels.LabelFile(path, read_only=True).latest(), form.value)
    if output is None:
        sys.stdout.write(text)
    else:
        exports.write("--output", output, text.encode())


@labels_app.command(
    "import", epilog=example("weir labels import theirs.json --language fi --from argilla")
)
def import_labels(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What was exported.")],
    language: Language,
    form: Annotated[Format, typer.Option("--from", help="Format.")] = Format.JSONL,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Add another program's or person's labels; those that are there already stay as they are."""
    from audit import label_formats, labels

    try:
        content = source.read_bytes()
    except OSError as error:
        raise ConfigError(str(source), f"cannot be read ({error.strerror})") from None
    found = label_formats.taken(content, form.value, str(source))
    file = labels.LabelFile(labels.path_of(folder, answers.tag(language)))
    before = len(file.lines)
    for label in found:
        file.add(label)
    data = {"read": len(found), "added": len(file.lines) - before, "file": str(file.path)}
    file.close()
    said = f"{data['added']} of {data['read']} labels added to {data['file']}"
    answers.give("labels import", data, as_json, lambda: [said], warnings=file.warnings)


def _table(languages: list[dict[str, Any]]) -> list[str]:
    rows = [f"{'language':<10} {'documents':>9} {'keep':>6} {'drop':>6} {'skip':>6} {'alpha':>6}"]
    for one in languages:
        alpha = "-" if one["alpha"] is None else f"{one['alpha']:.2f}"
        counts = " ".join(f"{one['verdicts'][name]:>6}" for name in ("keep", "drop", "skip"))
        rows.append(f"{one['language']:<10} {one['documents']:>9} {counts} {alpha:>6}")
    return rows
