"""Compiled loops of `filters.linkage`, which says what they do."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled
from filters.linkage import BAND, DOC_ID, PAYLOAD, TEXT, Graph

_NOBODY = -1
_DIGIT = 11  # bits: 2,048 places that are written to fit the first-level cache
_DIGIT_MASK = np.uint64((1 << _DIGIT) - 1)
_PASSES = 6  # digits of 11 bits in 64


class _State(NamedTuple):
    """How far `walk` has come."""

    is_open: NDArray[np.bool_]
    """Documents that pass, are not published, and are neither kept nor removed yet."""
    left: NDArray[np.int64]
    """Open documents of each text group."""
    keeper: NDArray[np.int64]
    similarity: NDArray[np.float32]
    method: NDArray[np.uint8]


Hashes = TypeVar("Hashes", NDArray[np.uint64], NDArray[np.uint8])


@compiled
def _grown(values: Hashes, size: int) -> Hashes:
    larger = np.empty(2 * size, values.dtype)
    larger[:size] = values[:size]
    return larger


@compiled
def links(  # noqa: C901, PLR0912, PLR0915
    key: NDArray[np.uint64],
    kind: NDArray[np.uint8],
    check: NDArray[np.uint64],
    precedence: NDArray[np.uint64],
    place: NDArray[np.uint64],
    old_from: np.uint64,
    max_partners: int,
) -> Any:
    """Pairs, twins and what was left out; `filters.linkage.links`."""
    first, second = np.empty(1024, np.uint64), np.empty(1024, np.uint64)
    kinds, twins = np.empty(1024, np.uint8), np.empty(16, np.uint64)
    size, n_twins, crowds, uncompared = 0, 0, 0, 0
    start, total = 0, key.size
    while start < total:
        end = start + 1
        while end < total and key[end] == key[start]:
            end += 1
        if end - start == 1:
            start = end
            continue
        for of_kind in range(4):
            count = 0
            for at in range(start, end):
                count += kind[at] == of_kind
            if count < 2:
                continue
            members = np.empty(count, np.int64)
            count = 0
            for at in range(start, end):
                if kind[at] == of_kind:
                    members[count] = at
                    count += 1
            members = members[np.argsort(place[members], kind="mergesort")]
            members = members[np.argsort(check[members], kind="mergesort")]
            if of_kind != BAND:
                head = members[0]
                for at in members[1:]:
                    if check[at] != check[head]:
                        head = at
                    elif of_kind == DOC_ID:
                        if n_twins + 2 > twins.size:
                            twins = _grown(twins, n_twins)
                        twins[n_twins], twins[n_twins + 1] = place[head], place[at]
                        n_twins += 2
                    else:
                        if size == first.size:
                            first, second = _grown(first, size), _grown(second, size)
                            kinds = _grown(kinds, size)
                        first[size], second[size], kinds[size] = place[head], place[at], of_kind
                        size += 1
                continue
            texts = np.empty(count, np.uint64)
            best = np.empty(count, np.uint64)
            is_old, is_new = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
            n = 0
            for rank in range(count):
                at = members[rank]
                if rank == 0 or check[at] != check[members[rank - 1]]:
                    texts[n], best[n] = place[at], precedence[at]
                    n += 1
                best[n - 1] = max(best[n - 1], precedence[at])
                if place[at] >= old_from:
                    is_old[n - 1] = True
                else:
                    is_new[n - 1] = True
            if n < 2:
                continue
            hubs = n
            if n > max_partners:
                by_place = np.argsort(texts[:n], kind="mergesort")
                by_rank = by_place[np.argsort(~best[:n][by_place], kind="mergesort")]
                published = is_old[:n][by_rank]
                order_of = np.concatenate((by_rank[published], by_rank[~published]))
                texts[:n] = texts[:n][order_of]
                is_new[:n] = is_new[:n][order_of]
                hubs = max_partners
                crowds += 1
                uncompared += (n - hubs) * (n - hubs - 1) // 2
            for one in range(hubs):
                for other in range(one + 1, n):
                    if not (is_new[one] or is_new[other]):
                        continue
                    if size == first.size:
                        first, second = _grown(first, size), _grown(second, size)
                        kinds = _grown(kinds, size)
                    first[size] = min(texts[one], texts[other])
                    second[size] = max(texts[one], texts[other])
                    kinds[size] = BAND
                    size += 1
        start = end
    return first[:size], second[:size], kinds[:size], twins[:n_twins], crowds, uncompared


@compiled
def _sorted(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> Any:
    """Pairs sorted by both numbers: a radix sort, least digits first, without digits in no use.

    Three million pairs of places take a fifth of the time of NumPy's lexsort.
    """
    one, two = first.copy(), second.copy()
    next_one, next_two = np.empty_like(one), np.empty_like(two)
    for step in range(2 * _PASSES):
        by = two if step < _PASSES else one
        shift = np.uint64(_DIGIT * (step % _PASSES))
        ends = np.zeros((1 << _DIGIT) + 1, np.int64)
        for at in range(one.size):
            ends[np.int64((by[at] >> shift) & _DIGIT_MASK) + 1] += 1
        if ends.max() == one.size:
            continue
        ends = np.cumsum(ends)
        for at in range(one.size):
            digit = np.int64((by[at] >> shift) & _DIGIT_MASK)
            target = ends[digit]
            next_one[target], next_two[target] = one[at], two[at]
            ends[digit] = target + 1
        one, next_one = next_one, one
        two, next_two = next_two, two
    return one, two


@compiled
def distinct(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> Any:
    """`filters.linkage.distinct`."""
    one, two = _sorted(first, second)
    kept = 0
    for at in range(one.size):
        if at == 0 or one[at] != one[kept - 1] or two[at] != two[kept - 1]:
            one[kept], two[kept] = one[at], two[at]
            kept += 1
    return one[:kept], two[:kept]


@compiled
def unite(parent: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]) -> None:
    """`filters.linkage.unite`."""
    for at in range(first.size):
        one, other = first[at], second[at]
        while parent[one] != parent[other]:
            if parent[one] < parent[other]:
                one, other = other, one
            if parent[one] == one:
                parent[one] = parent[other]
                break
            above = parent[one]
            parent[one] = parent[other]
            one = above


@compiled
def roots(parent: NDArray[np.int64]) -> None:
    """`filters.linkage.roots`."""
    for at in range(parent.size):
        parent[at] = parent[parent[at]]


@compiled
def jaccards(
    values: NDArray[np.uint32],
    starts: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`filters.linkage.jaccards`."""
    found = np.zeros(first.size, np.float64)
    for pair in range(first.size):
        one, one_end = starts[first[pair]], starts[first[pair] + 1]
        other, other_end = starts[second[pair]], starts[second[pair] + 1]
        union = (one_end - one) + (other_end - other)
        shared = 0
        while one < one_end and other < other_end:
            left, right = values[one], values[other]
            shared += left == right
            one += left <= right
            other += right <= left
        if union > 0:
            found[pair] = shared / (union - shared)
    return found


@compiled
def _remove(
    graph: Graph,
    group: int,
    document: int,
    similarity: np.float32,
    method: np.uint8,
    state: _State,
) -> None:
    """Remove every open document of a text group; a group without any costs nothing."""
    if state.left[group] == 0:
        return
    for at in range(graph.text_bounds[group], graph.text_bounds[group + 1]):
        other = graph.text_members[at]
        if state.is_open[other]:
            state.is_open[other] = False
            state.keeper[other] = document
            state.similarity[other], state.method[other] = similarity, method
    state.left[group] = 0


@compiled
def walk(
    graph: Graph,
    order: NDArray[np.int64],
    published: NDArray[np.bool_],
    passes: NDArray[np.bool_],
) -> Any:
    """`filters.linkage.walk`."""
    count = graph.text.size
    state = _State(
        passes & ~published,
        np.zeros(graph.text_bounds.size - 1, np.int64),
        np.full(count, _NOBODY, np.int64),
        np.zeros(count, np.float32),
        np.zeros(count, np.uint8),
    )
    for document in range(count):
        state.left[graph.text[document]] += state.is_open[document]
    for document in order:
        if not passes[document] or state.keeper[document] != _NOBODY:
            continue
        group = graph.text[document]
        if state.is_open[document]:
            state.is_open[document] = False
            state.left[group] -= 1
        mates = graph.payload[document]
        for at in range(graph.payload_bounds[mates], graph.payload_bounds[mates + 1]):
            other = graph.payload_members[at]
            if state.is_open[other]:
                state.is_open[other] = False
                state.left[graph.text[other]] -= 1
                state.keeper[other] = document
                state.similarity[other], state.method[other] = 1.0, PAYLOAD
        _remove(graph, group, document, np.float32(1), np.uint8(TEXT), state)
        for at in range(graph.edge_bounds[group], graph.edge_bounds[group + 1]):
            similarity, method = graph.edge_similarities[at], graph.edge_methods[at]
            _remove(graph, graph.edge_texts[at], document, similarity, method, state)
    return state.keeper, state.similarity, state.method
