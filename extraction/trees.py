"""Boosted oblivious trees in one compiled loop: all nodes of a level ask the same question.

A feature is looked up once a block as the number of its borders below the value (a byte); a tree of
depth six is then six comparisons of bytes and one look into a table of 64, without a branch.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled

DEPTH: Final = 6
MAX_TREES: Final = 4_000
MAX_BORDERS: Final = 254
MAX_COLUMNS: Final = 1_000
_LANES: Final = 32
_TYPES: Final = (np.int32, np.int32, np.float32, np.int32, np.uint8, np.float32, np.float32)
"""Of the arrays of a model, in order."""


class Trees(NamedTuple):
    """A model: `borders[starts[f]:starts[f + 1]]` ascend; a row of `splits` is a tree's questions.

    `columns` are the features that are asked for, `features` of a split count in them; leaves of a
    tree are numbered by the answers, the first in the lowest bit.
    """

    columns: NDArray[np.int32]
    starts: NDArray[np.int32]
    borders: NDArray[np.float32]
    features: NDArray[np.int32]
    """(trees, 6)"""
    bins: NDArray[np.uint8]
    """(trees, 6): a value is above when more borders than this are below it."""
    leaves: NDArray[np.float32]
    """(trees, 64)"""
    bias: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-odds of each row."""
        if features.shape[1] <= int(self.columns.max(initial=0)):
            raise ValueError("the model of the extractor asks for other features")
        out = np.empty(len(features), np.float32)
        if len(out):
            _scores(
                features, self.columns, self.starts, self.borders, self.features, self.bins,
                self.leaves, self.bias[0], out,
            )  # fmt: skip
        return out


def load(path: Path) -> Trees:
    """A model that was saved; ValueError if it is none, or asks for what cannot be."""
    try:
        with np.load(path, allow_pickle=False) as found:
            made = Trees(*(found[name] for name in Trees._fields))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        raise ValueError(f"{path.name} is no model of the extractor") from None
    return checked(made)


def save(path: Path, trees: Trees) -> None:
    """Write a model."""
    np.savez_compressed(path, **checked(trees)._asdict())


def checked(trees: Trees) -> Trees:
    """The model, if no look into its tables can miss them: compiled loops look no bounds up."""
    arrays: tuple[NDArray[np.generic], ...] = tuple(trees)
    types = all(array.dtype == kind for array, kind in zip(arrays, _TYPES, strict=True))
    if not types or trees.features.ndim != 2 or trees.starts.ndim != 1:
        raise ValueError("the model of the extractor is damaged: other types or shapes")
    count = len(trees.features)
    sizes = np.diff(trees.starts)
    fits = (
        0 < count <= MAX_TREES
        and trees.features.shape == trees.bins.shape == (count, DEPTH)
        and trees.leaves.shape == (count, 1 << DEPTH)
        and trees.columns.shape == (len(sizes),)
        and trees.starts[0] == 0
        and trees.borders.shape == (trees.starts[-1],)
        and bool((sizes >= 0).all() and (sizes <= MAX_BORDERS).all())
        and bool((trees.columns >= 0).all() and (trees.columns < MAX_COLUMNS).all())
        and bool((trees.features >= 0).all() and (trees.features < len(sizes)).all())
        and trees.bias.shape == (1,)
    )
    if not fits:
        raise ValueError("the model of the extractor is damaged: its tables do not fit")
    return trees


@compiled
def _scores(
    features: NDArray[np.float32],
    columns: NDArray[np.int32],
    starts: NDArray[np.int32],
    borders: NDArray[np.float32],
    asked: NDArray[np.int32],
    bins: NDArray[np.uint8],
    leaves: NDArray[np.float32],
    bias: np.float32,
    out: NDArray[np.float32],
) -> None:
    # Rows are padded to whole vectors: what is left over a vector would be done one by one.
    n = features.shape[0]
    width = (n + _LANES - 1) // _LANES * _LANES
    ranks = np.zeros((columns.size, width), np.uint8)
    for f in range(columns.size):
        low, count = starts[f], starts[f + 1] - starts[f]
        column = columns[f]
        for b in range(n):
            value, first, size = features[b, column], low, count
            while size > 1:  # without a branch: which half it is cannot be foretold
                half = size >> 1
                first += half * (borders[first + half - 1] < value)
                size -= half
            ranks[f, b] = first - low + (size == 1 and borders[first] < value)
    for b in range(n):
        out[b] = bias
    leaf = np.zeros(width, np.uint8)
    for t in range(asked.shape[0]):
        r0, r1, r2 = ranks[asked[t, 0]], ranks[asked[t, 1]], ranks[asked[t, 2]]
        r3, r4, r5 = ranks[asked[t, 3]], ranks[asked[t, 4]], ranks[asked[t, 5]]
        b0, b1, b2 = bins[t, 0], bins[t, 1], bins[t, 2]
        b3, b4, b5 = bins[t, 3], bins[t, 4], bins[t, 5]
        for b in range(width):
            leaf[b] = (
                (np.uint8(1) if r0[b] > b0 else np.uint8(0))
                | (np.uint8(2) if r1[b] > b1 else np.uint8(0))
                | (np.uint8(4) if r2[b] > b2 else np.uint8(0))
                | (np.uint8(8) if r3[b] > b3 else np.uint8(0))
                | (np.uint8(16) if r4[b] > b4 else np.uint8(0))
                | (np.uint8(32) if r5[b] > b5 else np.uint8(0))
            )
        values = leaves[t]
        for b in range(n):
            out[b] += values[leaf[b]]
