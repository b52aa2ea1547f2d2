"""Text as aligned arrays: words, lines, paragraphs, n-grams and shingles.

`TextView` is the only way to words, so that one segmenter decides for signals and shingles alike.
Offsets count code points of `TextView.text`, the NFC form of what was given.

**The published hashes** (pinned: they are compared across runs, so a change raises `HASH_VERSION`).
All arithmetic is modulo 2^64, and `mix` is the finaliser of SplitMix64 (Steele et al. 2014), a
bijection:

    mix(x):  x ^= x >> 30;  x *= 0xBF58476D1CE4E5B9;  x ^= x >> 27;  x *= 0x94D049BB133111EB;  x ^=
    x >> 31

1. Text is normalised to NFC. Each code point is lower-cased by Unicode's simple mapping; then
   U+03C2 becomes U+03C3, and U+2019 and U+02BC become U+0027. (Words are found in the text before
   this step.)
2. A word starts with a letter (L*, Nl), a digit (Nd) or U+005F and goes on over these, marks (M*)
   and format characters (Cf), and over one of U+0027 U+2019 U+00B7 U+2027 if letters (with their
   marks) stand on both sides: UAX #29 without its rules for numbers and Katakana. Scripts written
   without spaces are not segmented.
3. The hash of a word of code points c_0 ... c_m is mix(sum over k of mix(c_k + 2^32 * k)).
4. The hash of an n-gram of word hashes w_0 ... w_{n-1} is mix(sum over j of w_j * P^(n-1-j)), P =
   0x9E3779B97F4A7C15.
5. A shingle is the upper 32 bits of the hash of a word 5-gram; a text of fewer words is one shingle
   of all of them.

Unlike a polynomial over code points modulo 2^64, which collides on Thue-Morse words for every base,
step 3 mixes each code point with its place before it adds.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from filters import characters

HASH_VERSION: Final = 1

_NGRAM_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_NEWLINE: Final = 0x0A

Hash = TypeVar("Hash", np.uint32, np.uint64)


class Repeats(NamedTuple):
    """The n-grams that occur more than once, an entry each time, ordered by hash, then place."""

    words: NDArray[np.int64]
    """Index of the n-gram's first word."""
    groups: NDArray[np.int64]
    """Entries with equal n-grams have equal numbers, counted from 0."""
    again: NDArray[np.bool_]
    """False for the first occurrence of each n-gram."""


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser of each value: the avalanche behind every hash here."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def distinct(hashes: NDArray[Hash]) -> NDArray[Hash]:
    """Sorted distinct values; several times as fast as np.unique for the sizes of a page."""
    ordered = np.sort(hashes)
    fresh = np.ones(ordered.size, np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def isin_sorted(values: NDArray[Hash], wanted: NDArray[Hash]) -> NDArray[np.bool_]:
    """Whether each value occurs in the sorted array `wanted`."""
    if not wanted.size:
        return np.zeros(values.size, np.bool_)
    slots = np.searchsorted(wanted, values)
    found: NDArray[np.bool_] = wanted.take(slots, mode="clip") == values
    return found


class TextView:
    """Words, lines and n-grams of one text, each computed when first asked for and then kept.

    Nothing depends on any other text. Every step is linear but for the sorts of hashes.
    """

    def __init__(self, text: str, stop_words: frozenset[str] = frozenset()) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.stop_words = stop_words
        self._ngrams: dict[int, NDArray[np.uint64]] = {}
        self._ngram_hashes: dict[int, NDArray[np.uint64]] = {}
        self._repeats: dict[int, Repeats] = {}

    @cached_property
    def _code_points(self) -> NDArray[np.uint32]:
        return np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """Folded code points (lower case by the simple mapping, so aligned with the text)."""
        return characters.tables().folded.take(self._code_points)

    @cached_property
    def classes(self) -> NDArray[np.uint16]:
        """Class bits (`filters.characters`) of each character as written."""
        return characters.tables().classes.take(self._code_points)

    @cached_property
    def present(self) -> int:
        """Union of all class bits: tells at once that a class does not occur."""
        return int(np.bitwise_or.reduce(self.classes, initial=0))

    # Words

    @cached_property
    def _word_bounds(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        classes = self.classes
        inside = (classes & (characters.WORD | characters.EXTENDER)) != 0
        if self.present & characters.JOINER and classes.size > 2:
            joins = np.flatnonzero(classes[1:-1] & characters.JOINER) + 1
            before = classes[joins - 1] & (characters.LETTER | characters.EXTENDER)
            after = classes[joins + 1] & characters.LETTER
            inside[joins[(before != 0) & (after != 0)]] = True
        starts, ends = _runs(inside)
        if self.present & characters.EXTENDER:
            # A run may begin with marks that belong to no letter: an emoji's variation selector.
            anchors = np.flatnonzero(classes & characters.WORD).astype(np.int32)
            firsts = np.searchsorted(anchors, starts)
            lasts = np.searchsorted(anchors, ends)
            kept = firsts < lasts
            starts, ends = anchors[firsts[kept]], ends[kept]
        return starts, ends

    @property
    def word_starts(self) -> NDArray[np.int32]:
        """Offset of each word's first character."""
        return self._word_bounds[0]

    @property
    def word_ends(self) -> NDArray[np.int32]:
        """Offset after each word's last character."""
        return self._word_bounds[1]

    @cached_property
    def word_lengths(self) -> NDArray[np.int32]:
        """Characters of each word."""
        return self.word_ends - self.word_starts

    @property
    def word_count(self) -> int:
        """Number of words."""
        return self.word_starts.size

    @cached_property
    def word_hashes(self) -> NDArray[np.uint64]:
        """Published 64-bit hash of each word (step 3 of the module's construction)."""
        return _span_hashes(self.codes, self.word_starts, self.word_ends)

    def word_text(self, index: int) -> str:
        """The word as written, for debugging and error analysis."""
        return self.text[self.word_starts[index] : self.word_ends[index]]

    @cached_property
    def word_offsets(self) -> NDArray[np.int64]:
        """Characters of all words before each word, and last of all words: shape (words + 1,)."""
        offsets = np.zeros(self.word_count + 1, np.int64)
        np.cumsum(self.word_lengths, out=offsets[1:])
        return offsets

    @cached_property
    def word_classes(self) -> NDArray[np.uint16]:
        """Union of the class bits of each word's characters."""
        if not self.word_count:
            return np.zeros(0, np.uint16)
        bounds = np.empty(2 * self.word_count, np.int64)
        bounds[::2], bounds[1::2] = self.word_starts, self.word_ends
        padded = np.append(self.classes, np.uint16(0))  # reduceat takes no index past the end
        return np.bitwise_or.reduceat(padded, bounds)[::2]

    def count_in_words(self, class_bits: int) -> NDArray[np.int32]:
        """For each word, how many of its characters have any of these class bits."""
        before = np.zeros(self.classes.size + 1, np.int32)
        np.cumsum((self.classes & class_bits) != 0, out=before[1:])
        return before[self.word_ends] - before[self.word_starts]

    @cached_property
    def stop_word_hits(self) -> NDArray[np.bool_]:
        """For each word, whether it is one of the stop words."""
        return isin_sorted(self.word_hashes, stop_word_hashes(self.stop_words))

    # Lines and paragraphs

    @cached_property
    def _line_bounds(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
        """Starts and ends of stripped lines, and each one's paragraph."""
        newlines = np.flatnonzero(self.codes == _NEWLINE)
        opens = np.concatenate(([0], newlines + 1))
        closes = np.concatenate((newlines, [self.codes.size]))
        inked = np.flatnonzero((self.classes & characters.SPACE) == 0).astype(np.int32)
        firsts = np.searchsorted(inked, opens)
        lasts = np.searchsorted(inked, closes)
        kept = np.flatnonzero(firsts < lasts)
        # Two kept lines whose numbers differ by more than one have a blank line between them.
        paragraphs = np.zeros(kept.size, np.int64)
        np.cumsum(kept[1:] - kept[:-1] > 1, out=paragraphs[1:])
        ends = (inked[lasts[kept] - 1] + 1).astype(np.int32)
        return inked[firsts[kept]], ends, paragraphs

    @property
    def line_starts(self) -> NDArray[np.int32]:
        """Offset of each line's first character.

        Lines are split at U+000A and stripped; blank lines do not count.
        """
        return self._line_bounds[0]

    @property
    def line_ends(self) -> NDArray[np.int32]:
        """Offset after the last character of each stripped line."""
        return self._line_bounds[1]

    @cached_property
    def line_lengths(self) -> NDArray[np.int32]:
        """Characters of each stripped line."""
        return self.line_ends - self.line_starts

    @property
    def line_count(self) -> int:
        """Number of lines that are not blank."""
        return self.line_starts.size

    @cached_property
    def line_hashes(self) -> NDArray[np.uint64]:
        """64-bit hash of each stripped, lower-cased line."""
        return _span_hashes(self.codes, self.line_starts, self.line_ends)

    @cached_property
    def _paragraph_lines(self) -> NDArray[np.int64]:
        """Index of each paragraph's first line."""
        return np.flatnonzero(np.diff(self._line_bounds[2], prepend=-1))

    @cached_property
    def paragraph_hashes(self) -> NDArray[np.uint64]:
        """64-bit hash of each paragraph's sequence of lines; blank lines divide paragraphs."""
        firsts = self._paragraph_lines
        if not firsts.size:
            return np.zeros(0, np.uint64)
        places = (np.arange(self.line_count) - firsts[self._line_bounds[2]]).astype(np.uint64)
        return mix(np.add.reduceat(mix(self.line_hashes + places * _NGRAM_BASE), firsts))

    @cached_property
    def paragraph_lengths(self) -> NDArray[np.int64]:
        """Characters of each paragraph's stripped lines."""
        firsts = self._paragraph_lines
        if not firsts.size:
            return np.zeros(0, np.int64)
        return np.add.reduceat(self.line_lengths, firsts, dtype=np.int64)

    # N-grams

    def _ngram_sums(self, n: int) -> NDArray[np.uint64]:
        if n not in self._ngrams:
            if n == 1:
                self._ngrams[1] = self.word_hashes
            else:
                shorter = self._ngram_sums(n - 1)[: max(0, self.word_count - n + 1)]
                self._ngrams[n] = shorter * _NGRAM_BASE + self.word_hashes[n - 1 :]
        return self._ngrams[n]

    def ngram_hashes(self, n: int) -> NDArray[np.uint64]:
        """Published 64-bit hash of the n-gram at each word but the last n - 1 (step 4); n >= 1."""
        if n not in self._ngram_hashes:
            self._ngram_hashes[n] = mix(self._ngram_sums(n))
        return self._ngram_hashes[n]

    def repeats(self, n: int) -> Repeats:
        """The n-grams that occur more than once; n >= 2.

        A repeated n-gram begins with a repeated (n-1)-gram and ends with one, so only those places
        are sorted.
        """
        if n not in self._repeats:
            if n == 2:
                places = np.arange(max(0, self.word_count - 1))
            else:
                shorter = np.zeros(self.word_count + 1, np.bool_)
                shorter[self.repeats(n - 1).words] = True
                places = np.flatnonzero(shorter[:-1] & shorter[1:])
            if places.size:
                self._repeats[n] = _repeats(self._ngram_sums(n)[places], places)
            else:
                self._repeats[n] = Repeats(places, places, np.zeros(0, np.bool_))
        return self._repeats[n]


def shingle_hashes(text: TextView | str, n: int = 5) -> NDArray[np.uint32]:
    """The published shingles of a text: sorted, unique 32-bit hashes of its word n-grams.

    The module docstring gives the construction. Fewer than n words make one shingle of all words;
    no words, none.
    """
    view = TextView(text) if isinstance(text, str) else text
    size = min(n, view.word_count)
    if size == 0:
        return np.zeros(0, np.uint32)
    return distinct((view.ngram_hashes(size) >> np.uint64(32)).astype(np.uint32))


def jaccard(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """Jaccard similarity of two sets of shingles, each sorted and unique; 0 if both are empty."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


@lru_cache(maxsize=1024)
def stop_word_hashes(stop_words: frozenset[str]) -> NDArray[np.uint64]:
    """Sorted hashes of the stop words.

    ValueError for an entry that the segmenter does not see as one word.
    """
    hashes = set()
    for entry in sorted(stop_words):
        view = TextView(entry)
        if view.word_count != 1:
            raise ValueError(f"stop word {entry!r} is {view.word_count} words to the segmenter")
        hashes.add(int(view.word_hashes[0]))
    return np.array(sorted(hashes), np.uint64)


def _runs(inside: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Starts and ends of the maximal runs of True."""
    padded = np.zeros(inside.size + 2, np.int8)
    padded[1:-1] = inside
    edges = np.flatnonzero(padded[1:] != padded[:-1]).astype(np.int32)
    return edges[::2], edges[1::2]


def _span_hashes(
    codes: NDArray[np.uint32], starts: NDArray[np.int32], ends: NDArray[np.int32]
) -> NDArray[np.uint64]:
    """Hash of the code points of each span (step 3); spans are not empty."""
    if not starts.size:
        return np.zeros(0, np.uint64)
    lengths = ends - starts
    offsets = np.cumsum(lengths) - lengths
    places = np.arange(offsets[-1] + lengths[-1]) - np.repeat(offsets, lengths)
    characters_of_spans = codes[places + np.repeat(starts, lengths)]
    keyed = characters_of_spans + (places.astype(np.uint64) << np.uint64(32))
    return mix(np.add.reduceat(mix(keyed), offsets))


def _repeats(hashes: NDArray[np.uint64], places: NDArray[np.int64]) -> Repeats:
    """Group equal hashes and leave out those that occur once."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    again = np.zeros(ordered.size + 1, np.bool_)
    again[1:-1] = ordered[1:] == ordered[:-1]
    kept = again[:-1] | again[1:]
    repeated = again[:-1][kept]
    return Repeats(places[order[kept]], np.cumsum(~repeated) - 1, repeated)
