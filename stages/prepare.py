"""Steps 0a and 0b, prepare and collate: lookup tables, sorted by key.

Files of sites (robots.txt of the snapshot, and what a run gives beside it), and the block list of
the gate. A task of `prepare` turns some archives into rows of `site_files` and `site_contents`, cut
by the upper bits of their keys; one of `collate` brings together what all of them have of a range.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import domains, robots_fetch, site_files
from stages import schema
from stages.base import Guard
from stages.errors import ConfigError

VERSION = 5
MAX_BODY_BYTES = 512 << 10
"""RFC 9309 section 2.5: a parser must read at least 500 KiB."""
MAX_SENT_BYTES = (16 << 20) + 1
"""Of any file: no parser of sites' files reads more, and this is enough for it to say so."""
BUCKET_BITS = 6
BUCKETS = 1 << BUCKET_BITS
"""Ranges of keys into which rows are cut: the most parts that a table can have."""
FLUSH_BYTES = 32 << 20
FLUSH_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """One fetch of a site's file."""

    url: str
    """Canonical (`filters.site_files`)."""
    status: str
    date: str | None = None
    target: str | None = None
    """Where it redirects to, canonical."""
    content: str | None = None
    """What the parser made of the body, as JSON."""
    sha256: bytes = bytes(32)
    """Of the body; zeros without one."""


Parser = Callable[[str, bytes], dict[str, Any]]
"""(URL, body) to `status` and `content`, or to the `reason` for which the parser was killed."""


def robots_parser(guard: Guard) -> Parser:
    """Reads robots.txt where it can be killed."""
    return lambda _, body: guard.call("parse_robots", body)


def site_parser(guard: Guard) -> Parser:
    """Reads tdmrep.json, ai.txt and RSL documents, told apart by their path."""
    return lambda url, body: guard.call("parse_site_file", urlsplit(url).path, body)


def from_records(found: Iterable[Any], parse: Parser) -> Iterator[Fetched]:
    """Fetches out of the records of archives, such as a snapshot's robotstxt subset."""
    for record in found:
        # The beginning of a file that is too large to be kept whole binds all the same.
        if record.kind == "response" and record.problem in (None, "gate.size"):
            location = next((v for name, v in record.headers if name == "location"), None)
            made = fetched(record.url, record.status, record.date, record.body, parse, location)
            if made is not None:
                yield made


def fetched(
    url: str,
    code: int | None,
    date: str | None,
    body: bytes,
    parse: Parser,
    location: str | None = None,
) -> Fetched | None:
    """What a fetch gave; None for a URL that no table can hold."""
    address = site_files.canonical(url)
    if address is None:
        return None
    if (failed := robots_fetch.status_of(code)) is not None:
        return Fetched(address, failed, date)
    if code is not None and code >= 300:
        return Fetched(address, "redirect", date, target=site_files.target(address, location))
    answer = parse(address, body[:MAX_SENT_BYTES])
    status, content = answer.get("status", "unreadable"), answer.get("content")
    if len(content or "") > site_files.MAX_CONTENT_CHARS:
        status, content = "unreadable", None
    digest = hashlib.sha256(body).digest() if body else bytes(32)
    return Fetched(address, status, date, None, content, digest)


def site_tables(found: Iterable[Fetched]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Rows of `site_files` and `site_contents`, some fetches at a time, each sorted by key.

    What several files say alike stands once in each of the latter.
    """
    rows: list[Fetched] = []
    size = 0
    for one in found:
        rows.append(one)
        size += len(one.content or "")
        if size >= FLUSH_BYTES or len(rows) >= FLUSH_ROWS:
            yield _tables(rows)
            rows, size = [], 0
    if rows:
        yield _tables(rows)


def _tables(rows: list[Fetched]) -> tuple[pa.Table, pa.Table]:
    contents: dict[tuple[int, int], str] = {}
    files = []
    for row in rows:
        key, check = site_files.key_of(row.url)
        target = site_files.key_of(row.target) if row.target else (0, 0)
        says = site_files.digest_of(row.content.encode()) if row.content else (0, 0)
        if row.content:
            contents[says] = row.content
        files.append(
            {
                "key": key,
                "check": check,
                "status": site_files.STATUSES.index(row.status),
                "is_robots": urlsplit(row.url).path == site_files.ROBOTS,
                "fetched_at": site_files.seconds(row.date),
                "target_key": target[0],
                "target_check": target[1],
                "content_key": says[0],
                "content_check": says[1],
                "sha256": row.sha256,
            }
        )
    packed = [
        {"key": key, "check": check, "packed": site_files.packed(contents[key, check])}
        for key, check in sorted(contents)
    ]
    return (
        _sorted(pa.Table.from_batches([schema.batch(schema.SITE_FILES, files)])),
        pa.Table.from_batches([schema.batch(schema.SITE_CONTENTS, packed)]),
    )


def _sorted(files: pa.Table) -> pa.Table:
    """By key and check; of fetches of one URL the telling one first, then the latest.

    Where those are equal, the smaller digest goes first: the order of reading has no part in it.
    """
    columns = {name: _numbers(files, name) for name in ("check", "key", "status", "content_key")}
    late = -_numbers(files, "fetched_at")
    target = _numbers(files, "target_key")
    order = np.lexsort(
        (
            columns["content_key"],
            target,
            late,
            columns["status"],
            columns["check"],
            columns["key"],
        )
    )
    return files.take(pa.array(order))


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    return np.asarray(table.column(name).to_numpy())


def buckets(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """A sorted table cut by the upper bits of the key: (name, rows) of each range that has any."""
    of = _numbers(table, "key") >> np.uint64(64 - BUCKET_BITS)
    bounds = np.searchsorted(of, np.arange(BUCKETS + 1))
    for number in range(BUCKETS):
        first, last = int(bounds[number]), int(bounds[number + 1])
        if last > first:
            yield bucket_name(number), table.slice(first, last - first)


def bucket_name(number: int) -> str:
    """Name of a range of keys."""
    return f"{number:02d}"


def collated_files(parts: Iterable[pa.Table]) -> pa.Table:
    """One row a URL of what several tasks have of a range of keys."""
    return _distinct(_sorted(_joined(schema.SITE_FILES, parts)))


def collated_contents(parts: Iterable[pa.Table]) -> pa.Table:
    """Each content once of what several tasks have of a range of keys."""
    joined = _joined(schema.SITE_CONTENTS, parts)
    return _distinct(
        joined.take(pa.array(np.lexsort((_numbers(joined, "check"), _numbers(joined, "key")))))
    )


def _joined(table: schema.Table, parts: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([table.schema.empty_table(), *parts])


def _distinct(table: pa.Table) -> pa.Table:
    key, check = _numbers(table, "key"), _numbers(table, "check")
    is_first = np.append(True, (np.diff(key) != 0) | (np.diff(check) != 0))[: len(key)]
    return table.filter(pa.array(is_first))


def block_list(chunks: Iterable[tuple[str, bytes]]) -> pa.Table:
    """The rows of `block_list` from (file, whole lines) pairs; no chunks, no rows.

    ConfigError names file, line and reason of a line that is no entry. 4.6 million domains take
    1 s of CPU time and 230 MB.
    """
    place = _Place()
    keys, flags = domains.table(place.followed(chunks), place.refuse)
    columns = [pa.array(keys), pa.array(flags)]
    return pa.Table.from_arrays(columns, schema=schema.BLOCK_LIST.schema)


class _Place:
    """Which file, and which of its lines, is being read."""

    def __init__(self) -> None:
        self._file, self._before, self._read = "", 0, 0

    def followed(self, chunks: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
        """The lines, with an eye on where they stand."""
        for file, lines in chunks:
            if file != self._file:
                self._file, self._before = file, self._read
            yield lines
            self._read += lines.count(b"\n")

    def refuse(self, number: int, reason: str) -> None:
        """Refuse a line, counted from the first of the first file."""
        where = f"{self._file}:{number - self._before}"
        raise ConfigError(where, reason, "correct the line, or put # before it")
