"""What a run's deduplication found, held against the exact similarity of all pairs of its texts.

Runs bulk_dev (or takes a finished run with `--run`), compares all stored texts by brute force, and
counts: pairs of at least .8 that an edge or an exact group joins; removals whose exact similarity
with their keeper is below the threshold; candidate pairs in steps of .05 from .6 to 1, beside the
curve of the band layout.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.runs import Run
from benchmarks import dedup_truth, measure
from filters import linkage, minhash
from filters.text import shingle_hashes
from pipeline import plan
from stages import schema

WARC = measure.REPOSITORY.parent / "shared" / "data" / "bulk_dev.warc.gz"
SETTINGS = ("robots=[]", "rights.policy=none", "limits.max_quarantined_fraction=0.5")
"""No page is left out for a reservation: what is judged are pairs."""
SIMILAR = 0.8
EDGES = dedup_truth.EDGES
METHODS = tuple(name for name in schema.METHODS if name)


@dataclass(frozen=True, slots=True)
class Texts:
    """The documents of a run and the exact similarity of their shingle sets."""

    number: dict[str, int]
    """By doc_id."""
    digests: list[str]
    similarity: NDArray[np.float64]
    """Of shape (documents, documents); 0 on the diagonal."""
    place: dict[int, int]
    """Number of each document by its place."""


def texts_of(run: Run) -> Texts:
    """Texts of a run, all compared with all. ValueError for more than 10,000."""
    number: dict[str, int] = {}
    digests: list[str] = []
    sets: list[NDArray[np.uint32]] = []
    place: dict[int, int] = {}
    for source, made in enumerate(plan.by_name(list(run.manifests("extract")))):
        texts = run.read(made.output("documents"), ["doc_id", "text"])
        signed = run.read(made.output("signatures"), ["text_digest"]).column(0).to_pylist()
        for row, (text, digest) in enumerate(zip(texts.to_pylist(), signed, strict=True)):
            place[source << 32 | row] = number[text["doc_id"]] = len(sets)
            sets.append(shingle_hashes(text["text"]))
            digests.append(digest if len(sets[-1]) else f"without words {len(sets)}")
    flat = np.concatenate([np.zeros(0, np.uint32), *sets])
    return Texts(number, digests, dedup_truth.similarities(flat, [s.size for s in sets]), place)


def joined_pairs(run: Run, texts: Texts) -> set[tuple[int, int]]:
    """Pairs of documents that an edge or an exact group joins; the smaller number first."""
    by_text: dict[str, list[int]] = {}
    for at, digest in enumerate(texts.digests):
        by_text.setdefault(digest, []).append(at)
    groups = [list(group) for group in by_text.values()]
    by_payload: dict[str, list[int]] = {}
    pairs: set[tuple[int, int]] = set()
    for members, edges in run.clusters():
        for row in run.read(members, ["doc_id", "payload_digest"]).to_pylist():
            if row["payload_digest"] is not None:
                by_payload.setdefault(row["payload_digest"], []).append(texts.number[row["doc_id"]])
        for row in run.read(edges, ["a", "b"]).to_pylist():
            one, other = (by_text[texts.digests[texts.number[row[end]]]] for end in ("a", "b"))
            pairs.update((min(a, b), max(a, b)) for a in one for b in other)
    for group in (*groups, *by_payload.values()):
        pairs.update((min(a, b), max(a, b)) for a in group for b in group if a != b)
    return pairs


def candidate_pairs(run: Run, texts: Texts) -> set[tuple[int, int]]:
    """Pairs of different texts that share a band, as step pair has them."""
    found = set()
    for output in run.outputs("pair", "candidates"):
        for row in run.read(output, ["a", "b", "kind"]).to_pylist():
            if row["kind"] == linkage.BAND:
                a, b = texts.place[row["a"]], texts.place[row["b"]]
                found.add((min(a, b), max(a, b)))
    return found


def recall(run: Run, texts: Texts) -> dict[str, Any]:
    """Pairs of at least `SIMILAR`, and how many of them are joined."""
    wanted = dedup_truth.pairs_between(texts.similarity, SIMILAR)
    joined = joined_pairs(run, texts)
    exact = [pair for pair in wanted if texts.digests[pair[0]] == texts.digests[pair[1]]]
    near = set(wanted).difference(exact)
    found = len(joined.intersection(wanted))
    near_found = len(joined & near)
    return {
        "pairs": len(wanted),
        "of_equal_words": len(exact),
        "found": found,
        "recall": round(found / max(1, len(wanted)), 4),
        "near_pairs": len(near),
        "near_found": near_found,
        "near_recall": round(near_found / max(1, len(near)), 4),
    }


def removals(run: Run, texts: Texts) -> dict[str, Any]:
    """What was removed by method, and of how many the keeper is not similar enough."""
    methods: Counter[str] = Counter()
    below = unalike = 0
    for shard in run.shards:
        columns = ["doc_id", "keeper_id", "method"]
        for row in run.read(shard.decisions, columns).to_pylist():
            if row["keeper_id"] is None:
                continue
            one, keeper = texts.number[row["doc_id"]], texts.number[row["keeper_id"]]
            methods[row["method"]] += 1
            is_below = texts.similarity[one, keeper] < run.settings.cluster.threshold
            below += is_below and row["method"] != "exact_payload"
            unalike += is_below and row["method"] == "exact_payload"
    return {
        "by_method": {name: methods[name] for name in METHODS},
        "below_threshold": int(below),
        "equal_payload_other_words": int(unalike),
    }


def curve(run: Run, texts: Texts) -> list[dict[str, Any]]:
    """Candidate pairs of different texts in each step of similarity, beside the theoretical curve.

    `interval_95` holds 95 % of the counts that independent pairs of these similarities would give
    in this step; `interval_95_of_all` is that which all steps keep together in 95 of 100 draws
    (each 1 - .05 / steps). Of eight steps, one lies outside the first in every third draw.
    """
    first: dict[str, int] = {}
    for at, digest in enumerate(texts.digests):
        first.setdefault(digest, at)
    alone = np.zeros(len(texts.digests), np.bool_)
    alone[list(first.values())] = True
    candidates = candidate_pairs(run, texts)
    limits = run.settings.cluster
    table = []
    for low, high in pairwise([*EDGES, 2.0]):
        pairs = [
            (a, b)
            for a, b in dedup_truth.pairs_between(texts.similarity, low, high)
            if alone[a] and alone[b]
        ]
        chances = np.array(
            [
                minhash.candidate_probability(
                    float(texts.similarity[pair]), limits.bands, limits.rows
                )
                for pair in pairs
            ]
        )
        found = sum(pair in candidates for pair in pairs)
        interval, together = (
            dedup_truth.interval(chances, share)
            for share in (dedup_truth.CHANCE, 1 - (1 - dedup_truth.CHANCE) / len(EDGES))
        )
        table.append(
            {
                "from": low,
                "pairs": len(pairs),
                "found": found,
                "expected": round(float(chances.sum()), 1),
                "interval_95": list(interval),
                "is_inside": interval[0] <= found <= interval[1],
                "interval_95_of_all": list(together),
                "is_inside_of_all": together[0] <= found <= together[1],
            }
        )
    return table


def measured(run: Run) -> dict[str, Any]:
    """Everything, of a finished run."""
    texts = texts_of(run)
    steps = curve(run, texts)
    return {
        "documents": len(texts.digests),
        "recall": recall(run, texts),
        "removals": removals(run, texts),
        "candidates": {
            "steps": steps,
            "outside": sum(not step["is_inside"] for step in steps),
            "outside_of_all": sum(not step["is_inside_of_all"] for step in steps),
        },
    }


def main() -> int:
    """Measure, print, check."""
    parser = measure.parser("bench_recall", __doc__.splitlines()[0])
    parser.add_argument("--warc", type=Path, default=WARC, help="the archive to run")
    parser.add_argument("--run", type=Path, help="a finished run, in place of a new one")
    options = parser.parse_args()
    if options.run:
        return measure.finish("bench_recall", measured(Run(options.run)), options.check)
    with tempfile.TemporaryDirectory(prefix="weir-recall-") as name:
        output = Path(name) / "run"
        words = ["run", "sample", "--input", str(options.warc), "--output", str(output)]
        for setting in SETTINGS:
            words += ["--set", setting]
        measure.run(measure.command(*words, "--workers", "2", "--progress", "none"))
        return measure.finish("bench_recall", measured(Run(output)), options.check)


if __name__ == "__main__":
    raise SystemExit(main())
