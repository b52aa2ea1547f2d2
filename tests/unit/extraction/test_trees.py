"""The compiled evaluation of trees, against one that reads like the definition."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from extraction import trees
from extraction.trees import DEPTH, Trees


def made(seed: int, count: int = 5, columns: int = 4) -> Trees:
    """A model of chance."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, 6, columns)
    borders = [np.sort(chance.normal(size=size)).astype(np.float32) for size in sizes]
    asked = chance.integers(0, columns, (count, DEPTH)).astype(np.int32)
    return Trees(
        chance.permutation(columns + 2)[:columns].astype(np.int32),
        np.cumsum([0, *sizes]).astype(np.int32),
        np.concatenate(borders),
        asked,
        (chance.random((count, DEPTH)) * sizes[asked]).astype(np.uint8),
        chance.normal(size=(count, 1 << DEPTH)).astype(np.float32),
        np.array([0.25], np.float32),
    )


def slowly(model: Trees, row: NDArray[np.float32]) -> float:
    total = float(model.bias[0])
    for asked, bins, leaves in zip(model.features, model.bins, model.leaves, strict=True):
        leaf = 0
        for level, (feature, border) in enumerate(zip(asked, bins, strict=True)):
            borders = model.borders[model.starts[feature] : model.starts[feature + 1]]
            leaf |= int(row[model.columns[feature]] > borders[border]) << level
        total += float(leaves[leaf])
    return total


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 40))
def test_scores_are_those_of_the_definition(seed: int, rows: int) -> None:
    model = made(seed)
    values = np.random.default_rng(seed).normal(size=(rows, 6)).astype(np.float32)
    found = model.scores(values)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [slowly(model, row) for row in values], rtol=1e-4, atol=1e-5)


def test_a_border_is_not_above_itself() -> None:
    model = Trees(
        np.array([0], np.int32), np.array([0, 2], np.int32), np.array([1.0, 2.0], np.float32),
        np.zeros((1, DEPTH), np.int32), np.array([[0, *[255] * (DEPTH - 1)]], np.uint8),
        np.arange(3, 3 + (2 << DEPTH), 2, dtype=np.float32)[None],
        np.array([0.0], np.float32),
    )  # fmt: skip
    values = np.array([[0.5], [1.0], [1.5], [2.5], [np.nan]], np.float32)
    assert model.scores(values).tolist()[:4] == [3.0, 3.0, 5.0, 5.0]


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    trees.save(path, made(1))
    for one, two in zip(trees.load(path), made(1), strict=True):
        np.testing.assert_array_equal(one, two)
        assert one.dtype == two.dtype


@pytest.mark.parametrize(
    "change",
    [
        {"features": np.full((5, DEPTH), 99, np.int32)},
        {"features": np.full((5, DEPTH), -1, np.int32)},
        {"leaves": np.zeros((5, 4), np.float32)},
        {"features": np.zeros((5, 3), np.int32), "bins": np.zeros((5, 3), np.uint8)},
        {"starts": np.array([0, 1, 2, 3, 9999], np.int32)},
        {"starts": np.array([0, 4, 2, 3, 3], np.int32)},
        {"bias": np.zeros(0, np.float32)},
        {"columns": np.zeros(9, np.int32)},
        {"columns": np.full(4, 10_000, np.int32)},
        {"leaves": np.zeros((5, 1 << DEPTH), np.float64)},
        {"bins": np.zeros((5, DEPTH), object)},
    ],
)
def test_a_tampered_model_is_refused(
    change: dict[str, NDArray[np.generic]], tmp_path: Path
) -> None:
    """Compiled loops look no bounds up: what is out of them is refused before."""
    path = tmp_path / "model.npz"
    np.savez_compressed(path, **{**made(1)._asdict(), **change})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="model"):
        trees.load(path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    for data in (b"", b"PK\x03\x04", b"not a model" * 100):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="model"):
            trees.load(path)
    np.savez_compressed(path, columns=np.zeros(3))
    with pytest.raises(ValueError, match="model"):
        trees.load(path)
