"""The block list of a run: where its file is, its lines, and the mapped table made of it.

A file is text with an entry a line, that text gzipped, or a tar (also gzipped) whose members named
`domains` and `urls`, in any folder, hold such text: the form of the lists that datatrove carries
and of those of the University of Toulouse.
"""

import gzip
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from pipeline import storage
from pipeline.manifest import Output
from pipeline.storage import Input
from stages import schema
from stages.errors import ConfigError

KEY = "gate.block_list"
OPT_OUTS = "rights.optout_domains"
DATATROVE = "datatrove"
ASSET = "assets/url_filterblacklistsv0_3_0.tar.gz"
"""The list inside datatrove's package: 4,558,939 domains and 19,586 URLs."""
MEMBERS = ("domains", "urls")
CHUNK_BYTES = 1 << 20
MAX_LIST_BYTES = 4 << 30
"""Of text: thirty times datatrove's list; what is larger is a decompression bomb, or no list."""


def locate(setting: str | None, key: str = KEY) -> Input | None:
    """The list that a setting names, known by the SHA-256 of its file; None if it is off.

    ConfigError if there is no such file.
    """
    if setting is None:
        return None
    path = _of_datatrove() if (setting, key) == (DATATROVE, KEY) else Path(setting)
    try:
        digest = storage.file_digest(path)
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror})"
        raise ConfigError(key, problem, f"name a file, or {_off(key)}") from None
    return Input(path.name, str(path.resolve()), f"sha256:{digest}")


def _off(key: str) -> str:
    return f"switch it off with --set {key}=null"


def _of_datatrove() -> Path:
    """Looked up, not imported: datatrove's import takes a second."""
    found = util.find_spec(DATATROVE)
    if found is None or not found.submodule_search_locations:
        remedy = f"install the package datatrove, name a file, or {_off(KEY)}"
        raise ConfigError(KEY, "datatrove is not installed, whose list this is", remedy)
    return Path(found.submodule_search_locations[0]) / ASSET


def chunks(item: Input, key: str = KEY) -> Iterator[tuple[str, bytes]]:
    """The lines of a list, some at a time: (file, whole lines), each ended by a newline.

    ConfigError if the file is none of the forms, damaged, or not what `locate` found.
    """
    path = Path(item.uri)
    if f"sha256:{storage.file_digest(path)}" != item.identity:
        raise ConfigError(key, f"{path} was changed while the run was made", "run again")
    try:
        if tarfile.is_tarfile(path):
            yield from _members(path, key)
            return
        with path.open("rb") as stream:
            is_packed = stream.read(2) == b"\x1f\x8b"
        with cast("BinaryIO", gzip.open(path)) if is_packed else path.open("rb") as stream:
            for lines in _lines(stream, str(path), key):
                yield str(path), lines
    except (EOFError, OSError, tarfile.TarError, zlib.error) as error:
        problem = f"{path} is damaged or no list ({type(error).__name__})"
        raise ConfigError(key, problem, "name text or a tar of `domains` and `urls`") from None


def _members(path: Path, key: str) -> Iterator[tuple[str, bytes]]:
    """Lines of a tar's lists; nothing is unpacked to disk."""
    found = 0
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isfile() and member.name.rpartition("/")[2] in MEMBERS:
                found += 1
                where = f"{path}({member.name})"
                for lines in _lines(cast("BinaryIO", archive.extractfile(member)), where, key):
                    yield where, lines
    if not found:
        raise ConfigError(key, f"{path} holds no member named {' or '.join(MEMBERS)}")


def _lines(stream: BinaryIO, where: str, key: str) -> Iterator[bytes]:
    rest, total = b"", 0
    while data := stream.read(CHUNK_BYTES):
        total += len(data)
        if total > MAX_LIST_BYTES:
            raise ConfigError(key, f"{where} holds more than {MAX_LIST_BYTES >> 30} GiB of text")
        whole, newline, rest = (rest + data).rpartition(b"\n")
        if newline:
            yield whole + newline
        elif len(rest) > CHUNK_BYTES:
            raise ConfigError(key, f"{where} has a line of more than {CHUNK_BYTES >> 20} MiB")
    if rest:
        yield rest + b"\n"


def write(
    run: Path, name: str, table: pa.Table, declared: schema.Table = schema.BLOCK_LIST
) -> Output:
    """Write a table as an Arrow file, whole or not at all; its entry for a manifest."""
    name = storage.attempt_name(run, name)
    path = run / name
    notes = {"weir.table": declared.name, "weir.schema": str(schema.VERSION)}
    digest, size = save(path, table.cast(declared.schema).replace_schema_metadata(notes))
    return Output(declared.name, name, table.num_rows, size, digest)


def save(path: Path, table: pa.Table) -> tuple[str, int]:
    """Write a table as one batch of an Arrow file, whole or not at all; its digest and bytes."""
    with storage.disk_errors(path):
        handle, temporary = tempfile.mkstemp(dir=storage.scratch(path.parent), prefix=".tmp-")
        os.close(handle)
        made = Path(temporary)
        try:
            with pa.OSFile(temporary, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table.combine_chunks())
            return storage.publish(made, path)
        except BaseException:
            made.unlink(missing_ok=True)
            raise


def mapped(path: Path) -> pa.Table:
    """The table of an Arrow file, mapped: its pages are read when they are needed, and shared."""
    with pa.memory_map(str(storage.local(path))) as source:
        return pa.ipc.open_file(source).read_all()
