"""robots.txt files of an index-guided run: those of the sites that it selects, by the same index.

`prepare` writes where each robots.txt of the crawl lies, by range of keys of its URL; a task of
`collate` reads those of its range that hold for a selected page, or that a redirect leads to.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import robots_fetch
from pipeline import config, index_files, ranges, selection, shards, site_tables, tables
from pipeline.context import Context
from pipeline.manifest import Books, Count, Manifest
from pipeline.ranges import Traffic
from pipeline.storage import Input
from stages import prepare, read, schema, select

KIND = "robots_index"
"""What tasks are named by that read the index for them."""
CRITERIA = select.Criteria(by_site=True, robots=True)
COLUMNS = list(dict.fromkeys([*CRITERIA.first_columns(), *CRITERIA.later_columns()]))
KNOWN = config.digest([select.VERSION, asdict(CRITERIA)])
"""What its tasks are known by beside the files."""
MAX_STORED_BYTES = 16 << 20
"""Of a robots.txt as it is stored: a crawler keeps a megabyte."""


def is_asked(settings: config.Run) -> bool:
    """Whether the index is to say which robots.txt files are read."""
    asked = settings.cc_index
    return asked is not None and asked.robots_subset is not None and settings.robots is None


def files(settings: config.Run) -> tuple[Input, ...]:
    """The index's files of robots.txt records; none where it has none, or is not to be asked."""
    asked = settings.cc_index
    if asked is None or asked.robots_subset is None or not is_asked(settings):
        return ()
    path, crawl = asked.path or "", asked.crawl or ""
    return tuple(index_files.found(path, crawl, asked.robots_subset, settings.base_uri))


def select_rows(context: Context) -> Manifest:
    """One file of the index to rows of `selected`, by range of keys of the files' URLs."""
    traffic, refused = Traffic(), Counter[str]()
    file = index_files.opened(Input(**context.task.params["robots_index"]), CRITERIA, traffic)
    with context.output(schema.INDEXED_ROBOTS).at(selection.FOLDER) as writer:
        waiting: list[pa.Table] = []
        for group, _ in file.groups():
            rows = file.read(group, COLUMNS)
            made, bad = select.located(rows, CRITERIA)
            refused += bad
            waiting.append(made)
            if sum(table.num_rows for table in waiting) >= selection.FLUSH_ROWS:
                _flush(writer, waiting)
        _flush(writer, waiting)
        output = writer.commit()
    counts = [*_counts("indexed", output.rows), *_traffic("index", traffic)]
    counts += [(schema.UNDETERMINED, f"{KIND}.refused", why, n) for why, n in refused.items()]
    return context.manifest([output], Books(file.rows, output.rows, 0, refused.total()), counts)


def _flush(writer: shards.Writer, waiting: list[pa.Table]) -> None:
    rows = pa.concat_tables([schema.INDEXED_ROBOTS.schema.empty_table(), *waiting])
    for name, some in prepare.buckets(rows.sort_by("key")):
        writer.write(some, name)
    waiting.clear()


def _counts(name: str, number: int) -> list[Count]:
    return [(schema.UNDETERMINED, f"robots.{name}", "", number)]


def _traffic(name: str, traffic: Traffic) -> list[Count]:
    """Bytes and requests, for `index` or `records`."""
    return _counts(f"{name}_bytes", traffic.bytes) + _counts(f"{name}_requests", traffic.requests)


def collate(context: Context) -> Manifest:
    """The robots.txt files of a range of keys that the run needs, read and made tables of."""
    params, traffic = context.task.params, Traffic()
    sites = _needed(context, params["pages"], params["every"])
    rows = tables.read_groups(context.run, params["indexed"], schema.INDEXED_ROBOTS)
    mine = rows.filter(pc.is_in(rows.column("site"), value_set=pa.array(sites)))
    guard, lost = context.sandbox(), Counter[str]()
    try:
        records = _records(params["root"], mine, traffic, lost)
        parts = list(
            prepare.site_tables(prepare.from_records(records, prepare.robots_parser(guard)))
        )
    finally:
        guard.close()
    outputs, made = site_tables.store(
        context, [files for files, _ in parts], [contents for _, contents in parts]
    )
    found = made.filter(made.column("is_robots"))
    counts = site_tables.statuses(params["kind"], found)
    counts += _counts("selected", mine.num_rows) + _traffic("records", traffic)
    counts += [(schema.UNDETERMINED, f"{KIND}.refused", why, n) for why, n in lost.items()]
    kept = made.num_rows
    books = Books(rows.num_rows, kept, rows.num_rows - kept - lost.total(), lost.total())
    return context.manifest(outputs, books, counts)


def _needed(context: Context, pages: Sequence[Any], every: Sequence[Any]) -> NDArray[np.uint64]:
    """Sites of the selected pages, and those that redirects of their robots.txt lead to."""
    seen = [_numbers(t, "site") for t in tables.each_group(context.run, pages, ["site"])]
    sites = np.unique(np.concatenate([np.zeros(0, np.uint64), *seen]))
    redirects = [
        table.filter(pc.is_valid(table.column("target")))
        for table in tables.each_group(context.run, every, ["site", "target"])
    ]
    leads = [
        np.concatenate([np.zeros(0, np.uint64), *(_numbers(t, n) for t in redirects)])
        for n in ("site", "target")
    ]
    for _ in range(robots_fetch.MAX_REDIRECTS):
        more = np.union1d(sites, leads[1][np.isin(leads[0], sites)])
        if len(more) == len(sites):
            break
        sites = more
    return sites


def _numbers(table: pa.Table, name: str) -> NDArray[np.uint64]:
    return np.asarray(table.column(name).drop_null().to_numpy(), np.uint64)


def _records(
    root: str, rows: pa.Table, traffic: Traffic, lost: Counter[str]
) -> Iterator[read.Record]:
    """The records of these places, WARC file by WARC file; others are counted in `lost`."""
    for warc, mine, aside in select.by_warc(rows):
        lost += aside
        for record in ranges.records(
            f"{root}/{warc}",
            mine,
            prepare.MAX_BODY_BYTES * 2,
            traffic,
            max_length=MAX_STORED_BYTES,
        ):
            if record.problem == "read.not_promised":
                lost["not_promised"] += 1
            else:
                yield record
