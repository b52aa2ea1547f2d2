"""MinHash signatures, equal to datasketch's over the published shingle hashes.

`signature` gives what `datasketch.MinHash(num_perm=112, seed=1, scheme="affine32")` holds after an
update with each 32-bit shingle and the identity as hash function: the shingle is mixed by
MurmurHash3's 32-bit finaliser, then each permutation is a * h + b modulo 2^32 with odd a. So anyone
can query our signatures with datasketch.

A signature is cut into bands of rows; two documents that agree in a whole band are a candidate
pair. `layouts` and `candidate_probability` say what can be had; docs/decisions/0018-band-layout.md
says why it is 14 bands of 8 rows. `sure` and `hopeless` bound what the signatures alone decide.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS: Final = 112
SEED: Final = 1
SCHEME: Final = "affine32"
BANDS: Final = 14
ROWS: Final = 8

Array = TypeVar("Array", bound=NDArray[Any])


def signature(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MinHash of a set of shingles, of shape (112,). ValueError for an empty set."""
    if not shingles.size:
        raise ValueError("a text without shingles has no signature")
    values: NDArray[np.uint32] = signatures(shingles, np.array([0, shingles.size]))[0]
    return values


def signatures(
    shingles: NDArray[np.uint32], offsets: NDArray[np.int64] | NDArray[np.int32]
) -> NDArray[np.uint32]:
    """MinHash of each set `shingles[offsets[k]:offsets[k + 1]]`, of shape (sets, 112).

    An empty set has no signature: its row holds the largest value everywhere, as datasketch's
    MinHash does before an update, and is to be stored as null. ValueError for shingles of another
    type, for offsets that fall or lie outside the shingles, and for none (of 0 sets there is one).
    """
    if shingles.dtype != np.uint32 or shingles.ndim != 1:
        raise ValueError(f"shingles are one row of uint32, got {shingles.dtype} {shingles.shape}")
    bounds = np.asarray(offsets, np.int64)
    if (
        not bounds.size
        or bounds[0] < 0
        or bounds[-1] > shingles.size
        or (np.diff(bounds) < 0).any()
    ):
        raise ValueError(f"offsets must rise from 0 at least to {shingles.size} at most")
    factors, addends = _permutations()
    made: NDArray[np.uint32] = _loops().signatures(
        _plain(shingles), _plain(bounds), _plain(factors), _plain(addends)
    )
    return made


def band_hashes(
    values: NDArray[np.uint32], bands: int = BANDS, rows: int = ROWS
) -> NDArray[np.uint64]:
    """64-bit hash of each band of one signature or of many, of shape (..., bands).

    Pinned: it is compared across runs.

    A band's number is part of its hash: mix(b + sum over r of mix(v_r + 2^32 * (r + 1))), with
    `filters.text.mix`. ValueError if the signatures have fewer than bands * rows values, or are not
    of uint32; surplus values are left out.
    """
    _check(values)
    if bands < 1 or rows < 1 or bands * rows > values.shape[-1]:
        raise ValueError(
            f"{bands} bands of {rows} rows need {bands * rows} values, got {values.shape[-1]}"
        )
    many = values.reshape(-1, values.shape[-1])
    hashes: NDArray[np.uint64] = _loops().band_hashes(_plain(many), bands, rows)
    return hashes.reshape(*values.shape[:-1], bands)


def estimate(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """Estimated Jaccard similarity: the share of equal places of two signatures of one length."""
    if a.shape != b.shape:
        raise ValueError(f"signatures of different shapes: {a.shape} and {b.shape}")
    return float(np.count_nonzero(a == b) / a.size)


def equal_places(
    values: NDArray[np.uint32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.int16]:
    """For each pair of rows, the number of equal places: by `values.shape[1]`, the estimate.

    `first` and `second` are row numbers, of shape (pairs,). ValueError if there is no such row, or
    if rows are longer than an int16 counts.
    """
    _check(values)
    if values.ndim != 2 or values.shape[1] > np.iinfo(np.int16).max:
        raise ValueError(f"signatures are a table of up to 32,767 columns, got {values.shape}")
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"pairs are two columns of one length: {first.shape}, {second.shape}")
    pairs = [np.asarray(rows, np.int64) for rows in (first, second)]
    for rows in pairs:
        if rows.size and not 0 <= rows.min() <= rows.max() < len(values):
            raise ValueError(f"a pair names a row outside the {len(values)} signatures")
    counts: NDArray[np.int16] = _loops().equal_places(_plain(values), *map(_plain, pairs))
    return counts


# What a layout and an estimate are worth


def layouts(permutations: int = PERMUTATIONS) -> list[tuple[int, int]]:
    """(bands, rows) for each number of rows, with the most bands that so many values fill."""
    return [(permutations // rows, rows) for rows in range(1, permutations + 1)]


def candidate_probability(similarity: float, bands: int = BANDS, rows: int = ROWS) -> float:
    """Probability that documents of this Jaccard similarity agree in a band: 1 - (1 - s^r)^b."""
    return float(1.0 - (1.0 - similarity**rows) ** bands)


@cache
def sure(permutations: int, threshold: float, risk: float) -> int:
    """Least k for which P(a pair at the threshold has k or more equal places) <= risk.

    From k on a pair reaches the threshold without a look at its texts: one below the threshold has
    so many equal places even less often. The count is binomial, for each place of two signatures is
    equal with the probability of their Jaccard similarity. `permutations` + 1, which no pair has,
    where even all places are not rare enough. Exact: sums of fractions.
    """
    _check_chance(permutations, threshold, risk)
    above = Fraction(0)  # P(X > count)
    count = permutations
    while count >= 0:
        above += _chance(permutations, threshold, count)
        if above > risk:
            break
        count -= 1
    return count + 1


@cache
def hopeless(permutations: int, threshold: float, risk: float) -> int:
    """Largest k for which P(a pair at the threshold has k or fewer equal places) <= risk.

    Up to k a pair is dropped unread: of pairs that reach the threshold, at most the share `risk` is
    lost so. -1 where not even 0 equal places are rare enough. Exact: sums of fractions.
    """
    _check_chance(permutations, threshold, risk)
    below = Fraction(0)  # P(X < count)
    count = 0
    while count <= permutations:
        below += _chance(permutations, threshold, count)
        if below > risk:
            break
        count += 1
    return count - 1


def _chance(permutations: int, threshold: float, count: int) -> Fraction:
    """P(X = count) of the binomial distribution."""
    share = Fraction(threshold)
    ways = math.comb(permutations, count)
    return ways * share**count * (1 - share) ** (permutations - count)


def _check_chance(permutations: int, threshold: float, risk: float) -> None:
    if permutations < 1 or not 0.0 <= threshold <= 1.0 or not 0.0 <= risk < 1.0:
        raise ValueError(
            "permutations are at least 1, the threshold is from 0 to 1 and the risk from 0 to "
            f"below 1, got {permutations}, {threshold}, {risk}"
        )


# Behind the functions above


@cache
def _loops() -> ModuleType:
    """The compiled loops, imported when the first signature is made."""
    from filters import minhash_loops  # noqa: PLC0415 - numba takes half a second

    return minhash_loops


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Factors and addends of datasketch's `affine32`, each of shape (112,).

    Drawn as datasketch draws them, so that no run has to import it.
    """
    draw = np.random.RandomState(SEED)  # its stream is frozen
    factors = draw.randint(0, 1 << 31, PERMUTATIONS, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, draw.randint(0, 1 << 32, PERMUTATIONS, np.uint32)


def _check(values: NDArray[np.uint32]) -> None:
    if values.dtype != np.uint32 or not values.ndim:
        raise ValueError(f"signatures are of uint32, got {values.dtype} {values.shape}")


def _plain(array: Array) -> Array:
    """A read-only view without gaps: of one type, for which each loop is compiled just once."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view  # type: ignore[return-value]
