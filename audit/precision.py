"""Precision and recall of "keep" against labels, weighted by how each document came to be labelled.

Labels do not come evenly: a linguist looks at the margin first. So each label weighs 1 / (chance of
its document to be labelled), and sums of weights stand for the language (Horvitz and Thompson
1952); a ratio of two such sums is Hajek's. A document that several queues may show is drawn with
the chance 1 - (1 - p1)(1 - p2)... (Bankier 1986: one weight for several frames). Queues are of two
kinds:

* random_kept and random_dropped draw evenly from what is kept and what is rejected. The chance is
  labels given / documents of the frame, which stays right if a queue is left half read.
* every other queue picks on purpose. What it showed and was labelled is certain (chance 1): it
  stands for itself alone, and random labels for all the rest, however the picks were made.

Weights of random labels are then scaled to the known numbers of documents that are kept and
rejected now (post-stratification: Holt and Smith 1979), so that bounds may move after labelling.

The standard error is that of a bootstrap whose multipliers have mean 1 and variance 1 - p, the
variance of the draw (Beaumont and Patak 2012): a certain document does not vary. The interval is
symmetric in the logit, since percentiles of shares near 1 cover 92 % where they say 95 %. Where
every label agrees, a bootstrap knows no doubt; Wilson's interval for the effective number of labels
is given instead.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.labels import Label

ENOUGH: Final = 100
"""Effective labels below which no number is shown: at 90 % the interval would exceed +-6 points."""
Z: Final = 1.959964
REPLICATES: Final = 1000
RANDOM: Final = ("random_kept", "random_dropped")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """One document and what people said of it."""

    doc_id: str
    good: float
    """Share of its people that would keep it."""
    probability: float
    """Chance to be labelled, by all queues together."""
    held_out: bool


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share with its 95 % interval; all three are null with too few labels."""

    value: float | None
    low: float | None
    high: float | None
    labels: int
    """Documents that the estimate rests on."""
    effective: float
    """How many evenly drawn documents would say as much (Kish 1965); 0 where a part is unseen."""
    needed: int
    """About how many labels more until a number is shown."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision: share of what is kept that is good. Recall: share of what is good that is kept."""

    precision: Share
    recall: Share


def judged(labels: Sequence[Label]) -> list[Judged]:
    """Documents with their verdicts and chances, from the labels that count; skips say nothing."""
    of: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label.verdict != "skip":
            of[label.doc_id].append(label)
    chances = _chances(of)
    found = []
    for doc_id, mine in of.items():
        missed = 1.0
        for queue in {label.queue for label in mine}:
            missed *= 1 - chances.get(queue, 1.0)
        good = sum(label.verdict == "keep" for label in mine) / len(mine)
        found.append(Judged(doc_id, good, 1 - missed, mine[0].held_out))
    return found


def _chances(of: dict[str, list[Label]]) -> dict[str, float]:
    """Chance of a document of each random queue's frame to be labelled through it.

    Bounds may have moved between two labels, and the frame with them: its mean size counts.
    """
    frames: dict[str, list[float]] = defaultdict(list)
    for mine in of.values():
        for queue in {label.queue for label in mine} & set(RANDOM):
            through = next(label for label in mine if label.queue == queue)
            frames[queue].append(through.frame or 1 / through.inclusion_probability)
    return {queue: min(1.0, len(f) / (sum(f) / len(f))) for queue, f in frames.items()}


def quality(
    good: Sequence[float] | Floats,
    kept: Sequence[bool] | NDArray[np.bool_],
    probability: Sequence[float] | Floats,
    totals: tuple[int, int],
    seed: int = 7,
    replicates: int = REPLICATES,
) -> Quality:
    """Precision and recall from labelled documents, each with chance (0, 1] to be labelled.

    `good` is in [0, 1]; `kept` is what the bounds say now; `totals` holds how many documents of the
    language they keep and reject. ValueError for arrays of unequal length and a
    chance outside (0, 1].
    """
    y, k = np.asarray(good, np.float64), np.asarray(kept, np.bool_)
    p = np.asarray(probability, np.float64)
    if not y.shape == k.shape == p.shape:
        raise ValueError("one verdict, side and chance for each document")
    if p.size and not (0 < p.min() <= p.max() <= 1):
        raise ValueError("a chance lies above 0 and is at most 1")
    cells, counts = np.unique(np.column_stack([y, k, p]), axis=0, return_counts=True)
    if not counts.size:
        cells = np.zeros((0, 3))
    side = cells[:, 1] == 1
    amounts = counts * _weights(cells[:, 2], counts, side, totals)
    spread = np.sqrt(1 - cells[:, 2])
    draws = np.random.default_rng(seed).poisson(counts, (replicates, counts.size))
    multipliers = 1 + spread * (draws / np.maximum(counts, 1) - 1)
    varied = _scaled(amounts * multipliers, cells[:, 2], side, totals)
    weight = amounts * cells[:, 0]
    seen = _is_seen(cells[:, 2], counts, side, totals)
    return Quality(
        _share(
            (weight * side, amounts * side),
            (varied * cells[:, 0] * side, varied * side),
            counts,
            seen[0],
        ),
        _share(
            (weight * side, weight),
            (varied * cells[:, 0] * side, varied * cells[:, 0]),
            counts,
            all(seen),
        ),
    )


def _weights(
    p: Floats, counts: NDArray[np.int64], side: NDArray[np.bool_], totals: tuple[int, int]
) -> Floats:
    """Weight of a document in each cell."""
    amounts = _scaled((counts / p)[None, :], p, side, totals)[0]
    made: Floats = amounts / np.maximum(counts, 1)
    return made


def _scaled(amounts: Floats, p: Floats, side: NDArray[np.bool_], totals: tuple[int, int]) -> Floats:
    """Amounts, of shape (replicates, cells), whose random part meets the known totals."""
    made = amounts.copy()
    for total, of in zip(totals, (side, ~side), strict=True):
        certain, drawn = of & (p == 1), of & (p < 1)
        rest = np.maximum(total - amounts[:, certain].sum(axis=1), 0)
        has = amounts[:, drawn].sum(axis=1)
        factor = np.divide(rest, has, out=np.ones_like(has), where=has > 0)
        made[:, drawn] *= factor[:, None]
    return made


def _is_seen(
    p: Floats, counts: NDArray[np.int64], side: NDArray[np.bool_], totals: tuple[int, int]
) -> tuple[bool, bool]:
    """Whether labels speak for all that is kept, and for all that is rejected."""
    found = []
    for at, of in enumerate((side, ~side)):
        certain, drawn = counts[of & (p == 1)].sum(), counts[of & (p < 1)].sum()
        found.append(bool(drawn or certain >= totals[at]))
    return found[0], found[1]


def _share(
    estimate: tuple[Floats, Floats],
    varied: tuple[Floats, Floats],
    counts: NDArray[np.int64],
    is_seen: bool,
) -> Share:
    """A ratio of two sums over cells, with its interval."""
    part, whole = (float(one.sum()) for one in estimate)
    labels = int(counts[estimate[1] > 0].sum())
    used = counts > 0
    squares = float((estimate[1][used] ** 2 / counts[used]).sum())
    effective = whole**2 / squares if squares > 0 and is_seen else 0.0
    if effective < ENOUGH:
        each = effective / labels if effective else 1.0
        return Share(None, None, None, labels, effective, ceil((ENOUGH - effective) / each))
    value = part / whole
    if value in (0.0, 1.0):
        low, high = wilson(round(value * effective), round(effective))
    else:
        ratios = varied[0].sum(axis=1) / np.maximum(varied[1].sum(axis=1), 1e-300)
        middle = log(value / (1 - value))
        half = Z * float(ratios.std()) / (value * (1 - value))
        low, high = (1 / (1 + exp(-one)) for one in (middle - half, middle + half))
    return Share(value, low, high, labels, effective, 0)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, for evenly drawn documents. ValueError for none.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.1.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} of {n} is no share")
    share, more = successes / n, Z * Z / n
    middle = (share + more / 2) / (1 + more)
    half = Z * sqrt(share * (1 - share) / n + more / (4 * n)) / (1 + more)
    return max(0.0, middle - half), min(1.0, middle + half)


def summary(
    labels: Sequence[Label], kept: dict[str, bool], totals: tuple[int, int]
) -> dict[str, Any]:
    """Precision and recall of labels that may tune and of those held out, as plain data.

    `kept` says of labelled documents whether the bounds keep them now; documents that it lacks are
    of another run and do not count. `random_kept` is the share of good documents among those drawn
    evenly from what is kept, without weights, and Wilson's interval.
    """
    found = [one for one in judged(labels) if one.doc_id in kept]
    sides = {"tuning": False, "held_out": True}
    plain = [label for label in labels if label.queue == "random_kept" and label.verdict != "skip"]
    n, good = len(plain), sum(label.verdict == "keep" for label in plain)
    return {
        "documents": len(found),
        **{
            name: _plain([one for one in found if one.held_out == held], kept, totals)
            for name, held in sides.items()
        },
        "random_kept": {"labels": n, "good": good, "interval": wilson(good, n) if n else None},
    }


def _plain(
    found: Sequence[Judged], kept: dict[str, bool], totals: tuple[int, int]
) -> dict[str, Any]:
    made = quality(
        [one.good for one in found],
        [kept[one.doc_id] for one in found],
        [one.probability for one in found],
        totals,
    )
    return {
        "labels": len(found),
        **{name: _as_dict(getattr(made, name)) for name in ("precision", "recall")},
    }


def _as_dict(share: Share) -> dict[str, Any]:
    return {name: getattr(share, name) for name in Share.__slots__}
