"""Trying things out: one stage on a line of text, a probe before a run, a check of the machine."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from filters.catalog import measure_all
from filters.text import NO_LEXICON, TextView
from langid import identify, models
from pipeline import config, context, runner
from pipeline.answers import Text, cell, tag
from pipeline.manifest import Manifest
from pipeline.sandbox import Sandbox
from stages.errors import ConfigError


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


def plan(resolved: config.Resolved, probe: int) -> dict[str, Any]:
    """Inputs, bytes, and an estimate from the first `probe` responses of the first input."""
    made = runner.make_plan(resolved)
    sizes = [
        int(i.identity.partition(":")[0]) if i.identity != "missing" else 0 for i in made.shards
    ]
    data: dict[str, Any] = {
        "snapshot": made.snapshot,
        "shards": len(made.shards),
        "bytes": sum(sizes),
        "robots_files": len(made.robots),
        "missing": [i.uri for i in made.shards if i.identity == "missing"],
        "languages": list(resolved.run.identify.languages) or "all European",
        "estimate": None,
    }
    if probe and made.shards and sizes[0]:
        data["estimate"] = _probe(resolved, made.shards[0].uri, sizes[0], sum(sizes), probe)
    return data


def _probe(
    resolved: config.Resolved, uri: str, first_bytes: int, all_bytes: int, probe: int
) -> dict[str, Any]:
    changes = {"inputs": (uri,), "limit": probe, "robots": (), "base_uri": None}
    settings = resolved.run.model_copy(update=changes)
    with tempfile.TemporaryDirectory(prefix="weir-plan-") as folder:
        run = runner.Runner(
            config.Resolved(settings, {}), runner.Options(Path(folder) / "probe", workers=1)
        )
        run.start()
        if not run.made.get("extract"):
            raise ConfigError(uri, "; ".join(run.result.problems) or "cannot be read")
        made: Manifest = run.made["extract"][0]
        records = pq.read_table(run.run / made.output("records").path, columns=["offset", "length"])
        # What is prepared once a run does not grow with its input.
        steps_made = [m for step, each in run.made.items() if step != "prepare" for m in each]
        stored = sum(o.bytes for m in steps_made for o in m.outputs)
        cpu = sum(m.timing["cpu_s"] for m in steps_made)
    seen = max(
        (
            o + n
            for o, n in zip(
                records.column("offset").to_pylist(),
                records.column("length").to_pylist(),
                strict=True,
            )
        ),
        default=1,
    )
    factor = all_bytes / max(1, min(seen, first_bytes))
    rows = made.books.rows_in
    return {
        "from_responses": rows,
        "responses": round(rows * factor),
        "documents": round(made.books.kept * factor),
        "cpu_hours": round(cpu * factor / 3600, 3),
        "cpu_ms_per_response": round(1000 * cpu / max(1, rows), 2),
        "stored_bytes": round(stored * factor),
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


def plan_text(data: Mapping[str, Any]) -> Text:
    """`weir plan`."""
    yield (
        f"snapshot {data['snapshot']}: {data['shards']:,} inputs, {data['bytes'] / 1e6:,.1f} "
        f"MB, {data['robots_files']} robots files, languages: {data['languages']}"
    )
    for uri in data["missing"]:
        yield f"missing: {uri}"
    if (e := data["estimate"]) is not None:
        yield (
            f"from {e['from_responses']} responses: about {e['responses']:,} "
            f"responses, {e['documents']:,} documents before rules,"
        )
        yield (
            f"{e['cpu_hours']:,} core-hours ({e['cpu_ms_per_response']} ms a "
            f"response), {e['stored_bytes'] / 1e6:,.1f} MB on disk"
        )
