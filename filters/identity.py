"""Which groups of people a text mentions: terms of identity, found as whole words.

What is found says what a text is about, never who wrote it. Reads nothing: lexicons are given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

AXES: Final = ("religion", "ethnicity", "gender", "orientation", "disability", "migration", "age")
MIN_PREFIX: Final = 3
"""Characters of a prefix at least: shorter ones begin words of other meanings."""

_WORD: Final = re.compile(r"\w+")
_TURKIC: Final = frozenset({"tur", "azj", "crh", "gag", "tat"})
_DOTTED: Final = str.maketrans({"I": "ı", "İ": "i"})
_MAX_KNOWN: Final = 1 << 15
"""Pieces of text remembered with their axes: the first ones met are mostly the frequent ones."""

_NOTHING: Final = (0, frozenset[str]())

_LONGEST: Final = 40
"""Characters of a piece that is remembered: a page without white space is one long piece."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Terms of a language by axis: words, prefixes (`muslim*`), or several of them in a row."""

    language: str
    version: int
    reviewed_by: str | None
    axes: Mapping[str, tuple[str, ...]]


class Finder:
    """Finds the axes that texts mention, in linear time. Not thread-safe: it remembers words.

    Words are runs of letters, digits and underscores, compared in lower case and NFC; a hyphen or
    apostrophe parts words, in texts as in terms. ValueError for an unknown axis, a term without a
    word and a prefix of fewer than three characters.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._language = lexicon.language
        self._words: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for axis, terms in lexicon.axes.items():
            if axis not in AXES:
                raise ValueError(f"{lexicon.language}: {axis!r} is none of {', '.join(AXES)}")
            for term in terms:
                self._add(_parts(term, lexicon.language), 1 << AXES.index(axis))
        self._firsts = {first[:-1] for first in self._phrases if first.endswith("*")}
        self._lengths = sorted({len(prefix) for prefix in (*self._prefixes, *self._firsts)})
        self._starts = {prefix[:MIN_PREFIX] for prefix in (*self._prefixes, *self._firsts)}
        self._known: dict[str, tuple[int, frozenset[str]]] = {}

    def __call__(self, text: str) -> frozenset[str]:
        """The axes of which the text holds a term."""
        bits, begins, known = 0, set[str](), self._known
        for piece in set(text.split()):
            of_piece, may_begin = known.get(piece) or self._look_up(piece)
            bits |= of_piece
            if may_begin:
                begins |= may_begin
        if begins:
            found = folded(text, self._language)
            for at in [at for at, word in enumerate(found) if word in begins]:
                bits |= self._phrases_at(found, at)
        return _NAMES[bits]

    def _add(self, parts: list[str], bit: int) -> None:
        if len(parts) > 1:
            self._phrases.setdefault(parts[0], []).append((tuple(parts[1:]), bit))
        elif parts[0].endswith("*"):
            self._prefixes[parts[0][:-1]] = self._prefixes.get(parts[0][:-1], 0) | bit
        else:
            self._words[parts[0]] = self._words.get(parts[0], 0) | bit

    def _look_up(self, piece: str) -> tuple[int, frozenset[str]]:
        """Axes of the words in a piece without white space; the words that may begin a phrase."""
        bits, begins = 0, set[str]()
        for word in folded(piece, self._language):
            bits |= self._words.get(word, 0)
            if word in self._phrases:
                begins.add(word)
            if word[:MIN_PREFIX] in self._starts:
                heads = [word[:length] for length in self._lengths]
                for head in heads:
                    bits |= self._prefixes.get(head, 0)
                if not self._firsts.isdisjoint(heads):
                    begins.add(word)
        found = (bits, frozenset(begins)) if bits or begins else _NOTHING
        if len(piece) <= _LONGEST and len(self._known) < _MAX_KNOWN:
            self._known[piece] = found
        return found

    def _phrases_at(self, found: list[str], at: int) -> int:
        """Axes of the phrases that begin at a word."""
        bits, word = 0, found[at]
        heads = [word, *(f"{word[:length]}*" for length in self._lengths)]
        for rest, bit in (entry for head in heads for entry in self._phrases.get(head, ())):
            after = found[at + 1 : at + 1 + len(rest)]
            if len(after) == len(rest) and all(map(_is_like, after, rest)):
                bits |= bit
        return bits


def folded(text: str, language: str) -> list[str]:
    """Words of a text as they are compared: NFC, lower case, İ and I as the language has them."""
    if text.isascii() and text.isalpha() and language not in _TURKIC:
        return [text.lower()]
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if language in _TURKIC:
        text = text.translate(_DOTTED)
    found: list[str] = _WORD.findall(text.lower())
    return found


def _is_like(word: str, term: str) -> bool:
    return word.startswith(term[:-1]) if term.endswith("*") else word == term


def _parts(term: str, language: str) -> list[str]:
    """The words of a term, each with its asterisk."""
    parts = []
    for piece in term.split():
        inner = folded(piece.rstrip("*"), language)
        if piece.endswith("*") and inner:
            inner[-1] += "*"
        parts += inner
    if not parts or any(p.endswith("*") and len(p) <= MIN_PREFIX for p in parts):
        raise ValueError(f"{language}: {term!r} is no term: a word, or a prefix of {MIN_PREFIX}")
    return parts


_NAMES: Final = tuple(
    frozenset(axis for bit, axis in enumerate(AXES) if bits >> bit & 1)
    for bits in range(1 << len(AXES))
)
