"""Compiled loops over one language's documents: carry them over a bound, sum them, look at values.

`filters.whatif` and `audit.tuning` import this module late, and check what they pass: nothing here
looks whether an index is within its array. Every loop lets other threads run meanwhile, and takes a
part of the documents, so that two may work on halves.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled, inlined, mix

# Position of the only set bit of a value, by de Bruijn's sequence: value * _SEQUENCE >> 58.
_SEQUENCE: Final = np.uint64(0x03F79D71B4CB0A89)
_58, _ONE, _ZERO = (np.uint64(number) for number in (58, 1, 0))
_POSITION: Final = np.zeros(64, np.int64)
for _bit in range(64):
    _POSITION[((0x03F79D71B4CB0A89 << _bit) & (2**64 - 1)) >> 58] = _bit
_NONE: Final = 64
"""In place of the first failed rule, where none fails: `filters.whatif.NONE`."""

_CELL_BITS: Final = 13
"""Of a float's lowest that do not count: 1,024 cells in each octave."""

released = partial(compiled, nogil=True)


@inlined
def _fate(mask: np.uint64, is_removed: bool) -> int:
    """First failed rule, whether it fails alone, whether the document was removed, in a code."""
    lowest = mask & (~mask + _ONE)
    first = _NONE if mask == _ZERO else _POSITION[(lowest * _SEQUENCE) >> _58]
    is_alone = mask != _ZERO and mask == lowest
    return int(first) * 4 + int(is_alone) * 2 + int(is_removed)


@released
def summed(
    masks: NDArray[np.uint64],
    removed: NDArray[np.bool_],
    weights: NDArray[Any],
    fates: NDArray[np.int64],
    failing: NDArray[np.int64],
) -> None:
    """Add every document to the sums by fate and by failed rule.

    `weights` has shape (documents, measures); the sums (fates or rules, 1 + measures), with the
    number of documents first.
    """
    measures = weights.shape[1]
    for row in range(masks.size):
        mask = masks[row]
        code = _fate(mask, removed[row])
        fates[code, 0] += 1
        for measure in range(measures):
            fates[code, 1 + measure] += weights[row, measure]
        while mask != _ZERO:
            lowest = mask & (~mask + _ONE)
            bit = _POSITION[(lowest * _SEQUENCE) >> _58]
            failing[bit, 0] += 1
            for measure in range(measures):
                failing[bit, 1 + measure] += weights[row, measure]
            mask ^= lowest


@released
def moved(
    values: NDArray[np.float32],
    bounds: tuple[np.float32, np.float32, np.float32, np.float32],
    bit: np.uint64,
    original: NDArray[np.uint64],
    masks: NDArray[np.uint64],
    removed: NDArray[np.bool_],
    weights: NDArray[Any],
    sums: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> None:
    """Carry the documents that cross a rule's bounds into their new masks, and the sums with them.

    `bounds` are low and high as they were, and as they are. `sums` are those by fate, those of this
    rule, and how many documents were kept under `original` and are not now, and the other way.
    """
    low, high, new_low, new_high = bounds
    fates, failing, flips = sums
    measures = weights.shape[1]
    for row in range(values.size):
        value = values[row]
        fails = (value < new_low) | (value > new_high)
        if fails == ((value < low) | (value > high)):
            continue
        old = masks[row]
        new = old ^ bit
        masks[row] = new
        is_removed = removed[row]
        was, now = _fate(old, is_removed), _fate(new, is_removed)
        sign = 1 if fails else -1
        fates[was, 0] -= 1
        fates[now, 0] += 1
        failing[0] += sign
        for measure in range(measures):
            weight = weights[row, measure]
            fates[was, 1 + measure] -= weight
            fates[now, 1 + measure] += weight
            failing[1 + measure] += sign * weight
        if not is_removed and (old == _ZERO) != (new == _ZERO):
            step = 1 if (new == _ZERO) != (original[row] == _ZERO) else -1
            flips[0 if original[row] == _ZERO else 1] += step


@inlined
def _cell(bits: np.int32, base: int) -> int:
    """Which part of its octave a value lies in, counted from that of the smallest value.

    The bits of a float, read as a whole number, rise with it; those of negative ones are turned.
    """
    place = (np.int64(bits) if bits >= 0 else np.int64(bits) ^ 0x7FFFFFFF) - base
    return int(max(np.int64(0), place >> _CELL_BITS))


@released
def cells(bits: NDArray[np.int32], base: int) -> NDArray[np.int64]:
    """Cell of each value, which is none of them null; it never falls where values rise."""
    found = np.empty(bits.size, np.int64)
    for row in range(bits.size):
        found[row] = _cell(bits[row], base)
    return found


@released
def binned(
    values: NDArray[np.float32],
    edges: NDArray[np.float32],
    guide: NDArray[np.uint16],
    base: int,
    found: NDArray[np.uint16],
) -> None:
    """Bin of each value: the last k with edges[k] <= value; the number of edges for a null.

    `guide` holds for each cell the bin of the last edge before it, and of the last edge in it. No
    value may lie under the first edge.
    """
    bits, last = values.view(np.int32), guide.shape[0] - 1
    for row in range(values.size):
        value = values[row]
        if value != value:  # noqa: PLR0124 - a null is not itself
            found[row] = edges.size
            continue
        cell = min(last, _cell(bits[row], base))
        first, end = np.int64(guide[cell, 0]), np.int64(guide[cell, 1])
        while first < end:
            middle = (first + end + 1) >> 1
            if edges[middle] <= value:
                first = middle
            else:
                end = middle - 1
        found[row] = first


@released
def sums_of_bins(
    bins: NDArray[np.uint16],
    bit: np.uint64,
    masks: NDArray[np.uint64],
    removed: NDArray[np.bool_],
    weights: NDArray[Any],
    every: NDArray[np.int64],
    rest: NDArray[np.int64],
) -> None:
    """Add documents to the sums of their bins: all, and those that only this rule could reject.

    The sums have shape (bins, 1 + measures), with the number of documents first.
    """
    measures = weights.shape[1]
    for row in range(bins.size):
        at = bins[row]
        every[at, 0] += 1
        for measure in range(measures):
            every[at, 1 + measure] += weights[row, measure]
        if (masks[row] & ~bit) == _ZERO and not removed[row]:
            rest[at, 0] += 1
            for measure in range(measures):
                rest[at, 1 + measure] += weights[row, measure]


@released
def distances(
    values: NDArray[np.float32],
    low: np.float32,
    high: np.float32,
    bit: np.uint64,
    masks: NDArray[np.uint64],
    removed: NDArray[np.bool_],
    found: NDArray[np.float32],
) -> None:
    """Distance of each value from the nearer bound; infinite for a null, and where more decides.

    That is where another rule fails, or another step removed the document.
    """
    for row in range(values.size):
        value = values[row]
        nearest = np.float32(np.inf)
        is_free = (masks[row] & ~bit) == _ZERO and not removed[row]
        if is_free and value == value:  # noqa: PLR0124 - a null is not equal to itself
            nearest = min(abs(value - low), abs(value - high))
        found[row] = nearest


@released
def first(
    distances: NDArray[np.float32], heads: NDArray[np.uint64], own: np.uint64, n: int
) -> NDArray[np.int64]:
    """Rows of the n smallest distances, ascending; of equal ones the smaller mix of head and `own`.

    Rows of infinite distance are never among them.
    """
    rows, keys = np.empty(n, np.int64), np.empty(n, np.uint64)
    nearest = np.empty(n, np.float32)
    held = 0
    for row in range(distances.size):
        distance = distances[row]
        if distance == np.inf or (held == n and distance > nearest[n - 1]):
            continue
        key = mix(heads[row] + own)
        if held == n and distance == nearest[n - 1] and key >= keys[n - 1]:
            continue
        at = held if held < n else n - 1
        while at and (
            nearest[at - 1] > distance or (nearest[at - 1] == distance and keys[at - 1] > key)
        ):
            nearest[at], keys[at], rows[at] = nearest[at - 1], keys[at - 1], rows[at - 1]
            at -= 1
        nearest[at], keys[at], rows[at] = distance, key, row
        held = min(n, held + 1)
    return rows[:held]
