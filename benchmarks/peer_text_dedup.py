"""text-dedup's MinHash; run by `bench_dedup` in an environment of its own.

Its function for a signature, called as its program calls it, and its program's clustering over
those signatures: tables of bands, union of all that share one, the first of a cluster kept, no
candidate verified. Without its reading and writing of data sets. Word 5-grams, 14 bands of 8
hashes, as the others; its other settings are its defaults (xxh3, 64 bits, at least five words).
"""

from collections import defaultdict
from itertools import combinations

import numpy as np
from dedup_side import finish, memory_mb, out, rounds, texts, timed, versions
from text_dedup.minhash import NON_ALPHA, RNG, SIGNATURE_COLUMN, embed_func
from text_dedup.utils import UnionFind, ngrams, xxh3_32hash

N, PERMUTATIONS, BANDS, ROWS, MIN_LENGTH = 5, 112, 14, 8, 5
DTYPE, MAX_HASH, PRIME = np.uint64, np.uint32((1 << 32) - 1), np.uint64((1 << 61) - 1)


def shingles(text: str) -> set[bytes]:
    """What its function for a signature hashes."""
    words = NON_ALPHA.split(text.lower())
    return {" ".join(words).lower().encode() for words in ngrams(words, N, MIN_LENGTH)}


def main() -> None:
    """Measure and write."""
    documents = texts()
    before = memory_mb()
    permutations = (
        RNG.randint(1, PRIME, size=(PERMUTATIONS,), dtype=DTYPE),
        RNG.randint(0, PRIME, size=(PERMUTATIONS,), dtype=DTYPE),
    )
    ranges = [(band * ROWS, (band + 1) * ROWS) for band in range(BANDS)]

    def sign() -> dict[int, list[bytes]]:
        return {
            number: embed_func(
                text,
                number,
                num_perm=PERMUTATIONS,
                ngram_size=N,
                min_length=MIN_LENGTH,
                hashranges=ranges,
                permutations=permutations,
                hash_func=xxh3_32hash,
                dtype=DTYPE,
                max_hash=MAX_HASH,
                modulo_prime=PRIME,
            )[SIGNATURE_COLUMN]
            for number, text in enumerate(documents)
            if len(NON_ALPHA.split(text.lower())) >= MIN_LENGTH
        }

    def match() -> tuple[set[tuple[int, int]], dict[int, list[int]]]:
        tables: list[dict[bytes, set[int]]] = [defaultdict(set) for _ in ranges]
        for number, bands in made.items():
            for table, band in zip(tables, bands, strict=True):
                table[band].add(number)
        union, pairs = UnionFind(), set[tuple[int, int]]()
        for table in tables:
            for members in table.values():
                if len(members) > 1:
                    first = min(members)
                    pairs.update(combinations(sorted(members), 2))
                    for member in members:
                        union.union(member, first)
        found = {number: union.find(number) for number in made}
        return pairs, {number: [kept] for number, kept in found.items() if kept != number}

    made, spent = timed(sign, rounds())
    (pairs, removed), match_s = timed(match, 1)
    result = {
        "versions": versions("text-dedup"),
        "path_s": spent,
        "match_s": match_s,
        "memory_mb": {"before": before, "peak": memory_mb()},
    }
    sets = [{xxh3_32hash(one) for one in shingles(text)} for text in documents]
    finish(result, pairs, removed, sets)


if __name__ == "__main__":
    out().mkdir(exist_ok=True)
    main()
