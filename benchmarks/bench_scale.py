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
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks import measure, synthetic
from filters import minhash
from filters.text import TextView, jaccard, shingle_hashes
from pipeline import config, executor, manifest, plan
from pipeline.executor import Executor
from pipeline.manifest import Manifest
from pipeline.steps import Work
from stages import schema

SIZES = (1_000_000, 3_000_000, 10_000_000)
MEGABYTE = 1 << 20
GIVEN = 2
"""Steps that the generator stands for: `prepare` and `extract`."""
LAST_OF_CLUSTERING, LAST = "cluster", "resolve"
SAMPLED_CLUSTERS = 2000
MAX_SAMPLED_SIZE = 30
"""Of a cluster up to this size all pairs are compared."""
LARGEST = 5
PAIRS_OF_LARGEST = 4000
EDGES = (0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Of the bins of similarity by which recall is told."""

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
    made = synthetic.build(run, corpus, options.resolved(), options.workers)
    synthetic.write_truth(options.truth_of(corpus), corpus)
    return {
        "wall_s": round(time.perf_counter() - began, 1),
        "bytes": _bytes([one for found in made.values() for one in found]),
    }


def timed(corpus: synthetic.Corpus, options: Options) -> list[dict[str, Any]]:
    """Do each step after `extract`, from the beginning; what each took and left."""
    run, settings = options.run_of(corpus), options.resolved()
    _forget(run)
    made = synthetic.build(run, corpus, settings, options.workers)
    drawn = synthetic.planned(corpus, settings)
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


# The truth


@dataclass(frozen=True, slots=True)
class Members:
    """Some members of a cluster, made again from the seed."""

    doc_ids: list[str]
    digests: list[str]
    shingles: list[NDArray[np.uint32]]
    passes: NDArray[np.bool_]
    """Whether the rules keep the document."""

    def similarity(self, a: int, b: int) -> float:
        """Exact Jaccard similarity of two members' shingles."""
        return jaccard(self.shingles[a], self.shingles[b])


Group = tuple[Members, NDArray[np.int64] | None]
"""A cluster and the pairs of it that are compared; None for all."""


@dataclass(slots=True)
class Seen:
    """What the run left of the sampled documents."""

    edges: set[tuple[str, str]]
    """Text digests of both ends, the smaller first."""
    keepers: dict[str, str] | None
    """Of each removed document; None if the run did not get so far."""


def judged(corpus: synthetic.Corpus, options: Options) -> dict[str, Any]:
    """Recall and precision on sampled clusters, against exact Jaccard similarity.

    Edges join texts, so a pair counts as joined if any two documents with these texts are. Of two
    documents that reach the threshold and pass the rules one must be gone.
    """
    threshold = options.resolved().cluster.threshold
    sizes = synthetic.cluster_sizes(corpus)
    draw = np.random.default_rng(corpus.seed)
    small = np.flatnonzero(sizes <= MAX_SAMPLED_SIZE)
    chosen = np.sort(draw.choice(small, min(SAMPLED_CLUSTERS, small.size), replace=False))
    largest = np.arange(max(0, sizes.size - LARGEST), sizes.size)
    sampled: dict[str, list[Group]] = {
        "sampled": [(members(corpus, int(cluster)), None) for cluster in chosen],
        "largest": [
            (members(corpus, int(cluster)), draw.integers(0, sizes[cluster], (PAIRS_OF_LARGEST, 2)))
            for cluster in largest
        ],
    }
    everyone = [group for groups in sampled.values() for group, _ in groups]
    seen = _seen(options.run_of(corpus), everyone)
    found: dict[str, Any] = {
        name: _compared(groups, seen, threshold) for name, groups in sampled.items()
    }
    components = _components(options.run_of(corpus))
    return {**found, "components": components, "true_clusters": int(sizes.size)}


def members(corpus: synthetic.Corpus, cluster: int) -> Members:
    """All members of a cluster."""
    spread, known = synthetic.layout(corpus), synthetic.words(corpus.seed)
    places = np.arange(spread.starts[cluster], spread.starts[cluster + 1])
    texts = synthetic.written(synthetic.texts(corpus, places), known).to_pylist()
    views = [TextView(text) for text in texts]
    return Members(
        [synthetic.doc_id(int(number)) for number in synthetic.numbers_at(spread, places)],
        [synthetic.text_digest(view.word_hashes) for view in views],
        [shingle_hashes(view) for view in views],
        ~synthetic.fails(places),
    )


def _seen(run: Path, groups: Sequence[Members]) -> Seen:
    """Edges and removals of these documents, in the files of the run."""
    digest_of = {
        doc_id: digest
        for group in groups
        for doc_id, digest in zip(group.doc_ids, group.digests, strict=True)
    }
    wanted = pa.array(digest_of, pa.string())
    edges: set[tuple[str, str]] = set()
    for table in _tables(run, LAST_OF_CLUSTERING, "edges", ["a", "b"]):
        rows = table.filter(pc.is_in(table.column("a"), value_set=wanted))
        for a, b in zip(rows.column("a").to_pylist(), rows.column("b").to_pylist(), strict=True):
            if b in digest_of:
                edges.add(_ordered(digest_of[a], digest_of[b]))
    if not any(manifest.every(run, LAST)):
        return Seen(edges, None)
    keepers: dict[str, str] = {}
    for table in _tables(run, LAST, "removals", ["doc_id", "keeper_id"]):
        rows = table.filter(
            pc.and_(
                pc.is_in(table.column("doc_id"), value_set=wanted),
                pc.is_valid(table.column("keeper_id")),
            )
        )
        keepers.update(zip(*(rows.column(c).to_pylist() for c in table.column_names), strict=True))
    return Seen(edges, keepers)


def _tables(run: Path, step: str, table: str, columns: list[str]) -> Iterator[pa.Table]:
    for one in manifest.every(run, step):
        for output in one.outputs:
            if output.table.partition(".")[0] == table:
                yield pq.read_table(run / output.path, columns=columns, partitioning=None)


def _ordered(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _compared(groups: Sequence[Group], seen: Seen, threshold: float) -> dict[str, Any]:
    due, joined = np.zeros(len(EDGES), np.int64), np.zeros(len(EDGES), np.int64)
    expected = np.zeros(len(EDGES))
    false_edges = pairs = 0
    for group, chosen in groups:
        for a, b in _pairs(len(group.doc_ids), chosen):
            pairs += 1
            is_same = group.digests[a] == group.digests[b]
            similarity = 1.0 if is_same else group.similarity(a, b)
            is_joined = is_same or _ordered(group.digests[a], group.digests[b]) in seen.edges
            if similarity < threshold:
                false_edges += is_joined
                continue
            bin_of = (
                len(EDGES) - 1 if is_same else int(np.searchsorted(EDGES, similarity, "right")) - 1
            )
            bin_of = min(bin_of, len(EDGES) - 2 + is_same)
            due[bin_of] += 1
            joined[bin_of] += is_joined
            expected[bin_of] += 1 if is_same else minhash.candidate_probability(similarity)
    near = slice(0, len(EDGES) - 1)
    return {
        "clusters": len(groups),
        "pairs": pairs,
        "pairs_at_threshold": int(due.sum()),
        "exact_text_pairs": int(due[-1]),
        "near_pairs": int(due[near].sum()),
        "edges_found": int(joined[near].sum()),
        "edge_recall": _share(joined[near].sum(), due[near].sum()),
        "edge_recall_expected": _share(expected[near].sum(), due[near].sum()),
        "by_similarity": {
            f"{EDGES[k]:.2f}": {
                "pairs": int(due[k]),
                "recall": _share(joined[k], due[k]),
                "expected": _share(expected[k], due[k]),
            }
            for k in range(len(EDGES) - 1)
        },
        "false_edges": false_edges,
        "removals": seen.keepers and _removals(groups, seen.keepers, threshold),
    }


def _removals(
    groups: Sequence[Group], keepers: Mapping[str, str], threshold: float
) -> dict[str, Any]:
    """Whether of each pair one is gone, and whether each that is gone is like its keeper."""
    due = missed = removed = wrong = 0
    for group, chosen in groups:
        for a, b in _pairs(len(group.doc_ids), chosen):
            if group.passes[a] and group.passes[b] and group.similarity(a, b) >= threshold:
                due += 1
                missed += group.doc_ids[a] not in keepers and group.doc_ids[b] not in keepers
        at = {doc_id: place for place, doc_id in enumerate(group.doc_ids)}
        for doc_id in at.keys() & keepers.keys():
            keeper = at.get(keepers[doc_id])
            removed += 1
            wrong += keeper is None or group.similarity(at[doc_id], keeper) < threshold
    return {
        "pairs_due": due,
        "pairs_left": missed,
        "recall": _share(due - missed, due),
        "removed": removed,
        "below_threshold": wrong,
    }


def _pairs(count: int, chosen: NDArray[np.int64] | None) -> Iterator[tuple[int, int]]:
    """All pairs of so many, or the chosen ones that are no member with itself."""
    if chosen is None:
        yield from ((a, b) for a in range(count) for b in range(a + 1, count))
    else:
        yield from ((int(a), int(b)) for a, b in chosen if a != b)


def _share(part: float, whole: float) -> float | None:
    return round(float(part / whole), 4) if whole else None


def _components(run: Path) -> dict[str, int]:
    """Components of the run, their members, and the largest."""
    sizes: Counter[int] = Counter()
    for table in _tables(run, LAST_OF_CLUSTERING, schema.MEMBERS.name, ["component"]):
        counted = pc.value_counts(table.column("component")).field("counts").to_numpy()
        sizes.update(
            dict(zip(*(x.tolist() for x in np.unique(counted, return_counts=True)), strict=True))
        )
    return {
        "components": sum(sizes.values()),
        "members": sum(size * count for size, count in sizes.items()),
        "largest": max(sizes, default=0),
    }


# Growth


def exponents(sizes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Slopes of log cost over log documents, by least squares and between neighbouring sizes."""
    if len(sizes) < 2:
        return {}
    documents = np.log([size["documents"] for size in sizes])
    found: dict[str, Any] = {}
    for part in ("clustering", "all"):
        for cost in ("wall_s", "cpu_s"):
            values = np.log([max(size[part][cost], 0.01) for size in sizes])
            found[f"{part}.{cost}"] = {
                "fitted": round(float(np.polyfit(documents, values, 1)[0]), 3),
                "between": np.round(np.diff(values) / np.diff(documents), 3).tolist(),
            }
    return found


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
    return result | {"truth": apart(judged, corpus, options)}


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
    sizes = []
    for documents in given.documents:
        corpus = synthetic.Corpus(documents, given.seed, given.chars, max_cluster=given.max_cluster)
        if given.generate:
            sizes.append({"documents": documents, "generated": apart(generate, corpus, options)})
            continue
        sizes.append(one_size(corpus, options))
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
        "exponents": {} if given.generate else exponents(sizes),
    }
    return measure.finish("bench_scale", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
