"""The last word on every record of a run, as arrays sorted by doc_id.

What is compared and counted over a whole run needs no more of it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.runs import Run, Shard
from audit.sample import halves
from pipeline import lists
from stages import schema
from stages.errors import IntegrityError

KEPT: Final = "kept"
FILE: Final = "fates.arrow"
ARRAYS: Final = ("head", "tail", "fate", "tag", "shard", "row")
STAMP: Final = b"weir.stamp"
COLUMNS: Final = ("doc_id", "tag", "outcome", "reason")


@dataclass(frozen=True, slots=True, eq=False)
class Fates:
    """What became of each record, a row a record, in ascending order of doc_ids."""

    names: tuple[str, ...]
    """What the numbers in `fate` mean: `kept`, then reasons."""
    tags: tuple[str, ...]
    """What the numbers in `tag` mean."""
    head: NDArray[np.uint64]
    """First 64 bits of the doc_id; `tail` has the others."""
    tail: NDArray[np.uint64]
    fate: NDArray[np.uint16]
    tag: NDArray[np.uint16]
    shard: NDArray[np.uint32]
    """Number of the shard; `row` is the record's in it."""
    row: NDArray[np.uint32]

    def __len__(self) -> int:
        return int(self.head.size)

    def doc_ids(self, rows: NDArray[np.int64]) -> list[str]:
        """The doc_ids of some rows."""
        pairs = zip(self.head[rows].tolist(), self.tail[rows].tolist(), strict=True)
        return [f"{head:016x}{tail:016x}" for head, tail in pairs]


def read(run: Run, part: int = 0, parts: int = 1) -> Fates:
    """The fates of a run, or those in one of `parts` equal ranges of doc_ids.

    Memory: some 60 bytes for each record of the range, and one shard's columns. IntegrityError for
    a document without a decision.
    """
    names: dict[str, int] = {KEPT: 0}
    tags: dict[str, int] = {}
    found: list[tuple[NDArray[Any], ...]] = []
    low, high = (part << 64) // parts, (((part + 1) << 64) // parts) - 1
    for number, shard in enumerate(run.shards):
        columns = _shard(run, shard, names, tags)
        inside = (columns[0] >= np.uint64(low)) & (columns[0] <= np.uint64(high))
        rows = np.flatnonzero(inside).astype(np.uint32)
        places = np.full(rows.size, number, np.uint32), rows
        found.append((*(column[inside] for column in columns), *places))
    types = (np.uint64, np.uint64, np.uint16, np.uint16, np.uint32, np.uint32)
    head, tail, fate, tag, place, row = (
        np.concatenate([np.empty(0, kind), *(columns[at] for columns in found)])
        for at, kind in enumerate(types)
    )
    order = np.argsort(head)
    if has_twins(head[order]):
        order = np.lexsort((tail, head))
    arrays: list[NDArray[Any]] = [column[order] for column in (head, tail, fate, tag, place, row)]
    return Fates(tuple(names), tuple(tags), *arrays)


def opened(run: Run, folder: Path, stamp: str, where: Callable[[], Path] | None = None) -> Fates:
    """The fates of a run from its views, mapped; made first if they are missing or stale.

    `folder` and `stamp` are those of the run's views; `where` says in which folder they are made,
    if not there. Errors as from `read`.
    """
    found = _mapped(folder / FILE, stamp)
    if found is None:
        path = (where() if where else folder) / FILE
        save(read(run), path, stamp)
        found = _mapped(path, stamp)
        if found is None:
            raise IntegrityError(str(path), "was changed while it was made; run again")
    return found


def _mapped(path: Path, stamp: str) -> Fates | None:
    """Fates from their file; None if that is missing, damaged, or of another state of the run."""
    try:
        table = lists.mapped(path)
        notes = table.schema.metadata or {}
        if notes.get(STAMP) != stamp.encode():
            return None
        known = json.loads(notes[b"weir.fates"])
        columns = [table.column(name) for name in ARRAYS]
        arrays = [one.chunk(0).to_numpy() if len(one) else one.to_numpy() for one in columns]
        return Fates(tuple(known["names"]), tuple(known["tags"]), *arrays)
    except (OSError, pa.ArrowException, ValueError, LookupError, TypeError, RecursionError):
        return None


def save(found: Fates, path: Path, stamp: str) -> None:
    """Write fates as a view: whole, or not at all."""
    columns = {name: pa.array(getattr(found, name)) for name in ARRAYS}
    known = json.dumps({"names": found.names, "tags": found.tags})
    made = pa.table(columns).replace_schema_metadata({STAMP: stamp, "weir.fates": known})
    lists.save(path, made)


def has_twins(heads: NDArray[np.uint64]) -> bool:
    """Whether two neighbours are equal."""
    return bool((heads[1:] == heads[:-1]).any())


def _shard(
    run: Run, shard: Shard, names: dict[str, int], tags: dict[str, int]
) -> tuple[NDArray[Any], ...]:
    """Halves of the doc_ids, fates and tags of a shard's records; learns new names and tags."""
    records = run.read(shard.records, COLUMNS)
    decisions = run.read(shard.decisions, COLUMNS)
    head, tail = halves(records["doc_id"])
    fate = _coded(_fate(records), names)
    tag = _coded(records["tag"], tags)
    order = np.lexsort((tail, head))
    own_head, own_tail = halves(decisions["doc_id"])
    at = order[np.minimum(np.searchsorted(head[order], own_head), max(0, head.size - 1))]
    is_known = (head[at] == own_head) & (tail[at] == own_tail)
    passed = int((fate == names.get(schema.PASS, -1)).sum())
    if not is_known.all() or passed != own_head.size:
        raise IntegrityError(
            shard.decisions.path, f"its documents are not those of {shard.records.path}"
        )
    fate[at] = _coded(_fate(decisions), names)
    tag[at] = _coded(decisions["tag"], tags)
    return head, tail, fate, tag


def _fate(table: pa.Table) -> pa.ChunkedArray:
    """Reason of each row; `pass` or `kept` without one."""
    outcome = table["outcome"]
    fate = pc.if_else(pc.equal(outcome, schema.KEEP), KEPT, outcome)
    return pc.if_else(
        pc.is_in(outcome, pa.array([schema.KEEP, schema.PASS])), fate, table["reason"]
    )


def _coded(column: pa.ChunkedArray, known: dict[str, int]) -> NDArray[np.uint16]:
    """A number for each value; new ones are added to `known`."""
    encoded = column.combine_chunks().dictionary_encode()
    values: Sequence[str] = encoded.dictionary.to_pylist()
    codes = np.array([known.setdefault(str(value), len(known)) for value in values], np.uint16)
    return codes[encoded.indices.to_numpy()] if len(values) else np.empty(0, np.uint16)
