"""Where a key stands among millions of sorted 64-bit ones, which may lie in a mapped file."""

from bisect import bisect_left
from typing import Final

import numpy as np
from numpy.typing import NDArray


class SortedKeys:
    """Sorted hashes, looked up by interpolation.

    A lookup costs some microseconds whatever the length, and touches a page or two of the keys:
    hashes are uniform in their range, so that the place of one is known but for some thousand rows.
    """

    SLACK: Final = 4
    """Times the square root of the length. The guess is off by half that root on average, so eight
    standard deviations are searched first; where that is not enough, the whole list is."""

    def __init__(self, keys: NDArray[np.uint64], low: int = 0, high: int = 1 << 64) -> None:
        """Take sorted keys that were drawn from [low, high)."""
        self._keys = memoryview(keys.data)
        self._low, self._width = low, high - low
        self._slack = int(self.SLACK * len(keys) ** 0.5) + 1

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, wanted: int) -> int:
        """Place of the first such key, or -1."""
        keys = self._keys
        guess = (wanted - self._low) * len(keys) // self._width
        low, high = max(0, guess - self._slack), min(len(keys), guess + self._slack)
        at = bisect_left(keys, wanted, low, high) if low < high else low
        if at in (low, high):  # at an edge: the place may lie beyond it
            at = bisect_left(keys, wanted)
        return at if at < len(keys) and keys[at] == wanted else -1
