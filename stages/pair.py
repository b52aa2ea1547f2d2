"""Steps pair and gather: keys to candidate pairs, and pairs to partitions.

A component of candidate pairs is only a parcel of work: whatever may turn out to be joined lies in
one, so each can be verified and decided by itself.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import linkage
from stages import schema

VERSION = 1
MAX_PARTNERS = 16
"""A band shared by more texts than this is a crowd (a template, mostly): each is paired with the
first ones in the order of keepers only, so n texts give at most 16 n pairs. Those that come first
are the ones that would be kept, so a crowd still loses all but these: with 64 and with 8 the same
documents are removed, but for one in a thousand (docs/experiments.md).
"""


def candidates(keys: pa.Table, old_from: int) -> tuple[pa.Table, linkage.Links]:
    """Distinct pairs, sorted, that share one of these keys; and what else they tell.

    `keys` are all of a range, sorted by key; places from `old_from` on are published.
    """
    key, kind, check, rank, place = (
        keys.column(name).to_numpy() for name in ("key", "kind", "check", "precedence", "place")
    )
    found = linkage.links(key, kind, check, rank, place, old_from, MAX_PARTNERS)
    pairs = [found.first, found.second, found.kind]
    return distinct(pa.table(pairs, schema=schema.CANDIDATES.schema)), found


def distinct(pairs: pa.Table) -> pa.Table:
    """The pairs, each once, sorted by the first place, the kind and the second place."""
    # Places have 62 bits at most; with the kind above them, two numbers are sorted and not three.
    kind = pairs.column("kind").to_numpy().astype(np.uint64) << np.uint64(62)
    a, b = linkage.distinct(pairs.column("a").to_numpy(), pairs.column("b").to_numpy() | kind)
    kinds = (b >> np.uint64(62)).astype(np.uint8)
    b &= np.uint64((1 << 62) - 1)
    return pa.table([a, b, kinds], schema=schema.CANDIDATES.schema)


def published(pairs: pa.Table, old_from: int) -> NDArray[np.uint64]:
    """Places from `old_from` on that the pairs name, ascending."""
    ends = np.concatenate([pairs.column(name).to_numpy() for name in ("a", "b")])
    return np.unique(ends[ends >= np.uint64(old_from)])


class Components:
    """Union-find over documents, fed with pairs in any order.

    Memory: 9 bytes (8 for a parent, 1 for what it is joined by) for each new document, and 17 for
    each published one that has a candidate.
    """

    def __init__(self, source_rows: list[int], old: NDArray[np.uint64] | None = None) -> None:
        """`source_rows` are those of the new sources; `old` the places of published documents."""
        self._starts = np.concatenate([[0], np.cumsum(source_rows)]).astype(np.int64)
        self._old = np.zeros(0, np.uint64) if old is None else old
        count = int(self._starts[-1]) + len(self._old)
        self._parent = np.arange(count, dtype=np.int64)
        self._joined = np.zeros(count, np.uint8)

    def _indices(self, places: NDArray[np.uint64]) -> NDArray[np.int64]:
        sources = (places >> np.uint64(32)).astype(np.int64)
        is_new = sources < len(self._starts) - 1
        rows = (places & np.uint64(0xFFFFFFFF)).astype(np.int64)
        found = self._starts[np.where(is_new, sources, 0)] + rows
        if not is_new.all():
            found[~is_new] = self._starts[-1] + np.searchsorted(self._old, places[~is_new])
        return found

    def _places(self, indices: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The inverse of `_indices`; both keep order."""
        old_from = np.searchsorted(indices, self._starts[-1])
        own = indices[:old_from]
        sources = np.searchsorted(self._starts, own, side="right") - 1
        rows = own - self._starts[sources]
        places = sources.astype(np.uint64) << np.uint64(32) | rows.astype(np.uint64)
        return np.concatenate([places, self._old[indices[old_from:] - self._starts[-1]]])

    def add(self, pairs: pa.Table) -> None:
        """Join the two ends of each pair."""
        first, second = (self._indices(pairs.column(name).to_numpy()) for name in ("a", "b"))
        linkage.unite(self._parent, first, second)
        is_near = pairs.column("kind").to_numpy() == linkage.BAND
        for ends in (first, second):
            self._joined[ends] |= 1
            self._joined[ends[is_near]] |= 2

    def settle(self, partitions: int) -> "Homes":
        """Components, cut into partitions of about equal numbers of documents."""
        linkage.roots(self._parent)
        joined = np.flatnonzero(self._joined)
        root = self._parent[joined]
        order = np.argsort(root, kind="stable")
        sizes = np.bincount(np.cumsum(np.diff(root[order], prepend=root[order][:1]) != 0))
        before = np.cumsum(sizes) - sizes
        part_of_component = before * partitions // max(1, len(joined))
        part = np.empty(len(joined), np.int32)
        part[order] = np.repeat(part_of_component, sizes)
        return Homes(self._places(joined), part, self._joined[joined] > 1, sizes)


@dataclass(frozen=True, slots=True)
class Homes:
    """Documents with candidates, by place, and the partition of each."""

    places: NDArray[np.uint64]
    part: NDArray[np.int32]
    is_near: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    """Documents of each component of candidate pairs."""

    def of_sources(self, first: int, last: int) -> pa.Table:
        """Rows of `homes` of the documents of sources `first` to `last` - 1."""
        bounds = np.array([first, last], np.uint64) << np.uint64(32)
        a, b = np.searchsorted(self.places, bounds).tolist()
        return pa.table(
            [self.places[a:b], self.part[a:b], self.is_near[a:b]], schema=schema.HOMES.schema
        )

    def part_of(self, places: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Partition of each place, which must be among them."""
        return self.part[np.searchsorted(self.places, places)]
