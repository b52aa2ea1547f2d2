"""Parts of a text that have the shape of some identifier: digits, and the letters around them.

Shapes are looked up, not tried one by one, so that the cost does not grow with the number of
countries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from heapq import merge
from typing import Final, NamedTuple

from filters.identifier_forms import IDENTIFIERS, Identifier, shapes
from filters.spans import Context

# Digits and what may join them in one number: a sign, a letter or two, "C01X00T47".
_RUN: Final = re.compile(
    r"[0-9]++(?:(?: ?[.\-/+] ?|  ?| ?№ ?| номер )(?:[A-Z]{1,2}[ .\-]?)?[0-9]++"
    r"|[^\W\d_]{1,5}+[0-9]++)*+"
)
# Of a Russian passport: "4510 № 123456".
_SERIES: Final = re.compile(r"(?<![0-9])[0-9]{2} ?[0-9]{2}(?: № ?| номер )\Z")
_DIGIT: Final = re.compile("[0-9]")
_GROUP: Final = re.compile(r"[0-9]+")
_TOKEN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_LOOSE: Final = re.compile(r" ?([\-/]) ?")
_MAX_GROUPS: Final = 8
_MAX_LEAD: Final = 8
_MAX_TRAIL: Final = 4
_MIN_REGROUPED: Final = 9  # eight are a date
_MAX_REGROUPED: Final = 15
_MAX_TOKEN: Final = 16
MARGIN: Final = 20
"""More than the letters of a number that may stand before or after its digits."""


class _Shape(dict[int, str]):
    """For `str.translate`: digits become "9", letters "A", the rest stays."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if "0" <= character <= "9":
            character = "9"
        elif character.isalpha():
            character = "A"
        self[point] = character
        return character


_SHAPE: Final = _Shape()


class Window(NamedTuple):
    """A part of the text that has the shape of some identifiers."""

    start: int
    end: int
    shape: str
    is_glued: bool
    """Whether letters stand directly before it, which must then be its name."""
    is_regrouped: bool = False
    """Whether its digits are grouped as in no form: a name must then be near, and the check hold.
    """


def runs(context: Context) -> Iterator[tuple[int, int]]:
    """Ranges of digits, and what may join them in one number, in order; they do not overlap."""
    text = context.text
    reached = 0
    for start, end in _anchors(context):
        digit = _DIGIT.search(text, max(start, reached), end)
        while digit is not None:
            place = digit.start()
            while place > reached and _DIGIT.match(text, place - 1):
                place -= 1
            series = _SERIES.search(text, max(reached, place - MARGIN), place)
            place = series.start() if series else place
            run = _RUN.match(text, place)
            reached = run.end() if run else end
            yield place, reached
            digit = _DIGIT.search(text, reached, end)


def _anchors(context: Context) -> Iterator[tuple[int, int]]:
    """Ranges in which numbers may begin: runs of digits, or of digits and capitals."""
    runs = (number[:2] for number in context.numbers)
    return merge(runs, context.codes)


def windows(text: str, start: int, end: int) -> Iterator[Window]:
    """Parts of a run, with the letters around, whose shape some identifier has."""
    known = by_shape()
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    token = _token(text, groups[0][0])
    whole = [token] if token is not None and token.shape in known else []
    if sum(last - first for first, last in groups) < _fewest():
        yield from whole
        return
    base = max(0, start - MARGIN)
    shape = text[base : end + MARGIN].translate(_SHAPE)
    starts = [_starts(text, first) for first, _ in groups]
    ends = [_ends(text, last) for _, last in groups]
    for index, options in enumerate(starts):
        for number, closing in enumerate(ends[index : index + _MAX_GROUPS], index):
            if groups[number][1] - groups[index][0] > _longest():
                break
            for first, is_glued in options:
                for last in closing:
                    seen = shape[first - base : last - base]
                    if seen not in known and " " in seen:
                        seen = _LOOSE.sub(r"\1", seen)
                    if seen in known and not _is_continued(text, first, last):
                        yield Window(first, last, seen, is_glued)
    if len(groups) > 1:
        yield from _regrouped(text, shape[start - base : end - base], start, end)
    yield from whole


def _regrouped(text: str, shape: str, start: int, end: int) -> Iterator[Window]:
    """A whole run whose digits are grouped as in no form, where they would be one in one piece."""
    digits = shape.replace(" ", "").replace("-", "")
    if (
        _MIN_REGROUPED <= len(digits) <= _MAX_REGROUPED
        and digits.isdecimal()
        and shape not in by_shape()
        and not _is_continued(text, start, end)
    ):
        yield Window(start, end, digits, is_glued=False, is_regrouped=True)


def _starts(text: str, place: int) -> list[tuple[int, bool]]:
    """Where a number may begin: at its first digit, or at the letters before."""
    letters = place
    while letters > 0 and place - letters <= _MAX_LEAD and text[letters - 1].isalpha():
        letters -= 1
    if place - letters > _MAX_LEAD or (letters and text[letters - 1].isdigit()):
        return [(place, True)]
    if letters < place:
        return [(place, True), (letters, False)]
    starts = [(place, False)]
    for _ in range(2):  # "RSS MRA 85T10 A562S"
        if letters < 2 or text[letters - 1] not in " .-":
            break
        place = letters = letters - 1
        while letters > 0 and place - letters <= _MAX_TRAIL and text[letters - 1].isalpha():
            letters -= 1
        if place - letters > _MAX_TRAIL or not text[letters:place].isupper():
            break
        starts.append((letters, False))
    return starts


def _ends(text: str, place: int) -> list[int]:
    """Where a number may end: at its last digit, or at the letters after."""
    ends = []
    for skipped in (0, 1):
        letters = place + skipped
        if skipped and text[place : place + 1] not in (" ", "-", "."):
            break
        while letters < len(text) and letters - place <= _MAX_TRAIL + 1 and text[letters].isalpha():
            letters += 1
        if letters > place + skipped and letters - place - skipped <= _MAX_TRAIL:
            if skipped and not text[place + 1 : letters].isupper():
                break
            ends.append(letters)
            if not skipped:
                return ends
    return [place, *ends]


def _is_continued(text: str, start: int, end: int) -> bool:
    """Whether digits or letters go on: a decimal, a time, a longer number, a word."""
    after, before = text[end : end + 2], text[max(0, start - 2) : start]
    if after[:1].isalnum() or before[-1:].isdigit() or before[-1:] == "+":
        return True
    if len(after) == 2 and after[0] in ".,:-/+" and after[1].isdigit():
        return True
    return len(before) == 2 and before[1] in ".,:-/" and before[0].isdigit()


def _token(text: str, place: int) -> Window | None:
    """The capitals and digits around a place, if both are there: "C01X00T47"."""
    start = end = place
    while start > 0 and place - start <= _MAX_TOKEN and text[start - 1] in _TOKEN:
        start -= 1
    while end < len(text) and end - start <= _MAX_TOKEN and text[end] in _TOKEN:
        end += 1
    if _is_continued(text, start, end) or text[max(0, start - 1) : start].isalpha():
        return None
    if text[start:end].isdecimal():
        return None
    return Window(start, end, f"X{end - start}", False)


@cache
def by_shape() -> dict[str, tuple[Identifier, ...]]:
    """Identifiers by the shapes that they are written in."""
    found: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        for shape in shapes(identifier.forms):
            found.setdefault(shape, []).append(identifier)
    return {shape: tuple(each) for shape, each in found.items()}


@cache
def _fewest() -> int:
    """Digits of the shapes that have fewest; "HTML5" and "F4" are in none."""
    return min(shape.count("9") for shape in by_shape() if not shape.startswith("X"))


@cache
def _longest() -> int:
    return max(map(len, by_shape()))
