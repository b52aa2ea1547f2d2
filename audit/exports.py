"""Numbers as files that a person asks for, outside of the run: CSV, JSON and Parquet of a table.

What is for a spreadsheet is text to it: a cell that it would take for a formula is quoted.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from stages.errors import ConfigError


def write(option: str, path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable for everybody; ConfigError names the option."""
    if not path.parent.is_dir():
        raise ConfigError(option, f"there is no folder {path.parent}", "make it, or name another")
    try:
        storage.write_bytes(path, data)
        path.chmod(0o644)
    except OSError as error:
        raise ConfigError(
            option, f"{path} cannot be written ({error.strerror})", "name another file"
        ) from None


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that spreadsheets run as a formula, whatever its type is meant to be."""


def cell(value: Any) -> Any:
    """A value for a CSV file: an apostrophe before text that a spreadsheet would run.

    Numbers, also negative ones, stay as they are; null is an empty cell.
    """
    is_formula = isinstance(value, str) and value.startswith(FORMULA)
    return f"'{value}" if is_formula else value


def as_csv(table: pa.Table) -> bytes:
    """The table as CSV in UTF-8: a header, a line a row; text cells are safe for spreadsheets."""
    sink = io.StringIO(newline="")
    plain = csv.writer(sink, lineterminator="\n")
    quoting = csv.writer(sink, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(map(cell, table.column_names))
    for batch in table.to_batches():
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            # The module quotes what ends our lines, but not a lone CR, which ends those of others.
            has_return = any(isinstance(value, str) and "\r" in value for value in row)
            (quoting if has_return else plain).writerow(map(cell, row))
    return sink.getvalue().encode()


def as_parquet(table: pa.Table) -> bytes:
    """The table as a Parquet file, types and null kept."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def as_json(table: pa.Table) -> bytes:
    """The table as one JSON array of objects, a line a row."""
    rows = (json.dumps(row, ensure_ascii=False) for row in table.to_pylist())
    return ("[" + ",\n ".join(rows) + "]\n").encode()


BY_FORMAT: Mapping[str, Callable[[pa.Table], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "parquet": as_parquet,
}
