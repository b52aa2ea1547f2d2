"""Re-deciding a run after a threshold change, against running it whole.

A whole run (`europe`, one worker, one core), then `--reuse` with another threshold. CPU time of
steps judge, resolve and decide of the second, against all steps up to and with decide of the first;
beside it the whole second command, which also starts Python, publishes, and writes the corpus.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.bench_bulk import step_times

AGAIN = ("judge", "resolve", "decide")
CLUSTERING = ("band", "pair", "gather", "lend", "estimate", "shingle", "cluster")
UP_TO_DECISIONS = ("prepare", "extract", *CLUSTERING, *AGAIN)
RULE = "language.rules.word_count.min=60"


def run(warc: Path, out: Path, core: int, *more: str) -> measure.Cost:
    """One run on one core."""
    words = ("run", "europe", "--input", str(warc), "--output", str(out), "--workers", "1")
    return measure.run(measure.command(*words, "--progress", "none", "--json", *more), core)


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_reuse", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    given = options.parse_args()
    warc = given.warc.resolve()
    with tempfile.TemporaryDirectory(prefix="weir-reuse-") as name:
        first = Path(name) / "first"
        whole = run(warc, first, given.core)
        steps = step_times(first)
        decisions_s = sum(steps[step]["cpu_s"] for step in UP_TO_DECISIONS)
        costs, shares, last = [], [], dict[str, Any]()
        for number in range(given.rounds):
            out = Path(name) / f"again-{number}"
            cost = run(warc, out, given.core, "--reuse", str(first), "--set", RULE)
            last = {step: found for step, found in step_times(out).items() if step in AGAIN}
            shares.append(sum(found["cpu_s"] for found in last.values()) / decisions_s)
            costs.append(cost)
            measure.say(f"reuse {number + 1}/{given.rounds}: {100 * shares[-1]:.2f} %")
    result = {
        "parameters": {"warc": warc.name, "rounds": given.rounds, "core": given.core, "set": RULE},
        "whole_cpu_s": whole.cpu_s,
        "up_to_decisions_cpu_s": round(decisions_s, 3),
        "share_up_to_decisions": measure.spread(shares, 4),
        "last_steps": last,
        "reuse_command_cpu_s": measure.spread([cost.cpu_s for cost in costs]),
        "reuse_command_share": measure.spread([c.cpu_s / whole.cpu_s for c in costs], 4),
    }
    return measure.finish("bench_reuse", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
