"""An index-guided run's selection: made by `prepare` from the index, regrouped by `collate`.

The rows of a WARC file come to lie together, in a row group that a task of `extract` can read.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from langid import cld2_labels
from pipeline import config, index_files, shards, tables
from pipeline.context import Context
from pipeline.manifest import Books, Count, Manifest, Output
from pipeline.ranges import Traffic
from pipeline.storage import Input
from stages import schema, select
from stages.errors import ConfigError

KIND = "cc_index"
"""What tasks that make the selection are named by."""
FOLDER = "indexed"
FLUSH_ROWS = 200_000
PART_ROWS = 1_000_000
"""Rows that one task regroups: 0.5 GB."""
GROUP_ROWS = 8192
"""Rows from which a row group ends, behind the last of a WARC file."""
DIGEST_RANGES = 16
"""Payloads are compared with all others in so many turns, so that not all are held at once."""


def criteria(settings: config.Run) -> select.Criteria:
    """What the run asks of the index."""
    asked = _section(settings)
    return select.Criteria(
        status=asked.status,
        media_types=settings.gate.media_types if asked.media_types is None else asked.media_types,
        truncated=asked.truncated,
        tlds=asked.tlds,
        domains=asked.domains,
        labels=cld2_labels.labels_of(asked.languages),
        unlabelled=asked.unlabelled,
        match=asked.match,
        verify=asked.verify,
        one_per_digest=asked.one_per_digest,
        by_site=asked.robots_subset is not None and settings.robots is None,
    )


def _section(settings: config.Run) -> config.CcIndex:
    if settings.cc_index is None:
        raise ConfigError("cc_index", "is null", "name path and crawl of the index")
    return settings.cc_index


def files(settings: config.Run) -> list[Input]:
    """The files of the index that the run names. ConfigError if there are none."""
    asked = _section(settings)
    for name, value in (("path", asked.path), ("crawl", asked.crawl)):
        if value is None:
            raise ConfigError(
                f"cc_index.{name}",
                "is not given, and source: cc-index needs it",
                f"add --set cc_index.{name}=...",
            )
    return index_files.locate(asked.path or "", asked.crawl or "", asked.subset, settings.base_uri)


def root(settings: config.Run) -> str:
    """Where the paths of the index lie: `base_uri`, or beside the folder `cc-index` of its path."""
    path = _section(settings).path or ""
    before, marker, _ = path.rpartition("cc-index/")
    if settings.base_uri is None and not marker:
        before, marker, _ = path.partition("crawl-data/")
    if settings.base_uri is None and not marker:
        raise ConfigError(
            "base_uri", f"is not given, and {path} has no folder cc-index", "add --base-uri"
        )
    return (settings.base_uri or before or ".").rstrip("/")


def digest(settings: config.Run) -> str:
    """What the selection's tasks are known by beside the files."""
    return config.digest([select.VERSION, asdict(criteria(settings))])


def select_rows(context: Context) -> Manifest:
    """One file of the index to rows of `selected`, by range of WARC files."""
    asked, traffic = criteria(context.settings), Traffic()
    file = index_files.opened(Input(**context.task.params["index"]), asked, traffic)
    rejected, refused = Counter[str](), Counter[str]()
    with context.output(schema.SELECTED).at(FOLDER) as writer:
        waiting = [schema.SELECTED.schema.empty_table()]
        for group, count in file.groups():
            made, lost, bad = of_group(file, group, count, asked)
            rejected += lost
            refused += bad
            waiting.append(made)
            if sum(table.num_rows for table in waiting) >= FLUSH_ROWS:
                _flush(writer, waiting)
        _flush(writer, waiting)
        output = writer.commit()
    return _account(context, [output], file.rows, rejected, refused, traffic)


def _flush(writer: shards.Writer, waiting: list[pa.Table]) -> None:
    for name, rows in select.buckets(pa.concat_tables(waiting)):
        writer.write(rows, name)
    del waiting[1:]


def of_group(
    file: index_files.IndexFile, group: int, count: int, asked: select.Criteria
) -> tuple[pa.Table, Counter[str], Counter[str]]:
    """Selected rows of a row group, and how many are rejected and refused for what."""
    nothing = schema.SELECTED.schema.empty_table()
    if not file.may_hold(group, asked):
        return nothing, Counter({"row_group": count}), Counter()
    first, later = asked.first_columns(), asked.later_columns()
    rows = file.read(group, first)
    live, lost = select.wanted(rows, asked)
    if not live.any():
        return nothing, lost, Counter()
    mask = pa.array(live)
    kept = rows.select([n for n in first if n in later]).filter(mask)
    for name in later:  # a column at a time: addresses are most of an index
        if name not in kept.column_names:
            kept = kept.append_column(name, file.read(group, [name]).filter(mask).column(0))
    made, refused = select.located(kept, asked)
    return made, lost, refused


def _account(
    context: Context,
    outputs: list[Output],
    rows: int,
    rejected: Counter[str],
    refused: Counter[str],
    traffic: Traffic | None = None,
) -> Manifest:
    books = Books(rows, sum(o.rows for o in outputs), rejected.total(), refused.total())
    step = f"{KIND}.{'regrouped' if traffic is None else 'rows'}"
    counted = [(f"{KIND}.rejected", rejected), (f"{KIND}.refused", refused)]
    counts: list[Count] = [(schema.UNDETERMINED, step, "", rows)]
    counts += [
        (schema.UNDETERMINED, name, label, n)
        for name, found in counted
        for label, n in found.items()
    ]
    if traffic is not None:
        for name, number in (("bytes", traffic.bytes), ("requests", traffic.requests)):
            counts.append((schema.UNDETERMINED, f"{KIND}.{name}", "", number))
    else:
        counts.append((schema.UNDETERMINED, f"{KIND}.selected", "", books.kept))
    return context.manifest(outputs, books, counts)


def regroup(context: Context) -> Manifest:
    """A range of WARC files, all rows of each together, in order of names and offsets."""
    params = context.task.params
    asked = criteria(context.settings)
    rows = tables.read_groups(context.run, params["selected"], schema.SELECTED)
    read, rejected, refused = rows.num_rows, Counter[str](), Counter[str]()
    if asked.one_per_digest:
        rows = _first_copies(context, rows, params["all"])
        rejected["digest"] += read - rows.num_rows
    groups, waiting = list[tuple[str, int]](), []
    number = size = 0
    with context.output(schema.SELECTED) as writer:
        for warc, mine, aside in select.by_warc(rows):
            rejected["repeated"] += aside["repeated"]
            refused["overlap"] += aside["overlap"]
            groups.append((warc, number))
            waiting.append(mine)
            size += mine.num_rows
            if size >= GROUP_ROWS:
                writer.write(pa.concat_tables(waiting))
                waiting, size, number = [], 0, number + 1
        if waiting:
            writer.write(pa.concat_tables(waiting))
        places = tuple((f"{at:05d}", group) for at, (_, group) in enumerate(groups))
        output = replace(writer.commit(), groups=places)
    made = _account(context, [output], read, +rejected, +refused)
    return replace(made, inputs=tuple(warc for warc, _ in groups))


def _first_copies(context: Context, rows: pa.Table, every: list[Any]) -> pa.Table:
    """The rows that are the first copy of their payload in the whole selection."""
    if not rows.num_rows:
        return rows
    keys = rows.column("digest_key").to_numpy()
    part_of = keys % np.uint64(DIGEST_RANGES)
    keep = np.zeros(rows.num_rows, np.bool_)
    columns = ["warc", "offset", "digest_key"]
    for part in range(DIGEST_RANGES):
        at = np.flatnonzero(part_of == part)
        mine = pa.array(np.unique(keys[at]), pa.uint64())
        others = (
            table.filter(pc.is_in(table.column("digest_key"), value_set=mine))
            for table in tables.each_group(context.run, every, columns)
        )
        keep[at] = select.is_first(rows.take(pa.array(at)), select.first_copies(others))
    return rows.filter(pa.array(keep))


def groups(made: Manifest, first: int, last: int) -> list[Any]:
    """A file of `select_rows` and its row groups of a range of WARC files."""
    names = {select.bucket_name(number) for number in range(first, last)}
    output = made.output("selected")
    return [output.path, [group for name, group in output.groups if name in names]]


def groups_of(made: list[Manifest]) -> list[list[Any]]:
    """The files of `select_rows` and all their row groups."""
    outputs = [m.output("selected") for m in made]
    return [[output.path, [group for _, group in output.groups]] for output in outputs]


def parts(rows: int) -> list[tuple[int, int]]:
    """Ranges of buckets, [first, last), for a selection of so many rows."""
    count = max(1, min(select.BUCKETS, -(-rows // PART_ROWS)))
    bounds = [number * select.BUCKETS // count for number in range(count + 1)]
    return list(itertools.pairwise(bounds))


def of_warc(context: Context, place: list[Any], warc: str) -> pa.Table:
    """The selected rows of one WARC file."""
    rows = tables.read_groups(context.run, [place], schema.SELECTED)
    return rows.filter(pc.equal(rows.column("warc"), warc))


def warcs(made: list[Manifest]) -> Iterator[tuple[str, list[Any], str]]:
    """Each WARC file by name: its file and row group in `selected`, and what that is known by.

    The names are the inputs of the manifests of `regroup`, in the order of its groups.
    """
    found = [
        (warc, [output.path, [group]], output.known)
        for m, output in ((m, m.output("selected")) for m in made)
        for warc, (_, group) in zip(m.inputs, output.groups, strict=True)
    ]
    yield from sorted(found)
