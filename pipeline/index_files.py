"""Files of a crawl's columnar index: found, opened by range, read by columns and row groups.

They come from elsewhere: columns are checked before any work, and a row group is read only as far
as its caps.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import inputs, places, ranges
from pipeline.ranges import Range, Traffic
from pipeline.storage import Input
from stages import select
from stages.errors import ConfigError, ShardError

KEY = "cc_index.path"
MAX_ROW_GROUP_BYTES = 2 << 30
"""Uncompressed, of the columns that are read: what claims more is a bomb, or too large a task."""
PARTITION = re.compile(r"(?:^|/)crawl=([^/]+)/subset=([^/]+)/[^/]+\.parquet$")


def locate(path: str, crawl: str, subset: str, base_uri: str | None) -> list[Input]:
    """The files of one crawl and subset below a folder, or in a path list, by name.

    ConfigError if there are none.
    """
    mine = found(path, crawl, subset, base_uri)
    if not mine:
        problem = f"{path} has no index files of crawl={crawl}/subset={subset}"
        remedy = "check cc_index.path, cc_index.crawl and cc_index.subset"
        raise ConfigError(KEY, problem, remedy)
    return mine


def found(path: str, crawl: str, subset: str, base_uri: str | None) -> list[Input]:
    """The same, or none. ConfigError if one is listed and is not there."""
    part = f"crawl={crawl}/subset={subset}"
    if path.removesuffix(".gz").endswith((".paths", ".txt")):
        listed = inputs.expand([path], base_uri)
    else:
        listed = inputs.below(f"{path.rstrip('/')}/{part}", ".parquet")
    mine = [item for item in listed if _is_of(item.uri, crawl, subset)]
    if gone := [item.uri for item in mine if item.identity == "missing"]:
        raise ConfigError(KEY, f"{gone[0]} is not there ({len(gone)} are missing)")
    return sorted(mine, key=lambda item: item.name)


def _is_of(uri: str, crawl: str, subset: str) -> bool:
    named = PARTITION.search(uri)
    return named is not None and named.groups() == (crawl, subset)


class _Counted(places.ByRange):
    """A file's bytes; what was asked for is counted."""

    def __init__(self, item: Input, traffic: Traffic) -> None:
        self._uri, self._traffic = item.uri, traffic
        self.size = int(item.identity.partition(":")[0])

    def _between(self, start: int, end: int) -> bytes:
        (data,) = ranges.fetch(self._uri, [Range(start, end, 0, 0)], self._traffic)
        return data


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One opened file of the index. ShardError if it is damaged."""

    item: Input
    file: pq.ParquetFile
    traffic: Traffic

    @property
    def rows(self) -> int:
        """Rows that its footer names."""
        return int(self.file.metadata.num_rows)

    def groups(self) -> Iterator[tuple[int, int]]:
        """Number and rows of each row group."""
        for number in range(self.file.num_row_groups):
            yield number, int(self.file.metadata.row_group(number).num_rows)

    def may_hold(self, group: int, criteria: select.Criteria) -> bool:
        """Whether the row group's least and greatest values leave room for a wanted row."""
        asked = criteria.bounds()
        if not asked:
            return True
        facts = self.file.metadata.row_group(group)
        for at in range(facts.num_columns):
            column = facts.column(at)
            values = asked.get(column.path_in_schema)
            if values is not None and _may_hold(column.statistics, values):
                return True
        return False

    def size(self, group: int, columns: list[str], compressed: bool = True) -> int:
        """Bytes of some columns of a row group, by the footer."""
        facts = self.file.metadata.row_group(group)
        found = (facts.column(at) for at in range(facts.num_columns))
        return sum(
            c.total_compressed_size if compressed else c.total_uncompressed_size
            for c in found
            if c.path_in_schema in columns
        )

    def read(self, group: int, columns: list[str]) -> pa.Table:
        """Columns of a row group."""
        if self.size(group, columns, compressed=False) > MAX_ROW_GROUP_BYTES:
            problem = f"row group {group} holds more than {MAX_ROW_GROUP_BYTES >> 30} GiB"
            raise ShardError(self.item.name, f"{problem}; write the index in smaller ones")
        try:
            return self.file.read_row_group(group, columns=columns, use_threads=False)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise damaged(self.item, error) from None


def _may_hold(facts: Any, values: tuple[str, ...]) -> bool:
    if facts is None or not facts.has_min_max:
        return True
    low, high = (v.encode() if isinstance(v, str) else v for v in (facts.min, facts.max))
    return any(low <= value.encode() <= high for value in values)


def opened(item: Input, criteria: select.Criteria, traffic: Traffic) -> IndexFile:
    """The file, its columns checked."""
    stream = _Counted(item, traffic)  # read a column of a row group at a time
    try:
        file = pq.ParquetFile(pa.PythonFile(cast("Any", stream), mode="r"), pre_buffer=False)
        found = file.schema_arrow
    except (OSError, pa.ArrowException, ValueError) as error:
        raise damaged(item, error) from None
    select.check_columns(found, criteria, item.uri)
    return IndexFile(item, file, traffic)


def damaged(item: Input, error: Exception) -> ShardError:
    """What is said of a file that Parquet's reader refuses."""
    return ShardError(
        item.name,
        f"is no readable Parquet file ({type(error).__name__}); fetch it again, then run the "
        "command again",
    )
