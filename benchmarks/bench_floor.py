"""Our whole run against the least that anybody must do: inflate the archive, parse each page once.

The floor is every byte of the file inflated by zlib, and one parse by lexbor (as resiliparse has
it) of each HTML response, its bytes in memory: no record found, no text written, no language, no
signal, no Parquet. Ours is the whole run `europe` with one worker, start-up included, and beside it
a run of five responses, which is start-up alone. Rounds alternate on one core.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import bench_bulk, measure, sides
from benchmarks.bench_peers import write_subset

OURS = ("-m", "benchmarks.rounds_weir")
FEW = 5


def summary(
    runs: Sequence[measure.Cost],
    starts: Sequence[measure.Cost],
    floors: tuple[Sequence[float], Sequence[float]],
    responses: int,
    pages: int,
) -> dict[str, Any]:
    """The run and the floor for each response and each extracted page, and their ratios.

    `floors` are seconds for inflating and for parsing.
    """
    least = [one + two for one, two in zip(*floors, strict=True)]
    beyond = [run.cpu_s - start.cpu_s for run, start in zip(runs, starts, strict=True)]
    found: dict[str, Any] = {}
    for name, count in (("response", responses), ("extracted_page", pages)):
        found[f"ms_per_{name}"] = {
            "weir": measure.spread([run.cpu_s * 1e3 / count for run in runs], 4),
            "weir_without_startup": measure.spread([s * 1e3 / count for s in beyond], 4),
            "floor": measure.spread([s * 1e3 / count for s in least], 4),
            "gunzip": measure.spread([s * 1e3 / count for s in floors[0]], 4),
            "parse": measure.spread([s * 1e3 / count for s in floors[1]], 4),
        }
    whole = [run.cpu_s / floor for run, floor in zip(runs, least, strict=True)]
    rest = [seconds / floor for seconds, floor in zip(beyond, least, strict=True)]
    return {
        **found,
        "times_the_floor": measure.spread(whole),
        "times_the_floor_without_startup": measure.spread(rest),
        "startup_cpu_s": measure.spread([start.cpu_s for start in starts]),
        "peak_rss_mb": measure.spread([run.peak_rss_mb for run in runs], 0),
        "peak_pss_mb": measure.spread([run.peak_pss_mb for run in runs], 0),
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_floor", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    given = options.parse_args()
    warc = given.warc.resolve()
    runs, starts = list[measure.Cost](), list[measure.Cost]()

    def side(work: str) -> sides.Side:
        return sides.Side(work, [sys.executable, *OURS, work, str(warc)], given.core)

    with (
        tempfile.TemporaryDirectory(prefix="weir-floor-") as name,
        side("gunzip") as gunzip,
        side("dom") as dom,
    ):
        few = Path(name) / "few.warc.gz"
        write_subset(warc, few, None, FEW)
        bench_bulk.run(few, Path(name) / "warm-up", given.core)  # compiles loops and modules
        for number in range(given.rounds):
            cost, responses, pages = bench_bulk.run(warc, Path(name) / f"{number}", given.core)
            runs.append(cost)
            gunzip.round()
            dom.round()
            starts.append(bench_bulk.run(few, Path(name) / f"few-{number}", given.core)[0])
            measure.say(
                f"round {number + 1}/{given.rounds}: weir {cost.cpu_s:.1f} s CPU, "
                f"floor {gunzip.spent[-1] + dom.spent[-1]:.2f} s"
            )
    result = {
        "parameters": {
            "warc": warc.name,
            "bytes": warc.stat().st_size,
            "inflated_bytes": gunzip.made,
            "rounds": given.rounds,
            "core": given.core,
        },
        "responses": responses,
        "html_responses": dom.made,
        "pages_extracted": pages,
        **summary(runs, starts, (gunzip.spent, dom.spent), responses, pages),
    }
    return measure.finish("bench_floor", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
