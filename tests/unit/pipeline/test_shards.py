"""Counts of a shard's decisions, and sizes of corpus files."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters.catalog import BY_NAME
from pipeline import shards
from stages import schema

RULES = ("word_count", "mean_word_length", "sentence_count")
DECISIONS = pa.table(
    {
        "tag": ["fin_Latn", "fin_Latn", "fin_Latn", "deu_Latn", "deu_Latn"],
        "outcome": ["reject", "reject", "keep", "reject", "reject"],
        "reason": ["rule.word_count", "rule.word_count", None, "rule.sentence_count", "dedup.x"],
        "failed_rules": pa.array([0b101, 0b001, 0, 0b100, 0], type=pa.uint64()),
    }
)
FACTS = pa.table(
    {
        "n_chars": pa.array([10, 20, 30, 40, 50], type=pa.int64()),
        "n_words": pa.array([1, 2, 3, 4, 0], type=pa.int64()),
        "payload_bytes": pa.array([100, 200, 300, 400, 500], type=pa.int64()),
    }
)


def test_each_rule_s_own_effect_in_documents() -> None:
    assert set(shards.rule_counts(DECISIONS, RULES)) == {
        ("fin_Latn", "documents.rule.first", "word_count", 2),
        ("fin_Latn", "documents.rule.any", "word_count", 2),
        ("fin_Latn", "documents.rule.any", "sentence_count", 1),
        ("fin_Latn", "documents.rule.only", "word_count", 1),
        ("deu_Latn", "documents.rule.first", "sentence_count", 1),
        ("deu_Latn", "documents.rule.any", "sentence_count", 1),
        ("deu_Latn", "documents.rule.only", "sentence_count", 1),
    }


def test_each_rule_s_own_effect_in_characters_and_words() -> None:
    found = shards.rule_counts(DECISIONS, RULES, FACTS)
    assert len(found) == len(set(found)) == 21
    assert {count for count in found if count[1].startswith("words")} == {
        ("fin_Latn", "words.rule.first", "word_count", 3),
        ("fin_Latn", "words.rule.any", "word_count", 3),
        ("fin_Latn", "words.rule.any", "sentence_count", 1),
        ("fin_Latn", "words.rule.only", "word_count", 2),
        ("deu_Latn", "words.rule.first", "sentence_count", 4),
        ("deu_Latn", "words.rule.any", "sentence_count", 4),
        ("deu_Latn", "words.rule.only", "sentence_count", 4),
    }
    assert ("fin_Latn", "characters.rule.any", "word_count", 30) in found


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [([5, None, 7, 8, 9], 5), ([None] * 5, None)],
)
def test_tokens_where_they_were_counted(tokens: list[int | None], expected: int | None) -> None:
    facts = FACTS.append_column("n_tokens", pa.array(tokens, type=pa.int64()))
    found = {(t, m, x): n for t, m, x, n in shards.rule_counts(DECISIONS, RULES, facts)}
    assert found.get(("fin_Latn", "tokens.rule.first", "word_count")) == expected
    counted = {(t, m, x): n for t, m, x, n in shards.decision_counts(DECISIONS, facts)}
    assert counted.get(("fin_Latn", "tokens.rejected", "rule.word_count")) == expected


def test_outcomes_in_every_measure() -> None:
    found = shards.decision_counts(DECISIONS, FACTS)
    assert sorted(count for count in found if count[0] == "fin_Latn") == [
        ("fin_Latn", "bytes.kept", "", 300),
        ("fin_Latn", "bytes.rejected", "rule.word_count", 300),
        ("fin_Latn", "characters.kept", "", 30),
        ("fin_Latn", "characters.rejected", "rule.word_count", 30),
        ("fin_Latn", "documents.kept", "", 1),
        ("fin_Latn", "documents.rejected", "rule.word_count", 2),
        ("fin_Latn", "words.kept", "", 3),
        ("fin_Latn", "words.rejected", "rule.word_count", 3),
    ]
    assert ("deu_Latn", "words.rejected", "dedup.x", 0) in found


def test_histograms_count_every_document_once_and_nulls_apart() -> None:
    name = "word_count"
    edges = BY_NAME[name].edges
    values = [edges[0] - 1, edges[3], edges[-1], None, None]
    signals = pa.table({name: pa.array(values, type=pa.float32())})
    found = shards.histograms(DECISIONS, signals, {name: BY_NAME[name]})
    assert sorted(found) == sorted(
        [
            ("fin_Latn", "histogram.word_count.rejected", "0", 1),
            ("fin_Latn", "histogram.word_count.rejected", "4", 1),
            ("fin_Latn", "histogram.word_count.kept", str(len(edges)), 1),
            ("deu_Latn", "histogram.word_count.rejected", "null", 2),
        ]
    )


def test_nothing_decided() -> None:
    nothing = DECISIONS.slice(0, 0)
    assert shards.decision_counts(nothing, FACTS.slice(0, 0)) == []
    assert shards.rule_counts(nothing, RULES, FACTS.slice(0, 0)) == []
    signals = schema.SIGNALS.schema.empty_table()
    assert shards.histograms(nothing, signals, BY_NAME) == []


def test_deciding_reads_narrow_columns_of_documents() -> None:
    assert set(shards.fact_columns()) >= {"n_chars", "n_words", "payload_bytes"}
    assert not {"text", "title", "url"} & set(shards.fact_columns())


def empty_of(kind: pa.DataType) -> object:
    """A value of a column's type that stands for nothing."""
    if pa.types.is_struct(kind):
        return {field.name: empty_of(field.type) for field in kind}
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return ""
    if pa.types.is_nested(kind):
        return []
    return False if pa.types.is_boolean(kind) else 0


def test_corpus_files_have_smaller_row_groups_where_texts_are_long(tmp_path: Path) -> None:
    """A row group's memory is bounded by its bytes, not only by its rows."""
    names = schema.CORPUS.schema.names
    empty = [
        pa.array([None if field.nullable else empty_of(field.type)], type=field.type)
        for field in schema.CORPUS.schema
    ]
    at = names.index("text")
    empty[at] = pa.array(["a" * (shards.ROW_GROUP_BYTES // 4)], type=empty[at].type)
    row = pa.Table.from_arrays(empty, schema=schema.CORPUS.schema)
    files = shards.CorpusFiles(tmp_path, "fin_Latn", 1 << 40, 5000)
    for _ in range(10):
        files.add(row)
    (output,) = files.commit()
    found = pq.ParquetFile(tmp_path / output.path).metadata
    assert [found.row_group(n).num_rows for n in range(found.num_row_groups)] == [4, 4, 2]
