"""A run's statistics: all counts of all tasks in one table, once the books balance.

A count for each shard, up to `MAX_SHARDS` of them. A larger run has them summed over twenty ranges
of shards: 90,000 shards with 25,000 counts each would be a table of two billion rows.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipeline import shards, storage, tally
from pipeline.manifest import Count, Manifest
from stages import schema
from stages.errors import IntegrityError

MAX_SHARDS = 1000
RANGES = 20
AT_ONCE = 64
"""Tallies that are summed together."""
BETWEEN = "\x1f"
"""Between language, metric and label, of which none has it, in the keys of a sum."""

Block = tuple[str, Sequence[Manifest]]
"""What `shard` says of its rows, and the tasks that they are summed over."""


def write(run: Path, name: str, manifests: Sequence[Manifest]) -> None:
    """`statistics/counts.parquet` and `.csv` from the manifests.

    The two halves of the ledger must agree.
    """
    found, totals = list[pa.Table](), Counter[str]()
    for block in blocks(manifests):
        rows = table_of(run, name, block)
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
    with shards.Writer(run, "statistics/counts.parquet", schema.COUNTS) as writer:
        writer.write(table)
        writer.commit()
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink)
    storage.write_bytes(run / "statistics" / "counts.csv", sink.getvalue().to_pybytes())


def blocks(manifests: Sequence[Manifest]) -> Iterator[Block]:
    """Tasks whose counts are told together, in order; each apart in a run of few shards."""
    for step, found in itertools.groupby(manifests, key=lambda m: m.step):
        made = list(found)
        size = 1 if step not in tally.STEPS or len(made) <= MAX_SHARDS else -(-len(made) // RANGES)
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
    sums: dict[str, int] = {}
    for start in range(0, len(made), AT_ONCE):
        for key, count in _sums([tally.table(run, m) for m in made[start : start + AT_ONCE]]):
            sums[key] = sums.get(key, 0) + count
    return tally.table_of(sorted(_counts(sums)))


def _sums(tallies: Sequence[pa.Table]) -> Iterator[tuple[str, int]]:
    together = pa.concat_tables(tallies)
    names = (together.column(name) for name in tally.NAMES[:3])
    keys = pc.binary_join_element_wise(*names, BETWEEN).combine_chunks().dictionary_encode()
    found = np.zeros(len(keys.dictionary), np.int64)
    np.add.at(found, keys.indices.to_numpy(), together.column("count").to_numpy())
    return zip(keys.dictionary.to_pylist(), found.tolist(), strict=True)


def _counts(sums: Mapping[str, int]) -> Iterator[Count]:
    for key, count in sums.items():
        tag, metric, label = key.split(BETWEEN)
        yield tag, metric, label, count
