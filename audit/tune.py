"""What another threshold would do to one language, from what a finished run has stored.

Rules are the compiled ones that the run was judged by; their masks over the stored signals must be
those in the run's decisions, or nothing is answered.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit import exports, moves, packs, saving
from audit.ledger import TAKEN
from audit.runs import Run
from audit.sample import EXCERPT_CHARS, Chosen, pages, rank
from filters import domains, rules
from filters.catalog import PEER
from filters.rules import Bound
from filters.whatif import Change, Population, Tally
from pipeline import shards
from stages import schema
from stages.errors import ConfigError, IntegrityError

MEASURES = ("characters", "words", "tokens")
PRUNED = "documents were pruned from this run: counts are in documents only, without excerpts"

MIN_SOURCE = 10
"""Shortest source that the configuration takes."""

ASSUMPTION = (
    "counts assume the run's deduplication and lists: what they removed stays removed, what a rule "
    "rejected counts as no duplicate; `weir run CONFIG --reuse RUN --output NEW` gives the "
    "final numbers"
)


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
        "assumption": ASSUMPTION,
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
            *([PRUNED] if _is_pruned(run) else []),
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

    Memory: 4 bytes a document and rule, 8 a measure, and one shard's columns.
    """
    order = [*run.rules, *(name for name in more if name not in run.rules)]
    bounds = {name: bound for name, bound in run.bounds(tag).items() if name in order}
    compiled = rules.compile_rules(order, {tag: bounds})
    places, masks, removed, allowed = _decided(run, tag)
    values = [np.empty(masks.size, np.float32) for _ in order]
    facts: list[pa.Table] = []
    with_facts = not _is_pruned(run)
    for (number, _, first), size in zip(places, _sizes(places, masks.size), strict=True):
        shard = run.shards[number]
        signals = run.read_tag(shard.signals, tag, schema.signal_columns(order))
        if with_facts:
            facts.append(run.read_tag(shard.documents, tag, shards.fact_columns(MEASURES)))
        if {signals.num_rows, *(table.num_rows for table in facts[-1:])} != {size}:
            raise IntegrityError(
                shard.decisions.path, f"its rows of {tag} are not those of {shard.signals.path}"
            )
        for name, column in zip(order, values, strict=True):
            column[first : first + size] = _floats(schema.signal_values(signals, name))
    judged_as = tag if tag in run.settings.languages else "base"
    spared = run.lists[judged_as].exempts if judged_as in run.lists else ()
    for name, column in zip(order, values, strict=True):
        if name in spared:
            column[allowed] = np.nan  # a null never fails
        if name in more and np.isnan(column).all():
            raise ConfigError(
                "--set",
                f"{name} was not measured: it is null in all {masks.size:,} documents in {tag}",
                f"`weir config explain {name}` says what it needs",
            )
    weights = shards.weights(pa.concat_tables(facts), MEASURES) if with_facts else {}
    population = Population(compiled, tag, values, weights, removed)
    if not np.array_equal(population.masks, masks):
        raise IntegrityError(
            str(run.path),
            f"the decisions in {tag} do not follow from its rules and stored signals; "
            f"see where with: weir verify {run.path}",
        )
    return Stored(population, bounds, dict(zip(order, values, strict=True)), places)


def _is_pruned(run: Run) -> bool:
    """Whether `weir prune --all-intermediates` removed the documents, with their lengths."""
    return any(shard.documents.path in run.pruned for shard in run.shards)


def _decided(
    run: Run, tag: str
) -> tuple[
    tuple[tuple[int, int, int], ...], NDArray[np.uint64], NDArray[np.bool_], NDArray[np.bool_]
]:
    """Where a language's documents lie, their failed rules, and what no rule decides of them.

    That is which of them deduplication or the deny list removed, and which are on the allow list.
    """
    places: list[tuple[int, int, int]] = []
    masks: list[NDArray[np.uint64]] = []
    removed: list[NDArray[np.bool_]] = []
    allowed: list[NDArray[np.bool_]] = []
    count = 0
    for number, shard in enumerate(run.shards):
        table = run.read(shard.decisions, ["tag", "reason", "failed_rules", "listed"])
        mine = np.flatnonzero(pc.equal(table.column("tag"), tag).to_numpy())
        if not mine.size:
            continue
        if mine.size != mine[-1] - mine[0] + 1:
            raise IntegrityError(shard.decisions.path, "is not sorted by tag")
        places.append((number, int(mine[0]), count))
        count += mine.size
        rows = table.slice(int(mine[0]), mine.size)
        masks.append(rows.column("failed_rules").to_numpy())
        reasons = pc.fill_null(rows.column("reason"), "")
        listed = pc.fill_null(rows.column("listed"), "")
        denied = pc.equal(listed, domains.DENY)
        is_out = pc.or_(denied, pc.equal(reasons, TAKEN))
        removed.append(pc.or_(pc.starts_with(reasons, "dedup."), is_out).to_numpy())
        allowed.append(pc.equal(listed, domains.ALLOW).to_numpy())
    if not count:
        raise ConfigError(
            "--language",
            f"no document in {tag} was judged by {run.path}",
            f"see what there is with: weir stats {run.path}",
        )
    return tuple(places), np.concatenate(masks), np.concatenate(removed), np.concatenate(allowed)


def _sizes(places: Sequence[tuple[int, int, int]], count: int) -> list[int]:
    """Documents of each place."""
    firsts = [first for _, _, first in places]
    return [end - first for first, end in zip(firsts, [*firsts[1:], count], strict=True)]


def _floats(column: pa.ChunkedArray) -> NDArray[np.float32]:
    """A nullable column as stored, NaN for null."""
    return np.asarray(column.to_numpy(), dtype=np.float32)


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
            {measure: _touched(tally, at) for measure, tally in side.items()}
            for side in (change.before, change.after)
        ]
        if name in moved or any(side["documents"]["any"] for side in sides):
            found.append({"rule": name, "before": sides[0], "after": sides[1]})
    return found


def _touched(tally: Tally, at: int) -> dict[str, int]:
    return {state: int(getattr(tally.attribution, state)[at]) for state in ("first", "any", "only")}


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
        ids = column.take(pa.array(mine - first + start)).to_pylist()
        entries += [
            (rank(trial.seed, doc_id), doc_id, number, row)
            for doc_id, row in zip(ids, mine.tolist(), strict=True)
        ]
        entries = sorted(entries)[: trial.n]
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
