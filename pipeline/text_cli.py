"""The verbs that take texts: one stage on standard input, and what is made of many texts."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.options import Json, LanguageName, example

app = typer.Typer()

Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line of input.")]


@app.command(epilog=example("echo 'Hyvää huomenta' | weir identify"))
def identify(jsonl: Jsonl = False) -> None:
    """Identify the language of each line of standard input."""
    from pipeline import trial

    _filter(trial.identifier(), jsonl)


@app.command(epilog=example("weir measure --language fi --jsonl < text.txt"))
def measure(language: LanguageName = None, jsonl: Jsonl = False) -> None:
    """Measure every signal of each line of standard input.

    A line may be a JSON string or an object with `text`.
    """
    from pipeline import trial

    _filter(trial.measurer(language), jsonl)


@app.command(
    epilog=example(
        "echo 'write to mari@example.org' | weir redact",
        "weir redact --language fi --jsonl < texts.jsonl",
    )
)
def redact(language: LanguageName = None, jsonl: Jsonl = False) -> None:
    """Replace personal data in each line of standard input.

    A line may be a JSON string or an object with `text`, `language` and `url`. Where no language is
    given, a text that is long enough says its own. With --jsonl, spans are of the text given.
    """
    from pipeline import redaction

    work = redaction.Redactor(language)
    show = redaction.printed if jsonl else redaction.shown
    with answers.while_read():
        for line in sys.stdin.buffer:
            given = line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
            sys.stdout.write(f"{show(work(given))}\n")
            sys.stdout.flush()


def _filter(work: Callable[[str], Mapping[str, Any]], jsonl: bool) -> None:
    from pipeline import redaction, trial

    with answers.while_read():
        for line in sys.stdin:
            made = work(redaction.parsed(line.rstrip("\n")).text)
            shown = json.dumps(made, ensure_ascii=False) if jsonl else trial.one_line(made)
            sys.stdout.write(f"{shown}\n")
            sys.stdout.flush()


@app.command(
    epilog=example("weir calibrate --language fi --reference clean.jsonl --output calibration")
)
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
    from audit import own_pack

    data, warnings = own_pack.write(answers.tag(language), reference_paths, crawl, output)
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")
    answers.give("calibrate", data, as_json, lambda: own_pack.text_of(data), warnings=warnings)


@app.command(
    "train-quality",
    epilog=example("weir train-quality --language fi --positive a --negative b --output fi.ftz"),
)
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
    from pipeline import classifier

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
        lambda: classifier_text(output, card),
        warnings=found,
    )


def classifier_text(output: Path, card: Mapping[str, Any]) -> answers.Text:
    """`weir train-quality`: how good it is, and the lines that put it to use."""
    found, model = card["held_out"], card["model"]
    held_out = found["positives"] + found["negatives"]
    for kind in card["classes"]:
        yield f"{kind:12} {card['data'][kind]['used']:,} texts"
    yield f"held out     {held_out:,} texts, of which {found['positives']:,} are positive"
    for name in ("precision", "recall", "auc"):
        yield f"{name:12} {answers.cell(found[name])}"
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
