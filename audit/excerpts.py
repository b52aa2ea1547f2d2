"""The excerpts of the report: a few kept and rejected pages of every language, chosen by hash."""

from collections.abc import Mapping
from typing import Any

from audit.figures import number
from audit.runs import Run
from audit.sample import Chosen, choose, pages
from audit.trace import host_of

CHARS = 420
"""Characters of an excerpt: enough to tell a poor page from a good one, six lines of a column."""


def by_language(run: Run, seed: int, n: int) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Up to n described pages for each (language, `keep` or `reject`)."""
    chosen = choose(run, lambda found: (found[0], found[1]), n, seed, with_records=False)
    everything: list[Chosen] = sorted({entry for entries in chosen.values() for entry in entries})
    known = {page["doc_id"]: _shaped(page) for page in pages(run, everything, CHARS)}
    return {
        (tag, outcome): [known[doc_id] for _, doc_id, _ in entries if doc_id in known]
        for (tag, outcome), entries in chosen.items()
    }


def _shaped(page: dict[str, Any]) -> dict[str, Any]:
    """What the report shows of a page."""
    excerpt = page["excerpt"]
    is_cut = excerpt is not None and (page["n_chars"] or 0) > CHARS
    return {
        "doc_id": page["doc_id"],
        "url": page["url"],
        "host": host_of(page["url"]) or "",
        "date": (page["date"] or "")[:10],
        "title": page["title"] or "",
        "n_words": page["n_words"],
        "excerpt": excerpt,
        "is_cut": is_cut,
        "reason": page["reason"],
        "why": why(page),
    }


def why(page: Mapping[str, Any]) -> list[str]:
    """The failed rules with value and threshold, or the kept page that this one is a copy of."""
    if page["keeper_id"]:
        like = "equal" if page["similarity"] == 1 else f"{page['similarity']:.3f} similar"
        return [f"{like} to the kept page {page['keeper_id'][:12]}"]
    return [_comparison(failure) for failure in page["failures"]]


def _comparison(failure: dict[str, Any]) -> str:
    name, value, low, high = (failure[key] for key in ("rule", "value", "min", "max"))
    if value is None:
        return str(name)
    if low is not None and value < low:
        return f"{name} {number(value)} < {number(low)}"
    return f"{name} {number(value)} > {number(high)}" if high is not None else str(name)
