"""The exact answer beside the approximate: Jaccard similarities of all pairs, by brute force."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filters import minhash, minhash_loops

MOST = 10_000
"""Documents; a table of all pairs takes 8 bytes each, here .8 GB, and there are some at once."""
BAND_ROW_BYTES, PAIR_BYTES, SHINGLE_BYTES = 32, 16, 4
"""As stored before compression: key, place, text and precedence; two places; one shingle."""
SIGNATURE_BYTES = 4 * minhash.PERMUTATIONS
CHANCE = 0.95
EDGES = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
DRAWS = 300


def similarities(
    flat: NDArray[np.uint64] | NDArray[np.uint32], sizes: Sequence[int]
) -> NDArray[np.float64]:
    """Exact Jaccard similarity of all pairs of sets, of shape (sets, sets); 0 on the diagonal.

    The sets stand one after the other, each without repetition. Each shingle is looked up in all
    sets at once, so time follows the pairs that share one.
    """
    if len(sizes) > MOST:
        raise ValueError(f"{len(sizes)} documents are too many to compare all; at most {MOST}")
    owners = np.repeat(np.arange(len(sizes)), sizes)
    order = np.argsort(flat, kind="stable")
    values, owners = flat[order], owners[order]
    bounds = np.flatnonzero(np.r_[True, values[1:] != values[:-1], True])
    shared = np.zeros((len(sizes), len(sizes)), np.int32)
    for start, end in pairwise(bounds.tolist()):
        if end - start > 1:
            members = owners[start:end]
            shared[np.ix_(members, members)] += 1
    np.fill_diagonal(shared, 0)
    lengths = np.asarray(sizes, np.int32)
    union = lengths[:, None] + lengths[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1), np.float64)


def pairs_between(
    exact: NDArray[np.float64], low: float, high: float = 2.0
) -> list[tuple[int, int]]:
    """Pairs (i < j) of at least `low` and less than `high`."""
    first, second = np.nonzero(np.triu((exact >= low) & (exact < high), 1))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def of_candidates(
    exact: NDArray[np.float64], pairs: Collection[tuple[int, int]], threshold: float
) -> dict[str, Any]:
    """Recall at two similarities, and the share of candidate pairs that reach the threshold."""
    found = set(pairs)
    result: dict[str, Any] = {"pairs": len(found)}
    for least in (threshold, 0.8):
        wanted = pairs_between(exact, least)
        hits = sum(pair in found for pair in wanted)
        percent = round(100 * least)  # floors name numbers by dotted paths
        result[f"true_pairs_{percent}"] = len(wanted)
        result[f"recall_{percent}"] = round(hits / len(wanted), 4) if wanted else None
    right = sum(float(exact[i, j]) >= threshold for i, j in found)
    result["precision"] = round(right / len(found), 4) if found else None
    return result


def of_removals(
    exact: NDArray[np.float64], removed: Mapping[int, Iterable[int]], threshold: float
) -> dict[str, Any]:
    """What was removed wrongly, and which pairs are still both there.

    A removal is wrong if no kept document that it was removed for reaches the threshold.
    """
    gone = set(removed)
    wrong = 0
    for number, keepers in removed.items():
        likeness = [float(exact[number, keeper]) for keeper in keepers if keeper not in gone]
        wrong += max(likeness, default=0.0) < threshold
    left = {
        f"pairs_left_{round(100 * least)}": sum(
            i not in gone and j not in gone for i, j in pairs_between(exact, least)
        )
        for least in (threshold, 0.8)
    }
    return {"removed": len(gone), "removed_wrongly": wrong, **left}


def interval(chances: NDArray[np.float64], share: float = CHANCE) -> tuple[int, int]:
    """Between which counts so many independent events of these chances fall, outer tails cut."""
    density = np.ones(1)
    for chance in chances:
        density = np.convolve(density, [1 - chance, chance])
    below = np.cumsum(density)
    low = int(np.searchsorted(below, (1 - share) / 2))
    high = int(np.searchsorted(below, 1 - (1 - share) / 2))
    return low, min(high, chances.size)


def distinct(sets: Sequence[NDArray[np.uint32]]) -> list[int]:
    """Numbers of the first document of each different set; copies tell nothing of their own."""
    first: dict[bytes, int] = {}
    for number, members in enumerate(sets):
        if members.size:
            first.setdefault(members.tobytes(), number)
    return list(first.values())


def curve(
    exact: NDArray[np.float64], sets: Sequence[NDArray[np.uint32]], bands: int, rows: int
) -> dict[str, Any]:
    """Candidate pairs from .6 to 1 against the layout's curve, in steps of .05.

    `interval_95` is that of independent pairs in this step alone, `interval_95_of_all` that which
    all steps keep together (each 1 - .05 / steps). Pairs of one document are not independent, so
    the same is counted for `DRAWS` other draws of the permutations: `over_draws` are the mean and
    the middle 95 %. `standardised` says how equal places follow the binomial, over all draws.
    """
    first, second = np.nonzero(np.triu((exact >= EDGES[0]) & (exact < 1.0), 1))
    likeness = exact[first, second]
    chances = 1.0 - (1.0 - likeness**rows) ** bands
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    a, b = places[: first.size], places[first.size :]
    flat = np.concatenate([sets[number] for number in used])
    offsets = np.cumsum([0, *(sets[number].size for number in used)])
    spread = np.sqrt(minhash.PERMUTATIONS * likeness * (1 - likeness))

    def hits(values: NDArray[np.uint32]) -> NDArray[np.bool_]:
        keys = minhash.band_hashes(values, bands, rows)
        return np.asarray((keys[a] == keys[b]).any(axis=1))

    ours = hits(minhash.signatures(flat, offsets))
    drawn, standard = [], []
    for draw in range(DRAWS):
        random = np.random.default_rng(draw)
        factors, addends = random.integers(0, 2**32, (2, minhash.PERMUTATIONS), np.uint32)
        values = minhash_loops.signatures(flat, offsets, factors | np.uint32(1), addends)
        drawn.append(hits(values))
        equal = minhash.equal_places(values, a, b)
        standard.append((equal - minhash.PERMUTATIONS * likeness) / spread)
    table = []
    for low, high in pairwise([*EDGES, 1.0]):
        here = (likeness >= low) & (likeness < high)
        counts = [int(row[here].sum()) for row in drawn]
        alone, together = (
            interval(chances[here], share) for share in (CHANCE, 1 - (1 - CHANCE) / len(EDGES))
        )
        count = int(ours[here].sum())
        table.append(
            {
                "from": low,
                "pairs": int(here.sum()),
                "found": count,
                "expected": round(float(chances[here].sum()), 1),
                "interval_95": alone,
                "is_inside": alone[0] <= count <= alone[1],
                "interval_95_of_all": together,
                "is_inside_of_all": together[0] <= count <= together[1],
                "over_draws": [
                    round(float(np.mean(counts)), 1),
                    *np.percentile(counts, [2.5, 97.5], method="nearest").tolist(),
                ],
            }
        )
    return {
        "steps": table,
        "steps_outside": sum(not step["is_inside"] for step in table),
        "steps_outside_of_all": sum(not step["is_inside_of_all"] for step in table),
        "standardised": {
            "draws": DRAWS,
            "mean": round(float(np.mean(standard)), 3),
            "standard_deviation": round(float(np.std(standard)), 3),
        },
    }


def candidates(signatures: NDArray[np.uint32], bands: int, rows: int) -> set[tuple[int, int]]:
    """Pairs (i < j) of rows that agree in a band."""
    found: set[tuple[int, int]] = set()
    for keys in minhash.band_hashes(signatures, bands, rows).T:
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        bounds = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1], True])
        for start, end in pairwise(bounds.tolist()):
            members = np.sort(order[start:end]).tolist()
            found.update((a, b) for k, a in enumerate(members) for b in members[k + 1 :])
    return found


def layout_table(
    exact: NDArray[np.float64],
    signatures: NDArray[np.uint32],
    sizes: Sequence[int],
    layouts: Iterable[tuple[int, int]],
    threshold: float,
    bounds: tuple[int, int],
) -> list[dict[str, Any]]:
    """What each layout finds of these documents and what it moves, measured and expected.

    `bounds` are the counts of equal places from which on and up to which no text is read. Bytes are
    those of one document, before compression, each written once; they are read once as well.
    """
    sure, hopeless = bounds
    first, second = np.nonzero(np.triu(exact > 0, 1))
    likeness = exact[first, second]
    is_true = likeness >= threshold
    documents = len(sizes)
    table = []
    for bands, rows in layouts:
        chances = 1.0 - (1.0 - likeness**rows) ** bands
        found = sorted(candidates(signatures, bands, rows))
        a = np.array([i for i, _ in found], np.int64)
        b = np.array([j for _, j in found], np.int64)
        places = minhash.equal_places(signatures, a, b)
        doubtful = (places > hopeless) & (places < sure)
        lent = np.unique(np.concatenate([a, b])).size
        read = np.unique(np.concatenate([a[doubtful], b[doubtful]]))
        moved = {
            "bands": BAND_ROW_BYTES * bands,
            "pairs": PAIR_BYTES * len(found) / documents,
            "signatures": SIGNATURE_BYTES * lent / documents,
            "shingles": SHINGLE_BYTES * float(np.asarray(sizes)[read].sum()) / documents,
        }
        true_found = int((exact[a, b] >= threshold).sum())
        at_08 = likeness >= 0.8  # the floor for recall stands there
        table.append(
            {
                "bands": bands,
                "rows": rows,
                "recall": {
                    "expected_at_threshold": round(float(chances[is_true].mean()), 4),
                    "expected_at_0.8": round(float(chances[at_08].mean()), 4),
                    "measured_at_threshold": round(true_found / int(is_true.sum()), 4),
                    "measured_at_0.8": round(int((exact[a, b] >= 0.8).sum()) / int(at_08.sum()), 4),
                },
                "false_candidates_a_document": {
                    "expected": round(float(chances[~is_true].sum()) / documents, 4),
                    "measured": round((len(found) - true_found) / documents, 4),
                },
                "doubtful_pairs_a_document": round(int(doubtful.sum()) / documents, 4),
                "probability": {
                    str(s): float(f"{minhash.candidate_probability(s, bands, rows):.3g}")
                    for s in (0.1, 0.2, 0.3, 0.5, 0.75, 0.8, 0.9)
                },
                "bytes_a_document": {
                    **{name: round(size, 1) for name, size in moved.items()},
                    "sum": round(sum(moved.values()), 1),
                },
            }
        )
    return table


def estimates(
    exact: NDArray[np.float64],
    signatures: NDArray[np.uint32],
    threshold: float,
    bounds: tuple[int, int],
) -> dict[str, Any]:
    """How equal places of all similar pairs follow the binomial, and what the bounds get wrong.

    `standard_deviation` is that of the standardised counts: 1 if each place is equal independently
    with the probability of the exact similarity, as the bounds take it to be.
    """
    sure, hopeless = bounds
    first, second = np.nonzero(np.triu((exact >= 0.1) & (exact < 1.0), 1))
    likeness = exact[first, second]
    places = minhash.equal_places(signatures, first, second)
    spread = np.sqrt(minhash.PERMUTATIONS * likeness * (1 - likeness))
    standard = (places - minhash.PERMUTATIONS * likeness) / spread
    return {
        "pairs": len(first),
        "mean": round(float(standard.mean()), 3),
        "standard_deviation": round(float(standard.std()), 3),
        "sure_but_below": int(((places >= sure) & (likeness < threshold)).sum()),
        "hopeless_but_above": int(((places <= hopeless) & (likeness >= threshold)).sum()),
        "sure": int((places >= sure).sum()),
        "doubtful": int(((places > hopeless) & (places < sure)).sum()),
    }
