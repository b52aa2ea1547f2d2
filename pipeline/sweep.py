"""What a run leaves behind and does not hold: removed, so that only committed files stay."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta

from pipeline import manifest
from pipeline.manifest import Manifest
from pipeline.places import Place, Remote

TABLES = (".parquet", ".arrow")
NOT_TASKS = ("statistics", "journal", "views", "report", "manifests", "cards", "takedowns")
"""Folders of a run that no task writes."""


OLD = timedelta(hours=1)
"""An object that no manifest names may be of an attempt that has yet to commit, for so long."""


def half_written(run: Place, *, is_complete: bool = False) -> None:
    """Remove what a killed worker left: half-written files, and in a store, whole orphans.

    Those of a complete run at once: whoever would still commit finds that it is done.
    """
    if isinstance(run, Remote):
        _orphans(run, is_complete)
        return
    for path in run.rglob(".tmp-*"):
        if path.is_file():
            path.unlink(missing_ok=True)
    for folder in run.glob(".tmp-spill-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _orphans(run: Remote, is_complete: bool) -> None:
    found = dict(run.below())
    named = {o.path for made in manifest.each(run) for o in made.outputs}
    now = max((facts.modified for facts in found.values()), default=None)  # the lease's: ours
    for place, facts in found.items():
        path = place.relative_to(run)
        is_table = path.suffix in TABLES and path.parts[0] not in NOT_TASKS
        is_old = is_complete or (now is not None and now - facts.modified > OLD)
        if is_table and is_old and str(path) not in named:
            place.unlink(missing_ok=True)


def retired(run: Place, held: Mapping[str, Sequence[Manifest]]) -> None:
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
