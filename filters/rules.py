"""Rules: bounds on signals by language, compiled to arrays and judged in batches."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filters import catalog

MAX_RULES: Final = 64
"""Failed rules of a document are the bits of one 64-bit integer."""


PEER: Final = "datatrove."
"""A rule `datatrove.NAME` is on that filter's verdict, and not on a signal of the catalog."""


@dataclass(frozen=True)
class Bound:
    """Inclusive bounds on one signal; None is off."""

    signal: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class RuleSet:
    """Compiled rules: bounds by language and rule. A rule's name is its signal's name."""

    rules: tuple[str, ...]
    """In declared order, which decides the first failed rule."""
    tags: tuple[str, ...]
    lo: NDArray[np.float64]
    """Of shape (tags, rules); -inf is off."""
    hi: NDArray[np.float64]
    """Of shape (tags, rules); inf is off."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason name of each rule."""
        return tuple(reason(rule) for rule in self.rules)


@dataclass(frozen=True)
class Attribution:
    """For each rule, how much it touches: of shape (rules,), or (rules, measures)."""

    first: NDArray[np.int64]
    """Where it is the first failed rule; sums to what is rejected."""
    any: NDArray[np.int64]
    """Where it fails, whatever else fails."""
    only: NDArray[np.int64]
    """Where no other rule fails: what would come back if it were switched off."""


def reason(rule: str) -> str:
    """Reason name of a rule: `rule.` and its name."""
    return f"rule.{rule}"


def compile_rules(
    order: Sequence[str], bounds_by_tag: Mapping[str, Mapping[str, Bound]]
) -> RuleSet:
    """Compile bounds to arrays; rules that a language does not name are off for it.

    Bounds are rounded to float32, because signals are stored so: 0.2 is stored as 0.200000003, and
    would fail an inclusive maximum of 0.2. ValueError for an unknown or repeated signal, a rule
    outside the order, min > max, a bound that is not a number, and more than 64 rules.
    """
    if len(order) > MAX_RULES:
        raise ValueError(
            f"{len(order)} rules, but at most {MAX_RULES} fit the mask of failed rules"
        )
    _check_names(order)
    tags = tuple(sorted(bounds_by_tag))
    lo = np.full((len(tags), len(order)), -np.inf)
    hi = np.full((len(tags), len(order)), np.inf)
    for row, tag in enumerate(tags):
        for name, bound in bounds_by_tag[tag].items():
            _check_names([name])
            if name not in order:
                raise ValueError(f"rule {name!r} of {tag} is not in the declared order")
            low, high = limits(tag, name, bound)
            lo[row, order.index(name)] = low
            hi[row, order.index(name)] = high
    return RuleSet(tuple(order), tags, lo, hi)


def fails(
    values: NDArray[np.float32],
    low: np.float32 | NDArray[np.floating[Any]],
    high: np.float32 | NDArray[np.floating[Any]],
) -> NDArray[np.bool_]:
    """Which stored values lie outside inclusive bounds; a null (NaN) never does."""
    below: NDArray[np.bool_] = values < low
    return below | (values > high)


def judge(
    rules: RuleSet, values: NDArray[np.floating[Any]], language: NDArray[np.integer[Any]]
) -> tuple[NDArray[np.uint64], NDArray[np.int16]]:
    """Failed rules of each document as a bitmask, and the first failed rule's index, or -1.

    `values` has shape (documents, rules), in the rules' order, NaN for null; a null never fails.
    `language` holds each document's index into `rules.tags`. Bit k of a mask is rule k. Values are
    rounded to float32 as the stored ones are, so that judging before and after storage agree.
    """
    if values.shape != (language.size, len(rules.rules)):
        raise ValueError(
            f"values of shape {values.shape} for {language.size} documents and "
            f"{len(rules.rules)} rules"
        )
    if language.size and not 0 <= language.min() <= language.max() < len(rules.tags):
        raise ValueError(f"language indices must lie in [0, {len(rules.tags)})")
    failed = fails(values.astype(np.float32), rules.lo[language], rules.hi[language])
    bits = np.uint64(1) << np.arange(len(rules.rules), dtype=np.uint64)
    masks = np.bitwise_or.reduce(np.where(failed, bits, np.uint64(0)), axis=1, initial=0)
    if not rules.rules:
        return masks.astype(np.uint64), np.full(language.size, -1, np.int16)
    first = np.where(masks != 0, failed.argmax(axis=1), -1)
    return masks.astype(np.uint64), first.astype(np.int16)


def attribution(
    masks: NDArray[np.uint64],
    rule_count: int = MAX_RULES,
    weights: NDArray[np.int64] | None = None,
) -> Attribution:
    """Sums by rule from masks of failed rules: failed first, at all, and alone.

    `weights` holds what each document counts for (characters, words, tokens); without it, one.
    Exact while no sum exceeds 2**53.
    """
    kinds, places = np.unique(masks, return_inverse=True)
    return attribute(kinds, np.bincount(places, weights, kinds.size), rule_count)


def attribute(
    kinds: NDArray[np.uint64], totals: NDArray[np.number[Any]], rule_count: int
) -> Attribution:
    """The same from distinct masks and what each amounts to.

    `totals` holds whole numbers of shape (kinds,), or (kinds, measures), under 2**53 in sum.
    """
    bits = np.uint64(1) << np.arange(rule_count, dtype=np.uint64)
    # x & -x is the lowest bit of x: the first rule in declared order.
    lowest = kinds & (~kinds + np.uint64(1))
    amounts = totals.astype(np.float64)

    def summed(touched: NDArray[np.bool_]) -> NDArray[np.int64]:
        # A product of floats: whole numbers stay exact in it, and BLAS does it.
        return (touched.T.astype(np.float64) @ amounts).astype(np.int64)

    return Attribution(
        summed(lowest[:, None] == bits),
        summed((kinds[:, None] & bits) != 0),
        summed(kinds[:, None] == bits),
    )


def _check_names(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name not in catalog.BY_NAME and not name.startswith(PEER):
            near = difflib.get_close_matches(name, catalog.BY_NAME, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise ValueError(f"unknown signal {name!r}{hint}")
        if name in seen:
            raise ValueError(f"rule {name!r} is declared twice")
        seen.add(name)


def limits(tag: str, name: str, bound: Bound) -> tuple[float, float]:
    """Bounds as they are compared: rounded to float32, infinite where off.

    ValueError, naming rule and tag, for another signal's bound, one that is not a number, and
    min > max.
    """
    if bound.signal != name:
        raise ValueError(f"rule {name!r} of {tag} holds a bound on {bound.signal!r}")
    low = -np.inf if bound.min is None else float(np.float32(bound.min))
    high = np.inf if bound.max is None else float(np.float32(bound.max))
    if np.isnan(low) or np.isnan(high):
        raise ValueError(f"rule {name!r} of {tag} has a bound that is not a number")
    if low > high:
        raise ValueError(f"rule {name!r} of {tag}: min {bound.min} is above max {bound.max}")
    return low, high
