"""Our own run: cost by step, by stage within step extract, pages a second, and memory.

Steps: a whole run (`europe`, local executor, one worker, one core), from its manifests' timings.
Stages: the stages of step extract once more, in this process, each with its own CPU time; what the
run does in the killable child (survey, extract) is called directly, with the garbage collector
off as it is there, so pipes and message packing are left out, and show as the difference.
"""

import gc
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import measure
from pipeline import config, manifest, shards, steps, storage
from stages import base, parse, read, schema


class _Inline:
    """A guard that calls the parsers in this process and times each function."""

    def __init__(self, cpu_s: Counter[str]) -> None:
        self._cpu_s = cpu_s

    def call(self, function: str, *arguments: object) -> dict[str, Any]:
        """The function's result, as it is after crossing a process boundary."""
        began = time.process_time()
        found = getattr(parse, function)(*arguments)
        self._cpu_s[f"parse.{function}"] += time.process_time() - began  # type: ignore[assignment]
        packed = msgpack.packb(found, unicode_errors="replace")
        result: dict[str, Any] = msgpack.unpackb(packed, strict_map_key=False)
        return result

    def answers(self, function: str, asked: Iterable[Sequence[object]]) -> Iterator[dict[str, Any]]:
        """One by one."""
        return (self.call(function, *arguments) for arguments in asked)


def stage_times(warc: Path) -> tuple[dict[str, float], int]:
    """Milliseconds of CPU for each extracted page by stage, and the number of those pages."""
    settings = config.load("europe", [f"inputs=[{warc}]"]).run
    cpu: Counter[str] = Counter()

    def timed(name: str, began: float, parsed_before: float) -> None:
        parsed = sum(v for k, v in cpu.items() if k.startswith("parse.")) - parsed_before
        cpu[name] += time.process_time() - began - parsed  # type: ignore[assignment]

    def parsed() -> float:
        return sum(v for k, v in cpu.items() if k.startswith("parse."))

    with tempfile.TemporaryDirectory(prefix="weir-stages-") as name:
        began = time.process_time()
        tools = base.Tools(_Inline(cpu), {"block_list": schema.BLOCK_LIST.schema.empty_table()})
        stages = steps.extract_stages(settings)
        workers = [(stage.name, stage.open(tools)) for stage in stages]
        timed("open", began, 0.0)
        tables = (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES)
        writers = [shards.Writer(Path(name), f"{t.name}/0.parquet", t) for t in tables]
        rows = shards.Sorted(Path(name), writers)
        found = read.records(
            partial(storage.open_at, str(warc)), warc.name, settings.read.max_record_bytes
        )
        batches = read.batches(found, "bench", warc.name, {}, None)
        gc.collect()
        gc.freeze()
        gc.disable()
        pages = 0
        while True:
            began = time.process_time()
            live = next(batches, None)
            timed("read", began, parsed())
            if live is None:
                break
            (first, unpack), *others = workers
            parts = base.unpacked(live, unpack)
            while True:
                began, before = time.process_time(), parsed()
                part = next(parts, None)
                timed(first, began, before)
                if part is None:
                    break
                live = part[0]
                for stage, worker in others:
                    began, before = time.process_time(), parsed()
                    live, _ = base.advance(live, worker)
                    timed(stage, began, before)
                began = time.process_time()
                if live.num_rows and "text" in live.schema.names:
                    rows.add(pa.Table.from_batches([live]))
                    pages += live.num_rows
                timed("write", began, parsed())
            gc.collect()
        gc.enable()
        began = time.process_time()
        rows.commit()
        timed("write", began, parsed())
    return {name: round(s * 1e3 / pages, 3) for name, s in cpu.items()}, pages


def step_times(out: Path) -> dict[str, Any]:
    """Tasks, wall and CPU time and most memory of each step, from the run's manifests."""
    found: dict[str, dict[str, Any]] = {}
    for made in manifest.every(out):
        step = found.setdefault(
            made.step, {"tasks": 0, "wall_s": 0.0, "cpu_s": 0.0, "rss_mb_after": 0.0}
        )
        step["tasks"] += 1
        step["wall_s"] = round(step["wall_s"] + made.timing["wall_s"], 3)
        step["cpu_s"] = round(step["cpu_s"] + made.timing["cpu_s"], 3)
        step["rss_mb_after"] = max(step["rss_mb_after"], made.timing["rss_mb"])
    order = [name for name in steps.STEPS if name in found]
    return {name: found[name] for name in order}


def run(warc: Path, out: Path, core: int) -> tuple[measure.Cost, int, int]:
    """A whole run: cost, responses read, pages extracted."""
    arguments = ("run", "europe", "--input", str(warc), "--output", str(out), "--workers", "1")
    cost = measure.run(measure.command(*arguments, "--progress", "none", "--json"), core)
    outcomes: list[str] = []
    for path in (out / "records").glob("*.parquet"):
        outcomes += pq.read_table(path, columns=["outcome"], partitioning=None)[0].to_pylist()
    return cost, len(outcomes), outcomes.count(schema.PASS)


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_bulk", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--no-stages", action="store_true", help="leave the stages out")
    given = options.parse_args()
    costs: list[measure.Cost] = []
    for number in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="weir-bulk-") as name:
            out = Path(name) / "run"
            cost, responses, pages = run(given.warc.resolve(), out, given.core)
            costs.append(cost)
            by_step = step_times(out)
        measure.say(f"run {number + 1}/{given.rounds}: {cost.cpu_s:.1f} s CPU, {cost.wall_s:.1f} s")
    in_tasks = sum(step["cpu_s"] for step in by_step.values())
    result: dict[str, Any] = {
        "parameters": {"warc": given.warc.name, "rounds": given.rounds, "core": given.core},
        "responses": responses,
        "pages_extracted": pages,
        "cpu_s": measure.spread([c.cpu_s for c in costs]),
        "ms_cpu_per_extracted_page": measure.spread([c.cpu_s * 1e3 / pages for c in costs]),
        "responses_per_s": measure.spread([responses / c.wall_s for c in costs], 1),
        "peak_rss_mb": measure.spread([c.peak_rss_mb for c in costs], 0),
        "peak_pss_mb": measure.spread([c.peak_pss_mb for c in costs], 0),
        "last_run": {
            "steps": by_step,
            "cpu_s_outside_tasks_and_in_living_children": round(costs[-1].cpu_s - in_tasks, 2),
        },
    }
    if not given.no_stages:
        os.sched_setaffinity(0, {given.core})
        result["stages_ms_cpu_per_extracted_page"], _ = stage_times(given.warc.resolve())
    return measure.finish("bench_bulk", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
