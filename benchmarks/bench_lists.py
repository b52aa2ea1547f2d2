"""The block list: building its table, mapping it, and a lookup, beside Python's own sets.

Hosts of the URLs looked up are made up, one in a thousand lies on a listed domain, and no host
comes twice: the worst case for a mapped file.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import measure
from filters import domains
from pipeline import lists
from pipeline.storage import Input
from stages import prepare

ROUNDS = 5


def build(folder: str) -> dict[str, Any]:
    """The table of datatrove's list, written; time and memory of it."""
    item = _source()
    wall, cpu = time.perf_counter(), time.process_time()
    output = lists.write(Path(folder), "list.arrow", prepare.block_list(lists.chunks(item)))
    return {
        "keys": output.rows,
        "bytes": output.bytes,
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_rss_mb": round(measure.status_mb("VmHWM"), 1),
    }


def mapped(folder: str, urls: int) -> dict[str, Any]:
    """A worker's view: memory of its own, mapped pages, and lookups."""
    asked = addresses(urls)
    names = [f"site{n}.example" for n in range(urls)]
    before = measure.status_mb("RssAnon")
    table = lists.mapped(Path(folder) / "list.arrow").combine_chunks()
    listed = domains.KeyList(table.column("key").to_numpy(), table.column("flags").to_numpy())
    blocked = sum(domains.find(url, listed) > 0 for url in asked)
    own, seen = measure.status_mb("RssAnon") - before, measure.mapped_mb(folder)
    return {
        "own_mb": round(own, 1),
        "mapped_mb": seen,
        "blocked": blocked,
        "ns_a_url": measure.spread(
            [_ns_each(lambda url: domains.find(url, listed), asked) for _ in range(ROUNDS)], 0
        ),
        "ns_a_lookup": measure.spread([_ns_each(listed.flags, names) for _ in range(ROUNDS)], 0),
    }


def text_sets() -> dict[str, Any]:
    """The same list as a set of strings, as datatrove holds it."""
    item = _source()
    before, began = measure.status_mb("RssAnon"), time.perf_counter()
    held = {line for _, lines in lists.chunks(item) for line in lines.decode().splitlines()}
    return {
        "entries": len(held),
        "own_mb": round(measure.status_mb("RssAnon") - before, 1),
        "wall_s": round(time.perf_counter() - began, 2),
    }


def _source() -> Input:
    found = lists.locate(lists.DATATROVE)
    if found is None:
        raise RuntimeError("no block list")
    return found


def addresses(count: int) -> list[str]:
    """Made-up URLs; every thousandth lies on a listed domain."""
    tops = ("fi", "de", "example", "com", "org")
    return [
        f"https://www.site{n}.{'0-porno.com' if n % 1000 == 0 else tops[n % 5]}/path/{n}.html"
        for n in range(count)
    ]


def _ns_each(function: Callable[[str], object], given: list[str]) -> float:
    """CPU time of a call."""
    began = time.process_time()
    for one in given:
        function(one)
    return (time.process_time() - began) / len(given) * 1e9


def main() -> int:
    """Measure each part in a process of its own, and print JSON."""
    options = measure.parser("bench_lists", __doc__ or "")
    options.add_argument("--urls", type=int, default=100_000)
    given = options.parse_args()
    fresh = multiprocessing.get_context("spawn")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="weir-lists-") as made:
        folder = str(Path(made).resolve())
        parts: list[tuple[str, Callable[..., dict[str, Any]], tuple[Any, ...]]] = [
            ("build", build, (folder,)),
            ("mapped", mapped, (folder, given.urls)),
            ("text_sets", text_sets, ()),
        ]
        for name, function, arguments in parts:
            with fresh.Pool(1) as pool:
                found[name] = pool.apply(function, arguments)
    return measure.finish("bench_lists", found, given.check)


if __name__ == "__main__":
    sys.exit(main())
