"""The word lists of a language pack, out of word counts: stop, affinity and neighbour words.

A word's frequency in a language is balanced over the sources of its texts, because each source has
a subject: *fichier* is frequent in manuals, not in French. Methods: FineWeb-2 (Penedo et al. 2025,
sections 4.3 and 4.5); spec: frequency at least .8 %, halved until eight words are found.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import regex  # type: ignore[import-untyped]

from filters.text import TextView

MIN_FREQUENCY: Final = 0.008
MIN_STOP_WORDS: Final = 8
MAX_STOP_WORDS: Final = 40
_ALWAYS_KEPT: Final = (
    10  # the most frequent words are the language's even where a neighbour has them
)

MAX_FOREIGN_AFFINITY: Final = 0.8
MIN_AFFINITY: Final = 0.85
_FREQUENT_SHARE: Final = 0.05  # of the different words, the most frequent
MAX_LISTED: Final = 200
"""Affinity and neighbour words of a pack at most: further ones are too rare to be met on a page."""

_MIN_SOURCE_WORDS: Final = 2_000  # fewer say nothing about a frequency of .8 %
_MIN_COUNT: Final = 4  # of an affinity or neighbour word; rarer ones are names and slips

_WORD: Final = regex.compile(r"[\p{L}][\p{L}\p{M}]*(?:['’\u02bc·\u2027]\p{L}[\p{L}\p{M}]*)*")


@dataclass(frozen=True)
class Usage:
    """How often words occur in a language's texts: counts, and frequencies over its sources.

    `typical` is the median over the sources, `mean` the mean; both are fractions of the words.
    """

    counts: Mapping[str, int]
    typical: Mapping[str, float]
    mean: Mapping[str, float]

    @property
    def total(self) -> int:
        """Words counted."""
        return sum(self.counts.values())


def words_of(text: str) -> list[str]:
    """The text's words of letters, in lower case, with U+2019 as U+0027: as `TextView` folds."""
    return [
        word.replace("\u2019", "'").replace("\u02bc", "'") for word in _WORD.findall(text.lower())
    ]


def usage(texts: Iterable[tuple[str, str]]) -> Usage:
    """Usage of words in `(source, text)` pairs."""
    by_source: dict[str, Counter[str]] = {}
    for source, text in texts:
        by_source.setdefault(source, Counter()).update(words_of(text))
    together = Counter[str]()
    for counts in by_source.values():
        together.update(counts)
    large = [counts for counts in by_source.values() if counts.total() >= _MIN_SOURCE_WORDS]
    large = large or [together]
    totals = [counts.total() for counts in large]
    typical, mean = {}, {}
    for word in together:
        shares = [c[word] / total for c, total in zip(large, totals, strict=True) if total]
        typical[word] = statistics.median(shares) if shares else 0.0
        mean[word] = statistics.fmean(shares) if shares else 0.0
    return Usage(together, typical, mean)


def stop_words(own: Usage, others: Sequence[Usage]) -> tuple[tuple[str, ...], float]:
    """The language's stop words, most frequent first, and the frequency they were cut at.

    `others` are all other languages in the same script. A word whose frequency is mostly another
    language's is dropped (`MAX_FOREIGN_AFFINITY`), unless it is among the language's first ten.
    Empty if fewer than eight words can be found.
    """
    ranked = sorted(own.typical, key=lambda word: (-own.typical[word], word))
    ranked = [word for word in ranked if own.counts[word] >= _MIN_COUNT and _is_one_word(word)]
    cut = MIN_FREQUENCY
    while True:
        found = [
            word
            for place, word in enumerate(ranked)
            if own.typical[word] >= cut
            and (place < _ALWAYS_KEPT or not _is_foreign(word, own, others))
        ]
        if len(found) >= MIN_STOP_WORDS:
            return tuple(found[:MAX_STOP_WORDS]), cut
        cut /= 2
        if cut < 1e-4:  # no word of so few texts is a function word
            return (), cut


def _is_foreign(word: str, own: Usage, others: Sequence[Usage]) -> bool:
    elsewhere = [other.mean.get(word, 0.0) for other in others]
    whole = own.mean[word] + sum(elsewhere)
    return max(elsewhere, default=0.0) > MAX_FOREIGN_AFFINITY * whole


def affinity_words(own: Usage, neighbours: Sequence[Usage]) -> tuple[str, ...]:
    """Words that, among these languages, are nearly the language's own; most frequent first.

    Of the most frequent twentieth of its words, those with an affinity of .85 or more:
    f(t, l) / sum over l' of f(t, l'). Empty without neighbours.
    """
    if not neighbours:
        return ()
    found = []
    for word in _frequent(own):
        whole = own.mean[word] + sum(other.mean.get(word, 0.0) for other in neighbours)
        if own.mean[word] >= MIN_AFFINITY * whole:
            found.append(word)
        if len(found) == MAX_LISTED:
            break
    return tuple(found)


def neighbour_words(own: Usage, neighbours: Sequence[Usage]) -> tuple[str, ...]:
    """Frequent words of the neighbours that the language itself hardly has.

    Neighbours take turns, so that each is represented; pairwise affinity .95 or more.
    """
    queues = [
        [
            word
            for word in _frequent(other)
            if other.mean[word] >= 0.95 * (other.mean[word] + own.mean.get(word, 0.0))
        ][:MAX_LISTED]
        for other in neighbours
    ]
    found: dict[str, None] = {}
    place = 0
    while len(found) < MAX_LISTED and any(place < len(queue) for queue in queues):
        for queue in queues:
            if place < len(queue) and len(found) < MAX_LISTED:
                found.setdefault(queue[place])
        place += 1
    return tuple(found)


def _frequent(own: Usage) -> list[str]:
    ranked = sorted(own.mean, key=lambda word: (-own.mean[word], word))
    ranked = ranked[: max(MIN_STOP_WORDS, int(len(ranked) * _FREQUENT_SHARE))]
    return [word for word in ranked if own.counts[word] >= _MIN_COUNT and _is_one_word(word)]


def _is_one_word(word: str) -> bool:
    return TextView(word).word_count == 1


_PACKED_WORDS: Final = 1_000
_SCALE: Final = 10_000_000


def packed(usage: Usage) -> dict[str, object]:
    """The thousand most frequent words with their mean frequency in ten-millionths."""
    ranked = sorted(usage.mean, key=lambda word: (-usage.mean[word], word))[:_PACKED_WORDS]
    return {
        "total": usage.total,
        "words": " ".join(ranked),
        "frequencies": [round(usage.mean[word] * _SCALE) for word in ranked],
    }


def unpacked(row: Mapping[str, Any]) -> Usage:
    """Usage as `packed` kept it; rarer words are as if they were not there."""
    mean = {
        word: frequency / _SCALE
        for word, frequency in zip(row["words"].split(), row["frequencies"], strict=True)
    }
    counts = {word: round(frequency * row["total"]) for word, frequency in mean.items()}
    return Usage(counts, mean, mean)
