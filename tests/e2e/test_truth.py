"""The whole job: samples/truth.jsonl is met row by row, on both executors, with equal bytes."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit import runs, stats, verify
from samples import build
from tests.conftest import Snapshot
from tests.integration.runs import configured, result_of, run_here
from tests.thorough import THOROUGH

TRUTH = build.truth()


@pytest.fixture(scope="module", params=["local", "ray"] if THOROUGH else ["local"])
def run(request: pytest.FixtureRequest, snapshot: Snapshot, tmp_path_factory: Any) -> Path:
    """The sample run on each executor."""
    if request.param == "local":
        made: Path = request.getfixturevalue("sample_run")
        return made
    request.getfixturevalue("ray_cluster")
    output: Path = tmp_path_factory.mktemp("ray") / "run"
    ended, _ = run_here(configured(snapshot.paths), output, executor="ray", workers=2)
    assert ended.exit_code == 0, ended.problems
    return output


def _rows(run: Path, table: str) -> list[dict[str, Any]]:
    files = sorted((run / table).glob("*.parquet"))
    assert files
    return [row for file in files for row in pq.read_table(file, partitioning=None).to_pylist()]


@pytest.fixture(scope="module")
def ledger(run: Path) -> Mapping[str, list[dict[str, Any]]]:
    """What became of every row, by WARC file and ordinal."""
    records = _rows(run, "records")
    decided = {row["doc_id"]: row for row in _rows(run, "decisions")}
    documents = {row["doc_id"]: row for row in _rows(run, "documents")}
    record_ids = {row["doc_id"]: row["record_id"] for row in records}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in records:
        last = decided.get(row["doc_id"], {**row, "keeper_id": None})
        found[row["warc"].rpartition("/")[2]].append(
            {
                "record_id": row["record_id"],
                "outcome": last["outcome"],
                "reason": last["reason"],
                "tag": row["tag"],
                "keeper": record_ids.get(last["keeper_id"]),
                "pii": dict(documents.get(row["doc_id"], {}).get("pii_counts") or ()),
            }
        )
    return found


def test_every_row_of_the_truth_is_met(ledger: Mapping[str, list[dict[str, Any]]]) -> None:
    assert len(TRUTH) >= 400
    wrong = []
    for row in TRUTH:
        found = ledger[row["warc"]][row["n"]]
        wanted = {key: row[key] for key in found if key != "tag" or row["tag"] is not None}
        if wanted != {key: found[key] for key in wanted}:
            wrong.append({"why": row["why"], "wanted": wanted, "found": found})
    assert wrong == []


def test_no_row_is_left_over(ledger: Mapping[str, list[dict[str, Any]]]) -> None:
    assert sum(map(len, ledger.values())) == len(TRUTH)


def test_the_committed_truth_is_what_the_sources_say() -> None:
    lines = build.TRUTH.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == TRUTH


def test_the_run_verifies(run: Path) -> None:
    assert [check for check in verify.verify(runs.Run(run)) if not check["ok"]] == []


def test_the_books_hold_the_truth(run: Path) -> None:
    totals = stats.stats(runs.Run(run))["totals"]
    assert totals["read"] == len(TRUTH)
    assert totals["kept"] == sum(row["outcome"] == "keep" for row in TRUTH)
    for name, outcome in (("rejected", "reject"), ("quarantined", "quarantine")):
        reasons: dict[str, int] = defaultdict(int)
        for row in TRUTH:
            if row["outcome"] == outcome:
                reasons[row["reason"]] += 1
        assert totals[name] == dict(reasons)


def test_both_executors_write_the_same_bytes(run: Path, sample_run: Path) -> None:
    found = result_of(run)
    assert found
    assert found == result_of(sample_run)
