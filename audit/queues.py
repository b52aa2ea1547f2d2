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
from audit.sample import mixed
from filters import rules
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
SOME: Final = 100_000
"""Documents from which bins are chosen."""


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
            f"no document in {session.tag} has a {SCORE}",
            "configure a quality model: see docs/quality.md",
        )
    if asked.kind in ("host", "search") and session.view.host is None:
        raise ConfigError("queue", PRUNED, "run again to have them")
    return None if asked.name is None else session.view.names.index(asked.name)


def chosen(
    session: Session, standing: Standing, asked: Asked, at: int | None
) -> list[dict[str, Any]]:
    """The documents, in order; see `Session.queue`."""
    if asked.kind == "margin" and at is not None:
        rows, total = _nearest(session, _distances(standing, at), asked), None
    elif asked.kind == "flips":
        rows, total = _nearest(session, _flip_distances(standing), asked), None
    elif asked.kind == "search":
        rows, total = _searched(session, asked), None
    elif asked.kind == "disagreement":
        rows, total = _disagreeing(session, standing, asked), None
    else:
        rows, total = _random(session, _candidates(session, standing, asked, at), asked)
    return _items(session, standing, rows, asked, at, total)


def _candidates(
    session: Session, standing: Standing, asked: Asked, at: int | None
) -> NDArray[np.int64]:
    """Rows of those among which chance decides."""
    removed = session.population.removed
    if asked.kind == "only":
        return np.flatnonzero((standing.masks == np.uint64(1) << np.uint64(at or 0)) & ~removed)
    if asked.kind == "random_kept":
        return np.flatnonzero(standing.kept())
    if asked.kind == "random_dropped":
        return np.flatnonzero((standing.masks != 0) & ~removed)
    if asked.kind == "host" and session.view.host is not None:
        return np.flatnonzero(session.view.host == host_key((asked.host or "").lower().rstrip(".")))
    return np.arange(session.documents)


def _random(
    session: Session, rows: NDArray[np.int64], asked: Asked
) -> tuple[NDArray[np.int64], float]:
    """Some rows by smallest sample key, and with what probability each of them is among them."""
    keys = mixed(session.view.columns["head"][rows], asked.seed)
    skipped = _rows(session, asked.skip)
    wanted = min(rows.size, asked.n + skipped.size)
    near = np.argpartition(keys, wanted - 1)[:wanted] if wanted < rows.size else np.arange(wanted)
    near = near[np.argsort(keys[near], kind="stable")]
    found = rows[near]
    found = found[~np.isin(found, skipped)][: asked.n]
    among = int(np.isin(rows, skipped).sum()) if skipped.size else 0
    return found, min(1.0, (found.size + among) / rows.size) if rows.size else 1.0


def _nearest(session: Session, distances: NDArray[np.float32], asked: Asked) -> NDArray[np.int64]:
    """Rows of the smallest finite distances, ascending; of equal ones those of smaller keys."""
    distances[_rows(session, asked.skip)] = np.inf
    wanted = min(asked.n, distances.size)
    limit = np.partition(distances, wanted - 1)[wanted - 1] if wanted else np.float32(0)
    rows = np.flatnonzero((distances <= limit) & np.isfinite(distances))
    keys = mixed(session.view.columns["head"][rows], asked.seed)
    return rows[np.lexsort((keys, distances[rows]))][: asked.n]


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


def _flip_distances(standing: Standing) -> NDArray[np.float32]:
    """How far documents of another outcome lie from the bounds that moved over them; else inf.

    In parts of the bound, so that rules of different units compare; of several rules the farthest.
    """
    people = standing.population
    rows = np.flatnonzero(standing.kept() != ((people.masks == 0) & ~people.removed))
    beyond = np.zeros(rows.size, np.float32)
    is_moved = (standing.low != people.low) | (standing.high != people.high)
    for at in np.flatnonzero(is_moved).tolist():
        values = people.values[at][rows]
        old, new = ((one.low[at], one.high[at]) for one in (people, standing))
        crossed = rules.fails(values, *old) != rules.fails(values, *new)
        ends = [end for end in (new if np.isfinite(new).any() else old) if np.isfinite(end)]
        away = [np.abs(values - end) / max(abs(end), np.float32(1e-6)) for end in ends]
        beyond = np.where(crossed, np.fmax(beyond, np.minimum.reduce(away)), beyond)
    found = np.full(standing.masks.size, np.inf, np.float32)
    found[rows] = beyond
    return found


def _disagreeing(session: Session, standing: Standing, asked: Asked) -> NDArray[np.int64]:
    """By turns the best of what the rules reject, and the worst of what they keep."""
    score = session.view.values[SCORE]
    rejected = (standing.masks != 0) & ~session.population.removed
    sides = [
        _nearest(session, np.where(mine & ~np.isnan(score), away, np.float32(np.inf)), asked)
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
    asked: Asked,
    at: int | None,
    probability: float | None,
) -> list[dict[str, Any]]:
    kept = standing.kept()[rows]
    values = None if at is None else session.population.values[at][rows]
    found = []
    for place, doc_id in enumerate(session.view.doc_ids(rows)):
        value = None if values is None or np.isnan(values[place]) else float(values[place])
        found.append(
            {
                "doc_id": doc_id,
                "value": value,
                "distance": None if at is None else _distance(standing, at, value),
                "inclusion_probability": 1.0 if probability is None else probability,
                "outcome": schema.KEEP if kept[place] else schema.REJECT,
            }
        )
    return found


def _distance(standing: Standing, at: int, value: float | None) -> float | None:
    ends = (float(standing.low[at]), float(standing.high[at]))
    away = [abs(value - end) for end in ends if value is not None and np.isfinite(end)]
    return min(away, default=None)


# Along one signal


def edges(
    values: NDArray[np.float32], known: Sequence[np.float32], bins: int
) -> NDArray[np.float32]:
    """Ends of at most so many bins, ascending; every value lies within the first and the last.

    Half are even steps and half quantiles of a random sample, or every value that occurs there
    where they are few; `known` are among them where they lie within.
    """
    some = values[:SOME]
    some = some[~np.isnan(some)]
    lowest, highest = _range(values)
    made = np.unique(some)
    if made.size > bins - len(known) - 2:
        half = bins // 2 - len(known) - 2
        low, high = np.quantile(some, (0.001, 0.999)).tolist()
        steps = np.linspace(low, high, half, dtype=np.float32)
        made = np.concatenate([steps, np.quantile(some, np.linspace(0, 1, half), method="nearest")])
    last = np.nextafter(highest, np.float32(np.inf))
    made = np.unique(np.concatenate([made, np.array([lowest, *known], np.float32)]))
    return np.append(made[(made >= lowest) & (made < last)], last).astype(np.float32)


def _range(values: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    with np.errstate(all="ignore"):
        ends = np.fmin.reduce(values, initial=np.inf), np.fmax.reduce(values, initial=-np.inf)
    return (np.float32(0), np.float32(0)) if ends[0] > ends[1] else ends


def binned(
    standing: Standing, at: int, found: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums by bin, and of nulls last: of all documents, and of those only this rule may reject."""
    from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

    people, bins = standing.population, found.size - 1
    padded = np.full((1 << max(0, bins - 1).bit_length()) + 1, np.inf, np.float32)
    padded[:-1][:bins] = found[:-1]

    def part(rows: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        every, rest = (np.zeros((padded.size, len(people.measures)), np.int64) for _ in range(2))
        whatif_loops.binned(
            people.values[at][rows],
            padded,
            np.uint64(1) << np.uint64(at),
            standing.masks[rows],
            people.removed[rows],
            people.weights[rows],
            every,
            rest,
        )
        return every, rest

    parts = in_parts(part, standing.masks.size, people.threads)
    sums = (np.add.reduce([one[side] for one in parts]) for side in (0, 1))
    every, rest = (np.concatenate([one[:bins], one[-1:]]) for one in sums)
    return every, rest
