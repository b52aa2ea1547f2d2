"""`weir export`: papers about a run, and the figures in them."""

import enum
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import answers
from pipeline.options import Json, RunPath, example

app = typer.Typer()
export = typer.Typer(
    help="Papers about a run: AI Act summary, Croissant, dataset card, datasheet; figures in them.",
    no_args_is_help=True,
)
app.add_typer(export, name="export")

Folder = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Instead of RUN/cards.")
]
Given = Annotated[
    Path | None,
    typer.Option("--answers", metavar="FILE", help="YAML: what only you know (docs/papers.md)."),
]


class Paper(enum.StrEnum):
    """Papers that are written."""

    AI_ACT = "ai-act"
    CROISSANT = "croissant"
    CARD = "card"
    DATASHEET = "datasheet"


def _write(
    paper: Paper, path: Path, output: Path | None, given: Path | None, as_json: bool
) -> None:
    from audit import runs
    from audit.papers import provider, writing

    data = writing.write(
        runs.Run(path), paper.value, provider.read(given) if given else provider.Answers(), output
    )
    answers.give(f"export {paper.value}", data, as_json, lambda: _text(data))


def _text(data: dict[str, Any]) -> answers.Text:
    yield from data["files"]
    if data["open"]:
        yield ""
        yield "Left for you to answer; put these keys into a file for --answers:"
        for question in data["open"]:
            yield from answers.folded(f"  {question['key']:24} ", question["asked"], 27)


@export.command("ai-act", epilog=example("weir export ai-act runs/demo --answers mine.yaml"))
def ai_act(
    path: RunPath, output: Folder = None, given: Given = None, as_json: Json = False
) -> None:
    """Write the public summary of training content, as JSON and Markdown, with lists of domains.

    Article 53(1)(d) of the AI Act; each figure has the command that counts it again beside it.
    """
    _write(Paper.AI_ACT, path, output, given, as_json)


@export.command(epilog=example("weir export croissant runs/demo"))
def croissant(
    path: RunPath, output: Folder = None, given: Given = None, as_json: Json = False
) -> None:
    """Write the corpus's description in Croissant 1.1 with RAI, with the SHA-256 of every file."""
    _write(Paper.CROISSANT, path, output, given, as_json)


@export.command(epilog=example("weir export card runs/demo"))
def card(path: RunPath, output: Folder = None, given: Given = None, as_json: Json = False) -> None:
    """Write a dataset card for the Hugging Face Hub."""
    _write(Paper.CARD, path, output, given, as_json)


@export.command(epilog=example("weir export datasheet runs/demo"))
def datasheet(
    path: RunPath, output: Folder = None, given: Given = None, as_json: Json = False
) -> None:
    """Write a datasheet: the questions of Gebru et al., answered from the run."""
    _write(Paper.DATASHEET, path, output, given, as_json)


@export.command(epilog=example("weir export figures runs/demo --at /languages/fin_Latn"))
def figures(
    path: RunPath,
    place: Annotated[
        str | None,
        typer.Option("--at", metavar="NAME", help="Only this figure, or this group of them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Count the figures of the papers again, from corpus and ledger, and print them as JSON.

    Exit code 3 if corpus and ledger disagree.
    """
    from audit import runs
    from audit.papers.evidence import Evidence

    seen = Evidence(runs.Run(path))
    found = seen.tree() if place is None else seen.at(place)
    data = {"at": place, "figures": found}
    answers.give(
        "export figures",
        data,
        as_json,
        lambda: json.dumps(found, indent=1, ensure_ascii=False).split("\n"),
    )
