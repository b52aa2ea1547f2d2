"""Thresholds out of the signals of reference documents, by FineWeb-2's methods.

`RECIPES` says which method sets which bound: a new signal is one line there. Methods (Penedo et al.
2025, FineWeb-2, section 4.3 and appendix):

* tail: the value that a fixed share of the reference documents lies beyond (10Tail: a tenth);
* quantile: the value that rejects as large a share of them as the English threshold of English;
* mean_std: as many standard deviations from the mean as the English threshold is in English.

A pack whose rules together reject more than `MAX_REJECTED` of its own reference documents would
throw away the language, so tails shrink until it does not, and a bound that still rejects many
documents moves to their own quantile, but for rules that say that there is a text at all.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filters.catalog import BY_NAME

Values = Mapping[str, NDArray[np.float64]]
"""Signal to its value for each document; NaN for null."""


class Method(enum.StrEnum):
    """How a bound is found."""

    TAIL = "tail"
    QUANTILE = "quantile"
    MEAN_STD = "mean_std"


class Side(enum.StrEnum):
    """Which bound of a rule."""

    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one bound of one rule is calibrated.

    `needs_whole` is set for what depends on the shape of a page (lines, lengths, repetition), which
    only documents that somebody wrote as such have. `clamp` is the loosest bound that any language
    may get (spec, languages.md, section 4). `margin` is what a bound is multiplied by, because a
    reference is of a few registers and the web of all: manuals have longer words than tales, and
    more of the words that tell them from a neighbour's manuals. Chosen by hand.

    There is none for affinity words: that a page has no word of a list says more about its subject
    than about its language (1 in 28 of our own pages). FineWeb-2 asks for one only where a crawl is
    known to be contaminated, and so does `weir calibrate --crawl`.

    `tail` stands in for the tail that shrinks, where a margin already keeps what is beyond it, and
    the outermost documents are strays in another language. `least` is the strictest maximum: most
    documents have no word of a neighbour, and a quotation must not cost a page.
    """

    signal: str
    side: Side
    method: Method
    needs_whole: bool = True
    clamp: float | None = None
    margin: float = 1.0
    tail: float | None = None
    least: float | None = None


MIN, MAX = Side.MIN, Side.MAX

RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe("mean_word_length", MIN, Method.QUANTILE, needs_whole=False, margin=0.7),
    Recipe("mean_word_length", MAX, Method.QUANTILE, needs_whole=False, clamp=20, margin=1.15),
    Recipe("alphabetic_word_fraction", MIN, Method.QUANTILE, margin=0.94),
    Recipe("stop_word_fraction", MIN, Method.TAIL, needs_whole=False, margin=0.7),
    Recipe(
        "neighbour_word_fraction",
        MAX,
        Method.TAIL,
        needs_whole=False,
        margin=2,
        tail=0.02,
        least=0.05,
    ),
    Recipe("terminal_punctuation_line_fraction", MIN, Method.TAIL),
    Recipe("sentence_capital_fraction", MIN, Method.TAIL, margin=0.9),
    Recipe("newline_to_word_ratio", MAX, Method.TAIL, clamp=0.35),
    Recipe("mean_line_length", MIN, Method.TAIL, margin=0.8),
    Recipe("duplicate_line_fraction", MAX, Method.MEAN_STD, clamp=0.45),
    Recipe("duplicate_line_character_fraction", MAX, Method.MEAN_STD, clamp=0.45),
    Recipe("top_2_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.35),
    Recipe("top_3_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.35),
    Recipe("top_4_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.35),
    Recipe("duplicate_5_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
    Recipe("duplicate_6_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
    Recipe("duplicate_7_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
    Recipe("duplicate_8_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
    Recipe("duplicate_9_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
    Recipe("duplicate_10_gram_character_fraction", MAX, Method.MEAN_STD, clamp=0.25),
)

# Manuals repeat commands and headings, and pages need not: where they reject too much of their own
# language, bounds on repetition may be a quarter looser than the base's, and no more.
_MANUALS: Final = 1.25
_REPETITION: Final = frozenset(r.signal for r in RECIPES if r.method is Method.MEAN_STD)

MIN_DOCUMENTS: Final = 500
"""Whole documents from which shape thresholds may be derived; half of them are held out."""

MAX_REJECTED: Final = 0.06
"""Share of its own reference documents that a pack may reject; the held-out half may lose .1."""

TAILS: Final = (0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005)
_MAX_ALONE: Final = 0.01  # what one rule may reject if all together reject too much
_RELAXED: Final = 0.005

# What says that there is a text at all; a reference that fails these is no reference.
_NEVER_RELAXED: Final = frozenset(
    {"word_count", "sentence_count", "distinct_stop_word_count", "lorem_ipsum_count"}
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound and how it was found; `origin` is a phrase for the pack's `source`."""

    signal: str
    side: Side
    value: float
    origin: str
    clamped: bool = False
    inherited: bool = False


Rules = dict[tuple[str, Side], Threshold]
English = Mapping[str, Mapping[str, float]]
"""Signal to the statistics of English reference documents: mean, std, and the share that the
English threshold rejects (`rejected_min`, `rejected_max`) with that threshold (`min`, `max`)."""

Medians = Mapping[str, Mapping[str, float]]
"""Family (or `""` for all languages) to `signal.side` to the median of its calibrated languages."""


def statistics(values: Values, bounds: Mapping[str, Mapping[str, float | None]]) -> dict[str, Any]:
    """What other languages need to know of English; `bounds` are the English thresholds."""
    made: dict[str, Any] = {}
    for name in dict.fromkeys(r.signal for r in RECIPES if r.method is not Method.TAIL):
        known = _known(values, name)
        if not known.size or name not in bounds:
            continue
        found: dict[str, float] = {"mean": float(known.mean()), "std": float(known.std())}
        for side in Side:
            bound = bounds[name].get(side.value)
            if bound is not None:
                found[side.value] = bound
                found[f"rejected_{side.value}"] = float(np.mean(_beyond(known, side, bound)))
        made[name] = {key: round(value, 6) for key, value in found.items()}
    return made


def derive(
    values: Values, of_words: Values, english: English, *, are_whole: bool, tail: float
) -> Rules:
    """Bounds by every recipe that the documents allow and whose signal they have, clamped."""
    rules: Rules = {}
    for recipe in RECIPES:
        known = _known(values if recipe.needs_whole else of_words, recipe.signal)
        if (recipe.needs_whole and not are_whole) or known.size < 20:
            continue
        cut = recipe.tail or tail
        value = _bound(recipe, known, english.get(recipe.signal, {}), cut)
        if value is None:
            continue
        value *= recipe.margin
        if recipe.least is not None:
            value = max(value, recipe.least)
        if recipe.method is Method.TAIL and not 0 < value < BY_NAME[recipe.signal].high:
            continue  # such a bound rejects nothing
        clamped = recipe.clamp is not None and (
            value > recipe.clamp if recipe.side is MAX else value < recipe.clamp
        )
        origin = f"{_named(recipe, cut)} on {known.size} documents"
        rules[recipe.signal, recipe.side] = Threshold(
            recipe.signal,
            recipe.side,
            float(recipe.clamp) if clamped and recipe.clamp is not None else value,
            origin,
            clamped,
        )
    return rules


def inherit(rules: Rules, medians: Medians, family: str, values: Values) -> Rules:
    """The rules with the family's medians for what is clamped or could not be derived.

    The median of all languages stands in for a family without any. Bounds of signals that these
    documents do not have (no capitals, no neighbours) are not inherited.
    """
    made = dict(rules)
    for recipe in RECIPES:
        key = (recipe.signal, recipe.side)
        own = rules.get(key)
        if (own and not own.clamped) or not _known(values, recipe.signal).size:
            continue
        if not recipe.needs_whole and own is None:
            continue  # a share of a language's own words says nothing about another's
        name = f"{recipe.signal}.{recipe.side.value}"
        whose = family if name in medians.get(family, {}) else ""
        median = medians.get(whose, {}).get(name)
        if median is not None:
            label = f"of {whose}" if whose else "of all languages"
            made[key] = Threshold(
                recipe.signal,
                recipe.side,
                median,
                f"inherited: median {label}",
                clamped=bool(own and own.clamped),
                inherited=True,
            )
    return made


def medians(by_family: Mapping[str, Sequence[Rules]]) -> dict[str, dict[str, float]]:
    """Median of each bound over the calibrated languages of each family, and of all (`""`).

    A bound that fewer than half of them have has none: the rest had reason not to.
    """
    everything = [rules for group in by_family.values() for rules in group]
    made: dict[str, dict[str, float]] = {}
    for family, group in {"": everything, **by_family}.items():
        found: dict[str, list[float]] = {}
        for rules in group:
            for threshold in rules.values():
                if not (threshold.clamped or threshold.inherited):
                    name = f"{threshold.signal}.{threshold.side.value}"
                    found.setdefault(name, []).append(threshold.value)
        made[family] = {
            name: round(float(np.median(v)), 5)
            for name, v in sorted(found.items())
            if 2 * len(v) >= len(group)
        }
    return made


def failures(
    values: Values, rules: Mapping[tuple[str, Side], float]
) -> dict[str, NDArray[np.bool_]]:
    """For each rule, which documents it rejects; null rejects none."""
    made: dict[str, NDArray[np.bool_]] = {}
    for (name, side), bound in rules.items():
        if name not in values:
            continue
        failed = _beyond(values[name], side, bound)
        made[name] = made[name] | failed if name in made else failed
    return made


def rejected(values: Values, rules: Mapping[tuple[str, Side], float]) -> NDArray[np.bool_]:
    """Which documents any rule rejects."""
    found = list(failures(values, rules).values())
    size = len(next(iter(values.values()), ()))
    return np.logical_or.reduce(found) if found else np.zeros(size, np.bool_)


def fit(
    values: Values,
    of_words: Values,
    english: English,
    base: Mapping[tuple[str, Side], float],
    *,
    are_whole: bool,
    family: str,
    family_medians: Medians,
    are_manuals: bool = False,
) -> tuple[Rules, float]:
    """A language's bounds, and the share of these documents that they and the base reject.

    `values` are those of documents as a pack will meet them, `of_words` of these and others that
    only say what the language's words are. `are_manuals` keeps bounds on repetition near
    the base's. `base` are the rules that hold without a
    pack. Tails shrink from a tenth until the share is at most `MAX_REJECTED`; then bounds that
    still reject more than 1 % alone are relaxed, the strictest first, within their clamps.
    """
    rules: Rules = {}
    share = 1.0
    for tail in TAILS:
        own = derive(values, of_words, english, are_whole=are_whole, tail=tail)
        rules = inherit(own, family_medians, family, values)
        if are_manuals:
            rules = without_looser_repetition(rules, base)
        share = float(rejected(values, _bounds(base, rules)).mean())
        if share <= MAX_REJECTED:
            return rules, share
    ceilings = {
        key: _MANUALS * bound
        for key, bound in base.items()
        if are_manuals and key[0] in _REPETITION
    }
    return _relaxed(values, base, rules, ceilings)


def without_looser_repetition(rules: Rules, base: Mapping[tuple[str, Side], float]) -> Rules:
    """The rules without those on repetition that are looser than the base's, which then hold.

    For references of manuals: these repeat commands and headings, and pages need not.
    """
    return {
        key: threshold
        for key, threshold in rules.items()
        if key[0] not in _REPETITION or threshold.value <= base.get(key, threshold.value)
    }


def _relaxed(
    values: Values,
    base: Mapping[tuple[str, Side], float],
    rules: Rules,
    ceilings: Mapping[tuple[str, Side], float],
) -> tuple[Rules, float]:
    made = dict(rules)
    clamps = {(recipe.signal, recipe.side): recipe.clamp for recipe in RECIPES} | dict(ceilings)
    tried: set[tuple[str, Side]] = set()
    while True:
        bounds = _bounds(base, made)
        share = float(rejected(values, bounds).mean())
        alone = {
            key: float(_beyond(values[key[0]], key[1], bound).mean())
            for key, bound in bounds.items()
            if key[0] in values and key not in tried and key[0] not in _NEVER_RELAXED
        }
        worst = max(alone, key=lambda key: (alone[key], key), default=None)
        if share <= MAX_REJECTED or worst is None or alone[worst] <= _MAX_ALONE:
            return made, share
        tried.add(worst)
        name, side = worst
        known = _known(values, name)
        value = float(np.quantile(known, _RELAXED if side is MIN else 1 - _RELAXED))
        clamp = clamps.get(worst)
        clamped = clamp is not None and (value > clamp if side is MAX else value < clamp)
        if clamped and clamp is not None:
            value = float(clamp)
        if (value > bounds[worst]) if side is MAX else (value < bounds[worst]):
            made[worst] = Threshold(
                name,
                side,
                value,
                f"relaxed: the {'default' if worst not in rules else rules[worst].origin} "
                f"({bounds[worst]:.4g}) rejected {alone[worst]:.1%} of {known.size} documents",
                clamped,
            )


def rounded(threshold: Threshold) -> Threshold:
    """The threshold as it is written: three significant digits, rounded to the lenient side."""
    value = threshold.value
    if value == 0:
        return threshold
    digits = 2 - int(np.floor(np.log10(abs(value))))
    scale = 10.0**digits
    turned = np.ceil(value * scale) if threshold.side is MAX else np.floor(value * scale)
    return replace(threshold, value=float(round(turned / scale, max(digits, 0))))


def _bound(
    recipe: Recipe, known: NDArray[np.float64], english: Mapping[str, float], tail: float
) -> float | None:
    if recipe.method is Method.TAIL:
        return float(np.quantile(known, tail if recipe.side is MIN else 1 - tail))
    threshold = english.get(recipe.side.value)
    if threshold is None:
        return None
    if recipe.method is Method.QUANTILE:
        share = english[f"rejected_{recipe.side.value}"]
        return float(np.quantile(known, share if recipe.side is MIN else 1 - share))
    deviations = (threshold - english["mean"]) / max(english["std"], 1e-9)
    return float(known.mean() + deviations * known.std())


def _named(recipe: Recipe, tail: float) -> str:
    method = {
        Method.TAIL: f"{100 * tail:g} % tail",
        Method.QUANTILE: "quantile as in English",
        Method.MEAN_STD: "mean and deviations as in English",
    }[recipe.method]
    return method if recipe.margin == 1 else f"{method}, times {recipe.margin:g},"


def _bounds(base: Mapping[tuple[str, Side], float], rules: Rules) -> dict[tuple[str, Side], float]:
    return {**base, **{key: threshold.value for key, threshold in rules.items()}}


def _known(values: Values, name: str) -> NDArray[np.float64]:
    column = values.get(name)
    return np.zeros(0) if column is None else column[~np.isnan(column)]


def _beyond(column: NDArray[np.float64], side: Side, bound: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = column < bound if side is MIN else column > bound
    return found
