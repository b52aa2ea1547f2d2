"""The last word on every record, sorted by doc_id."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit import fates, stats, views
from audit.fates import KEPT
from audit.runs import Run
from pipeline import lists
from stages.errors import IntegrityError
from tests.unit.audit.conftest import A, B, D

Rewrite = Callable[..., None]


def by_id(found: fates.Fates) -> dict[str, str]:
    rows = np.arange(len(found))
    return dict(
        zip(found.doc_ids(rows), (found.names[code] for code in found.fate.tolist()), strict=True)
    )


def test_every_record_has_one(run: Run) -> None:
    found = fates.read(run)
    assert len(found) == sum(shard.records.rows for shard in run.shards)
    assert found.doc_ids(np.arange(len(found))) == sorted(by_id(found))
    known = by_id(found)
    assert known[A] == KEPT
    assert known[B] == "rule.word_count"
    assert known[D] == "dedup.near_duplicate"


def test_they_sum_to_the_statistics(run: Run) -> None:
    totals = stats.stats(run)["totals"]
    wanted = {KEPT: totals["kept"], **totals["rejected"], **totals["quarantined"]}
    found = fates.read(run)
    counts = np.bincount(found.fate, minlength=len(found.names)).tolist()
    assert {n: c for n, c in zip(found.names, counts, strict=True) if c} == wanted


def test_languages_sum_to_the_statistics(run: Run) -> None:
    found = fates.read(run)
    counts = np.bincount(found.tag, minlength=len(found.tags)).tolist()
    wanted = {tag: account["read"] for tag, account in stats.stats(run)["languages"].items()}
    assert dict(zip(found.tags, counts, strict=True)) == wanted


def test_places_are_those_of_the_records(run: Run) -> None:
    found = fates.read(run)
    for row, doc_id in enumerate(found.doc_ids(np.arange(len(found)))):
        shard = run.shards[int(found.shard[row])]
        table = run.take(shard.records, [int(found.row[row])], ["doc_id"])
        assert table.column("doc_id").to_pylist() == [doc_id]


def test_ranges_are_the_whole(run: Run) -> None:
    whole = fates.read(run)
    parts = [fates.read(run, part, 5) for part in range(5)]
    assert np.array_equal(np.concatenate([part.head for part in parts]), whole.head)
    together: dict[str, str] = {}
    for part in parts:
        together |= by_id(part)
    assert together == by_id(whole)


def test_the_view_is_what_was_read_and_goes_stale(run: Run, tmp_path: Path) -> None:
    stamp = views.opened(run, folder=tmp_path).stamp
    for _ in range(2):  # made, then mapped
        found = fates.opened(run, tmp_path, stamp)
        assert by_id(found) == by_id(fates.read(run))
    before = (tmp_path / fates.FILE).stat().st_mtime_ns
    fates.opened(run, tmp_path, stamp)
    assert (tmp_path / fates.FILE).stat().st_mtime_ns == before
    bare = pa.table({"head": [1]}).replace_schema_metadata({"weir.stamp": stamp})
    lists.save(tmp_path / fates.FILE, bare)
    assert by_id(fates.opened(run, tmp_path, stamp)) == by_id(fates.read(run))
    (tmp_path / fates.FILE).write_bytes(b"something else")
    assert by_id(fates.opened(run, tmp_path, stamp)) == by_id(fates.read(run))
    assert by_id(fates.opened(run, tmp_path, "another state")) == by_id(fates.read(run))


def test_documents_of_other_records_are_found_out(folder: Path, rewrite: Rewrite) -> None:
    def rename(rows: list[dict[str, Any]]) -> None:
        rows[0]["doc_id"] = "0" * 32

    output = next(o for o in Run(folder).outputs("decide", "decisions"))
    rewrite(folder, output.path, rename)
    with pytest.raises(IntegrityError, match="its documents are not those of"):
        fates.read(Run(folder))
