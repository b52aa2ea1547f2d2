"""Steps pair and gather: keys to candidate pairs, pairs to partitions."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import linkage
from stages import band, pair, schema
from tests.data.clustering import Page, doc_id, payload, signature_table

quick = settings(max_examples=100, deadline=None)
NOBODY = 1 << 50
"""No source is published."""


def pairs(*rows: tuple[int, int, int]) -> pa.Table:
    columns = [
        pa.array([r[n] for r in rows], f.type) for n, f in enumerate(schema.CANDIDATES.schema)
    ]
    return pa.table(columns, schema.CANDIDATES.schema)


def place(source: int, row: int) -> int:
    return source << 32 | row


# Candidates


def test_documents_that_share_anything_are_candidates() -> None:
    text = " ".join(f"word{n}" for n in range(40))
    pages = [
        Page(doc_id(0), text, payload("p")),
        Page(doc_id(1), text.title(), payload("q")),
        Page(doc_id(2), f"{text} more", payload("q")),
        Page(doc_id(3), "nothing of the kind", payload("p")),
        Page(doc_id(4), "", payload("p")),
    ]
    keys = band.by_key([band.keys(signature_table(pages), 0, 28, 4)])
    found, said = pair.candidates(keys, NOBODY)
    assert found.schema == schema.CANDIDATES.schema
    assert found.to_pylist() == [
        {"a": 0, "b": 2, "kind": linkage.BAND},
        {"a": 0, "b": 3, "kind": linkage.PAYLOAD},
        {"a": 0, "b": 1, "kind": linkage.TEXT},
        {"a": 1, "b": 2, "kind": linkage.PAYLOAD},
    ]
    assert (said.crowds, said.twins.size) == (0, 0)


def test_two_documents_of_one_identity_are_told() -> None:
    pages = [Page(doc_id(n), f"text {n}") for n in (0, 1, 0)]
    tables = [band.keys(signature_table([page]), n, 14, 8) for n, page in enumerate(pages)]
    _, said = pair.candidates(band.by_key(tables), NOBODY)
    assert said.twins.tolist() == [place(0, 0), place(2, 0)]


some_places = st.integers(0, 3) | st.integers(0, 2**30 - 1).map(lambda n: n << 32 | 2**32 - 1)


@quick
@given(
    st.lists(st.tuples(some_places, some_places, st.integers(0, 2)), max_size=30),
    st.randoms(use_true_random=False),
)
def test_distinct_pairs_are_sorted_and_each_there_once(
    rows: list[tuple[int, int, int]], order: random.Random
) -> None:
    mixed = [*rows, *rows[::2]]
    order.shuffle(mixed)
    found = pair.distinct(pairs(*mixed))
    assert [(row["a"], row["kind"], row["b"]) for row in found.to_pylist()] == sorted(
        {(a, kind, b) for a, b, kind in rows}
    )
    assert pair.distinct(found).equals(found)


def test_published_places_of_pairs() -> None:
    found = pair.published(
        pairs((1, place(3, 1), 0), (2, place(2, 9), 0), (0, place(3, 1), 1)), 2 << 32
    )
    assert found.tolist() == [place(2, 9), place(3, 1)]
    assert pair.published(pairs(), 0).size == 0


# Partitions


@st.composite
def joined(draw: st.DrawFn) -> tuple[list[int], list[int], list[tuple[int, int, int]]]:
    """Rows of each new source, places of published documents, and pairs."""
    rows = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    numbers = st.tuples(st.integers(len(rows), len(rows) + 2), st.integers(0, 50))
    old = sorted({place(*one) for one in draw(st.lists(numbers, max_size=4))})
    own = [place(source, row) for source, count in enumerate(rows) for row in range(count)]
    if len(own + old) < 2 or not own:
        return rows, [], []
    ends = st.tuples(st.sampled_from(own + old), st.sampled_from(own), st.integers(0, 2))
    drawn = draw(st.lists(ends, max_size=12))
    found = [(min(a, b), max(a, b), kind) for a, b, kind in drawn if a != b]
    named = {end for a, b, _ in found for end in (a, b)}
    return rows, [p for p in old if p in named], found


@quick
@given(joined(), st.integers(1, 5), st.integers(1, 3), st.randoms(use_true_random=False))
def test_a_component_lies_in_one_partition(
    given_pairs: tuple[list[int], list[int], list[tuple[int, int, int]]],
    parts: int,
    pieces: int,
    order: random.Random,
) -> None:
    rows, old, found = given_pairs
    group = {end: {end} for a, b, _ in found for end in (a, b)}
    for a, b, _ in found:
        both = group[a] | group[b]
        group.update(dict.fromkeys(both, both))
    mixed = list(found)
    order.shuffle(mixed)
    components = pair.Components(rows, np.array(old, np.uint64))
    for piece in range(pieces):
        components.add(pairs(*mixed[piece::pieces]))
    homes = components.settle(parts)
    assert homes.places.tolist() == sorted(group)
    part_of = dict(zip(homes.places.tolist(), homes.part.tolist(), strict=True))
    assert all(part_of[a] == part_of[b] for a, b, _ in found)
    assert set(part_of.values()) <= set(range(parts))
    assert sorted(homes.sizes.tolist()) == sorted(
        len(one) for one in {min(g): g for g in group.values()}.values()
    )
    near = {end for a, b, kind in found if kind == linkage.BAND for end in (a, b)}
    assert {
        p for p, is_near in zip(homes.places.tolist(), homes.is_near, strict=True) if is_near
    } == near
    asked = np.array(sorted(group)[::2], np.uint64)
    assert homes.part_of(asked).tolist() == [part_of[p] for p in asked.tolist()]
    pieces_of = [homes.of_sources(n, n + 1) for n in range(len(rows) + 3)]
    assert pa.concat_tables(pieces_of).column("place").to_pylist() == sorted(group)


def test_partitions_are_of_about_equal_size() -> None:
    count, parts = 10_000, 7
    components = pair.Components([count])
    components.add(pairs(*((n, n + 1, 0) for n in range(0, count, 2))))
    sizes = np.bincount(components.settle(parts).part, minlength=parts)
    assert sizes.min() >= count // parts - 2
    assert sizes.max() <= count // parts + 3


@pytest.mark.parametrize("rows", [[], [0], [0, 3, 0]])
def test_nothing_is_joined(rows: list[int]) -> None:
    components = pair.Components(rows)
    components.add(pairs())
    homes = components.settle(4)
    assert (homes.places.size, homes.sizes.sum()) == (0, 0)
    assert homes.of_sources(0, 9).num_rows == 0
    assert homes.of_sources(0, 9).schema == schema.HOMES.schema
