"""MinHash signatures, equal to datasketch's over the published shingle hashes.

`signature` gives what `datasketch.MinHash(num_perm=112, seed=1, scheme="affine32")` holds after an
update with each 32-bit shingle and the identity as hash function: the shingle is mixed by
MurmurHash3's 32-bit finaliser, then each permutation is a * h + b modulo 2^32 with odd a. So anyone
can query our signatures with datasketch.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.text import mix

PERMUTATIONS: Final = 112
SEED: Final = 1
SCHEME: Final = "affine32"
BANDS: Final = 14
ROWS: Final = 8

# 112 rows of 1,024 values of 4 bytes are 0.46 MB: they stay in a second-level cache of 1 MB.
_CHUNK: Final = 1024


def signature(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MinHash of a set of shingles, of shape (112,). ValueError for an empty set."""
    if not shingles.size:
        raise ValueError("a text without shingles has no signature")
    factors, offsets = _permutations()
    hashes = _premix(shingles)
    lowest = np.full(PERMUTATIONS, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, hashes.size, _CHUNK):
        permuted = factors * hashes[start : start + _CHUNK]
        permuted += offsets
        np.minimum(lowest, permuted.min(axis=1), out=lowest)
    return lowest


def band_hashes(
    values: NDArray[np.uint32], bands: int = BANDS, rows: int = ROWS
) -> NDArray[np.uint64]:
    """64-bit hash of each band of a signature, of shape (bands,).

    Pinned: it is compared across runs.

    A band's number is part of its hash: mix(b + sum over r of mix(v_r + 2^32 * (r + 1))), with
    `filters.text.mix`. ValueError if the signature has fewer than bands * rows values; surplus
    values are left out.
    """
    if bands * rows > values.size:
        raise ValueError(
            f"{bands} bands of {rows} rows need {bands * rows} values, got {values.size}"
        )
    banded = values[: bands * rows].reshape(bands, rows).astype(np.uint64)
    places = np.arange(1, rows + 1, dtype=np.uint64) << np.uint64(32)
    return mix(mix(banded + places).sum(axis=1) + np.arange(bands, dtype=np.uint64))


def estimate(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """Estimated Jaccard similarity: the share of equal places of two signatures of one length."""
    if a.shape != b.shape:
        raise ValueError(f"signatures of different shapes: {a.shape} and {b.shape}")
    return float(np.count_nonzero(a == b) / a.size)


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Factors and offsets of datasketch, each of shape (112, 1)."""
    from datasketch import MinHash  # noqa: PLC0415 - brings scipy, which no command line wants

    factors, offsets = MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme=SCHEME).permutations
    return factors.reshape(-1, 1), offsets.reshape(-1, 1)


def _premix(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's fmix32, as datasketch applies it to each value before permuting."""
    mixed = shingles.astype(np.uint32)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed
