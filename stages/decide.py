"""Step 3, decide: rules over signals, then keepers along verified edges.

A component only gathers what must be looked at together. Inside it, documents that pass every rule
are walked in a total order; one that no kept document has removed is kept, and removes its direct
neighbours. So every removal has a kept document as its verified neighbour, and chains remove
nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import domains, rules
from filters.suppression import Suppressed
from stages import schema

VERSION = 3
TAKEN = "takedown.request"
DENIED = "list.deny"
"""Reason of a document that no rule rejects, but its language's deny list does. Rules go first, so
that `rule.first` sums to the documents that rules reject, and this counts what the list adds."""


def verdicts(
    documents: pa.Table,
    signals: pa.Table,
    compiled: rules.RuleSet,
    lists: Mapping[str, domains.LanguageLists],
    gone: NDArray[np.bool_] | None = None,
) -> pa.Table:
    """What the rules, and its language's lists of sites, say of each document.

    A language without a pack is judged by the base bounds and lists (tag `base`). Without any list
    `documents` needs no column `url`. `gone` says of each document whether it was taken down.
    """
    values = np.column_stack(
        [_floats(schema.signal_values(signals, name)) for name in compiled.rules]
        or [np.zeros((signals.num_rows, 0))]
    )
    position = {tag: at for at, tag in enumerate(compiled.tags)}
    tags = documents.column("tag").to_pylist()
    language = np.array([position.get(tag, position["base"]) for tag in tags], dtype=np.int64)
    listed: list[str | None] = [None] * documents.num_rows
    if lists:
        of = [lists.get(compiled.tags[at]) for at in language]
        urls = documents.column("url").to_pylist()
        listed = [own.standing(url) if own else None for own, url in zip(of, urls, strict=True)]
        exempts = [
            own.exempts if own and standing == domains.ALLOW else ()
            for own, standing in zip(of, listed, strict=True)
        ]
        values = rules.spared(compiled, values, exempts)
    failed, first = rules.judge(compiled, values, language)
    return pa.Table.from_arrays(
        [
            documents.column("doc_id"),
            documents.column("tag"),
            pa.array(failed, type=pa.uint64()),
            pa.array(first, type=pa.int16()),
            pa.array(listed, type=pa.string()),
            pa.array(np.zeros(documents.num_rows, dtype=bool) if gone is None else gone),
            documents.column("n_words"),
            documents.column("date"),
        ],
        schema=schema.VERDICTS.schema,
    )


def taken(documents: pa.Table, listed: Suppressed) -> NDArray[np.bool_]:
    """Whether each document was blanked by a takedown, or its id or address is on the list.

    `documents` has doc_id and n_chars, and url if the list names any address.
    """
    gone = np.asarray(documents.column("n_chars").to_numpy() == 0)
    if listed.doc_ids:
        wanted = pa.array(sorted(listed.doc_ids), type=pa.string())
        inside = pc.is_in(documents.column("doc_id"), value_set=wanted)
        gone = gone | inside.to_numpy(zero_copy_only=False)
    if listed.names_addresses:
        urls = documents.column("url").to_pylist()
        gone = gone | np.array([listed.address(url) is not None for url in urls], dtype=bool)
    return gone


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """A nullable column as float64, NaN for null."""
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def removals(
    members: pa.Table, edges: pa.Table, verdict_rows: dict[str, dict[str, Any]]
) -> pa.Table:
    """What deduplication decides for every member, sorted by shard and row.

    `verdict_rows` maps doc_id to its verdict. Order: more words, older date, smaller doc_id. (A
    published document of an earlier snapshot will come first of all, and a quality signal before
    the words; both come with later steps.)
    """
    neighbours = _Neighbours(members, edges)
    by_component: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in members.to_pylist():
        by_component[row["component"]].append(row)
    rows: list[dict[str, Any]] = []
    for component, group in by_component.items():
        passing = sorted(
            (verdict_rows[m["doc_id"]] for m in group if _passes(verdict_rows[m["doc_id"]])),
            key=lambda v: (-v["n_words"], v["date"] or "9", v["doc_id"]),
        )
        removed = _walk([v["doc_id"] for v in passing], neighbours)
        for member in group:
            keeper, similarity, method = removed.get(member["doc_id"], (None, None, None))
            rows.append(
                {
                    "shard": member["shard"],
                    "row": member["row"],
                    "doc_id": member["doc_id"],
                    "component": component,
                    "component_size": len(passing),
                    "keeper_id": keeper,
                    "similarity": similarity,
                    "method": method,
                }
            )
    rows.sort(key=lambda row: (row["shard"], row["row"]))
    return pa.Table.from_batches([schema.batch(schema.REMOVALS, rows)])


def _passes(verdict: Mapping[str, Any]) -> bool:
    is_sound = verdict["failed_rules"] == 0 and verdict["listed"] != domains.DENY
    return bool(is_sound and not verdict["taken"])


class _Neighbours:
    """Direct neighbours of a document: its edges, and the members of its exact groups."""

    def __init__(self, members: pa.Table, edges: pa.Table) -> None:
        self._edges: dict[str, dict[str, tuple[float, str]]] = defaultdict(dict)
        for edge in edges.to_pylist():
            self._edges[edge["a"]][edge["b"]] = (edge["similarity"], edge["method"])
            self._edges[edge["b"]][edge["a"]] = (edge["similarity"], edge["method"])
        self._groups: dict[str, list[str]] = defaultdict(list)
        self._digests: dict[str, list[tuple[str, str]]] = {}
        for row in members.to_pylist():
            digests = [
                (row[f"{kind}_digest"], f"exact_{kind}")
                for kind in ("payload", "text")
                if row[f"{kind}_digest"]
            ]
            self._digests[row["doc_id"]] = digests
            for digest, _ in digests:
                self._groups[digest].append(row["doc_id"])

    def of(self, doc_id: str) -> dict[str, tuple[float, str]]:
        """Neighbour -> (similarity, method)."""
        found = dict(self._edges.get(doc_id, {}))
        for digest, method in reversed(self._digests[doc_id]):
            found.update({mate: (1.0, method) for mate in self._groups[digest] if mate != doc_id})
        return found


def _walk(order: list[str], neighbours: _Neighbours) -> dict[str, tuple[str, float, str]]:
    """Removed document -> (keeper, similarity, method); `order` is the order of keeping."""
    candidates = set(order)
    removed: dict[str, tuple[str, float, str]] = {}
    for doc_id in order:
        if doc_id in removed:
            continue
        candidates.discard(doc_id)
        for other, (similarity, method) in neighbours.of(doc_id).items():
            if other in candidates and other not in removed:
                removed[other] = (doc_id, similarity, method)
    return removed


def decisions(verdict: pa.Table, removal: pa.Table, names: Iterable[str]) -> pa.Table:
    """The last word on each document of one shard.

    `removal` holds the shard's rows of `removals`, `names` the rules.
    """
    reasons = [rules.reason(name) for name in names]
    by_row = {row["row"]: row for row in removal.to_pylist()}
    rows = []
    for at, judged in enumerate(
        verdict.select(
            ["doc_id", "tag", "failed_rules", "first_rule", "listed", "taken"]
        ).to_pylist()
    ):
        member = by_row.get(at)
        reason = None
        if judged["taken"]:
            reason = TAKEN
        elif judged["first_rule"] >= 0:
            reason = reasons[judged["first_rule"]]
        elif judged["listed"] == domains.DENY:
            reason = DENIED
        elif member and member["keeper_id"]:
            reason = f"dedup.{member['method']}"
        is_duplicate = reason is not None and reason.startswith("dedup.")
        rows.append(
            {
                "doc_id": judged["doc_id"],
                "tag": judged["tag"],
                "outcome": schema.REJECT if reason else schema.KEEP,
                "reason": reason,
                "failed_rules": judged["failed_rules"],
                "listed": judged["listed"],
                "cluster_id": member["component"] if member else None,
                "cluster_size": max(1, member["component_size"]) if member else 1,
                "keeper_id": member["keeper_id"] if member and is_duplicate else None,
                "similarity": member["similarity"] if member and is_duplicate else None,
                "method": member["method"] if member and is_duplicate else None,
            }
        )
    return pa.Table.from_batches([schema.batch(schema.DECISIONS, rows)])
