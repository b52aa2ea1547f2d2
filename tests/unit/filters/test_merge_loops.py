"""Keys of two ascending lists, matched by a compiled loop."""

import numpy as np
import pytest

from filters import merge_loops

Keys = list[tuple[int, int]]


def halves(keys: Keys) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array(keys, np.uint64).reshape(-1, 2)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def drawn(seed: int, n: int, heads: int) -> Keys:
    chance = np.random.default_rng(seed)
    made = {(int(a), int(b)) for a, b in chance.integers(0, [heads, 9], (n, 2))}
    return sorted(made)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("heads", [2, 30, 1 << 62])
def test_matches_are_those_of_a_dictionary(seed: int, heads: int) -> None:
    one, other = drawn(seed, 80, heads), drawn(seed + 50, 80, heads)
    other = sorted({*other, *one[::3]})
    places = {key: at for at, key in enumerate(other)}
    found = merge_loops.matches(*halves(one), *halves(other))
    assert found.tolist() == [places.get(key, -1) for key in one]


@pytest.mark.parametrize("seed", range(6))
def test_pairs_of_codes_are_counted(seed: int) -> None:
    one, other = drawn(seed, 60, 40), drawn(seed + 50, 60, 40)
    absent, chance = 3, np.random.default_rng(seed)
    left, right = (chance.integers(0, 3, len(keys)).astype(np.uint16) for keys in (one, other))
    at = merge_loops.matches(*halves(one), *halves(other))
    found = merge_loops.pairs_of_codes(at, left, right, 4, absent)
    before, after = (dict(zip(*pair, strict=True)) for pair in ((one, left), (other, right)))
    wanted = np.zeros((4, 4), np.int64)
    for key in {*one, *other}:
        wanted[before.get(key, absent), after.get(key, absent)] += 1
    assert np.array_equal(found, wanted)


def test_nothing_matches_nothing() -> None:
    nothing = halves([])
    assert merge_loops.matches(*nothing, *halves([(1, 2)])).tolist() == []
    assert merge_loops.matches(*halves([(1, 2)]), *nothing).tolist() == [-1]
