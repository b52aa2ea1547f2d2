"""One language of a finished run as it was judged, read a shard at a time.

Rules are the compiled ones that the run was judged by; their masks over the stored signals must be
those in the run's decisions, or nothing is answered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.ledger import TAKEN
from audit.runs import Run, Shard
from filters import domains, rules
from filters.rules import RuleSet
from pipeline import shards
from stages import schema
from stages.errors import ConfigError, IntegrityError

ASSUMPTION = (
    "counts assume the run's deduplication and lists: what they removed stays removed, what a rule "
    "rejected counts as no duplicate; `weir run CONFIG --reuse RUN --output NEW` gives the "
    "final numbers"
)

MEASURES = ("characters", "words", "tokens")


@dataclass(frozen=True, slots=True)
class Part:
    """A language's documents in one shard, row by row."""

    number: int
    """Of the shard."""
    first: int
    """Row of the first of them in the shard's documents, signals and decisions."""
    decisions: pa.Table
    """The columns of `DECIDED`."""
    values: tuple[NDArray[np.float32], ...]
    """One array a rule; NaN for null, and where the allow list exempts the document."""
    facts: pa.Table | None
    """What documents count for (`pipeline.shards.fact_columns`); None where they were pruned."""

    @property
    def removed(self) -> NDArray[np.bool_]:
        """Which of them something else than a rule removed: no rule decides it."""
        reasons = pc.fill_null(self.decisions.column("reason"), "")
        listed = pc.fill_null(self.decisions.column("listed"), "")
        denied = pc.equal(listed, domains.DENY)
        is_out = pc.or_(denied, pc.equal(reasons, TAKEN))
        is_out = pc.or_(is_out, pc.starts_with(reasons, "rights."))
        found: NDArray[np.bool_] = pc.or_(pc.starts_with(reasons, "dedup."), is_out).to_numpy()
        return found

    @property
    def masks(self) -> NDArray[np.uint64]:
        """Failed rules of each document, as the run decided."""
        found: NDArray[np.uint64] = self.decisions.column("failed_rules").to_numpy()
        return found


DECIDED = ("doc_id", "tag", "outcome", "reason", "failed_rules", "listed")


def order(run: Run, more: Sequence[str] = ()) -> tuple[str, ...]:
    """The run's rules in declared order, then others that somebody wants to try."""
    return (*run.rules, *(name for name in more if name not in run.rules))


def compiled(run: Run, tag: str, names: Sequence[str]) -> RuleSet:
    """The bounds that judge a language, on these rules."""
    bounds = {name: bound for name, bound in run.bounds(tag).items() if name in names}
    return rules.compile_rules(names, {tag: bounds})


def is_pruned(run: Run) -> bool:
    """Whether `weir prune --all-intermediates` removed the documents, with their lengths."""
    return any(shard.documents.path in run.pruned for shard in run.shards)


def tags(run: Run) -> tuple[str, ...]:
    """Languages with judged documents."""
    return tuple(sorted({tag for shard in run.shards for tag, _ in shard.signals.groups}))


def decided(run: Run, tag: str, columns: Sequence[str]) -> Iterator[tuple[int, int, pa.Table]]:
    """Number of a shard, row of the language's first document in it, and its decisions.

    Shards without any are left out. ConfigError if no shard has one.
    """
    is_any = False
    for number, shard in enumerate(run.shards):
        if not any(of == tag for of, _ in shard.signals.groups):
            continue
        first, table = _of_tag(run, shard, tag, columns)
        if table.num_rows:
            is_any = True
            yield number, first, table
    if not is_any:
        raise ConfigError(
            "--language",
            f"no document in {tag} was judged by {run.path}",
            f"see what there is with: weir stats {run.path}",
        )


def _of_tag(run: Run, shard: Shard, tag: str, columns: Sequence[str]) -> tuple[int, pa.Table]:
    table = run.read(shard.decisions, sorted({*columns, "tag"}))
    mine = np.flatnonzero(pc.equal(table.column("tag"), tag).to_numpy())
    if not mine.size:
        return 0, table.slice(0, 0)
    first, last = int(mine[0]), int(mine[-1])
    if mine.size != last - first + 1:
        raise IntegrityError(shard.decisions.path, "is not sorted by tag")
    return first, table.slice(first, mine.size)


def parts(run: Run, tag: str, names: Sequence[str]) -> Iterator[Part]:
    """The language's documents under the rules `names` (see `order`), by shard.

    ConfigError if there are none; IntegrityError if the stored decisions do not follow from the
    run's rules, or tables do not hold the same rows.
    """
    return (part(run, tag, names, found) for found in decided(run, tag, DECIDED))


def part(run: Run, tag: str, names: Sequence[str], found: tuple[int, int, pa.Table]) -> Part:
    """What a language's documents in one shard were decided by; `found` as `decided` gives it.

    Errors as in `parts`.
    """
    number, first, table = found
    shard, facts = run.shards[number], None
    signals = _signals(run, shard, tag, names)
    if not is_pruned(run):
        facts = run.read_tag(shard.documents, tag, shards.fact_columns(MEASURES))
    if {signals.num_rows, *([] if facts is None else [facts.num_rows])} != {table.num_rows}:
        raise IntegrityError(
            shard.decisions.path, f"its rows of {tag} are not those of {shard.signals.path}"
        )
    exempt = spared(run, tag)
    allowed = pc.equal(pc.fill_null(table.column("listed"), ""), domains.ALLOW).to_numpy()
    values = []
    for name in names:
        column = np.array(schema.signal_values(signals, name).to_numpy(), dtype=np.float32)
        if name in exempt:
            column[allowed] = np.nan  # a null never fails
        values.append(column)
    made = Part(number, first, table, tuple(values), facts)
    _check(run, tag, names, made)
    return made


def _signals(run: Run, shard: Shard, tag: str, names: Sequence[str]) -> pa.Table:
    try:
        return run.read_tag(shard.signals, tag, schema.signal_columns(names))
    except IntegrityError as error:
        raise IntegrityError(
            error.what,
            f"{error.problem}; without its signals nothing can be tried on a run: see what else is "
            f"wrong with: weir verify {run.path}; make it again with: weir run CONFIG --output NEW",
        ) from None


def spared(run: Run, tag: str) -> tuple[str, ...]:
    """Rules that pages on the language's allow list need not keep."""
    judged_as = tag if tag in run.settings.languages else "base"
    return run.lists[judged_as].exempts if judged_as in run.lists else ()


def _check(run: Run, tag: str, names: Sequence[str], made: Part) -> None:
    """IntegrityError unless the run's masks are those of its rules over its signals."""
    found = compiled(run, tag, names)
    masks = np.zeros(made.masks.size, np.uint64)
    for at, column in enumerate(made.values):
        low, high = np.float32(found.lo[0, at]), np.float32(found.hi[0, at])
        masks |= rules.fails(column, low, high).astype(np.uint64) << np.uint64(at)
    if not np.array_equal(masks, made.masks):
        raise IntegrityError(
            str(run.path),
            f"the decisions in {tag} do not follow from its rules and stored signals; "
            f"see where with: weir verify {run.path}",
        )
