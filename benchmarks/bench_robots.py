"""robots.txt of millions of hosts: making the tables, and what a task needs of them.

Hosts are made up; half of their files are one of a few hundred, as those of one content system
are, the rest each their own, and a tenth redirects. A task asks for 30,000 URLs on 20,000 hosts.
Beside it the layout of before: one Parquet table that every task loads.
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import measure
from filters import robots
from pipeline import config, site_tables
from pipeline.context import Context
from pipeline.executor import Task
from pipeline.manifest import Output
from stages import prepare

ROUNDS = 5
COMMON = 300
TASKS = 8


def files(first: int, last: int) -> Iterator[prepare.Fetched]:
    """Fetches of hosts [first, last)."""
    common = [_rules(f"common{n}", 30) for n in range(COMMON)]
    for n in range(first, last):
        url = f"https://www.site{n}.example/robots.txt"
        if n % 10 == 0:
            target = f"https://www.site{n + 1}.example/robots.txt"
            yield prepare.Fetched(url, "redirect", "2026-01-12T00:00:00Z", target)
        else:
            content = common[n % COMMON] if n % 2 else _rules(f"own{n}", 12)
            yield prepare.Fetched(
                url, "rules", "2026-01-12T00:00:00Z", None, content, n.to_bytes(32, "big")
            )


def _rules(name: str, count: int) -> str:
    lines = tuple(robots.Rule(False, f"/{name}/{number}/private/") for number in range(count))
    return robots.Robots("rules", (robots.Group(("*",), lines),)).to_json()


def build(folder: str, hosts: int) -> dict[str, Any]:
    """Eight tasks' rows, then their parts; time and memory of it."""
    run, settings = Path(folder), config.load("europe").run
    made: list[list[Output]] = []
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(TASKS):
        bounds = number * hosts // TASKS, (number + 1) * hosts // TASKS
        task = Task("prepare", f"{number:064d}", f"robots-{number:05d}", {})
        made.append(site_tables.write(Context(run, settings, "s", task), files(*bounds)))
    prepared = time.perf_counter() - began
    for first, last in site_tables.ranges(sum(outputs[0].rows for outputs in made)):
        params = {
            outputs[at].table: [site_tables.groups(o[at])(first, last) for o in made]
            for outputs in made[:1]
            for at in (0, 1)
        }
        task = Task("collate", "0" * 64, f"robots-{first:02d}", params)
        site_tables.collate(Context(run, settings, "s", task))
    size = sum(p.stat().st_size for p in run.glob("site_*/*.arrow"))
    return {
        "hosts": hosts,
        "parts": len(site_tables.ranges(hosts)),
        "bytes": size,
        "prepare_wall_s": round(prepared, 1),
        "wall_s": round(time.perf_counter() - began, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "peak_rss_mb": round(measure.status_mb("VmHWM"), 1),
    }


def mapped(folder: str, hosts: int, urls: int) -> dict[str, Any]:
    """A task's view: what it opens, looks up and parses, and the memory of its own."""
    before, run = measure.status_mb("RssAnon"), Path(folder)
    asked = addresses(hosts, urls)
    names = sorted(p.name for p in (run / "site_files").glob("*.arrow"))
    firsts = [int(name.split("-")[1]) for name in names]
    entries = [
        [first, last, f"site_files/{name}", f"site_contents/{name}"]
        for first, last, name in zip(firsts, [*firsts[1:], prepare.BUCKETS], names, strict=True)
    ]
    walls, cpus = [], []
    for _ in range(ROUNDS):
        began, cpu = time.perf_counter(), time.process_time()
        table = site_tables.opened(run, entries)
        found = [table.robots(url) for url in asked]
        ruled = {one.content for one in found if one.content}
        for content in ruled:
            robots.Robots.from_json(content)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    return {
        "urls": urls,
        "distinct_rules": len(ruled),
        "cpu_s": measure.spread(cpus, 3),
        "wall_s": measure.spread(walls, 3),
        "own_mb": round(measure.status_mb("RssAnon") - before, 1),
        "mapped_mb": measure.mapped_mb(folder),
    }


def write_loaded(folder: str, hosts: int) -> dict[str, Any]:
    """The layout of before: a row a host with its rules as JSON."""
    columns = pa.schema([("key", pa.uint64()), ("host", pa.string()), ("rules", pa.large_string())])
    path = Path(folder) / "robots.parquet"
    with pq.ParquetWriter(path, columns, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for n, one in enumerate(files(0, hosts)):
            rows.append({"key": n, "host": f"www.site{n}.example", "rules": one.content})
            if len(rows) == 100_000 or n == hosts - 1:
                writer.write_table(pa.Table.from_pylist(rows, schema=columns))
                rows = []
    return {"bytes": path.stat().st_size}


def loaded(folder: str) -> dict[str, Any]:
    """What every task did: load it all."""
    before, began = measure.status_mb("RssAnon"), time.perf_counter()
    table = pq.read_table(Path(folder) / "robots.parquet", memory_map=True)
    return {
        "rows": table.num_rows,
        "wall_s": round(time.perf_counter() - began, 2),
        "own_mb": round(measure.status_mb("RssAnon") - before, 1),
    }


def addresses(hosts: int, count: int) -> list[str]:
    """URLs spread over the hosts, three for two hosts; some hosts are not in the table."""
    step = max(1, hosts * 3 // (count * 2) - 1)
    return [f"https://www.site{n * 2 // 3 * step}.example/page/{n}.html" for n in range(count)]


def main() -> int:
    """Measure each part in a process of its own, and print JSON."""
    options = measure.parser("bench_robots", __doc__ or "")
    options.add_argument("--hosts", type=int, default=1_000_000)
    options.add_argument("--urls", type=int, default=30_000)
    given = options.parse_args()
    fresh = multiprocessing.get_context("spawn")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="weir-robots-") as made:
        folder = str(Path(made).resolve())
        parts: list[tuple[str, Callable[..., dict[str, Any]], tuple[Any, ...]]] = [
            ("build", build, (folder, given.hosts)),
            ("mapped", mapped, (folder, given.hosts, given.urls)),
            ("write_loaded", write_loaded, (folder, given.hosts)),
            ("loaded", loaded, (folder,)),
        ]
        for name, function, arguments in parts:
            with fresh.Pool(1) as pool:
                found[name] = pool.apply(function, arguments)
    return measure.finish("bench_robots", found, given.check)


if __name__ == "__main__":
    sys.exit(main())
