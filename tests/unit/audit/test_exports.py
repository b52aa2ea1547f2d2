import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import exports
from stages.errors import ConfigError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for data in (b"longer at first", b"short"):
        exports.write("--write", path, data)
        assert path.read_bytes() == data
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no/x.yaml", "folder"])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"--junit.*name another"):
        exports.write("--junit", tmp_path / name, b"x")


def test_a_file_system_that_refuses() -> None:
    with pytest.raises(ConfigError, match=r"/proc/x.yaml cannot be written"):
        exports.write("--write", Path("/proc/x.yaml"), b"x")


ROWS: list[dict[str, Any]] = [
    {"name": "=HYPERLINK(1)", "count": -3, "share": 0.5},
    {"name": 'a "quoted", one\nand a line', "count": 0, "share": None},
    {"name": None, "count": 12, "share": 1.0},
    {"name": "Ελληνικά", "count": 1, "share": -0.25},
]
TABLE = pa.Table.from_pylist(ROWS)


def test_csv_has_every_value_and_no_formula() -> None:
    found = list(csv.reader(io.StringIO(exports.as_csv(TABLE).decode(), newline="")))
    assert found == [
        ["name", "count", "share"],
        ["'=HYPERLINK(1)", "-3", "0.5"],
        ['a "quoted", one\nand a line', "0", ""],
        ["", "12", "1.0"],
        ["Ελληνικά", "1", "-0.25"],
    ]


@given(st.text(max_size=8))
def test_no_text_cell_begins_as_a_formula_does(text: str) -> None:
    table = pa.table({"x": pa.array([text.replace("\x00", "")])})
    (_, row) = csv.reader(io.StringIO(exports.as_csv(table).decode(), newline=""))
    assert not row or not row[0].startswith(exports.FORMULA)
    assert (row[0] if row else "").removeprefix("'") in (text.replace("\x00", ""), text[1:])


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_each_sign_of_a_formula_is_quoted(sign: str) -> None:
    assert exports.cell(f"{sign}1+1") == f"'{sign}1+1"
    assert exports.cell(f"1{sign}1") == f"1{sign}1"


def test_json_and_parquet_keep_types_and_nulls() -> None:
    assert json.loads(exports.as_json(TABLE)) == ROWS
    assert pq.read_table(io.BytesIO(exports.as_parquet(TABLE))).equals(TABLE)


def test_an_empty_table_has_its_header() -> None:
    empty = TABLE.slice(0, 0)
    assert exports.as_csv(empty) == b"name,count,share\n"
    assert json.loads(exports.as_json(empty)) == []
