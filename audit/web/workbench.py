"""The tuning workbench's routes: a language's thresholds, its pages and their labels."""

import shlex
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from audit import judged, labels, phrases, saving, stats
from audit.queues import KINDS
from audit.sample import visible
from audit.tuning import Session
from audit.web import reading, server
from audit.web.bench import RANDOM, Bench
from filters.rules import Bound
from langid import tags
from stages.errors import ConfigError

NAME = "Workbench"
DECIDED = ("rule", "dedup", "list", "takedown")
"""First parts of the reasons that documents have, and records that never became one have not."""

EVERY_LANGUAGE: Final = sorted(
    ({"tag": tag, "name": known.name} for tag, known in tags.BY_TAG.items()),
    key=lambda one: (one["name"], one["tag"]),
)
"""What a page in the wrong language may be written in."""

Given = Mapping[str, Any]
Moved = Mapping[str, Bound]
Work = Callable[[Bench, Session, Moved, Given], Any]


def routes(bench: Bench, tag: str) -> list[BaseRoute]:
    """What the workbench answers; `tag` is the language that it opens first."""
    home = partial(_home, bench, tag)
    return [
        Route("/favicon.ico", lambda _: Response(status_code=204)),
        server.api("/", home),
        server.api("/api/alive", lambda _request, _given: {"ok": True}),
        server.api("/api/open", lambda _, given: _open(bench, str(given.get("lang", "")))),
        server.api("/api/shares", lambda _, given: _share(bench, given)),
        *(server.api(f"/api/{name}", _of(bench, work)) for name, work in READING.items()),
        *(server.api(f"/api/{name}", _of(bench, work), "POST") for name, work in WRITING.items()),
    ]


def _of(bench: Bench, work: Work) -> server.Work:
    """Work on the open language that a request names, under the bounds that it names."""

    def answer(_: Request, given: Given) -> Any:
        session = bench.session(str(given.get("lang", "")))
        return work(bench, session, bench.moved(session, given), given)

    return answer


def _home(bench: Bench, tag: str, request: Request, _: Given) -> Response:
    names = [phrases.language_name(one) for one in bench.views.tags]
    return server.page(
        request,
        "workbench.html.j2",
        run=visible(bench.run.name),
        snapshot=visible(bench.run.snapshot),
        languages=sorted(names, key=lambda one: one["name"]),
        tag=tag,
        assumption=f"{judged.ASSUMPTION[:1].upper()}{judged.ASSUMPTION[1:]}.",
    )


def _counts(_: Bench, session: Session, moved: Moved, _given: Given) -> dict[str, Any]:
    return session.counts(moved)


def _curve(_: Bench, session: Session, moved: Moved, given: Given) -> dict[str, Any]:
    return session.curve(str(given.get("name")), moved)


def _queue(bench: Bench, session: Session, moved: Moved, given: Given) -> list[dict[str, Any]]:
    kind = server.choice(given, "kind", [RANDOM, *KINDS], RANDOM)
    asked = {name: str(given[name]) for name in ("name", "host", "text") if given.get(name)}
    n = server.whole(given, "n", 40, 200)
    return bench.queue(session, kind, moved, n=n, **asked)


def _page(_: Bench, session: Session, _moved: Moved, given: Given) -> dict[str, Any]:
    found = session.page(str(given.get("doc", "")), {})
    code = phrases.language_name(session.tag)["code"]
    sought = str(given.get("text", ""))[:200]
    return reading.page(found, code, whole=server.flag(given, "whole"), sought=sought)


def _verdict(_: Bench, session: Session, moved: Moved, given: Given) -> dict[str, Any]:
    return reading.verdict(session.page(str(given.get("doc", "")), moved))


def _quality(bench: Bench, session: Session, moved: Moved, _: Given) -> dict[str, Any]:
    return bench.quality(session, moved)


def _proposal(bench: Bench, session: Session, moved: Moved, _: Given) -> dict[str, Any]:
    proposed, note = bench.proposal(session, moved)
    return {**saving.shown(bench.run, proposed), "note": note}


def _label(bench: Bench, session: Session, _: Moved, given: Given) -> dict[str, str]:
    return {"id": bench.label(session, given).id}


def _undo(bench: Bench, session: Session, _: Moved, given: Given) -> dict[str, bool]:
    label_id = str(given.get("id", ""))
    bench.labels(session.tag).retract(label_id, bench.options.annotator)
    return {"ok": True}


def _save(bench: Bench, session: Session, moved: Moved, given: Given) -> dict[str, Any]:
    try:
        made = bench.save(session, moved, given)
    except saving.ChangedError as error:
        raise HTTPException(409, str(error)) from None
    words = ["weir", "run", "CONFIG", "--reuse", str(bench.run.path), "--output", "NEW"]
    return {**made, "command": shlex.join(words)}


READING: Final[Mapping[str, Work]] = {
    "counts": _counts,
    "curve": _curve,
    "queue": _queue,
    "page": _page,
    "verdict": _verdict,
    "quality": _quality,
    "proposal": _proposal,
}
WRITING: Final[Mapping[str, Work]] = {"label": _label, "undo": _undo, "save": _save}


def _open(bench: Bench, tag: str) -> dict[str, Any]:
    """Whether a language can be tuned yet, and all that the page shows before anything moves."""
    found = {**bench.progress(tag), **phrases.language_name(tag)}
    return found if found["state"] == "loading" else {**found, **_opened(bench, tag)}


def _opened(bench: Bench, tag: str) -> dict[str, Any]:
    """What the page needs to know of a language before anything moves."""
    session, file = bench.session(tag), bench.labels(tag)
    warnings = [*bench.views.warnings, *file.warnings]
    if session.unknown:
        warnings.append(
            f"{len(session.unknown)} pinned pages are not of this language, or not of this run"
        )
    if any(pin.url_key for pin in bench.options.pins):
        warnings.append("pages that are pinned by url_key are not watched: pin them by doc_id")
    if not any(session.view.measured.values()):
        raise ConfigError(
            str(bench.run.path),
            "this run has no signals to tune",
            f"make them with: weir run CONFIG --output {bench.run.path}",
        )
    return {
        "tag": tag,
        "run_digest": bench.run.digest,
        "documents": session.documents,
        "total": session.total,
        "is_whole": session.is_whole,
        "rules": session.rules,
        "languages": [phrases.language_name(one) for one in bench.views.tags],
        "every_language": EVERY_LANGUAGE,
        "annotator": bench.options.annotator,
        "read_only": file.is_read_only,
        "read_only_files": bench.options.read_only,
        "reasons": [{"key": key, "label": label} for key, label in labels.REASONS.items()],
        "warnings": warnings,
    }


def _share(bench: Bench, given: Given) -> dict[str, Any]:
    """Share of a language's documents that fail a rule; null where it has no such rule."""
    tag, name = str(given.get("lang", "")), str(given.get("name", ""))
    table = stats.counts(bench.run)
    account = stats.summarise(table)["languages"].get(tag)
    bound = bench.run.bounds(tag).get(name)
    share = None
    if account and bound is not None and (bound.min is not None or bound.max is not None):
        rejected = account["rejected"].items()
        documents = account["kept"] + sum(
            count for reason, count in rejected if reason.partition(".")[0] in DECIDED
        )
        failing = table["decide", "documents.rule.any"].get(tag, {}).get(name, 0)
        share = failing / documents if documents else None
    return {"name": phrases.language_name(tag)["name"], "share": share}
