"""What another threshold would do to one language, from what a finished run has stored."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit import exports, judged, moves, packs, saving
from audit.runs import Run
from audit.sample import EXCERPT_CHARS, Chosen, pages, sample_keys
from filters import rules
from filters.catalog import PEER
from filters.rules import Bound
from filters.whatif import Change, Population, Tally
from pipeline import shards
from stages.errors import ConfigError

PRUNED = "documents were pruned from this run: counts are in documents only, without excerpts"

MIN_SOURCE = 10
"""Shortest source that the configuration takes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One language of a run: its documents under the run's rules, and where each of them lies."""

    population: Population
    bounds: Mapping[str, Bound]
    values: Mapping[str, NDArray[np.float32]]
    places: tuple[tuple[int, int, int], ...]
    """(number of the shard, first row in it, number of the first document) in order."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try, and how many of the pages that flip are shown each way."""

    tag: str
    settings: tuple[str, ...] = ()
    n: int = 20
    seed: int = 7
    with_text: bool = False


def tune(
    run: Run, trial: Trial, path: Path | None = None, source: str | None = None
) -> dict[str, Any]:
    """Keep-rates, effect of each rule and flips before and after some settings (see `moves.parse`).

    Pages that flip are chosen by smallest hash of seed and doc_id. `yaml` is the language pack that
    says the new thresholds; with a path, that file is written or revised, and `difference` shows
    how. ConfigError for a language that has no document, settings that make no sense, a rule on a
    signal that the run has not measured, and a file that cannot hold the thresholds; IntegrityError
    if the stored decisions do not follow from the run's rules.
    """
    peers = tuple(f"{PEER}{name}" for name in run.settings.datatrove)
    moved = moves.parse(trial.settings, trial.tag, run.bounds(trial.tag), peers)
    stored = load(run, trial.tag, moved)
    if moved:
        change = stored.population.moved(moved)
    else:
        none, now = np.zeros(0, np.int64), stored.population.tallies()
        change = Change(now, now, none, none)
    before = {name: stored.bounds.get(name, Bound(name)) for name in moved}
    return {
        "run": str(run.path),
        "language": trial.tag,
        "moves": [
            {"rule": name, "before": _sides(before[name]), "after": _sides(moved[name])}
            for name in moved
        ],
        "assumption": judged.ASSUMPTION,
        "measures": {
            name: {
                "total": change.before[name].total,
                "before": _kept(change.before[name]),
                "after": _kept(change.after[name]),
            }
            for name in change.before
        },
        "rules": _effects(stored, change, moved),
        "flips": {
            "lost": change.lost.size,
            "gained": change.gained.size,
            "seed": trial.seed,
            "documents": [
                *_flips(run, stored, change.lost, (before, moved), trial),
                *_flips(run, stored, change.gained, (moved, before), trial),
            ],
        },
        "notes": [
            *([PRUNED] if judged.is_pruned(run) else []),
            *(_undeclared(name) for name in moved if name not in run.rules),
        ],
        "command": _command(run, trial),
        **_written(run, trial, (moved, change), path, source),
    }


def _undeclared(name: str) -> str:
    return (
        f"{name} is no rule of this run; declare it for every language before a pack names it, "
        f"for example with --set language.rules.{name}=null"
    )


def _command(run: Run, trial: Trial) -> str:
    """The command that shows the same."""
    given = [word for setting in trial.settings for word in ("--set", setting)]
    shown = ["--n", str(trial.n), "--seed", str(trial.seed)]
    words = ["weir", "tune", str(run.path), "--language", trial.tag, *given, *shown]
    return shlex.join(words)


def _written(
    run: Run,
    trial: Trial,
    made: tuple[Mapping[str, Bound], Change],
    path: Path | None,
    source: str | None,
) -> dict[str, Any]:
    """The thresholds as YAML, and what writing them changed."""
    moved, change = made
    if not moved:
        if path is not None:
            raise ConfigError("--write", "there is nothing to write", "name a --set RULE=VALUE")
        return {"yaml": "", "difference": "", "written": None}
    if source is None:
        rates = [side["documents"] for side in (change.before, change.after)]
        source = saving.source(run, rates[0].total, *(one.kept / one.total for one in rates))
    elif len(source) < MIN_SOURCE:
        raise ConfigError("--source", "says nothing", f"at least {MIN_SOURCE} characters")
    base = run.bounds("base")
    text = packs.fragment(trial.tag, moved, base, source)
    if path is None:
        return {"yaml": text, "difference": "", "written": None}
    old, new = packs.revised(path, trial.tag, moved, base, source)
    exports.write("--write", path, new.encode())
    shown = packs.difference(path, old, new)
    return {"yaml": text, "difference": shown, "written": str(path)}


def load(run: Run, tag: str, more: Mapping[str, Bound]) -> Stored:
    """The stored signals of a language; `more` names rules that the run need not have had.

    Memory: 4 bytes a document and rule, 4 a measure, and one shard's columns.
    """
    order = judged.order(run, tuple(more))
    parts = list(judged.parts(run, tag, order))
    sizes = [one.masks.size for one in parts]
    values = {
        name: np.concatenate([one.values[at] for one in parts]) for at, name in enumerate(order)
    }
    for name in more:
        if np.isnan(values[name]).all():
            raise ConfigError(
                "--set",
                f"{name} was not measured: it is null in all {sum(sizes):,} documents in {tag}",
                f"`weir config explain {name}` says what it needs",
            )
    facts = [one.facts for one in parts if one.facts is not None]
    weights = shards.weights(pa.concat_tables(facts), judged.MEASURES) if facts else {}
    population = Population(
        judged.compiled(run, tag, order),
        tag,
        list(values.values()),
        weights,
        np.concatenate([one.removed for one in parts]),
        masks=np.concatenate([one.masks for one in parts]),
    )
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).tolist()
    places = tuple((one.number, one.first, at) for one, at in zip(parts, firsts, strict=True))
    bounds = {name: bound for name, bound in run.bounds(tag).items() if name in order}
    return Stored(population, bounds, values, places)


def _sizes(places: Sequence[tuple[int, int, int]], count: int) -> list[int]:
    """Documents of each place."""
    firsts = [first for _, _, first in places]
    return [end - first for first, end in zip(firsts, [*firsts[1:], count], strict=True)]


def _sides(bound: Bound) -> dict[str, float | None]:
    return {"min": bound.min, "max": bound.max}


def _kept(tally: Tally) -> dict[str, Any]:
    rate = tally.kept / tally.total if tally.total else None
    return {"passed": tally.passed, "kept": tally.kept, "keep_rate": rate}


def _effects(
    stored: Stored, change: Change, moved: Mapping[str, Bound]
) -> list[dict[str, dict[str, Any] | str]]:
    """First, any and only of each rule that touches something, or moves, in every measure."""
    found: list[dict[str, dict[str, Any] | str]] = []
    for at, name in enumerate(stored.population.rules):
        sides = [
            {measure: tally.touched(at) for measure, tally in side.items()}
            for side in (change.before, change.after)
        ]
        if name in moved or any(side["documents"]["any"] for side in sides):
            found.append({"rule": name, "before": sides[0], "after": sides[1]})
    return found


def _flips(
    run: Run,
    stored: Stored,
    rows: NDArray[np.int64],
    sides: tuple[Mapping[str, Bound], Mapping[str, Bound]],
    trial: Trial,
) -> list[dict[str, Any]]:
    """Some documents that flip, with what passes under the first bounds and fails the second."""
    entries: list[tuple[int, str, int, int]] = []
    sizes = _sizes(stored.places, stored.population.masks.size)
    for (number, start, first), size in zip(stored.places, sizes, strict=True):
        mine = rows[(rows >= first) & (rows < first + size)]
        if not mine.size:
            continue
        column = run.read(run.shards[number].decisions, ["doc_id"]).column("doc_id")
        ids = column.take(pa.array(mine - first + start))
        keys = sample_keys(ids, trial.seed).tolist()
        more = zip(keys, ids.to_pylist(), mine.tolist(), strict=True)
        entries = sorted([*entries, *((key, one, number, row) for key, one, row in more)])
        entries = entries[: trial.n]
    wanted: list[Chosen] = [entry[:3] for entry in entries]
    row_of = {doc_id: row for _, doc_id, _, row in entries}
    passing, failing = sides
    found = []
    for page in pages(run, wanted, EXCERPT_CHARS if trial.with_text else 0):
        is_lost = page["outcome"] == "keep"
        made = {
            "doc_id": page["doc_id"],
            "url": page["url"],
            "from": "keep" if is_lost else "reject",
            "to": "reject" if is_lost else "keep",
            "because": _because(stored, row_of[page["doc_id"]], passing, failing),
        }
        found.append({**made, "excerpt": page["excerpt"]} if trial.with_text else made)
    return found


def _because(
    stored: Stored, row: int, passing: Mapping[str, Bound], failing: Mapping[str, Bound]
) -> list[dict[str, Any]]:
    """Rules whose bounds the document breaks on one side of the move and not on the other."""
    found = []
    tag = stored.population.tag
    for name, bound in failing.items():
        value = stored.values[name][row : row + 1]
        broken, kept_to = (
            bool(rules.fails(value, *map(np.float32, rules.limits(tag, name, one)))[0])
            for one in (bound, passing[name])
        )
        if broken and not kept_to:
            found.append({"rule": name, "value": float(value[0]), **_sides(bound)})
    return found
