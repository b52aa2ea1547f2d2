"""datasketch's MinHash and MinHashLSH over our shingles, run by `bench_dedup`.

Permutations are shared and the hash function is the identity, as its documentation advises for
speed. It has no deduplication of its own: a document is removed if an earlier kept one among its
candidates has an estimate of at least the threshold.
"""

from operator import index

from datasketch import MinHash, MinHashLSH

from benchmarks.dedup_side import finish, memory_mb, out, rounds, texts, timed, versions
from filters import minhash
from filters.text import shingle_hashes

THRESHOLD = 0.75


def main() -> None:
    """Measure and write."""
    documents = texts()
    before = memory_mb()
    empty = MinHash(minhash.PERMUTATIONS, seed=minhash.SEED, scheme=minhash.SCHEME, hashfunc=index)

    def sketch(shingles: list[int]) -> MinHash:
        made = MinHash(
            minhash.PERMUTATIONS,
            scheme=minhash.SCHEME,
            hashfunc=index,
            permutations=empty.permutations,
        )
        made.update_batch(shingles)
        return made

    def sign() -> list[MinHash]:
        return [sketch(shingle_hashes(text).tolist()) for text in documents]

    def match() -> tuple[set[tuple[int, int]], dict[int, list[int]]]:
        lsh = MinHashLSH(num_perm=minhash.PERMUTATIONS, params=(minhash.BANDS, minhash.ROWS))
        for number in able:
            lsh.insert(number, made[number])
        pairs = {(i, j) for i in able for j in lsh.query(made[i]) if j != i}
        removed: dict[int, list[int]] = {}
        for i, j in sorted((i, j) for j, i in pairs if j < i):
            if j not in removed and made[i].jaccard(made[j]) >= THRESHOLD:
                removed.setdefault(i, []).append(j)
        return pairs, removed

    made, spent = timed(sign, rounds())
    sets = [shingle_hashes(text).tolist() for text in documents]
    able = [number for number, members in enumerate(sets) if members]
    (pairs, removed), match_s = timed(match, 1)
    result = {
        "versions": versions("datasketch"),
        "path_s": spent,
        "match_s": match_s,
        "memory_mb": {"before": before, "peak": memory_mb()},
    }
    finish(result, pairs, removed, sets)


if __name__ == "__main__":
    out().mkdir(exist_ok=True)
    main()
