"""Compiled loops over the characters of a text: what is not seen as it is, and where numbers are.

Class bits are those of `filters.folding`. One nanosecond a character, where a search by pattern
costs three to ten for each detector.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled
from filters.folding import CAPITAL, DIGIT, FOLDED, JOINT, REMOVED, TOKEN, Points
from filters.sieve import MAX_GAP, MIN_CODE, MIN_DIGITS, MIN_PIECE, MIN_TOKEN, SHORT_DIGITS


@compiled
def first_folded(points: Points, classes: NDArray[np.uint8]) -> int:
    """Place of the first character that is not seen as it is; the length where there is none."""
    for at in range(points.size):
        if classes[points[at]] & FOLDED:
            return at
    return points.size


@compiled
def fold(
    points: NDArray[np.uint32], plain: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The characters as they are seen, and before which of these others were left out."""
    seen = np.empty(points.size, np.uint32)
    removed = np.empty(points.size, np.int64)
    length = hidden = 0
    for at in range(points.size):
        point = plain[points[at]]
        if point == REMOVED:
            removed[hidden] = length
            hidden += 1
        else:
            seen[length] = point
            length += 1
    return seen[:length].copy(), removed[:hidden].copy()


@compiled
def numbers(points: Points, classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Starts and ends of runs of digits with little between them."""
    found = np.empty((points.size // MIN_DIGITS + 1, 2), np.int64)
    count = digits = end = 0
    run = -1
    for at in range(points.size):
        bits = classes[points[at]]
        if bits & DIGIT:
            if run < 0:
                run, digits = at, 0
            digits, end = digits + 1, at + 1
        elif run >= 0 and (not bits & JOINT or at - end >= MAX_GAP):
            if digits >= MIN_DIGITS:
                found[count] = run, end
                count += 1
            run = -1
    if run >= 0 and digits >= MIN_DIGITS:
        found[count] = run, end
        count += 1
    return found[:count].copy()


@compiled
def codes(points: Points, classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Starts and ends of short numbers, and of words of digits and capitals, from a digit on."""
    size = points.size
    found = np.empty((size // 2 + 1, 2), np.int64)
    count = at = 0
    while at < size:
        if not classes[points[at]] & (DIGIT | CAPITAL):
            at += 1
            continue
        start, first, piece, longest, has_five = at, -1, 0, 0, False
        while at < size and classes[points[at]] & (DIGIT | CAPITAL):
            if classes[points[at]] & DIGIT:
                if first < 0:
                    first = at
                piece += 1
            else:
                has_five |= piece == SHORT_DIGITS
                longest, piece = max(longest, piece), 0
            at += 1
        has_five |= piece == SHORT_DIGITS
        longest = max(longest, piece)
        is_mixed = first >= 0 and longest < at - start
        if has_five or (is_mixed and (at - start >= MIN_CODE or longest >= MIN_PIECE)):
            found[count] = first, at
            count += 1
    return found[:count].copy()


@compiled
def tokens(points: Points, classes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Starts and ends of long words."""
    found = np.empty((points.size // MIN_TOKEN + 1, 2), np.int64)
    count, start = 0, -1
    for at in range(points.size + 1):
        if at < points.size and classes[points[at]] & TOKEN:
            if start < 0:
                start = at
        elif start >= 0:
            if at - start >= MIN_TOKEN:
                found[count] = start, at
                count += 1
            start = -1
    return found[:count].copy()
