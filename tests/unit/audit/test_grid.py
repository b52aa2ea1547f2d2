"""Every number as a row."""

import io
import json

import pyarrow.parquet as pq
import pytest

from audit import exports, grid, stats
from audit.grid import Wanted
from audit.runs import Run
from stages import schema


def test_rows_sum_to_the_statistics(run: Run) -> None:
    table = stats.counts(run)
    rows, hidden = grid.rows(table, Wanted(histograms=True))
    assert hidden == 0
    assert sum(row[-1] for row in rows) == sum(
        count
        for by_tag in table.values()
        for labels in by_tag.values()
        for count in labels.values()
    )
    kept, _ = grid.rows(table, Wanted(metric="documents.kept"))
    assert sum(row[-1] for row in kept) == stats.stats(run)["totals"]["kept"] == 4
    assert rows == sorted(rows)


def test_filters(run: Run) -> None:
    table = stats.counts(run)
    rows, _ = grid.rows(table, Wanted(step="decide", language="fin_Latn", label="WORD_count"))
    assert rows
    assert {row[0] for row in rows} == {"decide"}
    assert {row[2] for row in rows} == {"fin_Latn"}
    assert all("word_count" in row[3] for row in rows)
    plain, _ = grid.rows(table, Wanted())
    assert not any(row[1].startswith("histogram.") for row in plain)
    bins, _ = grid.rows(table, Wanted(metric="histogram.word_count"))
    assert bins


def test_small_counts_can_be_left_out(run: Run) -> None:
    table = stats.counts(run)
    rows, _ = grid.rows(table, Wanted())
    large, hidden = grid.rows(table, Wanted(hides_small=True))
    assert hidden == sum(0 < row[-1] < grid.SMALL for row in rows) > 0
    assert len(large) + hidden == len(rows)
    assert all(row[-1] >= grid.SMALL or row[-1] == 0 for row in large)


def test_every_metric_of_a_run_has_a_definition(run: Run) -> None:
    unknown = {metric for _, metric in stats.counts(run) if not grid.definition(metric)}
    assert unknown == set()


@pytest.mark.parametrize(
    ("metric", "begins"),
    [
        ("words.rule.only", "The same in words: documents that fail"),
        ("histogram.word_count.kept", "Documents by bin"),
        ("nothing.known", ""),
    ],
)
def test_definitions(metric: str, begins: str) -> None:
    assert grid.definition(metric).startswith(begins)
    assert bool(grid.definition(metric)) == bool(begins)


def test_files_hold_the_rows(run: Run) -> None:
    rows, _ = grid.rows(stats.counts(run), Wanted(metric="documents."))
    made = grid.table(run.name, rows)
    parquet = pq.read_table(io.BytesIO(exports.as_parquet(made)))
    assert parquet.schema.remove_metadata().equals(schema.COUNTS.schema)
    columns = [parquet.column(name).to_pylist() for name in grid.COLUMNS]
    assert [*zip(*columns, strict=True)] == rows
    document = json.loads(grid.to_json({"name": run.name}, rows))
    assert [tuple(row) for row in document["rows"]] == rows
    assert document["columns"] == list(grid.COLUMNS)
    assert all(document["definitions"].values())
