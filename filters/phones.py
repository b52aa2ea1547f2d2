"""Telephone numbers in international form, found anywhere: "+" or "00" and a calling code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]

from filters import numbering
from filters.spans import Context, Span

# "+" may follow a label or a number that it is glued to, but no sum, and never a placeholder: else
# each pass over "+49 30 123+49 30 123+49 ..." would find one number more. "00" may not continue a
# number, a date or a fraction.
_INTERNATIONAL: Final = regex.compile(
    r"(?<!(?:[A-Z]|\0)>)"
    r"(?:(?:(?<=[0-9]{4})|(?<![0-9+_]))(?<![0-9]\ )\+"
    r"|(?<![\w+])(?<![0-9][.,:/ \-])00(?=[ \-]?[1-9]))"
    r"[ (]{0,2}+[0-9](?:[ .\-/()]{0,3}+[0-9]){6,30}+"
)
_LEAD: Final = 3  # the plus, and a space or an opening parenthesis after it
# Coordinates; a registrar's "+49.3012345678" has more digits.
_DECIMAL: Final = re.compile(r"\+ ?[0-9]{1,3}\.[0-9]{4,7}+")
_THOUSANDS: Final = re.compile(r"\+ ?[0-9]{1,3}(?:[.][0-9]{3})++")
_DATE: Final = re.compile(
    r"(?<![0-9])(?:[12][0-9]{3}[\-./] ?[01]?[0-9][\-./] ?[0-3]?[0-9]"
    r"|[0-3]?[0-9] ?([./\-]) ?[01]?[0-9] ?\1 ?(?:19|20)[0-9]{2})(?![0-9])"
)
_CURRENCY_AFTER: Final = regex.compile(
    r"[ ,\-–]{0,3}(?:\p{Sc}|[%‰]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|UAH|RUB"
    r"|TRY|forint|korun\w{0,3}|kron\w{0,3}|din\w{0,4}|евро|рубл\w{0,3}|гривн\w{0,3}|ευρώ|euro\w{0,3}|kr|Kč|zł\w{0,6}|Ft|lei|лв|руб\w{0,3}|грн|million\w{0,4}|mln|тыс|m[²³2]|km"
    r"|km²|kg|t|ha|mm|kW\w?|cm|г\.|years?|Jahre\w?)\b)",
    regex.IGNORECASE,
)
_CURRENCY_BEFORE: Final = regex.compile(r"(?:\p{Sc}|\b(?:EUR|USD|GBP|CHF))\s?$")
_GROUP_END: Final = re.compile(r"[0-9](?![0-9])")
CONTINUES: Final = re.compile(r"\w|[:,][0-9]|%")  # a time, a decimal or a word starts here
_MAX_WRITTEN: Final = 40
_MAX_CUTS: Final = 8
_MIN_GLUED: Final = 10
_MIN_DIGITS: Final = 7  # country code and the shortest subscriber numbers
_MAX_DIGITS: Final = 15  # ITU-T E.164
_NOT_DIGITS: Final = re.compile(r"[^0-9]")


def find_international(context: Context) -> Iterator[Span]:
    """Numbers with "+" or "00" and the code of a region in which they are possible."""
    text = context.text
    for match in _written_internationally(context):
        start = match.start()
        written = text[start : min(match.end(), start + _MAX_WRITTEN)]
        date = _DATE.search(written)
        if date is not None:
            written = written[: date.start()]
        if _is_signed_amount(text, start, written) or _is_part(text, start, match.end()):
            continue
        for cut in _cuts(text, start, len(written)):
            plan = _possible_plan(text[start:cut])
            if plan is not None:
                first, last = with_parenthesis(text, start, cut)
                yield Span(first, last, "PHONE", "phone.international", plan.region)
                break


def _written_internationally(context: Context) -> Iterator[regex.Match[str]]:
    """Matches in runs of digits, the only places where such a number can be."""
    text = context.text
    for number in context.numbers:
        first = max(0, number.start - _LEAD)
        if "+" in text[first : number.start] or "00" in number.digits:
            yield from _INTERNATIONAL.finditer(text, first, number.end)


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether it is glued to digits and short, as in the name of a star, or is part of a code."""
    digits = sum(map(str.isdigit, text[start:end]))
    if text[start] == "+":
        return start > 0 and text[start - 1].isdigit() and digits < _MIN_GLUED
    is_code = end < len(text) and text[end] in "-." and text[end + 1 : end + 2].isalnum()
    return is_code or digits > _MAX_DIGITS + 2 or text[max(0, start - 2) : start] in ("= ", "^ ")


def _is_signed_amount(text: str, start: int, written: str) -> bool:
    """Prices, decimals and coordinates with a sign."""
    if _DECIMAL.fullmatch(written):
        return True
    if _THOUSANDS.fullmatch(written) and len(written) <= len("+999.999.999"):
        return True
    return is_price(text, start, start + len(written))


def is_price(text: str, start: int, end: int) -> bool:
    """Whether a currency or a unit stands before or behind a number."""
    before = text[max(0, start - 5) : start]
    return bool(_CURRENCY_AFTER.match(text, end) or _CURRENCY_BEFORE.search(before))


def _cuts(text: str, start: int, length: int) -> list[int]:
    """Ends of digit groups, longest first: what follows a number may have been taken with it."""
    ends = [match.end() for match in _GROUP_END.finditer(text, start, start + length)]
    return [end for end in reversed(ends) if not CONTINUES.match(text, end)][:_MAX_CUTS]


def _possible_plan(written: str) -> numbering.Plan | None:
    digits = _NOT_DIGITS.sub("", written.replace("(0)", ""))
    if written.startswith("00"):
        digits = digits[2:]
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS:
        return None
    found = numbering.of_international(digits)
    if found is None:
        return None
    plan, number = found
    # Without "+", or with a space behind it, digits may be an article number or a sum.
    if written.startswith(("00", "+ ")) and not plan.valid.fullmatch(number):
        return None
    return plan


def with_parenthesis(text: str, start: int, end: int) -> tuple[int, int]:
    """Take the opening parenthesis of "(+49) 30 ..." along, so that none is left alone."""
    unmatched = text.count(")", start, end) > text.count("(", start, end)
    return (start - 1 if unmatched and start and text[start - 1] == "(" else start), end
