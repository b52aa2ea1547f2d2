"""Step 2, cluster: signatures to candidate pairs, verified edges and components.

Candidate pairs share a band. Each is verified by the exact Jaccard similarity of the shingle sets
of the stored texts, so no edge lies below the threshold. Documents of equal payload or equal words
are joined without comparing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters.text import jaccard, shingle_hashes
from stages import schema

VERSION = 1
MAX_PARTNERS = 64
"""In a bucket of more distinct texts than this, each is paired with the first ones only, so that a
bucket of n texts gives at most 64 n pairs. Such buckets are templates; their members meet again
through those first ones.
"""
MAX_GROUP = 32
"""A group of equal texts or payloads up to this size is stored as all its pairs, a larger one as a
star; either way the digests in `members` join any two.
"""

Shingles = Callable[[int, list[int]], dict[int, str]]
"""Texts of the given rows of a shard's documents."""


def candidate_pairs(signatures: pa.Table, bands: Iterable[int]) -> pa.Table:
    """Pairs that share one of the given bands.

    `signatures` has doc_id, shard, row, text_digest and bands.

    Of documents with equal text only the one with the smallest doc_id takes part.
    """
    table = _representatives(signatures)
    order = np.arange(table.num_rows)
    values = table.column("bands").combine_chunks().values.to_numpy().reshape(-1, schema.N_BANDS)
    pairs: set[tuple[int, int]] = set()
    for band in bands:
        column = values[:, band] if table.num_rows else np.zeros(0, np.uint64)
        by_value = np.argsort(column, kind="stable")
        for bucket in _runs(column[by_value], order[by_value]):
            pairs.update(_pairs(bucket))
    return _candidates(table, sorted(pairs))


def _representatives(signatures: pa.Table) -> pa.Table:
    """One document for each text, sorted by doc_id."""
    table = signatures.filter(pc.is_valid(signatures.column("bands"))).sort_by("doc_id")
    _, first = np.unique(
        table.column("text_digest").to_numpy(zero_copy_only=False).astype(str), return_index=True
    )
    return table.take(pa.array(np.sort(first)))


def _runs(values: NDArray[np.uint64], members: NDArray[np.int64]) -> Iterator[list[int]]:
    """Members of each run of two or more equal values, ascending."""
    edges = np.flatnonzero(np.diff(values)) + 1 if len(values) else np.zeros(0, np.int64)
    starts = np.concatenate([[0], edges])
    ends = np.append(edges, len(values))
    for at in np.flatnonzero(ends - starts > 1):
        yield sorted(members[starts[at] : ends[at]].tolist())


def _pairs(bucket: list[int]) -> Iterator[tuple[int, int]]:
    for place, first in enumerate(bucket[:MAX_PARTNERS]):
        for second in bucket[place + 1 :]:
            yield first, second


def _candidates(table: pa.Table, pairs: list[tuple[int, int]]) -> pa.Table:
    first = pa.array([a for a, _ in pairs], type=pa.int64())
    second = pa.array([b for _, b in pairs], type=pa.int64())
    left, right = table.take(first), table.take(second)
    columns = [
        left.column("doc_id"),
        right.column("doc_id"),
        left.column("shard"),
        left.column("row"),
        right.column("shard"),
        right.column("row"),
    ]
    return pa.Table.from_arrays(columns, schema=schema.CANDIDATES.schema)


def verified_edges(candidates: pa.Table, texts: Shingles, threshold: float) -> pa.Table:
    """The candidate pairs whose exact shingle Jaccard similarity is at least `threshold`."""
    sets = _shingle_sets(candidates, texts)
    rows = []
    for pair in candidates.to_pylist():
        similarity = jaccard(
            sets[pair["shard_a"], pair["row_a"]], sets[pair["shard_b"], pair["row_b"]]
        )
        if similarity >= threshold:
            rows.append(
                {
                    "a": pair["a"],
                    "b": pair["b"],
                    "similarity": similarity,
                    "method": "near_duplicate",
                }
            )
    return pa.Table.from_batches([schema.batch(schema.EDGES, rows)])


def _shingle_sets(
    candidates: pa.Table, texts: Shingles
) -> dict[tuple[int, int], NDArray[np.uint32]]:
    wanted: dict[int, set[int]] = {}
    for side in ("a", "b"):
        shards, rows = (
            candidates.column(f"shard_{side}").to_pylist(),
            candidates.column(f"row_{side}").to_pylist(),
        )
        for shard, row in zip(shards, rows, strict=True):
            wanted.setdefault(shard, set()).add(row)
    return {
        (shard, row): shingle_hashes(text)
        for shard, rows_of_shard in sorted(wanted.items())
        for row, text in texts(shard, sorted(rows_of_shard)).items()
    }


def exact_groups(signatures: pa.Table, column: str) -> list[list[str]]:
    """Groups of documents with an equal digest, each sorted, in the order of their first member.

    Documents without words do not count as having equal text.
    """
    table = signatures.filter(pc.greater(signatures.column("n_shingles"), 0)).sort_by("doc_id")
    groups: dict[str, list[str]] = {}
    for digest, doc_id in zip(
        table.column(column).to_pylist(), table.column("doc_id").to_pylist(), strict=True
    ):
        if digest is not None:
            groups.setdefault(digest, []).append(doc_id)
    return [group for group in groups.values() if len(group) > 1]


def all_edges(
    near: pa.Table, payload_groups: list[list[str]], text_groups: list[list[str]]
) -> pa.Table:
    """Near edges, spread over documents of equal text, with the edges inside the exact groups.

    Sorted, unique.

    Where a pair has several edges the first method of exact_payload, exact_text, near_duplicate is
    kept.
    """
    edges: dict[tuple[str, str], tuple[float, str]] = {}
    for groups, method in ((payload_groups, "exact_payload"), (text_groups, "exact_text")):
        for group in groups:
            for place, first in enumerate(group if len(group) <= MAX_GROUP else group[:1]):
                for second in group[place + 1 :]:
                    edges.setdefault((first, second), (1.0, method))
    mates = {doc_id: group for group in text_groups if len(group) <= MAX_GROUP for doc_id in group}
    for edge in near.to_pylist():
        for first in mates.get(edge["a"], [edge["a"]]):
            for second in mates.get(edge["b"], [edge["b"]]):
                edges.setdefault(
                    (min(first, second), max(first, second)), (edge["similarity"], edge["method"])
                )
    rows = [
        {"a": a, "b": b, "similarity": s, "method": m} for (a, b), (s, m) in sorted(edges.items())
    ]
    return pa.Table.from_batches([schema.batch(schema.EDGES, rows)])


def components(edges: pa.Table) -> dict[str, str]:
    """Smallest doc_id of the connected component of each document that has an edge."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in zip(edges.column("a").to_pylist(), edges.column("b").to_pylist(), strict=True):
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in sorted(parent)}


def members(
    signatures: pa.Table, component_of: Mapping[str, str], shared: frozenset[str]
) -> pa.Table:
    """The documents of components, sorted by component and doc_id.

    Digests only where they are in `shared`.
    """
    table = signatures.filter(
        pc.is_in(signatures.column("doc_id"), value_set=pa.array(component_of, type=pa.string()))
    )
    rows = [
        {
            "component": component_of[row["doc_id"]],
            "doc_id": row["doc_id"],
            "shard": row["shard"],
            "row": row["row"],
            "payload_digest": row["payload_digest"] if row["payload_digest"] in shared else None,
            "text_digest": row["text_digest"] if row["text_digest"] in shared else None,
        }
        for row in table.select(
            ["doc_id", "shard", "row", "payload_digest", "text_digest"]
        ).to_pylist()
    ]
    rows.sort(key=lambda row: (row["component"], row["doc_id"]))
    return pa.Table.from_batches([schema.batch(schema.MEMBERS, rows)])


def partition_of(component: str, partitions: int) -> int:
    """Which of `partitions` ranges of doc_id a component belongs to."""
    return int(component[:8], 16) * partitions >> 32
