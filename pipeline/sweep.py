"""What a run leaves behind and does not hold: removed, so that only committed files stay."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline import manifest
from pipeline.manifest import Manifest


def half_written(run: Path) -> None:
    """Remove what a killed worker left half-written."""
    for path in run.rglob(".tmp-*"):
        if path.is_file():
            path.unlink(missing_ok=True)
    for folder in run.glob(".tmp-spill-*"):
        shutil.rmtree(folder, ignore_errors=True)


def retired(run: Path, held: Mapping[str, Sequence[Manifest]]) -> None:
    """Remove what the run made while an input could not be read, and does not hold now."""
    current = {step: {m.key for m in made} for step, made in held.items()}
    paths = {o.path for made in held.values() for m in made for o in m.outputs}
    for file in (run / "manifests").glob("*/[!.]*.json"):
        if file.stem in current.get(file.parent.name, ()):
            continue
        old = manifest.find(run, file.parent.name, file.stem)
        file.unlink()
        for output in old.outputs if old is not None else ():
            if output.path not in paths:
                (run / output.path).unlink(missing_ok=True)
