"""datatrove's MinHash blocks 1 to 3; run by `bench_dedup` in an environment of its own.

English word tokenizer (spaCy's blank `en`), all other settings its defaults: 5-grams, 14 buckets of
8 hashes, xxhash of 64 bits. Its blocks 1 (signatures, files included), 2 (buckets), 3 (clusters).
"""

import shutil
import struct
import tempfile
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from dedup_side import finish, memory_mb, out, rounds, texts, timed, versions

BANDS = 14


def pairs_of(folder: Path) -> set[tuple[int, int]]:
    """Pairs that share a bucket: within a file each row joins neighbours in a run of one hash."""
    found = set()
    for path in sorted(folder.glob("*.dups")):
        runs: dict[int, list[int]] = {}
        for _, a, _, b in struct.iter_unpack("<4I", path.read_bytes()):
            run = runs.setdefault(a, [a])
            run.append(b)
            runs[b] = run
        for run in {id(run): run for run in runs.values()}.values():
            found.update((min(p), max(p)) for p in combinations(run, 2))
    return found


def removed_of(folder: Path) -> dict[int, list[int]]:
    """Removed documents, each with the one kept of its cluster."""
    drop = {n for (n,) in struct.iter_unpack("<I", (folder / "000000.remove").read_bytes())}
    clusters = defaultdict(list)
    for number, cluster in struct.iter_unpack("<2I", (folder / "000000.clusters").read_bytes()):
        clusters[cluster].append(number)
    found = {}
    for members in clusters.values():
        keepers = [number for number in members if number not in drop]
        found.update({number: keepers for number in members if number in drop})
    return found


def main(folder: Path) -> None:
    """Measure and write."""
    documents = [Document(text=text, id=str(n)) for n, text in enumerate(texts())]
    before = memory_mb()
    signature = MinhashDedupSignature(str(folder / "signatures"))

    def sign() -> None:
        shutil.rmtree(folder / "signatures", ignore_errors=True)
        signature.run(documents, 0, 1)

    def match() -> None:
        shutil.rmtree(folder / "buckets", ignore_errors=True)
        shutil.rmtree(folder / "clusters", ignore_errors=True)
        buckets = MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"))
        for rank in range(BANDS):
            buckets.run(None, rank, BANDS)
        cluster = MinhashDedupCluster(
            str(folder / "buckets"), str(folder / "clusters"), save_cluster_id=True
        )
        cluster.run(None, 0, 1)

    _, spent = timed(sign, rounds())
    _, match_s = timed(match, 1)
    result = {
        "versions": versions("datatrove"),
        "path_s": spent,
        "match_s": match_s,
        "memory_mb": {"before": before, "peak": memory_mb()},
    }
    sets = [np.unique(signature.get_shingles(d.text)).tolist() for d in documents]
    finish(result, pairs_of(folder / "buckets"), removed_of(folder / "clusters"), sets)


if __name__ == "__main__":
    out().mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="weir-peer-") as name:
        main(Path(name))
