"""Steps estimate and cluster: candidate pairs to verified edges and components.

Signatures decide what they can; where they leave a doubt, shingle sets are compared. So no edge
rests on less than an exact Jaccard similarity of the stored texts at or above the threshold, or on
signatures that agree more often than a pair below it would once in a thousand million.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import linkage, minhash
from stages import base, schema

VERSION = 2
RISK_OF_EDGE = 1e-9
"""Chance that a pair at the threshold agrees in so many places that its texts are not compared."""
RISK_OF_LOSS = 1e-4
"""Chance that a pair at the threshold agrees in so few that it is dropped without comparing."""
CHUNK_PAIRS = 1 << 20
LARGEST = 5


def estimates(pairs: pa.Table, lent: pa.Table, threshold: float) -> tuple[pa.Table, int]:
    """Pairs that may be joined, and the number of near pairs that were dropped.

    `pairs` are those of one partition, distinct and sorted; `lent` its documents, sorted by place.
    """
    places = lent.column("place").to_numpy()
    first, second = (np.searchsorted(places, pairs.column(n).to_numpy()) for n in ("a", "b"))
    kind = pairs.column("kind").to_numpy()
    has_signature = lent.column("signature").is_valid().to_numpy()
    row_of = np.cumsum(has_signature) - 1
    matrix = base.signature_matrix(lent.column("signature").drop_null())
    equal = np.full(len(kind), schema.N_PERMUTATIONS, np.int16)
    near = np.flatnonzero(kind == linkage.BAND)
    equal[near] = minhash.equal_places(matrix, row_of[first[near]], row_of[second[near]])
    sure = minhash.sure(schema.N_PERMUTATIONS, threshold, RISK_OF_EDGE)
    hopeless = minhash.hopeless(schema.N_PERMUTATIONS, threshold, RISK_OF_LOSS)
    stays = equal > hopeless
    # No number of equal places may be enough (at a threshold of .84 or more); exact pairs are.
    is_sure = (kind != linkage.BAND) | (equal >= sure)
    table = pa.table(
        [*(pairs.column(n) for n in ("a", "b", "kind")), equal, is_sure],
        schema=schema.ESTIMATES.schema,
    ).filter(pa.array(stays))
    return table, int(len(stays) - stays.sum())


def wanted(estimated: pa.Table) -> NDArray[np.uint64]:
    """Places of documents whose shingles are to be compared, ascending."""
    doubtful = estimated.filter(pc.invert(estimated.column("is_sure")))
    return np.unique(np.concatenate([doubtful.column(n).to_numpy() for n in ("a", "b")]))


@dataclass(frozen=True, slots=True)
class Joined:
    """Verified pairs of one partition, as indices into its documents, sorted by place."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float32]
    method: NDArray[np.uint8]

    @property
    def near(self) -> NDArray[np.bool_]:
        """Which of them are edges between different texts."""
        return np.isin(self.method, (linkage.NEAR, schema.NEAR_SIGNATURE))


def verify(
    estimated: pa.Table, places: NDArray[np.uint64], shingles: pa.Table, threshold: float
) -> Joined:
    """The pairs that hold: exact groups, sure ones, and doubtful ones whose shingles say so.

    `places` are those of the partition's documents, `shingles` the sets of the doubtful ones; both
    ascending.
    """
    first, second = (
        np.searchsorted(places, estimated.column(n).to_numpy()).astype(np.int64) for n in ("a", "b")
    )
    kind = estimated.column("kind").to_numpy()
    is_sure = estimated.column("is_sure").to_numpy(zero_copy_only=False)
    similarity = estimated.column("equal").to_numpy() / np.float64(schema.N_PERMUTATIONS)
    method = np.where((kind == linkage.BAND) & is_sure, schema.NEAR_SIGNATURE, kind).astype(
        np.uint8
    )
    doubtful = np.flatnonzero(~is_sure)
    similarity[doubtful] = _exact(estimated, doubtful, shingles)
    holds = is_sure | (similarity >= threshold)
    stored = similarity.astype(np.float32)
    return Joined(first[holds], second[holds], stored[holds], method[holds])


def _exact(estimated: pa.Table, rows: NDArray[np.int64], shingles: pa.Table) -> NDArray[np.float64]:
    known = shingles.column("place").to_numpy()
    lists = shingles.column("shingles").combine_chunks()
    starts = lists.offsets.to_numpy().astype(np.int64)
    ends = [np.searchsorted(known, estimated.column(n).to_numpy()[rows]) for n in ("a", "b")]
    values = lists.values.to_numpy()
    return linkage.jaccards(values, starts, *(e.astype(np.int64) for e in ends))


def edges(joined: Joined, doc_ids: pa.ChunkedArray) -> pa.Table:
    """Rows of `edges`: near pairs, sorted by doc_id."""
    near = joined.near
    by_id = pc.sort_indices(doc_ids).to_numpy()
    rank = np.empty(len(by_id), np.int64)
    rank[by_id] = np.arange(len(by_id))
    ends = rank[joined.first[near]], rank[joined.second[near]]
    a, b = np.minimum(*ends), np.maximum(*ends)
    order = np.lexsort((b, a))
    methods = pa.array(schema.METHODS).take(pa.array(joined.method[near][order]))
    return pa.table(
        [
            doc_ids.take(pa.array(by_id[a[order]])),
            doc_ids.take(pa.array(by_id[b[order]])),
            joined.similarity[near][order],
            methods,
        ],
        schema=schema.EDGES.schema,
    )


def members(joined: Joined, lent: pa.Table, old_from: int) -> pa.Table:
    """Documents with an edge or an exact duplicate, by component and doc_id.

    `old_from` is the first source that is published already.
    """
    count = lent.num_rows
    parent = np.arange(count, dtype=np.int64)
    linkage.unite(parent, joined.first, joined.second)
    linkage.roots(parent)
    inside = np.zeros(count, np.bool_)
    inside[joined.first] = inside[joined.second] = True
    has_mate = np.zeros(count, np.bool_)
    of_payload = joined.method == linkage.PAYLOAD
    has_mate[joined.first[of_payload]] = has_mate[joined.second[of_payload]] = True
    rows = np.flatnonzero(inside)
    table = lent.take(pa.array(rows))
    # The smallest doc_id of each component names it.
    by_id = pc.sort_indices(table.column("doc_id")).to_numpy()[::-1]
    _, component = np.unique(parent[rows], return_inverse=True)
    smallest = np.zeros(int(component.max(initial=-1)) + 1, np.int64)
    smallest[component[by_id]] = by_id
    sources = (table.column("place").to_numpy() >> np.uint64(32)).astype(np.int64)
    payloads = pc.if_else(pa.array(has_mate[rows]), table.column("payload_digest"), None)
    made = pa.table(
        [
            table.column("doc_id").take(pa.array(smallest[component])),
            table.column("doc_id"),
            np.where(sources >= old_from, -1, sources).astype(np.int32),
            (table.column("place").to_numpy() & np.uint64(0xFFFFFFFF)).astype(np.int32),
            table.column("precedence"),
            payloads,
            table.column("text_digest"),
        ],
        schema=schema.MEMBERS.schema,
    )
    return made.sort_by([("component", "ascending"), ("doc_id", "ascending")])


def largest(member_rows: pa.Table) -> Sequence[tuple[str, int]]:
    """The largest components, with their sizes, for people to look at."""
    counted = pc.value_counts(member_rows.column("component")).to_pylist()
    counted.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    return [(entry["values"], entry["counts"]) for entry in counted[:LARGEST]]
