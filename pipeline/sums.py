"""Sums of counts by language, metric and label, for many tallies of the same few names.

Dense arrays, so that a tally of 25,000 counts costs a millisecond and no object is made for any of
them: 90,000 shards have two billion.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.manifest import Count

Codes = NDArray[np.intp]


class Sum:
    """What was added so far. Pairs of metric and label are numbered as they are met."""

    def __init__(self) -> None:
        self._names: tuple[dict[str, int], ...] = ({}, {}, {})
        self._pair_of = np.full((1, 1), -1, np.intp)
        self._pairs: list[tuple[int, int]] = []
        self._counts = np.zeros((1, 1), np.int64)

    def add(self, tally: pa.Table) -> None:
        """Add the counts of a tally, whose names may be dictionary-encoded."""
        columns = (tally.column(name) for name in ("language", "metric", "label"))
        found = zip(self._names, columns, strict=True)
        language, metric, label = (_codes(names, column) for names, column in found)
        pairs = self._numbered(metric, label)
        self._counts = _grown(self._counts, (len(self._names[0]), len(self._pairs)), 0)
        places = language * self._counts.shape[1] + pairs
        np.add.at(self._counts.reshape(-1), places, tally.column("count").to_numpy())

    def _numbered(self, metric: Codes, label: Codes) -> Codes:
        shape = (len(self._names[1]), len(self._names[2]))
        self._pair_of = _grown(self._pair_of, shape, -1)
        pairs = self._pair_of[metric, label]
        if (pairs < 0).any():
            fresh = np.unique(np.stack([metric, label])[:, pairs < 0], axis=1)
            for one, other in fresh.T.tolist():
                self._pair_of[one, other] = len(self._pairs)
                self._pairs.append((one, other))
            pairs = self._pair_of[metric, label]
        return pairs

    def counts(self) -> Iterator[Count]:
        """Every count that is not zero, in no order."""
        languages, metrics, labels = (list(names) for names in self._names)
        for at, pair in zip(*(ends.tolist() for ends in np.nonzero(self._counts)), strict=True):
            metric, label = self._pairs[pair]
            yield languages[at], metrics[metric], labels[label], int(self._counts[at, pair])


def _codes(names: dict[str, int], column: pa.ChunkedArray) -> Codes:
    coded = column.combine_chunks()
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    own = [names.setdefault(name, len(names)) for name in coded.dictionary.to_pylist()]
    found: Codes = np.array(own, np.intp)[coded.indices.to_numpy()]
    return found


def _grown(array: NDArray[np.int64], shape: tuple[int, int], empty: int) -> NDArray[np.int64]:
    """The array, or a copy of at least this shape and twice the size in what was too short."""
    if all(has >= needed for has, needed in zip(array.shape, shape, strict=True)):
        return array
    sizes = (
        max(has, 2 * needed) if needed > has else has
        for has, needed in zip(array.shape, shape, strict=True)
    )
    larger = np.full(tuple(sizes), empty, array.dtype)
    larger[: array.shape[0], : array.shape[1]] = array
    return larger
