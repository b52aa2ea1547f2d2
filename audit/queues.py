"""Which documents a linguist is shown: nearest a bound, rejected by one rule alone, at random ...

Functions over the arrays of a `tuning.Session` and its bounds as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.places import host_key
from audit.sample import stride
from filters import rules
from filters.text import mix
from filters.whatif import Standing, in_parts
from stages import schema
from stages.errors import ConfigError

if TYPE_CHECKING:
    from audit.tuning import Session

KINDS: Final[dict[str, str]] = {
    "margin": "nearest the bounds of a rule, passing every other one",
    "only": "rejected by one rule alone, in random order",
    "random_kept": "kept, in random order",
    "random_dropped": "rejected, in random order",
    "disagreement": "rejected with the highest quality score, or kept with the lowest",
    "flips": "of another outcome than in the run, nearest the bound first",
    "host": "of one host, in random order",
    "search": "with some words in their text, as far as is looked",
}
OF_RULE = ("margin", "only")
"""Kinds that ask about one rule."""
MAX_N = 1000
PRUNED = "documents were pruned from this run, with their addresses and texts"
SCORE = "quality_score"
SEARCHED: Final = 20_000
"""Documents whose text is looked through for one search, at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for documents."""

    kind: str
    name: str | None
    n: int
    seed: int
    skip: tuple[str, ...]
    host: str | None
    text: str | None


def check(session: Session, asked: Asked) -> int | None:
    """Number of the rule that is asked about, if any. ConfigError for a question without sense."""
    if asked.kind not in KINDS:
        raise ConfigError("queue", f"unknown kind {asked.kind!r}", f"one of {', '.join(KINDS)}")
    if not 1 <= asked.n <= MAX_N:
        raise ConfigError("queue", f"n={asked.n} is not between 1 and {MAX_N}")
    if asked.kind in OF_RULE and asked.name is None:
        raise ConfigError("queue", f"{asked.kind} needs the name of a rule")
    if asked.name is not None and asked.name not in session.view.names:
        raise ConfigError("queue", f"unknown rule {asked.name!r}")
    if asked.kind == "host" and not asked.host:
        raise ConfigError("queue", "host needs the name of one", "for example host=www.example.fi")
    if asked.kind == "search" and not (asked.text or "").strip():
        raise ConfigError("queue", "search needs some words")
    if asked.kind == "disagreement" and not session.view.measured.get(SCORE):
        raise ConfigError(
            "queue",
            f"no label contradicts the bounds, and no document in {session.tag} has a {SCORE}",
            "label some pages, or configure a quality model: see docs/quality.md",
        )
    if asked.kind in ("host", "search") and session.view.host is None:
        raise ConfigError("queue", PRUNED, "run again to have them")
    return None if asked.name is None else session.view.names.index(asked.name)


def chosen(
    session: Session, standing: Standing, asked: Asked, at: int | None
) -> list[dict[str, Any]]:
    """The documents, in order; see `Session.queue`."""
    skipped, among = _rows(session, asked.skip), 1
    if asked.kind == "search":
        rows = _searched(session, asked)
    elif asked.kind == "disagreement":
        rows = _disagreeing(session, standing, asked, skipped)
    elif asked.kind == "margin" and at is not None:
        rows = _first(session, _distances(standing, at), asked, skipped)
    elif asked.kind == "flips":
        flipped, away = _flips(standing)
        rows = flipped[
            _first(session, away, asked, np.flatnonzero(np.isin(flipped, skipped)), flipped)
        ]
    else:
        candidates = _candidates(session, standing, asked, at)
        away = np.where(candidates, np.float32(0), np.float32(np.inf))
        rows = _first(session, away, asked, skipped)
        among = max(1, int(np.count_nonzero(candidates)))
        probability = (rows.size + int(np.count_nonzero(candidates[skipped]))) / among
        return _items(session, standing, rows, (asked, at, min(1.0, probability)))
    return _items(session, standing, rows, (asked, at, 1.0))


def _candidates(
    session: Session, standing: Standing, asked: Asked, at: int | None
) -> NDArray[np.bool_]:
    """Those among which chance decides."""
    removed = session.population.removed
    found: NDArray[np.bool_]
    if asked.kind == "only":
        found = (standing.masks == np.uint64(1) << np.uint64(at or 0)) & ~removed
    elif asked.kind == "random_kept":
        found = standing.kept()
    elif asked.kind == "random_dropped" or session.view.host is None:
        found = (standing.masks != 0) & ~removed
    else:
        found = session.view.host == host_key((asked.host or "").lower().rstrip("."))
    return found


def _first(
    session: Session,
    distances: NDArray[np.float32],
    asked: Asked,
    skipped: NDArray[np.int64],
    rows: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Places of the smallest finite distances, ascending; of equal ones those of smaller keys.

    `rows` says which documents they are of, if not of all.
    """
    from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

    distances[skipped] = np.inf
    heads, own = session.view.columns["head"], stride(asked.seed)
    heads = heads if rows is None else heads[rows]
    found = in_parts(
        lambda part: whatif_loops.first(distances[part], heads[part], own, asked.n) + part.start,
        distances.size,
        session.population.threads,
    )
    every = np.concatenate(found)
    return every[np.lexsort((mix(heads[every] + own), distances[every]))][: asked.n]


def _rows(session: Session, doc_ids: Sequence[str]) -> NDArray[np.int64]:
    return np.array([row for row in session.view.rows(doc_ids) if row is not None], np.int64)


def _distances(standing: Standing, at: int) -> NDArray[np.float32]:
    """Distance of each document from a rule's nearer bound, where no other decides; else inf."""
    from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

    people = standing.population
    found = np.empty(standing.masks.size, np.float32)

    def part(rows: slice) -> None:
        whatif_loops.distances(
            people.values[at][rows],
            standing.low[at],
            standing.high[at],
            np.uint64(1) << np.uint64(at),
            standing.masks[rows],
            people.removed[rows],
            found[rows],
        )

    in_parts(part, found.size, people.threads)
    return found


def _flips(standing: Standing) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Documents of another outcome than in the run, and how far from the bounds that moved over.

    In parts of the bound, so that rules of different units compare; of several rules the farthest.
    """
    people = standing.population
    rows = np.flatnonzero(((standing.masks == 0) != (people.masks == 0)) & ~people.removed)
    beyond = np.zeros(rows.size, np.float32)
    is_moved = (standing.low != people.low) | (standing.high != people.high)
    for at in np.flatnonzero(is_moved).tolist():
        values = people.values[at][rows]
        old, new = ((one.low[at], one.high[at]) for one in (people, standing))
        crossed = rules.fails(values, *old) != rules.fails(values, *new)
        ends = [end for end in (new if np.isfinite(new).any() else old) if np.isfinite(end)]
        away = [np.abs(values - end) / max(abs(end), np.float32(1e-6)) for end in ends]
        beyond = np.where(crossed, np.fmax(beyond, np.minimum.reduce(away)), beyond)
    return rows, beyond


def _disagreeing(
    session: Session, standing: Standing, asked: Asked, skipped: NDArray[np.int64]
) -> NDArray[np.int64]:
    """By turns the best of what the rules reject, and the worst of what they keep."""
    score = session.view.values[SCORE]
    rejected = (standing.masks != 0) & ~session.population.removed
    sides = [
        _first(session, np.where(mine & ~np.isnan(score), away, np.float32(np.inf)), asked, skipped)
        for mine, away in ((rejected, 1 - score), (standing.kept(), score))
    ]
    turns = zip(*(_padded(one, asked.n) for one in sides), strict=True)
    rows = [row for pair in turns for row in pair if row >= 0]
    return np.array(rows[: asked.n], np.int64)


def _searched(session: Session, asked: Asked) -> NDArray[np.int64]:
    """Documents that hold the words, whatever their case, in the order of the shards."""
    skipped, found, seen = _rows(session, asked.skip), list[int](), 0
    for shard in session.run.shards:
        if len(found) >= asked.n or seen >= SEARCHED:
            break
        if any(of == session.tag for of, _ in shard.documents.groups):
            table = session.run.read_tag(shard.documents, session.tag, ["doc_id", "text"])
            seen += table.num_rows
            has = pc.match_substring(table.column("text"), asked.text or "", ignore_case=True)
            rows = _rows(session, table.column("doc_id").filter(has).to_pylist())
            found += rows[~np.isin(rows, skipped)].tolist()
    return np.array(found[: asked.n], np.int64)


def _padded(rows: NDArray[np.int64], n: int) -> list[int]:
    return [*rows.tolist(), *[-1] * (n - rows.size)]


def _items(
    session: Session,
    standing: Standing,
    rows: NDArray[np.int64],
    question: tuple[Asked, int | None, float],
) -> list[dict[str, Any]]:
    _, at, probability = question
    kept = (standing.masks[rows] == 0) & ~session.population.removed[rows]
    values = None if at is None else session.population.values[at][rows]
    found = []
    for place, doc_id in enumerate(session.view.doc_ids(rows)):
        value = None if values is None or np.isnan(values[place]) else float(values[place])
        found.append(
            {
                "doc_id": doc_id,
                "value": value,
                "distance": None if at is None else _distance(standing, at, value),
                "inclusion_probability": probability,
                "outcome": schema.KEEP if kept[place] else schema.REJECT,
            }
        )
    return found


def _distance(standing: Standing, at: int, value: float | None) -> float | None:
    ends = (float(standing.low[at]), float(standing.high[at]))
    away = [abs(value - end) for end in ends if value is not None and np.isfinite(end)]
    return min(away, default=None)
