"""Tables of files of sites: written by key range, collated, and mapped for lookups."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.site_files import STATUSES, Contents, Part, SiteFiles
from pipeline import lists, tables
from pipeline.context import Context
from pipeline.manifest import Count, Output
from stages import prepare, schema
from stages.errors import IntegrityError

TABLES = (schema.SITE_FILES, schema.SITE_CONTENTS)
FOLDER = "fetched"
PART_ROWS = 1_000_000
"""Rows of a part: collating one takes 0.3 GB, and as much again for what its files say."""


def ranges(rows: int) -> list[tuple[int, int]]:
    """Ranges of buckets, [first, last), for a table of so many rows."""
    count = max(1, min(prepare.BUCKETS, -(-rows // PART_ROWS)))
    bounds = [number * prepare.BUCKETS // count for number in range(count + 1)]
    return list(itertools.pairwise(bounds))


def groups(output: Output) -> Callable[[int, int], list[Any]]:
    """By range of buckets, the file and its row groups of them, as tasks are given them."""
    of: dict[str, list[int]] = {}
    for tag, group in output.groups:
        of.setdefault(tag, []).append(group)

    def between(first: int, last: int) -> list[Any]:
        names = map(prepare.bucket_name, range(first, last))
        return [output.path, sorted(group for name in names for group in of.get(name, ()))]

    return between


def write(context: Context, found: Iterable[prepare.Fetched]) -> list[Output]:
    """Write fetches as they come, cut by range of keys; memory does not grow with them."""
    writers = [context.output(table).at(FOLDER, f"{table.name}-") for table in TABLES]
    try:
        for made in prepare.site_tables(found):
            for writer, table in zip(writers, made, strict=True):
                for name, rows in prepare.buckets(table):
                    writer.write(rows, name)
        return [writer.commit() for writer in writers]
    except BaseException:
        for writer in writers:
            writer.discard()
        raise


def collate(context: Context) -> tuple[list[Output], int, pa.Table]:
    """Write one part of the two tables; its outputs, rows that were read, and the files' table."""
    params = context.task.params
    files, contents = (tables.each_group(context.run, params[table.name]) for table in TABLES)
    read = list(files)
    outputs, made = store(context, read, contents)
    return outputs, sum(part.num_rows for part in read), made


def store(
    context: Context, found: Iterable[pa.Table], says: Iterable[pa.Table]
) -> tuple[list[Output], pa.Table]:
    """Write one part of the two tables from rows in any order; its outputs and the files' table."""
    run, name = context.run, f"{context.task.name}-{context.task.key[:12]}.arrow"
    files = prepare.collated_files(found)
    outputs = [lists.write(run, f"{schema.SITE_FILES.name}/{name}", files, schema.SITE_FILES)]
    contents = prepare.collated_contents(says)
    outputs.append(
        lists.write(run, f"{schema.SITE_CONTENTS.name}/{name}", contents, schema.SITE_CONTENTS)
    )
    return outputs, files


def statuses(kind: str, files: pa.Table) -> list[Count]:
    """How many files there are of each status."""
    found = Counter(files.column("status").to_pylist())
    metric = f"{kind}.files"
    return [(schema.UNDETERMINED, metric, STATUSES[status], n) for status, n in found.items()]


def opened(run: Path, entries: Sequence[Sequence[Any]]) -> SiteFiles:
    """The table of these parts, mapped: (first bucket, last bucket, files, contents) of each.

    IntegrityError if a file is missing or damaged.
    """
    return joined(
        (first, last, _mapped(run / files), _mapped(run / contents))
        for first, last, files, contents in entries
    )


def joined(found: Iterable[tuple[int, int, pa.Table, pa.Table]]) -> SiteFiles:
    """The table of these parts: (first bucket, last bucket, files, contents) of each, in order."""
    shift = 64 - prepare.BUCKET_BITS
    parts, contents = [], []
    for first, last, files, says in found:
        low, high = first << shift, last << shift
        names = [n for n in schema.SITE_FILES.schema.names if n not in ("is_robots", "sha256")]
        columns = {name: _array(files, name) for name in names}
        parts.append(Part(low, high, **columns, sha256=_Fixed(files.column("sha256"))))
        numbers = {name: _array(says, name) for name in ("key", "check")}
        contents.append(Contents(low, high, **numbers, packed=_Blobs(says.column("packed"))))
    return SiteFiles(parts, contents)


def _mapped(path: Path) -> pa.Table:
    try:
        return lists.mapped(path).combine_chunks()
    except FileNotFoundError:
        raise IntegrityError(str(path), "is missing; `weir verify` says what else is") from None
    except (OSError, pa.ArrowException):
        raise IntegrityError(
            str(path), "is damaged; delete the manifest that names it and run again"
        ) from None


def _array(table: pa.Table, name: str) -> NDArray[Any]:
    """A column of numbers where it lies, nothing copied."""
    column = table.column(name)
    if not column.num_chunks:
        return np.zeros(0, column.type.to_pandas_dtype())
    return np.asarray(column.chunk(0).to_numpy(zero_copy_only=True))


class _Fixed:
    """A column of bytes of one width, read where it lies."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._width = column.type.byte_width
        self._data = _buffer(column, 1)

    def __getitem__(self, at: int) -> bytes:
        return bytes(self._data[at * self._width : (at + 1) * self._width])


class _Blobs:
    """A column of bytes of any length, read where it lies."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        offsets = _buffer(column, 1)
        self._offsets: NDArray[np.int64] = np.frombuffer(offsets, np.int64)
        self._data = _buffer(column, 2)

    def __getitem__(self, at: int) -> bytes:
        return bytes(self._data[int(self._offsets[at]) : int(self._offsets[at + 1])])


def _buffer(column: pa.ChunkedArray, number: int) -> memoryview:
    """A buffer of the column's only chunk; empty where there is none."""
    if not column.num_chunks:
        return memoryview(b"")
    found = column.chunk(0).buffers()[number]
    return memoryview(found) if found is not None else memoryview(b"")
