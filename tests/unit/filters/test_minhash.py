from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from filters import minhash
from filters.minhash import band_hashes, equal_places, estimate, signature, signatures
from filters.text import jaccard, mix

quick = settings(deadline=None)  # the first signature may compile loops
THEIRS = MinHash(num_perm=112, seed=1, scheme="affine32", hashfunc=lambda value: value)
SETS = st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=40), max_size=8)


def _shingles(seed: int, size: int) -> NDArray[np.uint32]:
    values = np.random.default_rng(seed).integers(0, 2**32, size, dtype=np.uint32)
    return np.unique(values)


def _joined(sets: list[list[int]]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    flat = np.array([value for members in sets for value in members], np.uint32)
    return flat, np.cumsum([0, *map(len, sets)])


def _datasketch(shingles: list[int]) -> NDArray[np.uint32]:
    theirs = THEIRS.copy()
    theirs.update_batch(shingles)
    values: NDArray[np.uint32] = theirs.hashvalues
    return values


def test_the_permutations_are_datasketch_s() -> None:
    factors, addends = minhash._permutations()
    assert np.array_equal(factors, THEIRS.permutations[0])
    assert np.array_equal(addends, THEIRS.permutations[1])


@pytest.mark.parametrize("size", [1, 2, 7, 15, 16, 17, 1023, 1024, 1025, 3000])
def test_equal_to_datasketch(size: int) -> None:
    shingles = _shingles(size, size)
    ours = signature(shingles)
    assert ours.dtype == np.uint32
    assert np.array_equal(ours, _datasketch(shingles.tolist()))


@quick
@given(SETS)
def test_many_at_once_are_equal_to_datasketch(sets: list[list[int]]) -> None:
    found = signatures(*_joined(sets))
    assert found.shape == (len(sets), 112)
    for row, members in zip(found, sets, strict=True):
        assert np.array_equal(row, _datasketch(members))


def test_updates_one_by_one_give_the_same() -> None:
    theirs = THEIRS.copy()
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
    some, offsets = _joined([[], [3], []])
    found = signatures(some, offsets)
    assert (found[[0, 2]] == 2**32 - 1).all()
    assert np.array_equal(found[1], signature(some))
    assert signatures(some, np.zeros(1, np.int64)).shape == (0, 112)


def test_a_part_of_the_shingles_and_offsets_of_32_bits() -> None:
    shingles = _shingles(1, 50)
    found = signatures(shingles, np.array([10, 20, 45], np.int32))
    assert np.array_equal(found[0], signature(shingles[10:20]))
    assert np.array_equal(found[1], signature(shingles[20:45]))
    assert np.array_equal(signature(shingles[::2]), signature(shingles[::2].copy()))


@pytest.mark.parametrize("offsets", [[], [-1, 2], [0, 6], [0, 3, 2]])
def test_offsets_outside_the_shingles_or_falling(offsets: list[int]) -> None:
    with pytest.raises(ValueError, match="offsets must rise from 0 at least to 5 at most"):
        signatures(np.zeros(5, np.uint32), np.array(offsets, np.int64))


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="one row of uint32"):
        signature(np.arange(5))
    with pytest.raises(ValueError, match="signatures are of uint32"):
        band_hashes(np.arange(112))
    with pytest.raises(ValueError, match="signatures are of uint32"):
        equal_places(np.zeros((2, 112)), np.zeros(1, np.int64), np.zeros(1, np.int64))


@quick
@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_band_hashes_as_defined(bands: int, rows: int, documents: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 2**32, (documents, 112), dtype=np.uint32)
    found = band_hashes(values, bands, rows)
    assert found.shape == (documents, bands)
    assert found.dtype == np.uint64
    for document in range(documents):
        banded = values[document, : bands * rows].reshape(bands, rows).astype(np.uint64)
        places = np.arange(1, rows + 1, dtype=np.uint64) << np.uint64(32)
        wanted = mix(mix(banded + places).sum(axis=1) + np.arange(bands, dtype=np.uint64))
        assert np.array_equal(found[document], wanted)
        assert np.array_equal(band_hashes(values[document], bands, rows), wanted)


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
    with pytest.raises(ValueError, match="0 bands"):
        band_hashes(signature(_shingles(1, 5)), bands=0)


def test_estimate_is_near_jaccard() -> None:
    common, left, right = _shingles(1, 900), _shingles(2, 300), _shingles(3, 300)
    a, b = np.union1d(common, left), np.union1d(common, right)
    # Standard error of 112 positions at 0.6 is 0.046.
    assert estimate(signature(a), signature(b)) == pytest.approx(jaccard(a, b), abs=0.14)
    assert estimate(signature(a), signature(a)) == 1.0
    with pytest.raises(ValueError, match="shapes"):
        estimate(signature(a), signature(b)[:50])


@quick
@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_equal_places_of_pairs(width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, 3, (6, width), dtype=np.uint32)
    first, second = random.integers(0, 6, (2, 15))
    found = equal_places(values, first, second)
    assert found.dtype == np.int16
    assert found.tolist() == (values[first] == values[second]).sum(axis=1).tolist()


def test_pairs_outside_the_signatures() -> None:
    values, row = np.zeros((2, 112), np.uint32), np.zeros(1, np.int64)
    assert equal_places(values, row[:0], row[:0]).size == 0
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match="outside the 2 signatures"):
            equal_places(values, row, np.array([wrong]))
    with pytest.raises(ValueError, match="two columns of one length"):
        equal_places(values, row, row[:0])
    with pytest.raises(ValueError, match="up to 32,767 columns"):
        equal_places(np.zeros((1, 40_000), np.uint32), row, row)


def test_layouts_fill_the_signature() -> None:
    found = minhash.layouts(112)
    assert {(14, 8), (11, 10), (16, 7), (9, 12), (28, 4), (112, 1), (1, 112)} <= set(found)
    for bands, rows in found:
        assert bands * rows <= 112 < (bands + 1) * rows


@pytest.mark.parametrize("layout", [(14, 8), (3, 2)])
def test_candidate_probability_is_the_share_of_pairs_with_an_equal_band(
    layout: tuple[int, int],
) -> None:
    bands, rows = layout
    for similarity in (0.0, 0.5, 0.7, 0.8, 1.0):
        places = np.random.default_rng(7).random((20_000, bands, rows)) < similarity
        share = places.all(axis=2).any(axis=1).mean()
        wanted = minhash.candidate_probability(similarity, bands, rows)
        assert wanted == pytest.approx(share, abs=0.02)  # 5 standard errors at a half


def _tail(n: int, p: Fraction, counts: range) -> Fraction:
    return sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in counts), Fraction(0))


@pytest.mark.parametrize("n", [1, 5, 112])
@pytest.mark.parametrize("p", [0.5, 0.75, 0.8])
@pytest.mark.parametrize("risk", [0.4, 1e-4, 1e-9])
def test_bounds_are_the_tightest_of_their_risk(n: int, p: float, risk: float) -> None:
    share = Fraction(p)
    k = minhash.sure(n, p, risk)
    assert _tail(n, share, range(k, n + 1)) <= risk < _tail(n, share, range(k - 1, n + 1))
    k = minhash.hopeless(n, p, risk)
    assert _tail(n, share, range(k + 1)) <= risk < _tail(n, share, range(k + 2))


def test_bounds_at_the_ends() -> None:
    assert minhash.sure(5, 1.0, 0.5) == 6
    assert minhash.sure(5, 0.0, 0.0) == 1
    assert minhash.hopeless(5, 0.0, 0.5) == -1
    assert minhash.hopeless(5, 1.0, 0.0) == 4


def test_bounds_of_the_default_threshold() -> None:
    assert (minhash.sure(112, 0.75, 1e-9), minhash.hopeless(112, 0.75, 1e-4)) == (108, 65)


@pytest.mark.parametrize("wrong", [(0, 0.5, 0.1), (5, 1.1, 0.1), (5, 0.5, 1.0), (5, 0.5, -0.1)])
def test_impossible_chances(wrong: tuple[int, float, float]) -> None:
    for bound in (minhash.sure, minhash.hopeless):
        with pytest.raises(ValueError, match="the threshold is from 0 to 1"):
            bound(*wrong)
