"""What a run made of made-up clusters, against exact Jaccard similarity of their texts.

Texts of the sampled clusters are made again from the seed, shingles from the texts; edges,
components and removals are read from the run's files.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks import synthetic, synthetic_run
from filters import minhash
from filters.text import TextView, jaccard, shingle_hashes
from pipeline import config, manifest, storage

LAST_OF_CLUSTERING, LAST = "cluster", "resolve"
SAMPLED_CLUSTERS = 2000
MAX_SAMPLED_SIZE = 30
"""Of a cluster up to this size all pairs are compared."""
LARGEST = 5
PAIRS_OF_LARGEST = 4000
EDGES = (0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Lower ends of the bins of similarity by which recall is told; different texts may have equal
shingles."""
BATCH_ROWS = 1 << 18


@dataclass(frozen=True, slots=True)
class Members:
    """Some members of a cluster, made again from the seed."""

    doc_ids: list[str]
    digests: list[str]
    shingles: list[NDArray[np.uint32]]
    passes: NDArray[np.bool_]
    """Whether the rules keep the document."""

    def similarity(self, a: int, b: int) -> float:
        """Exact Jaccard similarity of two members' shingles."""
        return jaccard(self.shingles[a], self.shingles[b])


Group = tuple[Members, NDArray[np.int64] | None]
"""A cluster and the pairs of it that are compared; None for all."""


@dataclass(slots=True)
class Seen:
    """What the run left of the sampled documents."""

    edges: set[tuple[str, str]]
    """Text digests of both ends, the smaller first."""
    keepers: dict[str, str] | None
    """Of each removed document; None if the run did not get so far."""


def judged(corpus: synthetic.Corpus, run: Path, settings: config.Cluster) -> dict[str, Any]:
    """Recall and precision on sampled clusters, against exact Jaccard similarity.

    Edges join texts, so a pair of texts counts once, and as joined if any two documents with these
    texts are. `expected` is the share that the layout of bands lets find. Of two documents that
    reach the threshold and pass the rules one must be gone.
    """
    threshold, layout = settings.threshold, (settings.bands, settings.rows)
    sizes = synthetic.cluster_sizes(corpus)
    draw = np.random.default_rng(corpus.seed)
    small = np.flatnonzero(sizes <= MAX_SAMPLED_SIZE)
    chosen = np.sort(draw.choice(small, min(SAMPLED_CLUSTERS, small.size), replace=False))
    largest = np.arange(max(0, sizes.size - LARGEST), sizes.size)
    sampled: dict[str, list[Group]] = {
        "sampled": [(members(corpus, int(cluster)), None) for cluster in chosen],
        "largest": [
            (members(corpus, int(cluster)), draw.integers(0, sizes[cluster], (PAIRS_OF_LARGEST, 2)))
            for cluster in largest
        ],
    }
    everyone = [group for groups in sampled.values() for group, _ in groups]
    seen = _seen(run, everyone)
    found: dict[str, Any] = {
        name: _compared(groups, seen, threshold, layout) for name, groups in sampled.items()
    }
    components = _components(run)
    return {**found, "components": components, "true_clusters": int(sizes.size)}


def members(corpus: synthetic.Corpus, cluster: int) -> Members:
    """All members of a cluster."""
    spread, known = synthetic.layout(corpus), synthetic.words(corpus.seed)
    places = np.arange(spread.starts[cluster], spread.starts[cluster + 1])
    texts = synthetic.written(synthetic.texts(corpus, places), known)
    digests, shingles = [], []
    for text in texts:
        view = TextView(text.as_py())
        digests.append(synthetic_run.text_digest(view.word_hashes))
        shingles.append(shingle_hashes(view))
    numbers = synthetic.numbers_at(spread, places)
    doc_ids = [synthetic_run.doc_id(int(number)) for number in numbers]
    return Members(doc_ids, digests, shingles, ~synthetic.fails(places))


def _seen(run: Path, groups: Sequence[Members]) -> Seen:
    """Edges and removals of these documents, in the files of the run."""
    digest_of = {
        doc_id: digest
        for group in groups
        for doc_id, digest in zip(group.doc_ids, group.digests, strict=True)
    }
    wanted = pa.array(digest_of, pa.string())
    edges: set[tuple[str, str]] = set()
    for rows in _batches(run, LAST_OF_CLUSTERING, "edges", ["a", "b"]):
        found = rows.filter(pc.is_in(rows.column("a"), value_set=wanted))
        for a, b in zip(*(column.to_pylist() for column in found.columns), strict=True):
            if b in digest_of:
                edges.add(_ordered(digest_of[a], digest_of[b]))
    if not any(manifest.every(run, LAST)):
        return Seen(edges, None)
    keepers: dict[str, str] = {}
    for rows in _batches(run, LAST, "removals", ["doc_id", "keeper_id"]):
        is_asked = pc.is_in(rows.column("doc_id"), value_set=wanted)
        found = rows.filter(pc.and_(is_asked, pc.is_valid(rows.column("keeper_id"))))
        keepers.update(zip(*(column.to_pylist() for column in found.columns), strict=True))
    return Seen(edges, keepers)


def _batches(run: Path, step: str, table: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for path in _files(run, step, table):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=columns)


def _files(run: Path, step: str, table: str) -> Iterator[Path]:
    """The step's files of a table, its parts included."""
    for one in manifest.every(run, step):
        for output in one.outputs:
            if output.table.partition(".")[0] == table:
                yield run / output.path


def _ordered(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _compared(
    groups: Sequence[Group], seen: Seen, threshold: float, layout: tuple[int, int]
) -> dict[str, Any]:
    """Edges of pairs of different texts; with equal texts a pair needs none."""
    due, joined = np.zeros(len(EDGES), np.int64), np.zeros(len(EDGES), np.int64)
    expected = np.zeros(len(EDGES))
    false_edges = pairs = 0
    for group, chosen in groups:
        met: set[tuple[str, str]] = set()
        for a, b in _pairs(len(group.doc_ids), chosen):
            texts = _ordered(group.digests[a], group.digests[b])
            if texts[0] == texts[1] or texts in met:
                continue
            met.add(texts)
            pairs += 1
            similarity = group.similarity(a, b)
            if similarity < threshold:
                false_edges += texts in seen.edges
                continue
            at = int(np.searchsorted(EDGES, similarity, "right")) - 1
            due[at] += 1
            joined[at] += texts in seen.edges
            expected[at] += minhash.candidate_probability(similarity, *layout)
    return {
        "clusters": len(groups),
        "pairs_of_texts": pairs,
        "pairs_at_threshold": int(due.sum()),
        "edges_found": int(joined.sum()),
        "edge_recall": _share(joined.sum(), due.sum()),
        "edge_recall_expected": _share(expected.sum(), due.sum()),
        "by_similarity": {
            f"{EDGES[k]:.2f}": {
                "pairs": int(due[k]),
                "recall": _share(joined[k], due[k]),
                "expected": _share(expected[k], due[k]),
            }
            for k in range(len(EDGES))
            if due[k]
        },
        "false_edges": false_edges,
        "removals": seen.keepers and _removals(groups, seen.keepers, threshold),
    }


def _removals(
    groups: Sequence[Group], keepers: Mapping[str, str], threshold: float
) -> dict[str, Any]:
    """Whether of each pair one is gone, and whether each that is gone is like its keeper."""
    due = missed = removed = wrong = 0
    for group, chosen in groups:
        for a, b in _pairs(len(group.doc_ids), chosen):
            if group.passes[a] and group.passes[b] and group.similarity(a, b) >= threshold:
                due += 1
                missed += group.doc_ids[a] not in keepers and group.doc_ids[b] not in keepers
        at = {doc_id: place for place, doc_id in enumerate(group.doc_ids)}
        for doc_id in at.keys() & keepers.keys():
            keeper = at.get(keepers[doc_id])
            removed += 1
            wrong += keeper is None or group.similarity(at[doc_id], keeper) < threshold
    return {
        "pairs_due": due,
        "pairs_left": missed,
        "recall": _share(due - missed, due),
        "removed": removed,
        "below_threshold": wrong,
    }


def _pairs(count: int, chosen: NDArray[np.int64] | None) -> Iterator[tuple[int, int]]:
    """All pairs of so many, or the chosen ones that are no member with itself."""
    if chosen is None:
        yield from ((a, b) for a in range(count) for b in range(a + 1, count))
    else:
        yield from ((int(a), int(b)) for a, b in chosen if a != b)


def _share(part: float, whole: float) -> float | None:
    return round(float(part / whole), 4) if whole else None


def _components(run: Path) -> dict[str, int]:
    """Components of the run, their members, and the largest."""
    sizes: Counter[int] = Counter()
    for path in _files(run, LAST_OF_CLUSTERING, "members"):
        column = storage.read_table(path, ["component"]).column("component")
        sizes.update(pc.value_counts(column).field("counts").to_pylist())
    return {
        "components": sum(sizes.values()),
        "members": sum(size * count for size, count in sizes.items()),
        "largest": max(sizes, default=0),
    }
