"""Step decide: rules, the order of keepers, and that no chain removes a document."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import domains, rules, suppression
from filters.catalog import BY_NAME
from stages import cluster, decide, schema

quick = settings(max_examples=200, deadline=None)
ORDER = ("word_count", "mean_word_length", "sentence_count")
BASE = {
    "word_count": rules.Bound("word_count", 50, 1000),
    "sentence_count": rules.Bound("sentence_count", 3, None),
}
GERMAN = {"word_count": rules.Bound("word_count", 20, None)}

LISTS = {
    "deu_Latn": domains.LanguageLists(
        domains.TextList.of(["gut.example"]),
        frozenset(["plattduetsch"]),
        domains.TextList.of(["schlecht.example", "gut.example/werbung"]),
        ("word_count", "mean_word_length"),
    ),
    "base": domains.LanguageLists(
        domains.TextList.of([]), frozenset(), domains.TextList.of(["bad.example"]), ()
    ),
}


# Rules


def judge(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Verdicts of documents, given tag and signals of each."""
    documents = pa.table(
        {
            "doc_id": [f"{n:032x}" for n in range(len(rows))],
            "tag": [row["tag"] for row in rows],
            "n_words": pa.array([1] * len(rows), type=pa.int64()),
            "date": pa.array([None] * len(rows), type=pa.string()),
            "url": [row.get("url", "https://site.example/") for row in rows],
        }
    )
    signals = pa.table(
        {n: pa.array([row.get(n) for row in rows], type=pa.float32()) for n in BY_NAME}
    )
    compiled = rules.compile_rules(ORDER, {"base": BASE, "deu_Latn": GERMAN})
    made = decide.verdicts(documents, signals, compiled, LISTS)
    assert made.schema == schema.VERDICTS.schema
    found: list[dict[str, Any]] = made.to_pylist()
    return found


@pytest.mark.parametrize(
    ("row", "mask", "first"),
    [
        ({"tag": "fin_Latn", "word_count": 50, "sentence_count": 3}, 0b000, -1),
        ({"tag": "fin_Latn", "word_count": 1000, "sentence_count": 3}, 0b000, -1),
        ({"tag": "fin_Latn", "word_count": 49, "sentence_count": 3}, 0b001, 0),
        ({"tag": "fin_Latn", "word_count": 60, "sentence_count": 2}, 0b100, 2),
        ({"tag": "fin_Latn", "word_count": 1001, "sentence_count": 0}, 0b101, 0),
        ({"tag": "deu_Latn", "word_count": 20, "sentence_count": 0}, 0b000, -1),
        ({"tag": "deu_Latn", "word_count": 19, "sentence_count": 0}, 0b001, 0),
        ({"tag": "fin_Latn", "word_count": None, "sentence_count": None}, 0b000, -1),
        ({"tag": "fin_Latn", "word_count": 60, "mean_word_length": 99, "sentence_count": 3}, 0, -1),
    ],
)
def test_every_failed_rule_is_kept_and_the_first_named(
    row: dict[str, Any], mask: int, first: int
) -> None:
    (found,) = judge([row])
    assert (found["failed_rules"], found["first_rule"]) == (mask, first)


@pytest.mark.parametrize(
    ("tag", "url", "words", "mask", "first", "listed"),
    [
        ("deu_Latn", "https://www.gut.example/a", 1, 0, -1, "allow"),
        ("deu_Latn", "https://site.example/plattduetsch/1", 1, 0, -1, "allow"),
        ("deu_Latn", "https://site.example/plattduetsche/1", 1, 1, 0, None),
        ("deu_Latn", "https://gut.example/werbung/1", 1, 1, 0, "deny"),
        ("deu_Latn", "https://schlecht.example/", 50, 0, -1, "deny"),
        ("deu_Latn", "https://bad.example/", 50, 0, -1, None),
        ("fin_Latn", "https://bad.example/", 60, 0b100, 2, "deny"),
        ("fin_Latn", "https://gut.example/", 1, 0b101, 0, None),
    ],
)
def test_a_language_s_own_lists_allow_and_deny(
    tag: str, url: str, words: int, mask: int, first: int, listed: str | None
) -> None:
    (found,) = judge([{"tag": tag, "url": url, "word_count": words, "sentence_count": 0}])
    assert (found["failed_rules"], found["first_rule"], found["listed"]) == (mask, first, listed)


def test_no_documents_give_no_verdicts() -> None:
    assert judge([]) == []


# Keepers


def member(doc: str, component: str = "c", **digests: str) -> dict[str, Any]:
    return {"component": component, "doc_id": doc, "shard": 0, "row": int(doc, 36), **digests}


def resolve(
    members: Sequence[Mapping[str, Any]],
    edges: Mapping[tuple[str, str], float],
    words: Mapping[str, int] | None = None,
    dates: Mapping[str, str] | None = None,
    failed: frozenset[str] = frozenset(),
    denied: frozenset[str] = frozenset(),
    taken: frozenset[str] = frozenset(),
) -> dict[str, tuple[str | None, float | None, str | None]]:
    """Keeper, similarity and method of each member."""
    edge_rows = [
        {"a": min(pair), "b": max(pair), "similarity": s, "method": "near_duplicate"}
        for pair, s in sorted(edges.items())
    ]
    verdicts = {
        m["doc_id"]: {
            "doc_id": m["doc_id"],
            "failed_rules": 4 if m["doc_id"] in failed else 0,
            "listed": "deny" if m["doc_id"] in denied else None,
            "taken": m["doc_id"] in taken,
            "n_words": (words or {}).get(m["doc_id"], 100),
            "date": (dates or {}).get(m["doc_id"]),
        }
        for m in members
    }
    made = decide.removals(
        pa.Table.from_batches([schema.batch(schema.MEMBERS, [dict(m) for m in members])]),
        pa.Table.from_batches([schema.batch(schema.EDGES, edge_rows)]),
        verdicts,
    )
    assert made.schema == schema.REMOVALS.schema
    rows = made.to_pylist()
    assert [(r["shard"], r["row"]) for r in rows] == sorted((r["shard"], r["row"]) for r in rows)
    return {row["doc_id"]: (row["keeper_id"], row["similarity"], row["method"]) for row in rows}


ABC = [member("a"), member("b"), member("c")]
CHAIN = {("a", "b"): 0.75, ("b", "c"): 0.875}


def test_the_middle_of_a_chain_kept_first_removes_both_ends() -> None:
    found = resolve(ABC, CHAIN, words={"a": 90, "b": 110, "c": 100})
    assert found["b"] == (None, None, None)
    assert found["a"] == ("b", 0.75, "near_duplicate")
    assert found["c"] == ("b", 0.875, "near_duplicate")


def test_an_end_of_a_chain_kept_first_leaves_the_other_end() -> None:
    found = resolve(ABC, CHAIN, words={"a": 110, "b": 100, "c": 90})
    assert found["a"][0] is None
    assert found["b"] == ("a", 0.75, "near_duplicate")
    assert found["c"][0] is None, "only a removed document joins it to the kept one"


def test_a_document_that_a_rule_rejects_neither_keeps_nor_is_removed() -> None:
    found = resolve(ABC, CHAIN, words={"b": 999}, failed=frozenset("b"))
    assert {keeper for keeper, _, _ in found.values()} == {None}


def test_a_document_on_a_deny_list_neither_keeps_nor_is_removed() -> None:
    found = resolve(ABC, CHAIN, words={"b": 999}, denied=frozenset("b"))
    assert {keeper for keeper, _, _ in found.values()} == {None}


@pytest.mark.parametrize(
    ("words", "dates", "kept"),
    [
        ({"a": 10, "b": 11}, {"a": "2025", "b": "2026"}, "b"),
        ({}, {"a": "2026-01-02", "b": "2026-01-01"}, "b"),
        ({}, {"a": "2026-01-01", "b": "2026-01-02"}, "a"),
        ({}, {"b": "2026-01-02"}, "b"),
        ({}, {}, "a"),
    ],
)
def test_more_words_then_the_older_date_then_the_smaller_id(
    words: dict[str, int], dates: dict[str, str], kept: str
) -> None:
    found = resolve(ABC[:2], {("a", "b"): 0.8}, words, dates)
    assert [doc for doc, (keeper, _, _) in found.items() if keeper is None] == [kept]


def test_members_of_an_exact_group_are_neighbours_without_a_stored_edge() -> None:
    group = [member(doc, text_digest="t", payload_digest="p") for doc in "ab"]
    group.append(member("c", text_digest="t"))
    found = resolve(group, {}, words={"a": 3, "b": 2, "c": 1})
    assert found["b"] == ("a", 1.0, "exact_payload")
    assert found["c"] == ("a", 1.0, "exact_text")


def test_the_size_of_a_component_counts_who_passed_the_rules() -> None:
    table = decide.removals(
        pa.Table.from_batches([schema.batch(schema.MEMBERS, ABC)]),
        pa.Table.from_batches([schema.batch(schema.EDGES, [])]),
        {
            m["doc_id"]: {
                "doc_id": m["doc_id"], "failed_rules": m["doc_id"] == "a", "n_words": 1,
                "date": None, "listed": None, "taken": False,
            }
            for m in ABC
        },
    )  # fmt: skip
    assert set(table.column("component_size").to_pylist()) == {2}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Documents, edges between them, exact groups and what else decides."""
    count = draw(st.integers(2, 12))
    docs = [f"{n:x}" for n in range(count)]
    numbers = st.integers(0, count - 1)
    pairs = draw(st.sets(st.tuples(numbers, numbers).filter(lambda p: p[0] < p[1]), max_size=25))
    edges = {
        (docs[a], docs[b]): draw(st.sampled_from([0.75, 0.875, 1.0])) for a, b in sorted(pairs)
    }
    digests = draw(
        st.lists(st.sampled_from([None, None, "x", "y"]), min_size=count, max_size=count)
    )
    members = [
        member(d, text_digest=t) if t else member(d) for d, t in zip(docs, digests, strict=True)
    ]
    return {
        "members": members,
        "edges": edges,
        "words": {d: draw(st.integers(1, 4)) for d in docs},
        "dates": {d: draw(st.sampled_from(["2025", "2026"])) for d in docs},
        "failed": frozenset(draw(st.sets(st.sampled_from(docs), max_size=3))),
    }


def neighbours(graph: dict[str, Any], doc: str) -> dict[str, float]:
    found = {}
    for (a, b), similarity in graph["edges"].items():
        if doc in (a, b):
            found[b if doc == a else a] = similarity
    mine = next(m for m in graph["members"] if m["doc_id"] == doc).get("text_digest")
    for m in graph["members"]:
        if mine and m.get("text_digest") == mine and m["doc_id"] != doc:
            found[m["doc_id"]] = 1.0
    return found


@quick
@given(graphs())
def test_a_removal_has_a_kept_direct_neighbour_and_no_two_kept_are_neighbours(
    graph: dict[str, Any],
) -> None:
    found = resolve(**graph)
    kept = {d for d, (k, _, _) in found.items() if k is None} - graph["failed"]
    for doc, (keeper, similarity, method) in found.items():
        around = neighbours(graph, doc)
        if keeper is None:
            assert doc in graph["failed"] or not (kept & around.keys())
        else:
            assert keeper in kept
            assert similarity == np.float32(around[keeper])
            assert method in ("near_duplicate", "exact_text")
            assert doc not in graph["failed"]


@quick
@given(graphs(), st.randoms())
def test_the_order_in_which_members_and_edges_arrive_decides_nothing(
    graph: dict[str, Any], order: random.Random
) -> None:
    mixed = {**graph, "members": list(graph["members"]), "edges": dict(graph["edges"])}
    order.shuffle(mixed["members"])
    pairs = list(mixed["edges"].items())
    order.shuffle(pairs)
    mixed["edges"] = {(b, a): s for (a, b), s in pairs}
    assert resolve(**mixed) == resolve(**graph)


@quick
@given(graphs())
def test_components_may_be_resolved_apart(graph: dict[str, Any]) -> None:
    """What is decided in one range of components is what is decided over all of them."""
    joined = pa.table(
        {"a": [a for a, _ in graph["edges"]], "b": [b for _, b in graph["edges"]]},
        schema=pa.schema([("a", pa.string()), ("b", pa.string())]),
    )
    component_of = cluster.components(joined)
    members = [
        {**m, "text_digest": None, "component": component_of[m["doc_id"]]}
        for m in graph["members"]
        if m["doc_id"] in component_of
    ]
    whole = resolve(**{**graph, "members": members})
    apart: dict[str, Any] = {}
    for component in set(component_of.values()):
        some = [m for m in members if m["component"] == component]
        edges = {p: s for p, s in graph["edges"].items() if component_of[p[0]] == component}
        apart |= resolve(**{**graph, "members": some, "edges": edges})
    assert apart == whole


# The last word


def test_a_rule_goes_before_a_duplicate_and_positions_are_kept() -> None:
    verdict = pa.Table.from_batches(
        [
            schema.batch(
                schema.VERDICTS,
                [
                    {
                        "doc_id": d,
                        "tag": "fin_Latn",
                        "failed_rules": m,
                        "first_rule": f,
                        "n_words": 1,
                        "listed": listed,
                        "taken": False,
                    }
                    for d, m, f, listed in (
                        ("a", 0, -1, "allow"),
                        ("b", 0, -1, None),
                        ("c", 5, 0, "deny"),
                        ("d", 0, -1, None),
                        ("e", 0, -1, "deny"),
                    )
                ],
            )
        ]
    )
    removal = pa.Table.from_batches(
        [
            schema.batch(
                schema.REMOVALS,
                [
                    {
                        "shard": 0, "row": row, "doc_id": doc, "component": "a",
                        "component_size": 2, "keeper_id": keeper, "similarity": keeper and 0.75,
                        "method": keeper and "near_duplicate",
                    }
                    for row, doc, keeper in ((0, "a", None), (2, "c", None), (3, "d", "a"))
                ],
            )
        ]
    )  # fmt: skip
    made = decide.decisions(verdict, removal, ORDER)
    assert made.schema == schema.DECISIONS.schema
    rows = made.to_pylist()
    assert [(r["doc_id"], r["outcome"], r["reason"]) for r in rows] == [
        ("a", "keep", None),
        ("b", "keep", None),
        ("c", "reject", "rule.word_count"),
        ("d", "reject", "dedup.near_duplicate"),
        ("e", "reject", "list.deny"),
    ]
    assert [r["listed"] for r in rows] == ["allow", None, "deny", None, "deny"]
    assert [(r["cluster_id"], r["cluster_size"]) for r in rows] == [
        ("a", 2), (None, 1), ("a", 2), ("a", 2), (None, 1),
    ]  # fmt: skip
    assert [r["keeper_id"] for r in rows] == [None, None, None, "a", None]
    assert [r["similarity"] for r in rows] == [None, None, None, 0.75, None]


def test_what_was_taken_down_keeps_nothing_out_and_is_rejected() -> None:
    members = [member("a"), member("b")]
    edges = {("a", "b"): 0.9}
    assert resolve(members, edges, words={"a": 200})["b"][0] == "a"
    found = resolve(members, edges, words={"a": 200}, taken=frozenset("a"))
    assert [found[doc][0] for doc in "ab"] == [None, None]


def test_blanked_and_listed_documents_are_taken_down() -> None:
    key = "secret"
    documents = pa.table(
        {
            "doc_id": [f"{n:032x}" for n in range(5)],
            "n_chars": [10, 0, 10, 10, 10],
            "url": [
                "https://a.example/",
                "",
                "https://c.example/",
                "https://sub.d.example/x",
                "https://e.example/p?q=1",
            ],
        }
    )
    entries = [
        ("doc_id", f"{2:032x}"),
        ("domain", suppression.hashed("d.example", key)),
        ("url", suppression.hashed("e.example/p?q=1", key)),
    ]
    gone = decide.taken(documents, suppression.of(key, entries))
    assert gone.tolist() == [False, True, True, True, True]
    assert decide.taken(documents, suppression.of("", ())).tolist() == [False, True] + [False] * 3
