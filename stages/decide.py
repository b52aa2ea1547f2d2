"""Step 3, decide: rules over signals, then keepers along verified edges.

A component only gathers what must be looked at together. Inside it, documents that pass every rule
are walked in a total order; one that no kept document has removed is kept, and removes its direct
neighbours. So every removal has a kept document as its verified neighbour, and chains remove
nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import domains, linkage, rules
from filters.suppression import Suppressed
from stages import schema

VERSION = 5
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
    reserved: tuple[pa.Array, pa.Array] | None = None,
) -> pa.Table:
    """What the rules, and its language's lists of sites, say of each document.

    A language without a pack is judged by the base bounds and lists (tag `base`). Without any list
    `documents` needs no column `url`. `gone` says of each document whether it was taken down,
    `reserved` holds its new rights and the reason for which they reserve it (`stages.reserve`).
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
    nothing = pa.nulls(documents.num_rows, schema.RIGHTS), pa.nulls(documents.num_rows, pa.string())
    changed, reasons = reserved or nothing
    return pa.Table.from_arrays(
        [
            documents.column("doc_id"),
            documents.column("tag"),
            pa.array(failed, type=pa.uint64()),
            pa.array(first, type=pa.int16()),
            pa.array(listed, type=pa.string()),
            pa.array(np.zeros(documents.num_rows, dtype=bool) if gone is None else gone),
            reasons,
            changed,
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


def passes(verdict: pa.Table) -> NDArray[np.bool_]:
    """Which documents nothing rejects by itself: those that may be kept, or keep others out."""
    is_out = pc.or_(
        pc.equal(verdict.column("listed").fill_null(""), domains.DENY), verdict.column("taken")
    )
    is_out = pc.or_(is_out, verdict.column("reserved").is_valid())
    # Not compared in Arrow: it takes a mask with the 64th bit for a number out of range.
    is_sound = verdict.column("failed_rules").to_numpy() == 0
    return np.asarray(is_sound & ~is_out.to_numpy(), np.bool_)


def removals(members: pa.Table, edges: Iterable[pa.Table], passing: NDArray[np.bool_]) -> pa.Table:
    """What deduplication decides for every member that is not published yet, by shard and row.

    `passing` says of each member whether it passes every rule; a published one always does. Order:
    published first, then higher precedence, then smaller doc_id.
    """
    ids = members.column("doc_id")
    published = members.column("shard").to_numpy() < 0
    candidate = passing | published
    rank = np.empty(members.num_rows, np.int64)
    rank[pc.sort_indices(ids).to_numpy()] = np.arange(members.num_rows)
    order = np.lexsort((rank, ~members.column("precedence").to_numpy(), ~published))
    keeper, similarity, method = linkage.walk(_graph(members, edges), order, published, candidate)
    component = _codes(members.column("component"))
    is_alone = pa.array(keeper < 0)
    table = pa.table(
        [
            members.column("shard"),
            members.column("row"),
            ids,
            members.column("component"),
            np.bincount(component, weights=candidate)[component].astype(np.int32),
            ids.take(pa.array(keeper, mask=keeper < 0)),
            pc.if_else(is_alone, None, pa.array(similarity)),
            pc.if_else(is_alone, None, pa.array(schema.METHODS).take(pa.array(method))),
        ],
        schema=schema.REMOVALS.schema,
    )
    order = np.lexsort((members.column("row").to_numpy(), members.column("shard").to_numpy()))
    return table.take(pa.array(order[~published[order]]))


def _graph(members: pa.Table, edges: Iterable[pa.Table]) -> linkage.Graph:
    """What joins the members: groups of equal digests, and edges between groups of equal words."""
    text = _codes(members.column("text_digest"))
    payload = _codes(members.column("payload_digest"))
    ids, names = members.column("doc_id").combine_chunks(), pa.array(schema.METHODS)
    ends: list[list[NDArray[Any]]] = [[], []]
    similarities, methods = [np.zeros(0, np.float32)], [np.zeros(0, np.uint8)]
    for table in edges:
        for end, name in zip(ends, ("a", "b"), strict=True):
            end.append(text[pc.index_in(table.column(name), value_set=ids).to_numpy()])
        similarities.append(table.column("similarity").to_numpy())
        codes = pc.index_in(table.column("method"), value_set=names)
        methods.append(codes.to_numpy().astype(np.uint8))
    nothing = np.zeros(0, np.int64)
    one, other = (np.concatenate([nothing, *end]) for end in ends)
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    similarity, method = np.concatenate(similarities), np.concatenate(methods)
    by_source = np.argsort(source, kind="stable")
    bounds = np.zeros(int(text.max(initial=-1)) + 2, np.int64)
    np.cumsum(np.bincount(source, minlength=len(bounds) - 1), out=bounds[1:])
    return linkage.Graph(
        text,
        *linkage.groups(text),
        payload,
        *linkage.groups(payload),
        bounds,
        target[by_source],
        np.tile(similarity, 2)[by_source],
        np.tile(method, 2)[by_source],
    )


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """A number for each distinct value; each null has its own."""
    coded = column.combine_chunks().dictionary_encode()
    numbers: NDArray[np.int64] = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    alone = np.flatnonzero(numbers < 0)
    numbers[alone] = len(coded.dictionary) + np.arange(len(alone))
    return numbers


def decisions(verdict: pa.Table, removal: pa.Table, names: Iterable[str]) -> pa.Table:
    """The last word on each document of one shard.

    `removal` holds the shard's rows of `removals`, `names` the rules.
    """
    reasons = [rules.reason(name) for name in names]
    by_row = {row["row"]: row for row in removal.to_pylist()}
    rows = []
    for at, judged in enumerate(
        verdict.select(
            ["doc_id", "tag", "failed_rules", "first_rule", "listed", "taken", "reserved"]
        ).to_pylist()
    ):
        member = by_row.get(at)
        reason = None
        if judged["taken"]:
            reason = TAKEN
        elif judged["reserved"]:
            reason = judged["reserved"]
        elif judged["first_rule"] >= 0:
            reason = reasons[judged["first_rule"]]
        elif judged["listed"] == domains.DENY:
            reason = DENIED
        elif member and member["keeper_id"]:
            reason = schema.REASON_OF_METHOD[member["method"]]
        is_duplicate = reason is not None and reason.startswith("dedup.")
        rows.append(
            {
                "doc_id": judged["doc_id"],
                "tag": judged["tag"],
                "outcome": schema.REJECT if reason else schema.KEEP,
                "reason": reason,
                "failed_rules": judged["failed_rules"],
                "listed": judged["listed"],
                "reserved": judged["reserved"],
                "cluster_id": member["component"] if member else None,
                "cluster_size": max(1, member["component_size"]) if member else 1,
                "keeper_id": member["keeper_id"] if member and is_duplicate else None,
                "similarity": member["similarity"] if member and is_duplicate else None,
                "method": member["method"] if member and is_duplicate else None,
            }
        )
    made = pa.Table.from_batches([schema.batch(schema.DECISIONS, rows)])
    at = made.schema.get_field_index("rights")
    return made.set_column(at, made.schema.field(at), verdict.column("rights"))
