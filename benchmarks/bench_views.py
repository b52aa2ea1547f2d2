"""The workbench's engine on five million documents, and a trace among twenty million records.

A small run is made from the samples. Made-up arrays take the place of one of its languages: every
rule that the run has, and other catalogued signals up to `--signals`, correlated as real ones are
(`bench_whatif`), each failing three documents in a hundred under the run's own bounds, the first
fifteen. They are written as views are, then loaded and moved in a process of its own. Moves build
on each other: each gives one rule a bound at a random quantile, while the others stay moved.

The ledger is that of a run with as many records as asked for, a tenth of them documents, every
third kept: shards, decisions and corpus are real files, read for each trace.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit import judged, language_view, views
from audit.runs import Run
from audit.tuning import Session
from benchmarks import measure
from benchmarks.bench_whatif import signals
from filters import rules
from filters.rules import Bound, RuleSet
from filters.text import mix

TAG = "fin_Latn"
CHUNK = 250_000


def fitted(column: NDArray[np.float32], bound: Bound | None, share: float) -> NDArray[np.float32]:
    """Values between 0 and 1 bent so that about a share of them breaks the bound."""
    if bound is None:
        return column
    limit = float(bound.max if bound.max is not None else bound.min or 0.0)
    at = float(np.quantile(column[:100_000], 1 - share if bound.max is not None else share))
    if 0 < limit < 1:
        return column ** np.float32(np.log(limit) / np.log(at))
    return column * np.float32(limit / at)


def masks_of(compiled: RuleSet, columns: list[NDArray[np.float32]]) -> NDArray[np.uint64]:
    """Failed rules of each document."""
    made = np.zeros(columns[0].size, np.uint64)
    for at, column in enumerate(columns):
        low, high = (np.float32(side[0, at]) for side in (compiled.lo, compiled.hi))
        made |= rules.fails(column, low, high).astype(np.uint64) << np.uint64(at)
    return made


def write_view(run: Run, documents: int, count: int, path: Path, stamp: str) -> float:
    """Make the view; seconds that writing took."""
    rng = np.random.default_rng(1)
    names = language_view.signal_names(run)[:count]
    bounds = run.bounds(TAG)
    head = mix(np.arange(documents, dtype=np.uint64) + np.uint64(1))
    columns = [
        fitted(column, bounds.get(name), 0.03 if at else 0.15)
        for at, (name, column) in enumerate(
            zip(names, signals(len(names), documents, rng), strict=True)
        )
    ]
    masks = masks_of(judged.compiled(run, TAG, names), columns)
    removed = rng.random(documents) < 0.1
    made: dict[str, NDArray[Any]] = {
        "masks": masks,
        "removed": removed.view(np.uint8),
        "kept": ((masks == 0) & ~removed).view(np.uint8),
        "reason": np.zeros(documents, np.uint16),
        **{language_view.SIGNAL + n: c for n, c in zip(names, columns, strict=True)},
        language_view.WEIGHT + "characters": rng.integers(100, 20_000, documents),
        language_view.WEIGHT + "words": rng.integers(20, 4_000, documents),
        "host": mix(rng.integers(0, documents // 20 + 1, documents).astype(np.uint64)),
        "head": head,
        "tail": mix(head),
        "shard": np.zeros(documents, np.uint32),
        "row": np.arange(documents, dtype=np.uint32),
    }
    began = time.perf_counter()
    with language_view.Columns(path) as columns_on_disk:
        for start in range(0, documents, CHUNK):
            part = {name: column[start : start + CHUNK] for name, column in made.items()}
            columns_on_disk.add(part)
        order = np.lexsort((made["tail"], head))
        notes = language_view.Notes(TAG, documents, names, ("",), run.rules)
        columns_on_disk.commit(order, stamp, notes)
    return time.perf_counter() - began


def timed(work: Callable[[], object], times: int = 1) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) * 1e3)
    return found


def peak_mb() -> float:
    """Most resident memory of this process; `ru_maxrss` would count what it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def tail_ms(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest, in milliseconds."""
    return {
        "p50": round(float(np.median(values)), 1),
        "p95": round(float(np.quantile(values, 0.95)), 1),
        "max": round(max(values), 1),
        "n": len(values),
    }


def bounds_at_random(session: Session, rng: np.random.Generator, count: int) -> Iterator[Bound]:
    """Bounds at random quantiles of random rules, on the side that the rule has."""
    tried = [rule["name"] for rule in session.rules if rule["what_if"]]
    for _ in range(count):
        name = tried[int(rng.integers(len(tried)))]
        bound = session.bounds.get(name, Bound(name, max=1.0))
        share = float(rng.uniform(0, 0.2))
        some = session.view.values[name][:100_000]
        if bound.max is not None:
            value = float(np.quantile(some, 1 - share))
            yield Bound(name, None if bound.min is None else min(bound.min, value), value)
        else:
            yield Bound(name, float(np.quantile(some, share)), None)


def measured(run_path: Path, moves: int) -> dict[str, Any]:
    """All times of the workbench, in this process."""
    opening = timed(lambda: Run(run_path).digest)
    run = Run(run_path)
    began = time.perf_counter()
    session = Session(run, views.opened(run), TAG)
    session.counts({})
    load_s = time.perf_counter() - began
    rng = np.random.default_rng(7)
    state: dict[str, Bound] = {}
    times: dict[str, list[float]] = {"counts": [], "curve": [], "margin": []}
    cpu: dict[str, list[float]] = {name: [] for name in times}
    session.curve("word_count", {})  # compiled before it is measured
    session.queue("margin", {}, "word_count")
    for bound in bounds_at_random(session, rng, moves):
        state[bound.signal] = bound
        name = bound.signal
        asked: dict[str, Callable[[], object]] = {
            "counts": lambda: session.counts(state),
            "curve": lambda name=name: session.curve(name, state),
            "margin": lambda name=name: session.queue("margin", state, name),
        }
        for kind, work in asked.items():
            cpu_began = time.process_time()
            times[kind] += timed(work)
            cpu[kind].append((time.process_time() - cpu_began) * 1e3)
    resets = timed(lambda: session.counts({}))
    others = {
        kind: tail_ms(timed(lambda kind=kind: session.queue(kind, state, "word_count"), 10))
        for kind in ("only", "random_kept", "random_dropped", "flips")
    }
    sampled = timed(
        lambda: session.queue("random_kept", {}, n=200, seed=int(rng.integers(1 << 30))), 10
    )
    return {
        "documents": session.documents,
        "rules": len(session.view.names),
        "open_run_ms": round(opening[0], 1),
        "load_s": round(load_s, 2),
        **{f"{kind}_ms": tail_ms(found) for kind, found in times.items()},
        "cpu_ms": {kind: tail_ms(found) for kind, found in cpu.items()},
        "all_back_ms": round(resets[0], 1),
        "queues_ms": others,
        "sample_200_ms": tail_ms(sampled),
        "peak_rss_mb": round(peak_mb()),
    }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_views", __doc__.splitlines()[0])
    options.add_argument("--documents", type=int, default=5_000_000)
    options.add_argument("--signals", type=int, default=45)
    options.add_argument("--records", type=int, default=20_000_000)
    options.add_argument("--moves", type=int, default=50)
    options.add_argument("--work", type=Path, help="folder for what is made; kept")
    options.add_argument("--measure", type=Path, help="a run to measure, in this process")
    given = options.parse_args()
    if given.measure:
        sys.stdout.write(json.dumps(measured(given.measure, given.moves)))
        return 0
    work = given.work or Path(tempfile.mkdtemp(prefix="weir-views-"))
    try:
        result = made_and_measured(work, given)
    finally:
        if given.work is None:
            shutil.rmtree(work)
    return measure.finish("bench_views", result, given.check)


def made_and_measured(work: Path, given: Any) -> dict[str, Any]:
    """The benchmark's numbers."""
    run_path = work / "run"
    if not (run_path / "run.json").exists():
        measure.say("a small run")
        measure.run(measure.command("demo", "--output", str(run_path)))
    run = Run(run_path)
    made = views.opened(run)
    measure.say(f"a view of {given.documents:,} documents")
    path = made.folder / "languages" / f"{TAG}.arrow"
    write_s = write_view(run, given.documents, given.signals, path, made.stamp)
    measure.say("moves")
    command = [sys.executable, "-m", "benchmarks.bench_views", "--measure", str(run_path)]

    out = subprocess.run(
        [*command, "--moves", str(given.moves)],
        check=True,
        capture_output=True,
        text=True,
        cwd=measure.REPOSITORY,
        env={**os.environ},
    )
    return {
        "workbench": {
            "write_s": round(write_s, 1),
            "file_mb": round(path.stat().st_size / 2**20),
            **json.loads(out.stdout),
        }
    }


if __name__ == "__main__":
    sys.exit(main())
