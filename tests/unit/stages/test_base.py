"""How a batch passes through a stage."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from stages import base
from stages.base import Columns, advance, signature_matrix, strings

BATCH = pa.record_batch({"n": pa.array([1, 2, 3, 4])})


def test_a_column_is_added_and_all_rows_live_on() -> None:
    live, gone = advance(BATCH, lambda batch: {"twice": pa.array([2, 4, 6, 8])})
    assert live.to_pydict() == {"n": [1, 2, 3, 4], "twice": [2, 4, 6, 8]}
    assert gone is None


def test_rows_with_a_reason_are_settled_with_what_is_known_of_them() -> None:
    def worker(batch: pa.RecordBatch) -> Columns:
        return {"half": pa.array([0, 1, 1, 2]), "reason": strings([None, "b", None, "d"])}

    live, gone = advance(BATCH, worker)
    assert live.to_pydict() == {"n": [1, 3], "half": [0, 1]}
    assert gone is not None
    assert gone.to_pydict() == {"n": [2, 4], "half": [1, 2], "reason": ["b", "d"]}


def test_reasons_that_are_all_null_settle_nothing() -> None:
    live, gone = advance(BATCH, lambda batch: {"reason": strings([None] * 4)})
    assert live.schema.names == ["n"]
    assert live.num_rows == 4
    assert gone is None


def test_all_rows_may_be_settled() -> None:
    live, gone = advance(BATCH, lambda batch: {"reason": strings(["x"] * 4)})
    assert live.num_rows == 0
    assert gone is not None
    assert gone.num_rows == 4


def test_a_column_that_no_later_stage_reads_leaves_the_batch() -> None:
    def worker(batch: pa.RecordBatch) -> Columns:
        reasons = strings([None, "b", None, "d"])
        return {"n": None, "half": pa.array([0, 1, 1, 2]), "reason": reasons}

    live, gone = advance(BATCH, worker)
    assert live.to_pydict() == {"half": [0, 1]}
    assert gone is not None
    assert gone.to_pydict() == {"half": [1, 2], "reason": ["b", "d"]}


def test_a_batch_without_rows_is_not_shown_to_the_worker() -> None:
    live, gone = advance(BATCH.slice(0, 0), lambda batch: pytest.fail("called"))
    assert (live.num_rows, gone) == (0, None)


def test_a_column_of_another_length_is_a_bug_and_raises() -> None:
    with pytest.raises(ValueError, match="3 values of n2 for 4 rows"):
        advance(BATCH, lambda batch: {"n2": pa.array([1, 2, 3])})


def test_strings_may_be_large_and_null() -> None:
    assert strings(["a", None]).type == pa.string()
    assert strings(["a", None], large=True).type == pa.large_string()
    assert strings([None]).null_count == 1


def test_signatures_as_a_matrix_keep_their_width_without_rows() -> None:
    kind = pa.list_(pa.uint32(), 3)
    column = pa.chunked_array([pa.array([[1, 2, 3], None], kind), pa.array([[4, 5, 6]], kind)])
    assert signature_matrix(column.drop_null()).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert signature_matrix(column.slice(2)).tolist() == [[4, 5, 6]]
    assert signature_matrix(column.slice(3)).shape == (0, 3)


def test_a_batch_is_advanced_in_the_parts_that_it_unpacks_to() -> None:
    """Rows in their order, none lost."""

    def unpack(batch: pa.RecordBatch) -> Iterator[Columns]:
        numbers = batch.column("n").to_pylist()
        for part in (numbers[:4], numbers[4:5], [], numbers[5:]):
            yield {"reason": strings(["bad" if n % 5 == 0 else None for n in part])}

    batch = pa.record_batch({"n": pa.array(range(30))})
    parts = list(base.unpacked(batch, unpack))
    assert [live.column("n").to_pylist() for live, _ in parts[:3]] == [[1, 2, 3], [4], []]
    assert [n for live, _ in parts for n in live.column("n").to_pylist()] == [
        n for n in range(30) if n % 5
    ]
    gone = [n for _, settled in parts for one in settled for n in one.column("n").to_pylist()]
    assert gone == list(range(0, 30, 5))


@pytest.mark.parametrize("count", [0, 3, 5])
def test_columns_for_other_rows_are_a_mistake(count: int) -> None:
    batch = pa.record_batch({"n": pa.array(range(4))})
    with pytest.raises(ValueError, match=r"rows for 4|same length"):
        list(base.unpacked(batch, lambda _: iter([{"reason": strings([None] * count)}])))
