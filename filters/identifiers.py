"""Finds national and tax identifiers of forty countries: by form, country, check digit and name.

A number alone proves little: three of four random runs of nine digits are valid somewhere. So a
number counts (specification of rights, section 3.4)

* after a name of its country's identifiers at most 60 characters before, if its check holds;
* directly after such a name, by its form alone: people mistype, and records are invented;
* without a name, if its form is one that little else has, its check holds, and the page is of its
  country by language, host or telephone number.

Numbers are dispatched by their shape (digits as "9", letters as "A"), so that the cost of a page
does not grow with the number of countries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from heapq import merge
from typing import Final, NamedTuple

from stdnum import ean

from filters.identifier_forms import (
    IDENTIFIERS,
    Identifier,
    shapes,
)
from filters.identifier_names import Named, names_before, names_something_else
from filters.spans import Context, Span

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
_SEPARATORS: Final = re.compile(r"[^\w]|_")
_LOOSE: Final = re.compile(r" ?([\-/]) ?")
_MAX_GROUPS: Final = 8
_MAX_LEAD: Final = 8
_MAX_TRAIL: Final = 4
_SURE_LETTERS: Final = 5
"""Letters of a name that cannot well be another word where the page is of another country."""
_SURE_LETTERS_BEFORE_FORM: Final = 4
"""The same where the number has separators or letters in their places."""
_NEAR: Final = 30
_MIN_MARKED: Final = 7
_UNSURE_LETTERS: Final = 2
"""Letters of a name that may as well begin a part number: the check must hold after it."""
_MIN_GLUED: Final = 4
"""Letters of a name of another country that a number may follow without a space, "TIN1896075"."""
_MIN_REGROUPED: Final = 9  # eight are a date
_MAX_REGROUPED: Final = 15
_MAX_TOKEN: Final = 16
_MARGIN: Final = 20  # more than the letters that may stand on either side


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


class _Window(NamedTuple):
    """A part of the text that has the shape of some identifiers."""

    start: int
    end: int
    shape: str
    is_glued: bool
    """Whether letters stand directly before it, which must then be its name."""
    is_regrouped: bool = False
    """Whether its digits are grouped as in no form: a name must then be near, and the check hold.
    """


def find(context: Context) -> Iterator[Span]:
    """Spans of NATIONAL_ID and TAX_ID in the text of a context, in order, without overlaps.

    The detector is the name of the identifier ("pl.pesel"), the country the one that issues it;
    null where the form alone tells of no country. Linear in the length of the text.
    """
    text = context.text
    reached = 0
    for start, end in _anchors(context):
        digit = _DIGIT.search(text, max(start, reached), end)
        while digit is not None:
            place = digit.start()
            while place > reached and _DIGIT.match(text, place - 1):
                place -= 1
            series = _SERIES.search(text, max(reached, place - _MARGIN), place)
            place = series.start() if series else place
            run = _RUN.match(text, place)
            reached = run.end() if run else end
            yield from _in_run(context, place, reached)
            digit = _DIGIT.search(text, reached, end)


def _anchors(context: Context) -> Iterator[tuple[int, int]]:
    """Ranges in which numbers may begin: runs of digits, or of digits and capitals."""
    runs = (number[:2] for number in context.numbers)
    short = ((place, place + 1) for place in context.short)
    return merge(runs, short)


def _in_run(context: Context, start: int, end: int) -> Iterator[Span]:
    found: list[Span] = []
    base = max(0, start - _MARGIN)
    taken = bytearray(end + _MARGIN - base)
    for window in sorted(_windows(context.text, start, end), key=_preference):
        here = slice(window.start - base, window.end - base)
        if not any(taken[here]):
            span = _judge(context, window)
            if span is not None:
                found.append(span)
                taken[here] = b"\1" * (window.end - window.start)
    yield from sorted(found, key=lambda span: span.start)


def _preference(window: _Window) -> tuple[int, int]:
    return window.start - window.end, window.start


def _windows(text: str, start: int, end: int) -> Iterator[_Window]:
    """Parts of a run, with the letters around, whose shape some identifier has."""
    base = max(0, start - _MARGIN)
    shape = text[base : end + _MARGIN].translate(_SHAPE)
    by_shape = _by_shape()
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    starts = [_starts(text, first) for first, _ in groups]
    ends = [_ends(text, last) for _, last in groups]
    for index, options in enumerate(starts):
        for number, closing in enumerate(ends[index : index + _MAX_GROUPS], index):
            if groups[number][1] - groups[index][0] > _longest():
                break
            for first, is_glued in options:
                for last in closing:
                    seen = shape[first - base : last - base]
                    if seen not in by_shape and " " in seen:
                        seen = _LOOSE.sub(r"\1", seen)
                    if seen in by_shape and not _is_continued(text, first, last):
                        yield _Window(first, last, seen, is_glued)
    if len(groups) > 1:
        yield from _regrouped(text, shape[start - base : end - base], start, end)
    token = _token(text, groups[0][0])
    if token is not None and token.shape in by_shape:
        yield token


def _regrouped(text: str, shape: str, start: int, end: int) -> Iterator[_Window]:
    """A whole run whose digits are grouped as in no form, where they would be one in one piece."""
    digits = shape.replace(" ", "").replace("-", "")
    if (
        _MIN_REGROUPED <= len(digits) <= _MAX_REGROUPED
        and digits.isdecimal()
        and shape not in _by_shape()
        and not _is_continued(text, start, end)
    ):
        yield _Window(start, end, digits, is_glued=False, is_regrouped=True)


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


def _token(text: str, place: int) -> _Window | None:
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
    return _Window(start, end, f"X{end - start}", False)


@cache
def _by_shape() -> dict[str, tuple[Identifier, ...]]:
    found: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        for shape in shapes(identifier.forms):
            found.setdefault(shape, []).append(identifier)
    return {shape: tuple(each) for shape, each in found.items()}


@cache
def _longest() -> int:
    return max(map(len, _by_shape()))


@cache
def _free_by_shape() -> dict[str, tuple[Identifier, ...]]:
    found: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        for shape in shapes(identifier.free):
            found.setdefault(shape, []).append(identifier)
    return {shape: tuple(each) for shape, each in found.items()}


def _judge(context: Context, window: _Window) -> Span | None:
    text = context.text
    number = _SEPARATORS.sub("", text[window.start : window.end]).upper()
    page = context.countries
    named = names_before(text, window.start, page)
    named.sort(key=lambda each: (each.distance, -_overlap(each.name.countries, page)))
    if window.is_regrouped:
        named = [each for each in named if each.is_direct]
    if window.is_glued:
        named = [
            each
            for each in named
            if each.distance == 0
            and (each.letters >= _MIN_GLUED or _overlap(each.name.countries, page))
        ]
    for each in named:
        identifier, country = _named(context, each, window, number)
        if identifier is not None:
            return Span(
                window.start, window.end, identifier.kind, identifier.name, country, context=True
            )
    if window.is_glued or window.is_regrouped:
        return None
    for identifier in _free_by_shape().get(window.shape, ()):
        if (
            identifier.country in context.countries
            and identifier.holds(number)
            and _stands_alone(text, window, identifier, number)
        ):
            return Span(
                window.start, window.end, identifier.kind, identifier.name, identifier.country
            )
    return None


def _named(
    context: Context, named: Named, window: _Window, number: str
) -> tuple[Identifier | None, str | None]:
    """The identifier that a name gives a number, and its country if that is known."""
    name = named.name
    fitting = [
        identifier
        for identifier in _by_shape()[window.shape]
        if identifier.group in name.groups
        and identifier.fits(number)
        and (
            not name.countries or identifier.country is None or identifier.country in name.countries
        )
    ]
    fitting.sort(key=lambda identifier: _distance(context, identifier))
    for identifier in fitting:
        if name.is_weak and not name.countries and identifier.country not in context.countries:
            continue
        can_tell = identifier.is_proven_by_check or not name.is_weak or named.is_direct
        if identifier.check and can_tell and identifier.holds(number):
            return identifier, identifier.country
    if not _is_certain(context, named, window):
        return None, None
    known = (name.countries & context.countries) or name.countries
    for identifier in fitting:
        is_of_country = not known or identifier.country is None or identifier.country in known
        is_marked = not identifier.check and _is_marked(named, window)
        if is_of_country and (named.is_direct or is_marked):
            return identifier, _country(context, name.countries, identifier)
    return None, None


def _is_certain(context: Context, named: Named, window: _Window) -> bool:
    """Whether the words before a number can only be a name, so that the form may be enough."""
    if named.name.is_weak or window.is_regrouped or named.letters <= _UNSURE_LETTERS:
        return False
    if named.name.countries & context.countries:
        return True
    needed = _SURE_LETTERS if window.shape.isdecimal() else _SURE_LETTERS_BEFORE_FORM
    return named.letters >= needed


def _overlap(countries: frozenset[str], others: frozenset[str]) -> float:
    """Share of some countries that are among others; 0 for none."""
    return len(countries & others) / len(countries) if countries else 0.0


def _distance(context: Context, identifier: Identifier) -> int:
    """0 for an identifier of the page's countries, 1 for one of no country, 2 for a foreign one."""
    return 0 if identifier.country in context.countries else 1 + (identifier.country is not None)


def _country(context: Context, countries: frozenset[str], identifier: Identifier) -> str | None:
    """Country of a number that has a form only: of its own, if name or page leave no other."""
    if identifier.country is None:
        candidates = (countries & context.countries) or countries
        return next(iter(candidates)) if len(candidates) == 1 else None
    known = identifier.country in context.countries or countries == {identifier.country}
    return identifier.country if known else None


def _is_marked(named: Named, window: _Window) -> bool:
    """Whether a name is near, and letters and digits are mixed, as in no amount and no date."""
    return named.distance <= _NEAR and "A" in window.shape and len(window.shape) >= _MIN_MARKED


_DIGIT_BEFORE: Final = re.compile("[0-9] $")
_DIGIT_AFTER: Final = re.compile(" [0-9]")
_OPENING: Final = frozenset("([{<>\"'„“«»‘’:;,|=*•\t\n\r \u2028")
_CLOSING: Final = frozenset(")]}<>\"'“”«»‘’:;,.!?|*\t\n\r \u2028")


def _stands_alone(text: str, window: _Window, identifier: Identifier, number: str) -> bool:
    """Whether a number without a name is no part of something longer, nor likely something else."""
    before, after = text[max(0, window.start - 2) : window.start], text[window.end : window.end + 2]
    if (before and before[-1] not in _OPENING) or (after and after[0] not in _CLOSING):
        return False
    is_between_digits = _DIGIT_BEFORE.search(before) or _DIGIT_AFTER.match(after)
    if " " in window.shape and is_between_digits:
        return False
    if any(c.islower() for c in text[window.start : window.end]):
        return False
    doubt = _DOUBTS.get(identifier.name)
    if doubt is not None and doubt(number):
        return False
    if window.shape.isdecimal() and identifier.name != "ch.ssn" and _is_time_or_article(number):
        return False
    return not names_something_else(text, window.start)


def _is_time_or_article(number: str) -> bool:
    """Whether digits in one piece begin with a day of our time, or are an article number (EAN).

    Prefixes 140 to 199 are given to no one by GS1.
    """
    begins_with_day = "1900" <= number[:4] <= "2035" and (
        "01" <= number[4:6] <= "12" and "01" <= number[6:8] <= "31"
    )
    is_article = len(number) == 13 and not "140" <= number[:3] <= "199" and ean.is_valid(number)
    return begins_with_day or is_article


def _is_account_or_year(number: str) -> bool:
    """The last four digits are a Czech or Slovak bank code, or the year of a file."""
    return number[-1] == "0" or "1900" <= number[-4:] <= "2059"


_DOUBTS: Final[dict[str, Callable[[str], bool]]] = {
    "be.nn": lambda number: int(number[2:4]) > 12,
    "cz.rc": _is_account_or_year,
    "sk.rc": _is_account_or_year,
    "fr.nir": lambda number: number[0] not in "12" or not 1 <= int(number[3:5]) <= 12,
    "se.number": lambda number: int(number[-6:-4]) > 31,
    "no.number": lambda number: int(number[2:4]) > 12,
}
"""What else a number of some identifiers may be where nothing names it."""
