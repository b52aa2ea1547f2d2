"""Stage sign: signatures equal to datasketch's, null without words, and the order of keepers."""

import numpy as np
import pyarrow as pa
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import minhash
from stages import schema, sign
from tests.data.archives import tools

shingle_sets = st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=60)
DAY = "2026-01-12T00:00:00Z"


def run(sets: list[list[int] | None]) -> dict[str, pa.Array]:
    batch = pa.record_batch(
        {
            "shingles": pa.array(sets, type=pa.list_(pa.uint32())),
            "quality_score": pa.array([None] * len(sets), type=pa.float32()),
            "n_words": pa.array([7] * len(sets), type=pa.int64()),
            "date": pa.array([DAY] * len(sets), type=pa.string()),
        }
    )
    return sign.Sign().open(tools())(batch)


@settings(max_examples=50, deadline=None)
@given(shingle_sets)
def test_a_signature_is_datasketch_s(shingles: set[int]) -> None:
    theirs = MinHash(num_perm=112, seed=1, scheme="affine32", hashfunc=lambda value: value)
    for value in shingles:
        theirs.update(value)
    (mine,) = run([sorted(shingles)])["signature"].to_pylist()
    assert mine == theirs.hashvalues.tolist()


def test_types_and_nulls_are_those_of_the_schema() -> None:
    columns = run([[1, 2, 3], [], None])
    for name in ("signature", "n_shingles", "precedence"):
        assert columns[name].type == schema.SIGNATURES.schema.field(name).type
    assert columns["n_shingles"].to_pylist() == [3, 0, 0]
    assert [value.is_valid for value in columns["signature"]] == [True, False, False]
    assert len(set(columns["precedence"].to_pylist())) == 1
    assert {name: len(column) for name, column in run([]).items()} == dict.fromkeys(columns, 0)


def test_the_schema_has_the_published_numbers() -> None:
    assert schema.N_PERMUTATIONS == minhash.PERMUTATIONS == 112
    assert schema.SIGNATURES.notes["weir.minhash"].startswith("affine32/1/112/")


# The order of keepers


def ranks(rows: list[tuple[float | None, int, str | None]]) -> list[int]:
    quality, words, date = (list(column) for column in zip(*rows, strict=True))
    found: list[int] = sign.precedence(
        pa.array(quality, pa.float32()), pa.array(words, pa.int64()), pa.array(date, pa.string())
    ).tolist()
    return found


@pytest.mark.parametrize(
    "rows",
    [
        [(0.5, 1, DAY), (0.4, 10**6, "2020-01-01T00:00:00Z")],  # quality before all
        [(0.0, 1, DAY), (None, 1, "2026-01-12T00:00:01Z")],  # none counts as nothing
        [(None, 11, DAY), (None, 10, "2020-01-01T00:00:00Z")],  # then words
        [(0.7, 9, "2026-01-11T23:59:59Z"), (0.7, 9, DAY)],  # then the older
        [(0.7, 9, DAY), (0.7, 9, None)],
        [(0.7, 9, DAY), (0.7, 9, "12 January 2026")],
    ],
)
def test_quality_then_words_then_age(rows: list[tuple[float | None, int, str | None]]) -> None:
    first, second = ranks(rows)
    assert first > second


def test_parts_of_a_precedence_do_not_run_into_each_other() -> None:
    top, bottom = ranks([(2.0, 10**9, "1969-12-31T00:00:00Z"), (-1.0, -5, "2200-01-01T00:00:00Z")])
    assert (top, bottom) == (2**64 - 1, 0)
    (value,) = ranks([(1.0, 3, "1970-01-01T00:00:05Z")])
    assert (value >> 52, value >> 32 & (1 << 20) - 1, value & 2**32 - 1) == (4095, 3, 2**32 - 6)
    assert ranks([(float("nan"), 3, DAY)]) == ranks([(None, 3, DAY)])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_seconds_are_told_apart_until_2106(one: int, two: int) -> None:
    dates = [str(np.datetime64(second, "s")) + "Z" for second in (one, two)]
    first, second = ranks([(None, 1, date) for date in dates])
    assert (first > second) == (one < two)
