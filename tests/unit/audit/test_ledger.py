import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import ledger
from audit.ledger import Faults
from audit.runs import Run
from tests.unit.audit.conftest import A

Rewrite = Callable[..., None]
Rows = list[dict[str, Any]]


def faults(check: Callable[[Run], Faults], folder: Path) -> list[str]:
    return list(check(Run(folder)))


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("signals/00000", lambda rows: rows[1].update(doc_id=A), "signals/00000.parquet row 1"),
        ("verdicts/00000", lambda rows: rows[2].update(tag="deu_Latn"), "row 2: tag is not"),
        ("signatures/00000", lambda rows: rows[3].update(row=9), "row 3: says it is row 9"),
        ("verdicts/00001", lambda rows: rows.pop(), "verdicts/00001.parquet: 1 rows"),
        ("documents/00000", lambda rows: rows[0].update(tag="fin_Latn"), "row group 0: holds"),
        ("records/00000", lambda rows: rows[0].update(doc_id=A), "stands in more than one row"),
        ("records/00000", lambda rows: rows[0].update(doc_id="0" * 32), "passed, but decisions"),
        ("records/00000", lambda rows: rows[0].update(tag="fin_Latn"), "tag of a document"),
    ],
)
def test_alignment_names_file_and_row(
    folder: Path, rewrite: Rewrite, path: str, change: Callable[[Rows], Any], expected: str
) -> None:
    rewrite(folder, f"{path}.parquet", change)
    assert any(expected in fault for fault in faults(ledger.alignment, folder))


def test_a_shard_may_pass_nothing(folder: Path, rewrite: Rewrite) -> None:
    def reject(rows: Rows) -> None:
        for row in rows:
            row.update(outcome="reject", reason="gate.size")

    rewrite(folder, "records/00000.parquet", reject)
    rewrite(folder, "decisions/00000.parquet", lambda rows: rows.clear())
    found = faults(ledger.alignment, folder)
    assert not [fault for fault in found if fault.startswith("records/")]


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("records/00000", lambda rows: rows[5].update(reason="gate.size"), "gate.size of und_Zyyy"),
        ("records/00000", lambda rows: rows[5].update(outcome="quarantine"), "row 5: quarantine"),
        ("records/00000", lambda rows: rows[5].update(reason="no.such"), "for the reason no.such"),
        ("records/00000", lambda rows: rows[0].update(n_chars=1), "characters.read of eng_Latn"),
        ("documents/00000", lambda rows: rows[4].update(n_words=11), "words.rejected"),
        ("documents/00000", lambda rows: rows[3].update(pii_counts=[]), "pii.redacted EMAIL"),
        ("decisions/00000", lambda rows: rows[4].update(failed_rules=3), "rule.any"),
        ("signals/00000", lambda rows: rows[0].update(word_count=9.0), "histogram.word_count.kept"),
    ],
)
def test_books_recount_every_table(
    folder: Path, rewrite: Rewrite, path: str, change: Callable[[Rows], Any], expected: str
) -> None:
    rewrite(folder, f"{path}.parquet", change)
    assert any(expected in fault for fault in faults(ledger.books, folder))


def test_books_compare_statistics_with_manifests(folder: Path) -> None:
    path = folder / "statistics" / "counts.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    kept = next(row for row in rows if row["metric"] == "documents.kept")
    kept["count"] += 1
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    found = faults(ledger.books, folder)
    assert any("statistics/counts.parquet: documents.kept of" in fault for fault in found)
    assert any("counts.csv: does not hold" in fault for fault in found)
    assert any("documents read" in fault for fault in found)
    assert any("published" in fault for fault in found)


def test_books_compare_the_csv(folder: Path) -> None:
    path = folder / "statistics" / "counts.csv"
    path.write_text(path.read_text().replace("eng_Latn", "deu_Latn", 1))
    assert faults(ledger.books, folder) == [
        "statistics/counts.csv: does not hold what statistics/counts.parquet holds"
    ]


def test_books_of_a_manifest_are_recounted(folder: Path) -> None:
    for path in (folder / "manifests" / "decide").glob("*.json"):
        made = json.loads(path.read_text())
        made["books"] = {"rows_in": 9, "kept": 9, "rejected": 0, "quarantined": 0}
        path.write_text(json.dumps(made))
    assert sum("its books are not those of" in fault for fault in faults(ledger.books, folder)) == 2


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("signals/00000", lambda rows: rows[4].update(word_count=60.0), "failed rules are none"),
        (
            "signals/00000",
            lambda rows: rows[0].update(word_count=60.0, short_line_fraction=0.9),
            "row 0: failed rules are short_line_fraction",
        ),
        ("decisions/00000", lambda rows: rows[4].update(reason="rule.x"), "row 4: reason rule.x"),
        ("decisions/00000", lambda rows: rows[0].update(outcome="reject"), "row 0: reject with"),
        ("decisions/00000", lambda rows: rows[0].update(reason="gate.url"), "row 0: reason gate"),
    ],
)
def test_rules_are_applied_again(
    folder: Path, rewrite: Rewrite, path: str, change: Callable[[Rows], Any], expected: str
) -> None:
    assert faults(ledger.rules_applied, folder) == []
    rewrite(folder, f"{path}.parquet", change)
    assert any(expected in fault for fault in faults(ledger.rules_applied, folder))


def test_lists_of_sites_are_applied_again(
    folder: Path, rewrite: Rewrite, rewrite_book: Callable[..., None]
) -> None:
    url = pq.read_table(folder / "documents/00000.parquet", columns=["url", "tag"]).to_pylist()[0]

    def deny(book: dict[str, Any]) -> None:
        domains = book["config"]["languages"][url["tag"]]["domains"]
        domains["deny"] = [url["url"].split("/")[2]]

    assert faults(ledger.rules_applied, folder) == []
    rewrite_book(folder, deny)
    (fault,) = faults(ledger.rules_applied, folder)
    assert fault == "decisions/00000.parquet row 0: listed is None, by the lists deny"
    rewrite(folder, "decisions/00000.parquet", lambda rows: rows[0].update(listed="deny"))
    (fault,) = faults(ledger.rules_applied, folder)
    assert "row 0: reason None, by the signals it is list.deny" in fault


def test_rules_that_a_list_exempts_from_must_not_be_failed(
    folder: Path, rewrite: Rewrite, rewrite_book: Callable[..., None]
) -> None:
    found = pq.read_table(folder / "decisions/00000.parquet").to_pylist()
    row = next(at for at, one in enumerate(found) if one["reason"] == "rule.word_count")
    documents = pq.read_table(folder / "documents/00000.parquet", columns=["url", "tag"])
    url = documents.to_pylist()[row]

    def allow(book: dict[str, Any]) -> None:
        domains = book["config"]["languages"][url["tag"]]["domains"]
        domains.update(allow=[url["url"].split("/")[2]], exempts=["word_count"])

    rewrite_book(folder, allow)
    rewrite(folder, "decisions/00000.parquet", lambda rows: rows[row].update(listed="allow"))
    shown = "\n".join(faults(ledger.rules_applied, folder))
    assert f"row {row}: failed rules are none by the stored signals" in shown
