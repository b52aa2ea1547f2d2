"""Whether a run's folder is what its book says: digests, schemas, alignment, sums, meaning.

Each check recomputes from the files and says in one sentence what it found, with file and row. No
damage to a file ends in a traceback: what cannot be read is a fault.
"""

import itertools
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit import ledger, publication, removals, selected
from audit.ledger import Faults
from audit.runs import STEPS, Run, base_name
from pipeline import config, storage
from pipeline.manifest import Manifest, Output
from stages import schema
from stages.errors import CurationError, IntegrityError

PROVOKED = (pa.ArrowException, ArithmeticError, LookupError, TypeError, ValueError)
"""What values that were tampered with can provoke in a check that trusts its tables' schemas."""

MAX_SHOWN = 5
"""Faults spelled out for a check; the others are counted."""

UNMANIFESTED = (
    "journal",
    "manifests",
    "statistics",
    "report",
    "cards",
    "views",
    "suppression",
    "takedowns",
)
"""Folders of a run whose files no manifest names."""


def verify(run: Run | Path | str) -> list[dict[str, Any]]:
    """The checks in order, each `{"name", "ok", "detail"}`; a check that cannot be made is not ok.

    ConfigError if the folder is no finished run.
    """
    if not isinstance(run, Run):
        try:
            run = Run(run)
        except IntegrityError as error:
            return [{"name": "manifests", "ok": False, "detail": str(error)}]
    opened = run
    return [_outcome(name, check, opened) for name, check in CHECKS]


def _outcome(name: str, check: Callable[[Run], Faults], run: Run) -> dict[str, Any]:
    """Run a check to its end, or to the first fault that it cannot get past."""
    shown: list[str] = []
    total, summary = 0, ""
    faults = check(run)
    while True:
        try:
            fault = next(faults)
        except StopIteration as end:
            summary = str(end.value)
            break
        except CurationError as error:
            fault = str(error)
        except PROVOKED as error:
            fault = f"cannot be checked: the values are damaged ({type(error).__name__})"
        total += 1
        if len(shown) < MAX_SHOWN and fault not in shown:
            shown.append(fault)
    if total == 0:
        return {"name": name, "ok": True, "detail": summary}
    more = f" (and {total - len(shown)} more)" if total > len(shown) else ""
    return {"name": name, "ok": False, "detail": "; ".join(shown) + more}


def _manifests(run: Run) -> Faults:
    """Every task of run.json has a manifest that can be read, and whose books balance."""
    if config.digest_of_run(run.book.get("config") or {}) != run.book.get("config_digest"):
        yield "run.json: the configuration is not the one that config_digest names"
    yield from (f"run.json: step {step} is missing" for step in STEPS if step not in run.tasks)
    yield from (f"run.json: unknown step {step}" for step in run.tasks if step not in STEPS)
    _ = run.pruned  # a note that cannot be read is a fault of its own
    number = 0
    paths: dict[str, str] = {}
    for step in STEPS:
        for key in run.tasks.get(step, ()):
            number += 1
            try:
                made = run.manifest(step, key)
                made.books.check(f"manifests/{step}/{key}.json")
            except IntegrityError as error:
                yield str(error)
                continue
            yield from _misnamed(made, step, key, paths)
    unread = len(selected.sources(run) or ()) - len(run.tasks.get("extract", ()))
    if unread and not run.book.get("problems"):
        yield f"run.json: {unread} inputs were not read, and no problem is noted"
    aside = f"; {unread} inputs could not be read (see run.json, problems)" if unread else ""
    return f"{number} tasks have a manifest each{aside}"


def _misnamed(made: Manifest, step: str, key: str, paths: dict[str, str]) -> Faults:
    """Whether a manifest is the one of its task, and its outputs are its own."""
    where = f"manifests/{step}/{key}.json"
    if (made.step, made.key) != (step, key):
        yield f"{where}: is the manifest of {made.step}/{made.key}"
    for output in made.outputs:
        other = paths.setdefault(output.path, where)
        if other != where:
            yield f"{where}: claims {output.path}, as {other} does"
    return ""


def _outputs(run: Run) -> Generator[Output | str, None, None]:
    """Every output of every task; a manifest that cannot be read is a fault in words."""
    for step in STEPS:
        for key in run.tasks.get(step, ()):
            try:
                yield from run.manifest(step, key).outputs
            except IntegrityError as error:
                yield str(error)


def _digests(run: Run) -> Faults:
    """The bytes of every output are those that its manifest names."""
    files = size = pruned = 0
    for output in _outputs(run):
        if isinstance(output, str):
            yield output
            continue
        path = run.path / output.path
        if not path.is_file():
            if output.path not in run.pruned:
                yield f"{output.path}: is missing"
            pruned += 1
            continue
        files, size = files + 1, size + output.bytes
        try:
            found = storage.file_digest(path)
        except OSError as error:
            yield f"{output.path}: cannot be read ({error.strerror})"
            continue
        if found != output.sha256:
            length = path.stat().st_size
            cut = f", {length} bytes in place of {output.bytes}" if length != output.bytes else ""
            yield f"{output.path}: SHA-256 is not the one in its manifest{cut}"
    gone = f"; {pruned} files pruned" if pruned else ""
    return f"{files} files, {size} bytes{gone}"


def _schemas(run: Run) -> Faults:
    """Every file has its table's schema and the manifest's number of rows."""
    files = 0
    for output in _outputs(run):
        if isinstance(output, str):
            yield output
            continue
        if output.path in run.pruned and not run.is_there(output):
            continue
        files += 1
        try:
            rows, notes = run.shape(output)
        except IntegrityError as error:
            yield str(error)
            continue
        if rows != output.rows:
            yield f"{output.path}: {rows} rows, the manifest says {output.rows}"
        if notes.get(b"weir.schema") != str(schema.VERSION).encode():
            yield f"{output.path}: schema version is not {schema.VERSION}"
        if notes.get(b"weir.table") != base_name(output).encode():
            yield f"{output.path}: says it is of another table than {base_name(output)}"
    return f"{files} files have their table's schema"


def _strays(run: Run) -> Faults:
    """Files that no manifest names; a warning, never a fault."""
    yield from ()
    named = {"run.json"}
    for path in sorted((run.path / "manifests").glob("*/*.json")):
        try:
            made = Manifest.from_json(path.read_text(encoding="utf-8"), str(path))
            named.update(str(output.path) for output in made.outputs)
        except (IntegrityError, OSError, ValueError, AttributeError):
            continue
    strays = (
        str(path.relative_to(run.path))
        for path in sorted(run.path.rglob("*"))
        if not path.is_dir() and path.relative_to(run.path).parts[0] not in UNMANIFESTED
    )
    found = [path for path in strays if path not in named]
    if not found:
        return "none"
    shown = ", ".join(itertools.islice(found, MAX_SHOWN))
    more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
    return f"warning: no manifest names {shown}{more}"


CHECKS: tuple[tuple[str, Callable[[Run], Faults]], ...] = (
    ("manifests", _manifests),
    ("digests", _digests),
    ("schemas", _schemas),
    ("alignment", ledger.alignment),
    ("books", ledger.books),
    ("rules", ledger.rules_applied),
    ("removals", removals.removals),
    ("corpus-equals-decisions", publication.corpus_equals_decisions),
    ("privacy", publication.privacy),
    ("strays", _strays),
)
