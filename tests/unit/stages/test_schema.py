"""The data contract: names, nullability, and the closed list of reasons."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from filters import rights
from filters.catalog import BY_NAME
from stages import schema

ROOT = Path(__file__).parents[3]
REASON = re.compile(r'"((?:read|gate|rights|extract|identify|dedup)\.[a-z_]+)"')
VALUES = {
    pa.string(): "x",
    pa.large_string(): "x",
    pa.bool_(): True,
    pa.float32(): 0.5,
    pa.large_binary(): b"x",
    pa.binary(16): bytes(16),
    pa.binary(32): bytes(32),
}


def example(column: schema.Column) -> object:
    if column.type in VALUES:
        return VALUES[column.type]
    if pa.types.is_integer(column.type):
        return 1
    if pa.types.is_struct(column.type):
        return {}
    if pa.types.is_fixed_size_list(column.type):
        return [1] * column.type.list_size
    return []


TABLES = sorted(schema.TABLES.values(), key=lambda t: t.name)
COLUMNS = [(table, column) for table in TABLES for column in table.columns]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_full_row_round_trips(table: schema.Table) -> None:
    row = {column.name: example(column) for column in table.columns}
    made = schema.batch(table, [row])
    assert made.schema == table.schema
    assert made.num_rows == 1
    assert schema.empty(table).schema == table.schema
    assert schema.empty(table).num_rows == 0


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda v: v.name)
def test_a_missing_value_is_null_or_refused(table: schema.Table, column: schema.Column) -> None:
    row = {c.name: example(c) for c in table.columns if c.name != column.name}
    if column.nullable:
        assert schema.batch(table, [row]).column(column.name).null_count == 1
    else:
        with pytest.raises(ValueError, match=re.escape(f"{table.name}.{column.name} holds a null")):
            schema.batch(table, [row])


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_columns_have_distinct_names_and_say_what_they_mean(table: schema.Table) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert all(len(column.meaning) >= 5 for column in table.columns)
    assert schema.TABLES[table.name] is table


def test_corpus_has_the_columns_of_fineweb_2() -> None:
    theirs = [
        *("text", "id", "dump", "url", "date", "file_path", "language", "language_score"),
        *("language_script", "minhash_cluster_size", "top_langs"),
    ]
    assert set(theirs) <= set(schema.CORPUS.schema.names)


def test_row_aligned_tables_share_their_key() -> None:
    aligned = (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES, schema.VERDICTS)
    for table in (*aligned, schema.DECISIONS):
        assert table.columns[0] is schema.DOC_ID


def test_no_reason_is_outside_the_closed_list() -> None:
    """Every dotted reason that the code of a stage or of the sandbox writes is declared."""
    sources = [*(ROOT / "stages").glob("*.py"), *(ROOT / "pipeline").glob("sandbox*.py")]
    written = {
        reason
        for path in sources
        if path.name != "schema.py"
        for reason in REASON.findall(path.read_text(encoding="utf-8"))
    }
    written |= set(rights.CHANNELS.values())
    assert len(written) > 20
    assert written <= set(schema.REASONS)


def test_reasons_name_an_outcome_and_a_meaning() -> None:
    for reason, (outcome, meaning) in schema.REASONS.items():
        assert outcome in (schema.REJECT, schema.QUARANTINE), reason
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", reason)
        assert len(meaning) > 10, reason


def test_every_signal_has_a_reason() -> None:
    rules = {reason.removeprefix("rule.") for reason in schema.REASONS if reason.startswith("rule")}
    assert rules == set(BY_NAME)


def test_a_datatrove_filter_s_reason_is_known_by_its_rule() -> None:
    outcome, meaning = schema.reason("rule.datatrove.c4") or ("", "")
    assert outcome == schema.REJECT
    assert "c4" in meaning
    assert schema.reason("rule.word_count") == schema.REASONS["rule.word_count"]
    assert schema.reason("rule.no_such_signal") is None


def test_values_of_rules_are_signals_or_verdicts() -> None:
    verdicts = [[("a", 1.0), ("b", None)], None, [("b", 0.0)]]
    signals = pa.table(
        {
            "word_count": pa.array([1.0, 2.0, None], pa.float32()),
            schema.VERDICTS_COLUMN: pa.array(verdicts, schema.FILTER_VERDICTS),
        }
    )
    assert schema.signal_columns(["word_count", "datatrove.a", "datatrove.b"]) == [
        *("word_count", "filter_verdicts")
    ]
    assert schema.signal_values(signals, "word_count").to_pylist() == [1.0, 2.0, None]
    assert schema.signal_values(signals, "datatrove.a").to_pylist() == [1.0, None, None]
    assert schema.signal_values(signals, "datatrove.b").to_pylist() == [None, None, 0.0]
    empty = pa.table({schema.VERDICTS_COLUMN: pa.array([], schema.FILTER_VERDICTS)})
    assert schema.signal_values(empty, "datatrove.a").to_pylist() == []
