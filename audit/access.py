"""Who asked what of a run, when, and how many rows it gave: an append-only log beside the run.

Names of fields are written, never what was looked for, which may be personal data itself.
"""

import errno
import getpass
import json
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from audit.runs import Run
from audit.sample import visible
from pipeline import storage
from stages.errors import ConfigError

FILE: Final = "audit.jsonl"
BLANK: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("at", "who", "what", "why", "doc_id"), ""),
    "fields": [],
    "rows": 0,
}
MIN_REASON: Final = 10
MAX_REASON: Final = 500
MAX_SHOWN: Final = 200
TAIL_BYTES: Final = 1 << 18


class AccessLog:
    """The log of one run: in its journal, or in `state` if that cannot be written.

    ConfigError if neither can.
    """

    def __init__(self, run: Run, state: Path, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock or (lambda: datetime.now(UTC))
        own = run.path / "journal" / FILE
        other = state / f"audit-{run.digest[:16]}.jsonl"
        found = next((path for path in (own, other) if _is_writable(path)), None)
        if found is None:
            raise ConfigError(
                str(own),
                f"neither it nor {other} can be written",
                "an audit is logged: make one of them writable, or set XDG_STATE_HOME",
            )
        self.path, self.is_beside_run = found, found == own

    def add(self, what: str, fields: Sequence[str], rows: int, **more: str) -> None:
        """Write one line, on disk before it returns. ConfigError if it cannot be written."""
        entry = {
            "at": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "who": _user(),
            "what": what,
            "fields": list(fields),
            "rows": rows,
            **{name: visible(value[:MAX_REASON]) for name, value in more.items()},
        }
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            handle = _appending(self.path)
            try:
                while line:
                    line = line[os.write(handle, line) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise ConfigError(
                str(self.path),
                f"cannot be written ({error.strerror}), and what is not logged is not answered",
                "make room, then ask again",
            ) from None

    def entries(self) -> list[dict[str, Any]]:
        """The last 200 entries, the newest first; lines that were cut off are left out."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
                lines = stream.read().split(b"\n")
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict) and isinstance(entry.get("fields"), list):
                found.append(_shown(entry))
        return found[-MAX_SHOWN:][::-1]


def _is_writable(path: Path) -> bool:
    if storage.in_store(path):
        return False  # a store has no appending: who reads such a run keeps the log himself
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(_appending(path))
    except OSError:
        return False
    return True


def _appending(path: Path) -> int:
    """A handle to append to a file: never another file that a link in the run leads to, or a pipe.

    OSError if it cannot be had.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(handle)
        raise OSError(errno.EINVAL, "is no file of its own", str(path))
    return handle


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as pages show it; what a line has of other types is left out."""
    known = {k: v for k, v in entry.items() if k in BLANK and type(v) is type(BLANK[k])}
    return {**BLANK, **known, "fields": [str(field) for field in entry["fields"]]}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
