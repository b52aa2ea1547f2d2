"""Clustering after a release against brute force over all pairs, on corpora of a few pages."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline import dataset
from tests.data import clustering
from tests.data.clustering import Page
from tests.data.published import release

SEEDS = range(60)
Keepers = dict[str, tuple[str, np.float32, str]]


def expected(published: list[Page], later: list[Page]) -> Keepers:
    """Keepers of the later pages: published ones come first, and are never removed."""
    limits = clustering.settings().cluster
    everything = [p for p in (*published, *later) if p.words]
    edges = clustering._edges(
        {clustering.facts(p.text).digest: clustering.facts(p.text) for p in everything}, limits
    )
    joined = clustering._joined(everything, edges)
    keepers: Keepers = {}
    left = sorted((p for p in later if p.words and p.passes), key=lambda p: p.rank)
    for kept in sorted(published, key=lambda p: p.rank):
        around = joined[kept.doc_id]
        keepers.update(
            {p.doc_id: (kept.doc_id, *around[p.doc_id]) for p in left if p.doc_id in around}
        )
        left = [p for p in left if p.doc_id not in around]
    while left:
        kept, *left = left
        around = joined[kept.doc_id]
        keepers.update(
            {p.doc_id: (kept.doc_id, *around[p.doc_id]) for p in left if p.doc_id in around}
        )
        left = [p for p in left if p.doc_id not in around]
    return keepers


def found(root: Path, home: Path, later: list[Page], source: random.Random) -> Keepers:
    """What the steps say, in a run that knows the dataset."""
    done = clustering.prepared(root, clustering.spread(later, ["b", "a"], source))
    done.plan = replace(done.plan, index=dataset.read(home))
    done.perform(*clustering.STEPS, "resolve", order=source)
    return {
        row["doc_id"]: (row["keeper_id"], np.float32(row["similarity"]), row["method"])
        for row in done.rows("resolve", "removals")
        if row["keeper_id"]
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_published_comes_first(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - no secret
    pages = clustering.corpus(source, seed, source.randint(4, 24))
    cut = source.randrange(1, len(pages))
    first, later = pages[:cut], pages[cut:]
    removed = clustering.truth(first, clustering.settings().cluster).keepers
    kept = [p for p in first if p.words and p.passes and p.doc_id not in removed]
    layout = clustering.settings().cluster
    by_tag = {"fin_Latn": kept[::2], "mlt_Latn": kept[1::2]}
    named = {tag: some for tag, some in by_tag.items() if some}
    release(tmp_path / "dataset", tmp_path / "first", "first", named, (layout.bands, layout.rows))
    got = found(tmp_path / "later", tmp_path / "dataset", later, source)
    assert got == expected(kept, later)


def test_the_corpora_above_have_what_matters() -> None:
    """Removals in favour of published pages, of later ones, and pages that stay."""
    counts = np.zeros(3, int)
    for seed in SEEDS:
        source = random.Random(seed)  # noqa: S311 - no secret
        pages = clustering.corpus(source, seed, source.randint(4, 24))
        cut = source.randrange(1, len(pages))
        removed = clustering.truth(pages[:cut], clustering.settings().cluster).keepers
        kept = [p for p in pages[:cut] if p.words and p.passes and p.doc_id not in removed]
        keepers, ids = expected(kept, pages[cut:]), {p.doc_id for p in kept}
        in_favour = sum(keeper in ids for keeper, _, _ in keepers.values())
        passing = sum(bool(p.words) and p.passes for p in pages[cut:])
        counts += in_favour, len(keepers) - in_favour, passing - len(keepers)
    assert (counts > 20).all(), counts
