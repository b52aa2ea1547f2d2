"""A compiled loop over strings as Arrow lays them out: one hash each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled, mix

_PRIME: Final = np.uint64(0x100000001B3)
_START: Final = np.uint64(0xCBF29CE484222325)


@compiled
def string_keys(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64-bit hash of each `data[offsets[k]:offsets[k + 1]]`: FNV-1a, then SplitMix64's finaliser.

    Somebody may make strings of equal hashes, so whoever looks one up compares the string too.
    """
    keys = np.empty(offsets.size - 1, np.uint64)
    for row in range(keys.size):
        key = _START
        for at in range(offsets[row], offsets[row + 1]):
            key = (key ^ np.uint64(data[at])) * _PRIME
        keys[row] = mix(key)
    return keys
