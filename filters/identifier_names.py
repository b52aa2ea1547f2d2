"""Finds the words that name an identifier before a number: which they are, and how near."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from filters import identifier_words

WINDOW: Final = 60
"""Characters before a number within which a name counts (specification, section 3.4)."""

_REACH: Final = 90  # the window, and most names that end in it
_DIRECT: Final = 40
_MIN_STEM: Final = 5
_MIN_LATER_STEM: Final = 3
_KEY: Final = 3
_MAX_SHORT: Final = 2  # letters of acronyms that are words too, as "ci" and "se"
_MAX_GAP: Final = 3  # between the words of a name: a space, a hyphen, "'s "
_LONG: Final = re.compile(r"[0-9](?:[ \-]?[0-9]){5}")  # no date with full stops
_ENDINGS_AFTER: Final = "-'’"  # "PESEL-em", "TCKN'si"
_ENDED: Final = re.compile(r"[^\W\d_]{4}\. |\|")  # a sentence, or a cell of a table
_EXACT: Final = "="
_UNWRAPPED: Final = re.compile(r"\n +")
_WORD: Final = re.compile(r"(?<![^\W_])[^\W\d_]+")
_NUMBER: Final = re.compile(r"[0-9\0]")  # a digit, or a placeholder (`filters.pii`)
_UNDECOMPOSED: Final = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ħ": "h"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """What some words name: which numbers, and of which countries."""

    countries: frozenset[str]
    """Empty for every country."""
    groups: frozenset[str]
    """Empty for words that name something else, such as a telephone number."""
    is_acronym: bool = False
    is_weak: bool = False
    """Whether the words also name other numbers, so that only a check digit can tell."""


class Named(NamedTuple):
    """A name before a number."""

    name: Name
    distance: int
    """Characters between it and the number."""
    is_direct: bool
    """Whether nothing but punctuation and words such as "number" or "is" stand between."""
    letters: int
    """Of the name as written, and one more if some are not of ASCII, as none of a part number's."""


class _Word(NamedTuple):
    start: int
    end: int
    written: str
    folded: str


@lru_cache(maxsize=1 << 14)
def _fold(word: str) -> str:
    """A word without case and accents."""
    decomposed = unicodedata.normalize("NFD", word.casefold().translate(_UNDECOMPOSED))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def names_before(text: str, place: int, countries: frozenset[str]) -> list[Named]:
    """Names that end at most 60 characters before a place, the nearest first.

    They end where a name of something else stands, such as "telephone". `countries` are those of
    the page: acronyms of others must be written in capitals.
    """
    words = _words_before(text, place)
    found: list[tuple[int, int, Name]] = []
    for index in range(len(words)):
        found += _names_at(words, index, countries)
    found.sort(key=lambda item: (-item[1], item[0]))
    named = []
    for start, end, name in found:
        if place - end > WINDOW or not name.groups:
            break
        is_direct = _is_direct(text, words, found, end, place)
        if not is_direct and _is_taken(text, words, found, end, place):
            continue
        letters = sum(map(str.isalpha, text[start:end])) + (not text[start:end].isascii())
        named.append(Named(name, place - end, is_direct, letters))
    return named


def names_something_else(text: str, place: int) -> bool:
    """Whether the name directly before a place is one of another number, as "telephone" is."""
    words = _words_before(text, place)
    for index in range(len(words) - 1, -1, -1):
        for _, end, name in _names_at(words, index, frozenset()):
            is_direct = _is_direct(text, words, [], end, place)
            return (
                not name.groups and is_direct and not _ENDED.search(text, words[index].start, place)
            )
    return False


def _words_before(text: str, place: int) -> list[_Word]:
    begin = max(0, place - _REACH)
    words = [
        _Word(match.start(), match.end(), match.group(), _fold(match.group()))
        for match in _WORD.finditer(text, begin, place)
    ]
    if words and words[0].start == begin and begin and text[begin - 1].isalpha():
        del words[0]
    return words


def _names_at(
    words: list[_Word], index: int, countries: frozenset[str]
) -> Iterator[tuple[int, int, Name]]:
    """Start, end and name of all names that begin with a word."""
    first = words[index]
    for stems, name in _beginning_with(first.folded):
        last = index + len(stems) - 1
        if last >= len(words):
            continue
        is_of_page = bool(name.countries & countries)
        if name.is_acronym:
            is_two_letters = len(stems) == 1 and len(stems[0]) <= _MAX_SHORT
            if is_two_letters and not is_of_page:
                continue
            needs_capitals = not is_of_page or is_two_letters
        else:
            is_short = len(stems) == 1 and len(stems[0].rstrip(_EXACT)) <= _MIN_STEM
            is_told = is_of_page or (not countries and len(stems[0]) > _MAX_SHORT)
            needs_capitals = is_short and bool(name.groups) and not is_told
        if all(
            _is(words[index + offset], stem, name.is_acronym, needs_capitals, bool(offset))
            for offset, stem in enumerate(stems)
        ) and all(
            words[place + 1].start - words[place].end <= _MAX_GAP for place in range(index, last)
        ):
            yield first.start, words[last].end, name


def _is(word: _Word, stem: str, is_acronym: bool, needs_capitals: bool, is_later: bool) -> bool:
    if word.folded == stem.removesuffix(_EXACT):
        return not needs_capitals or word.written[-1:].isupper() or not word.written[1:].islower()
    if is_acronym:  # "PESELu", "BSNnummer"
        return (
            len(stem) >= _KEY
            and word.folded.startswith(stem)
            and (word.written[: len(stem)].isupper() and word.written[len(stem) :].islower())
        )
    if stem.endswith(_EXACT):
        return False
    return len(stem) >= (_MIN_LATER_STEM if is_later else _MIN_STEM) and word.folded.startswith(
        stem
    )


def _is_direct(
    text: str,
    words: list[_Word],
    found: list[tuple[int, int, Name]],
    end: int,
    place: int,
) -> bool:
    if place - end > _DIRECT or _NUMBER.search(text, end, place):
        return False
    return _has_only_fillers(text, words, found, end)


def _is_taken(
    text: str, words: list[_Word], found: list[tuple[int, int, Name]], end: int, place: int
) -> bool:
    """Whether a name has had its number, and more than "and" stands between: "ID 123456, call"."""
    is_followed = _LONG.search(text, end, place) is not None
    return is_followed and not _has_only_fillers(text, words, found, end)


def _has_only_fillers(
    text: str, words: list[_Word], found: list[tuple[int, int, Name]], end: int
) -> bool:
    return all(
        word.start < end
        or word.folded in _fillers()
        or (word.start == end + 1 and text[end] in _ENDINGS_AFTER)
        or any(start <= word.start and word.end <= stop for start, stop, _ in found)
        for word in words
    )


@lru_cache(maxsize=1 << 14)
def _beginning_with(word: str) -> tuple[tuple[tuple[str, ...], Name], ...]:
    """Names whose first word this one is, or begins with; those with more words first."""
    return tuple(
        (stems, name)
        for stems, name in _lexicon().get(word[:_KEY], ())
        if word.startswith(stems[0].removesuffix(_EXACT))
    )


@cache
def _fillers() -> frozenset[str]:
    return frozenset(_fold(word) for word in identifier_words.FILLERS.split())


@cache
def _lexicon() -> dict[str, tuple[tuple[tuple[str, ...], Name], ...]]:
    """Names by the first letters of their first word, those with more words first."""
    entries: dict[str, dict[tuple[tuple[str, ...], Name], None]] = {}

    def add(words: str, name: Name) -> None:
        stems = tuple(_fold(stem) for stem in re.split(r"[^\w=]+", words) if stem)
        entries.setdefault(stems[0][:_KEY], {})[stems, name] = None

    for line in filter(None, _UNWRAPPED.sub(" ", identifier_words.NAMES).splitlines()):
        countries, groups, phrases = line.split("|")
        of = frozenset(countries.replace("*", "").split())
        for phrase in phrases.split(","):
            words = phrase.strip()
            is_weak = words.startswith("~")
            is_acronym = words.lstrip("~").isupper()
            name = Name(of, frozenset(groups.split()), is_acronym, is_weak)
            add(words, name)
            if is_acronym and " " not in words:
                add(" ".join(words), name)
    for word in identifier_words.OTHERS.split(","):
        add(word, Name(frozenset(), frozenset()))
    return {
        key: tuple(sorted(found, key=lambda entry: -len(entry[0])))
        for key, found in entries.items()
    }
