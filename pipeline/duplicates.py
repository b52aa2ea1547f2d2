"""What the steps of clustering do with their files: from signatures to verified edges.

Between two of them, rows are exchanged between sources (files of documents) and partitions (of
keys, then of components): each task writes one file with a row group for each receiver, and reads
its row group out of every file. So a task's memory depends on the size of its group or partition,
never on that of the run; only `gather` looks at all documents, at nine bytes each.
"""

import contextlib
import itertools
import math
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import linkage
from filters.text import shingle_hashes
from pipeline import shards, storage, tables
from pipeline.context import Context
from pipeline.keys import LAYOUT, KeyFile, pieces, write
from pipeline.manifest import Books, Manifest
from stages import band, cluster, pair, schema
from stages.errors import IntegrityError

ROUTED_ROWS = 1 << 19
"""Pairs of one partition that wait in memory before they are written."""
CANDIDATE_ROWS = 1 << 20
PAIR_ROWS = 1 << 22
"""Candidate pairs of a partition that are judged together: .25 GB while they are sorted."""
SAMPLED = 64
"""Of so many pairs one is drawn, to cut them into ranges of about equal size."""
MEMORY_BYTES = 1 << 29
"""Signatures or shingles of a partition from which on they are kept in a mapped file."""
LENT_ROWS = 1 << 16
MIN_GIANT = 20
"""Members from which on a component is named in the statistics, the largest of each partition."""
SIGNATURE_COLUMNS = [
    "doc_id",
    "row",
    "payload_digest",
    "text_digest",
    "n_shingles",
    "signature",
    "precedence",
]


def _count(metric: str, count: int, label: str = "") -> tuple[str, str, str, int]:
    return (schema.UNDETERMINED, metric, label, int(count))


def do_band(context: Context) -> Manifest:
    """Step 2a: signatures of a group of sources to their keys, sorted."""
    return _sorted_keys(context, context.output(schema.KEYS))


def do_index(context: Context) -> Manifest:
    """Step 4c: signatures of published documents to the keys that later snapshots look up."""
    return _sorted_keys(context, context.output(schema.KEYS).at("index", "keys-"))


def _sorted_keys(context: Context, writer: shards.Writer) -> Manifest:
    limits, rows_of = context.settings.cluster, list[pa.Table]()
    for source in context.task.params["sources"]:
        signatures = _signatures(context, source, SIGNATURE_COLUMNS)
        rows_of.append(band.keys(signatures, source["number"], limits.bands, limits.rows))
    rows = sum(source["rows"] for source in context.task.params["sources"])
    table = band.by_key(rows_of)
    del rows_of
    writer.note(LAYOUT, f"{limits.bands}x{limits.rows}")
    write(writer, table)
    return context.manifest([writer.commit()], Books(rows, rows, 0, 0), [])


def _signatures(context: Context, source: dict[str, Any], columns: list[str]) -> pa.Table:
    """A file of signatures, after a look whether it is what its manifest says."""
    path = context.path(source["signatures"])
    tables.check_file(path, source["sha256"], schema.SIGNATURES)
    table = tables.read_table(path, columns)
    if table.num_rows != source["rows"]:
        raise IntegrityError(str(path), f"{table.num_rows} rows in place of {source['rows']}")
    if "row" in columns and not np.array_equal(
        table.column("row").to_numpy(), np.arange(table.num_rows)
    ):
        raise IntegrityError(
            str(path), "its rows are not in the order of `row`; extract the shard again"
        )
    return table


def do_pair(context: Context) -> Manifest:
    """Step 2b: keys of one range, of all sources, to candidate pairs."""
    params = context.task.params
    layout = f"{context.settings.cluster.bands}x{context.settings.cluster.rows}"
    files = [KeyFile(context.path(f["path"]), f, layout) for f in params["keys"]]
    new_rows = sum(f["rows"] for f in params["keys"] if not f["is_old"])
    part, parts = params["part"], params["parts"]
    low, high = ((part + end) * (1 << 64) // parts for end in (0, 1))
    writer = context.output(schema.CANDIDATES)
    crowds = uncompared = rows = 0
    with writer:
        for begin, end in pieces(new_rows, low, high):
            keys = _keys_between(files, begin, end)
            table, found = pair.candidates(keys, params["old_from"] << 32)
            _refuse_twins(context, keys, found)
            for start in range(0, table.num_rows, CANDIDATE_ROWS):
                writer.write(table.slice(start, CANDIDATE_ROWS))
            crowds, uncompared = crowds + found.crowds, uncompared + found.uncompared
            rows += table.num_rows
    counts = [
        _count("pairs.candidate", rows),
        _count("bands.crowded", crowds),
        _count("pairs.uncompared", uncompared),
    ]
    return context.manifest([writer.commit()], Books(rows, rows, 0, 0), counts)


def _keys_between(files: "list[KeyFile]", begin: int, end: int) -> pa.Table:
    """Keys of a range, sorted. Of published documents only those that a new one shares."""
    new = band.by_key([f.between(begin, end) for f in files if not f.is_old])
    old = [f.between(begin, end, new.column("key").to_numpy()) for f in files if f.is_old]
    return band.by_key([new, *old]) if old else new


def _refuse_twins(context: Context, keys: pa.Table, found: linkage.Links) -> None:
    """IntegrityError if two documents have one doc_id."""
    if not found.twins.size:
        return
    number = int(found.twins[0])
    is_identity = keys.column("kind").to_numpy() == linkage.DOC_ID
    at = int(np.flatnonzero(is_identity & (keys.column("place").to_numpy() == number))[0])
    shown = [
        context.task.params["names"][int(place) >> 32] + f" row {int(place) & 0xFFFFFFFF}"
        for place in found.twins[:2]
    ]
    raise IntegrityError(
        str(context.run),
        f"two documents have one doc_id (beginning {int(keys.column('key')[at].as_py()):016x}): "
        f"{shown[0]} and {shown[1]}; the same WARC file was given twice, or its snapshot is in the "
        "dataset already: see `weir index info`",
    )


def do_gather(context: Context) -> Manifest:
    """Step 2c: candidate pairs to components, and both to partitions."""
    params = context.task.params
    old: list[NDArray[np.uint64]] = []
    if params["has_old"]:
        old_from = params["old_from"] << 32
        old = [pair.published(pairs, old_from) for pairs in _candidates(context)]
    found = pair.Components(params["source_rows"], np.unique(np.concatenate(old)) if old else None)
    for pairs in _candidates(context):
        found.add(pairs)
    homes = found.settle(params["parts"])
    del found
    by_source = context.output(schema.HOMES)
    for name, first, last in params["groups"]:
        by_source.write(homes.of_sources(first, last), name)
    routed = _Routed(context.output(schema.CANDIDATES).at("gathered"), params["parts"])
    rows = 0
    for pairs in _candidates(context):
        routed.add(pairs, homes.part_of(pairs.column("a").to_numpy()))
        rows += pairs.num_rows
    outputs = [by_source.commit(), routed.commit()]
    sizes = Counter(np.minimum(homes.sizes, MIN_GIANT).tolist())
    counts = [_count("components.size", n, str(size)) for size, n in sizes.items()]
    return context.manifest(outputs, Books(rows, rows, 0, 0), counts)


def _candidates(context: Context) -> Iterator[pa.Table]:
    for path in context.task.params["candidates"]:
        yield from tables.row_groups(context.path(path))


class _Routed:
    """Pairs on their way to partitions, written in row groups of one partition each."""

    def __init__(self, writer: shards.Writer, parts: int) -> None:
        self._writer = writer
        self._waiting: list[list[pa.Table]] = [[] for _ in range(parts)]
        self._rows = np.zeros(parts, np.int64)

    def add(self, pairs: pa.Table, part: NDArray[np.int32]) -> None:
        """Take pairs with the partition of each (below 2^15: so many are sorted in one pass)."""
        order = np.argsort(part.astype(np.int16), kind="stable")
        pairs = pairs.take(pa.array(order))
        bounds = np.searchsorted(part[order], np.arange(len(self._waiting) + 1))
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            a, b = int(bounds[number]), int(bounds[number + 1])
            self._waiting[number].append(pairs.slice(a, b - a))
            self._rows[number] += b - a
            if self._rows[number] >= ROUTED_ROWS:
                self._flush(number)

    def _flush(self, number: int) -> None:
        if self._waiting[number]:
            self._writer.write(pa.concat_tables(self._waiting[number]), str(number))
            self._waiting[number], self._rows[number] = [], 0

    def commit(self) -> Any:
        for number in range(len(self._waiting)):
            self._flush(number)
        return self._writer.commit()


def do_lend(context: Context) -> Manifest:
    """Step 2d: what partitions need of a group's documents, by partition."""
    params = context.task.params
    homes = tables.read_groups(context.run, [params["homes"]], schema.HOMES)
    places = homes.column("place").to_numpy()
    rows_of = [schema.LENT.schema.empty_table()]
    columns = ["doc_id", "payload_digest", "text_digest", "precedence", "signature"]
    for source in params["sources"]:
        a, b = np.searchsorted(places, band.bounds(source["number"], source["number"] + 1))
        if a == b:
            continue
        mine, rows = homes.slice(a, b - a), places[a:b] & np.uint64(0xFFFFFFFF)
        path = context.path(source["signatures"])
        taken = tables.take_rows(path, rows.astype(np.int64), columns)
        if taken.num_rows != len(rows):
            raise IntegrityError(
                str(path), f"has {taken.num_rows} of {len(rows)} rows that its keys name"
            )
        is_near = mine.column("is_near").to_numpy()
        compared = pa.array(np.arange(len(rows)), mask=~is_near)
        lent = {
            **{name: taken.column(name) for name in columns},
            "place": mine.column("place"),
            "signature": taken.column("signature").combine_chunks().take(compared),
        }
        rows_of.append(
            pa.table([lent[n] for n in schema.LENT.schema.names], schema=schema.LENT.schema)
        )
    table = pa.concat_tables(rows_of)
    writer = context.output(schema.LENT)
    shards.write_by_part(writer, table, homes.column("part").to_numpy(), LENT_ROWS)
    return context.manifest([writer.commit()], Books(table.num_rows, table.num_rows, 0, 0), [])


def do_estimate(context: Context) -> Manifest:
    """Step 2e: candidate pairs of a partition, judged by their signatures."""
    params, threshold = context.task.params, context.settings.cluster.threshold
    estimated, needed = context.output(schema.ESTIMATES), context.output(schema.WANTED)
    found: Counter[str] = Counter()
    places = np.zeros(0, np.uint64)
    with estimated, _scratch(context) as room:
        rows = sum(tables.group_rows(context.run, params["lent"]))
        lent = tables.each_group(context.run, params["lent"], ["place", "signature"])
        signed = cluster.signed(lent, rows, room)
        for pairs in _distinct_pairs(context, params["candidates"]):
            table, dropped = cluster.estimates(pairs, signed, threshold)
            estimated.write(table)
            places = np.union1d(places, cluster.wanted(table))
            found.update(_estimated(table, dropped))
    for name, first, last in params["groups"]:
        ends = np.searchsorted(places, band.bounds(first, last))
        needed.write(pa.table([places[ends[0] : ends[1]]], schema=schema.WANTED.schema), name)
    counts = [_count(f"pairs.{label}", found[label]) for label in ESTIMATED]
    books = Books(found["rows"] + found["hopeless"], found["rows"], found["hopeless"], 0)
    return context.manifest([estimated.commit(), needed.commit()], books, counts)


ESTIMATED = ("distinct", "hopeless", "sure", "doubtful")


def _estimated(table: pa.Table, dropped: int) -> dict[str, int]:
    """How many of some pairs are what."""
    is_near = table.column("kind").to_numpy() == linkage.BAND
    is_sure = table.column("is_sure").to_numpy(zero_copy_only=False)
    return {
        "rows": table.num_rows,
        "distinct": int(is_near.sum()) + dropped,
        "hopeless": dropped,
        "sure": int((is_near & is_sure).sum()),
        "doubtful": int((~is_sure).sum()),
    }


def _distinct_pairs(context: Context, entry: tables.Groups) -> Iterator[pa.Table]:
    """Candidate pairs of a partition, each once, as many as memory should hold.

    The pairs lie as they were found, so each range of first places is picked out of all of them.
    """
    total = sum(tables.group_rows(context.run, [entry]))
    count = max(1, -(-total // PAIR_ROWS))
    drawn = [
        pairs.column("a").to_numpy()[::SAMPLED]
        for pairs in tables.each_group(context.run, [entry], ["a"])
        if count > 1
    ]
    sample = np.sort(np.concatenate([np.zeros(1, np.uint64), *drawn]))
    limits: list[Any] = []
    if count > 1:
        limits = np.unique(sample[np.arange(1, count) * len(sample) // count]).tolist()
    for low, high in itertools.pairwise([None, *limits, None]):
        parts = [schema.CANDIDATES.schema.empty_table()]
        for pairs in tables.each_group(context.run, [entry]):
            first = pairs.column("a").to_numpy()
            inside = np.ones(len(first), np.bool_)
            if low is not None:
                inside &= first >= low
            if high is not None:
                inside &= first < high
            parts.append(pairs.filter(pa.array(inside)))
        yield pair.distinct(pa.concat_tables(parts))


@contextlib.contextmanager
def _scratch(context: Context) -> Iterator[cluster.Room]:
    """Room for arrays that may be larger than memory, in files that go when it is left."""
    with (
        storage.disk_errors(context.run),
        tempfile.TemporaryDirectory(
            dir=storage.scratch(context.run), prefix=".tmp-spill-"
        ) as folder,
    ):

        def room(shape: tuple[int, ...], kind: type) -> NDArray[Any]:
            if 0 in shape or math.prod(shape) * np.dtype(kind).itemsize <= MEMORY_BYTES:
                return np.empty(shape, kind)
            handle, path = tempfile.mkstemp(dir=folder)
            os.close(handle)
            return np.asarray(np.memmap(path, kind, "w+", shape=shape))

        yield room


def do_shingle(context: Context) -> Manifest:
    """Step 2f: shingle sets of a group's documents, by the partition that wants them."""
    params = context.task.params
    wanted = [
        tables.read_groups(context.run, [entry], schema.WANTED).column("place").to_numpy()
        for entry in params["wanted"]
    ]
    places = np.concatenate([np.zeros(0, np.uint64), *wanted])
    part = np.repeat(np.arange(len(wanted)), [len(p) for p in wanted])
    order = np.argsort(places, kind="stable")
    places, part = places[order], part[order]
    rows_of = [schema.SHINGLES.schema.empty_table()]
    for source in params["sources"]:
        a, b = np.searchsorted(places, band.bounds(source["number"], source["number"] + 1))
        if a == b:
            continue
        rows = (places[a:b] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        if source.get("is_old"):
            rows = _published_rows(context, source, rows)
        rows_of += _shingle_sets(context, source, places[a:b], rows)
    table = pa.concat_tables(rows_of)
    writer = context.output(schema.SHINGLES)
    shards.write_by_part(writer, table, part, LENT_ROWS)
    return context.manifest([writer.commit()], Books(table.num_rows, table.num_rows, 0, 0), [])


def _published_rows(
    context: Context, source: dict[str, Any], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rows of a corpus file of documents of the index: by doc_id, since takedowns leave gaps."""
    ids = _doc_ids(context.path(source["signatures"]))
    path = context.path(source["documents"])
    known = _doc_ids(path).combine_chunks()
    found = pc.index_in(ids.take(pa.array(rows)).combine_chunks(), value_set=known)
    if found.null_count:
        raise IntegrityError(
            str(path),
            f"lacks {found.null_count} documents that the index has; `weir index verify` says more",
        )
    return np.asarray(found.to_numpy(), np.int64)


def _doc_ids(path: Path) -> pa.ChunkedArray:
    with tables.damage(path), tables.open_file(path) as file:
        return file.read(["doc_id"], use_threads=False).column("doc_id")


def _shingle_sets(
    context: Context,
    source: dict[str, Any],
    places: NDArray[np.uint64],
    rows: NDArray[np.int64],
) -> Iterator[pa.Table]:
    """Rows of `shingles` of one source, a row group of its texts at a time."""
    path, done = context.path(source["documents"]), 0
    for texts in tables.texts_of(path, rows):
        sets = [shingle_hashes(text) for text in texts.to_pylist()]
        offsets = np.concatenate([[0], np.cumsum([len(s) for s in sets])])
        lists = pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()), pa.array(np.concatenate(sets), pa.uint32())
        )
        mine = places[done : done + len(sets)]
        done += len(sets)
        yield pa.table([mine, lists], schema=schema.SHINGLES.schema)
    if done != len(rows):
        raise IntegrityError(str(path), f"has {done} of {len(rows)} texts that are to be compared")


def do_cluster(context: Context) -> Manifest:
    """Step 2g: verified edges of a partition, and its components."""
    params, threshold = context.task.params, context.settings.cluster.threshold
    names = [n for n in schema.LENT.schema.names if n != "signature"]
    lent = tables.read_groups(context.run, params["lent"], schema.LENT, names)
    places, linked = lent.column("place").to_numpy(), cluster.Linked(lent.num_rows)
    edges = context.output(schema.EDGES).at("clusters", "edges-")
    read = rows = verified = 0
    members = context.output(schema.MEMBERS).at("clusters", "members-")
    with edges, members:
        with _scratch(context) as room:
            total = sum(tables.group_values(context.run, params["shingles"], "shingles"))
            sets = cluster.sets(tables.each_group(context.run, params["shingles"]), total, room)
            for estimated in tables.row_groups(context.path(params["estimates"])):
                joined = cluster.verify(estimated, places, sets, threshold)
                linked.add(joined)
                found = cluster.edges(joined, lent.column("doc_id"))
                edges.write(found)
                read, rows = read + estimated.num_rows, rows + len(joined.first)
                verified += found.num_rows
        table = cluster.members(linked, lent, params["old_from"])
        members.write(table)
        outputs = [edges.commit(), members.commit()]
    sizes = pc.value_counts(pc.value_counts(table.column("component")).field(1)).to_pylist()
    counts = [
        _count("pairs.verified", verified),
        *(_count("clusters.size", entry["counts"], str(entry["values"])) for entry in sizes),
        *(
            _count("clusters.largest", size, component)
            for component, size in cluster.largest(table)
            if size >= MIN_GIANT
        ),
    ]
    return context.manifest(outputs, Books(read, rows, read - rows, 0), counts)
