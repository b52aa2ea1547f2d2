"""Arguments and options that several verbs take."""

import enum
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.places import place
from stages.errors import ConfigError

if TYPE_CHECKING:
    from pipeline import config

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
RunPath = Annotated[
    Path,
    typer.Argument(metavar="RUN", parser=place, help="Folder of a run, or s3://BUCKET/FOLDER."),
]
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


class Where(enum.StrEnum):
    """Executors."""

    LOCAL = "local"
    RAY = "ray"


def example(*commands: str) -> str:
    """The end of a verb's `--help`: commands as they can be copied, never wrapped."""
    return "\b\nExample:\n" + "\n".join(f"  {command}" for command in commands)


def is_run_at(source: str) -> bool:
    """Whether the name is that of a run, not of a configuration."""
    return (place(source) / "run.json").is_file()


def resolve(
    source: str,
    inputs: list[str] | None,
    settings: list[str] | None,
    base_uri: str | None = None,
    limit: int | None = None,
) -> "config.Resolved":
    """The configuration of a run, a file or a shipped name, with the command line's overrides."""
    from pipeline import config

    extra = list(settings or ())
    if inputs:
        extra.append(f"inputs={json.dumps(inputs)}")
    if base_uri:
        extra.append(f"base_uri={json.dumps(base_uri)}")
    if limit:
        extra.append(f"limit={limit}")
    if is_run_at(source):
        book = place(source) / "run.json"
        if extra:
            raise ConfigError(
                source,
                "a run keeps the configuration it was made with",
                f"start another with: weir run CONFIG --reuse {source} --output NEW",
            )
        saved = json.loads(book.read_text(encoding="utf-8"))
        return config.Resolved(config.Run.model_validate(saved["config"]), saved["origins"])
    return config.load(source, extra)
