"""One document of a workbench session: what is known of it, and what the bounds say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from audit import judged
from audit.ledger import TAKEN as TAKEN_DOWN
from audit.runs import find_rows
from audit.sample import visible
from audit.trace import describe
from filters import domains, rules
from filters.rules import Bound
from stages import schema
from stages.errors import ConfigError

if TYPE_CHECKING:
    from audit.tuning import Session

MAX_CHARS: Final = 200_000
"""Characters of a text that are given; a page shows that it goes on."""
LANGUAGE_COLUMNS: Final = (
    *("language", "language_script", "language_score", "runner_up", "runner_up_score"),
    *("confusable_group", "top_langs"),
)
PRUNED = "documents were pruned from this run, with their texts; run again to read them"
TAKEN = "this document was taken down: its text, address and signals are gone"


def located(session: Session, doc_id: str) -> tuple[int, int] | None:
    """Shard of a document of the session's language, and its row in it; None if it is none."""
    (row,) = session.view.rows([doc_id])
    if row is not None:
        return session.view.place(row)
    if session.is_whole:
        return None
    for place in session.views.find(doc_id):
        table = session.run.read(session.run.shards[place.shard].decisions, ["doc_id", "tag"])
        (at,) = find_rows(table.column("doc_id"), [doc_id])
        if at is not None and table.column("tag")[at].as_py() == session.tag:
            return place.shard, at
    return None


def values(session: Session, doc_id: str) -> tuple[NDArray[np.float32], bool] | None:
    """A document's value for each rule, and whether another step removed it; None if unknown."""
    (row,) = session.view.rows([doc_id])
    if row is not None:
        found = np.array([column[row] for column in session.population.values], np.float32)
        return found, bool(session.population.removed[row])
    place = located(session, doc_id)
    if place is None:
        return None
    number, at = place
    for shard, first, table in judged.decided(session.run, session.tag, judged.DECIDED):
        if shard == number:
            part = judged.part(session.run, session.tag, session.view.names, (shard, first, table))
            own = np.array([column[at - first] for column in part.values], np.float32)
            return own, bool(part.removed[at - first])
    return None


def url(session: Session, doc_id: str) -> str | None:
    """A document's stored address, made visible."""
    place = located(session, doc_id)
    if place is None:
        return None
    found = describe(session.run, session.run.shards[place[0]], [doc_id])
    return visible(found[0]["url"]) if found else None


def page(session: Session, doc_id: str, moved: Mapping[str, Bound]) -> dict[str, Any]:
    """See `Session.page`."""
    place = located(session, doc_id)
    if place is None:
        hint = f"weir trace {session.run.path} {doc_id[:32]}"
        raise ConfigError("page", f"no document {doc_id[:40]!r} in {session.tag}", hint)
    shard = session.run.shards[place[0]]
    (known,) = describe(session.run, shard, [doc_id], MAX_CHARS + 1)
    text = known["excerpt"]
    languages = _languages(session, place)
    signals = _signals(session, known["signals"], moved, known["listed"])
    return {
        "doc_id": doc_id,
        "url": visible(known["url"]),
        "date": known["date"],
        "title": None if known["title"] is None else visible(known["title"]),
        "text": None if text is None else visible(text[:MAX_CHARS]),
        "text_why_not": _why_not(known),
        "is_cut": text is not None and len(text) > MAX_CHARS,
        "characters": known["n_chars"],
        "words": known["n_words"],
        **languages,
        "tag": session.tag,
        "signals": signals,
        "outcome": known["outcome"],
        "reason": known["reason"],
        "meaning": known["meaning"],
        "verdict": _verdict(session, doc_id, moved),
        "failed": [one["name"] for one in signals if one["failed"]],
        "pii_counts": known["pii_counts"],
        "cluster": {
            name: known[name]
            for name in ("cluster_id", "cluster_size", "keeper_id", "similarity", "method")
        },
        "listed": known["listed"],
    }


def _why_not(known: Mapping[str, Any]) -> str | None:
    """Why there is no text, in words."""
    if known["reason"] == TAKEN_DOWN:
        return TAKEN
    return PRUNED if known["excerpt"] is None else None


def _languages(session: Session, place: tuple[int, int]) -> dict[str, Any]:
    number, row = place
    output = session.run.shards[number].documents
    if output.path in session.run.pruned and not session.run.is_there(output):
        return dict.fromkeys(LANGUAGE_COLUMNS)
    found: dict[str, Any] = session.run.take(output, [row], LANGUAGE_COLUMNS).to_pylist()[0]
    return found


def _signals(
    session: Session, found: Mapping[str, float | None], moved: Mapping[str, Bound], listed: Any
) -> list[dict[str, Any]]:
    """Every rule's value with the bounds that now hold; rules that the document is exempt from."""
    exempt = judged.spared(session.run, session.tag) if listed == domains.ALLOW else ()
    made = []
    for name in session.view.names:
        bound = moved.get(name, session.bounds.get(name, Bound(name)))
        value = found.get(name)
        low, high = rules.limits(session.tag, name, bound)
        own = np.array([np.nan if value is None or name in exempt else value], np.float32)
        made.append(
            {
                "name": name,
                "value": value,
                "min": bound.min,
                "max": bound.max,
                "failed": bool(rules.fails(own, np.float32(low), np.float32(high))[0]),
                "is_exempt": name in exempt,
            }
        )
    return made


def _verdict(session: Session, doc_id: str, moved: Mapping[str, Bound]) -> str:
    known = values(session, doc_id)
    low, high = session.population.limits(moved)
    is_out = known is None or known[1] or bool(rules.fails(known[0], low, high).any())
    return schema.REJECT if is_out else schema.KEEP
