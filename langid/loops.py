"""Compiled inner loops of the models: n-grams of words.

Import this late, as `filters.text` does its own: numba takes half a second that no command line
wants.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled

# FNV-1a in 32 bits, over bytes that fastText takes as signed.
_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_SIGN: Final = np.uint32(0xFFFFFF00)
_SPACE, _FIRST_LONG, _INSIDE, _LEAD = 0x20, 0x80, 0xC0, 0x80
_OPEN, _CLOSE = np.uint8(ord("<")), np.uint8(ord(">"))


@compiled
def add_ngrams(
    text: NDArray[np.uint8],
    sizes: tuple[int, int],
    row_of_bucket: NDArray[np.int32],
    rows: NDArray[np.float32],
    total: NDArray[np.float32],
) -> int:
    """Add the vectors of a text's n-grams to `total`, and say how many there were.

    `text` is UTF-8, its words apart by single spaces; n-grams of the marked words `<word>` have
    from `sizes[0]` to `sizes[1]` characters, and a mark alone is none. N-grams without a row have
    the last of `rows`.
    """
    buckets, none, dim = np.uint32(row_of_bucket.size), rows.shape[0] - 1, rows.shape[1]
    marked = np.empty(text.size + 2, np.uint8)
    count, begin = 0, 0
    while begin < text.size:
        end = begin
        while end < text.size and text[end] != _SPACE:
            end += 1
        length = end - begin + 2
        marked[0], marked[length - 1] = _OPEN, _CLOSE
        marked[1 : length - 1] = text[begin:end]
        begin = end + 1
        for first in range(length):
            if marked[first] & _INSIDE == _LEAD:
                continue
            value, at = _OFFSET, first
            for size in range(1, sizes[1] + 1):
                if at == length:
                    break
                while True:
                    byte = np.uint32(marked[at])
                    if byte >= _FIRST_LONG:
                        byte |= _SIGN
                    value = np.uint32((value ^ byte) * _PRIME)
                    at += 1
                    if at == length or marked[at] & _INSIDE != _LEAD:
                        break
                if size < sizes[0] or (size == 1 and (first == 0 or at == length)):
                    continue
                row = row_of_bucket[value % buckets]
                if row != none:
                    count += 1
                    for d in range(dim):
                        total[d] += rows[row, d]
    return count
