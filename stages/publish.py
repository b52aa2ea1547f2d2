"""Step 4, publish: kept documents to corpus rows."""

import pyarrow as pa
import pyarrow.compute as pc

from stages import schema

VERSION = 2


def kept(rows: pa.Table, decisions: pa.Table) -> pa.Table:
    """Of row-aligned tables, the rows of documents that are kept."""
    return rows.filter(pc.equal(decisions.column("outcome"), schema.KEEP))


def corpus_rows(
    documents: pa.Table, signals: pa.Table, decisions: pa.Table, snapshot: str
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
        "signals": pa.chunked_array(
            [pa.StructArray.from_arrays(parts, fields=schema.SIGNAL_FIELDS)]
        ),
    }
    columns = [
        renamed[name] if name in renamed else documents.column(name)
        for name in schema.CORPUS.schema.names
    ]
    return pa.Table.from_arrays(columns, schema=schema.CORPUS.schema)
