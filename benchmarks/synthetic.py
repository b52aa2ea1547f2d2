"""Made-up documents in any number: a run's folder as step `extract` leaves it, and the truth.

Everything follows from the seed and a document's number, so any shard can be made alone.

**Texts** are words drawn from 50,000 of 3 to 12 letters with a probability of 1 over their rank,
divided by spaces; the number of words is uniform from half to one and a half of what gives the
wanted characters. Two texts that are not of one cluster share next to no shingle.

**Clusters** hold 40 % of the documents. Sizes from 2 to 100,000 have a probability in proportion to
size^-2.2 and are quantiles of it, not drawn, so that corpora of different sizes compare. The
largest has 3,302 members of 100,000 documents, 19,693 of a million, 39,655 of three and 67,132 of
ten. Pairs inside clusters grow faster than documents do: there are .3 billion of a million, 5.8
billion of ten. The first member of a cluster is its base. Of the others a third are copies of the
base, half of these with its payload as well; each of the rest replaces the end of the base and up
to three runs of words inside it by words of its own, so that its Jaccard similarity with the base
is uniform from .5 to 1. Two edited members are about as similar as the product of both says, so a
good part of a cluster's pairs lies below any threshold.

**Places**: members of a cluster lie side by side in an imagined order, of which a document's number
is a pseudo-random permutation (a Feistel network of four rounds, walked until it is inside); so
they lie all over the shards. Every twentieth document fails a rule, by the permuted number.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from filters import loops, minhash
from filters.compiled import compiled
from filters.compiled import mix as mix_one
from filters.rules import Bound
from filters.text import TextView, mix, shingle_hashes
from pipeline import config, executor, manifest, plan, shards
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest
from pipeline.steps import Work
from pipeline.storage import Input
from stages import read, schema, sign

VERSION: Final = 1
"""Raised when the documents change: a folder of another version is not taken up again."""
TAG: Final = "fin_Latn"
SNAPSHOT: Final = "synthetic"
SHARD_ROWS: Final = 50_000
VOCABULARY: Final = 50_000
SHORTEST, LONGEST = 3, 12
SHINGLE_WORDS: Final = 5
MIN_CHARS: Final = 200
"""Shorter texts have no room for four edits."""
COPIES: Final = 1 / 3
BASE, COPY, SAME_PAYLOAD, EDITED = 0, 1, 2, 3
"""What a document is: its cluster's base, or alone; of the base's text; of its payload as well;
of its text with some words replaced."""
CHECKED_ROWS: Final = 8
"""Documents of each shard whose words and shingles are compared with those of `filters.text`."""
FAILING: Final = 20
SHADES: Final = 16
"""Different values of a signal: more would only take disk space."""
RECORD_BYTES: Final = 9_000

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_ONE: Final = np.uint64(1)
_11, _44 = np.uint64(11), np.uint64(44)
_TABLE: Final = 1 << 20
"""Places of the table of words, by the upper 20 bits of a number: the rarest word has one."""
_ROUNDS: Final = 4
_OWN: Final = np.uint64(0x6A09E667F3BCC909)
"""Tells the numbers of a document's own words from those of its cluster."""


class Layout(NamedTuple):
    """How documents are spread over clusters, and their numbers over places."""

    starts: NDArray[np.int64]
    """Of shape (clusters + 1,): first place of each cluster; from the last on documents are alone.
    """
    keys: NDArray[np.uint64]
    """Of shape (4,): of the permutation's rounds."""
    documents: int
    half_bits: int
    """Bits of each half of the permuted number."""


class Words(NamedTuple):
    """The vocabulary."""

    letters: NDArray[np.uint8]
    """All words, one after the other."""
    starts: NDArray[np.int64]
    """Of shape (words + 1,)."""
    hashes: NDArray[np.uint64]
    """Of each word, by `filters.text`."""
    table: NDArray[np.uint16]
    """Of shape (2^20,): words by probability."""
    mean_length: float
    """Letters of a word drawn from the table."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is made."""

    documents: int
    seed: int = 1
    chars: int = 1000
    """Of a text, in the mean."""
    clustered_fraction: float = 0.4
    exponent: float = 2.2
    max_cluster: int = 100_000

    @property
    def shard_count(self) -> int:
        """Number of shards."""
        return -(-self.documents // SHARD_ROWS)

    def identity(self) -> str:
        """What the documents are known by: parameters, this module's version, and the columns."""
        columns = [str(table.schema) for table in TABLES]
        return f"synthetic:{config.digest([VERSION, asdict(self), columns])}"


TABLES: Final = (schema.DOCUMENTS, schema.SIGNALS, schema.SIGNATURES)


# Words


@lru_cache(maxsize=2)
def words(seed: int) -> Words:
    """The vocabulary of a seed; the most frequent word first."""
    found: dict[str, None] = {}
    draw = np.random.default_rng(seed)
    while len(found) < VOCABULARY:
        size = int(draw.integers(SHORTEST, LONGEST + 1))
        found[bytes(draw.integers(ord("a"), ord("z") + 1, size, np.uint8)).decode()] = None
    vocabulary = list(found)
    hashes = TextView(" ".join(vocabulary)).word_hashes
    lengths = np.array([len(word) for word in vocabulary], np.int64)
    odds = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    table = np.searchsorted(odds / odds[-1], (np.arange(_TABLE) + 0.5) / _TABLE).astype(np.uint16)
    return Words(
        np.frombuffer("".join(vocabulary).encode("ascii"), np.uint8),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        hashes,
        table,
        float(lengths[table].mean()),
    )


# Clusters and places


def cluster_sizes(corpus: Corpus) -> NDArray[np.int64]:
    """Members of each cluster, largest last; their sum is the clustered documents.

    Quantiles of the distribution, so that it is the same at each number of documents.
    """
    wanted = int(corpus.documents * corpus.clustered_fraction)
    sizes = np.arange(2, max(3, min(corpus.max_cluster, wanted) + 1))
    weights = sizes.astype(np.float64) ** -corpus.exponent
    below = np.cumsum(weights) / weights.sum()
    few, many = 1, wanted
    while few < many:  # the number of clusters whose quantiles come next to the wanted sum
        count = (few + many) // 2
        if int(_quantiles(sizes, below, count).sum()) < wanted:
            few = count + 1
        else:
            many = count
    found = _quantiles(sizes, below, few)
    surplus = int(found.sum()) - wanted
    while surplus > 0 and found.size:  # the last quantile overshoots: pairs give way
        surplus -= int(found[0])
        found = found[1:]
    return found


def _quantiles(
    sizes: NDArray[np.int64], below: NDArray[np.float64], count: int
) -> NDArray[np.int64]:
    at = np.searchsorted(below, (np.arange(count) + 0.5) / count)
    return sizes[np.minimum(at, sizes.size - 1)]


@lru_cache(maxsize=2)
def layout(corpus: Corpus) -> Layout:
    """Clusters' places and the permutation's keys."""
    starts = np.concatenate([[0], np.cumsum(cluster_sizes(corpus))]).astype(np.int64)
    keys = mix(np.arange(1, _ROUNDS + 1, dtype=np.uint64) * _GOLDEN + np.uint64(corpus.seed))
    half = max(1, -(-(corpus.documents - 1).bit_length() // 2))
    return Layout(starts, keys, corpus.documents, half)


@compiled
def _fraction(value: np.uint64) -> float:
    """From 0 to 1, 1 excluded."""
    return float(mix_one(value) >> _11) / 9007199254740992.0


@compiled
def places(spread: Layout, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place of each document in the order in which clusters lie side by side."""
    half = np.uint64(spread.half_bits)
    mask = (_ONE << half) - _ONE
    found = np.empty(numbers.size, np.int64)
    for at in range(numbers.size):
        value = np.uint64(numbers[at])
        while True:
            left, right = value >> half, value & mask
            for key in spread.keys:
                left, right = right, left ^ (mix_one(right + key) & mask)
            value = (left << half) | right
            if value < np.uint64(spread.documents):
                break
        found[at] = value
    return found


@compiled
def numbers_at(spread: Layout, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the document at each place: the inverse of `places`."""
    half = np.uint64(spread.half_bits)
    mask = (_ONE << half) - _ONE
    numbers = np.empty(found.size, np.int64)
    for at in range(found.size):
        value = np.uint64(found[at])
        while True:
            left, right = value >> half, value & mask
            for key in spread.keys[::-1]:
                left, right = right ^ (mix_one(left + key) & mask), left
            value = (left << half) | right
            if value < np.uint64(spread.documents):
                break
        numbers[at] = value
    return numbers


def clusters_at(spread: Layout, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cluster of the document at each place, -1 for one that is alone."""
    cluster = np.searchsorted(spread.starts, found, side="right") - 1
    return np.where(cluster < spread.starts.size - 1, cluster, -1)


def fails(found: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the document at each place fails a rule."""
    return np.asarray(mix(found.astype(np.uint64) + _OWN) % np.uint64(FAILING) == 0)


# Texts


class Texts(NamedTuple):
    """Word sequences of some documents."""

    tokens: NDArray[np.uint16]
    """Numbers of all words, one document after the other."""
    bounds: NDArray[np.int64]
    """Of shape (documents + 1,)."""
    versions: NDArray[np.int8]
    """BASE, COPY, SAME_PAYLOAD or EDITED."""


@compiled
def _own_stream(seed: int, place: int) -> np.uint64:
    return mix_one(np.uint64(seed) * _GOLDEN + np.uint64(place) ^ _OWN)


@compiled
def _version(own: np.uint64) -> int:
    """What a cluster's member is that is not its base."""
    chance = _fraction(own)
    if chance < COPIES:
        return SAME_PAYLOAD if chance < COPIES / 2 else COPY
    return EDITED


@compiled
def _draw(
    spread: Layout,
    table: NDArray[np.uint16],
    found: NDArray[np.int64],
    seed: int,
    mean_words: float,
) -> tuple[NDArray[np.uint16], NDArray[np.int64], NDArray[np.int8]]:
    clusters = spread.starts.size - 1
    bounds = np.zeros(found.size + 1, np.int64)
    streams = np.empty(found.size, np.uint64)
    first = np.empty(found.size, np.bool_)
    for at in range(found.size):
        cluster = np.searchsorted(spread.starts, found[at], side="right") - 1
        is_alone = cluster >= clusters
        # A document alone has the number of its place, so one more document changes few others.
        origin = found[at] + clusters if is_alone else cluster
        first[at] = is_alone or spread.starts[cluster] == found[at]
        streams[at] = mix_one(np.uint64(seed) * _GOLDEN + np.uint64(origin))
        size = np.int64(mean_words * (0.5 + _fraction(streams[at])))
        bounds[at + 1] = bounds[at] + size
    tokens = np.empty(bounds[-1], np.uint16)
    versions = np.full(found.size, BASE, np.int8)
    for at in range(found.size):
        text = tokens[bounds[at] : bounds[at + 1]]
        for word in range(text.size):
            text[word] = table[mix_one(streams[at] + np.uint64(word + 1) * _GOLDEN) >> _44]
        if not first[at]:
            own = _own_stream(seed, found[at])
            versions[at] = _version(own)
            if versions[at] == EDITED:
                _edit(text, table, own)
    return tokens, bounds, versions


@compiled
def _edit(text: NDArray[np.uint16], table: NDArray[np.uint16], own: np.uint64) -> None:
    """Replace words so that the Jaccard similarity with what was there is uniform from .5 to 1.

    Of S shingles k must go: (S - k) / (S + k) is the similarity. A run of l words inside takes
    l + 4 with it, the last l words l.
    """
    similarity = 0.5 + 0.5 * _fraction(own + _ONE)
    shingles = text.size - SHINGLE_WORDS + 1
    gone = max(1, round(shingles * (1 - similarity) / (1 + similarity)))
    around = SHINGLE_WORDS - 1
    runs: int = min(int(4 * _fraction(own + np.uint64(2))), (gone - 1) // (around + 1))
    longest = min((gone - 1) // runs - around, 20) if runs else 0
    tail = gone
    sizes = np.zeros(4, np.int64)
    for run in range(runs):
        sizes[run] = 1 + np.int64(longest * _fraction(own + np.uint64(3 + run)))
        tail -= sizes[run] + around
    tail = max(1, tail)
    counter = own
    for word in range(text.size - tail, text.size):
        counter += _GOLDEN
        text[word] = table[mix_one(counter) >> _44]
    for run in range(runs):
        room = (text.size - tail) // runs
        free = max(1, room - sizes[run] - 2 * around)
        start = run * room + around + np.int64(free * _fraction(own + np.uint64(7 + run)))
        for word in range(start, min(start + sizes[run], text.size - tail)):
            counter += _GOLDEN
            text[word] = table[mix_one(counter) >> _44]


def texts(corpus: Corpus, found: NDArray[np.int64]) -> Texts:
    """Word sequences of the documents at these places."""
    known = words(corpus.seed)
    mean_words = corpus.chars / (known.mean_length + 1)
    drawn = _draw(layout(corpus), known.table, found, corpus.seed, mean_words)
    return Texts(*drawn)


@compiled
def _written(
    tokens: NDArray[np.uint16],
    bounds: NDArray[np.int64],
    letters: NDArray[np.uint8],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    offsets = np.zeros(bounds.size, np.int64)
    for at in range(bounds.size - 1):
        size = np.int64(-1)
        for place in range(bounds[at], bounds[at + 1]):
            size += starts[tokens[place] + 1] - starts[tokens[place]] + 1
        offsets[at + 1] = offsets[at] + size
    data = np.full(offsets[-1], 0x20, np.uint8)
    for at in range(bounds.size - 1):
        end = offsets[at]
        for place in range(bounds[at], bounds[at + 1]):
            for letter in range(starts[tokens[place]], starts[tokens[place] + 1]):
                data[end] = letters[letter]
                end += 1
            end += 1
    return data, offsets


def written(drawn: Texts, known: Words) -> pa.Array:
    """The texts as they are stored."""
    data, offsets = _written(drawn.tokens, drawn.bounds, known.letters, known.starts)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), offsets.size - 1, buffers)


@compiled
def _shingles(
    tokens: NDArray[np.uint16], bounds: NDArray[np.int64], hashes: NDArray[np.uint64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """`filters.text.shingle_hashes` of each document, one after the other, and their bounds."""
    found = np.empty(tokens.size, np.uint32)
    ends = np.zeros(bounds.size, np.int64)
    for at in range(bounds.size - 1):
        text = hashes[tokens[bounds[at] : bounds[at + 1]]]
        own = loops.ngram_hashes(text, min(text.size, SHINGLE_WORDS))
        mixed = np.sort((own >> np.uint64(32)).astype(np.uint32))
        end = ends[at]
        for place in range(mixed.size):
            if place == 0 or mixed[place] != mixed[place - 1]:
                found[end] = mixed[place]
                end += 1
        ends[at + 1] = end
    return found[: ends[-1]].copy(), ends


# Columns


class Shard:
    """One shard's documents: what the columns are made from."""

    def __init__(self, corpus: Corpus, ordinal: int, settings: config.Run) -> None:
        self.corpus, self.settings, self.ordinal = corpus, settings, ordinal
        last = min(corpus.documents, (ordinal + 1) * SHARD_ROWS)
        self.numbers = np.arange(ordinal * SHARD_ROWS, last)
        self.rows = self.numbers.size
        self.places = places(layout(corpus), self.numbers)
        self.clusters = clusters_at(layout(corpus), self.places)
        self.words = words(corpus.seed)
        self.texts = texts(corpus, self.places)
        self.text = written(self.texts, self.words)
        self.shingles, self.shingle_bounds = _shingles(
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
        starts = layout(self.corpus).starts
        has_base = self.texts.versions == SAME_PAYLOAD
        source = np.where(has_base, starts[np.where(has_base, self.clusters, 0)], self.places)
        keys = mix(source.astype(np.uint64) ^ _OWN).astype("<u8")
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
                values = np.where(fails(self.places), low / 2, np.minimum(values, 1))
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
                f"benchmarks/synthetic.py: MAKERS has nothing for {table.name}.{column.name}"
            )
    return pa.Table.from_arrays(arrays, schema=table.schema)


# The run's folder


def planned(corpus: Corpus, settings: config.Run) -> plan.Plan:
    """The plan of a run over the made-up shards."""
    identity = corpus.identity()
    names = [warc_name(ordinal) for ordinal in range(corpus.shard_count)]
    return plan.Plan(
        settings, SNAPSHOT, tuple(Input(name, f"/{name}", identity) for name in names), ()
    )


@dataclass(frozen=True, slots=True)
class Make:
    """`Make(run, settings, corpus)(task)` does what step `extract` would have done for a shard."""

    run: str
    settings: str
    corpus: Corpus

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


def build(run: Path, corpus: Corpus, settings: config.Run, workers: int) -> plan.Made:
    """Make the run's folder, or what of it is missing; the manifests of its first two steps.

    ValueError for texts of fewer than 200 characters. The first step is really done, on no
    robots.txt files and no block list.
    """
    if corpus.chars < MIN_CHARS:
        raise ValueError(f"texts of {corpus.chars} characters: give at least {MIN_CHARS}")
    prepared, extracted = plan.STEPS[:2]
    drawn, text = planned(corpus, settings), settings.model_dump_json()
    work = Work(str(run), text, SNAPSHOT)
    made: plan.Made = {}
    made[prepared.name] = [work(task) for task in drawn.tasks(prepared, made)]
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


def write_truth(path: Path, corpus: Corpus) -> None:
    """One row a document, in the order of shards and rows: its cluster, and what it is in it.

    `cluster` is null for a document that is alone; `version` is as in `Texts`.
    """
    spread = layout(corpus)
    with pq.ParquetWriter(path, TRUTH, compression="zstd") as writer:
        for start in range(0, corpus.documents, SHARD_ROWS):
            numbers = np.arange(start, min(start + SHARD_ROWS, corpus.documents))
            found = places(spread, numbers)
            clusters = clusters_at(spread, found)
            rows = {
                "cluster": pa.array(clusters, pa.int64(), mask=clusters < 0),
                "version": pa.array(_versions(spread, found, corpus.seed), pa.int8()),
            }
            writer.write_table(pa.table(rows, schema=TRUTH))


@compiled
def _versions(spread: Layout, found: NDArray[np.int64], seed: int) -> NDArray[np.int8]:
    versions = np.full(found.size, BASE, np.int8)
    for at in range(found.size):
        cluster = np.searchsorted(spread.starts, found[at], side="right") - 1
        if cluster < spread.starts.size - 1 and spread.starts[cluster] != found[at]:
            versions[at] = _version(_own_stream(seed, found[at]))
    return versions
