"""Counts of a task: in its manifest where they are few, in a file of its own where they are many.

A shard has some 25,000 (histograms by language). With 90,000 shards they are too many to be read
whenever a manifest is.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import shards, storage, tables
from pipeline.manifest import Count, Manifest, Output
from stages import schema

STEPS = ("extract", "decide")
"""Steps whose tasks count by language."""
NAMES = ("language", "metric", "label", "count")


def put_aside(run: Path, made: Manifest) -> Manifest:
    """The manifest with its counts in a file, if it is of a step that counts by language."""
    if made.step not in STEPS:
        return made
    path = f"{schema.TALLY.name}/{made.step}-{made.task}-{made.key[:12]}.parquet"
    path = storage.attempt_name(run, path)
    return replace(made, counts=(), outputs=(*made.outputs, write(run, path, made.counts)))


def write(run: Path, path: str, counts: Iterable[Count]) -> Output:
    """The file of these counts, in their order."""
    with shards.Writer(run, path, schema.TALLY) as writer:
        writer.write(table_of(counts))
        return writer.commit()


def table_of(counts: Iterable[Count]) -> pa.Table:
    """The counts as rows of `schema.TALLY`, in their order."""
    rows = list(counts)
    columns = [[row[at] for row in rows] for at in range(len(NAMES))]
    arrays = [pa.array(c, t) for c, t in zip(columns, schema.TALLY.schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema.TALLY.schema)


def output_of(made: Manifest) -> Output | None:
    """The task's file of counts, if it has one."""
    return next((o for o in made.outputs if o.table == schema.TALLY.name), None)


def coded(run: Path, made: Manifest) -> pa.Table:
    """The task's counts as rows of `schema.TALLY`, names perhaps dictionary-encoded.

    IntegrityError if their file is missing or damaged.
    """
    output = output_of(made)
    if output is None:
        return table_of(made.counts)
    path = run / output.path
    with (
        tables.damage(path),
        pq.ParquetFile(storage.opened(path), read_dictionary=NAMES[:3]) as file,
    ):
        return file.read()


def table(run: Path, made: Manifest) -> pa.Table:
    """The task's counts as rows of `schema.TALLY`."""
    return coded(run, made).cast(schema.TALLY.schema)


def of(run: Path, made: Manifest) -> list[Count]:
    """The task's counts."""
    columns = (column.to_pylist() for column in table(run, made).columns)
    return list(zip(*columns, strict=True))
