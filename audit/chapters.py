"""What the report says of a whole run, chapter by chapter, as plain data for its templates."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from audit import changes, figures, gates, selected, stats
from audit.phrases import language_name
from audit.runs import Run
from audit.sample import visible
from filters.catalog import BY_NAME
from filters.rights import CHANNELS, POLICIES
from langid import tags
from stages import schema

SHOWN_GIANTS = 10
STATES = ("any", "first", "only")
"""How a document fails a rule: at all, before any other rule, and no other rule."""


def measure(table: stats.Table) -> str:
    """What text is counted in beside characters: tokens where the run counted them, else words."""
    return "tokens" if ("decide", "tokens.kept") in table else "words"


def identity(run: Run) -> dict[str, Any]:
    """What the run is: names, digests, versions, inputs and problems, safe to show."""
    book, chosen = run.book, selected.summary(run)
    return {
        "name": visible(run.name),
        "snapshot": visible(run.snapshot),
        "folder": run.path.resolve().name,
        "digest": run.digest,
        "config_digest": str(book.get("config_digest", "")),
        "code_version": str(book.get("code_version", "")),
        "schema_version": book.get("schema_version"),
        "started_at": book.get("started_at"),
        "finished_at": book.get("finished_at"),
        "packages": {"Python": book.get("python"), **book.get("packages", {})},
        "inputs": [visible(str(item.get("name"))) for item in book.get("inputs", ())],
        "robots": len(book.get("robots") or ()),
        "problems": [visible(str(problem)) for problem in book.get("problems") or ()],
        "selection": chosen and selected.sentence(chosen),
        "tasks": sum(len(keys) for keys in run.tasks.values()),
    }


def held(run: Run, baseline: Run | None) -> dict[str, Any]:
    """Verdicts of the shipped gates: those that failed, counts by outcome, and by language."""
    verdicts = gates.check(run, gates.load(None)[1], baseline)
    counts = dict.fromkeys((gates.PASSED, gates.FAILED, gates.SKIPPED), 0)
    by_language: dict[str, dict[str, list[str]]] = {}
    for verdict in verdicts:
        counts[verdict.outcome] += 1
        tag = verdict.subject.partition(" ")[0]
        if tag in tags.BY_TAG:
            place = by_language.setdefault(tag, {})
            place.setdefault(verdict.outcome, []).append(verdict.gate)
    return {
        "counts": counts,
        "by_language": by_language,
        "verdicts": [
            {
                "gate": verdict.gate.replace("_", " "),
                "subject": visible(verdict.subject),
                "outcome": verdict.outcome,
                "detail": visible(verdict.detail),
            }
            for verdict in sorted(verdicts, key=lambda v: _order(v.outcome))
        ],
    }


def _order(outcome: str) -> int:
    return (gates.FAILED, gates.PASSED, gates.SKIPPED).index(outcome)


def against(
    baseline: Run | None, table: stats.Table, found: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The three changes that chance explains least, and every language's earlier account."""
    if baseline is None:
        return None
    before = stats.counts(baseline)
    earlier = stats.summarise(before)
    return {
        "name": visible(baseline.name),
        "snapshot": visible(baseline.snapshot),
        "digest": baseline.digest,
        "changes": changes.changes(table, found, before, earlier),
        "languages": earlier["languages"],
        "totals": earlier["totals"],
    }


def lost(account: Mapping[str, Any]) -> dict[str, int]:
    """Documents lost by family, for the strip of headline numbers."""
    families = {group.key: group.family for group in figures.GROUPS}
    sums = dict.fromkeys(figures.FAMILIES, 0)
    for key, reasons_of in figures.lost(account).items():
        sums[families.get(key, "unusable")] += sum(reasons_of.values())
    return sums


def reasons(
    run: Run, tag: str, account: Mapping[str, Any], own: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Reasons by group with documents and characters, larger ones first within a group.

    `own` names the rules for which some languages have a threshold of their own, where `tag` is
    `base` and the reasons are those of all languages.
    """
    groups = []
    characters = {**account["characters"]["rejected"], **account["characters"]["quarantined"]}
    by_group = figures.lost(account)
    largest = max((n for of_group in by_group.values() for n in of_group.values()), default=0)
    for group in figures.GROUPS:
        rows = [
            {
                "reason": reason,
                "meaning": _by_default(meaning(run, tag, reason), reason, own),
                "documents": count,
                "characters": characters.get(reason, 0),
                "width": round(count / largest * figures.BAR_WIDTH, 1),
            }
            for reason, count in sorted(by_group[group.key].items(), key=lambda x: (-x[1], x[0]))
        ]
        if rows:
            groups.append(
                {
                    "label": group.label,
                    "family": group.family,
                    "documents": sum(row["documents"] for row in rows),
                    "characters": sum(row["characters"] for row in rows),
                    "rows": rows,
                }
            )
    return groups


def meaning(run: Run, tag: str, reason: str) -> str:
    """A reason in words: for a rule, the bounds that its signal left."""
    part, _, name = reason.partition(".")
    if part == "rule":
        signal_unit = unit(BY_NAME[name].unit) if name in BY_NAME else ""
        return f"{figures.broken_text(run.bounds(tag).get(name))} {signal_unit}".strip()
    return schema.REASONS.get(reason, ("", "not in the list of reasons"))[1]


def _by_default(text: str, reason: str, own: Collection[str]) -> str:
    """The bounds of a rule where languages may have others."""
    if reason.removeprefix("rule.") not in own:
        return text
    return "beyond a language’s own threshold" if text == "off" else f"{text}, by default"


def unit(name: str) -> str:
    """A unit as it is said after a number; fractions have none."""
    return "" if name in ("fraction", "probability") else name


def rules(run: Run, table: stats.Table, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every rule with its threshold, its effect and its histogram, all languages together."""
    text = measure(table)
    sums = {name: dict.fromkeys(STATES, 0) for name in run.rules}
    texts = {name: dict.fromkeys(STATES, 0) for name in run.rules}
    for names in found["rules"].values():
        for name, counts in names.items():
            for state in STATES:
                sums[name][state] += counts[state]
                texts[name][state] += counts.get(text, {}).get(state, 0)
    largest = max((counts["any"] for counts in sums.values()), default=0)
    figures_of = []
    for name in (rule for rule in run.rules if rule in BY_NAME):
        bound, rule = run.bounds("base").get(name), run.settings.language.rules.get(name)
        figures_of.append(
            {
                "name": name,
                "description": BY_NAME[name].description,
                "unit": unit(BY_NAME[name].unit),
                "bound": figures.bound_text(bound),
                "base": "",
                "source": rule.source if rule else "",
                "own": _own_thresholds(run, name, list(found["languages"])),
                "dots": figures.dots(sums[name], largest),
                "figure": figures.histogram(
                    BY_NAME[name],
                    stats.labels(table, "decide", f"histogram.{name}.kept"),
                    stats.labels(table, "decide", f"histogram.{name}.rejected"),
                    bound,
                ),
                "text": texts[name],
                **sums[name],
            }
        )
    return figures_of


def _own_thresholds(run: Run, name: str, present: list[str]) -> list[dict[str, str]]:
    """Languages of the run whose threshold is not the common one."""
    base = run.bounds("base").get(name)
    return [
        {"name": language_name(tag)["name"], "bound": figures.bound_text(run.bounds(tag).get(name))}
        for tag in present
        if run.bounds(tag).get(name) != base
    ]


def rights(run: Run, table: stats.Table, totals: Mapping[str, Any]) -> dict[str, Any]:
    """Reservations by channel, and what the hosts' robots.txt files were."""
    heeded = POLICIES[run.settings.rights.policy]
    hosts = stats.labels(table, "collate", "robots.files")
    reserved = stats.labels(table, "extract", "rights.reserved")
    return {
        "channels": [
            {
                "channel": channel,
                "reason": reason,
                "meaning": schema.REASONS[reason][1],
                "is_heeded": channel in heeded,
                "documents": totals["rejected"].get(reason, 0),
                "reserved": reserved.get(channel, 0),
            }
            for channel, reason in CHANNELS.items()
        ],
        "policy": run.settings.rights.policy,
        "pages": stats.labels(table, "extract", "rights.robots"),
        "ambiguous": stats.total(table, "extract", "rights.robots_ambiguous"),
        "hosts": sorted(hosts.items(), key=lambda item: (-item[1], item[0])),
    }


def personal_data(table: stats.Table, found: Mapping[str, Any]) -> dict[str, Any]:
    """Placeholders by kind, and by language for those that have any."""
    kinds = stats.labels(table, "extract", "pii.redacted")
    documents = table.get(("extract", "documents.extracted"), {})
    order = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    rows = [
        {
            **language_name(tag),
            "counts": [counts.get(kind, 0) for kind in order],
            "total": sum(counts.values()),
            "documents": sum(documents.get(tag, {}).values()),
        }
        for tag, counts in found["pii"].items()
    ]
    return {
        "kinds": [(kind, kinds[kind]) for kind in order],
        "largest": max(kinds.values(), default=0),
        "total": sum(kinds.values()),
        "documents": sum(sum(labels.values()) for labels in documents.values()),
        "languages": sorted(rows, key=lambda row: (-row["total"], row["tag"])),
    }


def duplicates(run: Run, table: stats.Table, totals: Mapping[str, Any]) -> dict[str, Any]:
    """Copies by how they were found, clusters by size, and what was not compared."""
    sizes = stats.labels(table, "cluster", "clusters.size")
    giants = stats.labels(table, "cluster", "clusters.largest")
    names = {reason: text for reason, (_, text) in schema.REASONS.items() if "dedup." in reason}
    return {
        "threshold": run.settings.cluster.threshold,
        "candidates": stats.total(table, "estimate", "pairs.distinct"),
        "verified": stats.total(table, "cluster", "pairs.verified"),
        "sizes": sorted((int(size), count) for size, count in sizes.items()),
        "largest": max(sizes.values(), default=0),
        "clusters": sum(sizes.values()),
        "giants": sorted(giants.items(), key=lambda entry: (-entry[1], entry[0]))[:SHOWN_GIANTS],
        "crowded": stats.total(table, "pair", "bands.crowded"),
        "uncompared": stats.total(table, "pair", "pairs.uncompared"),
        "methods": [
            {
                "reason": reason,
                "meaning": text,
                "documents": totals["rejected"].get(reason, 0),
                "characters": totals["characters"]["rejected"].get(reason, 0),
            }
            for reason, text in names.items()
        ],
    }


def others(table: stats.Table) -> Sequence[tuple[str, int]]:
    """Records of the archive that are no responses, by type."""
    return sorted(stats.labels(table, "extract", "records.other").items())
