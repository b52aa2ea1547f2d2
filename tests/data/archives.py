"""Archives made in memory, and a guard that parses in this process, for tests of stages."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa

from filters.site_files import SiteFiles
from pipeline import site_tables
from samples import archive
from stages import parse, prepare, read
from stages.base import Columns, Tools

HTML = (("Content-Type", "text/html; charset=utf-8"),)
MAX_BYTES = 1 << 20


def response(
    n: object,
    body: bytes = b"<p>text</p>",
    headers: Sequence[tuple[str, str]] = HTML,
    *,
    status: str = "200 OK",
    block: bytes | None = None,
    claimed: int | None = None,
    extra: Sequence[tuple[str, str]] = (),
    url: str | None = None,
) -> bytes:
    """A WARC response record; `claimed` is what it says of its length."""
    fields = [
        ("WARC-Record-ID", f"<urn:test:{n}>"),
        ("WARC-Target-URI", f"https://site.example/{n}" if url is None else url),
        ("WARC-Date", "2026-01-12T00:00:00Z"),
        *extra,
    ]
    if block is None:
        block = archive.http_block(f"HTTP/1.1 {status}", headers, body)
    return archive.record("response", fields, block, claimed)


def arc(*bodies: bytes) -> tuple[bytes, ...]:
    """An ARC file's own head, and a record for each body."""
    about = b"1 0 Weir\nURL IP-address Archive-date Content-type Archive-length\n"
    head = b"filedesc://test.arc 0.0.0.0 20260112000000 text/plain %d\n" % len(about)
    found = [head + about + b"\n"]
    for n, body in enumerate(bodies):
        block = archive.http_block("HTTP/1.1 200 OK", HTML, body)
        line = f"https://site.example/{n} 192.0.2.1 20260112000000 text/html {len(block)}\n"
        found.append(line.encode() + block + b"\n")
    return tuple(found)


def opener(data: bytes) -> read.Open:
    """The bytes as a shard."""

    def open_at(offset: int) -> BinaryIO:
        stream = io.BytesIO(data)
        stream.seek(offset)
        return stream

    return open_at


def records(data: bytes, max_bytes: int = MAX_BYTES) -> list[read.Record]:
    """Every record that stage read finds in the bytes."""
    return list(read.records(opener(data), "test.warc.gz", max_bytes))


def batch(*responses: bytes) -> pa.RecordBatch:
    """The responses as the one batch that stage read makes of them."""
    data = b"".join(archive.member(one) for one in responses)
    (made,) = read.batches(iter(records(data)), "TEST", "test.warc.gz", {})
    return made


@dataclass(frozen=True, slots=True)
class Inline:
    """A guard without a child: calls the parsers here, and counts."""

    calls: list[str] = field(default_factory=list)

    def call(self, function: str, *arguments: object) -> dict[str, Any]:
        """The function's result."""
        self.calls.append(function)
        result: dict[str, Any] = getattr(parse, function)(*arguments)
        return result

    def answers(self, function: str, asked: Iterable[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """One by one."""
        return (self.call(function, *arguments) for arguments in asked)


@dataclass(frozen=True, slots=True)
class Scripted:
    """A guard that answers every call alike, as if the child had died."""

    answer: dict[str, Any]

    def call(self, function: str, *arguments: object) -> dict[str, Any]:
        """The answer."""
        del function, arguments
        return self.answer

    def answers(self, function: str, asked: Iterable[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """One by one."""
        return (self.call(function, *arguments) for arguments in asked)


def site_files(found: Iterable[prepare.Fetched | None]) -> SiteFiles:
    """A table of files of sites, in memory."""
    made = list(prepare.site_tables(one for one in found if one is not None))
    files = prepare.collated_files(files for files, _ in made)
    contents = prepare.collated_contents(contents for _, contents in made)
    tables = [table.combine_chunks() for table in (files, contents)]
    return site_tables.joined([(0, prepare.BUCKETS, tables[0], tables[1])])


def tools(
    guard: Any = None,
    robots: Iterable[prepare.Fetched | None] = (),
    blocked: Sequence[str] = (),
) -> Tools:
    """What a stage is opened with: fetches of robots.txt, and entries of the block list."""
    lines = "".join(f"{entry}\n" for entry in blocked).encode()
    listed = prepare.block_list([("test.txt", lines)] if lines else ())
    return Tools(guard or Inline(), {"block_list": listed}, site_files(robots))


def present(columns: Columns) -> dict[str, pa.Array]:
    """What a stage gave, without the columns that it let go."""
    return {name: column for name, column in columns.items() if column is not None}


def robots_fetch(url: str, body: bytes, code: int = 200, **more: Any) -> prepare.Fetched | None:
    """A fetch of a robots.txt."""
    return prepare.fetched(
        url, code, "2026-01-12T00:00:00Z", body, prepare.robots_parser(Inline()), **more
    )
