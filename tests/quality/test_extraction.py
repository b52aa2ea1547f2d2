"""Extraction floors: third-party pages with labelled snippets, and our own pages word by word.

Only one labelled page in four is measured here; all of them, against their own floor, by
`python -m benchmarks.bench_extraction`.
"""

import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from benchmarks import bench_extraction as bench
from samples import build, duplicates, pages
from samples.archive import record_id
from samples.render import chrome

FLOORS = Path(__file__).parent / "floors.yaml"
SENTENCES = ("cookies", "newsletter", "rights")
NAVIGATION = ("home", "news", "about", "contact", "login", "menu", "accept", "decline", "share")


@cache
def floor(name: str) -> dict[str, Any]:
    """Score and digest of the data."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(FLOORS.read_text("utf-8"))[name]
    return found


@pytest.mark.skipif(
    not bench.DATA.is_file(),
    reason=f"NOT RUN: {bench.DATA} is missing, so the extraction floor is unchecked",
)
def test_labelled_snippets_are_found(tmp_path: Path) -> None:
    wanted = floor("extraction_one_in_four")
    assert bench.digest(bench.DATA) == wanted["data_sha256"], "the data changed: measure anew"
    labelled = bench.load(bench.DATA, one_in=4)
    assert len(labelled) == 136
    found = bench.measure(labelled, tmp_path, workers=2)
    assert found["f1"] >= wanted["score"], found
    assert found["stored"] >= 134, found


def own_digest() -> str:
    """Digest of what was measured on: the pages' prose and furniture."""
    every = sorted(pages.load(pages.ROOT / "pages"), key=lambda page: page.key)
    parts = [
        f"{page.key}\n{pages.prose(page)}\n{sorted(chrome(page.tag).items())}" for page in every
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@pytest.fixture(scope="module")
def own(sample_run: Path) -> list[tuple[pages.Page, str]]:
    """Every ordinary page of ours, and the text stored of it."""
    texts = {}
    for path in (sample_run / "documents").glob("*.parquet"):
        table = pq.read_table(path, columns=["record_id", "text"], partitioning=None)
        texts.update((row["record_id"], row["text"]) for row in table.to_pylist())
    by_url = {p.url: p for p in duplicates.by_key(pages.load(pages.ROOT / "pages")).values()}
    urls = [entry.url for entry in build.all_entries() if entry.kind == "ordinary"]
    return [(by_url[url], texts.get(record_id(url), "")) for url in urls]


def test_our_own_pages_are_stored_word_by_word(own: list[tuple[pages.Page, str]]) -> None:
    wanted = floor("extraction_samples")
    assert own_digest() == wanted["data_sha256"], "the pages changed: measure anew"
    assert len(own) > 250
    total = held = 0
    for page, text in own:
        words, stored = Counter(pages.words(pages.prose(page))), Counter(pages.words(text))
        total += words.total()
        held += (words & stored).total()
    assert held / total >= wanted["score"], held / total


def test_no_furniture_of_our_own_sites_is_stored(own: list[tuple[pages.Page, str]]) -> None:
    found = Counter[str]()
    for page, text in own:
        furniture = chrome(page.tag)
        prose, lines = pages.prose(page), {line.strip() for line in text.splitlines()}
        found.update(f"{page.key}: {k}" for k in SENTENCES if furniture[k] in text)
        found.update(f"{page.key}: related" for t in furniture["related_titles"] if t in text)
        found.update(
            f"{page.key}: {k}"
            for k in NAVIGATION
            if furniture[k] in lines - set(prose.splitlines())
        )
    assert not found
