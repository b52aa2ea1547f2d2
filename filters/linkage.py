"""Who is joined to whom: compiled loops over sorted keys, pairs and edges.

Plain functions over arrays. Documents are known by their place, a 64-bit number (source << 32 |
row), or by their index in an array. Nothing depends on the order in which pairs arrive: sets of
equal keys are taken in the order of places, and the root of a component is its smallest index.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BAND, PAYLOAD, TEXT, DOC_ID = range(4)
"""Kinds of keys: the hash of a band, and the upper 64 bits of a digest or identity."""

NEAR: Final = BAND


class Links(NamedTuple):
    """What keys say of documents: pairs of places, and what is wrong or was left out."""

    first: NDArray[np.uint64]
    """The smaller place of each pair."""
    second: NDArray[np.uint64]
    kind: NDArray[np.uint8]
    """`BAND` for a candidate pair, `PAYLOAD` or `TEXT` for members of an exact group."""
    twins: NDArray[np.uint64]
    """Places, in pairs, of documents of one identity."""
    crowds: int
    """Bands that more texts share than are compared with each other."""
    uncompared: int
    """Pairs of texts in crowds that were not made candidates by that band."""


def links(
    key: NDArray[np.uint64],
    kind: NDArray[np.uint8],
    check: NDArray[np.uint64],
    precedence: NDArray[np.uint64],
    place: NDArray[np.uint64],
    old_from: int,
    max_partners: int,
) -> Links:
    """Pairs that share a key, from rows sorted by key; `check` are a digest's other 64 bits.

    Of texts with equal words (equal `check`) in one band, the one with the smallest place stands
    for all. A band of up to `max_partners` texts gives all its pairs; of a larger one, each text is
    paired with the `max_partners` that come first: published ones, then those of higher precedence,
    then of smaller place. Places from `old_from` on are published; two of those are no pair. Exact
    groups are stars around their smallest place. Time: linear but for sorting each set of equal
    keys.
    """
    first, second, kinds, twins, crowds, uncompared = _loops().links(
        key, kind, check, precedence, place, np.uint64(old_from), max_partners
    )
    return Links(first, second, kinds, twins, int(crowds), int(uncompared))


def distinct(
    first: NDArray[np.uint64], second: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Pairs, each once, sorted by the first number and then the second; linear time."""
    found: tuple[NDArray[np.uint64], NDArray[np.uint64]] = _loops().distinct(first, second)
    return found


def unite(parent: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> None:
    """Join the components of each pair of indices in place: the smaller root becomes the parent.

    `parent` starts as `arange(n)` and keeps parent[x] <= x, so the result does not depend on the
    order of the pairs. Rem's algorithm with splicing (Patwary, Blair and Manne 2010, section 2.1).
    """
    _loops().unite(parent, first, second)


def roots(parent: NDArray[np.int64]) -> None:
    """Replace each parent by its root, in place: one ascending pass, since parent[x] <= x."""
    _loops().roots(parent)


def jaccards(
    values: NDArray[np.uint32],
    starts: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Exact Jaccard similarity of pairs of sets; 0 for two empty ones.

    Set k is `values[starts[k]:starts[k + 1]]`, ascending.
    """
    found: NDArray[np.float64] = _loops().jaccards(values, starts, first, second)
    return found


class Graph(NamedTuple):
    """Documents of one partition and what joins them; lists of lists are flat, with bounds.

    Index k of a list has `members[bounds[k]:bounds[k + 1]]`.
    """

    text: NDArray[np.int64]
    """Text group of each document: documents with equal words are in one."""
    text_bounds: NDArray[np.int64]
    text_members: NDArray[np.int64]
    payload: NDArray[np.int64]
    """Payload group of each document; a group of its own where no other has the payload."""
    payload_bounds: NDArray[np.int64]
    payload_members: NDArray[np.int64]
    edge_bounds: NDArray[np.int64]
    """Edges of each text group."""
    edge_texts: NDArray[np.int64]
    """The text group at the other end."""
    edge_similarities: NDArray[np.float32]
    edge_methods: NDArray[np.uint8]


def groups(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bounds and members of the groups that `labels` (0 to k - 1, each in use) names, ascending."""
    members = np.argsort(labels, kind="stable")
    bounds = np.zeros(int(labels.max(initial=-1)) + 2, np.int64)
    np.cumsum(np.bincount(labels), out=bounds[1:])
    return bounds, members


def walk(
    graph: Graph,
    order: NDArray[np.int64],
    published: NDArray[np.bool_],
    passes: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]:
    """Keeper of each document (-1 if it has none), similarity and method.

    The method is `PAYLOAD`, `TEXT`, or the edge's. Documents that pass are taken in `order`; one
    that no kept document has removed is kept, and removes its direct neighbours that pass and are
    neither removed nor published. So chains remove nothing: every removed document is joined to the
    kept one that it names.
    """
    found: tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]] = _loops().walk(
        graph, order, published, passes
    )
    return found


@cache
def _loops() -> ModuleType:
    """The compiled loops, imported when they are needed: numba takes half a second."""
    from filters import linkage_loops  # noqa: PLC0415

    return linkage_loops
