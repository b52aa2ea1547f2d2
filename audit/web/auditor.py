"""The audit view: an auditor's pages on finished runs. They read; what is asked is logged.

Every page is made here and works without a script, as links and forms.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from audit import access, archive, compare, figures, lookup, sample, search
from audit.fates import KEPT
from audit.phrases import language_name
from audit.places import Place
from audit.search import Question
from audit.timeline import timeline
from audit.trace import DOC_ID, describe_rows
from audit.web import comparing, numbers, server
from audit.web.addresses import link, turned
from audit.web.desk import MAX_RECORDS, Desk, Opened
from audit.web.server import Door
from filters.catalog import BY_NAME
from stages.errors import ConfigError

SCREENS: Final = (
    ("/", "Trace"),
    ("/search", "Search"),
    ("/numbers", "Numbers"),
    ("/sample", "Sample"),
    ("/compare", "Compare"),
    ("/fairness", "Fairness"),
    ("/personal-data", "Personal data"),
)
NO_ORIGINALS: Final = (
    "Originals are not shown: this server was started without --allow-raw. Stored texts have "
    "personal data replaced; who may see the archive starts it with: weir audit RUN --allow-raw"
)
PAGE_ROWS: Final = 50
MAX_LISTED: Final = 200
FEW_LISTED: Final = 20
"""Records that are looked up one by one, each some 20 ms."""
MAX_SAMPLE: Final = 500
MAX_SEED: Final = (1 << 63) - 1

Screen = Callable[[Desk, Mapping[str, Any]], dict[str, Any]]
"""Makes the values of a page's template from a query."""


def application(desk: Desk, door: Door) -> ASGIApp:
    """The audit view's application on a desk of runs."""
    return server.application(routes(desk), door, "Audit")


def routes(desk: Desk) -> list[BaseRoute]:
    """Its routes."""
    screens: dict[str, tuple[str, Screen]] = {
        "/": ("audit_trace.html.j2", trace),
        "/search": ("audit_search.html.j2", searching),
        "/numbers": ("audit_numbers.html.j2", numbers.screen),
        "/sample": ("audit_sample.html.j2", sampling),
        "/compare": ("audit_compare.html.j2", comparing.screen),
        "/fairness": ("audit_fairness.html.j2", comparing.fairness_screen),
        "/personal-data": ("audit_personal_data.html.j2", personal_data),
    }
    made: list[BaseRoute] = [
        server.api(path, partial(_page, desk, path, template, screen))
        for path, (template, screen) in screens.items()
    ]
    return [
        *made,
        *(
            server.api(f"/numbers.{kind}", partial(numbers.file, desk, kind))
            for kind in numbers.KINDS
        ),
        server.api("/api/original", partial(original, desk), "POST"),
    ]


def _page(
    desk: Desk, path: str, template: str, screen: Screen, request: Request, given: Mapping[str, Any]
) -> Response:
    given = {name: str(value).strip() for name, value in given.items()}
    values = screen(desk, given)
    opened: Opened = values["opened"]
    return server.page(
        request,
        template,
        desk=desk,
        path=path,
        screens=SCREENS,
        given=given,
        link=link,
        language_name=language_name,
        warnings=opened.warnings,
        **values,
    )


# Trace


def trace(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """What became of an address, in every run, or what was looked for in vain."""
    what = str(given.get("q", ""))
    opened = desk.chosen(given)
    if not what:
        return {"opened": opened, "what": "", **_overview(opened)}
    found = [lookup.look_up(one.run, one.views, what) for one in desk.runs]
    for one, result in zip(desk.runs, found, strict=True):
        one.log.add("trace", [lookup.kind_of(what)], len(result.places))
    if "run" not in given:
        opened = next((one for one, r in zip(desk.runs, found, strict=True) if r.places), opened)
    mine = found[opened.number]
    record, listed = None, []
    if len(mine.places) == 1:
        record = timeline(opened.run, mine.places[0], opened.views.ledger)
    elif mine.places:
        listed = _listed(opened, mine.places)
    return {
        "opened": opened,
        "what": what,
        "found": found,
        "mine": mine,
        "tried": [
            (sample.visible(form), [dict(one.tried).get(form) for one in found])
            for form, _ in mine.tried
        ],
        "record": record,
        "listed": listed,
        "command": sample.visible(lookup.command(opened.run, what)),
        "identity": compare.identity(opened.run),
        "asked_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _listed(opened: Opened, places: Sequence[Place]) -> list[dict[str, Any]]:
    """The first of some records; of a run too large for its fates, fewer, each looked up."""
    if opened.records <= MAX_RECORDS:
        known = opened.fates
        rows = lookup.rows_of(opened.run, known, places[:MAX_LISTED])
        return search.described(opened.run, known, rows, {})
    found = []
    for number, group in groupby(places[:FEW_LISTED], lambda place: place.shard):
        rows = [place.row for place in group]
        found += describe_rows(opened.run, opened.run.shards[number], rows)
    return [
        {**page, "url": sample.visible(page["url"]), "fate": page["reason"] or KEPT}
        for page in found
    ]


def _overview(opened: Opened) -> dict[str, Any]:
    """Records by group of reasons, each with its reasons, the most frequent first."""
    totals = opened.summary["totals"]
    lost = figures.lost(totals)
    groups = [
        {
            "label": group.label,
            "family": group.family,
            "count": sum(lost[group.key].values()),
            "reasons": sorted(lost[group.key].items(), key=lambda pair: (-pair[1], pair[0])),
        }
        for group in figures.GROUPS
        if lost[group.key]
    ]
    return {"groups": groups, "bar": figures.composition(totals)}


# Search


def question(given: Mapping[str, Any]) -> Question:
    """What a query looks for. ConfigError for a bound that is no number."""
    names = ("host", "domain", "language", "outcome", "reason", "signal", "text")
    words: dict[str, Any] = {name: str(given.get(name, "")) for name in names}
    if words["signal"]:
        words |= {name: _bound(given, name) for name in ("low", "high")}
    return Question(**words)


def _bound(given: Mapping[str, Any], name: str) -> float | None:
    text = str(given.get(name, ""))
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise ConfigError(name, f"{text[:40]!r} is no number")
    return value


def searching(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """Records that a question is true of, 50 at a time."""
    opened, asked = desk.chosen(given), question(given)
    values: dict[str, Any] = {
        "opened": opened,
        "languages": opened.languages(),
        "reasons": _reasons(opened),
        "outcomes": sample.OUTCOMES,
        "signals": sorted(BY_NAME),
        "asked": asked,
        "result": None,
    }
    if asked.named():
        first = server.whole(given, "from", 0, 1 << 40)
        with desk.reading:
            found = search.search(opened.run, opened.views, opened.fates, asked)
        opened.log.add("search", asked.named(), int(found.rows.size))
        rows = found.rows[first : first + PAGE_ROWS].tolist()
        values["result"] = {
            "count": int(found.rows.size),
            "first": first,
            "rows": search.described(opened.run, opened.fates, rows, found.snippets),
            "note": found.note,
            "size": PAGE_ROWS,
            "pages": turned("/search", given, first, PAGE_ROWS, int(found.rows.size)),
        }
    return values


def _reasons(opened: Opened) -> list[tuple[str, list[str]]]:
    """Reasons that the run gave, by their first part."""
    totals = opened.summary["totals"]
    names = sorted({*totals["rejected"], *totals["quarantined"]})
    parts = sorted({name.partition(".")[0] for name in names})
    return [(part, [name for name in names if name.startswith(f"{part}.")]) for part in parts]


# Sample


def sampling(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """A seeded sample, its digest and the command that draws it again."""
    opened = desk.chosen(given)
    values: dict[str, Any] = {
        "opened": opened,
        "languages": opened.languages(),
        "reasons": _reasons(opened),
        "outcomes": sample.OUTCOMES,
        "n": server.whole(given, "n", 10, MAX_SAMPLE),
        "seed": server.whole(given, "seed", 1, MAX_SEED),
        "drawn": None,
    }
    if "draw" in given:
        language, outcome, reason = (
            given.get(name) or None for name in ("language", "outcome", "reason")
        )
        with desk.reading:
            n, seed = values["n"], values["seed"]
            drawn = sample.sample(opened.run, language, outcome, reason, n, seed)
        opened.log.add("sample", ["seed", "n"], len(drawn["documents"]))
        values["drawn"] = drawn
    return values


# Personal data


def personal_data(desk: Desk, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was replaced, by kind and language, and who looked at originals."""
    opened = desk.chosen(given)
    languages = opened.summary["languages"]
    table = opened.summary["pii"]
    extracted = opened.table.get(("extract", "documents.extracted"), {})
    kinds = sorted({kind for counts in table.values() for kind in counts})
    rows: list[dict[str, Any]] = [
        {
            "language": language_name(tag),
            "documents": sum(extracted.get(tag, {}).values()),
            "counts": [table.get(tag, {}).get(kind, 0) for kind in kinds],
        }
        for tag in languages
        if extracted.get(tag)
    ]
    documents = sum(row["documents"] for row in rows)
    without = sum(not any(row["counts"]) for row in rows)
    rows = [row for row in rows if any(row["counts"])]
    rows.sort(key=lambda row: (-sum(row["counts"]), row["language"]["name"]))
    totals = [sum(row["counts"][at] for row in rows) for at in range(len(kinds))]
    return {
        "opened": opened,
        "kinds": kinds,
        "rows": rows,
        "totals": totals,
        "documents": documents,
        "without": without,
        "log": opened.log,
    }


def original(desk: Desk, _request: Request, given: Mapping[str, Any]) -> Any:
    """A record's archived bytes as text: only with `--allow-raw`, with a reason, and logged."""
    if not desk.allows_raw:
        raise HTTPException(403, NO_ORIGINALS)
    opened = desk.chosen(given)
    why, doc_id = (str(given.get(name, "")).strip() for name in ("why", "doc_id"))
    if len(why) < access.MIN_REASON:
        raise ConfigError("why", f"a reason has {access.MIN_REASON} characters or more")
    places = opened.views.find(doc_id) if DOC_ID.fullmatch(doc_id) else []
    if not places:
        raise ConfigError("doc_id", "this run has no such record")
    shard, row = places[0]
    columns = ["warc", "offset", "length"]
    record = opened.run.take(opened.run.shards[shard].records, [row], columns).to_pylist()[0]
    opened.log.add("original", ["doc_id"], 1, doc_id=doc_id, why=why)
    return archive.original(opened.run, **record)
