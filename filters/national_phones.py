"""Telephone numbers as they are written at home: "030 123456", "06 12 34 56 78".

One is known by a word before it ("Tel.", "puhelin"), or, where the page's language, host or other
numbers say which country it is of, by being valid there and written in the groups that are usual
there. Dates, prices, ranges of years and book numbers are not sought in.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]

from filters import numbering
from filters.phone_words import Said, is_other, said_of
from filters.phones import CONTINUES, is_price, with_parenthesis
from filters.spans import Context, Number, Span

_GROUPS: Final = re.compile(r"[0-9]++", re.ASCII)
_MAX_GROUPS: Final = 40
_MAX_WINDOW: Final = 8
_MIN_NATIONAL: Final = 6
_MAX_NATIONAL: Final = 13
_ENGLISH: Final = "eng"
# North American numbers stand on English pages of every country.
_NORTH_AMERICA: Final = "US"
_ACCOUNT_GROUP, _ACCOUNT_GROUPS = 4, 4
_SHORT: Final = 7  # digits of local numbers in most countries
# What looks like a telephone number and is none: dates and book numbers always; network addresses,
# short dates, ranges of years and American postcodes unless a word stands right before them.
_DAY: Final = "(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = "(?:0?[1-9]|1[0-2])"
_DAY_MONTH: Final = (
    rf"(?:{_DAY}(?: ?\. ?{_MONTH} ?\. ?|/{_MONTH}/|-{_MONTH}-| {_MONTH} )"
    rf"|{_MONTH}(?:\.{_DAY}\.|/{_DAY}/|-{_DAY}-))"
)
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DATES: Final = re.compile(
    rf"(?<![0-9])(?:(?:19|20)[0-9]{{2}}([\-./]) ?{_MONTH}\1 ?{_DAY}"
    rf"|{_DAY_MONTH}(?:19|20)[0-9]{{2}}|97[89][\- ]?[0-9][0-9\- ]{{8,13}}"
    r"|[0-9]{1,5}/[0-9]{1,5}/(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2} ?- ?(?:19|20)[0-9]{2}"
    r"|[01][0-9]\.(?:19|20)[0-9]{2}"
    rf"|(?![0-9]{{2}}(?:\.[0-9]{{2}}){{3}}(?![0-9])){_OCTET}(?:\.{_OCTET}){{3}}(?![ .]?[0-9])"
    r"|(?:[01]?[0-9]|2[0-4])[.][0-5][0-9] ?- ?(?:[01]?[0-9]|2[0-4])[.][0-5][0-9])(?![0-9])"
)
_LOOKALIKES: Final = re.compile(
    rf"(?<![0-9])(?<![0-9][ ./\-])(?:{_DAY_MONTH}[0-9]{{2}}(?![ ./\-]{{0,2}}[0-9])"
    rf"|[0-9]{{2}}-{_MONTH}-{_DAY}(?![ ./\-]{{0,2}}[0-9])"
    rf"|{_OCTET}(?:\.{_OCTET}){{3}}(?![ .]?[0-9])(?:/[0-9]+)?"
    r"|(?:1[0-9]|20)[0-9]{2}(?: ?[\-/ ] ?(?:1[0-9]|20)[0-9]{2})+"
    r"|(?:19|20)[0-9]{2} ?[\-/] ?[0-9]{2}|[01]?[0-9][./\-](?:19|20)[0-9]{2}"
    r"|[0-9]{5}-[0-9]{4})(?![0-9])"
)
_ONE_DIGIT: Final = re.compile(r"[0-9](?:[.\-/][0-9]| [0-9 ]+$)")
_EXTENSION: Final = re.compile(r" ?(?:x|ext\.? ?|доб\.? ?|DW ?|Kl\. ?)[0-9]{1,5}(?![0-9])")
_MORE: Final = regex.compile(r"[ \u00a0]\p{L}")
_PLACE: Final = regex.compile(r" \p{Lu}\p{Ll}")

Place = tuple[int, int]


def find_national(context: Context) -> Iterator[Span]:
    """Numbers as they are written at home, after a word for a telephone or in native groups."""
    if not context.numbers:
        return
    regions = set(context.countries)
    if context.language == _ENGLISH:
        regions.add(_NORTH_AMERICA)
    plans = [found for region in sorted(regions) if (found := numbering.plan(region)) is not None]
    for number in context.numbers:
        yield from _in_run(context.text, number, plans)


def _in_run(text: str, number: Number, plans: list[numbering.Plan]) -> Iterator[Span]:
    digits = _GROUPS.finditer(text, number.start, number.end)
    groups = [match.span() for match in itertools.islice(digits, _MAX_GROUPS + 1)]
    if len(groups) > _MAX_GROUPS or _is_part(text, number.start, groups):
        return
    others = [m.span() for m in _DATES.finditer(text, number.start, number.end)]
    if others[:1] == [(number.start, number.end)]:
        return
    word = said_of(text, number.start, number.end)
    if word < Said.LABELLED:
        others += [m.span() for m in _LOOKALIKES.finditer(text, number.start, number.end)]
    first = 0
    while first < len(groups):
        found = _at(text, groups, first, others, plans, word)
        if found is None:
            first += 1
            continue
        if word is Said.NONE and is_other(text, number.start):
            return
        last, plan = found
        if word > Said.NONE and _has_rest(text, groups, first, last, plan):
            last = len(groups) - 1
        start, end = with_parenthesis(text, groups[first][0], groups[last][1])
        extension = _EXTENSION.match(text, end)
        end = extension.end() if extension else end
        region = plan.region if plan else None
        yield Span(start, end, "PHONE", "phone.national", region, word > Said.NONE)
        first = last + 1


def _is_part(text: str, start: int, groups: list[Place]) -> bool:
    """Whether digits continue a word ("UTF-32") or an amount ("1,234 567").

    Decimals count too, and accounts, which are written in groups of four.
    """
    before = text[start - 1 : start] if start else ""
    second = text[start - 2 : start - 1] if start > 1 else ""
    if before and (before.isalnum() or before in "+_="):
        return True
    if (before == "," and second.isdigit()) or (before in ("-", "/") and second.isalpha()):
        return True
    if len(groups) == 2 and groups[0][1] - start == 1 and text[groups[0][1]] == ".":
        return True
    return sum(end - begin == _ACCOUNT_GROUP for begin, end in groups) >= _ACCOUNT_GROUPS


def _has_rest(
    text: str, groups: list[Place], first: int, last: int, plan: numbering.Plan | None
) -> bool:
    """Whether the digits after a number belong to it: few, on the line, and not a postcode.

    Where the number is not in groups that are native, a longer one was valid by chance only.
    """
    chosen, rest = groups[first : last + 1], groups[last + 1 :]
    if not rest or plan is None:
        return False
    digits = "".join(text[a:b] for a, b in chosen)
    if _is_native(plan, digits, tuple(b - a for a, b in chosen)):
        return False
    more = sum(b - a for a, b in rest)
    if more >= _MIN_NATIONAL or len(digits) + more > _MAX_NATIONAL:
        return False
    is_postcode = len(rest) == 1 and more >= 4 and _PLACE.match(text, rest[0][1]) is not None
    gap = text[chosen[-1][1] : rest[0][0]]
    return len(gap) == 1 and not is_postcode and not CONTINUES.match(text, rest[-1][1])


def _at(
    text: str,
    groups: list[Place],
    first: int,
    others: list[Place],
    plans: list[numbering.Plan],
    word: Said,
) -> tuple[int, numbering.Plan | None] | None:
    """Last group of the number that begins with a group, and its plan; None if none does."""
    start = groups[first][0]
    if first and not _parts_numbers(text[groups[first - 1][1] : start], word):
        return None
    found: tuple[int, numbering.Plan | None] | None = None
    is_known = False
    for last, digits in _ends(text, groups, first, others):
        end = groups[last][1]
        if last + 1 < len(groups) and not _parts_numbers(text[end : groups[last + 1][0]], word):
            continue
        if is_price(text, start, end) or (word is Said.NONE and not _is_one(text, start, end)):
            continue
        parts = tuple(b - a for a, b in groups[first : last + 1])
        plan = _plan_of(plans, digits, parts, word)
        if plan is not None:
            found, is_known = (last, plan), True
        elif not is_known and not first and _is_possible(text, end, digits, parts, word):
            found = last, None
    return found


def _ends(
    text: str, groups: list[Place], first: int, others: list[Place]
) -> Iterator[tuple[int, str]]:
    """Last groups of what may be a number that begins with a group, and its digits."""
    start = groups[first][0]
    digits = ""
    for last in range(first, min(len(groups), first + _MAX_WINDOW)):
        begin, end = groups[last]
        digits += text[begin:end]
        if len(digits) > _MAX_NATIONAL or any(a < end and start < b for a, b in others):
            return
        if len(digits) < _MIN_NATIONAL:
            continue
        if not CONTINUES.match(text, end) or _EXTENSION.match(text, end):
            yield last, digits


def _is_one(text: str, start: int, end: int) -> bool:
    """Whether separators are those of one number: of a score, a size or a list there are more."""
    written = text[start:end]
    is_glued = start > 1 and text[start - 1] in ".:#" and text[start - 2].isalnum()
    is_list = written.count("/") > 1 or written.count(" -") > 1
    is_prefix = text[start - 1 : start] == "(" and ")" in written
    is_counted = _ONE_DIGIT.match(written) is not None and not is_prefix
    return not (is_glued or is_list or is_counted)


def _parts_numbers(separator: str, word: Said) -> bool:
    """Whether a separator may stand between two numbers; a space alone only where a word is."""
    if word is Said.NONE:
        return len(separator) > 1 and separator.strip(" ") != ""
    return separator.strip(".-") != ""


def _plan_of(
    plans: list[numbering.Plan], digits: str, parts: tuple[int, ...], word: Said
) -> numbering.Plan | None:
    """The plan in which a number is valid, and native if no word says that it is a number."""
    valid = [plan for plan in plans if plan.is_valid(digits)]
    is_amount = len(parts) > 1 and _like_thousands(parts) and digits[0] != "0"
    for plan in valid:
        if _is_native(plan, digits, parts) or (
            word > Said.WEAK
            and is_amount
            and (word > Said.ASKED or len(digits) > _SHORT)
            and parts in plan.parts(digits)
        ):
            return plan
    if valid and (word == Said.LABELLED or (word > Said.NONE and not is_amount)):
        return valid[0] if word > Said.WEAK or len(digits) >= _SHORT else None
    return None


def _is_possible(text: str, end: int, digits: str, parts: tuple[int, ...], word: Said) -> bool:
    """Whether a number behind a word may be one of a country that the page does not name.

    Groups of three are an amount, unless the sentence ends with them.
    """
    if word == Said.LABELLED:
        return True
    if word < Said.ASKED or len(digits) < _SHORT + (word == Said.ASKED):
        return False
    if len(parts) > 1 and _like_thousands(parts) and digits[0] != "0":
        is_last = _MORE.match(text, end) is None
        return is_last and len(digits) > _SHORT and not digits.endswith("00")
    return len(parts) > 1 or (word == Said.SAID and len(digits) <= _MAX_NATIONAL - 1)


def _is_native(plan: numbering.Plan, digits: str, parts: tuple[int, ...]) -> bool:
    """Whether digits are parted as the region parts this number, with its trunk prefix if any.

    After a trunk prefix the area code must be right, and the rest may be in groups of two or more.
    Without one all groups must be, and groups of three alone are as likely an amount.
    """
    if len(parts) == 1:
        return False
    number = plan.significant(digits)
    trunk = len(digits) - len(number)
    ends = list(itertools.accumulate(parts))
    for usual in plan.parts(number):
        if trunk and len(usual) > 1:
            area = trunk + usual[0]
            if parts == (area, *usual[1:]):
                return True
            if (
                not _like_thousands(parts)
                and area in ends[:-1]
                and min(parts[ends.index(area) + 1 :]) > 1
            ):
                return True
        elif parts == usual and not _like_thousands(parts) and len(parts) > 2:
            return True
    return False


def _like_thousands(parts: tuple[int, ...]) -> bool:
    return parts[0] <= 3 and all(part == 3 for part in parts[1:])
