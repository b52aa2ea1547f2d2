"""Step 4, publish: kept documents to corpus rows."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages import schema

VERSION = 5

Weights = Mapping[int, float]
"""Weight of the documents of clusters from a size on, up to the next size."""


def kept(rows: pa.Table, decisions: pa.Table) -> pa.Table:
    """Of row-aligned tables, the rows of documents that are kept."""
    return rows.filter(pc.equal(decisions.column("outcome"), schema.KEEP))


def corpus_rows(
    documents: pa.Table,
    signals: pa.Table,
    decisions: pa.Table,
    snapshot: str,
    weights: Weights | None = None,
) -> pa.Table:
    """Corpus rows of the kept documents of row-aligned tables, in their order."""
    documents, signals, decisions = (
        kept(table, decisions) for table in (documents, signals, decisions)
    )
    count = documents.num_rows
    names = [field.name for field in schema.SIGNAL_FIELDS]
    parts = [signals.column(name).combine_chunks() for name in names]
    renamed = {
        "id": pc.coalesce(documents.column("record_id"), documents.column("doc_id")),
        "dump": pa.chunked_array([pa.array([snapshot] * count, type=pa.string())]),
        "file_path": documents.column("warc"),
        "minhash_cluster_size": decisions.column("cluster_size"),
        "upsampling_weight": upsampling(decisions.column("cluster_size"), weights),
        "rights": pc.coalesce(decisions.column("rights"), documents.column("rights")),
        "signals": pa.chunked_array(
            [pa.StructArray.from_arrays(parts, fields=schema.SIGNAL_FIELDS)]
        ),
    }
    columns = [
        renamed[name] if name in renamed else documents.column(name)
        for name in schema.CORPUS.schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema.CORPUS.schema)


def upsampling(sizes: pa.ChunkedArray, weights: Weights | None) -> pa.ChunkedArray:
    """Weight of each cluster size; null without weights.

    What FineWeb-2 calls rehydration: a page that a crawl has met some times is worth repeating, one
    that it has met a thousand times is not. Source: the README of FineWeb-2, section Deduplication.
    """
    if not weights:
        return pa.chunked_array([pa.nulls(len(sizes), pa.float32())])
    limits = sorted(weights)
    at = np.searchsorted(limits, sizes.to_numpy(), side="right") - 1
    found = np.array([weights[limit] for limit in limits], np.float32)[at]
    return pa.chunked_array([pa.array(found)])
