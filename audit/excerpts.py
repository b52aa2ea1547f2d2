"""The excerpts of the report: kept and rejected pages of every language, chosen by hash."""

from collections.abc import Collection, Mapping
from typing import Any

from audit.figures import number
from audit.phrases import plain, shortened
from audit.runs import Run
from audit.sample import Chosen, choose, pages
from audit.sites import names
from audit.trace import host_of
from stages import schema

CHARS = 420
"""Characters of an excerpt: enough to tell a poor page from a good one, six lines of a column."""

TITLE_CHARS = 160
"""Of a title; nobody bounds what a page may put there."""

KEPT = ""
"""Reason of the kept pages."""

TAKEN = "takedown."

Excerpts = dict[str, dict[str, list[dict[str, Any]]]]
"""Language -> reason (`""` for kept) -> described pages."""


def by_reason(
    run: Run, seed: int, per_reason: int, most: int, languages: Collection[str] | None = None
) -> Excerpts:
    """Up to `per_reason` pages kept, and as many of each reason, at most `most` for a language.

    Every reason gets one page, then the commonest rule as many as it may have, and so on; copies
    come last, and what was taken down is not shown. Within a reason, pages nearest to the limit
    that they broke come first, then by hash.
    """

    def group(found: tuple[str, str, str | None]) -> tuple[str, str] | None:
        tag, _, reason = found
        if (languages is not None and tag not in languages) or (reason or "").startswith(TAKEN):
            return None
        return tag, reason or KEPT

    chosen = choose(run, group, per_reason, seed, with_records=False)
    sizes = _sizes(run)
    by_language: dict[str, dict[str, list[Chosen]]] = {}
    for (tag, reason), entries in chosen.items():
        by_language.setdefault(tag, {})[reason] = entries
    cut = {tag: _shares(entries, sizes.get(tag, {}), most) for tag, entries in by_language.items()}
    everything = sorted({e for of in cut.values() for entries in of.values() for e in entries})
    known = {page["doc_id"]: _shaped(page) for page in pages(run, everything, CHARS)}
    return {
        tag: {
            reason: sorted(
                (known[doc_id] for _, doc_id, _ in entries if doc_id in known),
                key=lambda page: page["distance"],
            )
            for reason, entries in of.items()
        }
        for tag, of in cut.items()
    }


def _sizes(run: Run) -> dict[str, dict[str, int]]:
    """Documents by language and reason."""
    sizes: dict[str, dict[str, int]] = {}
    for _, table in run.decisions(["tag", "reason"]):
        grouped = table.group_by(["tag", "reason"]).aggregate([([], "count_all")])
        for row in grouped.to_pylist():
            place, reason = sizes.setdefault(row["tag"], {}), row["reason"] or KEPT
            place[reason] = place.get(reason, 0) + row["count_all"]
    return sizes


def _shares(
    entries: Mapping[str, list[Chosen]], sizes: Mapping[str, int], most: int
) -> dict[str, list[Chosen]]:
    """The pages that fit: the kept ones, one of each reason, then more of each in order."""
    order = sorted(entries, key=lambda reason: _place(reason, sizes.get(reason, 0)))
    take = dict.fromkeys(order, 0)
    for least in (1, most):
        for reason in order:
            wanted = most if reason == KEPT else least
            more = min(most - sum(take.values()), min(wanted, len(entries[reason])) - take[reason])
            take[reason] += max(0, more)
    return {reason: entries[reason][:n] for reason, n in take.items() if n}


def _place(reason: str, size: int) -> tuple[bool, bool, int, str]:
    """Kept pages before rejected ones, rules before copies, common reasons before rare ones."""
    return reason != KEPT, reason.startswith("dedup."), -size, reason


def _shaped(page: dict[str, Any]) -> dict[str, Any]:
    """What the report shows of a page."""
    excerpt = page["excerpt"]
    host, coded = names(host_of(page["url"]) or "")
    return {
        "doc_id": page["doc_id"],
        "host": host,
        "coded": coded,
        "date": (page["date"] or "")[:10],
        "title": shortened(page["title"] or "", TITLE_CHARS),
        "n_words": page["n_words"],
        "excerpt": excerpt,
        "is_cut": excerpt is not None and (page["n_chars"] or 0) > CHARS,
        "reason": page["reason"],
        "outcome": page["outcome"],
        "why": why(page),
        "distance": _distance(page),
    }


def _distance(page: dict[str, Any]) -> float:
    """How far the value that decided is from its limit, relative to it; 0 where there is none."""
    name = (page["reason"] or "").removeprefix("rule.")
    for failure in page["failures"]:
        value = failure["value"]
        if failure["rule"] == name and value is not None:
            low, high = failure["min"], failure["max"]
            limit = low if low is not None and value < low else high
            return abs(value - limit) / (abs(limit) or 1.0) if limit is not None else 0.0
    return 0.0


def why(page: Mapping[str, Any]) -> list[str]:
    """The failed rules with value and threshold, or the kept page that this one is a copy of."""
    if page["outcome"] == schema.KEEP:
        return []
    if page["keeper_id"]:
        like = "equal" if page["similarity"] == 1 else f"{page['similarity']:.3f} similar"
        return [f"{like} to the kept page {page['keeper_id'][:12]}"]
    return [_comparison(failure) for failure in page["failures"]]


def _comparison(failure: dict[str, Any]) -> str:
    name, value, low, high = (failure[key] for key in ("rule", "value", "min", "max"))
    said = plain(str(name))
    if value is None:
        return said
    if low is not None and value < low:
        return f"{said} {number(value)}, at least {number(low)} wanted"
    return f"{said} {number(value)}, at most {number(high)} wanted" if high is not None else said
