"""Files of keys, sorted, read by ranges: those of a run's documents, and of an index."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline import shards, storage, tables
from stages import band, schema
from stages.errors import IntegrityError

LAYOUT = "weir.bands"
"""Where a file of keys says how signatures were cut: `14x8` for 14 bands of 8 rows."""
PIECE_ROWS = 1 << 22
"""Keys that are looked at together: 0.14 GB, and as much again twice while sorting."""


def layout_of(path: Path) -> str:
    """How the signatures were cut that a file of keys is of; empty if it does not say."""
    with tables.damage(path):
        return _layout(pq.read_schema(storage.opened(path)))


def _layout(found: pa.Schema) -> str:
    return str((found.metadata or {}).get(LAYOUT.encode(), b""), "utf-8", "replace")


class KeyFile:
    """A file of keys, read by ranges."""

    def __init__(self, path: Path, facts: dict[str, Any], layout: str) -> None:
        self.path, self.offset, self.is_old = path, int(facts["offset"]), bool(facts["is_old"])
        self.rows = int(facts["rows"])
        self._gone = np.array(facts.get("gone", ()), np.uint64)
        if self.is_old and not path.exists():
            raise IntegrityError(
                str(path),
                "is missing; if the index was compacted while this ran, run the same command again",
            )
        with tables.damage(path):
            self._file = tables.open_file(path)
        if self._file.metadata.num_rows != facts["rows"]:
            raise IntegrityError(
                str(path), f"{self._file.metadata.num_rows} rows in place of {facts['rows']}"
            )
        found = _layout(self._file.schema_arrow)
        if found != layout:
            raise IntegrityError(
                str(path),
                f"has bands of {found or 'an unknown layout'}, this run asks for {layout}",
            )
        if not self._file.schema_arrow.equals(schema.KEYS.schema):
            raise self._damaged("has other columns than a file of keys")
        self._lows, self._highs = self._ranges()

    def _ranges(self) -> tuple[list[int], list[int]]:
        """Smallest and largest key of each row group, as the file says; they must ascend."""
        groups = range(self._file.num_row_groups)
        statistics = [self._file.metadata.row_group(g).column(0).statistics for g in groups]
        if any(s is None or not s.has_min_max for s in statistics):
            raise self._damaged("does not say which keys its row groups hold")
        lows, highs = [int(s.min) for s in statistics], [int(s.max) for s in statistics]
        ends = [end for pair in zip(lows, highs, strict=True) for end in pair]
        if any(a > b for a, b in itertools.pairwise(ends)):
            raise self._damaged("is not sorted by key")
        return lows, highs

    def _damaged(self, what: str) -> IntegrityError:
        remedy = (
            "restore it, see `weir index verify`"
            if self.is_old
            else "delete the manifest that names it and run again"
        )
        return IntegrityError(str(self.path), f"{what}; {remedy}")

    def between(self, begin: int, end: int, shared: NDArray[np.uint64] | None = None) -> pa.Table:
        """Rows with begin <= key < end, in order; only keys among `shared` (sorted) if given."""
        parts = [schema.KEYS.schema.empty_table()]
        for group, (low, high) in enumerate(zip(self._lows, self._highs, strict=True)):
            if high < begin or low >= end:
                continue
            with tables.damage(self.path):
                rows = self._file.read_row_group(group)
            key = rows.column("key").to_numpy()
            # A group is passed over by what the file says of it, so that must be true.
            if (key[1:] < key[:-1]).any() or (int(key[0]), int(key[-1])) != (low, high):
                raise self._damaged(f"row group {group} is not sorted by key")
            a = int(np.searchsorted(key, np.uint64(begin), side="left"))
            b = int(np.searchsorted(key, np.uint64(end - 1), side="right"))
            rows = rows.slice(a, b - a)
            if shared is not None:
                at = np.searchsorted(shared, key[a:b])
                is_shared = at < len(shared)
                is_shared[is_shared] = shared[at[is_shared]] == key[a:b][is_shared]
                rows = rows.filter(pa.array(is_shared))
            parts.append(rows)
        table = pa.concat_tables(parts)
        if len(self._gone):
            gone = np.isin(table.column("place").to_numpy(), self._gone)
            table = table.filter(pa.array(~gone))
        if not self.offset:
            return table
        moved = table.column("place").to_numpy() + (np.uint64(self.offset) << np.uint64(32))
        return table.set_column(
            table.schema.get_field_index("place"), schema.KEYS.schema.field("place"), [moved]
        )


def in_order(files: Sequence[KeyFile], low: int, high: int) -> Iterator[pa.Table]:
    """Rows of several files with low <= key < high, by key, as many as memory should hold."""
    if not files:  # a release that published nothing new
        return
    for begin, end in pieces(sum(file.rows for file in files), low, high):
        yield band.by_key([file.between(begin, end) for file in files])


def pieces(rows: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Ranges of keys from `low` to below `high`, in order, each of about `PIECE_ROWS` rows.

    `rows` are those of all keys, below 2^64.
    """
    count = max(1, -(-(rows * (high - low) >> 64) // PIECE_ROWS))
    for piece in range(count):
        begin, end = (low + (high - low) * (piece + side) // count for side in (0, 1))
        yield begin, end


def write(writer: shards.Writer, keys: pa.Table) -> None:
    """Write sorted keys in row groups that end where equal parts of their range do."""
    for part in band.slices(keys):
        writer.write(part)


def of_signatures(signatures: pa.Table, source: int, layout: str) -> pa.Table:
    """Keys of a file of signatures, in no order."""
    bands, rows = (int(number) for number in layout.split("x"))
    return band.keys(signatures, source, bands, rows)
