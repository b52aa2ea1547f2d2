"""Stage sign: signatures equal to datasketch's, bands of them, null without words."""

import numpy as np
import pyarrow as pa
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import minhash
from stages import schema, sign
from tests.data.archives import tools

shingle_sets = st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=60)


def run(sets: list[list[int] | None]) -> dict[str, pa.Array]:
    batch = pa.record_batch({"shingles": pa.array(sets, type=pa.list_(pa.uint32()))})
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
    for name in ("signature", "bands", "n_shingles"):
        assert columns[name].type == schema.SIGNATURES.schema.field(name).type
    assert columns["n_shingles"].to_pylist() == [3, 0, 0]
    for name in ("signature", "bands"):
        assert [value.is_valid for value in columns[name]] == [True, False, False]
    assert sign.work(pa.record_batch({"shingles": pa.array([], type=pa.list_(pa.uint32()))}))


def test_equal_parts_of_signatures_give_equal_bands() -> None:
    columns = run([list(range(100)), list(range(1, 101))])
    signatures = [np.array(row) for row in columns["signature"].to_pylist()]
    bands = columns["bands"].to_pylist()
    rows = schema.BAND_ROWS
    for band in range(schema.N_BANDS):
        part = slice(band * rows, band * rows + rows)
        is_equal = bool((signatures[0][part] == signatures[1][part]).all())
        assert (bands[0][band] == bands[1][band]) == is_equal
    assert bands[0] != bands[1]


def test_the_schema_has_the_published_numbers() -> None:
    assert (schema.N_PERMUTATIONS, schema.N_BANDS, schema.BAND_ROWS) == (112, 14, 8)
    assert schema.N_PERMUTATIONS == minhash.PERMUTATIONS
    assert (schema.N_BANDS, schema.BAND_ROWS) == (minhash.BANDS, minhash.ROWS)
