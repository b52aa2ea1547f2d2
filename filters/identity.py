"""Which groups of people a text mentions: terms of identity, found as whole words.

What is found says what a text is about, never who wrote it. Reads nothing: lexicons are given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

AXES: Final = ("religion", "ethnicity", "gender", "orientation", "disability", "migration", "age")
MIN_PREFIX: Final = 3
"""Characters of a prefix at least: shorter ones begin words of other meanings."""

_WORD: Final = re.compile(r"\w+")
_TURKIC: Final = frozenset({"tur", "azj", "crh", "gag", "tat"})
_DOTTED: Final = str.maketrans({"I": "ı", "İ": "i"})
_MAX_KNOWN: Final = 1 << 17
"""Pieces of text remembered with their axes: most of a language's running words are among them."""

_LONGEST: Final = 40
"""Characters of a piece that is remembered, and of a word that begins a phrase: terms are shorter.
"""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Terms of a language by axis: words, prefixes (`muslim*`), or several of them in a row."""

    language: str
    version: int
    reviewed_by: str | None
    axes: Mapping[str, tuple[str, ...]]


def finder(lexicon: Lexicon) -> Callable[[str], frozenset[str]]:
    """A function from a text to the axes that it mentions; time linear in the text's length.

    Words are runs of letters, digits and underscores, compared in lower case and NFC; a hyphen or
    apostrophe parts words, in texts as in terms. Not thread-safe: it remembers words. ValueError for an unknown axis, a term without a
    word and a prefix of fewer than three characters.
    """
    words: dict[str, int] = {}
    prefixes: dict[str, int] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for axis, terms in lexicon.axes.items():
        if axis not in AXES:
            raise ValueError(f"{lexicon.language}: {axis!r} is none of {', '.join(AXES)}")
        bit = 1 << AXES.index(axis)
        for term in terms:
            parts = _parts(term, lexicon.language)
            if len(parts) > 1:
                phrases.setdefault(parts[0], []).append((tuple(parts[1:]), bit))
            elif parts[0].endswith("*"):
                prefixes[parts[0][:-1]] = prefixes.get(parts[0][:-1], 0) | bit
            else:
                words[parts[0]] = words.get(parts[0], 0) | bit
    firsts = {first[:-1] for first in phrases if first.endswith("*")}
    lengths = sorted({len(prefix) for prefix in (*prefixes, *firsts)})
    known: dict[str, tuple[int, frozenset[str]]] = {}

    def look_up(piece: str) -> tuple[int, frozenset[str]]:
        """Axes of the words in a piece without white space; the words that may begin a phrase."""
        bits, begins = 0, set()
        for word in folded(piece, lexicon.language):
            bits |= words.get(word, 0)
            heads = [word[:length] for length in lengths]
            for head in heads:
                bits |= prefixes.get(head, 0)
            if word in phrases or not firsts.isdisjoint(heads):
                begins.add(word)
        found = bits, frozenset(begins)
        if len(piece) <= _LONGEST:
            if len(known) >= _MAX_KNOWN:
                known.clear()
            known[piece] = found
        return found

    def find(text: str) -> frozenset[str]:
        bits, begins = 0, set[str]()
        for piece in set(text.split()):
            of_piece, may_begin = known.get(piece) or look_up(piece)
            bits |= of_piece
            if may_begin:
                begins |= may_begin
        if begins:
            found = folded(text, lexicon.language)
            for at in [at for at, word in enumerate(found) if word in begins]:
                bits |= _phrases_at(found, at, phrases)
        return _NAMES[bits]

    return find


def folded(text: str, language: str) -> list[str]:
    """Words of a text as they are compared: NFC, lower case, İ and I as the language has them."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if language in _TURKIC:
        text = text.translate(_DOTTED)
    found: list[str] = _WORD.findall(text.lower())
    return found


def _phrases_at(
    found: list[str], at: int, phrases: Mapping[str, Iterable[tuple[tuple[str, ...], int]]]
) -> int:
    """Axes of the phrases that begin at a word."""
    bits = 0
    word = found[at]
    heads = (word, *(f"{word[:length]}*" for length in range(MIN_PREFIX, len(word) + 1)))
    for head in heads if len(word) <= _LONGEST else (word,):
        for rest, bit in phrases.get(head, ()):
            after = found[at + 1 : at + 1 + len(rest)]
            if len(after) == len(rest) and all(map(_is_like, after, rest)):
                bits |= bit
    return bits


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
