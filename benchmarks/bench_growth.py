"""Memory and speed of a whole run as its input grows: 1,000, 10,000 and 100,000 records.

The same 1,000 responses, drawn evenly from one archive, are written once, ten times and a hundred
times, each time with other record ids, so that the mixture is the same; runs have one worker and
one core. Speed is processor time beyond that of the first hundred, evenly drawn as well: start-up,
and what each language costs once. Small inputs are run again before and after the large ones, so
that what the machine does falls on all of them.
"""

import os
import re
import statistics
import sys
import tempfile
import uuid
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import bench_bulk, measure
from stages.read import gzip_members

MEGABYTE = 1_000_000
RECORDS = (1_000, 10_000, 100_000)
ROUNDS = (6, 3, 1)
"""Rounds of each size: what is small moves more."""
DRAWN = 1_000
FIRST = 100
MAX_MEMBER_BYTES = 50 * MEGABYTE
RECORD_ID = re.compile(rb"(?im)^(WARC-Record-ID: <urn:uuid:)[^>\r\n]*>")
IS_RESPONSE = re.compile(rb"(?im)^WARC-Type: *response *\r?$")


def responses(source: Path) -> list[bytes]:
    """The responses of a file: each a record, inflated."""
    with source.open("rb") as stream:
        return [
            member.data
            for member in gzip_members(stream, 0, MAX_MEMBER_BYTES)
            if member.data is not None and IS_RESPONSE.search(member.data[:MEGABYTE])
        ]


def drawn(records: Sequence[bytes], count: int) -> list[bytes]:
    """That many of the records, evenly; all of them over and over, if there are fewer."""
    few = min(count, len(records))
    return [records[number % few * len(records) // few] for number in range(count)]


def write(records: Iterable[bytes], target: Path) -> None:
    """Write the records, each with an id of its own.

    Members are deflated at level 1 with the time 0 in their head: the same bytes every time.
    """
    with target.open("wb") as sink:
        for number, record in enumerate(records):
            fresh = str(uuid.UUID(int=number)).encode()
            data = RECORD_ID.sub(rb"\g<1>" + fresh + b">", record, count=1)
            engine = zlib.compressobj(1, wbits=31)
            sink.write(engine.compress(data) + engine.flush())


def order(rounds: Sequence[int]) -> list[int]:
    """Places of the sizes, each as often as it has rounds, the largest between the others.

    >>> order([3, 2, 1])
    [0, 1, 0, 2, 1, 0]
    """
    places = [(turn + 0.5) / each for each in rounds for turn in range(each)]
    sizes = [size for size, each in enumerate(rounds) for _ in range(each)]
    return [size for _, size in sorted(zip(places, sizes, strict=True))]


def growth(
    counts: Sequence[int], costs: Sequence[Sequence[measure.Cost]], starts: Sequence[measure.Cost]
) -> dict[str, Any]:
    """Figures by number of records, and how far apart the slowest and the fastest are."""
    start_s = statistics.median(start.cpu_s for start in starts)
    sizes: list[dict[str, Any]] = [
        {
            "records": count,
            "ms_cpu_per_record": measure.spread(
                [(cost.cpu_s - start_s) * 1e3 / (count - FIRST) for cost in found], 3
            ),
            "peak_rss_mb": max(cost.peak_rss_mb for cost in found),
            "peak_pss_mb": max(cost.peak_pss_mb for cost in found),
        }
        for count, found in zip(counts, costs, strict=True)
    ]
    medians = [size["ms_cpu_per_record"]["median"] for size in sizes]
    return {
        "first_cpu_s": round(start_s, 2),
        "sizes": sizes,
        "slowest_to_fastest": round(max(medians) / min(medians), 3),
        "largest_to_smallest": round(medians[-1] / medians[0], 3),
        "peak_rss_mb": max(size["peak_rss_mb"] for size in sizes),
        "peak_pss_mb": max(size["peak_pss_mb"] for size in sizes),
        "memory_growth": round(sizes[-1]["peak_rss_mb"] / sizes[0]["peak_rss_mb"], 3),
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_growth", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--records", type=int, nargs="+", default=RECORDS)
    options.add_argument("--rounds", type=int, nargs="+", default=ROUNDS, help="of each size")
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--folder", type=Path, help="where to build; needs 10 GB")
    given = options.parse_args()
    rounds = (given.rounds * len(given.records))[: len(given.records)]
    with tempfile.TemporaryDirectory(prefix="weir-growth-", dir=given.folder) as name:
        records = drawn(responses(given.warc), DRAWN)

        def run(count: int) -> measure.Cost:
            warc = Path(name) / f"{count}.warc.gz"
            if not warc.exists():
                write(drawn(records, count), warc)
            with tempfile.TemporaryDirectory(prefix="run-", dir=name) as out:
                cost, _, pages = bench_bulk.run(warc, Path(out), given.core)
            measure.say(f"{count} records, {pages} pages: {cost}")
            return cost

        run(FIRST)  # compiles loops and modules
        costs: list[list[measure.Cost]] = [[] for _ in given.records]
        starts = []
        for size in order(rounds):
            starts.append(run(FIRST))
            costs[size].append(run(given.records[size]))
        megabytes = [
            round((Path(name) / f"{count}.warc.gz").stat().st_size / MEGABYTE)
            for count in given.records
        ]
    result = {
        "parameters": {
            "warc": given.warc.name,
            "records": list(given.records),
            "archive_mb": megabytes,
            "rounds": list(rounds),
            "core": given.core,
        },
        **growth(given.records, costs, starts),
    }
    return measure.finish("bench_growth", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
