"""Step cluster: candidate pairs, verified edges, exact groups and components, by brute force."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import minhash
from filters.text import jaccard, shingle_hashes
from stages import cluster, schema

quick = settings(max_examples=60, deadline=None)
ALL_BANDS = range(schema.N_BANDS)


def doc_id(n: int) -> str:
    return f"{n * 2654435761 % 2**32:08x}{n:024x}"


def signatures(texts: Sequence[str], payloads: Sequence[str | None] | None = None) -> pa.Table:
    """What step 1 stores for the texts: two shards, rows in order."""
    rows = []
    for n, text in enumerate(texts):
        shingles = shingle_hashes(text)
        signature = minhash.signature(shingles) if len(shingles) else None
        bands = None if signature is None else minhash.band_hashes(signature)
        rows.append(
            {
                "doc_id": doc_id(n),
                "row": n // 2,
                "payload_digest": payloads[n] if payloads else f"sha1:{n}",
                "text_digest": hashlib.sha256(shingles.tobytes()).hexdigest()[:32],
                "n_shingles": len(shingles),
                "signature": None if signature is None else signature.tolist(),
                "bands": None if bands is None else bands.tolist(),
            }
        )
    table = pa.Table.from_batches([schema.batch(schema.SIGNATURES, rows)])
    shards = pa.array([n % 2 for n in range(len(texts))], type=pa.int32())
    return table.append_column("shard", shards)


def reader(texts: Sequence[str]) -> cluster.Shingles:
    return lambda shard, rows: {row: texts[2 * row + shard] for row in rows}


def edge_table(edges: Mapping[tuple[str, str], float]) -> pa.Table:
    rows = [
        {"a": a, "b": b, "similarity": s, "method": "near_duplicate"}
        for (a, b), s in sorted(edges.items())
    ]
    return pa.Table.from_batches([schema.batch(schema.EDGES, rows)])


def words(seed: int, count: int) -> list[str]:
    chooser = random.Random(seed)  # noqa: S311 - invented words
    return ["".join(chooser.choices("abcdefghijk", k=6)) for _ in range(count)]


def edited(base: list[str], changes: int, seed: int) -> str:
    """The words with so many of them replaced, one after another."""
    changed = list(base)
    at = random.Random(seed).randrange(max(1, len(base) - changes))  # noqa: S311
    changed[at : at + changes] = words(seed + 10_000, changes)
    return " ".join(changed)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """A few texts and edited, equal and empty copies of them."""
    bases = [words(seed, 60) for seed in range(draw(st.integers(1, 3)))]
    texts = [
        edited(bases[base % len(bases)], changes, seed)
        for base, changes, seed in draw(
            st.lists(
                st.tuples(st.integers(0, 2), st.integers(0, 14), st.integers(0, 5)), max_size=12
            )
        )
    ]
    return [*texts, *draw(st.lists(st.sampled_from(["", "...", "one", "one two"]), max_size=3))]


@quick
@given(corpora(), st.sampled_from([0.5, 0.75, 0.9]))
def test_every_edge_is_a_pair_at_or_above_the_threshold(texts: list[str], threshold: float) -> None:
    table = signatures(texts)
    pairs = cluster.candidate_pairs(table, ALL_BANDS)
    edges = cluster.verified_edges(pairs, reader(texts), threshold)
    assert edges.schema == schema.EDGES.schema
    by_id = {doc_id(n): shingle_hashes(text) for n, text in enumerate(texts)}
    candidates = {(row["a"], row["b"]) for row in pairs.to_pylist()}
    expected = {
        (a, b): np.float32(jaccard(by_id[a], by_id[b]))
        for a, b in candidates
        if jaccard(by_id[a], by_id[b]) >= threshold
    }
    found = {(row["a"], row["b"]): np.float32(row["similarity"]) for row in edges.to_pylist()}
    assert found == expected
    assert all(a < b for a, b in candidates)


@quick
@given(corpora())
def test_candidates_are_the_pairs_that_share_a_band(texts: list[str]) -> None:
    table = signatures(texts)
    rows = table.to_pylist()
    by_text = {row["text_digest"]: row for row in sorted(rows, key=lambda r: r["doc_id"])[::-1]}
    alone = [row for row in by_text.values() if row["bands"] is not None]
    expected = {
        tuple(sorted((one["doc_id"], two["doc_id"])))
        for one, two in combinations(alone, 2)
        if any(a == b for a, b in zip(one["bands"], two["bands"], strict=True))
    }
    found = cluster.candidate_pairs(table, ALL_BANDS).to_pylist()
    assert [(row["a"], row["b"]) for row in found] == sorted(expected)
    for row in found:
        for side in ("a", "b"):
            number = next(n for n in range(len(texts)) if doc_id(n) == row[side])
            assert (row[f"shard_{side}"], row[f"row_{side}"]) == (number % 2, number // 2)


@quick
@given(corpora(), st.integers(1, schema.N_BANDS), st.randoms())
def test_bands_may_be_split_and_rows_come_in_any_order(
    texts: list[str], parts: int, order: random.Random
) -> None:
    table = signatures(texts)
    places = list(range(table.num_rows))
    order.shuffle(places)
    mixed = table.take(pa.array(places, type=pa.int64()))
    pieces = [cluster.candidate_pairs(mixed, range(n, schema.N_BANDS, parts)) for n in range(parts)]
    together = {tuple(row.items()) for piece in pieces for row in piece.to_pylist()}
    whole = cluster.candidate_pairs(table, ALL_BANDS).to_pylist()
    assert together == {tuple(row.items()) for row in whole}


def test_recall_at_a_similarity_of_point_eight() -> None:
    """14 bands of 8 find 92 % of pairs at .8 in theory, and 99 % at .87."""
    bases = [words(seed, 200) for seed in range(300)]
    texts = [text for n, base in enumerate(bases) for text in (" ".join(base), edited(base, 8, n))]
    found = {
        (r["a"], r["b"]) for r in cluster.candidate_pairs(signatures(texts), ALL_BANDS).to_pylist()
    }
    similar = [
        tuple(sorted((doc_id(n), doc_id(n + 1))))
        for n in range(0, len(texts), 2)
        if jaccard(shingle_hashes(texts[n]), shingle_hashes(texts[n + 1])) >= 0.8
    ]
    assert len(similar) >= 290
    assert sum(pair in found for pair in similar) / len(similar) >= 0.95


def test_a_template_s_many_texts_give_bounded_pairs_and_one_component() -> None:
    base = words(1, 400)
    texts = [" ".join([*base, f"unique{n}"]) for n in range(3 * cluster.MAX_PARTNERS)]
    pairs = cluster.candidate_pairs(signatures(texts), [0])
    assert 0 < pairs.num_rows <= cluster.MAX_PARTNERS * len(texts)
    edges = cluster.verified_edges(pairs, reader(texts), 0.75)
    assert len(set(cluster.components(edges).values())) == 1
    assert len(cluster.components(edges)) == len(texts)


def test_texts_are_read_once_each_and_in_order() -> None:
    texts = [edited(words(1, 100), 1, n) for n in range(6)]
    asked: list[tuple[int, list[int]]] = []

    def read(shard: int, rows: list[int]) -> dict[int, str]:
        asked.append((shard, rows))
        return reader(texts)(shard, rows)

    cluster.verified_edges(cluster.candidate_pairs(signatures(texts), ALL_BANDS), read, 0.5)
    assert asked == [(0, [0, 1, 2]), (1, [0, 1, 2])]


# Exact duplicates


def test_equal_payloads_and_equal_words_are_groups() -> None:
    texts = ["one two three", "One, two: three!", "other words here", "...", "...", "one two three"]
    table = signatures(texts, ["p", "q", "r", "p", "p", "q"])
    assert cluster.exact_groups(table, "text_digest") == [sorted(doc_id(n) for n in (0, 1, 5))]
    # those without words are in no group: nothing says that they are the same page
    assert cluster.exact_groups(table, "payload_digest") == [sorted(doc_id(n) for n in (1, 5))]
    assert cluster.exact_groups(signatures(texts, [None] * 6), "payload_digest") == []


def test_near_edges_spread_over_documents_of_equal_text() -> None:
    near = edge_table({("a1", "b1"): 0.8})
    edges = cluster.all_edges(near, [], [["a1", "a2"], ["b1", "b2"]]).to_pylist()
    found = {(e["a"], e["b"]): (round(e["similarity"], 3), e["method"]) for e in edges}
    assert found == {
        ("a1", "a2"): (1.0, "exact_text"), ("b1", "b2"): (1.0, "exact_text"),
        ("a1", "b1"): (0.8, "near_duplicate"), ("a1", "b2"): (0.8, "near_duplicate"),
        ("a2", "b1"): (0.8, "near_duplicate"), ("a2", "b2"): (0.8, "near_duplicate"),
    }  # fmt: skip
    assert [(e["a"], e["b"]) for e in edges] == sorted(found)


def test_the_strongest_method_of_a_pair_is_kept() -> None:
    (edge,) = cluster.all_edges(edge_table({("a", "b"): 0.9}), [["a", "b"]], []).to_pylist()
    assert (edge["method"], edge["similarity"]) == ("exact_payload", 1.0)
    (edge,) = cluster.all_edges(edge_table({}), [["a", "b"]], [["a", "b"]]).to_pylist()
    assert edge["method"] == "exact_payload"


def test_large_groups_are_stars() -> None:
    group = [f"{n:04}" for n in range(cluster.MAX_GROUP + 1)]
    edges = cluster.all_edges(edge_table({}), [group], [])
    assert edges.num_rows == cluster.MAX_GROUP
    assert set(edges.column("a").to_pylist()) == {group[0]}
    pairs = cluster.all_edges(edge_table({}), [group[:-1]], [])
    assert pairs.num_rows == cluster.MAX_GROUP * (cluster.MAX_GROUP - 1) // 2


# Components

pairs_of_ids = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda p: p[0] != p[1]), max_size=20
)


@quick
@given(pairs_of_ids, st.randoms())
def test_components_are_those_of_brute_force_in_any_order(
    pairs: list[tuple[int, int]], order: random.Random
) -> None:
    named = [tuple(sorted((f"{a:04}", f"{b:04}"))) for a, b in pairs]
    groups = [{node} for pair in named for node in pair]
    for a, b in named:
        joined = [g for g in groups if a in g or b in g]
        groups = [g for g in groups if g not in joined] + [set().union(*joined)]
    expected = {node: min(group) for group in groups for node in group}
    order.shuffle(named)
    table = pa.table({"a": [a for a, _ in named], "b": [b for _, b in named]})
    assert cluster.components(table) == expected


def test_members_hold_digests_only_where_shared() -> None:
    table = signatures(["one two", "one two", "three four"], ["p", "q", "p"])
    component = doc_id(0)
    digest = table.column("text_digest").to_pylist()[0]
    made = cluster.members(
        table, dict.fromkeys((doc_id(0), doc_id(1)), component), frozenset({digest})
    )
    assert made.schema == schema.MEMBERS.schema
    rows = made.to_pylist()
    assert [row["doc_id"] for row in rows] == sorted([doc_id(0), doc_id(1)])
    assert {row["text_digest"] for row in rows} == {digest}
    assert {row["payload_digest"] for row in rows} == {None}


@pytest.mark.parametrize("partitions", [1, 2, 3, 7, 4096])
def test_partitions_are_ranges_that_cover_every_id(partitions: int) -> None:
    ids = [f"{n:08x}" + "0" * 24 for n in (0, 1, 2**31, 2**32 - 1, *range(0, 2**32, 2**26))]
    found = [cluster.partition_of(one, partitions) for one in sorted(ids)]
    assert found == sorted(found)
    assert (found[0], found[-1]) == (0, partitions - 1)
