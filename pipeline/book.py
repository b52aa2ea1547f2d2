"""A run's book, run.json: what it was made of and with. And its notes of what went wrong."""

import json
import platform
import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from filters import minhash
from pipeline import config, manifest, storage
from pipeline.plan import Plan
from stages import schema
from stages.errors import ConfigError

SAMPLE_SEED = 1
PACKAGES = (
    "pyarrow",
    "trafilatura",
    "resiliparse",
    "fastwarc",
    "py3langid",
    "pycld2",
    "fasttext-wheel",
    "datatrove",
    "datasketch",
    "numpy",
)
"""Those whose version may show in the output."""


def read(run: Path) -> dict[str, Any]:
    """What run.json says; nothing where there is none."""
    try:
        return dict(json.loads((run / "run.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def write(
    run: Path, resolved: config.Resolved, plan: Plan, dataset: Path | None, more: dict[str, Any]
) -> None:
    """Write run.json; `more` are its times, what it reuses, and how it ended."""
    settings = resolved.run
    value = {
        "schema_version": schema.VERSION,
        "name": settings.name,
        "snapshot": plan.snapshot,
        "config": settings.model_dump(mode="json"),
        "config_digest": resolved.digest,
        "origins": dict(resolved.origins),
        "code_version": metadata.version("weir-corpus"),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "inputs": [i.to_json() for i in plan.shards],
        "robots": [i.to_json() for i in plan.robots],
        "robots_index": [i.to_json() for i in (plan.guide.robots if plan.guide else ())],
        "block_list": plan.block_list and plan.block_list.to_json(),
        "beside": {kind: item.to_json() for kind, item in plan.beside.items()},
        "optout_domains": plan.optouts and plan.optouts.to_json(),
        "dataset": str(dataset) if dataset is not None else None,
        "index": plan.index and plan.index.to_json(),
        "index_runs": plan.index and plan.index.runs,
        "suppression": plan.suppressed.to_json(),
        "takedowns": read(run).get("takedowns", []),
        "rules": list(settings.language.rules),
        "seeds": {"sample": SAMPLE_SEED, "minhash": minhash.SEED},
        **more,
    }
    storage.write_bytes(run / "run.json", manifest.json_lines(value).encode())


def check_same(run: Path, book: dict[str, Any], resolved: config.Resolved, plan: Plan) -> None:
    """Refuse to mix two configurations in one run: ConfigError names the keys that differ.

    Limits may differ: no byte depends on them.
    """
    old, new = book["config"], resolved.run.model_dump(mode="json")
    is_same = book["config_digest"] == resolved.digest
    keys = sorted(
        (key for key, _ in _differences(old, new) if not key.startswith("limits.")),
        key=lambda key: (key.startswith("languages."), key),  # 50 languages inherit one change
    )
    if (is_same or not keys) and not _has_other_inputs(run, book, plan):
        return
    if not keys:
        keys = ["the input files"]
    shown = ", ".join(keys[:8]) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")
    raise ConfigError(
        str(run),
        f"was made with another configuration; these differ: {shown}",
        f"adopt what still holds with: weir run CONFIG --reuse {run} --output NEW",
    )


def _has_other_inputs(run: Path, book: dict[str, Any], plan: Plan) -> bool:
    """Whether other files are named, or one that was read has changed.

    One that could not be read may be mended, and the run resumed.
    """
    old, new = book["inputs"], [i.to_json() for i in plan.shards]
    if [i["name"] for i in old] != [i["name"] for i in new]:
        return True
    changed = {after["name"] for before, after in zip(old, new, strict=True) if before != after}
    reader = "extract" if plan.guide is None else "prepare"
    return bool(changed) and any(
        name in changed for made in manifest.each(run, reader) for name in made.inputs
    )


def _differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Dotted keys whose values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path, (old, new)


def notes(run: Path) -> Path:
    """Where a run keeps what went wrong since it was last begun: one JSON string a line."""
    return run / "journal" / "problems.jsonl"


def problems(run: Path) -> Sequence[str]:
    """What went wrong since the run was last begun, each once; none while a line is written."""
    try:
        lines = notes(run).read_text(encoding="utf-8").splitlines()
        return list(dict.fromkeys(str(json.loads(line)) for line in lines))
    except (OSError, ValueError, RecursionError):
        return []


def now() -> str:
    """This second in UTC, as run.json tells times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
