"""Saving moved bounds: the difference is shown first, and written over the file that was shown.

Beside the language pack (or the run's configuration) goes a decision record, which says who moved
what, why, and what was known then. Two files cannot change in one step: the record is written
first and names the pack's digests before and after, so that one that was never applied is told by
its digest.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from audit import packs
from audit.runs import Run
from filters.rules import Bound
from pipeline import layers, storage
from stages.errors import ConfigError

VERSION: Final = 1
ABSENT: Final = "absent"
"""Token of a file that is not there yet."""
MIN_RATIONALE: Final = 10
MAX_RECORDS: Final = 10_000
"""Decisions of one language on one day."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ChangedError(ConfigError):
    """The file is not the one that was shown: look at the new difference, then save again."""


class Sides(BaseModel):
    """Bounds of a rule; null is off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: float | None
    max: float | None


class Move(BaseModel):
    """What was done to one rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Annotated[str, Field(pattern=r"^[\w.]+$", max_length=100)]
    before: Sides
    after: Sides


class Decision(BaseModel):
    """Why bounds moved, and what was known then."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = VERSION
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    author: Annotated[str, Field(min_length=1, max_length=64)]
    rationale: Annotated[str, Field(min_length=MIN_RATIONALE, max_length=4000)]
    language: Annotated[str, Field(pattern=r"^[a-z]{3}_[A-Z][a-z]{3}$")]
    run: str
    snapshot: str
    run_digest: Sha256
    """Over what every task of the run made, signals included."""
    file: str
    file_before: Sha256 | Literal["absent"]
    file_after: Sha256
    moves: Annotated[tuple[Move, ...], Field(min_length=1)]
    counts: dict[str, Any]
    """By measure: in total, kept before, kept after; whether they are exact."""
    labels_digest: Sha256 | None = None
    """Over the labels that were there; null without any."""
    quality: dict[str, Any] | None = None
    """Precision and recall under the new bounds, where labels allow them."""


@dataclass(frozen=True, slots=True)
class Target:
    """The file that thresholds of a language go to."""

    path: Path
    note: str = ""
    """What to know about it; empty if there is nothing."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Bounds of a language to put into a file."""

    tag: str
    moved: Mapping[str, Bound]
    path: Path
    source: str
    """Where the thresholds come from, as the file will say."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was known when somebody decided."""

    counts: Mapping[str, Any]
    labels_digest: str | None = None
    quality: Mapping[str, Any] | None = None


def target(tag: str, chosen: Path | None = None, project: Path | None = None) -> Target:
    """The file to save to: the chosen one, or the pack of a project (default: the current folder).

    ConfigError for a file of the installed package: the next installation would undo it.
    """
    path = chosen or (project or Path()) / "configs" / "languages" / f"{tag}.yaml"
    shipped = layers.configs_folder()
    is_shipped = path.resolve().is_relative_to(shipped.resolve())
    if is_shipped and not (shipped.parent / "pyproject.toml").is_file():
        raise ConfigError(
            "--pack",
            f"{path} belongs to the installed program, and the next installation would undo it",
            "work in a project of your own, or name a configuration: --pack mine.yaml",
        )
    if chosen is None and not is_shipped:
        return Target(
            path,
            "No run reads this file by itself: copy it to configs/languages of a checkout, or name "
            "the run's configuration with --pack.",
        )
    return Target(path)


def source(run: Run, total: int, before: float, after: float) -> str:
    """Where a threshold that was tried on a run comes from; rates are in [0, 1]."""
    return (
        f"weir tune on run {run.name} (snapshot {run.snapshot}), "
        f"{total} documents: keep-rate {100 * before:.1f} % to {100 * after:.1f} %"
    )


def shown(run: Run, proposal: Proposal) -> dict[str, str | bool]:
    """What saving would change in the file, as a unified difference, and the token to save with.

    ConfigError if nothing moved, or the file cannot take bounds.
    """
    if not proposal.moved:
        raise ConfigError("save", "no threshold has moved", "move one first")
    path = proposal.path
    before = _bytes(path)
    old, new = _revised(run, proposal)
    return {
        "path": str(path),
        "token": ABSENT if before is None else hashlib.sha256(before).hexdigest(),
        "difference": packs.difference(path, old, new),
        "is_new": before is None,
        "after": hashlib.sha256(new.encode()).hexdigest(),
    }


def save(
    run: Run,
    proposal: Proposal,
    token: str,
    *,
    author: str,
    rationale: str,
    evidence: Evidence,
    decisions: Path = Path("decisions"),
) -> dict[str, str]:
    """Paths of the file and of the decision record, once both are written.

    Nothing is written if the file is not the one that was shown (ChangedError: its token differs),
    or the rationale says nothing (ConfigError). The record is checked against its schema first.
    """
    path, tag = proposal.path, proposal.tag
    with _written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        found = shown(run, proposal)
        if found["token"] != token:
            raise ChangedError(
                str(path),
                "has changed on disk since the difference was shown; nothing was written",
                "look at the new difference, then save again",
            )
        now = datetime.now(UTC)
        decision = _decision(
            time=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            author=author.strip(),
            rationale=rationale.strip(),
            language=tag,
            run=run.name,
            snapshot=run.snapshot,
            run_digest=run.digest,
            file=str(path),
            file_before=token,
            file_after=found["after"],
            moves=_moves(run.bounds(tag), proposal.moved),
            counts=dict(evidence.counts),
            labels_digest=evidence.labels_digest,
            quality=None if evidence.quality is None else dict(evidence.quality),
        )
        record = _write_new(decisions / tag, now.strftime("%Y-%m-%d"), decision)
        try:
            with _written(path):
                storage.write_bytes(path, _revised(run, proposal)[1].encode())
        except BaseException:
            record.unlink(missing_ok=True)
            raise
    return {"file": str(path), "decision": str(record)}


def _revised(run: Run, proposal: Proposal) -> tuple[str, str]:
    base = run.bounds("base")
    return packs.revised(proposal.path, proposal.tag, proposal.moved, base, proposal.source)


def _moves(bounds: Mapping[str, Bound], moved: Mapping[str, Bound]) -> list[dict[str, Any]]:
    return [
        {"rule": name, "before": _sides(bounds.get(name, Bound(name))), "after": _sides(bound)}
        for name, bound in moved.items()
    ]


def _decision(**given: Any) -> Decision:
    try:
        return Decision.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        remedy = (
            f"say in at least {MIN_RATIONALE} characters what was read"
            if key == "rationale"
            else "see docs/howto/tune-a-threshold.md"
        )
        raise ConfigError(key, str(first["msg"]), remedy) from None


def _write_new(folder: Path, day: str, decision: Decision) -> Path:
    """The record under the first number of its day that is free."""
    text = decision.model_dump_json(indent=2) + "\n"
    with _written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{day}-{os.getpid()}.tmp"
        storage.write_bytes(temporary, text.encode())
        try:
            for number in range(1, MAX_RECORDS):
                path = folder / f"{day}-{number}.json"
                try:
                    os.link(temporary, path)  # fails where another has the number
                except FileExistsError:
                    continue
                storage.sync_folder(folder)
                return path
        finally:
            temporary.unlink(missing_ok=True)
    raise ConfigError(str(folder), f"holds {MAX_RECORDS} decisions of {day}", "move some away")


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """ConfigError for what cannot be written, TransientError on a full disk."""
    try:
        with storage.disk_errors(path):
            yield
    except OSError as error:
        raise ConfigError(
            str(path),
            f"cannot be written ({error.strerror}); nothing was saved",
            "move what is in the way, or start in another folder",
        ) from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time saves to a folder."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read ({error.strerror})", "name another") from None


def _sides(bound: Bound) -> dict[str, float | None]:
    return {"min": bound.min, "max": bound.max}
