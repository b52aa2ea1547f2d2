"""What Ray costs over processes of this machine, on tasks of a known length.

Each task keeps a core busy for so many seconds of its processor time. The same tasks run by turns
on both executors (`local`, `ray`), each with as many workers as there are cores; the ratio is that
of the pair, the order within a pair alternates. Start and end of the executors are measured apart,
with the memory of all that was started beside this process, at rest.
"""

import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import psutil

from benchmarks import measure
from pipeline import executor
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest

KINDS = ("local", "ray")


def busy(task: Task) -> Manifest:
    """Use up the task's seconds of processor time."""
    began = time.process_time()
    while time.process_time() - began < task.params["seconds"]:
        sum(range(10_000))
    return Manifest(task.step, task.key, task.name, (), (), Books(0, 0, 0, 0), ())


def once(kind: str, workers: int, seconds: float, each: int) -> dict[str, float]:
    """Times of one run of `each` tasks a worker, after a short one for each to start it."""
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    began = time.perf_counter()
    made = executor.make(kind, workers, None, ())
    run(made, workers, 0.1)
    started = time.perf_counter()
    run(made, workers * each, seconds)
    ended = time.perf_counter()
    beside = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    memory = sum(p.memory_info().rss for p in beside) / 1e6
    made.close()
    closed = time.perf_counter()
    return {
        "start_s": started - began,
        "run_s": ended - started,
        "close_s": closed - ended,
        "beside_mb": memory,
    }


def run(made: executor.Executor, count: int, seconds: float) -> None:
    """Run so many tasks; RuntimeError if one of them failed."""
    tasks = [Task("busy", f"{n}", f"{n}", {"seconds": seconds}) for n in range(count)]
    if any(outcome.manifest is None for outcome in made.run(busy, tasks)):
        raise RuntimeError("a task failed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; prints one JSON object."""
    parser = measure.parser("bench_ray", __doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 60.0])
    parser.add_argument("--tasks", type=int, default=2, help="for each worker")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=psutil.cpu_count())
    args = parser.parse_args(arguments)
    result: dict[str, Any] = {"workers": args.workers, "tasks": args.tasks, "pairs": args.pairs}
    for seconds in args.seconds:
        found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
        for number in range(args.pairs):
            for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
                found[kind].append(once(kind, args.workers, seconds, args.tasks))
                measure.say(f"{seconds:g} s {kind}: {found[kind][-1]}")
        pairs = zip(found["ray"], found["local"], strict=True)
        ratios = sorted(ray["run_s"] / local["run_s"] for ray, local in pairs)
        result[f"{seconds:g}"] = {
            "overhead": round(statistics.median(ratios) - 1, 4),
            "ratios": [round(ratio, 4) for ratio in ratios],
            **{
                kind: {
                    name: round(statistics.median(one[name] for one in found[kind]), 2)
                    for name in found[kind][0]
                }
                for kind in KINDS
            },
        }
    return measure.finish("bench_ray", result, args.check)


if __name__ == "__main__":
    sys.exit(main())
