"""The check of verified deletion: each removed duplicate has a kept neighbour, joined by an edge.

One range of components at a time, so that memory holds one range's members and edges.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.ledger import TAKEN, Faults
from audit.runs import Run
from pipeline.manifest import Output
from stages import schema
from stages.errors import IntegrityError

COLUMNS = [
    "doc_id",
    "outcome",
    "reason",
    "cluster_id",
    "keeper_id",
    "similarity",
    "method",
]


def removals(run: Run) -> Faults:
    """Every duplicate names a kept document that a stored, verified edge joins to it."""
    seen = 0
    for members, edges in run.clusters():
        try:
            found = _Range(run, members, edges)
            yield from found.edge_faults
            seen += len(found.removed)
            yield from found.faults()
        except IntegrityError as error:
            yield str(error)
    total = 0
    for shard, table in run.decisions(COLUMNS):
        for row, fault in _row_faults(table):
            yield f"{shard.decisions.path} row {row}: {fault}"
        total += pc.sum(_is_duplicate(table)).as_py() or 0
    if seen != total:
        yield f"{total} duplicates were removed, {seen} of them are in stored components"
    threshold = run.settings.cluster.threshold
    return f"{seen} duplicates, each joined to a kept document (similarity >= {threshold:g})"


def _is_duplicate(table: pa.Table) -> pa.ChunkedArray:
    return pc.fill_null(pc.starts_with(table.column("reason"), "dedup."), False)


def _row_faults(table: pa.Table) -> Iterator[tuple[int, str]]:
    """Rows of decisions that name a keeper though they are no duplicates, or the reverse."""
    duplicate = _is_duplicate(table)
    for name in ("keeper_id", "similarity", "method"):
        wrong = pc.not_equal(pc.is_valid(table.column(name)), duplicate)
        for row in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).tolist():
            yield row, f"{name} is set for what is no duplicate, or null for one"


class _Range:
    """One range of components: its members, its edges, and what was decided of them."""

    def __init__(self, run: Run, members: Output, edges: Output) -> None:
        self._threshold = np.float32(run.settings.cluster.threshold)
        self._digests: dict[str, dict[str, str | None]] = {}
        self._kept: set[str] = set()
        self._taken: set[str] = set()
        self._component: dict[str, str] = {}
        columns = ["component", "doc_id", "shard", "payload_digest", "text_digest"]
        for row in run.read(members, columns).to_pylist():
            self._component[row["doc_id"]] = row["component"]
            if row["shard"] < 0:  # published with an earlier snapshot
                self._kept.add(row["doc_id"])
            if row["text_digest"] is None:
                self._taken.add(row["doc_id"])
            self._digests[row["doc_id"]] = {
                "exact_payload": row["payload_digest"],
                "exact_text": row["text_digest"],
            }
        self.edge_faults: list[str] = []
        self._edges = self._read_edges(run, edges)
        self.removed: list[tuple[str, dict[str, Any]]] = []
        components = sorted(set(self._component.values()))
        self._read_decisions(run, pa.array(components, type=pa.string()))

    def _words(self, doc_id: str) -> str:
        """What documents of equal words share, and their edges with them."""
        return self._digests.get(doc_id, {}).get("exact_text") or doc_id

    def _read_edges(
        self, run: Run, output: Output
    ) -> dict[frozenset[str], list[tuple[np.float32, str]]]:
        table: dict[frozenset[str], list[tuple[np.float32, str]]] = defaultdict(list)
        for at, row in enumerate(run.read(output, schema.EDGES.schema.names).to_pylist()):
            similarity = np.float32(row["similarity"])
            ends = frozenset((self._words(row["a"]), self._words(row["b"])))
            table[ends].append((similarity, row["method"]))
            if not self._threshold <= similarity <= 1:
                self.edge_faults.append(
                    f"{output.path} row {at}: similarity {similarity:g} is not in "
                    f"{self._threshold:g} to 1"
                )
            if not self._digests.keys() >= {row["a"], row["b"]}:
                self.edge_faults.append(f"{output.path} row {at}: joins what is no member")
        return table

    def _read_decisions(self, run: Run, components: pa.Array) -> None:
        for shard, table in run.decisions(COLUMNS):
            taken = pc.equal(table.column("reason"), TAKEN)
            self._taken.update(table.column("doc_id").filter(taken).to_pylist())
            inside = pc.is_in(table.column("cluster_id"), value_set=components)
            rows = np.flatnonzero(inside.to_numpy(zero_copy_only=False)).tolist()
            for at, row in zip(rows, table.filter(inside).to_pylist(), strict=True):
                if row["outcome"] == schema.KEEP:
                    self._kept.add(row["doc_id"])
                elif (row["reason"] or "").startswith("dedup."):
                    self.removed.append((f"{shard.decisions.path} row {at}", row))

    def faults(self) -> Iterator[str]:
        """What is wrong with the removals of the range."""
        for place, row in self.removed:
            fault = self._fault(row)
            if fault:
                yield f"{place}: {fault}"

    def _fault(self, row: dict[str, Any]) -> str | None:
        """The first thing that is wrong with one removal."""
        doc_id, keeper, method = row["doc_id"], row["keeper_id"], row["method"]
        if row["reason"] != schema.REASON_OF_METHOD.get(method):
            return f"reason {row['reason']}, but method {method}"
        if keeper is None or keeper == doc_id:
            return f"{doc_id} was removed without a keeper"
        if keeper in self._taken:
            return None  # it was kept when this one was removed; what joined them is erased
        if keeper not in self._kept:
            return f"keeper {keeper} of {doc_id} is not a kept document of the component"
        if {self._component.get(doc_id), self._component.get(keeper)} != {row["cluster_id"]}:
            return f"keeper {keeper} is in another component"
        return self._edge_fault(doc_id, keeper, method, row["similarity"])

    def _edge_fault(
        self, doc_id: str, keeper: str, method: str, similarity: float | None
    ) -> str | None:
        """What is wrong with the edge that a removal rests on."""
        stored = np.float32(np.nan if similarity is None else similarity)
        ends = frozenset((self._words(doc_id), self._words(keeper)))
        joined = [similarity for similarity, how in self._edges.get(ends, ()) if how == method]
        if self._is_exact(doc_id, keeper, method):
            joined.append(np.float32(1))
        if not joined:
            return f"no stored edge joins {doc_id} and its keeper {keeper}"
        if stored not in joined:
            return f"similarity {stored:g} is not that of the edge to keeper {keeper}"
        is_enough = stored >= self._threshold
        return None if is_enough else f"similarity {stored:g} is below the threshold"

    def _is_exact(self, doc_id: str, keeper: str, method: str) -> bool:
        """Whether the two share the digest that the method names."""
        one, other = self._digests.get(doc_id, {}), self._digests.get(keeper, {})
        digest = one.get(method)
        return digest is not None and digest == other.get(method)
