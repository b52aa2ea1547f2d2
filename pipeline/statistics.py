"""A run's statistics: all counts of all tasks in one table, once the books balance.

A row for each shard's count, up to 1,000 shards. A larger run has them summed over twenty ranges
of shards: 90,000 shards with 25,000 counts each would be a table of two billion rows.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from pipeline import shards, storage, tally
from pipeline.manifest import Manifest
from pipeline.sums import Sum
from stages import schema
from stages.errors import IntegrityError

MAX_SHARDS, RANGES = 1000, 20
READERS, AT_ONCE = 4, 64
"""Threads that read tallies, and how many may be read before they are added."""

Block = tuple[str, Sequence[Manifest]]
"""What `shard` says of its rows, and the tasks that they are summed over."""


PARQUET, CSV = "statistics/counts.parquet", "statistics/counts.csv"


def are_there(run: Path) -> bool:
    """Whether both files are."""
    return (run / PARQUET).exists() and (run / CSV).exists()


def write(run: Path, name: str, manifests: Sequence[Manifest]) -> None:
    """`statistics/counts.parquet` and `.csv` from the manifests.

    The two halves of the ledger must agree.
    """
    found, totals = list[pa.Table](), Counter[str]()
    tables = (table_of(run, name, block) for block in blocks(manifests))
    while part := list(itertools.islice(tables, AT_ONCE)):
        rows = pa.concat_tables(part).combine_chunks()  # tables of a row each are 20 times as large
        found.append(rows)
        metrics = rows.group_by("metric").aggregate([("count", "sum")])
        for metric, count in zip(*(column.to_pylist() for column in metrics.columns), strict=True):
            totals[metric] += count
    out = sum(totals[f"documents.{state}"] for state in ("kept", "rejected", "quarantined"))
    read, kept = totals["documents.read"], totals["documents.kept"]
    if read != out:
        raise IntegrityError(
            str(run), f"books do not balance: {read} records read, {out} accounted for"
        )
    published = sum(
        o.rows for m in manifests if m.step == "compact" for o in m.outputs if o.base == "corpus"
    )
    if published != kept:
        raise IntegrityError(str(run), f"{kept} documents kept, {published} published")
    save(run, pa.concat_tables(found) if found else schema.COUNTS.schema.empty_table())


def save(run: Path, table: pa.Table) -> None:
    """Write both files."""
    table = table.combine_chunks()
    with shards.Writer(run, PARQUET, schema.COUNTS) as writer:
        writer.write(table)
        writer.commit()
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink)
    storage.write_bytes(run / CSV, sink.getvalue().to_pybytes())


def blocks(manifests: Sequence[Manifest]) -> Iterator[Block]:
    """Tasks whose counts are told together, in order; each apart in a run of few shards."""
    for _, found in itertools.groupby(manifests, key=lambda m: m.step):
        made = list(found)
        size = 1 if len(made) <= MAX_SHARDS else -(-len(made) // RANGES)
        for start in range(0, len(made), size):
            part = made[start : start + size]
            first, last = part[0].task, part[-1].task
            yield (first if size == 1 else f"{first}-{last}"), part


def table_of(run: Path, name: str, block: Block) -> pa.Table:
    """The rows of a block, as `schema.COUNTS`."""
    shard, made = block
    counted = tally.table(run, made[0]) if len(made) == 1 else _summed(run, made)
    told = {"run": name, "step": made[0].step, "shard": shard}
    fixed = [pa.repeat(value, counted.num_rows) for value in told.values()]
    return pa.Table.from_arrays([*fixed, *counted.columns], schema=schema.COUNTS.schema)


def _summed(run: Path, made: Sequence[Manifest]) -> pa.Table:
    total, few = Sum(), Counter[tuple[str, str, str]]()
    for m in made:
        for language, metric, label, count in m.counts:
            few[language, metric, label] += count
    total.add(tally.table_of((*names, count) for names, count in few.items()))
    made = [m for m in made if tally.output_of(m) is not None]
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(made), AT_ONCE):
            part = made[start : start + AT_ONCE]
            for found in pool.map(functools.partial(tally.coded, run), part):
                total.add(found)
    return tally.table_of(sorted(total.counts()))
