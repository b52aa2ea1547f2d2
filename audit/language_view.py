"""One language's signals as arrays on disk: how they are made from a run, and how they are read.

A file is one batch of an Arrow file, uncompressed and mapped: its pages are read when they are
needed. It holds numbers, hashes and places: no text and no address.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit import judged
from audit.places import host_keys
from audit.runs import Run
from audit.sample import halves
from filters import rules
from filters.catalog import BY_NAME, PEER
from pipeline import lists, shards, storage
from stages import schema

MAX_DOCUMENTS: Final = 5_000_000
"""Of one language that are held: of more, those of the smallest doc_ids, a simple random sample."""

SIGNAL, WEIGHT = "signal.", "weight."
NEEDED: Final = {"head", "tail", "shard", "row", "masks", "removed", "kept", "reason"}
STAMP, NOTES = b"weir.stamp", b"weir.view"

Progress = Callable[[str, int, int], None]
"""Told what is made, how many parts of it are done, and of how many."""


@dataclass(frozen=True, slots=True, eq=False)
class LanguageView:
    """One language's documents, sorted by doc_id: arrays that are mapped, a row a document.

    A doc_id is a hash, so the first n rows are a simple random sample.
    """

    tag: str
    total: int
    """Documents of the language in the run; the arrays may hold fewer (`MAX_DOCUMENTS`)."""
    names: tuple[str, ...]
    """Rules of the run in declared order, then other signals that were measured."""
    reasons: tuple[str, ...]
    """What the numbers in `columns["reason"]` mean; the first is empty, for none."""
    measured: Mapping[str, int]
    """Documents in which a signal has a value, by name."""
    values: Mapping[str, NDArray[np.float32]]
    """By name; NaN for null, and where the allow list exempts the document from the rule."""
    weights: Mapping[str, NDArray[np.integer[Any]]]
    """What a document counts for: characters, words, tokens where counted; empty once pruned."""
    columns: Mapping[str, NDArray[Any]]
    """head, tail (of doc_id), shard, row, masks, removed, kept, reason, host."""

    @property
    def documents(self) -> int:
        """Rows."""
        return int(self.columns["head"].size)

    @property
    def masks(self) -> NDArray[np.uint64]:
        """Failed rules as the run decided."""
        return self.columns["masks"]

    @property
    def removed(self) -> NDArray[np.bool_]:
        """Documents that another step than the rules removed."""
        return self.columns["removed"].view(np.bool_)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Documents that the run kept."""
        return self.columns["kept"].view(np.bool_)

    @property
    def host(self) -> NDArray[np.uint64] | None:
        """Key of each document's host (`places.host_key`); None once documents were pruned."""
        return self.columns.get("host")

    def doc_ids(self, rows: Sequence[int] | NDArray[np.int64]) -> list[str]:
        """The doc_ids of some rows."""
        heads, tails = (self.columns[name][rows].tolist() for name in ("head", "tail"))
        return [f"{head:016x}{tail:016x}" for head, tail in zip(heads, tails, strict=True)]

    def rows(self, doc_ids: Sequence[str]) -> list[int | None]:
        """Row of each doc_id; None where the view does not hold it."""
        return [self._row(doc_id) for doc_id in doc_ids]

    def _row(self, doc_id: str) -> int | None:
        head, tail = self.columns["head"], self.columns["tail"]
        try:
            wanted = np.array([int(doc_id[:16], 16), int(doc_id[16:], 16)], np.uint64)
        except (ValueError, OverflowError):
            return None
        start, end = (int(np.searchsorted(head, wanted[0], side)) for side in ("left", "right"))
        return next((row for row in range(start, end) if tail[row] == wanted[1]), None)

    def place(self, row: int) -> tuple[int, int]:
        """Number of the shard that holds a document, and its row in the shard's documents."""
        return int(self.columns["shard"][row]), int(self.columns["row"][row])


def read(path: Path, stamp: str, tag: str) -> LanguageView | None:
    """A view from its file; None if that is missing, damaged, or of another language or run."""
    try:
        table = lists.mapped(path)
        found = table.schema.metadata or {}
        if found.get(STAMP) != stamp.encode():
            return None
        notes = json.loads(found[NOTES])
        columns = {name: table.column(name).chunk(0).to_numpy() for name in table.column_names}
        view = LanguageView(
            notes["tag"],
            notes["total"],
            tuple(notes["names"]),
            tuple(notes["reasons"]),
            notes["measured"],
            {name: columns[SIGNAL + name] for name in notes["names"]},
            {name: columns[WEIGHT + name] for name in notes["measures"]},
            {name: column for name, column in columns.items() if "." not in name},
        )
    except (OSError, pa.ArrowException, ValueError, LookupError, TypeError, RecursionError):
        return None
    return view if view.tag == tag and view.columns.keys() >= NEEDED else None


# Making


def signal_names(run: Run) -> tuple[str, ...]:
    """The run's rules, then what it may have measured besides, as many as a mask of rules holds."""
    peers = [f"{PEER}{name}" for name in run.settings.datatrove]
    return judged.order(run, [*peers, *BY_NAME])[: rules.MAX_RULES]


def write(
    run: Run,
    tag: str,
    path: Path,
    stamp: str,
    on_progress: Progress = lambda what, done, total: None,
    limit: int = MAX_DOCUMENTS,
) -> None:
    """Make a language's view.

    ConfigError if the run has no document in it; IntegrityError if its decisions do not follow from
    its rules and stored signals. Memory: 48 bytes a document held, one shard's columns, one column.
    """
    chosen, total = _chosen(run, tag, limit)
    names, reasons = signal_names(run), {"": 0}
    with Columns(path) as columns:
        for part in judged.parts(run, tag, names):
            start, end = np.searchsorted(chosen["shard"], [part.number, part.number + 1]).tolist()
            mine = chosen["row"][start:end].astype(np.int64) - part.first
            columns.add(_columns_of(run, tag, part, names, mine, reasons))
            on_progress(tag, part.number + 1, len(run.shards))
        columns.add(chosen)
        order = np.lexsort((chosen["tail"], chosen["head"]))
        columns.commit(order, stamp, Notes(tag, total, names, tuple(reasons), run.rules))


def _chosen(run: Run, tag: str, limit: int) -> tuple[dict[str, NDArray[Any]], int]:
    """Which documents a view holds, in the order of their places, and how many there are in all."""
    parts: list[dict[str, NDArray[Any]]] = []
    total = held = 0
    for number, first, table in judged.decided(run, tag, ["doc_id"]):
        head, tail = halves(table.column("doc_id"))
        shard = np.full(head.size, number, np.uint32)
        row = np.arange(first, first + head.size, dtype=np.uint32)
        parts.append({"head": head, "tail": tail, "shard": shard, "row": row})
        total, held = total + head.size, held + head.size
        if held > 2 * limit:
            parts = [_least(parts, limit)]
            held = parts[0]["head"].size
    return _least(parts, limit), total


def _least(parts: Sequence[Mapping[str, NDArray[Any]]], limit: int) -> dict[str, NDArray[Any]]:
    """The documents of the smallest doc_ids, in the order of their places."""
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if found["head"].size <= limit:
        return found
    rows = np.sort(np.lexsort((found["tail"], found["head"]))[:limit])
    return {name: column[rows] for name, column in found.items()}


def _columns_of(
    run: Run,
    tag: str,
    part: judged.Part,
    names: Sequence[str],
    rows: NDArray[np.int64],
    reasons: dict[str, int],
) -> dict[str, NDArray[Any]]:
    """A view's columns of some rows of a part; new reasons are numbered."""
    why = part.decisions.column("reason").combine_chunks().dictionary_encode("encode")
    codes = np.array(
        [reasons.setdefault(one or "", len(reasons)) for one in why.dictionary.to_pylist()],
        np.uint16,
    )
    kept = part.decisions.column("outcome").combine_chunks()
    made: dict[str, NDArray[Any]] = {
        "masks": part.masks[rows],
        "removed": part.removed[rows].view(np.uint8),
        "kept": np.asarray(pc.equal(kept, schema.KEEP))[rows].view(np.uint8),
        "reason": codes[why.indices.to_numpy()][rows],
    }
    for name, column in zip(names, part.values, strict=True):
        made[SIGNAL + name] = column[rows]
    if part.facts is not None:
        for measure in judged.MEASURES:
            name = shards.MEASURES[measure]
            if name in part.facts.column_names:
                column = part.facts.column(name)
                made[WEIGHT + measure] = pc.fill_null(column, -1).to_numpy()[rows]
        urls = run.read_tag(run.shards[part.number].documents, tag, ["url"]).column("url")
        made["host"] = host_keys(urls.take(pa.array(rows)))
    return made


@dataclass(frozen=True, slots=True)
class Notes:
    """What a view's file says of itself."""

    tag: str
    total: int
    names: tuple[str, ...]
    reasons: tuple[str, ...]
    rules: tuple[str, ...]


class Columns:
    """Columns on disk that grow at their ends, then are put in order one by one, and made a file.

    A context manager: what is left of them is removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with storage.disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=".tmp-"))
        self._files: dict[str, tuple[BinaryIO, np.dtype[Any]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        for stream, _ in self._files.values():
            stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Rows for the ends of columns."""
        with storage.disk_errors(self.path):
            for name, column in columns.items():
                if name not in self._files:
                    opened = (self.folder / f"{len(self._files)}").open("wb")
                    self._files[name] = (opened, column.dtype)
                stream, kind = self._files[name]
                stream.write(np.ascontiguousarray(column, dtype=kind).data)

    def commit(self, order: NDArray[np.int64], stamp: str, notes: Notes) -> None:
        """Write the file, rows in this order.

        Signals without any value are left out unless they are rules, measures without any too.
        """
        made, measured, measures = dict[str, NDArray[Any]](), dict[str, int](), list[str]()
        with storage.disk_errors(self.path):
            for name, (stream, kind) in self._files.items():
                stream.close()
                column = np.fromfile(stream.name, kind)[order]
                if name.startswith(SIGNAL):
                    signal = name.removeprefix(SIGNAL)
                    measured[signal] = int(np.count_nonzero(~np.isnan(column)))
                    if not measured[signal] and signal not in notes.rules:
                        continue
                elif name.startswith(WEIGHT):
                    if column.size and column.max() < 0:
                        continue
                    measures.append(name.removeprefix(WEIGHT))
                    column = np.maximum(column, 0)
                    column = column.astype(np.int32 if column.max(initial=0) < 2**31 else np.int64)
                column.tofile(stream.name)
                made[name] = np.memmap(stream.name, column.dtype, "r") if column.size else column
        known = {
            "tag": notes.tag,
            "total": notes.total,
            "names": [name for name in notes.names if SIGNAL + name in made],
            "reasons": notes.reasons,
            "measured": measured,
            "measures": measures,
        }
        table = pa.table({name: pa.array(column) for name, column in made.items()})
        lists.save(
            self.path,
            table.replace_schema_metadata({STAMP: stamp.encode(), NOTES: json.dumps(known)}),
        )
