"""The run report: what a run made of a crawl, for somebody who was not there.

One self-contained page, or one and a page for each language where there are many. Numbers come from
`statistics/` and manifests; excerpts, sites and close languages from `documents` beside
`decisions`. A run whose books do not balance gets none.
"""

import base64
import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audit import (
    alarms,
    bias_chapter,
    chapters,
    combinations,
    energy,
    excerpts,
    figures,
    findings,
    flows,
    phrases,
    sites,
    stats,
    templating,
    throughput,
    titles,
)
from audit.by_language import Languages
from audit.runs import Run
from langid import tags
from pipeline import storage
from stages.errors import ConfigError, IntegrityError

PATH = "report/index.html"
FOLDER = "languages"
SEED = 1
MASKED, NONE = "masked", "none"
PER_REASON = 10
PER_LANGUAGE = 40
"""Issue 6: up to ten pages of each reason, and a report under 5 MB for 24 languages of 40 pages."""

SIGNALS = 16
"""Histograms of a language: those of the rules that reject most of it. With 0, its chapter is
without rules and histograms, which are most of the page's bytes beside the excerpts."""

ONE_FILE = 60
"""Issue 6: with more languages than this, each has a page of its own."""

STYLES = ("tokens.css", "report.css")
"""Colours and basic elements, which the pages of the server share; then the report's own."""

SCRIPT = "report.js"


@dataclass(frozen=True, slots=True)
class Options:
    """What a report is to hold. Without `seed`, pages are those of run.json's."""

    baseline: Run | None = None
    samples: str = MASKED
    languages: tuple[str, ...] = ()
    """Tags, codes or names whose chapters are written; all of them if empty."""
    signals: int = SIGNALS
    output: Path | None = None
    seed: int | None = None


def write_report(run: Run, options: Options = Options()) -> Path:
    """Write the report and return the path of its first page, by default `report/index.html`.

    With more than 60 languages, `languages/TAG.html` beside it hold their chapters. IntegrityError
    if the books do not balance; ConfigError for a language that the run has not.
    """
    table = stats.counts(run)
    found = stats.summarise(table)
    faults = stats.imbalances(found)
    if faults:
        raise IntegrityError(
            stats.STATISTICS, f"no report, for books do not balance: {'; '.join(faults[:3])}"
        )
    path = options.output or run.path / PATH
    values = context(run, table, found, options)
    values |= {"statistics": _statistics(run, path), "index": path.name}
    folder = path.parent / FOLDER
    written = set()
    for name, page in pages(values):
        place = path if name == PATH else path.parent / name
        storage.write_bytes(place, page.encode())
        if not storage.in_store(place):
            place.chmod(0o644)
        written.add(place)
    if options.output is None:
        for stale in set(folder.glob("*.html")) - written:
            stale.unlink()
    return path


def pages(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and text of every page: the first, and one a language if there are many."""
    environment = templating.environment("audit")
    style, script = _styles(), _script()
    shell: dict[str, Any] = {"style": style, "style_digest": _digest(style)}
    shell |= {"script": script, "script_digest": _digest(script)}
    is_split = len(values["chapters"]) > ONE_FILE
    page = environment.get_template("report.html.j2")
    yield PATH, page.render(**shell, **values, is_split=is_split, up="")
    if is_split:
        page = environment.get_template("report_language.html.j2")
        for chapter in values["chapters"]:
            name = f"{FOLDER}/{chapter['tag']}.html"
            yield name, page.render(**shell, **values, l=chapter, is_split=True, up="../")


def context(
    run: Run, table: stats.Table, found: dict[str, Any], options: Options
) -> dict[str, Any]:
    """Everything that the report says, as plain data."""
    totals = found["totals"]
    wanted = _wanted(options.languages, table.get(("extract", "documents.extracted"), {}))
    seed = options.seed
    if seed is None:
        seed = int(run.book.get("seeds", {}).get("sample", SEED))
    chosen: excerpts.Excerpts = {}
    if options.samples == MASKED:
        chosen = excerpts.by_reason(run, seed, PER_REASON, PER_LANGUAGE, wanted)
    gates = chapters.held(run, options.baseline)
    baseline = chapters.against(options.baseline, table, found)
    alarmed = alarms.alarms(table)
    close, cost = flows.flows(run), throughput.throughput(run)
    languages = Languages(
        run,
        table,
        found,
        doubt=close["doubt"] if close else None,
        gates=gates["by_language"],
        alarms=alarmed,
        baseline=baseline,
    )
    rows = languages.rows()
    masks = combinations.combinations(run)
    rules = chapters.rules(run, table, found)
    own = {rule["name"] for rule in rules if rule["own"]}
    values = {
        "run": chapters.identity(run),
        "totals": totals,
        "lost": chapters.lost(totals),
        "extracted": stats.total(table, "extract", "documents.extracted"),
        "gates": gates,
        "baseline": baseline,
        "findings": findings.findings(found, table),
        "alarms": [
            {**alarm, "name": phrases.language_name(alarm["language"])["name"]} for alarm in alarmed
        ],
        "families": figures.FAMILIES,
        "waterfall": figures.waterfall(totals),
        "composition": figures.composition(totals),
        "languages": [row for row in rows if row["decided"]],
        "unheard": [row for row in rows if not row["decided"]],
        "text": chapters.measure(table),
        "chapters": [
            languages.chapter(row, chosen, masks.get(row["tag"], Counter()), options.signals)
            for row in rows
            if row["decided"] and (wanted is None or row["tag"] in wanted)
        ],
        "reasons": chapters.reasons(run, "base", totals, own),
        "rules": rules,
        "signals": options.signals,
        "combinations": combinations.matrix(run, masks[combinations.ALL]),
        "sites": _sites(run),
        "flows": close,
        "rights": chapters.rights(run, table, totals),
        "pii": chapters.personal_data(table, found),
        "dedup": chapters.duplicates(run, table, totals),
        "bias": bias_chapter.chapter(run),
        "throughput": cost,
        "energy": energy.of_counts(cost, table),
        "others": chapters.others(table),
        "samples": options.samples,
        "per_reason": PER_REASON,
        "per_language": PER_LANGUAGE,
        "seed": seed,
        "excerpt_chars": excerpts.CHARS,
    }
    return {**values, "titles": titles.titles(values)}


def _sites(run: Run) -> dict[str, Any] | None:
    made = sites.sites(run)
    if made is not None:
        made["figure"] = figures.curve([(point["rank"], point["share"]) for point in made["curve"]])
    return made


def _wanted(languages: tuple[str, ...], present: Collection[str]) -> frozenset[str] | None:
    """Tags of the languages asked for; None for all."""
    if not languages:
        return None
    wanted = set()
    for name in languages:
        tag = name if name in present else _normalised(name)
        if tag not in present:
            raise ConfigError(
                "--language", f"the run has no document in {tag}", "`weir stats RUN` says which"
            )
        wanted.add(tag)
    return frozenset(wanted)


def _normalised(name: str) -> str:
    try:
        return tags.normalise(name)
    except ValueError as error:
        raise ConfigError("--language", str(error), "`weir languages` lists them") from None


def _statistics(run: Run, path: Path) -> str:
    """Where the counts lie, seen from the report; empty if they do not lie beside it."""
    if path.resolve().is_relative_to(run.path.resolve()):
        target = (run.path / "statistics" / "counts.csv").resolve()
        return os.path.relpath(str(target), str(path.resolve().parent))
    return ""


def _styles() -> Markup:
    folder = resources.files("audit").joinpath("templates")
    style = "\n".join(folder.joinpath(name).read_text("utf-8") for name in STYLES)
    return Markup(style)  # noqa: S704 - our own file


def _script() -> Markup:
    text = resources.files("audit").joinpath("templates", SCRIPT).read_text("utf-8")
    return Markup(text)  # noqa: S704 - our own file


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
