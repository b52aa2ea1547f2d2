"""What the extractor is learned from: never a page by which it is judged."""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from extraction import page, train
from extraction.features import FEATURES
from extraction.train import Seen, Source

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the labelled pages are not here")
WORDS = " ".join(f"word{n}" for n in range(400))


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen(DATA)


@pytest.fixture(scope="module")
def chosen(seen: Seen) -> list[Source]:
    return list(train.chosen(DATA, seen))


@needs_data
def test_no_page_of_the_evaluation_is_learned_from(chosen: list[Source]) -> None:
    rows = pq.read_table(DATA / "extraction_dev.parquet", columns=["id", "url", "html"]).to_pylist()
    assert len(chosen) > 3000
    assert not {row["url"] for row in rows} - {None} & {source.url for source in chosen}
    assert not {row["id"] for row in rows} & {source.name for source in chosen}
    assert not {row["html"] for row in rows} & {source.body for source in chosen}


@needs_data
def test_no_page_that_is_also_there_is_learned_from(chosen: list[Source]) -> None:
    with gzip.open(DATA / "bulk_dev.truth.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    also = {row["url"] for row in rows if row.get("also_in_extraction_dev")}
    assert len(also) > 10
    assert not also & {source.url for source in chosen}


@needs_data
def test_crawled_pages_of_hosts_that_are_held_out_are_not_learned_from(
    chosen: list[Source],
) -> None:
    labelled = {source.name for source in train.labelled(DATA)}
    hosts = {source.host for source in chosen if source.name not in labelled}
    assert len(hosts) > 20
    assert not [host for host in hosts if train.is_held_out(host)]


@needs_data
def test_a_near_copy_of_a_page_of_the_evaluation_is_known(seen: Seen) -> None:
    rows = pq.read_table(DATA / "extraction_dev.parquet", columns=["html"]).to_pylist()[::25]
    copies = [
        Source("copy", "https://elsewhere.example/", row["html"].replace(b"<p", b"<p class=x", 3))
        for row in rows
    ]
    known = [seen.has(copy) for copy in copies]
    assert np.mean(known) > 0.9  # not pages of a few words, which are like many
    assert not seen.has(Source("other", "https://elsewhere.example/", f"<p>{WORDS}".encode()))


@needs_data
def test_training_writes_a_model_and_its_facts_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("catboost")
    some = [source for source in train.labelled(DATA) if source.gold][:40]
    monkeypatch.setattr(train, "chosen", lambda *_: iter(some))
    monkeypatch.setattr(train, "Seen", lambda _: None)
    written = []
    for name in ("one.npz", "other.npz"):
        words = ["--data", str(DATA), "--output", str(tmp_path / name), "--iterations", "20"]
        assert train.main(words) == 0
        facts = json.loads((tmp_path / name).with_suffix(".json").read_text())
        assert (facts["pages"], facts["gold"], facts["features"]) == (40, 40, len(FEATURES))
        written.append(facts["sha256"])
    assert written[0] == written[1]


def test_the_shipped_model_is_the_one_that_its_facts_are_of() -> None:
    folder = Path(page.__file__).parent
    facts = json.loads((folder / "weights.json").read_text())
    data = (folder / page.WEIGHTS).read_bytes()
    assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert facts["bytes"] == len(data) < 2_000_000
    assert facts["features"] == len(FEATURES)
