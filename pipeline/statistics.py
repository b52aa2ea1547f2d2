"""A run's statistics: all counts of all manifests in one table, once the books balance."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from pipeline import shards, storage
from pipeline.manifest import Manifest
from stages import schema
from stages.errors import IntegrityError


def write(run: Path, name: str, manifests: Sequence[Manifest]) -> None:
    """`statistics/counts.parquet` and `.csv` from the manifests.

    The two halves of the ledger must agree.
    """
    rows: list[dict[str, Any]] = [
        {
            "run": name,
            "step": m.step,
            "shard": m.task,
            "language": tag,
            "metric": metric,
            "label": label,
            "count": count,
        }
        for m in manifests
        for tag, metric, label, count in m.counts
    ]

    def total(metric: str) -> int:
        return sum(int(r["count"]) for r in rows if r["metric"] == metric)

    read, out = (
        total("documents.read"),
        total("documents.kept") + total("documents.rejected") + total("documents.quarantined"),
    )
    if read != out:
        raise IntegrityError(
            str(run), f"books do not balance: {read} records read, {out} accounted for"
        )
    published = sum(
        o.rows for m in manifests if m.step == "compact" for o in m.outputs if o.base == "corpus"
    )
    if published != total("documents.kept"):
        raise IntegrityError(
            str(run), f"{total('documents.kept')} documents kept, {published} published"
        )
    table = pa.Table.from_batches([schema.batch(schema.COUNTS, rows)])
    writer = shards.Writer(run, "statistics/counts.parquet", schema.COUNTS)
    writer.write(table)
    writer.commit()
    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink)
    storage.write_bytes(run / "statistics" / "counts.csv", sink.getvalue().to_pybytes())
