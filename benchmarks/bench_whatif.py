"""What-if: the time from moving one threshold to exact counts, on five million documents.

Every catalogued signal that has a rule, correlated as real ones are (a shared part of a quarter of
the variance), in float32; each rule fails three documents in a hundred, the first fifteen. A move
sets one rule's threshold to a random quantile between .80 and 1: keep-rate, first, any and only of
every rule, and the rows that flip both ways, in documents, characters and words. `judge_ms` is the
same answer by judging everything again.
"""

import sys
import time

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure
from filters import rules, whatif
from pipeline import config

SHARED = 0.5
"""Weight of the part that all signals share; its square is the correlation of any two."""

TAG = "fin_Latn"


def signals(count: int, documents: int, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Correlated values between 0 and 1, one array a rule."""
    shared = rng.standard_normal(documents, dtype=np.float32) * np.float32(SHARED)
    own = np.float32((1 - SHARED**2) ** 0.5)
    return [
        1 / (1 + np.exp(-(shared + own * rng.standard_normal(documents, dtype=np.float32))))
        for _ in range(count)
    ]


def quantile(values: NDArray[np.float32], share: float) -> float:
    """About the value under which a share of them lies, from the first hundred thousand."""
    return float(np.quantile(values[:100_000], share))


def judged_again(
    order: tuple[str, ...], pack: dict[str, rules.Bound], values: list[NDArray[np.float32]]
) -> float:
    """Seconds to judge every document with the compiled rules and count rules, in batches."""
    compiled = rules.compile_rules(order, {TAG: pack})
    began = time.perf_counter()
    masks = [
        rules.judge(
            compiled,
            np.column_stack([column[start : start + 4096] for column in values]),
            np.zeros(min(4096, values[0].size - start), np.int64),
        )[0]
        for start in range(0, values[0].size, 4096)
    ]
    rules.attribution(np.concatenate(masks), len(order))
    return time.perf_counter() - began


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_whatif", __doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=5_000_000)
    options.add_argument("--moves", type=int, default=50)
    options.add_argument("--threads", type=int, default=2)
    given = options.parse_args()
    rng = np.random.default_rng(1)
    order = config.load("europe").run.bounds()[0]
    values = signals(len(order), given.documents, rng)
    pack = {
        name: rules.Bound(name, max=quantile(column, 0.97 if at else 0.85))
        for at, (name, column) in enumerate(zip(order, values, strict=True))
    }
    weights = {
        "characters": rng.integers(100, 20_000, given.documents),
        "words": rng.integers(20, 4_000, given.documents),
    }
    removed = rng.random(given.documents) < 0.1
    began = time.perf_counter()
    compiled = rules.compile_rules(order, {TAG: pack})
    people = whatif.Population(compiled, TAG, values, weights, removed, given.threads)
    load_s = time.perf_counter() - began
    moves_ms, switch_ms, flips = [], [], []
    for number in range(given.moves):
        at = int(rng.integers(len(order)))
        share = float(rng.uniform(0.8, 1))
        bound = rules.Bound(order[at], max=quantile(values[at], share))
        began = time.perf_counter()
        change = people.moved({order[at]: bound})
        moves_ms.append((time.perf_counter() - began) * 1e3)
        flips.append(change.lost.size + change.gained.size)
        if number % 5 == 0:
            began = time.perf_counter()
            people.moved({order[at]: rules.Bound(order[at], min=1.0)})
            switch_ms.append((time.perf_counter() - began) * 1e3)
    again_s = judged_again(order, pack, values)
    result = {
        "parameters": {
            "documents": given.documents,
            "rules": len(order),
            "moves": given.moves,
            "threads": given.threads,
        },
        "load_s": round(load_s, 2),
        "move_ms": measure.spread(moves_ms, 1),
        "flipped_documents": measure.spread(flips, 0),
        "rejects_everything_ms": measure.spread(switch_ms, 1),
        "judge_ms": round(again_s * 1e3),
    }
    return measure.finish("bench_whatif", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
