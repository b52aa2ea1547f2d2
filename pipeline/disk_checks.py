"""Whether a disk does what commits need of it, and what it has: room, speed, a clock."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pipeline.checks import FAIL, OK, WARN, Check, gib

LEAST_BYTES: Final = 1 << 30
LEAST_INODES: Final = 100_000
SAMPLE_BYTES: Final = 32 << 20
SLOW_MB_S: Final = 20
"""A worker writes some 2 MB a second; a disk that is slower than ten of them holds up a node."""
SKEW_S: Final = 5.0
ELSEWHERE: Final = "choose another --output"


def of(folder: Path) -> Iterator[Check]:
    """Checks of the disk where a run is to lie; what they write is removed."""
    above = standing(folder)
    if not above.is_dir():
        yield Check("output", FAIL, f"{above} is a file", ELSEWHERE)
        return
    try:
        held = tempfile.TemporaryDirectory(prefix=".weir-doctor-", dir=above)
    except OSError as error:
        remedy = f"make it writable, or {ELSEWHERE}"
        yield Check("output", FAIL, f"{above} cannot be written to ({error.strerror})", remedy)
        return
    with held as name:
        yield Check("output", OK, f"{above} can be written to")
        room_for = Path(name)
        yield room("output disk", room_for, LEAST_BYTES, f"free some space, or {ELSEWHERE}")
        yield from _inodes(room_for)
        for what, tried, state, remedy in TRIALS:
            yield _tried(what, tried, room_for, state, remedy)
        yield from _speed_and_clock(room_for)


def standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())


def free_bytes(folder: Path) -> int | None:
    """Bytes that may be written there; None for what is no folder."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def room(name: str, folder: Path, least: int, remedy: str) -> Check:
    """Whether there is room."""
    free = free_bytes(folder)
    if free is None:
        return Check(name, FAIL, f"{folder} is not there", remedy)
    state = OK if free >= least else FAIL
    return Check(name, state, f"{gib(free)} free", "" if state == OK else remedy)


def _inodes(folder: Path) -> Iterator[Check]:
    found = os.statvfs(folder)
    if not found.f_files:  # some file systems have as many as they need, and say none
        return
    state = OK if found.f_favail >= LEAST_INODES else WARN
    remedy = "" if state == OK else "a snapshot of 90,000 files needs a million; ask for more"
    yield Check("output files", state, f"room for {found.f_favail:,} more", remedy)


def _rename(folder: Path) -> str:
    """A file replaces another: that is how a commit becomes visible."""
    old, new = folder / "old", folder / "new"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    new.replace(old)
    return "" if old.read_bytes() == b"new" and not new.exists() else "both files are there"


def _sync(folder: Path) -> str:
    """The disk can be waited for, for a file and for the folder's entry."""
    path = folder / "synced"
    with path.open("wb") as stream:
        stream.write(b"x")
        stream.flush()
        os.fsync(stream.fileno())
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return ""


def _lock(folder: Path) -> str:
    """A lock that is held is not given to another."""
    path = folder / "lock"
    with path.open("w") as first, path.open("w") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return ""
    return "a lock was given twice"


def _link(folder: Path) -> str:
    """A file can have two names."""
    one, two = folder / "one", folder / "two"
    one.write_bytes(b"x")
    os.link(one, two)
    return "" if two.stat().st_nlink == 2 else "the link is a copy"


Trial = tuple[str, Callable[[Path], str], str, str]
TRIALS: Final[tuple[Trial, ...]] = (
    ("rename", _rename, FAIL, f"no commit is safe there: {ELSEWHERE}"),
    ("sync", _sync, FAIL, f"a crash of the machine may lose what was committed: {ELSEWHERE}"),
    (
        "lock",
        _lock,
        WARN,
        "two drivers would not see each other: start one at a time; Lustre needs the option flock",
    ),
    ("hard link", _link, WARN, "--reuse copies files there, and takes their room again"),
)


def _tried(name: str, tried: Callable[[Path], str], folder: Path, state: str, remedy: str) -> Check:
    try:
        problem = tried(folder)
    except OSError as error:
        problem = error.strerror or type(error).__name__
    return Check(name, state, problem, remedy) if problem else Check(name, OK, "works")


def _speed_and_clock(folder: Path) -> Iterator[Check]:
    """Writes a file once: how fast that is, and what the disk's clock says of it."""
    path, piece = folder / "sample", os.urandom(1 << 20)
    began = time.perf_counter()
    try:
        with path.open("wb") as stream:
            for _ in range(SAMPLE_BYTES >> 20):
                stream.write(piece)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        yield Check("write speed", FAIL, error.strerror or type(error).__name__, ELSEWHERE)
        return
    speed = SAMPLE_BYTES / 1e6 / max(1e-6, time.perf_counter() - began)
    state = OK if speed >= SLOW_MB_S else WARN
    remedy = "" if state == OK else "workers will wait for it: use fewer, or another disk"
    yield Check("write speed", state, f"{speed:,.0f} MB/s", remedy)
    with contextlib.suppress(OSError):
        os.utime(path)  # now, by the clock of whoever keeps the disk
        yield clock(path.stat().st_mtime, "the disk's clock")


def clock(theirs: float, whose: str) -> Check:
    """How far a clock is from this machine's, in seconds since the epoch."""
    ahead = theirs - time.time()
    if abs(ahead) <= SKEW_S:
        return Check("clock", OK, f"{whose} and this machine's agree")
    side = "behind" if ahead > 0 else "ahead of"
    found = f"this machine is {abs(ahead):,.0f} s {side} {whose}"
    return Check("clock", WARN, found, "let both follow a time server (timedatectl, chronyc)")
