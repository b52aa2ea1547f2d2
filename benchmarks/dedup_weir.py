"""Our side of `bench_dedup`: shingles, signatures, bands, estimates, exact similarities.

What step `cluster` decides, over documents in memory and without its files: a pair that shares a
band is joined if its signatures are surely alike, or else by its exact similarity; a document is
removed for a kept one that stands earlier and is joined to it.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from benchmarks.dedup_side import finish, memory_mb, out, rounds, texts, timed
from benchmarks.dedup_truth import candidates
from filters import minhash
from filters.text import jaccard, shingle_hashes

THRESHOLD, SURE_RISK, HOPELESS_RISK = 0.75, 1e-9, 1e-4


def bounds() -> tuple[int, int]:
    """Counts of equal places from which on, and up to which, no text is read."""
    return (
        minhash.sure(minhash.PERMUTATIONS, THRESHOLD, SURE_RISK),
        minhash.hopeless(minhash.PERMUTATIONS, THRESHOLD, HOPELESS_RISK),
    )


def sign(documents: list[str]) -> tuple[list[NDArray[np.uint32]], NDArray[np.uint32]]:
    """Shingle sets and signatures."""
    sets = [shingle_hashes(text) for text in documents]
    offsets = np.cumsum([0, *(members.size for members in sets)])
    return sets, minhash.signatures(np.concatenate(sets), offsets)


def main() -> None:
    """Measure and write."""
    documents = texts()
    before = memory_mb()
    (sets, signatures), spent = timed(lambda: sign(documents), rounds())
    able = np.flatnonzero([members.size > 0 for members in sets])
    sure, hopeless = bounds()

    def match() -> tuple[list[tuple[int, int]], dict[int, list[int]]]:
        numbers = able.tolist()
        found = sorted(candidates(signatures[able], minhash.BANDS, minhash.ROWS))
        pairs = [(numbers[i], numbers[j]) for i, j in found]
        ends = np.array(pairs, np.int64).reshape(-1, 2)
        joined = defaultdict(list)
        places = minhash.equal_places(signatures, ends[:, 0], ends[:, 1])
        for (a, b), count in zip(pairs, places.tolist(), strict=True):
            if count > hopeless and (count >= sure or jaccard(sets[a], sets[b]) >= THRESHOLD):
                joined[b].append(a)
        removed: dict[int, list[int]] = {}
        for number in sorted(joined):
            keepers = [earlier for earlier in joined[number] if earlier not in removed]
            if keepers:
                removed[number] = keepers
        return pairs, removed

    (pairs, removed), match_s = timed(match, 1)
    result = {
        "path_s": spent,
        "match_s": match_s,
        "memory_mb": {"before": before, "peak": memory_mb()},
    }
    finish(result, pairs, removed, [members.tolist() for members in sets])


if __name__ == "__main__":
    out().mkdir(exist_ok=True)
    main()
