"""Trying things out: one stage on a line of text, a check of the machine."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

from filters.catalog import measure_all
from filters.text import NO_LEXICON, TextView
from langid import identify, models
from pipeline import config, context
from pipeline.answers import cell, tag
from pipeline.sandbox import Sandbox


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


def doctor() -> list[dict[str, Any]]:
    """Checks of this machine: Python, packages, models, the killable child, disk."""
    checks = [
        {"name": "python", "ok": sys.version_info >= (3, 11), "detail": sys.version.split()[0]}
    ]
    wanted = (
        "datasketch",
        "datatrove",
        "fastwarc",
        "fasttext-wheel",
        "pyarrow",
        "ray",
        "resiliparse",
        "trafilatura",
        "warcio",
    )
    for package in wanted:
        try:
            checks.append({"name": package, "ok": True, "detail": metadata.version(package)})
        except metadata.PackageNotFoundError:
            checks.append({"name": package, "ok": False, "detail": "missing; run make venv"})
    found = identify.identify(
        "Die Katze sitzt auf der Mauer und schaut den Vögeln zu.",
        models.load(("py3langid", "cld2")),
    )
    checks.append(
        {
            "name": "language models",
            "ok": found.tag == "deu_Latn",
            "detail": f"py3langid, cld2: {found.tag}",
        }
    )
    guard = Sandbox(context.PARSERS, 5, 512)
    try:
        made = guard.call("survey", b"<p>ok</p>", {"content-type": "text/html"}, 1000, 100)
    finally:
        guard.close()
    checks.append({"name": "killable child", "ok": made.get("visible") == "ok", "detail": "parses"})
    free = shutil.disk_usage(".").free
    checks.append(
        {"name": "disk", "ok": free > 1 << 30, "detail": f"{free / 2**30:,.1f} GiB free here"}
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    checks.append(
        {
            "name": "machine",
            "ok": memory > 1.5,
            "detail": f"{os.cpu_count()} cores, {memory:,.1f} GiB; a worker needs up to 1.5 GiB",
        }
    )
    return checks
