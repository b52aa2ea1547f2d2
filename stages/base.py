"""What a stage is, and how a batch passes through one.

A stage holds its configuration and nothing else. `open` loads what it needs once a process and
returns a worker; the worker is given the live rows of a batch and returns new columns for the same
rows. Where it returns a column `reason`, rows with a reason are settled: they leave the flow and
keep what is known of them for `records`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.site_files import SiteFiles

MAX_BATCH_ROWS = 512
MAX_BATCH_BYTES = 16 << 20
"""A batch ends at whichever comes first. The contract allows 4,096 rows and 64 MB; smaller batches
cost no speed, since the work is per page, and keep a worker small (docs/experiments.md).
"""

IN_FLIGHT = 4
"""Calls that a guard may have sent ahead of the answer it reads: what they unpack to may be a
thousand times as much.
"""

Columns = dict[str, pa.Array | None]
"""New columns by name. None is for one that no later stage reads: it leaves the batch, so that its
bytes are not copied whenever rows are settled.
"""
Worker = Callable[[pa.RecordBatch], Columns]
Unpacker = Callable[[pa.RecordBatch], Iterator[Columns]]
"""A worker whose columns may be a thousand times its input: it gives them for some rows at a time,
in order, and ends a part once it has `MAX_BATCH_BYTES`.
"""


class Guard(Protocol):
    """Calls a function of `stages.parse` where it can be killed."""

    def call(self, function: str, *arguments: object) -> dict[str, Any]:
        """The function's result, or `{"reason": ...}` if it was killed or died."""
        ...

    def answers(self, function: str, asked: Iterable[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """What `call` would give for each of many arguments, some of which are sent ahead."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What the runner hands to a stage: the killable child, and tables opened from files."""

    guard: Guard
    tables: Mapping[str, pa.Table]
    robots: SiteFiles = field(default_factory=lambda: SiteFiles((), ()))
    """robots.txt files of the snapshot; without any, none is known of any host."""


class Stage(Protocol):
    """Code that turns batches into batches; pure but for `open`."""

    @property
    def name(self) -> str:
        """The stage's verb."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever the same input gives other output: it is part of the task key."""
        ...

    def open(self, tools: Tools) -> Any:
        """Load models and tables, and return the `Worker`, of the first stage the `Unpacker`."""
        ...


def strings(values: Sequence[str | None], large: bool = False) -> pa.Array:
    """An Arrow column of strings."""
    return pa.array(values, type=pa.large_string() if large else pa.string())


def signature_matrix(column: pa.ChunkedArray) -> NDArray[np.uint32]:
    """A column of signatures without nulls as an array of shape (rows, values)."""
    flat: NDArray[np.uint32] = column.combine_chunks().flatten().to_numpy()
    return flat.reshape(len(column), column.type.list_size)


def advance(batch: pa.RecordBatch, worker: Worker) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """The batch with the worker's columns, split into live and settled rows (None if none)."""
    return _split(batch, worker(batch)) if batch.num_rows else (batch, None)


def _split(batch: pa.RecordBatch, added: Columns) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    reason = added.pop("reason", None)
    unread = [name for name, column in added.items() if column is None]
    batch = batch.drop_columns(unread) if unread else batch
    for name, column in added.items():
        if column is None:
            continue
        if len(column) != batch.num_rows:
            message = f"a stage returned {len(column)} values of {name} for {batch.num_rows} rows"
            raise ValueError(message)
        batch = batch.append_column(pa.field(name, column.type), column)
    if reason is None or reason.null_count == batch.num_rows:
        return batch, None
    settled = reason.is_valid()
    gone = batch.filter(settled).append_column(
        pa.field("reason", pa.string()), reason.filter(settled)
    )
    return batch.filter(reason.is_null()), gone


Advanced = tuple[pa.RecordBatch, list[pa.RecordBatch]]
"""Live rows, and rows that stages have settled."""


def unpacked(batch: pa.RecordBatch, worker: Unpacker) -> Iterator[Advanced]:
    """The batch advanced in as many parts as the worker gives columns for."""
    begin = 0
    for added in worker(batch):
        rows = next(len(column) for column in added.values() if column is not None)
        live, settled = _split(batch.slice(begin, rows), added)
        yield live, [] if settled is None else [settled]
        begin += rows
    if begin != batch.num_rows:
        raise ValueError(f"a stage returned columns of {begin} rows for {batch.num_rows}")
