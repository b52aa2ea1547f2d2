"""Patterns of URL paths, as robots.txt, tdmrep.json, ai.txt and RSL write them (RFC 9309, 2.2.2).

Matching takes time linear in the length of path and pattern: no regular expressions are built from
pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})|%|[^\x21-\x7e]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalise_path(path: str) -> str:
    """A path for comparison with patterns: escaped as in a URL, with "*" and "$" as letters."""
    return _normalise(path or "/").replace("*", "%2A").replace("$", "%24")


def normalise_pattern(pattern: str) -> str:
    """A pattern in the same form; "*" stays special, and so does "$" at its end."""
    normal = _normalise(pattern)
    return normal[:-1].replace("$", "%24") + normal[-1:]


def matches(pattern: str, path: str) -> bool:
    """Whether a normalised pattern matches the start of a normalised path.

    "*" stands for any characters, and "$" at the end for the end.
    """
    anchored = pattern.endswith("$")
    first, *rest = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    if not rest:
        return not anchored or position == len(path)
    for part in rest[:-1]:
        # The leftmost place leaves the most for what follows, so nothing need be tried again.
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    if anchored:
        return len(path) - len(rest[-1]) >= position and path.endswith(rest[-1])
    return path.find(rest[-1], position) >= 0


class Patterns:
    """Many normalised patterns, looked up by path.

    Patterns without a wildcard, nearly all of a long list, are found by the beginnings of the path
    whatever their number; the others are tried one by one where their literal beginning fits.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain: dict[str, list[int]] = {}
        self._special: dict[str, list[tuple[int, str]]] = {}
        for place, pattern in enumerate(patterns):
            if "*" in pattern or pattern.endswith("$"):
                literal = pattern.partition("*")[0].removesuffix("$")
                self._special.setdefault(literal, []).append((place, pattern))
            else:
                self._plain.setdefault(pattern, []).append(place)
        self._lengths = sorted({len(text) for text in (*self._plain, *self._special)})

    def first(self, path: str) -> int | None:
        """The first place in the list that matches a normalised path; None if none does."""
        found = None
        for length in self._lengths:
            if length > len(path):
                break
            start = path[:length]
            places = [self._plain[start][0]] if start in self._plain else []
            for place, pattern in self._special.get(start, ()):
                if found is not None and place > found:
                    break
                if matches(pattern, path):
                    places.append(place)
                    break
            found = min(places, default=found) if found is None else min([found, *places])
        return found

    def matching(self, path: str) -> Iterator[int]:
        """Places in the list of all patterns that match a normalised path, in no order."""
        for length in self._lengths:
            if length > len(path):
                return
            start = path[:length]
            yield from self._plain.get(start, ())
            for place, pattern in self._special.get(start, ()):
                if matches(pattern, path):
                    yield place


def _normalise(text: str) -> str:
    """RFC 9309, 2.2.2: escape what is not ASCII, unescape what needs none, capital digits.

    A percent sign that begins no escape is escaped: else unescaping what follows may make it one.
    """
    return _ESCAPE.sub(_normal_octets, text)


def _normal_octets(match: re.Match[str]) -> str:
    digits = match.group(1)
    if digits is None:
        character = match.group()
        is_byte = "\udc80" <= character <= "\udcff"  # of text decoded with `surrogateescape`
        octets = character.encode("utf-8", "surrogateescape" if is_byte else "surrogatepass")
        return "".join(f"%{octet:02X}" for octet in octets)
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"
