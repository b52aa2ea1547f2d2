"""Deduplication of made-up documents (benchmarks/synthetic.py) at growing numbers.

Makes a run's folder as step `extract` leaves it, or takes up the one in the work folder, then does
and times the real steps after it, up to `resolve`, with the local executor: wall time, CPU time of
the process tree, its peak memory, bytes and rows written. Between the sizes the exponent of cost is
fitted. Then clusters are drawn from the truth and compared by exact Jaccard similarity.

`peak_rss_mb` counts mapped files with the memory; `peak_own_mb` leaves pages of files out, which
the kernel takes back when it needs to. Each size has a process of its own.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks import measure, synthetic, synthetic_run
from benchmarks.scale_truth import LAST, LAST_OF_CLUSTERING, judged
from pipeline import config, executor, manifest, plan
from pipeline.executor import Executor
from pipeline.manifest import Manifest
from pipeline.steps import Work

SIZES = (1_000_000, 3_000_000, 10_000_000)
MEGABYTE = 1 << 20
GIVEN = [step.name for step in plan.STEPS].index("extract") + 1
"""Steps that the generator stands for: those up to `extract`."""

COSTS = ("wall_s", "cpu_s")
LEAST_S = 0.01
WARM_DOCUMENTS = 20_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What one size is measured with."""

    work: Path
    workers: int
    settings: tuple[str, ...]
    until: str

    def resolved(self) -> config.Run:
        """The default run without a block list, with the settings of the command line."""
        fixed = ("gate.block_list=null", "name=synthetic")
        return config.load("europe", [*fixed, *self.settings]).run

    def run_of(self, corpus: synthetic.Corpus) -> Path:
        """The run's folder."""
        return self.work / f"run-{corpus.documents}"

    def truth_of(self, corpus: synthetic.Corpus) -> Path:
        """Each document's cluster, by number."""
        return self.work / f"truth-{corpus.documents}.parquet"


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Call it in a new process, which may have children of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


# The steps


def generate(corpus: synthetic.Corpus, options: Options) -> dict[str, Any]:
    """Make what is missing of the run's folder and of the truth."""
    began, run = time.perf_counter(), options.run_of(corpus)
    made = synthetic_run.build(run, corpus, options.resolved(), options.workers)
    synthetic_run.write_truth(options.truth_of(corpus), corpus)
    return {
        "wall_s": round(time.perf_counter() - began, 1),
        "bytes": _bytes([one for found in made.values() for one in found]),
    }


def timed(corpus: synthetic.Corpus, options: Options) -> list[dict[str, Any]]:
    """Do each step after `extract`, from the beginning; what each took and left."""
    run, settings = options.run_of(corpus), options.resolved()
    _forget(run)
    made = synthetic_run.build(run, corpus, settings, options.workers)
    drawn = synthetic_run.planned(corpus, settings)
    work = Work(str(run), settings.model_dump_json(), drawn.snapshot)
    local = executor.make("local", options.workers, None, [])
    sampler = measure.Sampler(os.getpid())
    sampler.start()
    found = []
    try:
        for step in steps(options.until):
            sampler.lap()
            wall, cpu = time.perf_counter(), sampler.cpu_s()
            made[step.name] = _done(local, work, drawn, step, made)
            wall, cpu = time.perf_counter() - wall, sampler.cpu_s() - cpu
            resident, own = sampler.lap()
            found.append(
                {
                    "step": step.name,
                    "tasks": len(made[step.name]),
                    "wall_s": round(wall, 2),
                    "cpu_s": round(cpu, 2),
                    "peak_rss_mb": round(resident / MEGABYTE, 1),
                    "peak_own_mb": round(own / MEGABYTE, 1),
                    "bytes": _bytes(made[step.name]),
                    "rows": _rows(made[step.name]),
                    "counts": _counts(made[step.name]),
                }
            )
            measure.say(f"{corpus.documents}: {found[-1]}")
    finally:
        sampler.finish()
        local.close()
    return found


def steps(until: str) -> list[plan.Step]:
    """The steps after `extract`, up to one of them."""
    names = [step.name for step in plan.STEPS]
    return list(plan.STEPS[GIVEN : names.index(until) + 1])


def _done(
    local: Executor, work: Work, drawn: plan.Plan, step: plan.Step, made: plan.Made
) -> list[Manifest]:
    """The step's manifests, in the order of its tasks. RuntimeError if a task has none."""
    tasks = drawn.tasks(step, made)
    found: dict[str, Manifest] = {}
    for outcome in local.run(work, tasks):
        if outcome.manifest is None:
            raise RuntimeError(f"{step.name} {outcome.task.name}: {outcome.error}")
        found[outcome.task.key] = outcome.manifest
    return [found[task.key] for task in tasks]


def _forget(run: Path) -> None:
    """Remove what steps after `extract` left here earlier."""
    given = [step.name for step in plan.STEPS[:GIVEN]]
    kept = {
        output.path for step in given for m in manifest.every(run, step) for output in m.outputs
    }
    folders = {path.partition("/")[0] for path in kept} | {"manifests"}
    for folder in run.iterdir() if run.exists() else ():
        if folder.is_dir() and folder.name not in folders:
            shutil.rmtree(folder)
    for folder in (run / "manifests").glob("*"):
        if folder.name not in given:
            shutil.rmtree(folder)


def _bytes(made: Sequence[Manifest]) -> int:
    return sum(output.bytes for one in made for output in one.outputs)


def _rows(made: Sequence[Manifest]) -> dict[str, int]:
    """Rows by table; what stands behind a point tells parts of one table apart."""
    rows: Counter[str] = Counter()
    for one in made:
        for output in one.outputs:
            rows[output.table.partition(".")[0]] += output.rows
    return dict(rows)


def _counts(made: Sequence[Manifest]) -> dict[str, int]:
    """Sums of the counts by metric; of a metric with labels, the sum over them."""
    counts: Counter[str] = Counter()
    for one in made:
        for _, metric, _, count in one.counts:
            counts[metric] += count
    return dict(counts)


def total(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums of times and bytes and the highest peaks of some steps."""
    return {
        "wall_s": round(sum(step["wall_s"] for step in found), 2),
        "cpu_s": round(sum(step["cpu_s"] for step in found), 2),
        "peak_rss_mb": max(step["peak_rss_mb"] for step in found),
        "peak_own_mb": max(step["peak_own_mb"] for step in found),
        "bytes": sum(step["bytes"] for step in found),
    }


# Growth


def exponents(sizes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Slopes of log cost over log documents, by least squares and between neighbouring sizes."""
    if len(sizes) < 2:
        return {}
    documents = np.log([size["documents"] for size in sizes])
    parts = {part: [size[part] for size in sizes] for part in ("clustering", "all")}
    for same in zip(*(size["steps"] for size in sizes), strict=True):
        parts[same[0]["step"]] = list(same)
    return {
        part: {cost: _slope(documents, [each[cost] for each in costs]) for cost in COSTS}
        for part, costs in parts.items()
    }


def _slope(documents: NDArray[np.float64], costs: Sequence[float]) -> dict[str, Any]:
    values = np.log(np.maximum(costs, LEAST_S))
    return {
        "fitted": round(float(np.polyfit(documents, values, 1)[0]), 3),
        "between": np.round(np.diff(values) / np.diff(documents), 3).tolist(),
    }


def one_size(corpus: synthetic.Corpus, options: Options) -> dict[str, Any]:
    """Everything about one number of documents."""
    made = apart(generate, corpus, options)
    measure.say(f"{corpus.documents}: made in {made['wall_s']} s, {made['bytes'] / 1e9:.2f} GB")
    found = apart(timed, corpus, options)
    names = [step["step"] for step in found]
    result = {
        "documents": corpus.documents,
        "generated": made,
        "steps": found,
        "clustering": total(found[: names.index(LAST_OF_CLUSTERING) + 1]),
        "all": total(found),
    }
    return result | {
        "truth": apart(judged, corpus, options.run_of(corpus), options.resolved().cluster)
    }


def _warm(options: Options) -> None:
    """Do all steps once on few documents: numba compiles a loop when a machine first calls it."""
    with tempfile.TemporaryDirectory(prefix="warm-", dir=options.work) as name:
        corpus, there = synthetic.Corpus(WARM_DOCUMENTS), replace(options, work=Path(name))
        apart(generate, corpus, there)
        apart(timed, corpus, there)


def main() -> int:
    """Measure each size, fit, print."""
    parser = measure.parser("bench_scale", (__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=SIZES)
    parser.add_argument("--work", type=Path, required=True, help="folder; about 1 kB a document")
    parser.add_argument("--keep", action="store_true", help="leave the folders of runs in WORK")
    parser.add_argument("--generate", action="store_true", help="only make the folders of runs")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chars", type=int, default=1000, help="of a text, in the mean")
    parser.add_argument("--max-cluster", type=int, default=100_000)
    parser.add_argument("--until", default=LAST, help=f"last step to time (default {LAST})")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the configuration")
    given = parser.parse_args()
    options = Options(given.work.resolve(), given.workers, tuple(given.set), given.until)
    options.work.mkdir(parents=True, exist_ok=True)
    if not given.generate:
        _warm(options)
    sizes: dict[str, dict[str, Any]] = {}
    for documents in sorted(set(given.documents)):
        corpus = synthetic.Corpus(documents, given.seed, given.chars, max_cluster=given.max_cluster)
        if given.generate:
            sizes[str(documents)] = {"generated": apart(generate, corpus, options)}
            continue
        sizes[str(documents)] = one_size(corpus, options)
        if not given.keep:
            shutil.rmtree(options.run_of(corpus))
            options.truth_of(corpus).unlink()
    result = {
        "parameters": {
            "workers": given.workers,
            "until": given.until,
            "settings": given.set,
            "corpus": {k: v for k, v in asdict(corpus).items() if k != "documents"},
        },
        "sizes": sizes,
        "exponents": {} if given.generate else exponents(list(sizes.values())),
    }
    return measure.finish("bench_scale", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
