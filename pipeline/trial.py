"""Trying things out: one stage on a line of text."""

from collections.abc import Callable, Mapping
from typing import Any

from filters.catalog import measure_all
from filters.text import NO_LEXICON, TextView
from langid import identify, models
from pipeline import config
from pipeline.answers import cell, tag


def one_line(made: Mapping[str, Any]) -> str:
    """Values separated by tabs, with names where there are many."""
    if len(made) <= 6:
        return "\t".join(cell(value) for value in made.values())
    return " ".join(f"{key}={cell(value)}" for key, value in made.items())


def identifier() -> Callable[[str], dict[str, Any]]:
    """Text to tag, language, script, score and runner-up."""
    loaded = models.load(config.load("europe").run.identify.models)

    def work(text: str) -> dict[str, Any]:
        found = identify.identify(text, loaded)
        return {
            "tag": found.tag,
            "language": found.language,
            "script": found.script,
            "score": round(found.score, 4),
            "runner_up": found.runner_up,
            "runner_up_score": round(found.runner_up_score, 4),
        }

    return work


def measurer(language: str | None) -> Callable[[str], dict[str, Any]]:
    """Text to its signals, with the words of the language's pack."""
    lexicon = config.load("europe").run.lexicon(tag(language)) if language else NO_LEXICON
    return lambda text: {
        name: None if value is None else round(value, 6)
        for name, value in measure_all(TextView(text, lexicon)).items()
    }
