"""Deduplication floors: labelled near-duplicates on real pages, and their twin on our own.

Of the labelled pairs of which both pages were signed and whose exact Jaccard similarity, computed
anew from the stored texts, is at least .8, nearly all must share an edge; and no stored edge may
lie below the threshold of verification.
"""

import gzip
import hashlib
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from filters.text import jaccard, shingle_hashes
from samples import build
from tests.integration.runs import configured, rows, run_here

SHARED = Path(__file__).parents[3] / "shared" / "data"
ARCHIVE, TRUTH = SHARED / "bulk_dev.warc.gz", SHARED / "bulk_dev.truth.jsonl.gz"
TRUTH_SHA256 = "9b481c1985b2870382e19d390282c4bfaaa81a4fb9d516ad8d0647def76616de"
SIMILAR, THRESHOLD = 0.8, 0.75
MIN_SHARE = 0.95
MIN_PAIRS = 80


def _edges(run: Path) -> dict[frozenset[str], float]:
    files = sorted((run / "clusters").glob("edges-*.parquet"))
    assert files
    found = [edge for file in files for edge in pq.read_table(file, partitioning=None).to_pylist()]
    return {frozenset((edge["a"], edge["b"])): edge["similarity"] for edge in found}


def _check(run: Path, pairs: Iterable[tuple[str, str]], least: int) -> None:
    """`pairs` are doc_ids; those that were not signed do not count."""
    texts = {str(d["doc_id"]): str(d["text"]) for d in rows(run, "documents", "doc_id", "text")}
    edges = _edges(run)
    similar = [
        frozenset((a, b))
        for a, b in pairs
        if a in texts
        and b in texts
        and jaccard(shingle_hashes(texts[a]), shingle_hashes(texts[b])) >= SIMILAR
    ]
    assert len(similar) >= least
    missed = [pair for pair in similar if pair not in edges]
    assert len(missed) <= (1 - MIN_SHARE) * len(similar), missed
    for pair, similarity in edges.items():
        a, b = pair
        exact = jaccard(shingle_hashes(texts[a]), shingle_hashes(texts[b]))
        assert similarity >= THRESHOLD, pair
        assert similarity == pytest.approx(exact, abs=1e-6) or similarity == 1.0, pair
        assert exact >= THRESHOLD, f"{pair}: a stored edge, but the stored texts have {exact}"


@pytest.mark.skipif(not ARCHIVE.exists(), reason=f"no labelled near-duplicates at {ARCHIVE}")
def test_labelled_near_duplicates_share_an_edge(tmp_path: Path) -> None:
    assert hashlib.sha256(TRUTH.read_bytes()).hexdigest() == TRUTH_SHA256
    with gzip.open(TRUTH, "rt", encoding="utf-8") as stream:
        truth = [json.loads(line) for line in stream]
    by_url = {row["url"]: row for row in truth}
    pairs = [(row, by_url[row["dup_of"]]) for row in truth if row["kind"] == "near_dup"]
    members = {row["offset"]: row["length"] for pair in pairs for row in pair}
    with ARCHIVE.open("rb") as stream, (tmp_path / "pairs.warc.gz").open("wb") as made:
        for offset, length in sorted(members.items()):
            stream.seek(offset)
            made.write(stream.read(length))
    # The gate lets pass every reservation: the pairs are what is judged.
    settings = ("robots=[]", "gate.reserved_channels=[]")
    run = tmp_path / "run"
    ended, _ = run_here(configured([tmp_path / "pairs.warc.gz"], settings), run, workers=2)
    assert ended.exit_code == 0, ended.problems
    by_record = {
        d["record_id"]: str(d["doc_id"]) for d in rows(run, "records", "record_id", "doc_id")
    }
    ids = [tuple(by_record[row["record_id"]] for row in pair) for pair in pairs]
    _check(run, [(a, b) for a, b in ids], MIN_PAIRS)


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
