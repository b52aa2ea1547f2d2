from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash
from numpy.typing import NDArray

from filters.minhash import band_hashes, estimate, signature
from filters.text import jaccard


def _shingles(seed: int, size: int) -> NDArray[np.uint32]:
    values = np.random.default_rng(seed).integers(0, 2**32, size, dtype=np.uint32)
    return np.unique(values)


@pytest.mark.parametrize("size", [1, 2, 7, 1023, 1024, 1025, 3000])
def test_equal_to_datasketch(size: int) -> None:
    shingles = _shingles(size, size)
    theirs = MinHash(num_perm=112, seed=1, scheme="affine32", hashfunc=lambda value: value)
    theirs.update_batch(shingles.tolist())
    ours = signature(shingles)
    assert ours.dtype == np.uint32
    assert np.array_equal(ours, theirs.hashvalues)


def test_updates_one_by_one_give_the_same() -> None:
    theirs = MinHash(num_perm=112, seed=1, scheme="affine32", hashfunc=lambda value: value)
    for value in (0, 1, 2**32 - 1):
        theirs.update(value)
    assert np.array_equal(signature(np.array([0, 1, 2**32 - 1], np.uint32)), theirs.hashvalues)


def test_pinned_signature_and_bands() -> None:
    values = signature(np.arange(100, dtype=np.uint32))
    assert values[:3].tolist() == PINNED_SIGNATURE
    assert band_hashes(values)[:2].tolist() == PINNED_BANDS


PINNED_SIGNATURE = [7600619, 251206757, 24704331]
PINNED_BANDS = [3261717961018790682, 15336279318080432256]


def test_empty_set_has_no_signature() -> None:
    with pytest.raises(ValueError, match="no signature"):
        signature(np.zeros(0, np.uint32))


def test_bands_agree_exactly_where_their_rows_do() -> None:
    values = signature(_shingles(1, 500))
    other = values.copy()
    other[8 * 3 + 5] ^= np.uint32(1)
    equal = band_hashes(values) == band_hashes(other)
    assert band_hashes(values).shape == (14,)
    assert equal.tolist() == [band != 3 for band in range(14)]


def test_order_of_rows_and_bands_matters() -> None:
    values = np.tile(np.arange(8, dtype=np.uint32), 14)
    assert np.unique(band_hashes(values)).size == 14
    assert band_hashes(values)[0] != band_hashes(values.reshape(14, 8)[:, ::-1].ravel())[0]


def test_too_few_values_for_the_bands() -> None:
    with pytest.raises(ValueError, match="need 120 values"):
        band_hashes(signature(_shingles(1, 5)), bands=15)


def test_estimate_is_near_jaccard() -> None:
    common, left, right = _shingles(1, 900), _shingles(2, 300), _shingles(3, 300)
    a, b = np.union1d(common, left), np.union1d(common, right)
    # Standard error of 112 positions at 0.6 is 0.046.
    assert estimate(signature(a), signature(b)) == pytest.approx(jaccard(a, b), abs=0.14)
    assert estimate(signature(a), signature(a)) == 1.0
    with pytest.raises(ValueError, match="shapes"):
        estimate(signature(a), signature(b)[:50])
