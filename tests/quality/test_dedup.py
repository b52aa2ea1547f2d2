"""Deduplication floors: similar pairs on real pages, found by brute force, and their twin on ours.

Of all pairs of stored texts with an exact Jaccard similarity of at least .8, nearly all must be
joined; candidate pairs must follow the curve of the band layout; and no stored edge, and no
removal, may lie below the threshold. `python -m benchmarks.bench_recall` measures the same on the
whole archive.
"""

import gzip
import hashlib
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.runs import Run
from benchmarks import bench_recall
from filters.text import jaccard, shingle_hashes
from samples import build
from tests.integration.runs import configured, rows, run_here

SHARED = Path(__file__).parents[3] / "shared" / "data"
ARCHIVE, TRUTH = SHARED / "bulk_dev.warc.gz", SHARED / "bulk_dev.truth.jsonl.gz"
ARCHIVE_SHA256 = "cea8e846f4590e754213f9512bbe6aa0e22a41568933e5202a2c3b049bdef268"
TRUTH_SHA256 = "9b481c1985b2870382e19d390282c4bfaaa81a4fb9d516ad8d0647def76616de"
SIMILAR, THRESHOLD = 0.8, 0.75
MIN_RECALL = 0.97
MIN_LABELLED = 80
ONE_IN = 5
"""Besides the labelled pairs, so many of the pages are run."""


def _edges(run: Path) -> dict[frozenset[str], dict[str, Any]]:
    files = sorted((run / "clusters").glob("edges-*.parquet"))
    assert files
    found = [edge for file in files for edge in pq.read_table(file, partitioning=None).to_pylist()]
    return {frozenset((edge["a"], edge["b"])): edge for edge in found}


def _check(run: Path, pairs: Iterable[tuple[str, str]], least: int) -> None:
    """`pairs` are doc_ids; those that were not signed do not count."""
    texts = {str(d["doc_id"]): str(d["text"]) for d in rows(run, "documents", "doc_id", "text")}
    digests = {
        str(d["doc_id"]): str(d["text_digest"])
        for d in rows(run, "signatures", "doc_id", "text_digest")
    }
    edges = _edges(run)
    joined = {frozenset(digests[doc_id] for doc_id in pair) for pair in edges}
    similar = [
        frozenset((a, b))
        for a, b in pairs
        if a in texts
        and b in texts
        and jaccard(shingle_hashes(texts[a]), shingle_hashes(texts[b])) >= SIMILAR
    ]
    assert len(similar) >= least
    ends = [frozenset(digests[doc_id] for doc_id in pair) for pair in similar]
    missed = [pair for pair in ends if len(pair) == 2 and pair not in joined]
    assert len(missed) <= (1 - MIN_RECALL) * len(similar), missed
    for (a, b), edge in ((tuple(pair), edge) for pair, edge in edges.items()):
        exact = jaccard(shingle_hashes(texts[a]), shingle_hashes(texts[b]))
        assert exact >= THRESHOLD, f"{a} {b}: a stored edge, but the stored texts have {exact}"
        if edge["method"] == "near_duplicate":
            assert edge["similarity"] == pytest.approx(exact, abs=1e-6)
        else:
            assert edge["method"] == "near_signature"
            assert edge["similarity"] > 0.9


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str]]]:
    """A run over the labelled pairs and a fixed sample of the rest; the pairs' record ids."""
    if not ARCHIVE.exists():
        pytest.skip(f"no labelled near-duplicates at {ARCHIVE}")
    for path, sha256 in ((ARCHIVE, ARCHIVE_SHA256), (TRUTH, TRUTH_SHA256)):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    with gzip.open(TRUTH, "rt", encoding="utf-8") as stream:
        truth = [json.loads(line) for line in stream]
    by_url = {row["url"]: row for row in truth}
    pairs = [(row, by_url[row["dup_of"]]) for row in truth if row["kind"] == "near_dup"]
    chosen = [row for pair in pairs for row in pair] + [
        row for row in truth if hashlib.sha256(row["record_id"].encode()).digest()[0] % ONE_IN == 0
    ]
    members = {row["offset"]: row["length"] for row in chosen}
    folder = tmp_path_factory.mktemp("real")
    files = [folder / f"{part}.warc.gz" for part in range(2)]
    with ARCHIVE.open("rb") as stream:
        for part, path in enumerate(files):
            with path.open("wb") as made:
                for offset, length in sorted(members.items())[part::2]:
                    stream.seek(offset)
                    made.write(stream.read(length))
    ended, _ = run_here(configured(files, bench_recall.SETTINGS), folder / "run", workers=2)
    assert ended.exit_code == 0, ended.problems
    return folder / "run", [(a["record_id"], b["record_id"]) for a, b in pairs]


def test_labelled_near_duplicates_share_an_edge(real: tuple[Path, list[tuple[str, str]]]) -> None:
    run, pairs = real
    found = rows(run, "records", "record_id", "doc_id")
    by_record = {row["record_id"]: str(row["doc_id"]) for row in found}
    _check(run, [(by_record[a], by_record[b]) for a, b in pairs], MIN_LABELLED)


def test_similar_pairs_are_joined_and_candidates_follow_the_curve(
    real: tuple[Path, list[tuple[str, str]]],
) -> None:
    """All pairs of stored texts, labelled or natural, by brute force."""
    found = bench_recall.measured(Run(real[0]))
    assert found["recall"]["pairs"] >= 100
    assert found["recall"]["near_pairs"] >= 40
    for name in ("recall", "near_recall"):
        assert found["recall"][name] >= MIN_RECALL, found["recall"]
    assert found["removals"]["below_threshold"] == 0, found["removals"]
    assert found["removals"]["by_method"]["near_duplicate"] >= 30
    steps = found["candidates"]["steps"]
    assert [step["from"] for step in steps if not step["is_inside"]] == [], steps
    assert sum(step["pairs"] for step in steps) >= 60


def test_our_own_near_duplicates_share_an_edge(sample_run: Path) -> None:
    """Every pair of a copy and its keeper, as the truth names them."""
    wanted = [row for row in build.truth() if row["reason"] == "dedup.near_duplicate"]
    found = rows(sample_run, "records", "record_id", "doc_id")
    by_record = {row["record_id"]: str(row["doc_id"]) for row in found}
    pairs = [(by_record[row["record_id"]], by_record[row["keeper"]]) for row in wanted]
    _check(sample_run, pairs, least=len(wanted))


def test_pages_that_share_a_passage_share_no_edge(sample_run: Path) -> None:
    found = rows(sample_run, "records", "record_id", "doc_id")
    by_record = {row["record_id"]: str(row["doc_id"]) for row in found}
    shared = [by_record[r["record_id"]] for r in build.truth() if r["kind"] == "shared_passage"]
    assert len(shared) >= 6
    edges = _edges(sample_run)
    assert not [pair for pair in itertools.combinations(shared, 2) if frozenset(pair) in edges]
