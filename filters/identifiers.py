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
from typing import Final

from stdnum import ean

from filters.identifier_forms import (
    IDENTIFIERS,
    Identifier,
    shapes,
)
from filters.identifier_names import Named, names_before, names_something_else
from filters.identifier_windows import MARGIN, Window, by_shape, runs, windows
from filters.spans import Context, Span

_SEPARATORS: Final = re.compile(r"[^\w]|_")
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


def find(context: Context) -> Iterator[Span]:
    """Spans of NATIONAL_ID and TAX_ID in the text of a context, in order, without overlaps.

    The detector is the name of the identifier ("pl.pesel"), the country the one that issues it;
    null where the form alone tells of no country. Linear in the length of the text.
    """
    for start, end in runs(context):
        yield from _in_run(context, start, end)


def _in_run(context: Context, start: int, end: int) -> Iterator[Span]:
    found: list[Span] = []
    base = max(0, start - MARGIN)
    taken = bytearray(end + MARGIN - base)
    for window in sorted(windows(context.text, start, end), key=_preference):
        here = slice(window.start - base, window.end - base)
        if not any(taken[here]):
            span = _judge(context, window)
            if span is not None:
                found.append(span)
                taken[here] = b"\1" * (window.end - window.start)
    yield from sorted(found, key=lambda span: span.start)


def _preference(window: Window) -> tuple[int, int]:
    return window.start - window.end, window.start


@cache
def _free_by_shape() -> dict[str, tuple[Identifier, ...]]:
    found: dict[str, list[Identifier]] = {}
    for identifier in IDENTIFIERS:
        for shape in shapes(identifier.free):
            found.setdefault(shape, []).append(identifier)
    return {shape: tuple(each) for shape, each in found.items()}


def _judge(context: Context, window: Window) -> Span | None:
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
    context: Context, named: Named, window: Window, number: str
) -> tuple[Identifier | None, str | None]:
    """The identifier that a name gives a number, and its country if that is known."""
    name = named.name
    fitting = [
        identifier
        for identifier in by_shape()[window.shape]
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


def _is_certain(context: Context, named: Named, window: Window) -> bool:
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


def _is_marked(named: Named, window: Window) -> bool:
    """Whether a name is near, and letters and digits are mixed, as in no amount and no date."""
    return named.distance <= _NEAR and "A" in window.shape and len(window.shape) >= _MIN_MARKED


_DIGIT_BEFORE: Final = re.compile("[0-9] $")
_DIGIT_AFTER: Final = re.compile(" [0-9]")
_OPENING: Final = frozenset("([{<>\"'„“«»‘’:;,|=*•\t\n\r \u2028")
_CLOSING: Final = frozenset(")]}<>\"'“”«»‘’:;,.!?|*\t\n\r \u2028")


def _stands_alone(text: str, window: Window, identifier: Identifier, number: str) -> bool:
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
