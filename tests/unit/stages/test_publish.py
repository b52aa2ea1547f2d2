"""Step publish: corpus rows of kept documents, in their order."""

import pyarrow as pa

from filters.catalog import BY_NAME
from stages import publish, schema


def table(declared: schema.Table, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_batches([schema.batch(declared, rows)])


def document(n: int, record_id: str | None) -> dict[str, object]:
    return {
        "doc_id": f"{n:032x}", "record_id": record_id, "url": f"https://site.example/{n}",
        "warc": "a/b.warc.gz", "offset": n, "length": 9, "date": None, "title": None,
        "text": f"text {n}",
        "tag": "fin_Latn", "language": "fin", "language_script": "Latn", "language_score": 0.5,
        "top_langs": "{}", "language_posterior": "{}", "others_fraction": 0.0,
        "n_chars": 6, "n_words": 2, "payload_bytes": 7,
        "pii_spans": [], "pii_counts": [("EMAIL", n)],
    }  # fmt: skip


def decision(n: int, outcome: str, size: int) -> dict[str, object]:
    return {
        "doc_id": f"{n:032x}", "tag": "fin_Latn", "outcome": outcome, "failed_rules": 0,
        "cluster_size": size,
    }  # fmt: skip


def rows(outcomes: list[str]) -> pa.Table:
    ids = ["<urn:0>", None, "<urn:2>"]
    documents = table(schema.DOCUMENTS, [document(n, ids[n]) for n in range(3)])
    signals = table(
        schema.SIGNALS,
        [
            {"doc_id": f"{n:032x}", "tag": "fin_Latn", **dict.fromkeys(BY_NAME, float(n))}
            for n in range(3)
        ],
    )
    decisions = table(schema.DECISIONS, [decision(n, o, n + 1) for n, o in enumerate(outcomes)])
    return publish.corpus_rows(documents, signals, decisions, "SNAP")


def test_kept_documents_become_rows_in_their_order() -> None:
    made = rows([schema.KEEP, schema.REJECT, schema.KEEP])
    assert made.schema == schema.CORPUS.schema
    found = made.to_pylist()
    assert [row["text"] for row in found] == ["text 0", "text 2"]
    assert [row["minhash_cluster_size"] for row in found] == [1, 3]
    assert {row["dump"] for row in found} == {"SNAP"}
    assert found[1]["file_path"] == "a/b.warc.gz"
    assert found[1]["pii_counts"] == [("EMAIL", 2)]
    assert set(found[1]["signals"].values()) == {2.0}
    assert list(found[1]["signals"]) == list(BY_NAME)


def test_the_id_is_the_record_s_or_else_the_document_s() -> None:
    found = rows([schema.KEEP] * 3).to_pylist()
    assert [row["id"] for row in found] == ["<urn:0>", f"{1:032x}", "<urn:2>"]


def test_nothing_kept_gives_no_rows_in_the_same_schema() -> None:
    made = rows([schema.REJECT] * 3)
    assert made.num_rows == 0
    assert made.schema == schema.CORPUS.schema


FINEWEB_2 = {1: 1.0, 2: 2.0, 3: 3.0, 5: 5.0, 100: 8.0, 1000: 1.0}


def test_a_weight_holds_from_a_cluster_size_up_to_the_next() -> None:
    sizes = pa.chunked_array([pa.array([1, 2, 3, 4, 5, 99, 100, 999, 1000, 5000], pa.int32())])
    found = publish.upsampling(sizes, FINEWEB_2)
    assert found.to_pylist() == [1, 2, 3, 3, 5, 5, 8, 8, 1, 1]
    assert found.type == schema.CORPUS.schema.field("upsampling_weight").type


def test_without_weights_there_are_none() -> None:
    sizes = pa.chunked_array([pa.array([1, 2], pa.int32())])
    assert publish.upsampling(sizes, None).to_pylist() == [None, None]
    assert rows([schema.KEEP] * 3).column("upsampling_weight").to_pylist() == [None] * 3
