"""Committed files: the row groups that are asked for, and what names a damaged one."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline import shards, storage, tables
from stages import schema
from stages.errors import IntegrityError

SETS = [[1], [2, 3], [4, 5, 6], [7], [8, 9]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Five sets of shingles in row groups of two, two and one."""
    writer = shards.Writer(tmp_path, "shingles/a.parquet", schema.SHINGLES)
    places, lists = pa.array(range(5), pa.uint64()), pa.array(SETS, pa.list_(pa.uint32()))
    rows = pa.table([places, lists], schema.SHINGLES.schema)
    for start in (0, 2, 4):
        writer.write(rows.slice(start, 2), str(start))
    assert writer.commit().groups == (("0", 0), ("2", 1), ("4", 2))
    return tmp_path / "shingles/a.parquet"


def test_row_groups_that_are_named(path: Path) -> None:
    run, entries = path.parent.parent, [["shingles/a.parquet", [0, 2]], ["nowhere.parquet", []]]
    whole = tables.read_groups(run, entries, schema.SHINGLES)
    assert whole.column("place").to_pylist() == [0, 1, 4]
    assert tables.read_groups(run, [], schema.SHINGLES, ["place"]).column_names == ["place"]
    pieces = tables.each_group(run, entries, ["place"])
    assert [piece.column("place").to_pylist() for piece in pieces] == [[0, 1], [4]]
    assert list(tables.group_rows(run, entries)) == [2, 1]
    assert list(tables.group_values(run, entries, "shingles")) == [3, 2]
    assert [piece.num_rows for piece in tables.row_groups(path)] == [2, 2, 1]


@pytest.mark.parametrize("rows", [[], [0], [4], [1, 2], [0, 1, 2, 3, 4]])
def test_rows_that_are_named(path: Path, rows: list[int]) -> None:
    if rows:
        found = tables.take_rows(path, np.array(rows), ["shingles"])
        assert found.column("shingles").to_pylist() == [SETS[row] for row in rows]
    wanted = list(tables._wanted_groups(tables.open_file(path), np.array(rows, np.int64)))
    assert sum(len(inside) for _, inside in wanted) == len(rows)


def test_a_file_that_is_cut_missing_or_another_is_named(path: Path) -> None:
    digest = storage.file_digest(path)
    tables.check_file(path, digest, schema.SHINGLES)
    with pytest.raises(IntegrityError, match="not the file that its manifest names"):
        tables.check_file(path, "0" * 64, schema.SHINGLES)
    with pytest.raises(IntegrityError, match=r"weir\.minhash is nothing"):
        tables.check_file(path, digest, schema.SIGNATURES)
    cut = path.with_name("cut.parquet")
    cut.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match=r"cut\.parquet: is damaged"):
        tables.read_table(cut)
    with pytest.raises(IntegrityError, match=r"gone\.parquet: is missing"):
        list(tables.row_groups(path.with_name("gone.parquet")))
