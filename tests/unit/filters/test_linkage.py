"""Who is joined to whom: the compiled loops against plain Python that looks at all pairs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from filters import linkage
from filters.linkage import BAND, DOC_ID, PAYLOAD, TEXT
from filters.text import jaccard
from tests.thorough import share

quick = settings(max_examples=150, deadline=None)
many = settings(max_examples=share(400, 3), deadline=None)
OLD = 100
"""Places from here on are published."""


class Row(NamedTuple):
    """A key of a document."""

    key: int
    kind: int
    check: int
    precedence: int
    place: int


def links(rows: Iterable[Row], max_partners: int = 64) -> linkage.Links:
    """As the loops are called: rows sorted by key."""
    ordered = sorted(rows, key=lambda row: row.key)
    columns = [
        np.array([row[n] for row in ordered], np.uint8 if n == 1 else np.uint64) for n in range(5)
    ]
    return linkage.links(*columns, OLD, max_partners)  # type: ignore[arg-type]


def found_pairs(found: linkage.Links) -> set[tuple[int, int, int]]:
    columns = (found.first.tolist(), found.second.tolist(), found.kind.tolist())
    return set(zip(*columns, strict=True))


class Expected(NamedTuple):
    pairs: set[tuple[int, int, int]]
    twins: set[tuple[int, int]]
    crowds: int
    uncompared: int


def by_brute_force(rows: Sequence[Row], max_partners: int) -> Expected:
    pairs: set[tuple[int, int, int]] = set()
    twins: set[tuple[int, int]] = set()
    for kind in (PAYLOAD, TEXT, DOC_ID):
        groups = defaultdict(list)
        for row in rows:
            if row.kind == kind:
                groups[row.key, row.check].append(row.place)
        for group in groups.values():
            head, *others = sorted(group)
            if kind == DOC_ID:
                twins |= {(head, other) for other in others}
            else:
                pairs |= {(head, other, kind) for other in others}
    bands = defaultdict(list)
    for row in rows:
        if row.kind == BAND:
            bands[row.key].append(row)
    near = [of_band(band, max_partners) for band in bands.values()]
    return Expected(
        pairs.union(*(found.pairs for found in near)),
        twins,
        sum(found.crowds for found in near),
        sum(found.uncompared for found in near),
    )


def of_band(band: Sequence[Row], max_partners: int) -> Expected:
    """Pairs of the texts of one band, those that are kept first being hubs of a crowd."""
    texts = defaultdict(list)
    for row in band:
        texts[row.check].append(row)
    first = sorted(
        (
            not any(row.place >= OLD for row in text),
            -max(row.precedence for row in text),
            min(row.place for row in text),
            any(row.place < OLD for row in text),
        )
        for text in texts.values()
    )
    hubs = max_partners if len(first) > max_partners else len(first)
    pairs, uncompared = set(), 0
    for (rank, (*_, a, new_a)), (*_, (*_, b, new_b)) in combinations(enumerate(first), 2):
        if rank >= hubs:
            uncompared += 1
        elif new_a or new_b:
            pairs.add((min(a, b), max(a, b), BAND))
    return Expected(pairs, set(), int(hubs < len(first)), uncompared)


@st.composite
def keys(draw: st.DrawFn) -> list[Row]:
    """Keys of few values, so that documents share them; published documents among them."""
    places = draw(
        st.lists(st.integers(0, 12) | st.integers(OLD, OLD + 6), unique=True, max_size=16)
    )
    text = {place: draw(st.integers(0, 9)) for place in places}
    rank = {place: draw(st.integers(0, 3) | st.just(2**64 - 1)) for place in places}
    kinds = st.sampled_from([BAND, BAND, PAYLOAD, TEXT, DOC_ID])
    rows = []
    for place in places:
        for key, kind in draw(
            st.lists(st.tuples(st.integers(0, 3), kinds), max_size=5, unique=True)
        ):
            check = text[place] if kind == BAND else draw(st.sampled_from([0, 1, 2**63]))
            rows.append(Row(key << 62, kind, check, rank[place], place))
    return rows


@many
@given(keys(), st.integers(1, 6), st.randoms(use_true_random=False))
def test_links_are_those_of_brute_force(
    rows: list[Row], max_partners: int, order: random.Random
) -> None:
    order.shuffle(rows)
    found, expected = links(rows, max_partners), by_brute_force(rows, max_partners)
    assert found_pairs(found) == expected.pairs
    twins = zip(found.twins[::2].tolist(), found.twins[1::2].tolist(), strict=True)
    assert set(twins) == expected.twins
    assert (found.crowds, found.uncompared) == (expected.crowds, expected.uncompared)


def test_nothing_links_nothing() -> None:
    found = links([])
    assert (found.first.size, found.twins.size, found.crowds) == (0, 0, 0)
    alone = [Row(n, kind, 0, 0, n) for n, kind in enumerate([BAND, PAYLOAD, TEXT, DOC_ID])]
    assert found_pairs(links(alone)) == set()
    assert found_pairs(links(row._replace(key=5) for row in alone)) == set(), "of other kinds"


def test_one_stands_for_all_of_equal_words() -> None:
    rows = [Row(5, BAND, text, 0, place) for place, text in ((3, 7), (1, 7), (4, 8), (2, 7))]
    assert found_pairs(links(rows)) == {(1, 4, BAND)}


def test_a_crowd_is_compared_with_those_that_come_first() -> None:
    """Published ones, then those of higher precedence, then of smaller place."""
    rows = [Row(5, BAND, n, precedence, n) for n, precedence in enumerate([1, 9, 1, 9, 0, 2])]
    assert found_pairs(links(rows, 2)) == {
        *((1, other, BAND) for other in (2, 3, 4, 5)),
        *((other, 3, BAND) for other in (0, 2)),
        *((3, other, BAND) for other in (4, 5)),
        (0, 1, BAND),
    }
    published = [*rows, Row(5, BAND, 10, 0, OLD), Row(5, BAND, 11, 0, OLD + 1)]
    found = links(published, 2)
    assert found_pairs(found) == {(n, old, BAND) for n in range(6) for old in (OLD, OLD + 1)}
    assert (found.crowds, found.uncompared) == (1, 15)


def test_a_text_ranks_by_its_best_copy_and_is_named_by_its_first() -> None:
    rows = [Row(5, BAND, n, 3, n) for n in range(4)]
    rows.append(Row(5, BAND, 2, 50, 9))  # a better copy of text 2, whose first place is 2
    assert found_pairs(links(rows, 1)) == {(0, 2, BAND), (1, 2, BAND), (2, 3, BAND)}


def test_many_links_outgrow_the_first_arrays() -> None:
    rows = [Row(1, BAND, n, 0, n) for n in range(70)]
    rows += [Row(2, TEXT, 0, 0, n) for n in range(3000)]
    rows += [Row(3, DOC_ID, 0, 0, n) for n in range(40)]
    found = links(rows, 70)
    expected = by_brute_force(rows, 70)
    assert len(expected.pairs) == 35 * 69 + 2999
    assert found_pairs(found) == expected.pairs
    assert found.twins.size == 2 * 39


# Pairs

hashes = st.integers(0, 3) | st.integers(0, 2**64 - 1) | st.integers(0, 63).map((1).__lshift__)


@quick
@given(st.lists(st.tuples(hashes, hashes), max_size=40), st.randoms(use_true_random=False))
def test_distinct_pairs_are_sorted_and_each_there_once(
    pairs: list[tuple[int, int]], order: random.Random
) -> None:
    mixed = [*pairs, *pairs[::2]]
    order.shuffle(mixed)
    given_pairs = np.array(mixed, np.uint64).reshape(-1, 2)
    found = linkage.distinct(given_pairs[:, 0].copy(), given_pairs[:, 1].copy())
    assert list(zip(*(side.tolist() for side in found), strict=True)) == sorted(set(pairs))


@pytest.mark.parametrize("width", [1, 16, 17, 33, 64])
def test_many_distinct_pairs(width: int) -> None:
    """More than one pass of a sort by digits needs."""
    random_pairs = np.random.default_rng(width).integers(0, 2**width, (200_000, 2), np.uint64)
    found = linkage.distinct(random_pairs[:, 0].copy(), random_pairs[:, 1].copy())
    expected = np.unique(random_pairs, axis=0)
    assert np.array_equal(np.column_stack(found), expected)


# Components


def components(pairs: Iterable[tuple[int, int]], count: int) -> list[int]:
    """The smallest index that each is joined to, by growing sets."""
    group = {n: {n} for n in range(count)}
    for one, two in pairs:
        both = group[one] | group[two]
        group.update(dict.fromkeys(both, both))
    return [min(group[n]) for n in range(count)]


@many
@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60),
        )
    ),
    st.integers(1, 5),
)
def test_roots_are_the_smallest_of_each_component(
    given_pairs: tuple[int, list[tuple[int, int]]], parts: int
) -> None:
    count, pairs = given_pairs
    parent = np.arange(count)
    for part in range(parts):
        ends = np.array(pairs[part::parts], np.int64).reshape(-1, 2)
        linkage.unite(parent, ends[:, 0].copy(), ends[:, 1].copy())
        assert (parent <= np.arange(count)).all()
    linkage.roots(parent)
    assert parent.tolist() == components(pairs, count)


@pytest.mark.parametrize("shape", ["up", "down", "star", "shuffled"])
def test_long_chains(shape: str) -> None:
    count = 100_000
    chain = np.arange(count - 1)
    if shape == "down":
        chain = chain[::-1].copy()
    if shape == "shuffled":
        np.random.default_rng(1).shuffle(chain)
    first = np.full(count - 1, count - 1) if shape == "star" else chain
    second = chain if shape == "star" else chain + 1
    parent = np.arange(count)
    linkage.unite(parent, first, second)
    linkage.roots(parent)
    assert not parent.any()


# Jaccard


def flat(sets: Sequence[Iterable[int]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    ordered = [sorted(one) for one in sets]
    values = np.array([value for one in ordered for value in one], np.uint32)
    return values, np.cumsum([0, *map(len, ordered)])


@quick
@given(st.lists(st.sets(st.integers(0, 20) | st.just(2**32 - 1), max_size=15), min_size=1))
def test_jaccards_are_those_of_sets(sets: list[set[int]]) -> None:
    pairs = [(a, b) for a in range(len(sets)) for b in range(len(sets))]
    first, second = (np.array([pair[n] for pair in pairs]) for n in range(2))
    values, starts = flat(sets)
    found = linkage.jaccards(values, starts, first, second)
    for (a, b), value in zip(pairs, found.tolist(), strict=True):
        union = len(sets[a] | sets[b])
        assert value == (len(sets[a] & sets[b]) / union if union else 0.0)
        arrays = (np.array(sorted(one), np.uint32) for one in (sets[a], sets[b]))
        assert value == jaccard(*arrays)


# The walk


@quick
@given(st.lists(st.integers(0, 5), max_size=12))
def test_groups_are_flat_lists_of_lists(labels: list[int]) -> None:
    coded = np.unique(np.array(labels, np.int64), return_inverse=True)[1].astype(np.int64)
    bounds, members = linkage.groups(coded)
    assert len(bounds) == len(set(labels)) + 1
    lists = [members[a:b].tolist() for a, b in pairwise(bounds)]
    assert lists == [np.flatnonzero(coded == n).tolist() for n in range(len(lists))]


class Web(NamedTuple):
    """Documents, what joins them, and the order in which they are taken."""

    text: list[int]
    payload: list[int]
    edges: dict[tuple[int, int], tuple[float, int]]
    """Similarity and method by two text groups, each pair once."""
    order: list[int]
    published: list[bool]
    passes: list[bool]

    def graph(self) -> linkage.Graph:
        text, payload = np.array(self.text, np.int64), np.array(self.payload, np.int64)
        ends = sorted(
            (one, two, similarity, method)
            for (a, b), (similarity, method) in self.edges.items()
            for one, two in ((a, b), (b, a))
        )
        bounds = np.searchsorted([e[0] for e in ends], np.arange(max(self.text, default=-1) + 2))
        return linkage.Graph(
            text,
            *linkage.groups(text),
            payload,
            *linkage.groups(payload),
            bounds.astype(np.int64),
            np.array([e[1] for e in ends], np.int64),
            np.array([e[2] for e in ends], np.float32),
            np.array([e[3] for e in ends], np.uint8),
        )

    def joined(self, one: int, two: int) -> tuple[float, int] | None:
        if self.payload[one] == self.payload[two]:
            return 1.0, PAYLOAD
        a, b = self.text[one], self.text[two]
        if a == b:
            return 1.0, TEXT
        return self.edges.get((a, b), self.edges.get((b, a)))


def walked(web: Web) -> list[tuple[int, float, int]]:
    """Documents taken one by one, each kept one removing whatever is joined to it."""
    result = [(-1, 0.0, 0)] * len(web.text)
    for document in web.order:
        if not web.passes[document] or result[document][0] >= 0:
            continue
        rank = web.order.index(document)
        for other in web.order[rank + 1 :]:
            how = web.joined(document, other)
            if how and web.passes[other] and not web.published[other] and result[other][0] < 0:
                result[other] = (document, *how)
    return result


@st.composite
def webs(draw: st.DrawFn) -> Web:
    count = draw(st.integers(0, 12))

    def labels(kinds: int) -> list[int]:
        drawn = draw(st.lists(st.integers(0, kinds), min_size=count, max_size=count))
        return np.unique(np.array(drawn, np.int64), return_inverse=True)[1].tolist()  # type: ignore[no-any-return]

    text, payload = labels(7), labels(20)
    texts = st.integers(0, max(text, default=0))
    pairs = draw(st.sets(st.tuples(texts, texts).filter(lambda p: p[0] < p[1]), max_size=15))
    weights = st.tuples(st.sampled_from([0.75, 0.875]), st.sampled_from([BAND, 4]))
    flags = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    published = [n == 0 for n in draw(flags)]
    order = draw(st.permutations(range(count)))
    return Web(
        text,
        payload,
        {pair: draw(weights) for pair in sorted(pairs)},
        sorted(order, key=lambda n: not published[n]),
        published,
        [n != 0 or is_old for n, is_old in zip(draw(flags), published, strict=True)],
    )


@many
@given(webs())
def test_the_walk_is_the_greedy_one(web: Web) -> None:
    keeper, similarity, method = linkage.walk(
        web.graph(),
        np.array(web.order, np.int64),
        np.array(web.published, np.bool_),
        np.array(web.passes, np.bool_),
    )
    found = list(zip(keeper.tolist(), similarity.tolist(), method.tolist(), strict=True))
    assert found == walked(web)


@many
@given(webs())
def test_no_chain_removes_a_document_and_no_two_kept_are_joined(web: Web) -> None:
    keeper, _, _ = linkage.walk(
        web.graph(),
        np.array(web.order, np.int64),
        np.array(web.published, np.bool_),
        np.array(web.passes, np.bool_),
    )
    kept = {n for n in web.order if web.passes[n] and keeper[n] < 0}
    for document, of in enumerate(keeper.tolist()):
        if of >= 0:
            assert of in kept
            assert web.joined(document, of)
            assert not web.published[document]
            assert web.passes[document]
    for one, two in combinations(sorted(kept), 2):
        assert not web.joined(one, two) or (web.published[one] and web.published[two])
