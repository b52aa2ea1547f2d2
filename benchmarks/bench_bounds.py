"""Finished runs against the bounds of memory and disk that are documented (`pipeline/bounds.py`).

Reads the manifests of each run: most memory of a task of each step, and bytes that the step left.
Without a run it makes one of the first responses of `--warc`. With `--table` it prints the table of
docs/operations.md.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from audit import runs
from benchmarks import measure
from pipeline import bounds, config, manifest, tables
from pipeline.manifest import Manifest

GB = 1e9
EXAMPLE = bounds.Size()


def size_of(run: Path, made: list[Manifest]) -> bounds.Size:
    """What the run is made of, by its extraction."""
    extracted = [m for m in made if m.step == "extract"]
    documents = sum(m.books.kept for m in extracted)
    written = [m.output("documents") for m in extracted]
    characters = sum(
        pc.sum(tables.read_table(run / output.path, ["n_chars"]).column("n_chars")).as_py() or 0
        for output in written
    )
    largest = max((output.rows for output in written), default=0)
    return bounds.Size(documents, largest, round(characters / max(1, documents)))


def settings_of(run: Path) -> config.Run:
    """The run's settings; the usual ones where a benchmark has made its folder."""
    if not (run / "run.json").exists():
        return config.load("europe").run
    return config.Run.model_validate(runs.Run(run, unfinished=True).book["config"])


def rows(run: Path) -> Iterator[dict[str, Any]]:
    """What each step of a run took, and might have."""
    settings = settings_of(run)
    made = [m for step in bounds.BOUNDS for m in manifest.every(run, step)]
    size = size_of(run, made)
    for step in bounds.BOUNDS:
        mine = [m for m in made if m.step == step]
        peaks = [m.timing["rss_mb"] for m in mine if "rss_mb" in m.timing]
        if not peaks:
            continue
        yield {
            "run": run.name,
            "documents": size.documents,
            "step": step,
            "peak_mb": max(peaks),
            "bound_mb": bounds.memory_mb(step, settings, size),
            "bytes": sum(output.bytes for m in mine for output in m.outputs),
            "bound_bytes": bounds.stored_bytes(step, settings, size),
        }


def table() -> list[str]:
    """The table of docs/operations.md, for the usual settings."""
    settings = config.load("europe").run
    heads = (
        *("step", "memory of a task, MB", "scratch of a task, GB", "stored, bytes a document"),
        *("what bounds the memory", "keys that move it"),
    )
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|"]
    for step, bound in bounds.BOUNDS.items():
        keys = ", ".join(f"`{key}`" for key in bound.settings)
        stored = bounds.stored_bytes(step, settings, EXAMPLE) / EXAMPLE.documents
        kept = " (stays)" if bound.is_kept else ""
        scratch = bounds.scratch_bytes(step, settings, EXAMPLE) / GB
        lines.append(
            f"| {step} | {bounds.memory_mb(step, settings, EXAMPLE):,} | {scratch:.1f} | "
            f"{stored:,.0f}{kept} | {bound.why} | {keys} |"
        )
    return lines


def made(warc: Path, limit: int, folder: Path) -> Path:
    """A run of the first responses of a file."""
    output = folder / "run"
    words = ("run", "europe", "--input", str(warc), "--limit", str(limit), "--workers", "1")
    measure.run(measure.command(*words, "--output", str(output), "--progress", "none"))
    return output


def main() -> int:
    """Measure, print, check: no step above its bound."""
    options = measure.parser("bench_bounds", __doc__.splitlines()[0])
    options.add_argument("runs", nargs="*", type=Path, help="finished runs; else one is made")
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--limit", type=int, default=500)
    options.add_argument("--table", action="store_true", help="print the documented table")
    given = options.parse_args()
    if given.table:
        print("\n".join(table()))
        return 0
    with tempfile.TemporaryDirectory(prefix="weir-bounds-") as name:
        folders = given.runs or [made(given.warc, given.limit, Path(name))]
        found = [row for folder in folders for row in rows(folder)]
    for row in found:
        measure.say(
            f"{row['run']:12} {row['step']:9} {row['peak_mb']:8,.0f} of {row['bound_mb']:8,} MB, "
            f"{row['bytes']:14,} of {row['bound_bytes']:16,} bytes"
        )
    result = {
        "parameters": {"runs": [folder.name for folder in folders]},
        "steps": found,
        "memory_ratio": round(max(row["peak_mb"] / row["bound_mb"] for row in found), 3),
        "disk_ratio": round(max(row["bytes"] / row["bound_bytes"] for row in found), 3),
    }
    return measure.finish("bench_bounds", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
