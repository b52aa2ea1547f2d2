"""Steps estimate and cluster: candidate pairs to verified edges and components.

Signatures decide what they can; where they leave a doubt, shingle sets are compared. So no edge
rests on less than an exact Jaccard similarity of the stored texts at or above the threshold, or on
signatures that agree more often than a pair below it would once in a thousand million.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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


Room = Callable[[tuple[int, ...], type], NDArray[Any]]
"""Makes an array of a shape and type, in memory or in a file, to be filled."""


class Signed(NamedTuple):
    """Documents of a partition, and signatures of those that are compared."""

    places: NDArray[np.uint64]
    """Ascending."""
    row_of: NDArray[np.int64]
    """Row of each document's signature; any number where it has none."""
    signatures: NDArray[np.uint32]


def signed(lent: Iterable[pa.Table], count: int, room: Room = np.empty) -> Signed:
    """Places and signatures out of `count` rows of `lent`, which come sorted by place."""
    places, has_signature = np.empty(count, np.uint64), np.zeros(count, np.bool_)
    signatures, at, filled = room((count, schema.N_PERMUTATIONS), np.uint32), 0, 0
    for table in lent:
        end, column = at + table.num_rows, table.column("signature")
        places[at:end] = table.column("place").to_numpy()
        has_signature[at:end] = column.is_valid().to_numpy()
        matrix = base.signature_matrix(column.drop_null())
        if len(matrix):
            signatures[filled : filled + len(matrix)] = matrix
        at, filled = end, filled + len(matrix)
    return Signed(places, np.cumsum(has_signature) - 1, signatures[:filled])


def estimates(pairs: pa.Table, lent: Signed, threshold: float) -> tuple[pa.Table, int]:
    """Pairs that may be joined, and the number of near pairs that were dropped.

    `pairs` are some of one partition, distinct; `lent` its documents.
    """
    first, second = (np.searchsorted(lent.places, pairs.column(n).to_numpy()) for n in ("a", "b"))
    kind = pairs.column("kind").to_numpy()
    equal = np.full(len(kind), schema.N_PERMUTATIONS, np.int16)
    near = np.flatnonzero(kind == linkage.BAND)
    rows = lent.row_of[first[near]], lent.row_of[second[near]]
    equal[near] = minhash.equal_places(lent.signatures, *rows)
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


class Sets(NamedTuple):
    """Shingle sets of documents."""

    places: NDArray[np.uint64]
    """Ascending."""
    starts: NDArray[np.int64]
    """Set k is `values[starts[k]:starts[k + 1]]`, ascending."""
    values: NDArray[np.uint32]


def sets(shingles: Iterable[pa.Table], count: int, room: Room = np.empty) -> Sets:
    """Sets out of rows of `shingles`, which come sorted by place; `count` shingles in all."""
    places, lengths = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    values, at = room((count,), np.uint32), 0
    for table in shingles:
        lists = table.column("shingles").combine_chunks()
        places.append(table.column("place").to_numpy())
        lengths.append(lists.value_lengths().to_numpy().astype(np.int64))
        found = lists.flatten().to_numpy()
        values[at : at + len(found)] = found
        at += len(found)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    return Sets(np.concatenate(places), starts, values)


def verify(
    estimated: pa.Table, places: NDArray[np.uint64], shingles: Sets, threshold: float
) -> Joined:
    """The pairs that hold: exact groups, sure ones, and doubtful ones whose shingles say so.

    `places` are those of the partition's documents, ascending; `shingles` the doubtful ones' sets.
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


def _exact(estimated: pa.Table, rows: NDArray[np.int64], shingles: Sets) -> NDArray[np.float64]:
    ends = [
        np.searchsorted(shingles.places, estimated.column(n).to_numpy()[rows]).astype(np.int64)
        for n in ("a", "b")
    ]
    return linkage.jaccards(shingles.values, shingles.starts, *ends)


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


class Linked:
    """What some verified pairs after others make of a partition's documents."""

    def __init__(self, count: int) -> None:
        self.parent = np.arange(count, dtype=np.int64)
        self.is_member = np.zeros(count, np.bool_)
        self.has_mate = np.zeros(count, np.bool_)
        """Whether another document has the same payload."""

    def add(self, joined: Joined) -> None:
        """Take pairs; the order has no part in the result."""
        linkage.unite(self.parent, joined.first, joined.second)
        self.is_member[joined.first] = self.is_member[joined.second] = True
        mates = joined.method == linkage.PAYLOAD
        self.has_mate[joined.first[mates]] = self.has_mate[joined.second[mates]] = True


def members(linked: Linked, lent: pa.Table, old_from: int) -> pa.Table:
    """Documents with an edge or an exact duplicate, by component and doc_id.

    `lent` has all documents of the partition, without signatures; `old_from` is the first source
    that is published already.
    """
    linkage.roots(linked.parent)
    rows = np.flatnonzero(linked.is_member)
    table = lent.take(pa.array(rows))
    # The smallest doc_id of each component names it.
    by_id = pc.sort_indices(table.column("doc_id")).to_numpy()[::-1]
    _, component = np.unique(linked.parent[rows], return_inverse=True)
    smallest = np.zeros(int(component.max(initial=-1)) + 1, np.int64)
    smallest[component[by_id]] = by_id
    sources = (table.column("place").to_numpy() >> np.uint64(32)).astype(np.int64)
    payloads = pc.if_else(pa.array(linked.has_mate[rows]), table.column("payload_digest"), None)
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
