"""Compiled loops over two ascending lists of 128-bit keys, each key as two halves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled

Keys = NDArray[np.uint64]
Codes = NDArray[np.uint16]


@compiled
def matches(head: Keys, tail: Keys, other_head: Keys, other_tail: Keys) -> NDArray[np.int64]:
    """Row in the other list of each key; -1 where it is not there. Keys of a list are distinct."""
    found = np.full(head.size, -1, np.int64)
    at = 0
    for row in range(head.size):
        while at < other_head.size and (
            other_head[at] < head[row]
            or (other_head[at] == head[row] and other_tail[at] < tail[row])
        ):
            at += 1
        if at < other_head.size and other_head[at] == head[row] and other_tail[at] == tail[row]:
            found[row] = at
    return found


@compiled
def pairs_of_codes(
    at: NDArray[np.int64], codes: Codes, other_codes: Codes, count: int, absent: int
) -> NDArray[np.int64]:
    """How many keys have one code in a list and one in the other, of shape (count, count).

    `at` is that of `matches`; `absent` is the code of a key that a list does not have.
    """
    counts = np.zeros((count, count), np.int64)
    is_seen = np.zeros(other_codes.size, np.bool_)
    for row in range(at.size):
        other = absent
        if at[row] >= 0:
            other = other_codes[at[row]]
            is_seen[at[row]] = True
        counts[codes[row], other] += 1
    for row in range(other_codes.size):
        if not is_seen[row]:
            counts[absent, other_codes[row]] += 1
    return counts
