"""Removing what a finished run needs no longer: intermediates go, ledger and corpus stay."""

import contextlib
import fcntl
import json
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from audit.runs import Run, is_running
from pipeline import lease, storage
from pipeline.manifest import Output
from stages.errors import ConfigError, TransientError

INTERMEDIATES = (
    *("block_list", "keys", "candidates", "gathered", "homes", "lent", "estimates", "wanted"),
    *("shingles", "parts", "removals", "suppressed", "verdicts"),
)
"""Folders that nothing reads again once a run is finished."""

ON_REQUEST = ("documents", "signatures")
"""Folders that only a new clustering, new rules' excerpts or `verify` of texts read again."""

VIEWS = "views"
"""Folder of what pages need for speed; `audit.views` makes it."""

VERSION = 1


def prune(run: Run, keep: Collection[str] = ON_REQUEST) -> dict[str, Any]:
    """Remove intermediate files but those of the folders in `keep`; `bytes` says what came free.

    Views go too: they are made again when a page needs them. `keep=()` removes all intermediates,
    texts of rejected documents included. What goes is written to `journal/pruned.json`
    first, so that `verify` can tell it from loss. ConfigError for a run that is not finished, or a
    folder that is none of these.
    """
    if not run.is_finished:
        raise ConfigError(
            str(run.path), "is not finished, so its intermediates are still needed", "run it first"
        )
    unknown = set(keep) - {*INTERMEDIATES, *ON_REQUEST}
    if unknown:
        allowed = ", ".join((*INTERMEDIATES, *ON_REQUEST))
        raise ConfigError("keep", f"unknown folder {min(unknown)!r}", f"one of {allowed}")
    folders = {*INTERMEDIATES, *ON_REQUEST} - set(keep)
    with alone(run.path):
        doomed = [
            output
            for made in run.manifests()
            for output in made.outputs
            if PurePosixPath(output.path).parts[0] in folders and run.is_there(output)
        ]
        remove(run, doomed)
        views = sorted(path for path in (run.path / VIEWS).rglob("*") if path.is_file())
        freed = sum(o.bytes for o in doomed) + sum(path.stat().st_size for path in views)
        storage.remove_below(run.path / VIEWS)
    made = [str(path.relative_to(run.path)) for path in views]
    return {"removed": [*(o.path for o in doomed), *made], "bytes": freed}


def remove(run: Run, doomed: list[Output]) -> None:
    """Remove committed files, noted first in `journal/pruned.json`; some may be gone already."""
    if not doomed:
        return
    _note(run, doomed)
    for output in doomed:
        _remove(run, output)


def _note(run: Run, doomed: list[Output]) -> None:
    """Write down what goes, beside what went before."""
    path = run.path / "journal" / "pruned.json"
    known: dict[str, dict[str, Any]] = {}
    if run.pruned:
        entries = json.loads(path.read_text(encoding="utf-8"))["pruned"]
        known = {entry["path"]: entry for entry in entries}
    for output in doomed:
        known[output.path] = {
            "path": output.path,
            "rows": output.rows,
            "bytes": output.bytes,
            "sha256": output.sha256,
        }
    note = {"version": VERSION, "pruned": [known[name] for name in sorted(known)]}
    storage.write_bytes(path, json.dumps(note, indent=1, sort_keys=True).encode())
    run.__dict__.pop("pruned", None)  # read again when it is next asked for


def _remove(run: Run, output: Output) -> None:
    path = run.path / output.path
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TransientError(output.path, f"cannot be removed ({error.strerror})") from None
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # only if it is empty


@contextlib.contextmanager
def alone(run: Path) -> Iterator[None]:
    """Hold the lock of a run or dataset, so that nobody goes on with it meanwhile."""
    if storage.in_store(run):
        with lease.hold(run, shared=False):
            yield
        return
    path = run / "journal" / "lock"
    remedy = f"watch it with: weir status {run}"
    if is_running(run):
        raise ConfigError(str(run), "is being run by another process", remedy)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(str(run), "is being run by another process", remedy) from None
        yield
