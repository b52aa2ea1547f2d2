"""A snapshot after a released one: what it costs, as the released one grows.

One corpus of made-up documents (benchmarks/synthetic.py) is cut in two: its last ones are snapshot
B, and the first so many of the others, for each size, snapshot A. Clusters have members all over
the corpus, so the larger A is, the more documents B shares with it. A goes through the real steps
and is released; then the steps of B are timed, up to its own release, by one worker in one process.

`bytes_read` is what the kernel handed to read calls: what is read through a mapping (narrow tables
of the run itself) is not in it. The cost of B is fitted as a constant and a part in proportion to
A's keys, which step `pair` reads once, in order.
"""

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq

from audit import index
from benchmarks import measure, synthetic, synthetic_run
from benchmarks.bench_scale import MEGABYTE, apart
from pipeline import config, dataset, plan, storage
from pipeline.manifest import Manifest
from pipeline.steps import Work
from stages import schema

SIZES = (100_000, 300_000, 1_000_000)
LATER = 50_000
SHARD = synthetic_run.SHARD_ROWS
GIVEN = ("prepare", "extract")
KEYS = "pair"
"""The step that reads the keys of what is published."""


@dataclass(frozen=True, slots=True)
class Options:
    """Where, of what, and into how many shards snapshot B is cut off."""

    work: Path
    corpus: synthetic.Corpus
    later: int

    @property
    def source(self) -> Path:
        """The folder of all documents, as step `extract` leaves them."""
        return self.work / f"source-{self.corpus.documents}"

    def resolved(self) -> config.Run:
        """The default run without a block list."""
        return config.load("europe", ["gate.block_list=null", "name=incremental"]).run


def generate(options: Options) -> float:
    """Make the documents of both snapshots; seconds."""
    began = time.perf_counter()
    synthetic_run.build(options.source, options.corpus, options.resolved(), workers=2)
    return round(time.perf_counter() - began, 1)


def _begun(options: Options, run: Path, shards: slice) -> plan.Made:
    """A run's folder with some of the shards, linked; the manifests of what is given."""
    shutil.rmtree(run, ignore_errors=True)
    made = synthetic_run.build(options.source, options.corpus, options.resolved(), workers=1)
    made["extract"] = made["extract"][shards]
    for one in (one for step in GIVEN for one in made[step]):
        for output in one.outputs:
            storage.adopt(options.source / output.path, run / output.path)
    return made


def _performed(options: Options, run: Path, home: Path, snapshot: str, shards: slice) -> Any:
    """Every step from `band` on and the release, measured; what each took, read and left."""
    made, settings = _begun(options, run, shards), options.resolved()
    seen = dataset.read(home)
    drawn = replace(synthetic_run.planned(options.corpus, settings), index=seen)
    work = Work(str(run), settings.model_dump_json(), synthetic_run.SNAPSHOT)
    sampler, process = measure.Sampler(os.getpid()), psutil.Process()
    sampler.start()
    found = []
    for step in (step for step in plan.STEPS if step.name not in GIVEN):
        sampler.lap()
        wall, cpu = time.perf_counter(), sampler.cpu_s()
        read = process.io_counters().read_chars
        made[step.name] = [work(task) for task in drawn.tasks(step, made)]
        found.append(
            {
                "step": step.name,
                "wall_s": round(time.perf_counter() - wall, 2),
                "cpu_s": round(sampler.cpu_s() - cpu, 2),
                "bytes_read": process.io_counters().read_chars - read,
                "bytes_written": sum(o.bytes for m in made[step.name] for o in m.outputs),
                "peak_rss_mb": round(sampler.lap()[0] / MEGABYTE, 1),
                "counts": _counts(made[step.name]),
            }
        )
    began = time.perf_counter()
    dataset.release(seen, run, snapshot, made["compact"], made["index"])
    sampler.finish()
    measure.say(f"{snapshot}: " + ", ".join(f"{s['step']} {s['wall_s']}" for s in found))
    return {"steps": found, "release_wall_s": round(time.perf_counter() - began, 3)}


def _counts(made: Sequence[Manifest]) -> dict[str, int]:
    wanted = ("pairs.candidate", "pairs.verified", "documents.kept", "documents.rejected")
    counts: Counter[str] = Counter()
    for one in made:
        for _, metric, _, count in one.counts:
            if metric in wanted:
                counts[metric] += count
    return dict(counts)


def _first(options: Options, documents: int, run: Path, home: Path) -> dict[str, Any]:
    found = _performed(options, run, home, "A", slice(0, documents // SHARD))
    return {"wall_s": round(sum(s["wall_s"] for s in found["steps"]), 1)}


def _second(options: Options, run: Path, home: Path) -> dict[str, Any]:
    first = (options.corpus.documents - options.later) // SHARD
    measured: dict[str, Any] = _performed(options, run, home, "B", slice(first, None))
    return measured


def _digests(run: Path) -> dict[str, str]:
    """SHA-256 of a run's published files."""
    return {str(p): storage.file_digest(p) for p in sorted((run / "corpus").rglob("*.parquet"))}


def _sequential_mb_s(home: Path) -> float:
    """Megabytes a second of the index's keys, read and decoded, in order, and nothing else."""
    files = [home / file.path for part in dataset.read(home).parts for file in part.keys]
    began = time.perf_counter()
    for path in files:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group)
    size = sum(path.stat().st_size for path in files)
    return round(size / MEGABYTE / (time.perf_counter() - began), 1)


def one_size(options: Options, documents: int) -> dict[str, Any]:
    """Release A of so many documents, then B after it; what B cost."""
    root = options.work / f"a-{documents}"
    shutil.rmtree(root, ignore_errors=True)
    runs, home = (root / "a", root / "b"), root / "dataset"
    first = apart(_first, options, documents, runs[0], home)
    before, told = _digests(runs[0]), index.info(home)["total"]
    keys = dataset.read(home).parts[0].keys
    second = apart(_second, options, runs[1], home)
    compaction = time.perf_counter()
    index.compact(home)
    compaction = time.perf_counter() - compaction
    by_step = {step["step"]: step for step in second["steps"]}
    result = {
        "documents": documents,
        "first_wall_s": first["wall_s"],
        "published": told["documents"],
        "key_rows": told["keys"],
        "key_bytes": sum(file.bytes for file in keys),
        "steps": second["steps"],
        "release_wall_s": second["release_wall_s"],
        "total": _sums(second["steps"]),
        "without_keys": _sums([s for s in second["steps"] if s["step"] != KEYS]),
        "keys": _sums([by_step[KEYS]]),
        "sequential_read_mb_s": apart(_sequential_mb_s, home),
        "compaction_wall_s": round(compaction, 2),
        "removed_for_a": _removed_for(runs),
        "changed_files_of_a": sum(_digests(runs[0]).get(p) != d for p, d in before.items()),
    }
    shutil.rmtree(root)
    return result


def _sums(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        **{
            name: round(sum(step[name] for step in steps), 2)
            for name in ("wall_s", "cpu_s", "bytes_read", "bytes_written")
        },
        "peak_rss_mb": max(step["peak_rss_mb"] for step in steps),
    }


def _removed_for(runs: tuple[Path, Path]) -> int:
    """Documents of B that were removed in favour of a published one."""
    published = {
        doc_id
        for path in (runs[0] / "corpus").rglob("*.parquet")
        for doc_id in pq.read_table(path, columns=["doc_id"], partitioning=None)[0].to_pylist()
    }
    keepers = [
        keeper
        for path in (runs[1] / schema.DECISIONS.name).glob("*.parquet")
        for keeper in pq.read_table(path, columns=["keeper_id"], partitioning=None)[0].to_pylist()
    ]
    return sum(keeper in published for keeper in keepers)


def growth(sizes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How B's cost grows with A, by least squares over the sizes, and from the least to the most.

    `keys_mb_s` are megabytes of A's keys for each second that they add to step `pair`, `bytes` the
    bytes that it reads for each byte of them. `without_keys` is the rest: it grows with what the
    snapshots share, not with A.
    """
    if len(sizes) < 2:
        return {}
    keys = np.array([size["key_bytes"] for size in sizes], float)

    def slope(part: str, cost: str) -> tuple[float, float]:
        values = np.array([size[part][cost] for size in sizes], float)
        a, b = np.polyfit(keys, values, 1)
        return float(a), float(b)

    cpu, constant = slope("keys", "cpu_s")
    small, large = sizes[0], sizes[-1]
    return {
        "keys_mb_s": round(1 / max(cpu, 1e-12) / MEGABYTE, 1),
        "keys_bytes_read_per_byte": round(slope("keys", "bytes_read")[0], 3),
        "pair_constant_cpu_s": round(constant, 2),
        "documents_ratio": round(large["documents"] / small["documents"], 1),
        **{
            f"{part}_ratio": round(large[part]["cpu_s"] / max(small[part]["cpu_s"], 0.01), 3)
            for part in ("total", "keys", "without_keys")
        },
        "peak_rss_ratio": round(large["total"]["peak_rss_mb"] / small["total"]["peak_rss_mb"], 3),
    }


def main() -> int:
    """Generate, measure each size, fit, print."""
    parser = measure.parser("bench_incremental", (__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, nargs="+", default=SIZES, help="sizes of A")
    parser.add_argument("--later", type=int, default=LATER, help="documents of B")
    parser.add_argument("--work", type=Path, required=True, help="folder; about 4 kB a document")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chars", type=int, default=1000, help="of a text, in the mean")
    given = parser.parse_args()
    wrong = [n for n in (*given.documents, given.later) if n % SHARD]
    if wrong:
        parser.error(f"{wrong[0]} is no multiple of {SHARD}, the documents of a shard")
    documents = max(given.documents) + given.later
    corpus = synthetic.Corpus(documents, given.seed, given.chars)
    options = Options(given.work.resolve(), corpus, given.later)
    options.work.mkdir(parents=True, exist_ok=True)
    generated = apart(generate, options)
    measure.say(f"{documents} documents made in {generated} s")
    sizes = [one_size(options, count) for count in sorted(set(given.documents))]
    result = {
        "parameters": {"later": given.later, "corpus": asdict(corpus)},
        "generated_s": generated,
        "sizes": {str(size["documents"]): size for size in sizes},
        "growth": growth(sizes),
        "changed_files_of_a": sum(size["changed_files_of_a"] for size in sizes),
    }
    return measure.finish("bench_incremental", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
