"""What differs between two runs besides records: signals, thresholds, settings, hosts."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pyarrow.compute as pc

from audit import figures, gates, places, sample, stats
from audit.runs import Run
from filters.catalog import BY_NAME
from filters.rules import Bound

TOP: Final = 50
MAX_DIFFERENCES: Final = 200
CHANGED_PSI: Final = 0.1
"""Indices up to 0.1 count as no change. Source: Siddiqi 2006, Credit Risk Scorecards."""
CHANCE: Final = 3.0
"""And up to three times what two samples of the same pages would have by chance."""


def kept_by_language(before: stats.Table, after: stats.Table) -> list[dict[str, Any]]:
    """Pages read and kept in both runs by language, the largest change first."""
    found = [stats.summarise(table)["languages"] for table in (before, after)]
    rows = []
    for tag in sorted({*found[0], *found[1]}):
        read, kept = (
            [languages.get(tag, {}).get(name, 0) for languages in found]
            for name in ("read", "kept")
        )
        rows.append(
            {
                "language": tag,
                "read": read,
                "kept": kept,
                "change": kept[1] - kept[0],
            }
        )
    return sorted(rows, key=lambda row: (-abs(row["change"]), row["language"]))


def drift(
    before: stats.Table, after: stats.Table, language: str | None = None
) -> list[dict[str, Any]]:
    """Population stability index of each signal, the largest first.

    `chance` is what two samples of the same pages would have; `drifted` says whether the index is
    over 0.1 and over three times that. Signals without pages in one of the runs are left out.
    """
    rows = []
    for name in BY_NAME:
        bins = [_bins(table, name, language) for table in (before, after)]
        pages = [sum(one.values()) for one in bins]
        if not all(pages):
            continue
        index = gates.psi(*bins)
        used = len({label for one in bins for label, count in one.items() if count})
        chance = (used - 1) * sum(1 / count for count in pages)
        rows.append(
            {
                "signal": name,
                "psi": index,
                "chance": chance,
                "drifted": index > CHANGED_PSI and index > CHANCE * chance,
                "pages": pages,
            }
        )
    return sorted(rows, key=lambda row: (-row["psi"], row["signal"]))


def _bins(table: stats.Table, name: str, language: str | None) -> dict[str, int]:
    """Pages by bin of a signal, kept and rejected together."""
    sums: dict[str, int] = defaultdict(int)
    for state in ("kept", "rejected"):
        by_language = table.get(("decide", f"histogram.{name}.{state}"), {})
        for tag, labels in by_language.items():
            if language is None or tag == language:
                for label, count in labels.items():
                    sums[label] += count
    return dict(sums)


def thresholds(before: Run, after: Run, language: str | None = None) -> list[dict[str, Any]]:
    """Rules whose bounds differ, with the languages that they differ for.

    `before` and `after` are bounds in words (`off` for none); `base` stands for languages without
    a configuration of their own.
    """
    tags = {"base", *before.settings.languages, *after.settings.languages}
    differing: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for tag in sorted(tags if language is None else {language}):
        bounds = before.bounds(tag), after.bounds(tag)
        for name in sorted({*bounds[0], *bounds[1]}):
            pair = bounds[0].get(name), bounds[1].get(name)
            if _limits(pair[0]) != _limits(pair[1]):
                source = _source(after, tag, name)
                words = figures.bound_text(pair[0]), figures.bound_text(pair[1])
                differing[name, *words, source].append(tag)
    return [
        {"rule": rule, "before": old, "after": new, "source": source, "languages": languages}
        for (rule, old, new, source), languages in sorted(differing.items())
    ]


def _source(run: Run, tag: str, name: str) -> str:
    """Where a language's threshold is from; empty for a rule that is off."""
    rule = run.settings.languages.get(tag, run.settings.language).rules.get(name)
    return rule.source if rule else ""


def _limits(bound: Bound | None) -> tuple[float | None, float | None]:
    return (None, None) if bound is None else (bound.min, bound.max)


def settings(before: Run, after: Run) -> list[dict[str, str]]:
    """What else differs in the configurations: dotted keys with both values, 200 at most."""
    flat = [dict(_flat(run.book.get("config"), "")) for run in (before, after)]
    for one, run in zip(flat, (before, after), strict=True):
        one["code_version"] = str(run.book.get("code_version"))
    keys = [key for key in sorted({*flat[0], *flat[1]}) if flat[0].get(key) != flat[1].get(key)]
    return [
        {"key": key, "before": flat[0].get(key, "–"), "after": flat[1].get(key, "–")}
        for key in keys[:MAX_DIFFERENCES]
    ]


def _flat(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Leaves of a configuration by dotted key, without the rules, which `thresholds` compares."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "rules":
                yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        text = ", ".join(str(item) for item in value)
        yield key, text if len(text) <= 120 else f"{len(value)} values: {text[:100]} …"
    else:
        yield key, "–" if value is None else str(value)[:200]


def hosts(before: Run, after: Run, language: str | None = None) -> dict[str, Any]:
    """Hosts with kept pages in one run alone: how many, and the 50 with most pages.

    Read from the corpus, so it works on pruned runs. Memory grows with the number of hosts.
    """
    found = [_hosts(run, language) for run in (before, after)]
    sides = {"gained": (1, 0), "vanished": (0, 1)}
    answer: dict[str, Any] = {"before": len(found[0]), "after": len(found[1])}
    for name, (has, lacks) in sides.items():
        alone = [(host, n) for host, n in found[has].items() if host not in found[lacks]]
        alone.sort(key=lambda pair: (-pair[1], pair[0]))
        shown = [{"host": sample.visible(host), "pages": n} for host, n in alone[:TOP]]
        answer[name] = {"count": len(alone), "pages": sum(n for _, n in alone), "hosts": shown}
    return answer


def _hosts(run: Run, language: str | None) -> dict[str, int]:
    """Kept pages by host."""
    sums: dict[str, int] = defaultdict(int)
    for tag, outputs in run.corpus().items():
        if language is not None and tag != language:
            continue
        for output in outputs:
            for _, batch in run.batches(output, ["url"]):
                names = pc.fill_null(places.hosts(batch.column("url")), "")
                for entry in pc.value_counts(names).to_pylist():
                    sums[entry["values"]] += entry["counts"]
    return dict(sums)
