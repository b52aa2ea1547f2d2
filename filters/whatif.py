"""What moving a threshold would do to one language: exact counts from stored signals.

A move looks at the values of the rules that move, and carries the documents that cross a bound from
one mask of failed rules to another; all sums follow from those documents alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filters import rules
from filters.rules import Attribution, Bound, RuleSet

CHUNK: Final = 1 << 17
"""Documents looked at together: their values and flags stay in the processor's cache."""

NONE: Final = rules.MAX_RULES
"""In place of the first failed rule, where none fails."""

FATES: Final = 4 * (NONE + 1)
"""Kinds of document that attribution tells apart: first failed rule, alone or not, removed or not.
"""

KEPT: Final = 4 * NONE
"""Nothing fails, and deduplication left it in."""

DOCUMENTS: Final = "documents"


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


@dataclass(frozen=True)
class Change:
    """Both sides of a move; rows are document numbers, ascending."""

    before: Mapping[str, Tally]
    after: Mapping[str, Tally]
    lost: NDArray[np.int64]
    """Rows that were kept and would be rejected."""
    gained: NDArray[np.int64]
    """Rows that were rejected and would be kept."""


Move = tuple[int, np.float32, np.float32]
"""Number of a rule, and its new bounds."""

Part = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Sums by fate, sums by rule that fails at all, rows that are lost, rows that are gained."""


class Population:
    """The stored signals of one language's documents under compiled rules."""

    def __init__(
        self,
        compiled: RuleSet,
        tag: str,
        values: Sequence[NDArray[np.float32]],
        weights: Mapping[str, NDArray[np.int64]],
        removed: NDArray[np.bool_],
        threads: int = 2,
    ) -> None:
        """Judge documents: `values` holds one array a rule, in the rules' order, NaN for null.

        `weights` holds what a document counts for in each further measure; `removed` marks those
        that the run's deduplication removed. ValueError for arrays of unequal length and a tag that
        was not compiled.
        """
        if tag not in compiled.tags:
            raise ValueError(f"no rules were compiled for {tag}")
        sizes = {removed.size, *(v.size for v in values), *(w.size for w in weights.values())}
        if len(values) != len(compiled.rules) or len(sizes) != 1:
            raise ValueError(f"{len(values)} arrays of {sorted(sizes)} values, not one a rule")
        self.rules, self.tag = compiled.rules, tag
        row = compiled.tags.index(tag)
        self._low = compiled.lo[row].astype(np.float32)
        self._high = compiled.hi[row].astype(np.float32)
        self._values = [np.ascontiguousarray(one, dtype=np.float32) for one in values]
        self._measures = (DOCUMENTS, *weights)
        self._weights = [one.astype(np.float64) for one in weights.values()]
        self._removed, self._threads = removed, threads
        self.masks = np.zeros(removed.size, np.uint64)
        """Failed rules of each document, as `rules.judge` gives them."""
        any_failed = np.zeros((len(values), len(self._measures)), np.int64)
        for at, column in enumerate(self._values):
            failed = rules.fails(column, self._low[at], self._high[at])
            self.masks |= failed.astype(np.uint64) << np.uint64(at)
            any_failed[at] = _sums(failed, self._weights, 2)[1]
        self._fates = _fates(self.masks, removed)
        self._sums_of = (_sums(self._fates, self._weights, FATES), any_failed)

    def tallies(self) -> dict[str, Tally]:
        """The rules as they are, by measure."""
        return self._tallied(*self._sums_of)

    def moved(self, bounds: Mapping[str, Bound]) -> Change:
        """Exact counts after giving some rules other bounds.

        ValueError for a rule that was not compiled, and whatever `rules.compile_rules` refuses.
        """
        if not bounds:
            raise ValueError("no rule moves")
        moves: list[Move] = []
        for name, bound in bounds.items():
            if name not in self.rules:
                raise ValueError(f"rule {name!r} was not compiled")
            low, high = rules.limits(self.tag, name, bound)
            moves.append((self.rules.index(name), np.float32(low), np.float32(high)))
        starts = range(0, self.masks.size, CHUNK)
        with ThreadPoolExecutor(self._threads) as pool:
            parts = list(pool.map(lambda start: self._part(moves, start), starts))
        fates, any_failed = (one.copy() for one in self._sums_of)
        none = np.zeros(0, np.int64)
        lost, gained = [none], [none]
        for part in parts:
            fates += part[0]
            any_failed += part[1]
            lost.append(part[2])
            gained.append(part[3])
        return Change(
            self.tallies(),
            self._tallied(fates, any_failed),
            np.concatenate(lost),
            np.concatenate(gained),
        )

    def _part(self, moves: Sequence[Move], start: int) -> Part:
        """What some documents add to the sums by fate and by rule, and which of them flip."""
        part = slice(start, start + CHUNK)
        crosses = [
            rules.fails(self._values[at][part], self._low[at], self._high[at])
            ^ rules.fails(self._values[at][part], low, high)
            for at, low, high in moves
        ]
        rows = np.flatnonzero(np.logical_or.reduce(crosses))
        weights = [one[part][rows] for one in self._weights]
        masks, was = self.masks[part][rows], self._fates[part][rows]
        any_failed = np.zeros_like(self._sums_of[1])
        for (at, _, _), crossed in zip(moves, crosses, strict=True):
            bit = np.uint64(1) << np.uint64(at)
            mine = crossed[rows]
            masks ^= np.where(mine, bit, np.uint64(0))
            sign = mine * np.where(masks & bit, 1.0, -1.0)
            # Not `sign @ one`: the threads of BLAS and ours would wait for each other.
            any_failed[at] = [sign.sum(), *((sign * one).sum() for one in weights)]
        now = _fates(masks, self._removed[part][rows])
        fates = _sums(now, weights, FATES) - _sums(was, weights, FATES)
        was_kept, is_kept = was == KEPT, now == KEPT
        return (
            fates,
            any_failed,
            rows[was_kept & ~is_kept] + start,
            rows[is_kept & ~was_kept] + start,
        )

    def _tallied(self, fates: NDArray[np.int64], any_failed: NDArray[np.int64]) -> dict[str, Tally]:
        count = len(self.rules)
        by_rule = fates.reshape(NONE + 1, 2, 2, -1)
        first = by_rule.sum(axis=(1, 2))
        only = by_rule[:, 1].sum(axis=1)
        return {
            name: Tally(
                int(fates[:, at].sum()),
                int(first[NONE, at]),
                int(fates[KEPT, at]),
                Attribution(first[:count, at], any_failed[:, at], only[:count, at]),
            )
            for at, name in enumerate(self._measures)
        }


def _sums(
    codes: NDArray[Any], weights: Sequence[NDArray[np.float64]], count: int
) -> NDArray[np.int64]:
    """Documents, and each weight's sum, by code: of shape (count, measures).

    Whole numbers, exact under 2**53.
    """
    columns = [np.bincount(codes, minlength=count)]
    columns += [np.bincount(codes, one, count).astype(np.int64) for one in weights]
    return np.column_stack(columns)


def _fates(masks: NDArray[np.uint64], removed: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """First failed rule, whether it fails alone, and whether the document was removed, in a code.

    The code is first * 4 + alone * 2 + removed.
    """
    one = np.uint64(1)
    lowest = masks & (~masks + one)
    # The exponent of a power of two is its bit's number; zero has none.
    first = np.frexp(lowest.astype(np.float64))[1].astype(np.uint16) - np.uint16(1)
    first[masks == 0] = NONE
    alone = (masks == lowest) & (masks != 0)
    code: NDArray[np.uint16] = first << np.uint16(2) | alone.astype(np.uint16) << np.uint16(1)
    return code | removed
