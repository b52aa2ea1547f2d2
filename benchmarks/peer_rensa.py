"""rensa's MinHash and deduplicator; run by `bench_dedup` in an environment of its own.

Shingles are word 5-grams as strings, words what white space leaves of the text in lower case, as
in rensa's README, for it has no tokenizer. Its candidates are verified by its own estimate.
"""

import array
import hashlib
import json
import sys
from itertools import accumulate
from pathlib import Path

import rensa
from dedup_side import finish, memory_mb, out, rounds, texts, timed, versions

N, PERMUTATIONS, BANDS, THRESHOLD, SEED = 5, 112, 14, 0.75, 1


def shingles(text: str) -> list[str]:
    """Word 5-grams; a shorter text is one."""
    words = text.lower().split()
    return [" ".join(words[i : i + N]) for i in range(max(1, len(words) - N + 1))] if words else []


def main() -> None:
    """Measure and write."""
    documents = texts()
    before = memory_mb()

    def signatures() -> list[rensa.RMinHash]:
        found: list[rensa.RMinHash] = rensa.RMinHash.from_token_sets(
            [shingles(text) for text in documents], PERMUTATIONS, SEED
        )
        return found

    def rho() -> object:
        sets = [shingles(text) for text in documents]
        return rensa.RMinHash.digest_matrix_from_token_sets_rho(sets, PERMUTATIONS, SEED)

    def c_minhash() -> object:
        sets = [shingles(text) for text in documents]
        return rensa.CMinHash.from_token_sets(sets, PERMUTATIONS, SEED)

    def match() -> tuple[set[tuple[int, int]], dict[int, list[int]]]:
        index = rensa.RMinHashLSH(THRESHOLD, PERMUTATIONS, BANDS)
        for number in able:
            index.insert(number, made[number])
        pairs = {(i, j) for i in able for j in index.query(made[i]) if j != i}
        keep = rensa.RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, True, BANDS, SEED)
        removed = {}
        for number in able:
            before_it = [int(key) for key in keep.get_duplicates(made[number])]
            if not keep.add(str(number), made[number]):
                removed[number] = before_it
        return pairs, removed

    made, spent = timed(signatures, rounds())
    sets = [shingles(text) for text in documents]
    able = [number for number, members in enumerate(sets) if members]
    (pairs, removed), match_s = timed(match, 1)
    peak = memory_mb()
    # What follows is not part of the whole path, so it stays out of the memory above.
    given = Path(sys.argv[4])
    counts = json.loads(given.with_suffix(".json").read_text(encoding="utf-8"))
    sizes = array.array("Q", accumulate(counts, initial=0))
    hashes = array.array("Q")
    with given.open("rb") as source:
        hashes.fromfile(source, sizes[-1])
    _, given_s = timed(
        lambda: rensa.RMinHash.digest_matrix_from_flat_token_hashes(
            hashes, sizes, PERMUTATIONS, SEED
        ),
        rounds(),
    )
    result = {
        "versions": versions("rensa"),
        "path_s": spent,
        "match_s": match_s,
        "memory_mb": {"before": before, "peak": peak},
        "signatures_alone_s": given_s,
        "path_rho_s": timed(rho, rounds())[1],
        "path_c_minhash_s": timed(c_minhash, rounds())[1],
    }
    hashed = [
        {int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest(), "little") for s in row}
        for row in sets
    ]
    finish(result, pairs, removed, hashed)


if __name__ == "__main__":
    out().mkdir(exist_ok=True)
    main()
