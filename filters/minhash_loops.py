"""Compiled loops over signatures: permute and take the least, hash bands, count equal places.

`filters.minhash` imports this module when the first signature is made, and checks what it passes:
nothing here looks whether an index is within its array.

numba widens products and sums of 32-bit values to 64 bits; each result is cut back at once, so that
LLVM computes in 32 bits and takes as many values at a time as the processor's registers hold.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled, mix

_LARGEST: Final = np.uint32(0xFFFFFFFF)
_FMIX_1: Final = np.uint32(0x85EBCA6B)
_FMIX_2: Final = np.uint32(0xC2B2AE35)
_13, _16 = np.uint32(13), np.uint32(16)
_32: Final = np.uint64(32)

# 4 kB of shingles and 112 minima stay in the first-level cache, whatever a document's size.
_BLOCK: Final = 1024


@compiled
def _premix(value: np.uint32) -> np.uint32:
    """MurmurHash3's fmix32, as datasketch applies it to each value before permuting."""
    value = np.uint32(value ^ (value >> _16))
    value = np.uint32(value * _FMIX_1)
    value = np.uint32(value ^ (value >> _13))
    value = np.uint32(value * _FMIX_2)
    return np.uint32(value ^ (value >> _16))


@compiled
def signatures(
    shingles: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    factors: NDArray[np.uint32],
    addends: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """Least a * fmix32(h) + b modulo 2^32 over each set `shingles[offsets[k]:offsets[k + 1]]`.

    Of shape (sets, permutations); the largest value where a set is empty.
    """
    lowest = np.full((offsets.size - 1, factors.size), _LARGEST, np.uint32)
    block = np.empty(_BLOCK, np.uint32)
    for row in range(offsets.size - 1):
        for start in range(offsets[row], offsets[row + 1], _BLOCK):
            size = min(_BLOCK, offsets[row + 1] - start)
            for place in range(size):
                block[place] = _premix(shingles[start + place])
            for permutation in range(factors.size):
                factor, addend = factors[permutation], addends[permutation]
                least = lowest[row, permutation]
                for place in range(size):
                    least = min(least, np.uint32(factor * block[place] + addend))
                lowest[row, permutation] = least
    return lowest


@compiled
def band_hashes(values: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.uint64]:
    """Hash of each band of each row, as `filters.minhash.band_hashes` defines it."""
    hashes = np.empty((values.shape[0], bands), np.uint64)
    for document in range(values.shape[0]):
        for band in range(bands):
            total = np.uint64(band)
            for row in range(rows):
                place = np.uint64(row + 1) << _32
                total += mix(np.uint64(values[document, band * rows + row]) + place)
            hashes[document, band] = mix(total)
    return hashes


@compiled
def equal_places(
    values: NDArray[np.uint32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int16]:
    """For each pair of rows, in how many places they hold the same value."""
    counts = np.empty(first.size, np.int16)
    for pair in range(first.size):
        count = np.uint32(0)  # as wide as the values, so that counting is vectorised too
        for place in range(values.shape[1]):
            same = values[first[pair], place] == values[second[pair], place]
            count = np.uint32(count + np.uint32(same))
        counts[pair] = count
    return counts
