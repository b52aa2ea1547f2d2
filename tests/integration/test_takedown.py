"""Takedown of a real run: near copies go, a resumed run has nothing to do, nothing returns."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from audit import index, requests, takedown
from audit.verify import verify
from filters.text import jaccard, shingle_hashes
from stages.errors import ConfigError, IntegrityError
from tests.integration.runs import configured, digests, rows, run_here, tasks_run

if TYPE_CHECKING:
    from tests.conftest import Small

WHEN = "2026-03-04T05:06:07Z"


def wrong(run: Path) -> list[str]:
    """What `weir verify` finds."""
    return [f"{c['name']}: {c['detail']}" for c in verify(run) if not c["ok"]]


def near_pair(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A removed near duplicate and its keeper, rows of documents."""
    documents = {row["doc_id"]: row for row in rows(run, "documents", "doc_id", "text", "url")}
    for row in rows(run, "decisions"):
        if row["reason"] == "dedup.near_duplicate":
            return documents[row["doc_id"]], documents[row["keeper_id"]]
    pytest.fail("the small run has no near duplicate")


@pytest.fixture
def copy(small_run: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return Path(shutil.copytree(small_run, tmp_path / "copy"))


def taken(run: Path) -> set[str]:
    """Documents whose decisions say that they were taken down."""
    decided = rows(run, "decisions", "doc_id", "reason")
    return {str(row["doc_id"]) for row in decided if row["reason"] == "takedown.request"}


def test_a_person_s_text_goes_with_its_near_copies_and_does_not_return(
    small: "Small", copy: Path, tmp_path: Path
) -> None:
    removed, keeper = near_pair(copy)
    file = tmp_path / "text.txt"
    file.write_text(removed["text"], encoding="utf-8")
    wanted = requests.request(text_files=[file], request_id="person")
    planned = takedown.plan(copy, wanted)
    (found,) = planned["runs"]
    how = {document["doc_id"]: document["how"] for document in found["taken"]}
    assert how[removed["doc_id"]] == "exact_text"
    assert how[keeper["doc_id"]] in ("near_text", "copy")
    takedown.apply(copy, wanted, WHEN)
    assert wrong(copy) == []
    assert taken(copy) == set(how)
    assert all(check["ok"] for check in takedown.verify(copy, wanted))
    left = pq.read_table(copy / "corpus", columns=["text"], partitioning=None)["text"].to_pylist()
    shingles = shingle_hashes(removed["text"])
    assert max(jaccard(shingles, shingle_hashes(text)) for text in left) < 0.75

    # The same run again: every task is done.
    resolved = configured(small.paths, small.settings)
    left_behind = digests(copy, "manifests", "statistics", "corpus", "decisions", "takedowns")
    ended, events = run_here(resolved, copy)
    assert ended.exit_code == 0, ended.problems
    assert tasks_run(events) == {}
    assert digests(copy, "manifests", "statistics", "corpus", "decisions", "takedowns") == (
        left_behind
    )
    assert wrong(copy) == []

    # A new run that adopts this one: what was extracted holds, what was taken stays out.
    adopted = tmp_path / "adopted"
    ended, events = run_here(resolved, adopted, reuse=copy)
    assert ended.exit_code == 0, ended.problems
    assert "extract" not in tasks_run(events)
    assert taken(adopted) == set(how)
    assert wrong(adopted) == []
    assert not set(how) & {str(row["doc_id"]) for row in rows(adopted, "corpus", "doc_id")}
    ended, events = run_here(resolved, adopted)
    assert tasks_run(events) == {}

    # A new extraction under the list: the gate knows the records, and another crawl's copies.
    dataset = tmp_path / "dataset"
    shutil.copytree(copy / "suppression", dataset / "suppression")
    other = configured(small.paths, [*small.settings, "snapshot=CC-MAIN-2030-01"])
    ended, _ = run_here(other, tmp_path / "new", dataset=dataset)
    assert ended.exit_code == 0, ended.problems
    reasons = [row["reason"] for row in rows(tmp_path / "new", "records", "reason")]
    assert reasons.count("takedown.text") == len(how)
    assert wrong(tmp_path / "new") == []
    stored = rows(tmp_path / "new", "documents", "text")
    assert max(jaccard(shingles, shingle_hashes(str(row["text"]))) for row in stored) < 0.8


def test_a_source_is_not_read_again_and_its_copy_is_promoted_on_reuse_only(
    small: "Small", copy: Path, tmp_path: Path
) -> None:
    removed, keeper = near_pair(copy)
    wanted = requests.request(urls=[keeper["url"]], request_id="source")
    (found,) = takedown.plan(copy, wanted)["runs"]
    assert [d["doc_id"] for d in found["taken"]] == [keeper["doc_id"]]
    assert found["promotable"][removed["doc_id"]] == keeper["doc_id"]
    takedown.apply(copy, wanted, WHEN)
    assert wrong(copy) == []
    kept = {str(row["doc_id"]) for row in rows(copy, "corpus", "doc_id")}
    assert not {removed["doc_id"], keeper["doc_id"]} & kept
    resolved, adopted = configured(small.paths, small.settings), tmp_path / "adopted"
    ended, events = run_here(resolved, adopted, reuse=copy)
    assert ended.exit_code == 0, ended.problems
    assert "extract" not in tasks_run(events)
    kept = {str(row["doc_id"]) for row in rows(adopted, "corpus", "doc_id")}
    assert keeper["doc_id"] not in kept
    assert wrong(adopted) == []


def test_a_list_that_grew_since_the_run_began(
    small: "Small", small_run: Path, copy: Path, tmp_path: Path
) -> None:
    """The gate heeds the list of the beginning, judge that of today: no page is read again."""
    other = Path(shutil.copytree(small_run, tmp_path / "other"))
    kept = rows(copy, "corpus", "doc_id", "url")[0]
    takedown.apply(other, requests.request(urls=[str(kept["url"])], request_id="one"), WHEN)
    shutil.copytree(other / "suppression", copy / "suppression")
    ended, events = run_here(configured(small.paths, small.settings), copy)
    assert ended.exit_code == 0, ended.problems
    assert set(tasks_run(events)) >= {"prepare", "judge", "decide"}
    assert "extract" not in tasks_run(events)
    assert taken(copy) == {kept["doc_id"]}
    assert kept["doc_id"] not in {row["doc_id"] for row in rows(copy, "corpus", "doc_id")}
    assert wrong(copy) == []
    (check,) = takedown.verify(copy)
    assert "not applied" in check["detail"]  # it is out of the corpus, and still in documents
    wanted = requests.request(urls=[str(kept["url"])], request_id="one")
    takedown.apply(copy, wanted, WHEN)
    assert wrong(copy) == []
    assert all(check["ok"] for check in takedown.verify(copy, wanted))


def test_a_list_that_was_lost_is_not_an_empty_one(small: "Small", copy: Path) -> None:
    kept = rows(copy, "corpus", "url")[0]
    takedown.apply(copy, requests.request(urls=[str(kept["url"])], request_id="one"), WHEN)
    (copy / "suppression" / "one.json").unlink()
    with pytest.raises(IntegrityError, match=r"suppression/one\.json"):
        run_here(configured(small.paths, small.settings), copy)


def test_a_run_that_is_not_finished_is_left_alone(copy: Path) -> None:
    book = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    (copy / "run.json").write_text(json.dumps({**book, "finished_at": None}), encoding="utf-8")
    with pytest.raises(ConfigError, match="not finished"):
        takedown.apply(copy, requests.request(doc_ids=["0" * 32]), WHEN)
    assert not (copy / "suppression").exists()


# A dataset of two snapshots


def test_a_person_goes_from_all_snapshots_and_from_the_index(
    small: "Small", tmp_path: Path
) -> None:
    """The same pages, crawled again and half a year later: the second run keeps nothing twice."""
    dataset = tmp_path / "dataset"
    runs = {}
    for name in ("CC-MAIN-2026-10", "CC-MAIN-2026-30"):
        settings = [*small.settings, f"snapshot={name}"]
        runs[name] = tmp_path / name
        ended, _ = run_here(configured(small.paths, settings), runs[name], dataset=dataset)
        assert ended.exit_code == 0, ended.problems
    first, second = runs.values()
    removed, keeper = near_pair(first)
    before = {path: path.stat().st_ino for path in first.rglob("*.parquet")}
    wanted = requests.request(doc_ids=[removed["doc_id"]], request_id="person")
    assert wanted.kind == "person"
    planned = takedown.plan(dataset, wanted)
    assert any("weir index compact" in note for note in planned["notes"])
    assert all(run["documents"] >= 2 for run in planned["runs"])
    takedown.apply(dataset, wanted, WHEN)
    assert {removed["doc_id"], keeper["doc_id"]} <= taken(first)
    assert len(taken(second)) >= 2
    for run in runs.values():
        assert wrong(run) == []
    assert [c["detail"] for c in index.verify(dataset) if not c["ok"]] == []
    checks = takedown.verify(dataset, wanted)
    assert [c["detail"] for c in checks if not c["ok"]] == []
    assert index.info(dataset)["total"]["taken_down"] == 1
    before_compaction = index.info(dataset)["total"]
    index.compact(dataset)
    assert index.info(dataset)["total"]["documents"] == before_compaction["documents"]
    assert index.info(dataset)["total"]["keys"] < before_compaction["keys"]
    assert [c["detail"] for c in index.verify(dataset) if not c["ok"]] == []
    assert all(check["ok"] for check in takedown.verify(dataset, wanted))
    assert not any(one["faults"] for one in takedown.prove(dataset)["proofs"])
    untouched = sum(path.exists() and path.stat().st_ino == ino for path, ino in before.items())
    assert untouched > len(before) // 4

    # A third crawl of the same pages: the text is not stored, and nothing else changes its mind.
    third = tmp_path / "third"
    settings = [*small.settings, "snapshot=CC-MAIN-2026-50"]
    ended, _ = run_here(configured(small.paths, settings), third, dataset=dataset)
    assert ended.exit_code == 0, ended.problems
    assert wrong(third) == []
    reasons = [row["reason"] for row in rows(third, "records", "reason")]
    assert reasons.count("takedown.text") >= 2
    assert [c["detail"] for c in index.verify(dataset) if not c["ok"]] == []
    for name, run in runs.items():  # and a resumed run has nothing to do
        settings = [*small.settings, f"snapshot={name}"]
        ended, events = run_here(configured(small.paths, settings), run)
        assert ended.exit_code == 0, ended.problems
        assert tasks_run(events) == {}
