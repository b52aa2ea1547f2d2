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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from filters import characters

HASH_VERSION: Final = 1


# Closing marks after a sentence terminal that are looked through: `.")` and the like.
_MAX_CLOSERS: Final = 3

_MAX_TOP: Final = 4
_MAX_DUPLICATE: Final = 10
"""Sizes of n-grams of Gopher, Table A1."""

Hash = TypeVar("Hash", np.uint32, np.uint64)

Fact = TypeVar("Fact")

NO_WORDS: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What a language pack knows of its language's words; empty where it knows nothing."""

    stop_words: frozenset[str] = NO_WORDS
    """Frequent function words."""
    affinity_words: frozenset[str] = NO_WORDS
    """Words that tell the language from those it is mistaken for."""
    neighbour_words: frozenset[str] = NO_WORDS
    """Words of the languages that it is mistaken for, which it does not use itself."""
    boilerplate_phrases: frozenset[str] = NO_WORDS
    """What sites say in this language outside their texts: "read more", "all rights reserved"."""


NO_LEXICON: Final = Lexicon()


class Phrases(NamedTuple):
    """Phrases as hashes of their n-grams, grouped by number of words, for `TextView.phrases`."""

    firsts: NDArray[np.bool_]
    """65,536 flags, by the upper 16 bits of each phrase's first word: few words pass this sieve."""
    sizes: NDArray[np.int64]
    """Numbers of words, ascending."""
    bounds: NDArray[np.int64]
    """Phrases of `sizes[k]` words have `hashes[bounds[k]:bounds[k + 1]]`."""
    hashes: NDArray[np.uint64]
    """Sorted within each group."""
    kinds: NDArray[np.uint8]
    """What each phrase is for: the union of the bits that it was compiled with."""


@cache
def _loops() -> ModuleType:
    """The compiled loops, imported when the first text is measured: numba takes half a second."""
    from filters import loops  # noqa: PLC0415

    return loops


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


class TextView:
    """Words, lines and n-grams of one text, each computed when first asked for and then kept.

    Nothing depends on any other text. Every step is linear but for the sorts of hashes.
    """

    def __init__(self, text: str, lexicon: Lexicon = NO_LEXICON) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.lexicon = lexicon
        self._ngram_hashes: dict[int, NDArray[np.uint64]] = {}
        self._kept: dict[str, Any] = {}
        self._points = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        known = characters.tables()
        self.classes: NDArray[np.uint16]
        """Class bits (`filters.characters`) of each character as written."""
        self.codes: NDArray[np.uint32]
        """Folded code points (lower case by the simple mapping, so aligned with the text)."""
        self.scripts: NDArray[np.uint8]
        """Script bit (`filters.characters.SCRIPTS`) of each letter; 0 for what is in no script."""
        self.classes, self.codes, self.scripts, self._class_counts = _loops().classify(
            self._points, known.classes, known.folded, known.scripts
        )

    def kept(self, name: str, make: Callable[[], Fact]) -> Fact:
        """A fact that several signals of a module share, made when first asked for."""
        if name not in self._kept:
            self._kept[name] = make()
        fact: Fact = self._kept[name]
        return fact

    def count(self, class_bit: int) -> int:
        """Number of characters with this class bit."""
        return int(self._class_counts[class_bit.bit_length() - 1])

    # Words

    @cached_property
    def _word_bounds(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        starts, ends = _loops().words(self.classes)
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
        hashes: NDArray[np.uint64] = _loops().span_hashes(
            self.codes, self.word_starts, self.word_ends
        )
        return hashes

    @cached_property
    def _written_hashes(self) -> NDArray[np.uint64]:
        """Hash of each word as written, for repetition: not published."""
        hashes: NDArray[np.uint64] = _loops().span_hashes(
            self._points, self.word_starts, self.word_ends
        )
        return hashes

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
    def _word_unions(self) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int32]]:
        classes, scripts, cased = _loops().word_unions(
            self.classes, self.scripts, self.word_starts, self.word_ends
        )
        return classes, scripts, cased

    @property
    def word_classes(self) -> NDArray[np.uint16]:
        """Union of the class bits of each word's characters."""
        return self._word_unions[0]

    @property
    def word_scripts(self) -> NDArray[np.uint8]:
        """Union of the script bits of each word's letters."""
        return self._word_unions[1]

    @property
    def word_cased(self) -> NDArray[np.int32]:
        """For each word, how many of its letters are in upper or lower case."""
        return self._word_unions[2]

    @cached_property
    def _different_words(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        places, counts = _loops().first_places(self.word_hashes)
        return places, counts

    @property
    def different_words(self) -> NDArray[np.int64]:
        """Index of the first occurrence of each different word, in order."""
        return self._different_words[0]

    @property
    def different_word_counts(self) -> NDArray[np.int64]:
        """Occurrences of each of `different_words`."""
        return self._different_words[1]

    def words_among(self, words: frozenset[str]) -> NDArray[np.bool_]:
        """For each of `different_words`, whether it is one of these."""
        return is_among(self.word_hashes[self.different_words], words)

    @cached_property
    def stop_word_hits(self) -> NDArray[np.bool_]:
        """For each of `different_words`, whether it is one of the lexicon's stop words."""
        return self.words_among(self.lexicon.stop_words)

    @cached_property
    def affinity_word_hits(self) -> NDArray[np.bool_]:
        """For each of `different_words`, whether it is one of the lexicon's affinity words."""
        return self.words_among(self.lexicon.affinity_words)

    def phrases(self, wanted: Phrases) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Line and kinds of each occurrence of the phrases; none may run over a line end."""
        places, found = _loops().phrases(
            self.word_hashes, wanted.firsts, wanted.sizes, wanted.bounds, wanted.hashes
        )
        if not places.size:
            return places, np.zeros(0, np.uint8)
        lines = self.lines_of(places)
        sizes = wanted.sizes[np.searchsorted(wanted.bounds, found, side="right") - 1]
        whole = lines == self.lines_of(places + sizes - 1)
        return lines[whole], wanted.kinds[found[whole]]

    # Lines and paragraphs

    @cached_property
    def _line_bounds(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Starts and ends of stripped lines, and each one's paragraph."""
        starts, ends, paragraphs = _loops().lines(self.classes, self.codes)
        return starts, ends, paragraphs

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

    @property
    def line_paragraphs(self) -> NDArray[np.int32]:
        """Paragraph of each line, counted from 0."""
        return self._line_bounds[2]

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
        """64-bit hash of each stripped line as written."""
        hashes: NDArray[np.uint64] = _loops().span_hashes(
            self._points, self.line_starts, self.line_ends
        )
        return hashes

    @cached_property
    def _paragraphs(self) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        hashes, lengths = _loops().paragraphs(
            self.line_hashes, self.line_lengths, self.line_paragraphs
        )
        return hashes, lengths

    @property
    def paragraph_hashes(self) -> NDArray[np.uint64]:
        """64-bit hash of each paragraph's sequence of lines; blank lines divide paragraphs."""
        return self._paragraphs[0]

    @property
    def paragraph_lengths(self) -> NDArray[np.int32]:
        """Characters of each paragraph's stripped lines."""
        return self._paragraphs[1]

    @cached_property
    def line_words(self) -> NDArray[np.int64]:
        """Index of each line's first word, and last the number of words: shape (lines + 1,)."""
        bounds = np.empty(self.line_count + 1, np.int32)
        bounds[:-1], bounds[-1] = self.line_starts, self.codes.size
        return np.searchsorted(self.word_starts, bounds)

    def lines_of(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """Line of each of these words."""
        return np.searchsorted(self.line_starts, self.word_starts[words], side="right") - 1

    # Sentences

    @cached_property
    def _line_end_facts(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        sentences, ellipses = _loops().line_ends(
            self.classes, self.codes, self.line_starts, self.line_ends, _MAX_CLOSERS
        )
        return sentences, ellipses

    @property
    def line_ends_sentence(self) -> NDArray[np.bool_]:
        """For each line, whether it ends a sentence.

        Its last character, but for up to three closing brackets and quotation marks, is a sentence
        terminal (Unicode property Sentence_Terminal), an ellipsis, or U+003B after a Greek letter,
        which NFC makes of the Greek question mark.
        """
        return self._line_end_facts[0]

    @property
    def line_ends_in_ellipsis(self) -> NDArray[np.bool_]:
        """For each line, whether it ends with "..." or U+2026."""
        return self._line_end_facts[1]

    @cached_property
    def line_pieces(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """For each line, how many pieces white space leaves of it, and the longest's characters."""
        counts, longest = _loops().pieces(self.classes, self.line_starts, self.line_ends)
        return counts, longest

    @cached_property
    def sentence_ends(self) -> NDArray[np.int64]:
        """Offset of the last character of each run of sentence terminals that ends a sentence.

        Such a run follows a word of two characters or more, or a closing mark, and stands before
        white space, a closing mark or the end of the text. So "z. B." and "J. Smith" end none, and
        3.14 does not; "12. Mai" does. Titles without a full stop are no sentences.
        """
        ends: NDArray[np.int64] = _loops().sentence_ends(self.classes, self.codes)
        return ends

    @cached_property
    def sentence_end_lines(self) -> NDArray[np.int64]:
        """Line of each of `sentence_ends`."""
        return np.searchsorted(self.line_starts, self.sentence_ends, side="right") - 1

    # N-grams

    def ngram_hashes(self, n: int) -> NDArray[np.uint64]:
        """Published 64-bit hash of the n-gram at each word but the last n - 1 (step 4); n >= 1."""
        if n not in self._ngram_hashes:
            self._ngram_hashes[n] = _loops().ngram_hashes(self.word_hashes, n)
        return self._ngram_hashes[n]

    @cached_property
    def _top_n_grams(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts, lengths = _loops().top_n_grams(self._written_hashes, self.word_offsets, _MAX_TOP)
        return counts, lengths

    def top_n_gram(self, n: int) -> tuple[int, int]:
        """Occurrences, and characters of words of one, of the most frequent n-gram; n from 2 to 4.

        The first in the text of several; (0, 0) in a text of fewer words.
        """
        counts, lengths = self._top_n_grams
        return int(counts[n]), int(lengths[n])

    @cached_property
    def _duplicate_n_grams(self) -> NDArray[np.int64]:
        totals: NDArray[np.int64] = _loops().duplicate_n_grams(
            self._written_hashes, self.word_offsets, _MAX_DUPLICATE
        )
        return totals

    def duplicate_n_grams(self, n: int) -> int:
        """Characters of words in n-grams that stand earlier, walking on behind each; n to 10."""
        return int(self._duplicate_n_grams[n])


def is_among(hashes: NDArray[np.uint64], words: frozenset[str]) -> NDArray[np.bool_]:
    """For each word hash, whether it is that of one of the words."""
    found: NDArray[np.bool_] = _loops().is_among(hashes, word_set_hashes(words))
    return found


def repeated(hashes: NDArray[np.uint64], lengths: NDArray[np.int32]) -> tuple[int, int]:
    """How many of the hashes stand earlier in the array, and the sum of their lengths."""
    count, size = _loops().repeated(hashes, lengths)
    return int(count), int(size)


def compile_phrases(phrases: Mapping[str, int]) -> Phrases:
    """Prepare phrases, each with its bits, for `TextView.phrases`.

    ValueError for a phrase without words.
    """
    firsts = np.zeros(1 << 16, np.bool_)
    by_size: dict[int, dict[int, int]] = {}
    for phrase, kind in phrases.items():
        view = TextView(phrase)
        if not view.word_count:
            raise ValueError(f"phrase {phrase!r} has no words")
        firsts[int(view.word_hashes[0]) >> 48] = True
        group = by_size.setdefault(view.word_count, {})
        value = int(view.ngram_hashes(view.word_count)[0])
        group[value] = group.get(value, 0) | kind
    sizes = sorted(by_size)
    ordered = [(value, by_size[size][value]) for size in sizes for value in sorted(by_size[size])]
    bounds = np.cumsum([0, *(len(by_size[size]) for size in sizes)])
    return Phrases(
        firsts,
        np.array(sizes, np.int64),
        bounds.astype(np.int64),
        np.array([value for value, _ in ordered], np.uint64),
        np.array([kind for _, kind in ordered], np.uint8),
    )


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
def word_set_hashes(words: frozenset[str]) -> NDArray[np.uint64]:
    """Sorted hashes of words. ValueError for an entry that is not one word to the segmenter."""
    ordered = sorted(words)
    view = TextView("\n".join(ordered))
    # Each entry is a line: one view of all costs what a view of one does.
    if view.word_count != len(ordered) or (np.diff(view.line_words) != 1).any():
        for entry in ordered:
            if (count := TextView(entry).word_count) != 1:
                raise ValueError(f"{entry!r} is {count} words to the segmenter, not one")
    return np.unique(view.word_hashes)
