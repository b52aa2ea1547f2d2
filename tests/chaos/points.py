"""Commit points: where a process is about to change a name below some folders, or has just done so.

Every change goes through a handful of functions of `os`, which are wrapped here, in the process
that is watched: production code knows nothing of it. A fault strikes at a point, once in the life
of a case: the file that says so is made first, in a folder that all processes of the case share.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

DRIVER = "driver"
"""Scope of what no task does."""
STORE = "store"
"""Scope of what is written to an object store, counted through a process's whole life."""
UPLOADS = ("put", "delete")
CHANGES = ("fsync", "replace", "rename", "link", "unlink", "remove", "rmdir", "mkdir")
TO = ("replace", "rename", "link")
"""Functions whose second argument is the name that changes."""
FILLS = ("mkstemp", "fsync", "mkdir", "link")
"""What fails on a full disk."""
PARSERS = "pipeline.sandboxed"
HOG_BYTES = 256 << 20
HOGS = 10
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What strikes, and at which point of which scope; `at` instead of a point: a kind of point."""

    act: str
    scope: str = ""
    point: int = 0
    at: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Strikes:
    """Faults of a case, and the folder in which its processes tell what has struck."""

    folder: Path
    inside: tuple[str, ...]
    faults: tuple[Fault, ...]
    invocation: int = 0
    driver: int = 0
    slow_s: float = 0.0
    """How long each wait for the disk takes more."""
    march: int = 0
    """Die at the first kind of point at which none has died before; 2: at every second kind."""


class Watch:
    """The points of this process, by scope."""

    def __init__(self, strikes: Strikes, told: list[tuple[str, str]] | None = None) -> None:
        self.strikes, self.told = strikes, told
        self.scope, self.count = DRIVER, 0
        self.uploads = 0
        self._thread = threading.get_ident()
        self._waiting = dict[int, Fault](enumerate(strikes.faults))

    def reach(self, kind: str) -> None:
        """Count a point; whatever is due there strikes."""
        if threading.get_ident() != self._thread:
            return  # of what runs beside a task, nothing changes a name
        self.count += 1
        self.uploads += kind.split(" ")[1:2] in ([change] for change in UPLOADS)
        step = self.scope.partition("/")[0]
        if self.told is not None:
            self.told.append((self.scope, f"{step} {kind}"))
        if self.strikes.slow_s and "fsync" in kind:
            time.sleep(self.strikes.slow_s)
        if self.strikes.march:
            self._march(f"{step} {kind}")
        for number, fault in list(self._waiting.items()):
            if self._is_due(fault, f"{step} {kind}"):
                del self._waiting[number]
                if self._first(str(number), f"{step} {kind}"):
                    strike(fault.act, self.strikes, fault.delay_s)

    def _is_due(self, fault: Fault, kind: str) -> bool:
        if fault.at:
            return fault.at == kind
        if fault.scope == STORE:
            return fault.point == self.uploads
        return (fault.scope, fault.point) == (self.scope, self.count)

    def _first(self, name: str, told: str) -> bool:
        """Whether nothing struck under this name before."""
        return once(self.strikes.folder / "struck" / name, f"{self.strikes.invocation} {told}")

    def _march(self, kind: str) -> None:
        if zlib.crc32(kind.encode()) % self.strikes.march:
            return
        if self._first("march-" + kind.replace(" ", "+").replace("/", "+"), kind):
            os.kill(self.strikes.driver, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    def kind(self, when: str, change: str, path: str) -> str | None:
        """What a change is called; None if it is none of the watched folders'."""
        for root in self.strikes.inside:
            if path.startswith(root + "/"):
                parts = [p for p in path[len(root) + 1 :].split("/") if not p.startswith(".tmp-")]
                return f"{when} {change} {Path(root).name}/{parts[0] if parts else ''}"
        return None

    def refuse(self, change: str) -> None:
        """OSError if the disk is full, since a fault made it so in this invocation."""
        full = self.strikes.folder / "struck" / f"full-{self.strikes.invocation}"
        if change in FILLS and full.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


_watch: Watch | None = None


def current() -> Watch | None:
    """The watch of this process."""
    return _watch


def arm(watch: Watch | None) -> None:
    """Have this process watched from now on, or no longer."""
    global _watch  # noqa: PLW0603 - one a process, as `os` is
    _install()
    _watch = watch


@contextlib.contextmanager
def scope(name: str) -> Iterator[None]:
    """Count anew, under this name; a task in the driver's own process returns to the driver's."""
    watch = _watch
    if watch is None:
        yield
        return
    before = watch.scope, watch.count, watch._thread
    watch.scope, watch.count, watch._thread = name, 0, threading.get_ident()
    try:
        watch.reach("begin")
        yield
        watch.reach("end")
    finally:
        watch.scope, watch.count, watch._thread = before


def once(path: Path, text: str = "") -> bool:
    """Make a file that no other process can have made."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    os.write(handle, text.encode())
    os.close(handle)
    return True


def _install() -> None:
    if getattr(os.replace, "is_watched", False):
        return
    for change in CHANGES:
        setattr(os, change, _watched(change, getattr(os, change)))
    tempfile.mkstemp = _watched("mkstemp", tempfile.mkstemp)
    import obstore  # noqa: PLC0415 - `pipeline.remote` has it in any case

    for change in UPLOADS:
        setattr(obstore, change, _watched(change, getattr(obstore, change)))


def _watched(change: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **named: Any) -> Any:
        watch = _watch
        path = _path(change, arguments, named) if watch is not None else None
        before = watch.kind("before", change, path) if watch is not None and path else None
        if watch is None or path is None or before is None:
            return real(*arguments, **named)
        watch.reach(before)
        watch.refuse(change)
        made = real(*arguments, **named)
        watch.reach(f"after{before.removeprefix('before')}")
        return made

    called.is_watched = True  # type: ignore[attr-defined]
    return called


def _path(change: str, arguments: Sequence[Any], named: dict[str, Any]) -> str | None:
    try:
        if change == "fsync":
            return str(Path(f"/proc/self/fd/{arguments[0]}").readlink())
        if change in UPLOADS:
            return f"{STORE}:{arguments[1]}"
        if change == "mkstemp":
            return f"{named['dir']}/" if named.get("dir") else None
        if named.get("dir_fd") is not None:
            folder = Path(f"/proc/self/fd/{named['dir_fd']}").readlink()
            return f"{folder}/{arguments[0]}"
        return os.path.abspath(os.fsdecode(arguments[1 if change in TO else 0]))
    except (OSError, TypeError, IndexError):
        return None


# What strikes


def strike(act: str, strikes: Strikes, delay_s: float = 0.0) -> None:
    """Do to this process, or to another of the case, what the fault says."""
    number = {"kill": signal.SIGKILL, "int": signal.SIGINT, "term": signal.SIGTERM}.get(act)
    if act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif number is not None:
        os.kill(strikes.driver, number)
    elif act == "driver":
        os.kill(strikes.driver, signal.SIGKILL)
    elif act == "full":
        once(strikes.folder / "struck" / f"full-{strikes.invocation}")
    elif act == "broken":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    elif act == "node":
        raylet = os.getppid()
        told = json.loads((strikes.folder / "cluster.json").read_text())
        assert raylet in told["raylets"], "no node of ours"
        os.kill(raylet, signal.SIGKILL)
    elif act == "memory":
        _run_out_of_memory()
    elif act == "hog":
        _take_memory()
    elif act in ("child", "fork_server"):
        threading.Thread(target=_kill_parser, args=(act, delay_s), daemon=True).start()
    else:
        raise AssertionError(act)


def _kill_parser(act: str, delay_s: float) -> None:
    """Kill the child that parses, or the process that forks it, a while after it is there."""
    end, own = time.monotonic() + PATIENCE_S, psutil.Process()
    while time.monotonic() < end:
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            forking = [p for p in own.children() if PARSERS in p.cmdline()]
            chosen = forking[0] if act == "fork_server" else forking[0].children()[0]
            time.sleep(delay_s)  # what it does meanwhile is what is tested
            chosen.kill()
            return
        time.sleep(0.002)


def _run_out_of_memory() -> None:
    """Have the kernel kill this process, in a group of its own with little memory.

    Where there are no such groups, it is killed as the kernel would.
    """
    group = Path("/sys/fs/cgroup/memory") / f"weir-chaos-{os.getpid()}"
    with contextlib.suppress(OSError):
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(HOG_BYTES))
        (group / "cgroup.procs").write_text(str(os.getpid()))
        _take(2 * HOG_BYTES)
    os.kill(os.getpid(), signal.SIGKILL)


def _take_memory() -> None:
    """Have Ray end this worker, since it takes more memory than the machine can spare.

    If it does not, and that is a fault of the test, the task goes on.
    """
    held = [_take(HOG_BYTES) for _ in range(HOGS)]
    time.sleep(PATIENCE_S)
    for at in held:
        ctypes.CDLL(None).free(ctypes.c_void_p(at))


def _take(size: int) -> int:
    """Address of so much memory, all of it in use."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    at = int(libc.malloc(ctypes.c_size_t(size)))
    ctypes.memset(at, 1, size)
    return at


def sweep() -> None:
    """Remove groups that killed processes have left."""
    for group in Path("/sys/fs/cgroup/memory").glob("weir-chaos-*"):
        with contextlib.suppress(OSError):  # one that is in use
            group.rmdir()
