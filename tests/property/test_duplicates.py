"""Deduplication from texts to removals, through the real steps on files, against brute force.

What must come out is found by comparing all pairs of texts (`tests.data.clustering.truth`): which
share a band, how alike they are exactly, what that joins, and who is kept. Thousands of corpora go
through the steps together: no two share a text, so nothing may be joined across them.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filters import minhash
from filters.text import jaccard
from pipeline import config, duplicates, keys, plan
from stages import band, cluster, schema
from tests.data import clustering
from tests.data.clustering import STEPS, Found, Page, doc_id, facts
from tests.thorough import share

CORPORA = share(700, 4)
"""Of each run; with one run for each seed and layout."""
NAMES = [f"{n}.warc.gz" for n in range(9)]


@contextmanager
def sizes(source: random.Random, largest: int) -> Iterator[None]:
    """Groups, pieces, ranges and row groups of so few rows that there are many; arrays in files."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (plan, "GROUP_DOCUMENTS"),
            (keys, "PIECE_ROWS"),
            (duplicates, "ROUTED_ROWS"),
            (duplicates, "CANDIDATE_ROWS"),
            (duplicates, "LENT_ROWS"),
            (duplicates, "PAIR_ROWS"),
            (band, "SLICE_ROWS"),
        ):
            patch.setattr(module, name, source.randint(max(1, largest // 8), largest))
        patch.setattr(duplicates, "SAMPLED", source.randint(1, 4))
        patch.setattr(duplicates, "MEMORY_BYTES", source.choice([0, 1 << 10, 1 << 29]))
        yield


def clustered(
    run: Path, shards: dict[str, list[Page]], limits: config.Run, source: random.Random
) -> Found:
    """What the steps find, their tasks done in an order of chance."""
    done = clustering.prepared(run, shards, limits)
    done.perform(*STEPS, "resolve", order=source)
    return clustering.outcome(done, [page for pages in shards.values() for page in pages])


def together(found: Iterable[Found]) -> Found:
    """The union of what was found in corpora that share nothing."""
    whole = Found({}, {}, {}, {})
    for one in found:
        whole.edges.update(one.edges)
        whole.components.update(one.components)
        whole.keepers.update(one.keepers)
        whole.sizes.update(one.sizes)
    return whole


LAYOUTS = [
    {"threshold": 0.75, "partitions": 3},
    {"threshold": 0.5, "partitions": 1, "bands": 28, "rows": 4},
    {"threshold": 0.9, "partitions": 7, "bands": 9, "rows": 12},
]


@pytest.mark.parametrize(("seed", "layout"), list(enumerate(LAYOUTS)))
def test_thousands_of_corpora_are_deduplicated_as_by_brute_force(
    tmp_path: Path, seed: int, layout: dict[str, float]
) -> None:
    source = random.Random(seed)  # noqa: S311 - invented texts
    corpora = [
        clustering.corpus(source, f"{seed}x{n}", source.randint(0, 11)) for n in range(CORPORA)
    ]
    limits = clustering.settings(**layout)
    expected = together(clustering.truth(pages, limits.cluster) for pages in corpora)
    every = [page for pages in corpora for page in pages]
    whole = {"all.warc.gz": every}
    assert clustered(tmp_path / "whole", whole, limits, source) == expected
    with sizes(source, len(every) // 3):
        spread = clustering.spread(every, NAMES, source)
        assert clustered(tmp_path / "spread", spread, limits, source) == expected
    methods = {method for _, _, method in expected.keepers.values()}
    certain = {"near_signature"} if layout["threshold"] < 0.84 else set()
    assert methods == {"near_duplicate", "exact_payload", "exact_text"} | certain
    assert len(expected.edges) > CORPORA / 10, "too calm a seed"
    assert any(len(group) > 2 for group in _groups(expected).values()), "chains"


def _groups(found: Found) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for doc, component in found.components.items():
        groups.setdefault(component, set()).add(doc)
    return groups


# What every result must be, whatever brute force says


words = st.sampled_from("abcdefgh")


@st.composite
def corpora(draw: st.DrawFn) -> list[Page]:
    """Few words, so that texts are alike in every degree; copies, empty texts, shared payloads."""
    texts = draw(st.lists(st.lists(words, max_size=25), min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 6))):
        text = list(draw(st.sampled_from(texts)))
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(text)))
            text[at : at + draw(st.integers(0, 2))] = draw(st.lists(words, max_size=2))
        texts.append(text)
    payloads = st.sampled_from([None, "sha1:ABC", clustering.payload("p"), clustering.payload("q")])
    return [
        Page(
            doc_id(n),
            " ".join(text),
            draw(payloads),
            draw(st.sampled_from([None, 0.5])),
            draw(st.sampled_from([clustering.OLDEST, "2024-05-06T07:08:09Z"])),
            draw(st.integers(0, 5)) > 0,
        )
        for n, text in enumerate(texts)
    ]


def _joined(one: Page, two: Page, found: Found) -> bool:
    """Whether an edge or an equal digest joins two documents."""
    ends = frozenset((facts(one.text).digest, facts(two.text).digest))
    if not (one.words and two.words):
        return False
    has_payload = one.payload is not None and one.payload == two.payload
    return has_payload or len(ends) == 1 or ends in found.edges


def check(pages: Sequence[Page], found: Found, limits: config.Cluster) -> None:
    """The promises of deduplication, in the words of the documentation."""
    texts = {facts(page.text).digest: facts(page.text) for page in pages}
    for ends, (_, method) in found.edges.items():
        one, two = (texts[end] for end in ends)
        assert jaccard(one.shingles, two.shingles) >= limits.threshold, "an edge is verified"
        assert method in ("near_duplicate", "near_signature")
    hopeless = minhash.hopeless(schema.N_PERMUTATIONS, limits.threshold, cluster.RISK_OF_LOSS)
    for one, two in combinations((t for t in texts.values() if t.words), 2):
        if jaccard(one.shingles, two.shingles) < limits.threshold:
            continue
        if clustering.shares_band(one, two, limits):
            assert one.signature is not None
            agree = int((one.signature == two.signature).sum())
            is_edge = frozenset((one.digest, two.digest)) in found.edges
            assert is_edge or agree <= hopeless, "no candidate is lost"
    by_id = {page.doc_id: page for page in pages}
    kept = [p for p in pages if p.passes and p.doc_id not in found.keepers]
    for doc, (keeper, _, _) in found.keepers.items():
        assert by_id[keeper] in kept, "a keeper is kept"
        assert _joined(by_id[doc], by_id[keeper], found), "a removed document is its neighbour"
        assert by_id[keeper].rank < by_id[doc].rank
    for kept_one, kept_two in combinations(kept, 2):
        assert not _joined(kept_one, kept_two, found), "no two kept ones are neighbours"
    assert all(p.doc_id not in found.keepers for p in pages if not p.passes)


@settings(
    max_examples=share(40, 3),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    corpora(),
    st.sampled_from([0.3, 0.5, 0.75, 0.95, 1.0]),
    st.sampled_from([(14, 8), (28, 4), (112, 1), (1, 112)]),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_what_is_promised_holds_however_documents_are_spread(
    tmp_path_factory: pytest.TempPathFactory,
    pages: list[Page],
    threshold: float,
    layout: tuple[int, int],
    partitions: int,
    source: random.Random,
) -> None:
    limits = clustering.settings(
        threshold=threshold, bands=layout[0], rows=layout[1], partitions=partitions
    )
    names = NAMES[: source.randint(1, 4)]
    run = tmp_path_factory.mktemp("corpus")
    with sizes(source, 8):
        found = clustered(run, clustering.spread(pages, names, source), limits, source)
    check(pages, found, limits.cluster)
    assert found == clustering.truth(pages, limits.cluster)


def test_a_chain_removes_nothing_that_is_not_the_keeper_s_neighbour(tmp_path: Path) -> None:
    """Two edges, no third: whichever of the three is the first to be kept."""
    base = [f"word{n}" for n in range(120)]
    links = [" ".join(base[start : start + 100]) for start in (0, 10, 20)]
    source = random.Random(1)  # noqa: S311 - no secret
    for first in range(3):
        pages = [Page(doc_id(n), text, quality=float(n == first)) for n, text in enumerate(links)]
        limits = clustering.settings(bands=28, rows=4)
        run = tmp_path / str(first)
        found = clustered(run, {"a.warc.gz": pages}, limits, source)
        check(pages, found, limits.cluster)
        assert len(found.edges) == 2
        assert len(set(found.components.values())) == 1
        gone = {0: {1}, 1: {0, 2}, 2: {1}}[first]
        assert found.keepers.keys() == {doc_id(n) for n in gone}
