"""Step decide: rules, the order of keepers, and that no chain removes a document."""

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import domains, rules, suppression
from filters.catalog import BY_NAME
from stages import decide, schema

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


def test_passing_means_no_failed_rule_no_deny_list_and_no_takedown() -> None:
    verdicts = [
        (0, None, False),
        (0, "allow", False),
        (0, "deny", False),
        (4, None, False),
        (4, "allow", False),
        (2**63, None, False),
        (0, None, True),
        (0, "allow", True),
    ]
    rows = [
        {
            "doc_id": "x",
            "tag": "fin_Latn",
            "failed_rules": mask,
            "first_rule": -1,
            "listed": listed,
            "taken": taken,
        }
        for mask, listed, taken in verdicts
    ]
    table = pa.Table.from_batches([schema.batch(schema.VERDICTS, rows)])
    assert decide.passes(table).tolist() == [True, True, *[False] * 6]
    assert decide.passes(table.slice(0, 0)).tolist() == []


# Keepers


def member(doc: str, component: str = "c", **more: Any) -> dict[str, Any]:
    """A member of words of its own."""
    base = {"component": component, "doc_id": doc, "shard": 0, "row": int(doc, 36)}
    return {**base, "precedence": 100, "text_digest": f"of {doc}", **more}


def resolve(
    members: Sequence[Mapping[str, Any]],
    edges: Mapping[tuple[str, str], float],
    failed: Collection[str] = (),
    method: str = "near_duplicate",
) -> dict[str, tuple[str | None, float | None, str | None]]:
    """Keeper, similarity and method of each member that is not published."""
    edge_rows = [
        {"a": min(pair), "b": max(pair), "similarity": s, "method": method}
        for pair, s in edges.items()
    ]
    made = decide.removals(
        pa.Table.from_batches([schema.batch(schema.MEMBERS, [dict(m) for m in members])]),
        [pa.Table.from_batches([schema.batch(schema.EDGES, [row])]) for row in edge_rows],
        np.array([m["doc_id"] not in failed for m in members], np.bool_),
    )
    assert made.schema == schema.REMOVALS.schema
    rows = made.to_pylist()
    assert [(r["shard"], r["row"]) for r in rows] == sorted((r["shard"], r["row"]) for r in rows)
    return {row["doc_id"]: (row["keeper_id"], row["similarity"], row["method"]) for row in rows}


def ranked(**precedence: int) -> list[dict[str, Any]]:
    return [member(doc, precedence=value) for doc, value in precedence.items()]


CHAIN = {("a", "b"): 0.75, ("b", "c"): 0.875}
KEPT = (None, None, None)


def test_the_middle_of_a_chain_kept_first_removes_both_ends() -> None:
    found = resolve(ranked(a=90, b=110, c=100), CHAIN)
    assert found == {
        "a": ("b", 0.75, "near_duplicate"),
        "b": KEPT,
        "c": ("b", 0.875, "near_duplicate"),
    }


def test_an_end_of_a_chain_kept_first_leaves_the_other_end() -> None:
    found = resolve(ranked(a=110, b=100, c=90), CHAIN)
    assert found["b"] == ("a", 0.75, "near_duplicate")
    assert (found["a"], found["c"]) == (KEPT, KEPT), "only a removed document joins them"


def test_a_document_that_does_not_pass_neither_keeps_nor_is_removed() -> None:
    found = resolve(ranked(a=90, b=999, c=100), CHAIN, failed="b")
    assert set(found.values()) == {KEPT}


def test_a_published_document_goes_first_and_stays() -> None:
    members = ranked(a=999, b=1, c=500)
    members[1]["shard"] = -1
    found = resolve(members, CHAIN, failed="b")
    assert found == {"a": ("b", 0.75, "near_duplicate"), "c": ("b", 0.875, "near_duplicate")}


def test_a_published_document_is_not_removed_by_another() -> None:
    members = [member("a", shard=-1), member("b", shard=-1), member("c")]
    found = resolve(members, CHAIN)
    assert found == {"c": ("b", 0.875, "near_duplicate")}


def test_higher_precedence_then_the_smaller_id() -> None:
    edge = {("a", "b"): 0.8}
    assert resolve(ranked(a=10, b=2**64 - 1), edge)["b"] == KEPT
    assert resolve(ranked(a=2**63, b=2**63 + 1), edge)["b"] == KEPT
    assert resolve(ranked(b=7, a=7), edge)["a"] == KEPT


def test_members_of_an_exact_group_are_neighbours_without_a_stored_edge() -> None:
    group = [
        member("a", precedence=3, text_digest="t", payload_digest="p"),
        member("b", precedence=2, text_digest="t", payload_digest="p"),
        member("c", precedence=1, text_digest="t"),
        member("d", precedence=0, text_digest="u", payload_digest="p"),
    ]
    found = resolve(group, {})
    assert found["b"] == ("a", 1.0, "exact_payload")
    assert found["c"] == ("a", 1.0, "exact_text")
    assert found["d"] == ("a", 1.0, "exact_payload")


def test_documents_of_equal_words_share_the_edges_of_one() -> None:
    members = [
        member("a", precedence=9),
        member("b", precedence=1, text_digest="t"),
        member("c", precedence=5, text_digest="t"),
    ]
    found = resolve(members, {("a", "b"): 0.8}, method="near_signature")
    assert found["b"][0] == found["c"][0] == "a"
    assert {how for _, _, how in found.values()} == {None, "near_signature"}


def test_null_digests_of_payloads_join_nothing() -> None:
    assert set(resolve([member("a"), member("b")], {}).values()) == {KEPT}


def test_no_members() -> None:
    assert resolve([], {}) == {}


def test_the_size_of_a_component_counts_who_passed_the_rules() -> None:
    members = [*ranked(a=1, b=1, c=1), member("d", "other")]
    table = decide.removals(
        pa.Table.from_batches([schema.batch(schema.MEMBERS, members)]),
        [],
        np.array([False, True, True, True]),
    )
    assert table.column("component_size").to_pylist() == [2, 2, 2, 1]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """Documents, edges between them, exact groups and what else decides."""
    count = draw(st.integers(2, 12))
    docs = [f"{n:x}" for n in range(count)]
    numbers = st.integers(0, count - 1)
    pairs = draw(st.sets(st.tuples(numbers, numbers).filter(lambda p: p[0] < p[1]), max_size=25))
    members = [
        member(
            d,
            precedence=draw(st.integers(0, 3)),
            shard=draw(st.sampled_from([-1, 0, 0, 0, 0])),
            payload_digest=draw(st.sampled_from([None, None, None, "x", "y"])),
        )
        for d in docs
    ]
    for m in members:
        if draw(st.booleans()):
            m["text_digest"] = draw(st.sampled_from("uv"))
    text = [m["text_digest"] for m in members]
    by_texts = {frozenset((text[a], text[b])): (docs[a], docs[b]) for a, b in sorted(pairs)}
    edges = {
        by_texts[ends]: draw(st.sampled_from([0.75, 0.875, 1.0]))
        for ends in sorted(by_texts, key=sorted)
        if len(ends) == 2
    }
    failed = frozenset(draw(st.sets(st.sampled_from(docs), max_size=3)))
    return {"members": members, "edges": edges, "failed": failed}


def neighbours(graph: dict[str, Any], doc: str) -> dict[str, tuple[float, str]]:
    """Whatever is joined to a document: equal payload, equal words, or an edge of its words."""
    by_id = {m["doc_id"]: m for m in graph["members"]}
    edges = {
        frozenset((by_id[a]["text_digest"], by_id[b]["text_digest"])): s
        for (a, b), s in graph["edges"].items()
    }
    found = {}
    for other, m in by_id.items():
        ends = frozenset((by_id[doc]["text_digest"], m["text_digest"]))
        if other == doc:
            continue
        if m["payload_digest"] and m["payload_digest"] == by_id[doc]["payload_digest"]:
            found[other] = (1.0, "exact_payload")
        elif len(ends) == 1:
            found[other] = (1.0, "exact_text")
        elif ends in edges:
            found[other] = (edges[ends], "near_duplicate")
    return found


@quick
@given(graphs())
def test_a_removal_has_a_kept_direct_neighbour_and_no_two_kept_are_neighbours(
    graph: dict[str, Any],
) -> None:
    found = resolve(**graph)
    published = {m["doc_id"] for m in graph["members"] if m["shard"] < 0}
    assert found.keys() == {m["doc_id"] for m in graph["members"]} - published
    kept = {d for d, (k, _, _) in found.items() if k is None} - graph["failed"] | published
    for doc, (keeper, similarity, method) in found.items():
        around = neighbours(graph, doc)
        if keeper is None:
            assert doc in graph["failed"] or not (kept & around.keys())
        else:
            assert keeper in kept
            assert (similarity, method) == around[keeper]
            assert doc not in graph["failed"]


@quick
@given(graphs())
def test_each_document_names_the_first_of_its_kept_neighbours(graph: dict[str, Any]) -> None:
    rank = {m["doc_id"]: (m["shard"] >= 0, -m["precedence"], m["doc_id"]) for m in graph["members"]}
    found = resolve(**graph)
    for doc, (keeper, _, _) in found.items():
        around = neighbours(graph, doc)
        kept = [
            other
            for other in around
            if (other not in found or found[other][0] is None)
            and (other not in graph["failed"] or other not in found)
        ]
        if keeper is not None:
            assert keeper == min(kept, key=rank.__getitem__)
            assert rank[keeper] < rank[doc]


@quick
@given(graphs(), st.randoms())
def test_the_order_in_which_members_and_edges_arrive_decides_nothing(
    graph: dict[str, Any], order: random.Random
) -> None:
    mixed = {**graph, "members": list(graph["members"])}
    order.shuffle(mixed["members"])
    pairs = list(graph["edges"].items())
    order.shuffle(pairs)
    mixed["edges"] = {(b, a): s for (a, b), s in pairs}
    assert resolve(**mixed) == resolve(**graph)


@quick
@given(graphs(), graphs())
def test_components_may_be_resolved_apart(one: dict[str, Any], two: dict[str, Any]) -> None:
    """What is decided in one range of components is what is decided over all of them."""
    moved = {m["doc_id"]: f"other{m['doc_id']}" for m in two["members"]}
    other = {
        "members": [
            {
                **m,
                "doc_id": moved[m["doc_id"]],
                "text_digest": f"other {m['text_digest']}",
                "payload_digest": m["payload_digest"] and f"other {m['payload_digest']}",
                "component": "d",
            }
            for m in two["members"]
        ],
        "edges": {(moved[a], moved[b]): s for (a, b), s in two["edges"].items()},
        "failed": frozenset(moved[doc] for doc in two["failed"]),
    }
    both = {
        "members": [*one["members"], *other["members"]],
        "edges": {**one["edges"], **other["edges"]},
        "failed": one["failed"] | other["failed"],
    }
    assert resolve(**both) == {**resolve(**one), **resolve(**other)}


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
                        "component_size": 2, "keeper_id": keeper,
                        "similarity": keeper and 0.75,
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
