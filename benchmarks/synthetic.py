"""Made-up documents in any number: their texts, clusters and places.

Everything follows from the seed and a document's number, so any part of them can be made alone.

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
they lie all over the shards. One document in twenty fails a rule, by a hash of its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import loops
from filters.compiled import compiled
from filters.compiled import mix as mix_one
from filters.text import TextView, mix

VERSION: Final = 1
"""Raised when the documents change: a folder of another version is not taken up again."""
VOCABULARY: Final = 50_000
SHORTEST, LONGEST = 3, 12
SHINGLE_WORDS: Final = 5
MIN_CHARS: Final = 200
"""Of a text, in the mean; shorter ones have no room for four edits."""
COPIES: Final = 1 / 3
BASE, COPY, SAME_PAYLOAD, EDITED = 0, 1, 2, 3
"""What a document is: its cluster's base, or alone; of the base's text; of its payload as well;
of its text with some words replaced."""
FAILING: Final = 20
"""One in so many documents fails a rule."""

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_ONE: Final = np.uint64(1)
_11, _44 = np.uint64(11), np.uint64(44)
_TABLE: Final = 1 << 20
"""Places of the table of words, by the upper 20 bits of a number; the rarest word has one."""
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
def shingles(
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


@compiled
def _versions_at(spread: Layout, found: NDArray[np.int64], seed: int) -> NDArray[np.int8]:
    versions = np.full(found.size, BASE, np.int8)
    for at in range(found.size):
        cluster = np.searchsorted(spread.starts, found[at], side="right") - 1
        if cluster < spread.starts.size - 1 and spread.starts[cluster] != found[at]:
            versions[at] = _version(_own_stream(seed, found[at]))
    return versions


def versions(corpus: Corpus, found: NDArray[np.int64]) -> NDArray[np.int8]:
    """What the document at each place is, without its text."""
    return _versions_at(layout(corpus), found, corpus.seed)
