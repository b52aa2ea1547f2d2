"""Files of sites that a run is given beside its snapshot: Parquet of newer robots.txt, or others.

They come from elsewhere: columns are checked before any work, and a row is read only as far as its
caps. What cannot be a site's file is passed over and counted. What a file's footer and its pages
claim is not believed: a killable child with bounded memory reads them first.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import storage
from pipeline.sandbox import Sandbox
from pipeline.storage import Input
from stages.errors import ConfigError

LATEST, SIDE = "latest", "side"
"""What a file is for, as tasks are named: newer robots.txt; tdmrep.json, ai.txt and RSL."""
KEYS: Final[Mapping[str, str]] = {LATEST: "rights.robots_latest", SIDE: "rights.side_files"}
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    LATEST: {"host": "text", "fetched_at": "time", "status": "number", "body": "bytes"},
    SIDE: {"host": "text", "path": "text", "body": "bytes"},
}
"""Columns that a file must have, and what they hold; others are not read."""
MAX_ROW_GROUP_BYTES: Final = 4 << 30
"""Uncompressed: a row group that claims more is a bomb, or too large for a task's memory."""
BATCH_ROWS, BATCH_BYTES = 1024, 32 << 20
"""What is read at once, by the mean size of a row group's rows."""
MEMORY_MB: Final = 1024
"""What a file's footer, or a row group read in batches, may take of memory at a time."""
CPU_LIMIT_S: Final = 120
"""Of a row group: one of 4 GiB takes under a minute."""
HOST: Final = re.compile(
    r"[^\s/?#@\\:\[\]]{1,253}+(?::[0-9]{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::[0-9]{1,5})?"
)

_POOL: Final = pa.allocate_buffer(1)
"""Arrow's own pool reserves a gibibyte of addresses at its first use: before the child's limit."""


@dataclass(frozen=True, slots=True)
class Row:
    """One file of a site, as it was given."""

    url: str
    code: int | None
    date: str | None
    body: bytes


def locate(kind: str, setting: str | None) -> Input | None:
    """The file that the configuration names, known by its SHA-256; None if it names none.

    ConfigError if there is no such file, or its columns are not the ones of its kind.
    """
    if setting is None:
        return None
    path = Path(setting)
    try:
        digest = storage.file_digest(path)
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror or type(error).__name__})"
        raise ConfigError(KEYS[kind], problem, _remedy(kind)) from None
    problem = _in_child("examine", kind, str(path), None)
    if problem:
        raise ConfigError(KEYS[kind], f"{path}{problem}", _remedy(kind))
    return Input(path.name, str(path.resolve()), f"sha256:{digest}")


def _in_child(function: str, kind: str, path: str, group: int | None) -> str:
    """What is wrong with a file, or a row group of it, as a child finds; empty if nothing is."""
    child = Sandbox("pipeline.site_inputs", CPU_LIMIT_S, MEMORY_MB)
    try:
        answer = child.call(function, kind, path, group)
    finally:
        child.close()
    if answer.get("reason") == "extract.memory":
        return f" takes more than {MEMORY_MB} MiB of memory to read"
    if "reason" in answer:
        return f" kills the process that reads it ({answer['reason']})"
    return str(answer["problem"])


def examine(kind: str, path: str, group: int | None) -> dict[str, str]:
    """`{"problem"}` of a file's columns, or of a row group's content; called in a child."""
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        if group is None:
            return {"problem": _misfit(kind, pq.read_schema(path))}
        for _ in _batches(kind, path, group):
            pass
    except MemoryError:
        raise
    except (OSError, pa.ArrowException):
        return {"problem": " is no Parquet file" if group is None else " is damaged"}
    return {"problem": ""}


def _misfit(kind: str, found: pa.Schema) -> str:
    for name, what in COLUMNS[kind].items():
        if found.names.count(name) != 1:
            return f" has no column {name}" if name not in found.names else f" has two {name}"
        if not _holds(found.field(name).type, what):
            return f": column {name} is {found.field(name).type}, not {what}"
    return ""


def row_groups(item: Input) -> int:
    """Row groups of a located file."""
    return int(pq.read_metadata(item.uri).num_row_groups)


def rows(kind: str, item: Input, groups: range) -> Iterator[Row | None]:
    """Files of sites in some row groups; None for a row that names none.

    ConfigError if the file is damaged, or a row group too large.
    """
    try:
        for group in groups:
            size = pq.read_metadata(item.uri).row_group(group).total_byte_size
            if size > MAX_ROW_GROUP_BYTES:
                problem = f"{item.uri}: row group {group} holds {size >> 30} GiB"
                raise ConfigError(KEYS[kind], problem, "write row groups of under 4 GiB")
            if problem := _in_child("examine", kind, item.uri, group):
                where = f"{item.uri}{problem} (row group {group})"
                remedy = "restore the file, fetch it again, or write smaller values and row groups"
                raise ConfigError(KEYS[kind], where, remedy)
            for batch in _batches(kind, item.uri, group):
                yield from map(_row, batch)
    except (OSError, pa.ArrowException) as error:
        problem = f"{item.uri} is damaged ({type(error).__name__})"
        raise ConfigError(KEYS[kind], problem, "restore the file, or fetch it again") from None


def _batches(kind: str, path: str, group: int) -> Iterator[list[dict[str, Any]]]:
    """Rows of a row group as plain values, some at a time."""
    with pq.ParquetFile(path) as file:
        facts = file.metadata.row_group(group)
        size = facts.total_byte_size
        count = max(1, min(BATCH_ROWS, facts.num_rows * BATCH_BYTES // max(1, size)))
        for batch in file.iter_batches(count, [group], list(COLUMNS[kind]), use_threads=False):
            yield _plain(kind, batch)


def _plain(kind: str, batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as plain values, of whatever width their types are."""
    plain = {"text": pa.large_string(), "bytes": pa.large_binary(), "number": pa.int64()}
    columns = {}
    for name, what in COLUMNS[kind].items():
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if what == "time":
            is_time = pa.types.is_timestamp(column.type)
            column = column.cast(pa.timestamp("s"), safe=False) if is_time else column
            columns[name] = column.cast(pa.large_string())
        else:
            columns[name] = column.cast(plain[what])
    found: list[dict[str, Any]] = pa.table(columns).to_pylist()
    return found


def _row(row: dict[str, Any]) -> Row | None:
    host, path = (row["host"] or "").strip().lower(), row.get("path", "/robots.txt") or ""
    if not HOST.fullmatch(host) or not path.startswith("/"):
        return None
    code = row.get("status", 200)
    return Row(f"https://{host}{path}", code, row.get("fetched_at"), row["body"] or b"")


def _holds(kind: pa.DataType, what: str) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    types, wanted = pa.types, _TYPES[what]
    return any(getattr(types, f"is_{name}")(kind) for name in wanted)


_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("string", "large_string"),
    "bytes": ("string", "large_string", "binary", "large_binary"),
    "number": ("integer",),
    "time": ("string", "large_string", "timestamp"),
}


def _remedy(kind: str) -> str:
    columns = ", ".join(f"{name} ({what})" for name, what in COLUMNS[kind].items())
    return f"name a Parquet file with the columns {columns}, or null (docs/rights.md)"
