import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import keys, shards, tables
from pipeline.keys import KeyFile
from stages import band, schema
from stages.errors import IntegrityError
from tests.data.published import flipped, unsorted

ALL = 1 << 64


def table_of(values: list[int]) -> pa.Table:
    """Rows with these keys, each of a place of its own."""
    count = len(values)
    columns = {
        "key": np.sort(np.array(values, np.uint64)),
        "check": np.arange(count, dtype=np.uint64),
        "precedence": np.zeros(count, np.uint64),
        "place": np.arange(count, dtype=np.uint64),
        "kind": np.zeros(count, np.uint8),
    }
    return pa.table([columns[n] for n in schema.KEYS.schema.names], schema=schema.KEYS.schema)


def written(folder: Path, table: pa.Table, layout: str = "14x8") -> Path:
    writer = shards.Writer(folder, "keys.parquet", schema.KEYS)
    writer.note(keys.LAYOUT, layout)
    for start in range(0, table.num_rows, 100):
        writer.write(table.slice(start, 100))
    writer.commit()
    return folder / "keys.parquet"


def facts(rows: int, **more: Any) -> dict[str, Any]:
    return {"rows": rows, "offset": 0, "is_old": True, **more}


def uniform(count: int, seed: int = 1) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(0, ALL, count, np.uint64).tolist()
    return found


@given(st.integers(1, 1 << 40), st.integers(0, 15), st.integers(1, 16))
def test_pieces_are_the_whole_range_each_key_once(rows: int, part: int, parts: int) -> None:
    part %= parts
    low, high = part * ALL // parts, (part + 1) * ALL // parts
    rows = min(rows, 1 << 30)
    found = list(keys.pieces(rows, low, high))
    assert (found[0][0], found[-1][1]) == (low, high)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    share = rows * (high - low) >> 64
    assert len(found) == max(1, -(-share // keys.PIECE_ROWS))


def test_ranges_give_each_key_once(tmp_path: Path) -> None:
    values = [0, 0, 5, *uniform(1000), ALL - 1, ALL - 1]
    table = table_of(values)
    file = KeyFile(written(tmp_path, table), facts(len(values)), "14x8")
    assert file.between(0, ALL).equals(table)
    for parts in (2, 3, 7):
        cuts = [part * ALL // parts for part in range(parts + 1)]
        found = [file.between(a, b) for a, b in itertools.pairwise(cuts)]
        assert pa.concat_tables(found).equals(table)
    assert file.between(1, 5).num_rows == 0
    assert file.between(0, 1).num_rows == 2
    assert file.between(ALL - 1, ALL).num_rows == 2


def test_only_shared_keys(tmp_path: Path) -> None:
    values = uniform(500)
    file = KeyFile(written(tmp_path, table_of(values)), facts(500), "14x8")
    shared = np.sort(np.array([*values[:7], 12345, ALL - 1], np.uint64))
    assert sorted(file.between(0, ALL, shared).column("key").to_pylist()) == sorted(values[:7])
    assert file.between(0, ALL, np.zeros(0, np.uint64)).num_rows == 0


def test_places_are_moved_and_those_that_are_gone_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, table_of(uniform(300)))
    file = KeyFile(path, facts(300, offset=7, gone=[0, 299]), "14x8")
    places = np.sort(file.between(0, ALL).column("place").to_numpy())
    assert np.array_equal(places, np.arange(1, 299, dtype=np.uint64) + (np.uint64(7) << 32))


def test_several_files_are_merged(tmp_path: Path) -> None:
    tables = [table_of(uniform(count, count)) for count in (0, 3, 250)]
    files = []
    for number, table in enumerate(tables):
        path = written(tmp_path / str(number), table)
        files.append(KeyFile(path, facts(table.num_rows), "14x8"))
    found = pa.concat_tables(keys.in_order(files, 0, ALL))
    assert found.equals(band.by_key(tables))
    assert found.num_rows == 253


def test_another_layout_or_none(tmp_path: Path) -> None:
    path = written(tmp_path, table_of([1, 2]), "16x7")
    assert keys.layout_of(path) == "16x7"
    with pytest.raises(IntegrityError, match=r"keys.parquet.*16x7.*asks for 14x8"):
        KeyFile(path, facts(2), "14x8")
    path = tmp_path / "other.parquet"
    pq.write_table(table_of([1, 2]), path)
    assert keys.layout_of(path) == ""
    with pytest.raises(IntegrityError, match="unknown layout"):
        KeyFile(path, facts(2), "14x8")


def test_other_rows_than_are_told(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"keys.parquet.*2 rows in place of 3"):
        KeyFile(written(tmp_path, table_of([1, 2])), facts(3), "14x8")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"keys.parquet.*run the same command again"):
        KeyFile(tmp_path / "keys.parquet", facts(3), "14x8")
    with pytest.raises(IntegrityError, match=r"keys.parquet.*is missing"):
        KeyFile(tmp_path / "keys.parquet", facts(3, is_old=False), "14x8")


@pytest.mark.parametrize(
    ("is_old", "remedy"), [(True, "weir index verify"), (False, "delete the manifest")]
)
def test_unsorted_keys_are_never_searched(tmp_path: Path, is_old: bool, remedy: str) -> None:
    path = written(tmp_path, table_of(uniform(300)))
    unsorted(path)
    with pytest.raises(IntegrityError, match=rf"keys.parquet.*not sorted by key.*{remedy}"):
        KeyFile(path, facts(300, is_old=is_old), "14x8").between(0, ALL)


def test_row_groups_in_another_order(tmp_path: Path) -> None:
    table = table_of(uniform(300))
    parts = [table.slice(100, 100), table.slice(0, 100), table.slice(200, 100)]
    path = written(tmp_path, pa.concat_tables(parts))
    with pytest.raises(IntegrityError, match=r"keys.parquet.*not sorted by key"):
        KeyFile(path, facts(300), "14x8")


def test_a_file_that_does_not_say_what_its_row_groups_hold(tmp_path: Path) -> None:
    path = written(tmp_path, table_of(uniform(300)))
    table = pq.read_table(path)
    pq.write_table(table, path, write_statistics=False)
    with pytest.raises(IntegrityError, match=r"keys.parquet.*does not say which keys"):
        KeyFile(path, facts(300), "14x8")


def test_no_flipped_bit_changes_what_is_read(tmp_path: Path) -> None:
    """Wherever it is in the pages: the file is refused, or all of it is as it was.

    The metadata behind them have a digest in index.json, looked at before Arrow reads them: some
    flipped bits of them abort the process.
    """
    values = uniform(300)
    path = written(tmp_path, table_of(values))
    sound, whole = table_of(values), path.read_bytes()
    refused, harmless = 0, []
    pages = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
    for at in range(0, pages, 7):
        flipped(path, at)
        tables._metadata.cache_clear()
        try:
            file = KeyFile(path, facts(300), "14x8")
            found = pa.concat_tables(
                [file.between(part * ALL // 4, (part + 1) * ALL // 4) for part in range(4)]
            )
        except IntegrityError:
            refused += 1
        else:
            harmless.append(at)
            assert found.equals(sound), at
        path.write_bytes(whole)
    assert refused > 10 * len(harmless) / 9, (refused, harmless)
