"""What moving a threshold would do to one language: exact counts from stored signals.

A move looks at the values of the rules that move, and carries the documents that cross a bound from
one mask of failed rules to another; all sums follow from those documents alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from filters import rules
from filters.rules import Attribution, Bound, RuleSet

SMALL: Final = 1 << 17
"""Fewer documents than this are not worth a second thread."""

NONE: Final = rules.MAX_RULES
"""In place of the first failed rule, where none fails."""

FATES: Final = 4 * (NONE + 1)
"""Kinds of document that attribution tells apart: first failed rule, alone or not, removed or not.
"""

KEPT: Final = 4 * NONE
"""Nothing fails, and deduplication left it in."""

DOCUMENTS: Final = "documents"

Limits = NDArray[np.float32]
"""One side of the bounds of every rule; infinite where it is off."""


@dataclass(frozen=True)
class Tally:
    """What the rules do to a language, in one measure (documents, characters, words, tokens)."""

    total: int
    passed: int
    """What passes every rule."""
    kept: int
    """What passes every rule and is not removed by deduplication as it was in the run."""
    attribution: Attribution
    """By rule, in the rules' order."""

    def touched(self, at: int) -> dict[str, int]:
        """What one rule touches first, at all, and alone."""
        one = self.attribution
        return {"first": int(one.first[at]), "any": int(one.any[at]), "only": int(one.only[at])}


@dataclass(frozen=True)
class Change:
    """Both sides of a move; rows are document numbers, ascending."""

    before: Mapping[str, Tally]
    after: Mapping[str, Tally]
    lost: NDArray[np.int64]
    """Rows that were kept and would be rejected."""
    gained: NDArray[np.int64]
    """Rows that were rejected and would be kept."""


class Population:
    """The stored signals of one language's documents under compiled rules."""

    def __init__(
        self,
        compiled: RuleSet,
        tag: str,
        values: Sequence[NDArray[np.float32]],
        weights: Mapping[str, NDArray[np.integer[Any]]],
        removed: NDArray[np.bool_],
        threads: int = 2,
        masks: NDArray[np.uint64] | None = None,
    ) -> None:
        """Judge documents: `values` holds one array a rule, in the rules' order, NaN for null.

        `weights` holds what a document counts for in each further measure; `removed` marks those
        that another step of the run removed. `masks` are what judging gives, for who knows them.
        ValueError for arrays of unequal length and a tag that was not compiled.
        """
        if tag not in compiled.tags:
            raise ValueError(f"no rules were compiled for {tag}")
        sizes = {removed.size, *(v.size for v in values), *(w.size for w in weights.values())}
        if len(values) != len(compiled.rules) or len(sizes) != 1:
            raise ValueError(f"{len(values)} arrays of {sorted(sizes)} values, not one a rule")
        self.rules, self.tag = compiled.rules, tag
        row = compiled.tags.index(tag)
        self.low = compiled.lo[row].astype(np.float32)
        self.high = compiled.hi[row].astype(np.float32)
        self.values = [np.ascontiguousarray(one, dtype=np.float32) for one in values]
        self.measures = (DOCUMENTS, *weights)
        self.weights = _columns(list(weights.values()), removed.size)
        self.removed, self.threads = removed, threads
        self.masks = self._judged() if masks is None else masks
        """Failed rules of each document, as `rules.judge` gives them."""
        self.sums = _summed(self)

    def _judged(self) -> NDArray[np.uint64]:
        masks = np.zeros(self.removed.size, np.uint64)
        for at, column in enumerate(self.values):
            failed = rules.fails(column, self.low[at], self.high[at])
            masks |= failed.astype(np.uint64) << np.uint64(at)
        return masks

    def tallies(self) -> dict[str, Tally]:
        """The rules as they are, by measure."""
        return _tallied(self, *self.sums)

    def moved(self, bounds: Mapping[str, Bound]) -> Change:
        """Exact counts after giving some rules other bounds.

        ValueError for a rule that was not compiled, and whatever `rules.compile_rules` refuses.
        """
        if not bounds:
            raise ValueError("no rule moves")
        standing = Standing(self)
        standing.move(bounds)
        kept, was_kept = standing.kept(), (self.masks == 0) & ~self.removed
        return Change(
            self.tallies(),
            standing.tallies(),
            np.flatnonzero(was_kept & ~kept),
            np.flatnonzero(kept & ~was_kept),
        )

    def limits(self, bounds: Mapping[str, Bound]) -> tuple[Limits, Limits]:
        """Bounds of every rule, in order, where some are moved. ValueError as from `moved`."""
        low, high = self.low.copy(), self.high.copy()
        for name, bound in bounds.items():
            if name not in self.rules:
                raise ValueError(f"rule {name!r} was not compiled")
            at = self.rules.index(name)
            low[at], high[at] = rules.limits(self.tag, name, bound)
        return low, high


class Standing:
    """A population under bounds that move: each move costs what the rules that change cost.

    Not for two threads at a time.
    """

    def __init__(self, population: Population) -> None:
        self.population = population
        self.masks = np.empty_like(population.masks)
        """Failed rules of each document under the bounds as they stand."""
        self.flips = np.zeros(2, np.int64)
        """Documents that were kept and are not, and that were not kept and are."""
        self._reset()

    def _reset(self) -> None:
        """Stand under the population's own bounds."""
        people = self.population
        np.copyto(self.masks, people.masks)
        self.low, self.high = people.low.copy(), people.high.copy()
        self.flips[:] = 0
        self._sums = tuple(one.copy() for one in people.sums)

    def move(self, bounds: Mapping[str, Bound]) -> None:
        """Stand under the population's own bounds but for these. ValueError as from `moved`."""
        people = self.population
        low, high = people.limits(bounds)
        changed, moved = (
            np.count_nonzero((low != one.low) | (high != one.high)) for one in (self, people)
        )
        if moved < changed:  # nearer to the beginning than to where it stands
            self._reset()
        for at in np.flatnonzero((low != self.low) | (high != self.high)).tolist():
            self._move(at, low[at], high[at])
            self.low[at], self.high[at] = low[at], high[at]

    def prepare(self) -> None:
        """Compile what moving needs, so that the first move need not wait for it."""
        if self.low.size:
            self._move(0, self.low[0], self.high[0])

    def _move(self, at: int, low: np.float32, high: np.float32) -> None:
        from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

        people = self.population

        def part(rows: slice) -> tuple[NDArray[np.int64], ...]:
            fates, failing = (np.zeros_like(one) for one in self._sums)
            flips = np.zeros(2, np.int64)
            whatif_loops.moved(
                people.values[at][rows],
                (self.low[at], self.high[at], low, high),
                np.uint64(1) << np.uint64(at),
                people.masks[rows],
                self.masks[rows],
                people.removed[rows],
                people.weights[rows],
                (fates, failing[at], flips),
            )
            return fates, failing, flips

        for parts in in_parts(part, self.masks.size, people.threads):
            for total, one in zip((*self._sums, self.flips), parts, strict=True):
                np.add(total, one, out=total)

    def kept(self) -> NDArray[np.bool_]:
        """Which documents pass every rule and were not removed by another step."""
        kept: NDArray[np.bool_] = (self.masks == 0) & ~self.population.removed
        return kept

    def tallies(self) -> dict[str, Tally]:
        """The rules as they stand, by measure."""
        return _tallied(self.population, *self._sums)


Result = TypeVar("Result")


def in_parts(work: Callable[[slice], Result], size: int, threads: int) -> list[Result]:
    """What some work gives on equal parts of so many rows, a part for each thread."""
    ends = [size * part // threads for part in range(threads + 1)]
    parts = [slice(*pair) for pair in pairwise(ends) if pair[0] < pair[1]]
    if size < SMALL or len(parts) < 2:
        return [work(slice(0, size))]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, parts))


def _columns(weights: Sequence[NDArray[np.integer[Any]]], size: int) -> NDArray[Any]:
    """Weights side by side, of shape (documents, measures), as narrow as they fit."""
    is_narrow = all(one.size == 0 or one.max() < 2**31 for one in weights)
    made = np.empty((size, len(weights)), np.int32 if is_narrow else np.int64)
    for at, one in enumerate(weights):
        made[:, at] = one
    return made


def _summed(people: Population) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Documents, and each weight's sum, by fate and by rule that fails at all."""
    from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

    def part(rows: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        fates = np.zeros((FATES, len(people.measures)), np.int64)
        failing = np.zeros((len(people.rules), len(people.measures)), np.int64)
        whatif_loops.summed(
            people.masks[rows], people.removed[rows], people.weights[rows], fates, failing
        )
        return fates, failing

    parts = in_parts(part, people.masks.size, people.threads)
    return sum(one[0] for one in parts), sum(one[1] for one in parts)  # type: ignore[return-value]


def _tallied(
    people: Population, fates: NDArray[np.int64], any_failed: NDArray[np.int64]
) -> dict[str, Tally]:
    count = len(people.rules)
    by_rule = fates.reshape(NONE + 1, 2, 2, -1)
    first = by_rule.sum(axis=(1, 2))
    only = by_rule[:, 1].sum(axis=1)
    return {
        name: Tally(
            int(fates[:, at].sum()),
            int(first[NONE, at]),
            int(fates[KEPT, at]),
            Attribution(first[:count, at], any_failed[:, at].copy(), only[:count, at]),
        )
        for at, name in enumerate(people.measures)
    }
