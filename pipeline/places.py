"""Where a run lies: a local folder, or a prefix of an object store, by one set of names.

A `Place` is a `pathlib.Path`, or a `Remote` that answers to the same names. What a file system has
and a store lacks (folders, renaming, appending, mapping) is in functions of `pipeline.storage`.
"""

import abc
import contextlib
import fcntl
import fnmatch
import hashlib
import io
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Self, TypeGuard, cast

from pipeline import remote
from stages.errors import ConfigError, IntegrityError

WHOLE_BYTES = 1 << 20
"""What is smaller is read by one request, whatever part of it is asked for."""
FIRST_READ_BYTES = 1 << 16
TAIL_BYTES = 1 << 17
"""Holds the footer of a Parquet file, but for those with thousands of row groups."""
CACHE_BYTES = 8 << 30
HELD = 16
"""Copies that a process keeps others from removing: those that it was given last."""


@dataclass(frozen=True, slots=True)
class Stat:
    """What is asked of `os.stat_result`."""

    st_size: int
    st_mtime: float
    """By the store's clock."""
    st_nlink: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Remote:
    """An object, or what a folder would be: the part of a bucket below a prefix."""

    base: str
    key: str

    @staticmethod
    def at(uri: str) -> "Remote":
        """The place of an address. ConfigError for one that names no bucket, or climbs."""
        base, key = remote.split(uri)
        parts = [part for part in key.split("/") if part]
        if "." in parts or ".." in parts:
            raise ConfigError(remote.shown(uri), "holds . or ..", "name the folder itself")
        return Remote(base, "/".join(parts))

    def __str__(self) -> str:
        """The address."""
        return f"{self.base}/{self.key}" if self.key else self.base

    def __fspath__(self) -> str:
        """There is none: whoever opens files by name must ask for `storage.local`."""
        raise TypeError(f"{self} is no file of this machine")

    def __truediv__(self, below: "str | PurePosixPath") -> "Remote":
        """A place below this one; `..` does not leave it."""
        parts = [part for part in str(below).split("/") if part not in ("", ".")]
        if ".." in parts:
            raise IntegrityError(str(self), "a path below it climbs out of it")
        return Remote(self.base, "/".join([*([self.key] if self.key else []), *parts]))

    @property
    def _pure(self) -> PurePosixPath:
        return PurePosixPath(self.key)

    @property
    def name(self) -> str:
        """The last part."""
        return self._pure.name or self.base.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return self._pure.stem

    @property
    def suffix(self) -> str:
        """The last part's suffix."""
        return self._pure.suffix

    @property
    def parent(self) -> "Remote":
        """The place that holds this one."""
        return Remote(self.base, self.key.rpartition("/")[0])

    def with_name(self, name: str) -> "Remote":
        """The place of another name beside it."""
        return self.parent / name

    def with_suffix(self, suffix: str) -> "Remote":
        """The place with another suffix."""
        return Remote(self.base, str(self._pure.with_suffix(suffix)))

    def relative_to(self, other: "Path | Remote") -> PurePosixPath:
        """The path from another place to this. ValueError if it is not below that."""
        if isinstance(other, Path) or other.base != self.base:
            raise ValueError(f"{self} is not below {other}")
        return self._pure.relative_to(PurePosixPath(other.key))

    def is_relative_to(self, other: "Path | Remote") -> bool:
        """Whether it is below another place, or is it."""
        with contextlib.suppress(ValueError):
            self.relative_to(other)
            return True
        return False

    def resolve(self) -> Self:
        """Itself: there are no links."""
        return self

    def is_absolute(self) -> bool:
        """It is."""
        return True

    def exists(self) -> bool:
        """Whether there is an object of this name."""
        return remote.head(str(self)) is not None

    def is_file(self) -> bool:
        """Whether there is an object of this name."""
        return self.exists()

    def is_dir(self) -> bool:
        """Whether there is an object below."""
        return bool(remote.listing(str(self)))

    def stat(self) -> "Stat":
        """Size and time, by the names that files have them."""
        found = self.facts()
        return Stat(found.size, found.modified.timestamp())

    def facts(self) -> remote.Facts:
        """Size, ETag and time. FileNotFoundError if there is no such object."""
        found = remote.head(str(self))
        if found is None:
            raise FileNotFoundError(str(self))
        return found

    def read_bytes(self) -> bytes:
        """The content."""
        return remote.read(str(self))

    def read_text(self, encoding: str = "utf-8") -> str:
        """The content as text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, data: bytes) -> int:
        """Write the object whole or not at all."""
        remote.write(str(self), data)
        return len(data)

    def open(self, mode: str = "rb") -> BinaryIO:
        """A seekable stream that reads by range."""
        if mode != "rb":
            raise ValueError(f"{self}: mode {mode}: objects are written whole")
        return cast("BinaryIO", Reader(str(self)))

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        if not missing_ok:
            self.facts()
        remote.delete([str(self)])

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a store has no folders."""
        del mode, parents, exist_ok

    def rmdir(self) -> None:
        """Nothing, as `mkdir`."""

    def below(self) -> Iterator[tuple["Remote", remote.Facts]]:
        """Every object below, with what the store says of it."""
        start = f"{self.key}/" if self.key else ""
        for facts in remote.listing(str(self)):
            if facts.path.startswith(start):
                yield Remote(self.base, facts.path), facts

    def rglob(self, pattern: str) -> Iterator["Remote"]:
        """Objects at any depth whose name matches."""
        return (place for place, _ in self.below() if fnmatch.fnmatchcase(place.name, pattern))

    def glob(self, pattern: str) -> Iterator["Remote"]:
        """Objects whose path matches, part by part."""
        parts = pattern.split("/")
        fixed = next((n for n, part in enumerate(parts) if set(part) & set("*?[")), len(parts) - 1)
        start = self / "/".join(parts[:fixed]) if fixed else self
        wanted = parts[fixed:]
        for place, _ in start.below():
            found = place.relative_to(start).parts
            if len(found) == len(wanted) and all(map(fnmatch.fnmatchcase, found, wanted)):
                yield place

    def iterdir(self) -> Iterator["Remote"]:
        """What would be in the folder: objects, and first parts of longer names."""
        names = dict.fromkeys(place.relative_to(self).parts[0] for place, _ in self.below())
        return (self / name for name in names)


Place = Path | Remote


def place(text: "str | Path | Remote") -> Path:
    """The place of an address: a local path (also `file://`), or one of an object store.

    ConfigError for a store that cannot be written to, as a web server.
    """
    if not isinstance(text, str):
        return cast("Path", text)
    if not remote.is_remote(text):
        return Path(text.removeprefix("file://"))
    if not text.startswith(tuple(f"{scheme}://" for scheme in remote.STORES)):
        raise ConfigError(remote.shown(text), "is a web server: no run can lie there", "use s3://")
    # Typed as the path that it stands in for: what it lacks raises TypeError in `__fspath__`.
    return cast("Path", Remote.at(text))


def in_store(path: object) -> TypeGuard[Remote]:
    """Whether it is a place in a store, whatever its annotation says: see `place`."""
    return isinstance(path, Remote)


class ByRange(io.RawIOBase):
    """A seekable stream over bytes that are asked for by range."""

    size: int
    _at = 0

    @abc.abstractmethod
    def _between(self, start: int, end: int) -> bytes:
        """The bytes from start to end, which is not past the end of the file."""

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to so many bytes, fewer at the end only."""
        end = self.size if size is None or size < 0 else min(self.size, self._at + size)
        if end <= self._at:
            return b""
        data = self._between(self._at, end)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Reader(ByRange):
    """An object as a seekable stream.

    Small ones are read by one request. Else reading on doubles what is fetched ahead, up to
    `remote.MAX_READ_BYTES`; a jump starts anew with what is asked for.
    """

    def __init__(self, uri: str, size: int | None = None) -> None:
        self._uri = uri
        self._first, self._data = 0, b""
        self._ahead = FIRST_READ_BYTES
        self._tail = b""
        if size is None:
            size, self._tail = remote.tail(uri, TAIL_BYTES)
        self.size = size

    def _between(self, start: int, end: int) -> bytes:
        tail_at = self.size - len(self._tail)
        if start >= tail_at:
            return self._tail[start - tail_at : end - tail_at]
        known_end = self._first + len(self._data)
        if self._first <= start and end <= known_end:
            return self._data[start - self._first : end - self._first]
        if self.size <= WHOLE_BYTES:
            self._tail = remote.read_range(self._uri, 0, tail_at) + self._tail
            remote.ends.put(self._uri, self.size, self._tail)
            return self._tail[start:end]
        kept = b""
        if self._first <= start <= known_end and self._data:
            kept = self._data[start - self._first :]
            self._ahead = min(2 * self._ahead, remote.MAX_READ_BYTES)
        else:
            self._ahead = FIRST_READ_BYTES
        begin = start + len(kept)
        until = min(self.size, max(end, begin + self._ahead))
        cuts = [*range(begin, until, remote.MAX_READ_BYTES), until]
        parts = remote.ranges(self._uri, cuts[:-1], cuts[1:])
        self._first, self._data = start, b"".join([kept, *parts])
        return self._data[: end - start]


@dataclass(slots=True)
class Cache:
    """Copies of objects on this machine, by address, size and ETag; the oldest go first.

    What is being fetched, or was handed out last by a process that lives, is locked and stays.
    """

    folder: Path
    max_bytes: int = CACHE_BYTES
    _held: OrderedDict[Path, int] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def copy(self, uri: str, facts: remote.Facts) -> Path:
        """The file with the object's bytes."""
        known = hashlib.sha256(f"{uri}\n{facts.size}\n{facts.e_tag}".encode()).hexdigest()
        path = self.own() / f"{known}-{facts.size}"
        if self._hold(path, facts.size):
            return path
        self._make_room(facts.size)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".tmp-")
        made = Path(temporary)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            remote.download(uri, made, facts.size)
            made.replace(path)
        except BaseException:
            made.unlink(missing_ok=True)
            os.close(handle)
            raise
        self._keep(path, handle)
        return path

    def _hold(self, path: Path, size: int) -> bool:
        """Whether the copy is there, whole; nobody removes it then."""
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        fcntl.flock(handle, fcntl.LOCK_SH)
        found = os.fstat(handle)
        if not found.st_nlink or found.st_size != size:  # removed before it was locked
            os.close(handle)
            return False
        with contextlib.suppress(OSError):
            os.utime(path)
        self._keep(path, handle)
        return True

    def _keep(self, path: Path, handle: int) -> None:
        with self._lock:
            if path in self._held:
                os.close(self._held[path])
            self._held[path] = handle
            self._held.move_to_end(path)
            while len(self._held) > HELD:
                os.close(self._held.popitem(last=False)[1])

    def release(self) -> None:
        """Let go of what was handed out, as a process does that ends."""
        with self._lock:
            while self._held:
                os.close(self._held.popitem()[1])

    def own(self) -> Path:
        """The folder. ConfigError unless it is this user's alone: others could change files."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise ConfigError(
                "storage.cache",
                f"{self.folder} can be written to by other users",
                f"make it yours with: chmod 700 {self.folder}, or name another folder with --set",
            )
        return self.folder

    def _make_room(self, wanted: int) -> None:
        total = wanted
        for _, size, path in sorted(self._files(), reverse=True):
            total += size
            if total > self.max_bytes and _remove_unused(path):
                total -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.glob("*-*"):
            with contextlib.suppress(FileNotFoundError):  # another process makes room as well
                found = path.stat()
                yield found.st_mtime, found.st_size, path


def _remove_unused(path: Path) -> bool:
    """Remove a copy, unless a process has it locked."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(handle)


cache = Cache(Path(tempfile.gettempdir()) / f"weir-objects-{os.getuid()}")
"""Of this process; `storage.configure` sets where it lies."""
