"""Clustering by itself: documents as step extract leaves them, the real steps after it, and truth.

`perform` runs the step functions on files, as an executor would; `truth` says by brute force over
all pairs what must come out.
"""

import functools
import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filters import minhash
from filters.text import TextView, jaccard, shingle_hashes
from pipeline import config, plan, shards, steps
from pipeline.context import Context
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest
from stages import cluster, schema, sign

SNAPSHOT = "CC-TEST-01"
STEPS = ("band", "pair", "gather", "lend", "estimate", "shingle", "cluster")
TEXTS_PER_GROUP = 3
OLDEST = "2020-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Page:
    """What clustering and the order of keepers need of a document."""

    doc_id: str
    text: str
    payload: str | None = None
    quality: float | None = None
    date: str = OLDEST
    passes: bool = True

    @property
    def words(self) -> int:
        return facts(self.text).words

    @property
    def rank(self) -> tuple[int, int, str, str]:
        """The order of keepers, the first to be kept being the smallest."""
        return (-round((self.quality or 0) * 4095), -self.words, self.date, self.doc_id)


def doc_id(name: object) -> str:
    """32 hex digits, the same for the same name."""
    return hashlib.blake2b(str(name).encode(), digest_size=16).hexdigest()


def payload(name: object) -> str:
    """A digest as crawlers write them: SHA-1 in base32."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    number = int.from_bytes(hashlib.sha1(str(name).encode()).digest(), "big")  # noqa: S324
    return "sha1:" + "".join(letters[number >> shift & 31] for shift in range(155, -1, -5))


@dataclass(frozen=True, slots=True)
class Facts:
    """What steps measure and sign of a text."""

    words: int
    digest: str
    shingles: NDArray[np.uint32]
    signature: NDArray[np.uint32] | None


@functools.lru_cache(maxsize=100_000)
def facts(text: str) -> Facts:
    view = TextView(text)
    shingles = shingle_hashes(view)
    return Facts(
        view.word_count,
        hashlib.blake2b(view.word_hashes.astype("<u8").tobytes(), digest_size=16).hexdigest(),
        shingles,
        minhash.signature(shingles) if len(shingles) else None,
    )


# A run's folder, as step extract leaves it


def signature_table(pages: Sequence[Page]) -> pa.Table:
    """Rows of `signatures`, made by stage `sign`."""
    batch = pa.record_batch(
        {
            "shingles": pa.array([facts(p.text).shingles for p in pages], pa.list_(pa.uint32())),
            "quality_score": pa.array([p.quality for p in pages], pa.float32()),
            "n_words": pa.array([p.words for p in pages], pa.int64()),
            "date": pa.array([p.date for p in pages], pa.string()),
        }
    )
    made = {
        "doc_id": pa.array([p.doc_id for p in pages], pa.string()),
        "row": pa.array(range(len(pages)), pa.int32()),
        "payload_digest": pa.array([p.payload for p in pages], pa.string()),
        "text_digest": pa.array([facts(p.text).digest for p in pages], pa.string()),
        **sign.work(batch),
    }
    return pa.table([made[n] for n in schema.SIGNATURES.schema.names], schema.SIGNATURES.schema)


def write_shard(run: Path, number: int, name: str, pages: Sequence[Page]) -> dict[str, Manifest]:
    """Manifests of steps extract and judge for one shard, whose files are written."""
    task = f"{number:05d}"
    writer = shards.Writer(run, f"signatures/{task}-x.parquet", schema.SIGNATURES)
    writer.write(signature_table(pages))
    signatures = writer.commit()
    path = run / "documents" / f"{task}-x.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = pa.table({"text": pa.array([p.text for p in pages], pa.large_string())})
    pq.write_table(texts, path, row_group_size=TEXTS_PER_GROUP)
    documents = type(signatures)(
        "documents", f"documents/{path.name}", len(pages), path.stat().st_size, "0" * 64
    )
    verdicts = shards.Writer(run, f"verdicts/{task}-x.parquet", schema.VERDICTS)
    rows = [
        {
            "doc_id": p.doc_id,
            "tag": "und_Zyyy",
            "failed_rules": 0 if p.passes else 2,
            "first_rule": -1 if p.passes else 1,
            "taken": False,
        }
        for p in pages
    ]
    verdicts.write(pa.Table.from_batches([schema.batch(schema.VERDICTS, rows)]))
    books = Books(len(pages), len(pages), 0, 0)
    made = {"extract": (documents, signatures), "judge": (verdicts.commit(),)}
    return {
        step: Manifest(step, f"{step}{task}", task, (name,), outputs, books, ())
        for step, outputs in made.items()
    }


@functools.cache
def settings(**values: object) -> config.Run:
    """The sample's configuration with other values of `cluster`."""
    run = _sample()
    changed = type(run.cluster).model_validate({**run.cluster.model_dump(), **values})
    return run.model_copy(update={"cluster": changed})


@functools.cache
def _sample() -> config.Run:
    return config.load("sample").run


@dataclass(slots=True)
class Clustering:
    """A run's folder with some shards, and what the steps have made so far."""

    run: Path
    plan: plan.Plan
    made: plan.Made = field(default_factory=dict)

    def tasks(self, step: str) -> list[Task]:
        (found,) = (s for s in plan.STEPS if s.name == step)
        return self.plan.tasks(found, self.made)

    def perform(self, *steps_wanted: str, order: random.Random | None = None) -> None:
        """Do all tasks of the steps; in an order of chance if asked for."""
        for step in steps_wanted:
            tasks = self.tasks(step)
            todo = order.sample(tasks, len(tasks)) if order else tasks
            done = {task.key: self.do(task) for task in todo}
            self.made[step] = [done[task.key] for task in tasks]

    def do(self, task: Task) -> Manifest:
        made = steps.STEPS[task.step](Context(self.run, self.plan.settings, SNAPSHOT, task))
        made.books.check(task.step)
        return made

    def rows(self, step: str, table: str) -> list[dict[str, Any]]:
        """Rows of one table of a step, in the order of its tasks."""
        paths = [m.output(table).path for m in self.made[step]]
        return [row for path in paths for row in pq.read_table(self.run / path).to_pylist()]

    def counts(self, metric: str) -> int:
        """Sum of a count over all tasks."""
        every = [m for made in self.made.values() for m in made]
        return sum(n for m in every for _, name, _, n in m.counts if name == metric)


def prepared(
    run: Path, given: Mapping[str, Sequence[Page]], wanted: config.Run | None = None
) -> Clustering:
    """A run of these shards, by file name in the order of input, before step band."""
    made: plan.Made = {"extract": [], "judge": []}
    for number, (name, pages) in enumerate(given.items()):
        for step, manifest in write_shard(run, number, name, pages).items():
            made[step].append(manifest)
    return Clustering(run, plan.Plan(wanted or settings(), SNAPSHOT, (), ()), made)


# What must come out


@dataclass(frozen=True, slots=True)
class Found:
    """Verified edges between texts, components, and keepers."""

    edges: dict[frozenset[str], tuple[np.float32, str]]
    """Similarity and method by two text digests."""
    components: dict[str, str]
    """Smallest doc_id of its component, for each member."""
    keepers: dict[str, tuple[str, np.float32, str]]
    """Keeper, similarity and method of each removed document."""
    sizes: dict[str, int]
    """How many of its component pass, for each member."""


def outcome(done: Clustering, pages: Iterable[Page]) -> Found:
    """What the steps found, in terms that do not depend on places."""
    digest = {p.doc_id: facts(p.text).digest for p in pages}
    edges = done.rows("cluster", "edges")
    by_texts = {
        frozenset((digest[e["a"]], digest[e["b"]])): (np.float32(e["similarity"]), e["method"])
        for e in edges
    }
    assert len(by_texts) == len(edges), "two edges between the same texts"
    members = done.rows("cluster", "members")
    removals = done.rows("resolve", "removals")
    assert sorted(r["doc_id"] for r in removals) == sorted(m["doc_id"] for m in members)
    return Found(
        by_texts,
        {m["doc_id"]: m["component"] for m in members},
        {
            r["doc_id"]: (r["keeper_id"], np.float32(r["similarity"]), r["method"])
            for r in removals
            if r["keeper_id"]
        },
        {r["doc_id"]: r["component_size"] for r in removals},
    )


def shares_band(one: Facts, two: Facts, limits: config.Cluster) -> bool:
    """Whether the signatures of two texts with words agree in all rows of a band."""
    assert one.signature is not None
    equal = (one.signature == two.signature)[: limits.bands * limits.rows]
    return bool(equal.reshape(limits.bands, limits.rows).all(axis=1).any())


def truth(pages: Sequence[Page], limits: config.Cluster) -> Found:
    """Everything by comparing all pairs and taking documents one by one."""
    worded = [p for p in pages if p.words]
    edges = _edges({facts(p.text).digest: facts(p.text) for p in worded}, limits)
    joined = _joined(worded, edges)
    component: dict[str, set[str]] = {doc: {doc} for doc in joined}
    for one, around in joined.items():
        for two in around:
            both = component[one] | component[two]
            component.update(dict.fromkeys(both, both))
    passing = {p.doc_id for p in worded if p.passes}
    members = {doc: group for doc, group in component.items() if len(group) > 1}
    return Found(
        edges,
        {doc: min(group) for doc, group in members.items()},
        _keepers(worded, joined),
        {doc: len(group & passing) for doc, group in members.items()},
    )


Joined = dict[str, dict[str, tuple[np.float32, str]]]
"""Similarity and method of each document's neighbours, by doc_id."""


def _joined(
    worded: Sequence[Page], edges: Mapping[frozenset[str], tuple[np.float32, str]]
) -> Joined:
    joined: Joined = {p.doc_id: {} for p in worded}
    for one, two in combinations(worded, 2):
        ends = frozenset((facts(one.text).digest, facts(two.text).digest))
        if one.payload is not None and one.payload == two.payload:
            how = (np.float32(1), "exact_payload")
        elif len(ends) == 1:
            how = (np.float32(1), "exact_text")
        elif ends in edges:
            how = edges[ends]
        else:
            continue
        joined[one.doc_id][two.doc_id] = joined[two.doc_id][one.doc_id] = how
    return joined


def _keepers(worded: Sequence[Page], joined: Joined) -> dict[str, tuple[str, np.float32, str]]:
    """Documents that pass, taken in the order of keepers, remove their neighbours."""
    keepers: dict[str, tuple[str, np.float32, str]] = {}
    left = sorted((p for p in worded if p.passes), key=lambda p: p.rank)
    while left:
        kept = left.pop(0)
        around = joined[kept.doc_id]
        keepers.update(
            {p.doc_id: (kept.doc_id, *around[p.doc_id]) for p in left if p.doc_id in around}
        )
        left = [p for p in left if p.doc_id not in around]
    return keepers


def _edges(
    texts: Mapping[str, Facts], limits: config.Cluster
) -> dict[frozenset[str], tuple[np.float32, str]]:
    """Edges between different texts that share a band and are not taken for hopeless."""
    sure = minhash.sure(schema.N_PERMUTATIONS, limits.threshold, cluster.RISK_OF_EDGE)
    hopeless = minhash.hopeless(schema.N_PERMUTATIONS, limits.threshold, cluster.RISK_OF_LOSS)
    found = {}
    for (one_name, one), (two_name, two) in combinations(texts.items(), 2):
        if not shares_band(one, two, limits):
            continue
        equal = int(np.count_nonzero(one.signature == two.signature))
        similarity = jaccard(one.shingles, two.shingles)
        ends = frozenset((one_name, two_name))
        if equal >= sure:
            found[ends] = (np.float32(equal / schema.N_PERMUTATIONS), "near_signature")
        elif equal > hopeless and similarity >= limits.threshold:
            found[ends] = (np.float32(similarity), "near_duplicate")
    return found


# Corpora


def words(source: random.Random, count: int, prefix: str = "", kinds: int = 1 << 30) -> list[str]:
    """Invented words; of so many kinds at most."""
    return [f"{prefix}w{source.randrange(kinds)}" for _ in range(count)]


def corpus(source: random.Random, name: object, size: int) -> list[Page]:
    """A few pages: texts, edited and equal copies, chains of them, empty ones, shared payloads.

    Its words are its own: two corpora share no text.
    """
    prefix, kinds = f"c{name}", source.choice([3, 40, 1 << 30])
    lengths = [source.randint(1, 90) for _ in range(source.randint(1, 3))]
    bases = [words(source, length, prefix, kinds) for length in lengths]
    texts: list[list[str]] = []
    while len(texts) < size:
        base = source.choice(texts) if texts and source.random() < 0.4 else source.choice(bases)
        text = list(base)  # a copy of a copy makes a chain
        for _ in range(source.choice([0, 1, 1, 2, 4, 9])):
            at = source.randrange(len(text) + 1)
            end = at + source.choice([0, 1, 1, 3])
            text[at:end] = words(source, source.choice([0, 1, 2]), prefix, kinds)
        texts.append([] if source.random() < 0.04 else text)
    payloads = [payload(f"{name}/{n}") for n in range(max(1, size // 2))]
    own = [payload(f"{name}/own{n}") for n in range(size)]
    return [
        Page(
            doc_id(f"{name}/{n}"),
            source.choice([" ", ", ", "\n"]).join(text),
            source.choice([None, *payloads]) if source.random() < 0.3 else own[n],
            source.choice([None, 0.25, 0.5, 0.50001]),
            source.choice([OLDEST, "2024-05-06T07:08:09Z"]),
            source.random() < 0.85,
        )
        for n, text in enumerate(texts)
    ]


def spread(
    pages: Sequence[Page], names: Sequence[str], source: random.Random
) -> dict[str, list[Page]]:
    """The pages over shards of these names, which come in an order of chance."""
    found: dict[str, list[Page]] = {n: [] for n in source.sample(names, len(names))}
    for page in source.sample(pages, len(pages)):
        found[source.choice(names)].append(page)
    return found
