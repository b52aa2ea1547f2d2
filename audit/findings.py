"""What stands out in a run, in sentences: the report's first paragraph."""

from collections.abc import Mapping
from typing import Any

from audit import figures, stats
from langid import tags

MIN_PAGES = 20
"""Languages with fewer pages are not compared: one page more or less would turn the order."""


def findings(found: Mapping[str, Any], table: stats.Table) -> list[str]:
    """Short sentences with the numbers that they rest on, the weightiest first."""
    sentences = [
        _largest_loss(found["totals"]),
        _largest_rule(found),
        _extremes(found["languages"]),
        _copies(found["totals"]),
        _personal(table),
        _quarantined(found["totals"]),
    ]
    return [sentence for sentence in sentences if sentence]


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "–"


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count:,} pages"


def _largest_loss(totals: Mapping[str, Any]) -> str:
    sums = {key: sum(reasons.values()) for key, reasons in figures.lost(totals).items()}
    group = max(figures.GROUPS, key=lambda group: sums[group.key])
    count = sums[group.key]
    if not count:
        return "No page was lost."
    return (
        f"The largest loss: “{group.label.lower()}”, {_pages(count)} or "
        f"{_percent(count, totals['read'])} of what was read."
    )


def _largest_rule(found: Mapping[str, Any]) -> str:
    sums: dict[str, dict[str, int]] = {}
    for names in found["rules"].values():
        for name, counts in names.items():
            place = sums.setdefault(name, {"any": 0, "only": 0})
            for metric in place:
                place[metric] += counts[metric]
    if not sums:
        return ""
    name = max(sums, key=lambda key: (sums[key]["any"], key))
    return (
        f"The rule that most pages fail is {name.replace('_', ' ')}: {_pages(sums[name]['any'])}; "
        f"{_pages(sums[name]['only'])} would pass every rule without it."
    )


def _extremes(languages: Mapping[str, Any]) -> str:
    shares = {
        tag: account["kept"] / account["read"]
        for tag, account in languages.items()
        if account["read"] >= MIN_PAGES and tags.is_european(tag)
    }
    if len(shares) < 3:
        return ""
    low = min(sorted(shares), key=lambda tag: shares[tag])
    high = max(sorted(shares), key=lambda tag: shares[tag])
    return (
        f"Of {len(shares)} languages with at least {MIN_PAGES} pages, {tags.BY_TAG[low].name} "
        f"keeps the smallest share ({_percent(shares[low], 1)}) and {tags.BY_TAG[high].name} the "
        f"largest ({_percent(shares[high], 1)})."
    )


def _copies(totals: Mapping[str, Any]) -> str:
    count = sum(figures.lost(totals)["dedup"].values())
    if not count:
        return "No page was a copy of another."
    return f"{_pages(count)} were copies; each names the kept page that it duplicates."


def _personal(table: stats.Table) -> str:
    kinds = stats.labels(table, "extract", "pii.redacted")
    documents = stats.total(table, "extract", "documents.extracted")
    if not kinds or not documents:
        return "No personal data was found."
    total, most = sum(kinds.values()), max(sorted(kinds), key=lambda kind: kinds[kind])
    return (
        f"{total:,} pieces of personal data were replaced by placeholders, "
        f"{1000 * total / documents:,.0f} for 1,000 documents, most often {most}."
    )


def _quarantined(totals: Mapping[str, Any]) -> str:
    count = sum(totals["quarantined"].values())
    reasons = ", ".join(totals["quarantined"])
    return f"{_pages(count)} had to be quarantined ({reasons})." if count else ""
