"""A run's folder of made-up documents (benchmarks/synthetic.py), as step `extract` leaves it.

Tables, file names, manifests and task keys are the real ones, so the steps after `extract` run on
it as on any other. Signatures and shingles are made by the real functions from the hashes of the
vocabulary's words; some documents of each shard are read again as texts, and must agree. Signals
lie within the bounds of the language, but for the documents that fail a rule.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks import synthetic
from filters import minhash
from filters.rules import Bound
from filters.text import TextView, mix, shingle_hashes
from pipeline import config, executor, manifest, plan, shards
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest
from pipeline.steps import Work
from pipeline.storage import Input
from stages import read, schema, sign

TAG: Final = "fin_Latn"
SNAPSHOT: Final = "synthetic"
SHARD_ROWS: Final = 50_000
CHECKED_ROWS: Final = 8
"""Documents of each shard whose words and shingles are compared with those of `filters.text`."""
SHADES: Final = 16
"""Different values of a signal: more would only take disk space."""
RECORD_BYTES: Final = 9_000
TABLES: Final = (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES)
_PAYLOADS: Final = np.uint64(0xBB67AE8584CAA73B)
"""Tells the numbers of payloads from others."""


def shard_count(corpus: synthetic.Corpus) -> int:
    """Number of shards."""
    return -(-corpus.documents // SHARD_ROWS)


def identity(corpus: synthetic.Corpus) -> str:
    """What the documents are known by: parameters, the version of their texts, and the columns."""
    columns = [str(table.schema) for table in TABLES]
    return f"synthetic:{config.digest([synthetic.VERSION, asdict(corpus), columns])}"


class Shard:
    """One shard's documents: what the columns are made from."""

    def __init__(self, corpus: synthetic.Corpus, ordinal: int, settings: config.Run) -> None:
        self.corpus, self.settings, self.ordinal = corpus, settings, ordinal
        last = min(corpus.documents, (ordinal + 1) * SHARD_ROWS)
        self.numbers = np.arange(ordinal * SHARD_ROWS, last)
        self.rows = self.numbers.size
        self.places = synthetic.places(synthetic.layout(corpus), self.numbers)
        self.clusters = synthetic.clusters_at(synthetic.layout(corpus), self.places)
        self.words = synthetic.words(corpus.seed)
        self.texts = synthetic.texts(corpus, self.places)
        self.text = synthetic.written(self.texts, self.words)
        self.shingles, self.shingle_bounds = synthetic.shingles(
            self.texts.tokens, self.texts.bounds, self.words.hashes
        )
        self.hashes = mix(self.places.astype(np.uint64) + np.uint64(corpus.seed))

    def check(self) -> None:
        """Compare words and shingles of some documents with those of `filters.text`.

        RuntimeError if they differ.
        """
        for row in range(0, self.rows, max(1, self.rows // CHECKED_ROWS)):
            view = TextView(self.text[row].as_py())
            own = self.shingles[self.shingle_bounds[row] : self.shingle_bounds[row + 1]]
            if not (
                np.array_equal(view.word_hashes, self._word_hashes(row))
                and np.array_equal(shingle_hashes(view), own)
            ):
                number = self.numbers[row]
                raise RuntimeError(f"shingles of document {number} are not those of its text")

    def _word_hashes(self, row: int) -> NDArray[np.uint64]:
        tokens = self.texts.tokens[self.texts.bounds[row] : self.texts.bounds[row + 1]]
        return self.words.hashes[tokens]

    @cached_property
    def doc_ids(self) -> list[str]:
        """`doc_id` of each document."""
        return [doc_id(int(number)) for number in self.numbers]

    @cached_property
    def signatures(self) -> NDArray[np.uint32]:
        """Of shape (rows, 112)."""
        return minhash.signatures(self.shingles, self.shingle_bounds)

    def word_counts(self) -> NDArray[np.int64]:
        """Words of each text."""
        return np.diff(self.texts.bounds)

    def text_digests(self) -> list[str]:
        """As stage measure makes them."""
        return [text_digest(self._word_hashes(row)) for row in range(self.rows)]

    def payload_digests(self) -> list[str]:
        """Every document has its own payload, but for half of the copies, which have the base's."""
        starts = synthetic.layout(self.corpus).starts
        has_base = self.texts.versions == synthetic.SAME_PAYLOAD
        source = np.where(has_base, starts[np.where(has_base, self.clusters, 0)], self.places)
        keys = mix(source.astype(np.uint64) ^ _PAYLOADS).astype("<u8")
        return ["sha1:" + base64.b32encode(key.tobytes() + bytes(12)).decode() for key in keys]

    def dates(self) -> list[str]:
        """When each was archived: some time in March 2024."""
        seconds = 1_709_251_200 + (self.hashes % np.uint64(31 * 86_400)).astype(np.int64)
        return [f"{time}Z" for time in seconds.astype("datetime64[s]").astype(str)]

    @cached_property
    def _bounds(self) -> Mapping[str, Bound]:
        _, bounds = self.settings.bounds()
        return bounds.get(TAG, bounds["base"])

    def signal(self, name: str) -> pa.Array:
        """Values within the language's bounds, but outside for the documents that fail.

        Null for a signal without bounds.
        """
        bound = self._bounds.get(name)
        if name == "word_count":
            return pa.array(self.word_counts().astype(np.float32))
        if bound is None or bound == Bound(name):
            return pa.nulls(self.rows, pa.float32())
        low, high = bound.min, bound.max
        shade = (self.hashes >> np.uint64(40)) % np.uint64(SHADES)
        part = 0.25 + shade.astype(np.float64) / SHADES / 2  # the middle half
        if low is None:
            values = np.asarray(part * (high or 0))
        else:
            values = low + part * ((low + 1 if high is None else high) - low)
            if name == "language_confidence":
                values = np.where(synthetic.fails(self.places), low / 2, np.minimum(values, 1))
        return pa.array(values.astype(np.float32))


def doc_id(number: int) -> str:
    """`doc_id` of a document."""
    ordinal, row = divmod(number, SHARD_ROWS)
    return read.doc_id(SNAPSHOT, warc_name(ordinal), row * RECORD_BYTES)


def text_digest(word_hashes: NDArray[np.uint64]) -> str:
    """As stage measure makes it."""
    return hashlib.blake2b(word_hashes.astype("<u8").tobytes(), digest_size=16).hexdigest()


def warc_name(ordinal: int) -> str:
    """Name of a shard's WARC file, which is nowhere."""
    return f"synthetic-{ordinal:05d}.warc.gz"


def _same(value: object) -> Callable[[Shard], list[Any]]:
    return lambda shard: [value] * shard.rows


def _precedence(shard: Shard) -> NDArray[np.uint64]:
    """By words and date: no document has a quality score."""
    scores = pa.nulls(shard.rows, pa.float32())
    return sign.precedence(scores, pa.array(shard.word_counts()), pa.array(shard.dates()))


def _fixed(values: NDArray[Any], width: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), width)


MAKERS: Final[dict[str, Callable[[Shard], Any]]] = {
    "doc_id": lambda shard: shard.doc_ids,
    "url": lambda shard: [f"https://site{n % 5000}.example/{n}" for n in shard.numbers],
    "warc": lambda shard: [warc_name(shard.ordinal)] * shard.rows,
    "offset": lambda shard: np.arange(shard.rows) * RECORD_BYTES,
    "length": lambda shard: np.full(shard.rows, RECORD_BYTES),
    "date": Shard.dates,
    "text": lambda shard: shard.text,
    "tag": _same(TAG),
    "language": _same(TAG.partition("_")[0]),
    "language_script": _same(TAG.partition("_")[2]),
    "language_score": _same(0.99),
    "language_posterior": _same(f'{{"{TAG}": 0.99}}'),
    "top_langs": _same(f'{{"{TAG}": 1.0}}'),
    "others_fraction": _same(0.0),
    "n_chars": lambda shard: np.diff(
        np.frombuffer(shard.text.buffers()[1], np.int64, shard.rows + 1)
    ),
    "n_words": Shard.word_counts,
    "payload_bytes": lambda shard: np.full(shard.rows, 4 * RECORD_BYTES),
    "pii_spans": _same([]),
    "pii_counts": _same([]),
    "row": lambda shard: np.arange(shard.rows),
    "payload_digest": Shard.payload_digests,
    "text_digest": Shard.text_digests,
    "n_shingles": lambda shard: np.diff(shard.shingle_bounds),
    "signature": lambda shard: _fixed(shard.signatures, minhash.PERMUTATIONS),
    "precedence": _precedence,
}
"""How each column is made, by its name; a column that may be null and is not here is null."""


def table_of(shard: Shard, table: schema.Table) -> pa.Table:
    """The shard's rows of a table. RuntimeError for a column that is not known here."""
    arrays = []
    for column in table.columns:
        maker = MAKERS.get(column.name)
        if maker is not None:
            values = maker(shard)
            is_made = isinstance(values, pa.Array)
            arrays.append(values.cast(column.type) if is_made else pa.array(values, column.type))
        elif table is schema.SIGNALS and column.type == pa.float32():
            arrays.append(shard.signal(column.name))
        elif column.nullable:
            arrays.append(pa.nulls(shard.rows, column.type))
        else:
            raise RuntimeError(
                f"benchmarks/synthetic_run.py: MAKERS has nothing for {table.name}.{column.name}"
            )
    return pa.Table.from_arrays(arrays, schema=table.schema)


def planned(corpus: synthetic.Corpus, settings: config.Run) -> plan.Plan:
    """The plan of a run over the made-up shards."""
    known = identity(corpus)
    names = [warc_name(ordinal) for ordinal in range(shard_count(corpus))]
    return plan.Plan(
        settings, SNAPSHOT, tuple(Input(name, f"/{name}", known) for name in names), ()
    )


@dataclass(frozen=True, slots=True)
class Make:
    """`Make(run, settings, corpus)(task)` does what step `extract` would have done for a shard."""

    run: str
    settings: str
    corpus: synthetic.Corpus

    def __call__(self, task: Task) -> Manifest:
        """Make and commit the shard, unless it is there."""
        run = Path(self.run)
        done = manifest.find(run, task.step, task.key)
        if done is not None:
            return done
        settings = config.Run.model_validate_json(self.settings)
        shard = Shard(self.corpus, int(task.name), settings)
        shard.check()
        outputs = []
        for table in TABLES:
            name = f"{table.name}/{task.name}-{task.key[:12]}.parquet"
            writer, rows = shards.Writer(run, name, table), table_of(shard, table)
            for start in range(0, shard.rows, shards.ROW_GROUP_ROWS):
                writer.write(rows.slice(start, shards.ROW_GROUP_ROWS), TAG)
            outputs.append(writer.commit())
        books = Books(shard.rows, shard.rows, 0, 0)
        inputs = (str(task.params["shard"]["name"]),)
        made = Manifest(task.step, task.key, task.name, inputs, tuple(outputs), books, ())
        manifest.commit(run, made)
        return made


def build(run: Path, corpus: synthetic.Corpus, settings: config.Run, workers: int) -> plan.Made:
    """Make the run's folder, or what of it is missing; manifests of the steps up to `extract`.

    ValueError for texts of fewer than 200 characters. The steps before it are really done, on no
    robots.txt files and no block list.
    """
    if corpus.chars < synthetic.MIN_CHARS:
        raise ValueError(f"texts of {corpus.chars} characters: give at least {synthetic.MIN_CHARS}")
    *before, extracted = plan.STEPS[: [step.name for step in plan.STEPS].index("extract") + 1]
    drawn, text = planned(corpus, settings), settings.model_dump_json()
    work = Work(str(run), text, SNAPSHOT)
    made: plan.Made = {}
    for step in before:
        made[step.name] = [work(task) for task in drawn.tasks(step, made)]
    tasks = drawn.tasks(extracted, made)
    _retire(run, extracted.name, {task.key for task in tasks})
    found = {task.key: manifest.find(run, task.step, task.key) for task in tasks}
    missing = [task for task in tasks if found[task.key] is None]
    if missing:
        local = executor.make("local", workers, None, [])
        try:
            for outcome in local.run(Make(str(run), text, corpus), missing):
                if outcome.manifest is None:
                    raise RuntimeError(f"{outcome.task.name}: {outcome.error}")
                found[outcome.task.key] = outcome.manifest
        finally:
            local.close()
    made[extracted.name] = [one for task in tasks if (one := found[task.key]) is not None]
    return made


def _retire(run: Path, step: str, keys: set[str]) -> None:
    """Remove shards that were made with other parameters, columns or versions."""
    for old in manifest.every(run, step):
        if old.key not in keys:
            for output in old.outputs:
                (run / output.path).unlink(missing_ok=True)
            manifest.path_of(run, step, old.key).unlink()


TRUTH: Final = pa.schema([pa.field("cluster", pa.int64()), pa.field("version", pa.int8())])


def write_truth(path: Path, corpus: synthetic.Corpus) -> None:
    """One row a document, in the order of shards and rows: its cluster, and what it is in it.

    `cluster` is null for a document that is alone; `version` is as in `Texts`.
    """
    spread = synthetic.layout(corpus)
    with pq.ParquetWriter(path, TRUTH, compression="zstd") as writer:
        for start in range(0, corpus.documents, SHARD_ROWS):
            numbers = np.arange(start, min(start + SHARD_ROWS, corpus.documents))
            found = synthetic.places(spread, numbers)
            clusters = synthetic.clusters_at(spread, found)
            rows = {
                "cluster": pa.array(clusters, pa.int64(), mask=clusters < 0),
                "version": pa.array(synthetic.versions(corpus, found), pa.int8()),
            }
            writer.write_table(pa.table(rows, schema=TRUTH))
