"""What people say about pages: one append-only file of JSON lines for each language.

A label is on the disk before `add` returns. Nothing is ever rewritten: undoing appends a
retraction, and of several labels of one person on one document the latest counts. One process
writes a file; a second one reads it.
"""

import errno
import fcntl
import hashlib
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from langid import tags
from pipeline import storage
from stages.errors import ConfigError, IntegrityError

VERSION: Final = 1
MAX_LINE: Final = 8192
"""Bytes of a line; a label has some 500."""
MAX_BYTES: Final = 1 << 28
"""Bytes of a file: half a million labels."""
HELD_OUT: Final = 0.3
"""Share of documents whose labels only test thresholds, and never choose them."""
DOUBLED: Final = 0.2
"""Share of labelled documents that are offered to a second person."""

REASONS: Final = {
    "wrong_language": "Wrong language",
    "not_language": "Not language",
    "boilerplate": "Boilerplate or artefact",
    "unnatural": "Keywords, list, unnatural",
    "generated": "Machine translated or generated",
    "adult": "Adult",
    "encoding": "Damaged encoding",
    "duplicate": "Duplicate or near duplicate",
}
"""What is wrong with a page, in the order of the keys 1 to 8."""

Verdict = Literal["keep", "drop", "skip"]
Queue = Literal[
    "margin", "only", "random_kept", "random_dropped", "disagreement", "flips", "host", "search"
]
Reason = Literal[
    "wrong_language",
    "not_language",
    "boilerplate",
    "unnatural",
    "generated",
    "adult",
    "encoding",
    "duplicate",
]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
Person = Annotated[str, Field(pattern=r"^[\w][\w .@+-]{0,63}$")]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal[1] = VERSION
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    time: Time
    annotator: Person


class Label(_Line):
    """One person's verdict on one document, and how the document came before them."""

    kind: Literal["label"] = "label"
    doc_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    verdict: Verdict
    reasons: Annotated[tuple[Reason, ...], Field(max_length=len(REASONS), strict=False)] = ()
    language: Annotated[str, Field(pattern=r"^[a-z]{3}_[A-Z][a-z]{3}$")] | None = None
    """Which language it is, where the language is wrong and the person knows."""
    queue: Queue
    inclusion_probability: Annotated[float, Field(gt=0, le=1)]
    """Chance of the document to come up in its queue."""
    frame: Annotated[int, Field(ge=1, le=1 << 53)] | None = None
    """Documents that the queue draws from; null where it chooses on purpose."""
    is_blind: bool
    """Whether the page's verdict was hidden until the label."""
    config_digest: Digest
    """Of the bounds that judged the language when the label was given, moved ones included."""
    run_digest: Digest
    rule: Annotated[str, Field(max_length=100, pattern=r"^[\w.]+$")] | None = None
    """The rule whose margin, or whose own rejects, the queue shows."""
    held_out: bool


class Retraction(_Line):
    """Takes back a label of the same person."""

    kind: Literal["retraction"] = "retraction"
    retracts: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


Line = Annotated[Label | Retraction, Field(discriminator="kind")]
_LINE: TypeAdapter[Label | Retraction] = TypeAdapter(Line)


def path_of(folder: Path, tag: str) -> Path:
    """The label file of a language."""
    return folder / f"{tags.normalise(tag)}.jsonl"


def is_held_out(doc_id: str) -> bool:
    """Whether labels of the document only test thresholds; the same for everybody, for ever."""
    return _share("held-out", doc_id) < HELD_OUT


def is_doubled(doc_id: str) -> bool:
    """Whether a document that one person labelled is offered to another."""
    return _share("doubled", doc_id) < DOUBLED


def made(known: Mapping[str, Any]) -> Label:
    """A label of what is known, with an id, the time, and whether it is held out.

    ConfigError names the first field that is wrong.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    given = {"id": secrets.token_hex(8), "time": now, **known}
    try:
        return Label.model_validate({**given, "held_out": is_held_out(str(given.get("doc_id")))})
    except ValidationError as error:
        raise ConfigError("label", _problem(error), "see `weir labels export --help`") from None


class LabelFile:
    """A language's labels, open for adding; read-only where another process has the file.

    `warnings` says what was unusual on opening. IntegrityError for a line that is damaged though it
    was finished; ConfigError for one of another version.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.warnings: list[str] = []
        self.lines: list[Label | Retraction] = []
        self._ids: set[str] = set()
        self._state: tuple[int, ...] = ()
        self._mutex = threading.Lock()
        self._handle = None if read_only else self._locked()
        self.is_read_only = self._handle is None
        self._load()

    def close(self) -> None:
        """Give the file up for others."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle, self.is_read_only = None, True

    @property
    def digest(self) -> str:
        """SHA-256 of the labels in the file."""
        joined = "".join(_text(line) for line in self.lines)
        return hashlib.sha256(joined.encode()).hexdigest()

    def add(self, label: Label) -> Label:
        """The label, once it is on the disk. A label whose id is there already is not added again.

        So whoever does not know whether a label arrived may send it once more. ConfigError if the
        file is read-only, TransientError if the disk is full.
        """
        with self._mutex:
            if label.id not in self._ids:
                self._append(label)
        return label

    def retract(self, label_id: str, annotator: str) -> Label:
        """The label that no longer counts. ConfigError if this person has no such label."""
        with self._mutex:
            found = self._active().get(label_id)
            if found is None or found.annotator != annotator:
                raise ConfigError("label", f"{annotator} has no label {label_id[:16]!r} to undo")
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self._append(
                Retraction(
                    id=secrets.token_hex(8), time=now, annotator=annotator, retracts=label_id
                )
            )
        return found

    def latest(self) -> list[Label]:
        """The label that counts for each document and person, in the order in which they came."""
        last = {(label.doc_id, label.annotator): label for label in self._active().values()}
        return sorted(last.values(), key=lambda label: label.time)

    def done(self, annotator: str) -> set[str]:
        """Documents that need not be offered to a person.

        Those that they labelled, and those that another did, unless they are to be doubled.
        """
        return {
            label.doc_id
            for label in self.latest()
            if label.annotator == annotator or not is_doubled(label.doc_id)
        }

    def _active(self) -> dict[str, Label]:
        """Labels that were not retracted, by id, a person's older ones included."""
        found: dict[str, Label] = {}
        for line in self.lines:
            if isinstance(line, Label):
                found[line.id] = line
            else:
                found.pop(line.retracts, None)
        return found

    def _locked(self) -> int | None:
        """A handle on the file that no other process has; None with a warning if there is none."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            if not is_new:
                self._check_kind()
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
                raise ConfigError(
                    str(self.path), f"cannot be opened ({error.strerror})", "name another --labels"
                ) from None
            self.warnings.append(
                f"{self.path} cannot be written ({error.strerror}): labels are shown and none is "
                "taken; name a folder of yours with --labels"
            )
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            self.warnings.append(
                f"another process writes {self.path}: labels are shown and none is taken; "
                "stop the other one, or name another folder with --labels"
            )
            return None
        if is_new:
            storage.sync_folder(self.path.parent)
        return handle

    def _check_kind(self) -> None:
        """ConfigError for a pipe, a device or a folder, which would never end or never answer."""
        if not stat.S_ISREG(self.path.stat().st_mode):
            raise ConfigError(str(self.path), "is no file", "move it away, or name other --labels")

    def _load(self) -> None:
        """Read the file; a last line that was never finished is set aside."""
        try:
            self._check_kind()
            if self.path.stat().st_size > MAX_BYTES:
                raise ConfigError(
                    str(self.path), f"is larger than {MAX_BYTES >> 20} MB", "split it"
                )
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(
                str(self.path), f"cannot be read ({error.strerror})", "name another --labels"
            ) from None
        whole, newline, torn = content.rpartition(b"\n")
        self.lines = list(read(whole + newline, str(self.path)))
        self._ids = {line.id for line in self.lines}
        if torn:
            self._set_aside(torn, len(whole) + len(newline))
        if self._handle is not None:
            self._state = _state(os.fstat(self._handle))

    def _set_aside(self, torn: bytes, end: int) -> None:
        """Move an unfinished last line (a power cut) beside the file, or keep it if it is whole."""
        number = len(self.lines) + 1
        if self._handle is None:
            self.warnings.append(f"{self.path}:{number} is not finished yet and does not count")
            return
        aside = self.path.with_name(self.path.name + ".torn")
        with storage.disk_errors(self.path):
            with aside.open("ab") as stream:
                stream.write(torn + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            os.ftruncate(self._handle, end)
            os.fsync(self._handle)
        self.warnings.append(
            f"{self.path}:{number} was cut off while it was written and does not count; "
            f"its {len(torn)} bytes are in {aside.name}"
        )

    def _append(self, line: Label | Retraction) -> None:
        if self._handle is None:
            raise ConfigError(
                str(self.path),
                "is open for reading only",
                "stop the other `weir tune` on it, or name another folder with --labels",
            )
        self._check_unchanged()
        data = _text(line).encode()
        end = os.lseek(self._handle, 0, os.SEEK_END)
        with storage.disk_errors(self.path):
            try:
                written = 0
                while written < len(data):
                    written += os.write(self._handle, data[written:])
                os.fsync(self._handle)
            except OSError:
                os.ftruncate(self._handle, end)  # no torn line stays behind
                raise
        self.lines.append(line)
        self._ids.add(line.id)
        self._state = _state(os.fstat(self._handle))

    def _check_unchanged(self) -> None:
        """ConfigError if the path leads to another file by now, or somebody wrote to this one.

        Labels would go to a file that nobody finds again (an editor and git put a new one there).
        """
        try:
            now = _state(self.path.stat())
        except OSError:
            now = ()
        if now != self._state:
            raise ConfigError(
                str(self.path),
                "was changed or moved by another program; the label was not taken",
                "stop `weir tune` and start it again: it reads the file anew",
            )


def _state(found: os.stat_result) -> tuple[int, ...]:
    """What tells a file, and how far it was written."""
    return found.st_dev, found.st_ino, found.st_size


def read(content: bytes, where: str) -> Iterator[Label | Retraction]:
    """The lines of a label file. ConfigError and IntegrityError name file and line."""
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield _parsed(line, f"{where}:{number}")


def text_of(lines: Iterable[Label | Retraction]) -> str:
    """The lines of a label file for some labels."""
    return "".join(map(_text, lines))


def _parsed(line: bytes, place: str) -> Label | Retraction:
    if len(line) > MAX_LINE:
        raise IntegrityError(place, f"a line of {len(line)} bytes is no label")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise IntegrityError(place, "is damaged: not JSON; move the line out of the file") from None
    version = found.get("version") if isinstance(found, dict) else None
    if isinstance(version, int) and version != VERSION:
        raise ConfigError(
            place,
            f"is of version {version}, and this program knows version {VERSION}",
            "write version 1 with the newer program: weir labels export --to jsonl",
        )
    try:
        label = _LINE.validate_python(found)
    except ValidationError as error:
        raise IntegrityError(place, f"is no label ({_problem(error)})") from None
    if isinstance(label, Label) and label.held_out != is_held_out(label.doc_id):
        raise IntegrityError(place, "held_out is not what the document's hash says")
    return label


def _text(line: Label | Retraction) -> str:
    return json.dumps(line.model_dump(mode="json"), sort_keys=True) + "\n"


def _problem(error: ValidationError) -> str:
    """The first thing that is wrong, without the value: it may be text of a page."""
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else str(first["msg"])


def _share(purpose: str, doc_id: str) -> float:
    digest = hashlib.blake2b(f"{purpose}:{doc_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
