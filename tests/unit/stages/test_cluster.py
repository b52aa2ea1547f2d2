"""Steps estimate and cluster: what signatures decide, what texts decide, who is joined to whom."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import linkage, minhash
from filters.text import jaccard
from stages import cluster, schema
from tests.data.clustering import Facts, doc_id, facts

quick = settings(max_examples=60, deadline=None)
THRESHOLD = 0.75
SURE, HOPELESS = 108, 65
"""Equal places of 112 from which a pair at .75 needs no texts, and up to which it is dropped."""


def places(numbers: Sequence[int]) -> pa.Array:
    return pa.array(numbers, pa.uint64())


def candidates(*rows: tuple[int, int, int]) -> pa.Table:
    a, b, kind = ([row[n] for row in rows] for n in range(3))
    return pa.table([places(a), places(b), pa.array(kind, pa.uint8())], schema.CANDIDATES.schema)


def agreeing(*equal: int) -> list[list[int] | None]:
    """A signature, and one that agrees with it in so many places for each number."""
    base = list(range(schema.N_PERMUTATIONS))
    return [base, *([*base[:k], *(-1 % 2**32 for _ in base[k:])] for k in equal)]


def lent(
    signatures: Sequence[list[int] | None], first_place: int = 0, **columns: Sequence[object]
) -> pa.Table:
    """Rows of `lent` with places one after another."""
    count = len(signatures)
    made: Mapping[str, Sequence[object]] = {
        "place": [first_place + n for n in range(count)],
        "doc_id": [doc_id(n) for n in range(count)],
        "payload_digest": [None] * count,
        "text_digest": [f"{n:032x}" for n in range(count)],
        "precedence": [0] * count,
        "signature": signatures,
        **columns,
    }
    return pa.table(
        [pa.array(made[f.name], f.type) for f in schema.LENT.schema], schema.LENT.schema
    )


def signed(rows: pa.Table) -> cluster.Signed:
    """As a task reads them: some rows after others."""
    cut = rows.num_rows // 2
    return cluster.signed([rows.slice(0, cut), rows.slice(cut)], rows.num_rows)


# What signatures decide


def test_sure_pairs_need_no_texts_and_hopeless_ones_go() -> None:
    equal = (112, SURE, SURE - 1, HOPELESS + 1, HOPELESS, 0)
    rows = candidates(*((0, n, linkage.BAND) for n in range(1, 7)))
    found, dropped = cluster.estimates(rows, signed(lent(agreeing(*equal))), THRESHOLD)
    assert found.schema == schema.ESTIMATES.schema
    assert found.column("equal").to_pylist() == [112, SURE, SURE - 1, HOPELESS + 1]
    assert found.column("is_sure").to_pylist() == [True, True, False, False]
    assert dropped == 2
    assert cluster.wanted(found).tolist() == [0, 3, 4]


@pytest.mark.parametrize("threshold", [0.5, 0.75, 0.83, 0.84, 0.95, 1.0])
def test_exact_pairs_are_sure_at_any_threshold(threshold: float) -> None:
    """From .84 on no number of equal places proves a near pair, but an exact one needs no proof."""
    rows = candidates((0, 1, linkage.PAYLOAD), (0, 1, linkage.TEXT), (1, 2, linkage.TEXT))
    found, dropped = cluster.estimates(rows, signed(lent([None, None, None])), threshold)
    assert found.column("is_sure").to_pylist() == [True] * 3
    assert (dropped, cluster.wanted(found).tolist()) == (0, [])


def test_signatures_stand_between_documents_that_have_none() -> None:
    base, other = agreeing(70)
    found, _ = cluster.estimates(
        candidates((7, 9, linkage.BAND), (8, 10, linkage.TEXT)),
        signed(lent([base, None, other, None], first_place=7)),
        THRESHOLD,
    )
    assert found.column("equal").to_pylist() == [70, schema.N_PERMUTATIONS]


def test_no_pairs() -> None:
    found, dropped = cluster.estimates(candidates(), signed(lent([])), THRESHOLD)
    assert (found.num_rows, dropped, cluster.wanted(found).size) == (0, 0, 0)
    sets = cluster.sets([schema.SHINGLES.schema.empty_table()], 0)
    joined = cluster.verify(found, np.zeros(0, np.uint64), sets, THRESHOLD)
    assert cluster.edges(joined, lent([]).column("doc_id")).num_rows == 0
    assert cluster.members(linked(0, joined), lent([]), 1).num_rows == 0


# What texts decide


def shingles(at: Sequence[int], sets: Sequence[Sequence[int]]) -> cluster.Sets:
    lists = pa.array(sets, pa.list_(pa.uint32()))
    rows = pa.table([places(at), lists], schema.SHINGLES.schema)
    cut = rows.num_rows // 2
    return cluster.sets([rows.slice(0, cut), rows.slice(cut)], sum(map(len, sets)))


def linked(count: int, *joined: cluster.Joined) -> cluster.Linked:
    made = cluster.Linked(count)
    for one in joined:
        made.add(one)
    return made


def estimated(*rows: tuple[int, int, int, int, bool]) -> pa.Table:
    columns = [
        pa.array([row[n] for row in rows], f.type) for n, f in enumerate(schema.ESTIMATES.schema)
    ]
    return pa.table(columns, schema.ESTIMATES.schema)


def test_doubtful_pairs_hold_from_the_threshold_on() -> None:
    sets = [[1, 2, 3, 4], [1, 2, 3], [1, 2, 9], []]
    rows = estimated(
        (10, 11, linkage.BAND, 80, False),
        (10, 12, linkage.BAND, 107, False),
        (11, 13, linkage.BAND, 90, False),
        (12, 13, linkage.BAND, 110, True),
        (12, 20, linkage.TEXT, 112, True),
        (13, 20, linkage.PAYLOAD, 112, True),
    )
    known = np.array([10, 11, 12, 13, 20], np.uint64)
    joined = cluster.verify(rows, known, shingles([10, 11, 12, 13], sets), THRESHOLD)
    assert list(zip(joined.first, joined.second, strict=True)) == [(0, 1), (2, 3), (2, 4), (3, 4)]
    assert joined.similarity.tolist() == [0.75, np.float32(110 / 112), 1, 1]
    how = [schema.METHODS[code] for code in joined.method]
    assert how == ["near_duplicate", "near_signature", "exact_text", "exact_payload"]
    assert joined.near.tolist() == [True, True, False, False]
    tighter = cluster.verify(rows, known, shingles([10, 11, 12, 13], sets), np.nextafter(0.75, 1))
    assert len(tighter.first) == 3


@quick
@given(
    st.lists(st.sets(st.integers(0, 12), min_size=1), min_size=2, max_size=7),
    st.sampled_from([0.5, 0.75, 1.0]),
)
def test_each_doubtful_pair_is_compared_with_its_own_sets(
    sets: list[set[int]], threshold: float
) -> None:
    ordered = [np.array(sorted(one), np.uint32) for one in sets]
    pairs = [(a, b) for b in range(len(sets)) for a in range(b)]
    rows = estimated(*((3 * a, 3 * b, linkage.BAND, 70, False) for a, b in pairs))
    at = [3 * n for n in range(len(sets))]
    joined = cluster.verify(rows, np.array(at, np.uint64), shingles(at, ordered), threshold)
    expected = {
        (a, b): np.float32(jaccard(ordered[a], ordered[b]))
        for a, b in pairs
        if jaccard(ordered[a], ordered[b]) >= threshold
    }
    ends = zip(joined.first.tolist(), joined.second.tolist(), strict=True)
    assert dict(zip(ends, joined.similarity, strict=True)) == expected


def test_estimates_of_real_texts_agree_with_their_shingles() -> None:
    """A pair that signatures call sure or hopeless is above the threshold, or far below it."""
    base = [f"word{n}" for n in range(300)]
    texts = [" ".join([*base[:n], f"other{n}", *base[n + 1 :]]) for n in (10, 60, 150, 151)]
    known: list[Facts] = [facts(text) for text in [" ".join(base), *texts, " ".join(base[:80])]]
    signatures = [f.signature.tolist() for f in known if f.signature is not None]
    pairs = [(0, n, linkage.BAND) for n in range(1, len(known))]
    found, dropped = cluster.estimates(candidates(*pairs), signed(lent(signatures)), THRESHOLD)
    assert (found.num_rows, dropped) == (4, 1)
    for row in found.to_pylist():
        exact = jaccard(known[row["a"]].shingles, known[row["b"]].shingles)
        assert row["equal"] / 112 == pytest.approx(exact, abs=0.05)


# What is written


def joined(*pairs: tuple[int, int, float, int]) -> cluster.Joined:
    first, second, similarity, method = (np.array([p[n] for p in pairs]) for n in range(4))
    return cluster.Joined(
        first.astype(np.int64),
        second.astype(np.int64),
        similarity.astype(np.float32),
        method.astype(np.uint8),
    )


def test_edges_are_near_pairs_in_the_order_of_their_ids() -> None:
    ids = pa.chunked_array([["m", "z", "a", "k"]])
    found = cluster.edges(
        joined(
            (0, 1, 0.8, linkage.NEAR),
            (0, 2, 1.0, linkage.TEXT),
            (1, 2, 0.75, schema.NEAR_SIGNATURE),
            (1, 3, 1.0, linkage.PAYLOAD),
            (0, 3, 0.9, linkage.NEAR),
        ),
        ids,
    )
    assert found.schema == schema.EDGES.schema
    assert [(r["a"], r["b"], r["method"]) for r in found.to_pylist()] == [
        ("a", "z", "near_signature"),
        ("k", "m", "near_duplicate"),
        ("m", "z", "near_duplicate"),
    ]


def test_members_are_named_by_their_smallest_id() -> None:
    ids = ["f", "e", "d", "c", "b", "a"]
    rows = lent([None] * 6, doc_id=ids, payload_digest=["p", "p", "q", None, "r", "s"])
    rows = rows.set_column(
        0, "place", places([1, 2, 1 << 32, 1 << 32 | 1, 2 << 32 | 7, 2 << 32 | 9])
    )
    pairs = (0, 1, 1, linkage.PAYLOAD), (2, 4, 0.8, linkage.NEAR), (0, 2, 0.9, linkage.NEAR)
    found = cluster.members(linked(rows.num_rows, *map(joined, pairs)), rows, old_from=2)
    assert found.schema == schema.MEMBERS.schema
    assert [(r["component"], r["doc_id"], r["shard"], r["row"]) for r in found.to_pylist()] == [
        ("b", "b", -1, 7),
        ("b", "d", 1, 0),
        ("b", "e", 0, 2),
        ("b", "f", 0, 1),
    ]
    payloads = dict(
        zip(
            found.column("doc_id").to_pylist(),
            found.column("payload_digest").to_pylist(),
            strict=True,
        )
    )
    assert payloads == {"b": None, "d": None, "e": "p", "f": "p"}, "only what another has"


pairs_of_rows = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda p: p[0] < p[1]), max_size=20
)


@quick
@given(pairs_of_rows, st.randoms(use_true_random=False))
def test_components_are_those_of_brute_force_in_any_order(
    pairs: list[tuple[int, int]], order: object
) -> None:
    ids = [doc_id(n) for n in range(15)]
    groups = [set(pair) for pair in pairs]
    for pair in pairs:
        touched = [g for g in groups if g & set(pair)]
        groups = [g for g in groups if not g & set(pair)] + [set().union(*touched)]
    named = [{ids[n] for n in group} for group in groups]
    expected = sorted((min(group), one) for group in named for one in group)
    order.shuffle(pairs)  # type: ignore[attr-defined]
    near = joined(*((a, b, 0.8, linkage.NEAR) for a, b in pairs))
    found = cluster.members(linked(15, near), lent([None] * 15), old_from=9)
    rows = found.to_pylist()
    assert [(row["component"], row["doc_id"]) for row in rows] == expected


def test_the_largest_components_with_ties_by_name() -> None:
    sizes = {"d": 3, "b": 5, "c": 3, "a": 1, "f": 2, "g": 2}
    rows = pa.table({"component": [name for name, n in sizes.items() for _ in range(n)]})
    assert cluster.largest(rows) == [("b", 5), ("c", 3), ("d", 3), ("f", 2), ("g", 2)]


def test_the_bounds_are_those_of_the_signature() -> None:
    n = schema.N_PERMUTATIONS
    assert minhash.sure(n, THRESHOLD, cluster.RISK_OF_EDGE) == SURE
    assert minhash.hopeless(n, THRESHOLD, cluster.RISK_OF_LOSS) == HOPELESS
