"""Where the kept words come from: documents and words by site and by top-level domain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.phrases import shortened
from audit.runs import Run
from audit.sample import visible
from stages import schema

TOP = 50
"""Issue 6: the report lists 50."""

NAME_CHARS = 80
"""Of a host that is shown: hostile ones are as long as a URL may be."""

MERGE_ROWS = 2_000_000
"""Rows that are held before they are summed; memory then grows with the number of sites alone."""

MARKS = (1, 2, 5, 10, 20, 50, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
"""Ranks at which the cumulative curve is told; it ends at the last site."""

# Scheme, user, and the host up to a port, path, query or fragment. RE2: linear in the URL.
HOST = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?:www\.)?(?P<site>\[[^\]]*\]|[^/?#:]*)"
_KEYS = ["site", "words", "documents"]


def sites(run: Run) -> dict[str, Any] | None:
    """Kept words by site (its host, without `www.`); None where documents were pruned.

    `sites` holds the 50 with most words, ties by name; `domains` every top-level domain; `curve`
    the share of words that the first n sites hold, in [0, 1]. Memory grows with the number of
    sites, some 100 bytes each.
    """
    parts: list[pa.Table] = []
    for shard in run.shards:
        if not run.is_there(shard.documents) and shard.documents.path in run.pruned:
            return None
        kept = pc.equal(run.read(shard.decisions, ["outcome"])["outcome"], schema.KEEP)
        documents = run.read(shard.documents, ["url", "n_words"]).filter(kept)
        parts.append(_by_site(documents))
        if sum(part.num_rows for part in parts) > MERGE_ROWS:
            parts = [_summed(parts)]
    return _ranked(_summed(parts)) if parts else None


def names(host: str) -> tuple[str, str]:
    """A host as its readers write it and, where that differs, as machines do (punycode).

    Safe to show: control characters are visible, and no part is longer than 80 characters.
    """
    try:
        own, coded = host.encode("ascii").decode("idna"), host
    except UnicodeError:
        own = host
        try:
            coded = host.encode("idna").decode("ascii")
        except UnicodeError:
            coded = host
    shown = [shortened(visible(name), NAME_CHARS) for name in (own, coded)]
    return shown[0], "" if coded == own else shown[1]


def _by_site(documents: pa.Table) -> pa.Table:
    found = pc.struct_field(pc.extract_regex(documents["url"], HOST), "site")
    site = pc.utf8_rtrim(pc.utf8_lower(pc.fill_null(found, "")), ".")
    ones = pa.array(np.ones(documents.num_rows, np.int64))
    return _summed([pa.table([site, documents["n_words"], ones], names=_KEYS)])


def _summed(parts: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(parts).combine_chunks()
    made = table.group_by("site").aggregate([("words", "sum"), ("documents", "sum")])
    return made.select(["site", "words_sum", "documents_sum"]).rename_columns(_KEYS)


def _ranked(table: pa.Table) -> dict[str, Any]:
    table = table.sort_by([("words", "descending"), ("site", "ascending")])
    words = table["words"].to_numpy()
    total = int(words.sum())
    first = table.slice(0, TOP).to_pylist()
    running = np.cumsum(words)
    ranks = [rank for rank in MARKS if rank < len(words)] + ([len(words)] if len(words) else [])
    return {
        "count": table.num_rows,
        "words": total,
        "documents": int(table["documents"].to_numpy().sum()),
        "sites": [_named(row["site"], row) for row in first],
        "domains": _domains(table),
        "curve": [
            {
                "rank": rank,
                "words": int(running[rank - 1]),
                "share": float(running[rank - 1] / total) if total else 0.0,
            }
            for rank in ranks
        ],
        "half": int(np.searchsorted(running, total / 2)) + 1 if total else 0,
    }


def _named(host: str, row: dict[str, Any]) -> dict[str, Any]:
    own, coded = names(host)
    return {"name": own, "coded": coded, "words": row["words"], "documents": row["documents"]}


def _domains(table: pa.Table) -> list[dict[str, Any]]:
    """Words, documents and sites by last label of the host; numbers are addresses without one."""
    found = pc.struct_field(pc.extract_regex(table["site"], r"\.(?P<last>[^.\]]+)$"), "last")
    last = pc.if_else(pc.match_substring_regex(pc.fill_null(found, ""), r"^\d*$"), "", found)
    ones = pa.array(np.ones(table.num_rows, np.int64))
    made = pa.table(
        [pc.fill_null(last, ""), table["words"], table["documents"], ones],
        names=["last", "words", "documents", "sites"],
    )
    sums = [(name, "sum") for name in ("words", "documents", "sites")]
    grouped = made.group_by("last").aggregate(sums).to_pylist()
    rows = [
        {
            **dict(zip(("name", "coded"), names(row["last"]), strict=True)),
            **{name: row[f"{name}_sum"] for name, _ in sums},
        }
        for row in grouped
    ]
    return sorted(rows, key=lambda row: (-row["words"], row["name"]))
