"""Where bytes lie: on disk, at http(s) and s3.

A run's files on disk or in an object store, written so that no half file is ever visible.
"""

import contextlib
import errno
import functools
import hashlib
import io
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import places, remote
from pipeline.places import Place, Remote
from stages import schema
from stages.errors import DiskError, ShardError, TransientError

EDGE_BYTES = 1 << 16
NO_FILE = "is no regular file; copy what it gives to a file, then run the command again"
APPENDS = 20
"""Tries to add a line to a journal in a store, while others do."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input file.

    The name it is known by in the data, where it is, and what its content is known by.
    """

    name: str
    uri: str
    identity: str

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        return asdict(self)


def is_remote(uri: str) -> bool:
    """Whether the address needs a network client."""
    return remote.is_remote(uri)


place, in_store = places.place, places.in_store


def configure(
    requests_per_second: float, cache: str | None, cache_bytes: int, part_bytes: int
) -> None:
    """Set this process's share of the requests to each host, and where copies of objects lie."""
    remote.limit(requests_per_second)
    remote.upload_by(part_bytes)
    if cache is not None:
        places.cache.folder = Path(cache)
    places.cache.max_bytes = cache_bytes


def path_at(uri: str) -> Path:
    """The path that an address of this machine stands for."""
    return Path(uri.removeprefix("file://"))


def open_at(uri: str, offset: int = 0) -> BinaryIO:
    """The bytes from an offset on.

    ShardError if there are none to be had, TransientError if the network fails.
    """
    stream: BinaryIO
    try:
        if is_remote(uri):
            facts = remote.head(uri)
            if facts is None:
                raise FileNotFoundError(uri)  # noqa: TRY301 - the same answer as for a local file
            reader = places.Reader(uri, facts.size)
            stream = cast("BinaryIO", io.BufferedReader(reader, buffer_size=1 << 16))
        else:
            path = path_at(uri)
            if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
                raise ShardError(uri, NO_FILE)
            stream = path.open("rb")
    except FileNotFoundError:
        raise ShardError(uri, "no such file; check the path or the path list") from None
    except PermissionError:
        raise ShardError(
            uri, "permission denied; make the file readable, then run the command again"
        ) from None
    except IsADirectoryError:
        raise ShardError(uri, "is a folder, not a file") from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise ShardError(
                uri[:200], "there is no file of such a name; check the path or the path list"
            ) from None
        raise TransientError(uri, f"cannot be read ({type(error).__name__})") from None
    stream.seek(offset)
    return stream


def ranges(
    uri: str,
    starts: Sequence[int],
    ends: Sequence[int],
    gap_bytes: int = remote.GAP_BYTES,
) -> list[bytes]:
    """The bytes of each range [start, end) of a file, in the order asked for.

    Of remote files, those no further apart than `gap_bytes` are read together, several at once.
    ShardError if the file is not there or too short, TransientError if the network fails.
    """
    try:
        if is_remote(uri):
            return remote.ranges(uri, starts, ends, gap_bytes)
        with open_at(uri) as stream:
            found = []
            for start, end in zip(starts, ends, strict=True):
                stream.seek(start)
                found.append(stream.read(end - start))
                if len(found[-1]) != end - start:
                    raise remote.Cut(uri, remote.NO_RANGE)
            return found
    except FileNotFoundError:
        raise ShardError(uri, "no such file; check the path or the path list") from None


def identity(uri: str) -> str:
    """What the content is known by.

    Size and ETag, or size and a digest of both ends for a local file.
    """
    if is_remote(uri):
        facts = remote.head(uri)
        return "missing" if facts is None else known_by(facts)
    path = path_at(uri)
    try:
        known = path.stat()
        if not stat.S_ISREG(known.st_mode):  # to open a pipe would wait for ever
            return "missing"
        size = known.st_size
        with path.open("rb") as stream:
            ends = stream.read(EDGE_BYTES)
            stream.seek(max(0, size - EDGE_BYTES))
            ends += stream.read(EDGE_BYTES)
    except OSError:
        return "missing"
    return f"{size}:{hashlib.blake2b(ends, digest_size=16).hexdigest()}"


NO_FILE = "is no regular file; copy what it gives to a file, then run the command again"


def known_by(facts: remote.Facts) -> str:
    """What the content of an object is known by: size and ETag."""
    return f"{facts.size}:{facts.e_tag or facts.modified}"


def local(path: Place) -> Path:
    """A file of this machine with the same bytes: itself, or a copy in the cache.

    FileNotFoundError if there is none.
    """
    return path if isinstance(path, Path) else places.cache.copy(str(path), path.facts())


def read_each(paths: Sequence[Place]) -> Iterator[bytes]:
    """The content of each file, in their order; of those in a store, several are read at once."""
    if paths and in_store(paths[0]):
        yield from remote.at_once(lambda path: path.read_bytes(), paths)
    else:
        yield from (path.read_bytes() for path in paths)


def cached(run: Remote) -> Path:
    """A folder of this machine for what is made of a run in a store, and can be made again."""
    return places.cache.own() / hashlib.sha256(str(run).encode()).hexdigest()[:32]


def opened(path: Place) -> Any:
    """What pyarrow may read a file from: its path, or a stream that reads by range."""
    return path if isinstance(path, Path) else path.open()


def scratch(near: Place) -> Path:
    """A local folder for what is being made: of the place itself, or this machine's."""
    if isinstance(near, Remote):
        return Path(tempfile.gettempdir())
    near.mkdir(parents=True, exist_ok=True)
    return near


def attempt_name(run: Place, name: str) -> str:
    """The name of a file for this attempt to make it.

    A store has no renaming: attempts that overlap must not write one object, of which one may have
    been committed. On a disk the name is the same, since a file appears whole.
    """
    if isinstance(run, Path):
        return name
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-{secrets.token_hex(4)}{dot}{suffix}"


def remove_below(folder: Place) -> None:
    """Remove a folder and what is in it, as far as that can be."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        remote.delete([str(path) for path, _ in folder.below()])


def append_line(path: Place, line: str) -> None:
    """Add a line to a journal, durably; what a crash has cut off before it is ended first.

    In a store several attempts at a task may do so at a time: each replaces what it has read, and
    no other. On a disk one process does.
    """
    if isinstance(path, Remote):
        _append_in_store(path, line)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        stream.seek(0, os.SEEK_END)
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
        begin = b"" if not stream.tell() or stream.read(1) == b"\n" else b"\n"
        stream.write(begin + line.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def _append_in_store(path: Remote, line: str) -> None:
    for _ in range(APPENDS):
        try:
            before, e_tag = remote.read_known(str(path))
        except FileNotFoundError:
            before, e_tag = b"", ""
        data = before + line.encode() + b"\n"
        try:
            remote.write(str(path), data, only_new=not e_tag, replacing=e_tag or None)
        except (remote.Taken, FileNotFoundError):
            continue  # another was faster: its lines stay, mine comes after them
        return
    raise TransientError(str(path), f"was changed by others {APPENDS} times while a line was added")


def create(path: Place, data: bytes) -> bool:
    """Write a file if there is none, or none of other bytes; whether it is there with these now."""
    if isinstance(path, Path):
        write_bytes(path, data)
        return True
    try:
        remote.write(str(path), data, only_new=True)
    except remote.Taken:
        return False
    return True


DISK_ERRORS: Mapping[int, str] = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "disk full; free some space, then run the same command to resume",
    ),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES), "not writable; choose another --output or make it writable"
    ),
    **dict.fromkeys(
        (errno.EIO, errno.ESTALE),
        "the disk fails (input/output error); look at the kernel's log (dmesg), then run the same "
        "command to resume",
    ),
}


@contextlib.contextmanager
def disk_errors(path: Place) -> Iterator[None]:
    """Turn a full or failing disk into a DiskError that says what to do.

    Nothing committed is lost by it.
    """
    try:
        yield
    except OSError as error:
        problem = DISK_ERRORS.get(error.errno or 0)
        if problem is None:
            raise
        raise DiskError(str(path), problem) from None


def write_bytes(path: Place, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    if isinstance(path, Remote):
        path.write_bytes(data)
        return
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def adopt(source: Place, target: Place) -> None:
    """Link a committed file, or copy it to another disk or store."""
    if target.exists():
        return
    if isinstance(target, Remote):
        remote.write(str(target), local(source))
        return
    if isinstance(source, Remote):
        source = local(source)
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except FileExistsError:
            return
        except OSError:
            write_bytes(target, source.read_bytes())
            return
        sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk holds a folder's entries: a new name, or a new meaning of one."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@functools.cache
def _of_few_values(schema: pa.Schema) -> list[str]:
    """Leaves of a schema that a dictionary makes smaller: all but floating-point numbers.

    Without theirs, signals take a seventh less room and two thirds of the time
    (docs/experiments.md).
    """
    empty = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), empty)
    leaves = pq.ParquetFile(pa.BufferReader(empty.getvalue())).schema
    return [leaf.path for leaf in leaves if leaf.physical_type not in ("FLOAT", "DOUBLE")]


class ParquetFile:
    """A Parquet file in the making.

    Row groups go to a temporary file, `commit` makes it visible.
    """

    def __init__(
        self, path: Place, table: schema.Table, notes: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self.rows = 0
        self.row_groups = 0
        with disk_errors(path):
            handle, name = tempfile.mkstemp(dir=scratch(path.parent), prefix=".tmp-")
            os.close(handle)
            self._temporary = Path(name)
            described = table.schema.with_metadata(
                {"weir.table": table.name, "weir.schema": str(schema.VERSION), **(notes or {})}
            )
            self._writer = pq.ParquetWriter(
                name,
                described,
                compression="none" if table.is_random else "zstd",
                compression_level=None if table.is_random else 3,
                use_dictionary=False if table.is_random else _of_few_values(table.schema),
                write_page_checksum=True,
            )
        self._schema = table.schema

    def __enter__(self) -> Self:
        """Nothing is left behind if the block raises."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self.discard()

    def write(self, table: pa.Table) -> None:
        """Write the rows as one row group; without rows there is none."""
        if not table.num_rows:
            return
        with disk_errors(self.path):
            self._writer.write_table(
                table.select(self._schema.names).cast(self._schema),
                row_group_size=table.num_rows,
            )
        self.rows += table.num_rows
        self.row_groups += 1

    def commit(self) -> dict[str, Any]:
        """Close, make durable and visible; the output's entry for a manifest."""
        with disk_errors(self.path):
            self._writer.close()
            digest, size = publish(self._temporary, self.path)
        return {"rows": self.rows, "bytes": size, "sha256": digest}

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._temporary.unlink(missing_ok=True)


def publish(made: Path, path: Place) -> tuple[str, int]:
    """Make a finished local file durable and visible at its place; its SHA-256 and bytes.

    Uploading comes last, and of a whole file: a store shows an object only once it is complete.
    """
    digest, size = file_digest(made), made.stat().st_size
    if isinstance(path, Remote):
        remote.write(str(path), made)
        made.unlink()
        return digest, size
    with made.open("rb+") as stream:
        os.fsync(stream.fileno())
    made.chmod(0o644)
    made.replace(path)
    sync_folder(path.parent)
    return digest, size


def file_digest(path: Place) -> str:
    """SHA-256 of a file."""
    if isinstance(path, Remote):
        found = hashlib.sha256()
        reader = places.Reader(str(path), path.facts().size)
        while data := reader.read(remote.MAX_READ_BYTES):
            found.update(data)
        return found.hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_table(path: Place, columns: list[str] | None = None) -> pa.Table:
    """A whole Parquet file; for narrow columns."""
    return pq.read_table(
        opened(path),
        columns=columns,
        memory_map=isinstance(path, Path),
        partitioning=None,
        page_checksum_verification=True,
    )
