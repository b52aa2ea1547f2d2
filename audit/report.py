"""The run report: one page that says what a run made of a crawl, for somebody who was not there.

Self-contained, without scripts; numbers come from `statistics/` and manifests, excerpts from
`documents` through `decisions`. A run whose books do not balance gets none.
"""

import base64
import hashlib
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from audit import alarms, excerpts, figures, findings, stats, throughput
from audit.runs import Run
from audit.sample import visible
from filters.catalog import BY_NAME
from filters.optout import CHANNELS
from langid import tags
from pipeline import storage
from stages import schema
from stages.errors import IntegrityError

PATH = "report/index.html"
SEED = 1
PER_LANGUAGE = 10
STYLES = ("tokens.css", "report.css")
"""Colours and basic elements, which the pages of the server share; then the report's own."""

SHOWN_GIANTS = 10


def write_report(run: Run, seed: int | None = None) -> Path:
    """Write `report/index.html` and return its path. IntegrityError if the books do not balance.

    Excerpts are those of the seed, by default the one of run.json.
    """
    table = stats.counts(run)
    found = stats.summarise(table)
    faults = stats.imbalances(found)
    if faults:
        raise IntegrityError(
            stats.STATISTICS, f"no report, for books do not balance: {'; '.join(faults[:3])}"
        )
    if seed is None:
        seed = int(run.book.get("seeds", {}).get("sample", SEED))
    path = run.path / PATH
    storage.write_bytes(path, render(context(run, table, found, seed)).encode())
    path.chmod(0o644)
    return path


def render(values: dict[str, Any]) -> str:
    """The page from its values; everything is escaped but our own style sheet."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("audit"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        n=whole, of=of, share=share, plain=plain, when=when, duration=duration
    )
    folder = resources.files("audit").joinpath("templates")
    style = "\n".join(folder.joinpath(name).read_text("utf-8") for name in STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.get_template("report.html.j2")
    return template.render(style=Markup(style), style_digest=digest, **values)  # noqa: S704 - ours


def context(run: Run, table: stats.Table, found: dict[str, Any], seed: int) -> dict[str, Any]:
    """Everything that the page says, as plain data."""
    totals = found["totals"]
    chosen = excerpts.by_language(run, seed, PER_LANGUAGE)
    return {
        "run": _identity(run),
        "totals": totals,
        "lost": _lost(totals),
        "extracted": stats.total(table, "extract", "documents.extracted"),
        "findings": findings.findings(found, table),
        "alarms": [
            {**alarm, "name": language_name(alarm["language"])["name"]}
            for alarm in alarms.alarms(table)
        ],
        "families": figures.FAMILIES,
        "waterfall": figures.waterfall(totals),
        "composition": figures.composition(totals),
        "languages": _languages(run, found, chosen),
        "reasons": _reasons(run, "base", totals),
        "rules": _rules(run, table, found),
        "rights": _rights(run, table, totals),
        "pii": _pii(table, found),
        "dedup": _dedup(run, table, totals),
        "throughput": throughput.throughput(run),
        "others": sorted(stats.labels(table, "extract", "records.other").items()),
        "per_language": PER_LANGUAGE,
        "seed": seed,
        "excerpt_chars": excerpts.CHARS,
    }


def _identity(run: Run) -> dict[str, Any]:
    book = run.book
    return {
        "name": run.name,
        "snapshot": run.snapshot,
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
        "tasks": sum(len(keys) for keys in run.tasks.values()),
    }


def _lost(totals: dict[str, Any]) -> dict[str, int]:
    """Documents lost by family, for the strip of headline numbers."""
    families = {group.key: group.family for group in figures.GROUPS}
    sums = dict.fromkeys(figures.FAMILIES, 0)
    for key, reasons in figures.lost(totals).items():
        sums[families.get(key, "unusable")] += sum(reasons.values())
    return sums


def language_name(tag: str) -> dict[str, str]:
    """Name, autonym and BCP 47 code of a tag; a tag that is not European names itself."""
    known = tags.BY_TAG.get(tag)
    if known is not None:
        code = f"{known.iso639_1 or known.iso639_3}-{known.script}"
        return {"tag": tag, "name": known.name, "autonym": known.autonym, "code": code}
    name = {tags.UNDETERMINED: "Undetermined", tags.NOT_LANGUAGE: "No language"}.get(tag, tag)
    return {"tag": tag, "name": name, "autonym": "", "code": tag.replace("_", "-")}


def _languages(
    run: Run, found: dict[str, Any], chosen: dict[tuple[str, str], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Every language that was read, those with documents first, larger ones first."""
    rows = []
    for tag, account in found["languages"].items():
        by_rule = found["rules"].get(tag, {})
        largest = max((counts["any"] for counts in by_rule.values()), default=0)
        pii = sum(found["pii"].get(tag, {}).values())
        decided = account["kept"] + sum(
            count for reason, count in account["rejected"].items() if _is_decided(reason)
        )
        rows.append(
            {
                **language_name(tag),
                "account": account,
                "lost": _lost(account),
                "decided": decided,
                "composition": figures.composition(account),
                "waterfall": figures.waterfall(account),
                "reasons": _reasons(run, tag, account),
                "rules": [
                    {
                        "name": name,
                        "bound": figures.bound_text(run.bounds(tag).get(name)),
                        "is_own": run.bounds(tag).get(name) != run.bounds("base").get(name),
                        "bars": figures.nested(by_rule[name], largest),
                        **by_rule[name],
                    }
                    for name in run.rules
                    if by_rule.get(name, {}).get("any")
                ],
                "pii": pii,
                "kept_pages": chosen.get((tag, schema.KEEP), []),
                "rejected_pages": chosen.get((tag, schema.REJECT), []),
            }
        )
    return sorted(rows, key=lambda row: (not row["decided"], -row["account"]["read"], row["tag"]))


def _is_decided(reason: str) -> bool:
    return reason.startswith(("rule.", "dedup."))


def _reasons(run: Run, tag: str, account: dict[str, Any]) -> list[dict[str, Any]]:
    """Reasons by group with documents and characters, larger ones first within a group."""
    groups = []
    characters = {**account["characters"]["rejected"], **account["characters"]["quarantined"]}
    by_group = figures.lost(account)
    largest = max((n for reasons in by_group.values() for n in reasons.values()), default=0)
    for group in figures.GROUPS:
        rows = [
            {
                "reason": reason,
                "meaning": _meaning(run, tag, reason),
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


def _meaning(run: Run, tag: str, reason: str) -> str:
    """A reason in words: for a rule, the bounds that its signal left."""
    part, _, name = reason.partition(".")
    if part == "rule":
        unit = BY_NAME[name].unit if name in BY_NAME else ""
        return f"{figures.broken_text(run.bounds(tag).get(name))} {_unit(unit)}".strip()
    return schema.REASONS.get(reason, ("", "not in the list of reasons"))[1]


def _unit(unit: str) -> str:
    """A unit as it is said after a number; fractions have none."""
    return "" if unit in ("fraction", "probability") else unit


def _rules(run: Run, table: stats.Table, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every rule with its threshold, its effect and its histogram, all languages together."""
    sums = {name: {"first": 0, "any": 0, "only": 0, "characters_only": 0} for name in run.rules}
    for names in found["rules"].values():
        for name, counts in names.items():
            for state in ("first", "any", "only"):
                sums[name][state] += counts[state]
            sums[name]["characters_only"] += counts.get("characters", {}).get("only", 0)
    largest = max((counts["any"] for counts in sums.values()), default=0)
    settings = run.settings
    figures_of = []
    for name in (rule for rule in run.rules if rule in BY_NAME):
        bound, rule = run.bounds("base").get(name), settings.language.rules.get(name)
        own = _own_thresholds(run, name, list(found["languages"]))
        figures_of.append(
            {
                "name": name,
                "description": BY_NAME[name].description,
                "unit": _unit(BY_NAME[name].unit),
                "bound": figures.bound_text(bound),
                "source": rule.source if rule else "",
                "own": own,
                "bars": figures.nested(sums[name], largest),
                "figure": figures.histogram(
                    BY_NAME[name],
                    stats.labels(table, "decide", f"histogram.{name}.kept"),
                    stats.labels(table, "decide", f"histogram.{name}.rejected"),
                    bound,
                ),
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


def _rights(run: Run, table: stats.Table, totals: dict[str, Any]) -> dict[str, Any]:
    heeded = run.settings.gate.reserved_channels
    hosts = stats.labels(table, "prepare", "robots.hosts")
    return {
        "channels": [
            {
                "channel": channel,
                "reason": reason,
                "meaning": schema.REASONS[reason][1],
                "is_heeded": channel in heeded,
                "documents": totals["rejected"].get(reason, 0),
            }
            for channel, reason in CHANNELS.items()
        ],
        "hosts": sorted(hosts.items(), key=lambda item: (-item[1], item[0])),
    }


def _pii(table: stats.Table, found: dict[str, Any]) -> dict[str, Any]:
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


def _dedup(run: Run, table: stats.Table, totals: dict[str, Any]) -> dict[str, Any]:
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
                "meaning": meaning,
                "documents": totals["rejected"].get(reason, 0),
                "characters": totals["characters"]["rejected"].get(reason, 0),
            }
            for reason, meaning in names.items()
        ],
    }


def whole(value: float | None) -> str:
    """A count with thousands set apart."""
    return "–" if value is None else f"{value:,.0f}"


def of(count: int, noun: str) -> str:
    """A count with its noun: 1 page, 2,600 pages."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def when(time: str | None) -> str:
    """A time of run.json for a reader."""
    return str(time).replace("T", " ").replace("Z", " UTC") if time else "–"


def duration(seconds: float) -> str:
    """Seconds in words: 42 s, 3 min 5 s, 2 h 10 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def share(part: float, whole: float) -> str:
    """A percentage of one decimal; what is not nothing is never 0.0%."""
    if not whole:
        return "–"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%"


def plain(name: str) -> str:
    """A signal's name in words."""
    return name.replace("_", " ")
