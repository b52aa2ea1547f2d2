"""How one language's documents lie along one signal, in bins, for dragging its bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.whatif import Population, Standing, in_parts

BINS: Final = 1024
SOME: Final = 1 << 15
"""Documents from which bins are chosen."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Where one signal's values lie."""

    at: int
    """Number of the rule."""
    edges: NDArray[np.float32]
    """Ends of bins, ascending: bin k holds edges[k] <= value < edges[k + 1]."""
    of: NDArray[np.uint16]
    """Bin of each document; the number of bins for one without a value."""

    def sums(self, standing: Standing) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Sums over all documents, and over those that only this rule could reject; nulls last.

        Of shape (bins and one, measures), with the number of documents first.
        """
        from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

        people, bit = standing.population, np.uint64(1) << np.uint64(self.at)

        def part(rows: slice) -> NDArray[np.int64]:
            sums = np.zeros((2, self.edges.size, len(people.measures)), np.int64)
            whatif_loops.sums_of_bins(
                self.of[rows],
                bit,
                standing.masks[rows],
                people.removed[rows],
                people.weights[rows],
                *sums,
            )
            return sums

        every, rest = np.add.reduce(in_parts(part, self.of.size, people.threads))
        return every, rest


def bins(people: Population, at: int) -> Bins:
    """The bins of one rule's signal; its own bounds lie between two of them."""
    from filters import whatif_loops  # noqa: PLC0415 - compiles; see filters.compiled

    values = people.values[at]
    above = np.nextafter(people.high[at], np.float32(np.inf))
    found = edges(values, [people.low[at], above])
    starts = found[:-1]
    bits = starts.view(np.int32)
    base = int(bits[0]) if bits[0] >= 0 else int(bits[0]) ^ 0x7FFFFFFF
    cells = whatif_loops.cells(bits, base)
    numbers = np.arange(cells[-1] + 1)
    ends = [np.searchsorted(cells, numbers, side) - 1 for side in ("left", "right")]
    guide = np.column_stack([np.maximum(one, 0).astype(np.uint16) for one in ends])
    of = np.empty(values.size, np.uint16)

    def part(rows: slice) -> None:
        whatif_loops.binned(values[rows], starts, guide, base, of[rows])

    in_parts(part, of.size, people.threads)
    return Bins(at, found, of)


def edges(
    values: NDArray[np.float32], known: list[np.float32], count: int = BINS
) -> NDArray[np.float32]:
    """Ends of at most so many bins, ascending; every value lies within the first and the last.

    Half are even steps and half quantiles of a random sample, or every value that occurs there
    where they are few; `known` are among them where they lie within.
    """
    some = values[:SOME]
    some = some[~np.isnan(some)]
    lowest, highest = _range(values)
    made = np.unique(some)
    if made.size > count - len(known) - 2:
        half = count // 2 - len(known) - 2
        low, high = np.quantile(some, (0.001, 0.999)).tolist()
        steps = np.linspace(low, high, half, dtype=np.float32)
        made = np.concatenate([steps, np.quantile(some, np.linspace(0, 1, half), method="nearest")])
    last = np.nextafter(highest, np.float32(np.inf))
    made = np.unique(np.concatenate([made, np.array([lowest, *known], np.float32)]))
    return np.append(made[(made >= lowest) & (made < last)], last).astype(np.float32)


def _range(values: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Smallest and largest value; zeros where all are null."""
    ends = np.fmin.reduce(values, initial=np.inf), np.fmax.reduce(values, initial=-np.inf)
    return (np.float32(0), np.float32(0)) if ends[0] > ends[1] else ends
