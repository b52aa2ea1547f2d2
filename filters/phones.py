"""Telephone numbers: in international form anywhere, in national form by a word or its grouping.

A national number is known by a word before it ("Tel.", "puhelin"), or, where the page's language,
host or other numbers say which country it is of, by being valid there and written in the groups
that are usual there. Dates, prices, ranges of years and book numbers are not sought in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]

from filters import numbering
from filters.spans import Context, Number, Span

# International

# "+" may follow a label or a number that it is glued to, but no sum, and never a placeholder: else
# each pass over "+49 30 123+49 30 123+49 ..." would find one number more. "00" may not continue a
# number, a date or a fraction.
_INTERNATIONAL: Final = regex.compile(
    r"(?<!(?:[A-Z]|\0)>)"
    r"(?:(?:(?<=[0-9]{4})|(?<![0-9+_]))(?<![0-9]\ )\+"
    r"|(?<![\w+])(?<![0-9][.,:/ \-])00(?=[ \-]?[1-9]))"
    r"(?:[ .\-/()]{0,3}+[0-9]){7,30}+"
)
_HINTS: Final = (re.compile(r"\+[ (]{0,2}[0-9]"), re.compile(r"00[ \-]?[1-9]"))
# Coordinates; a registrar's "+49.3012345678" has more digits.
_DECIMAL: Final = re.compile(r"\+ ?[0-9]{1,3}\.[0-9]{4,7}+")
_THOUSANDS: Final = re.compile(r"\+ ?[0-9]{1,3}(?:[.][0-9]{3})++")
_DATE: Final = re.compile(
    r"(?<![0-9])(?:[12][0-9]{3}[\-./] ?[01]?[0-9][\-./] ?[0-3]?[0-9]"
    r"|[0-3]?[0-9] ?([./\-]) ?[01]?[0-9] ?\1 ?(?:19|20)[0-9]{2})(?![0-9])"
)
_CURRENCY_AFTER: Final = regex.compile(
    r"[ ,\-–]{0,3}(?:\p{Sc}|[%‰]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|UAH|RUB"
    r"|TRY|euro\w{0,3}|kr|Kč|zł\w{0,6}|Ft|lei|лв|руб\w{0,3}|грн|million\w{0,4}|mln|тыс|m[²³2]|km"
    r"|km²|kg|t|ha|mm|kW\w?|cm|г\.|years?|Jahre\w?)\b)",
    regex.IGNORECASE,
)
_CURRENCY_BEFORE: Final = regex.compile(r"(?:\p{Sc}|\b(?:EUR|USD|GBP|CHF))\s?$")
_GROUP_END: Final = re.compile(r"[0-9](?![0-9])")
_CONTINUES: Final = re.compile(r"\w|[:,][0-9]|%")  # a time, a decimal or a word starts here
_MAX_WRITTEN: Final = 40
_MAX_CUTS: Final = 8
_MIN_DIGITS: Final = 7  # country code and the shortest subscriber numbers
_MAX_DIGITS: Final = 15  # ITU-T E.164
_NOT_DIGITS: Final = re.compile(r"[^0-9]")


def may_be_international(text: str) -> bool:
    """Whether "+" or "00" stands before digits anywhere."""
    return any(hint.search(text) for hint in _HINTS)


def find_international(context: Context) -> Iterator[Span]:
    """Numbers with "+" or "00" and the code of a region in which they are possible."""
    text = context.text
    for match in _INTERNATIONAL.finditer(text):
        start = match.start()
        written = text[start : min(match.end(), start + _MAX_WRITTEN)]
        date = _DATE.search(written)
        if date is not None:
            written = written[: date.start()]
        if _is_amount(text, start, written):
            continue
        for cut in _cuts(text, start, len(written)):
            plan = _possible_plan(text[start:cut])
            if plan is not None:
                first, last = _with_parenthesis(text, start, cut)
                yield Span(first, last, "PHONE", "phone.international", plan.region)
                break


def _is_amount(text: str, start: int, written: str) -> bool:
    """Prices, decimals and coordinates with a sign."""
    if _DECIMAL.fullmatch(written):
        return True
    if _THOUSANDS.fullmatch(written) and len(written) <= len("+999.999.999"):
        return True
    end = start + len(written)
    before = text[max(0, start - 5) : start]
    return bool(_CURRENCY_AFTER.match(text, end) or _CURRENCY_BEFORE.search(before))


def _cuts(text: str, start: int, length: int) -> list[int]:
    """Ends of digit groups, longest first: what follows a number may have been taken with it."""
    ends = [match.end() for match in _GROUP_END.finditer(text, start, start + length)]
    return [end for end in reversed(ends) if not _CONTINUES.match(text, end)][:_MAX_CUTS]


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
    # Without "+" or any separator, digits are as likely an article number: ask more of them.
    if written.isdigit() and not plan.valid.fullmatch(number):
        return None
    return plan


def _with_parenthesis(text: str, start: int, end: int) -> tuple[int, int]:
    """Take the opening parenthesis of "(+49) 30 ..." along, so that none is left alone."""
    unmatched = text.count(")", start, end) > text.count("(", start, end)
    return (start - 1 if unmatched and start and text[start - 1] == "(" else start), end


# National

# What a telephone, a mobile telephone and a fax are called in the languages of Europe. Stems of
# the first kind count inside compounds too ("Mobiltelefonnummer"), short forms as words alone.
_WORDS: Final = regex.compile(
    r"tele?[fp]h?[oóòô]+n|teleph|phone(?!s)|hotline|helpline|whats ?app|viber|puhel|guth[aá]n"
    r"|rufnummer|durchwahl|festnetz|telefax|телефон|тэлефон|мобил|мобіл|мабіл|факс|τηλ[έε]φων|κινητ"
    r"|φαξ|σταθερ[όο]|símanúm|teléf|téléph|tālru|faks|հեռ|ტელ|[☎✆📞📱☏🖀🕿🖷📠]"
    r"|(?<![\p{L}\p{N}])(?:handy(?:nummer|nr)?|mobil\w{0,9}|gsm\w{0,4}|fax\w{0,8}|tel|tlf|tfn?|tlph"
    r"|tfno|mob|cel|ph|tél|telf|telè|telef|tlfn|fono|fon|móv|m[oó]vil\w?|portable|cell\w{0,5}|kom"
    r"|komórk\w*|linka|тел|моб|ф|т|тл|τηλ|κιν|s[ií]mi?|gsímar?|farsími|puh|matkap|fiks\w*|fijo|fisso"
    r"|pager|t|m|f|p|d)(?![\p{L}\p{N}])",
    regex.IGNORECASE,
)
# Verbs and places that are said of much else: after them a number must be valid.
_WEAK_WORDS: Final = regex.compile(
    r"(?<![\p{L}\p{N}])(?:call\w{0,3}|dial|ring|text|sms|reach|contact\w{0,3}|kontakt\w{0,4}|bellen"
    r"|bel|rufen|anruf\w*|an unter|dzwoń|zadzwo\w*|numer\w{0,3}|volajte|volejte|nazovite|nazovi"
    r"|звон\w*|дзвон\w*|тел\w*|llam\w*|chiam\w*|appel\w*|ringi|soita\w*|hív\w*|obadi\w*|suna\w*|sunați"
    r"|zvonit|office|desk|home|work|direct|registered|answer\w*|messages? to)(?![\p{L}\p{N}])",
    regex.IGNORECASE,
)
_WORDS_AFTER: Final = regex.compile(
    r"[ \-,(]{0,3}(?:office|fax|mobile|cell|home|work|tel|phone|desk|direct|mob|gsm|handy|privat"
    r"|faks|факс|моб|дом|раб|puh)\b",
    regex.IGNORECASE,
)
_WORD_WINDOW: Final = 40
# One letter is a label only right before a number: "T: 030 123456".
_LABEL: Final = regex.compile(r"[.:)\s]{1,4}\(?")
# Between a word and a number that is valid nowhere stand few letters: "Tel. (office): 123 4567".
_MAX_LETTERS_BETWEEN: Final = 20
# Numbers of other kinds that words name. Serial numbers and codes have their detectors, or none.
_OTHER_WORDS: Final = regex.compile(
    r"isbn|issn|ean\b|gtin|doi|art\.? ?-?n|artikel|item|order|bestell|sku|ref\b|ref\.|invoice|vat\b"
    r"|\bust|iban|konto|account|bank|blz|swift|siret|siren|nip\b|regon|krs|pesel|ico\b|ičo|dič|\boib"
    r"|\bcif\b|nif\b|cvr|org\.? ?n|orgnr|y-tunnus|hrb|hra\b|reg\.? ?n|registr|code\b|\bkod\b|zip"
    r"|plz|psč|postal|инн|огрн|кпп|бик|р/с|к/с|окпо|снилс|єдрпоу|еик|булстат|αφμ|α\.φ\.μ|\bgps|lat\b"
    r"|lon\b|fødselsn|personn|burgerserv|bsn\b|kvk|btw|tva\b|iva\b|dph\b|pvm\b|kmkr|licen|patent"
    r"|passport|ssn\b|retrieved|version|bug\b|[#№§]",
    regex.IGNORECASE,
)
_GROUPS: Final = re.compile(r"[0-9]++", re.ASCII)
_MAX_GROUPS: Final = 40
_MAX_WINDOW: Final = 8
_MIN_NATIONAL: Final = 6
_MAX_NATIONAL: Final = 13
_ENGLISH: Final = "eng"
# North American numbers stand on English pages of every country.
_NORTH_AMERICA: Final = "US"
# What looks like a telephone number and is none: dates, ranges of years, network addresses,
# American postcodes, book numbers.
_OTHERS: Final = re.compile(
    r"(?<![0-9])(?:"
    r"[12][0-9]{3}[\-./] ?[01]?[0-9][\-./] ?[0-3]?[0-9]"
    r"|[0-3]?[0-9] ?([./\-]) ?[0-3]?[0-9] ?\1 ?(?:(?:19|20)[0-9]{2}|[0-9]{2}(?![ ./\-]?[0-9]))"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]+)?"
    r"|(?:19|20)[0-9]{2}(?: ?[\-/ ] ?(?:19|20)[0-9]{2})+"
    r"|(?:19|20)[0-9]{2} ?[\-/] ?[0-9]{2}|[01]?[0-9][./\-](?:19|20)[0-9]{2}"
    r"|[0-9]{5}-[0-9]{4}|978[\- ]?[0-9][0-9\- ]{8,13}"
    r")(?![0-9])"
)
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")

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
    before = text[number.start - 1 : number.start] if number.start else ""
    if before and (before.isalnum() or before in "+,_="):
        return
    if before == "-" and text[number.start - 2 : number.start - 1].isalpha():
        return  # "UTF-32"
    groups = [m.span() for m in _GROUPS.finditer(text, number.start, number.end)]
    if len(groups) > _MAX_GROUPS:
        return
    others = [m.span() for m in _OTHERS.finditer(text, number.start, number.end)]
    word = _word(text, number)
    first = 0
    while first < len(groups):
        found = _at(text, groups, first, others, plans, word)
        if found is None:
            first += 1
            continue
        last, plan = found
        start, end = _with_parenthesis(text, groups[first][0], groups[last][1])
        region = plan.region if plan else None
        yield Span(start, end, "PHONE", "phone.national", region, word > _NONE)
        first = last + 1


# How sure a word makes a number: another kind is named, nothing is said, a number must be valid,
# a number must be possible, six digits suffice.
_OTHER, _NONE, _WEAK, _SAID, _LABELLED = range(-1, 4)


def _word(text: str, number: Number) -> int:
    """What the text before a number says of it, or the word right after it."""
    first = max(0, number.start - _WORD_WINDOW)
    window = text[first : number.start]
    found = _NONE
    for match in _WORDS.finditer(text, first, number.start):
        between = text[match.end() : number.start]
        is_letter = len(match.group()) == 1 and match.group().isalpha()
        if is_letter and not _LABEL.fullmatch(between):
            continue
        letters = sum(map(str.isalpha, between))
        is_near = letters <= _MAX_LETTERS_BETWEEN and between.count("\n") < 2
        found = _LABELLED if not letters and len(between) <= 6 else _SAID if is_near else _WEAK
        if _OTHER_WORDS.search(between):
            found = _OTHER
    if found <= _NONE:
        if _WORDS_AFTER.match(text, number.end):
            return _SAID
        if _OTHER_WORDS.search(window):
            return _OTHER
        return _WEAK if _WEAK_WORDS.search(text, first, number.start) else _NONE
    return found


def _at(
    text: str,
    groups: list[Place],
    first: int,
    others: list[Place],
    plans: list[numbering.Plan],
    word: int,
) -> tuple[int, numbering.Plan | None] | None:
    """Last group of the number that begins with a group, and its plan; None if none does."""
    start = groups[first][0]
    if first and not _parts_numbers(text[groups[first - 1][1] : start], word):
        return None
    digits = ""
    found: tuple[int, numbering.Plan | None] | None = None
    is_known = False
    for last in range(first, min(len(groups), first + _MAX_WINDOW)):
        begin, end = groups[last]
        digits += text[begin:end]
        if len(digits) > _MAX_NATIONAL or any(a < end and start < b for a, b in others):
            break
        if len(digits) < _MIN_NATIONAL or _CONTINUES.match(text, end):
            continue
        if last + 1 < len(groups) and not _parts_numbers(text[end : groups[last + 1][0]], word):
            continue
        if _is_price(text, start, end):
            continue
        parts = tuple(b - a for a, b in groups[first : last + 1])
        plan = _plan_of(plans, digits, parts, word)
        if plan is not None:
            found, is_known = (last, plan), True
        elif not is_known and not first and _is_possible(digits, parts, word):
            found = last, None
    return found


def _parts_numbers(separator: str, word: int) -> bool:
    """Whether a separator may stand between two numbers; a space alone only where a word is."""
    if separator.strip(" "):
        return separator.strip(".-") != ""
    return word > _NONE


def _plan_of(
    plans: list[numbering.Plan], digits: str, parts: tuple[int, ...], word: int
) -> numbering.Plan | None:
    """The plan in which a number is valid, and native if no word says that it is a number."""
    valid = [plan for plan in plans if plan.is_valid(digits)]
    for plan in valid:
        if word >= _NONE and _is_native(plan, digits, parts):
            return plan
    if valid and word > _NONE and not (word == _WEAK and len(digits) < _MIN_DIGITS):
        return valid[0]
    return None


def _is_possible(digits: str, parts: tuple[int, ...], word: int) -> bool:
    """Whether a number right behind a word may be one of a country that the page does not name."""
    if word == _LABELLED:
        return True
    is_amount = len(parts) > 1 and _like_thousands(parts) and digits[0] != "0"
    return word == _SAID and len(digits) >= _MIN_DIGITS and not is_amount


def _is_native(plan: numbering.Plan, digits: str, parts: tuple[int, ...]) -> bool:
    """Whether digits are parted as the region parts this number, with its trunk prefix if any.

    After a trunk prefix the area code must be right, and the rest may be in groups of two or more.
    Without one all groups must be, and groups of three alone are as likely an amount.
    """
    if len(parts) == 1:
        return False
    number = plan.significant(digits)
    trunk = len(digits) - len(number)
    for usual in plan.parts(number):
        if len(usual) < 2:
            continue
        if trunk:
            joined = (trunk + usual[0], *usual[1:])
            if parts in (joined, (trunk, *usual)):
                return True
            if parts[0] == joined[0] and min(parts[1:]) >= 2:
                return True
        elif parts == usual and not _like_thousands(parts) and len(parts) > 2:
            return True
    return False


def _like_thousands(parts: tuple[int, ...]) -> bool:
    return parts[0] <= 3 and all(part == 3 for part in parts[1:])


def _is_price(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 5) : start]
    return bool(_CURRENCY_AFTER.match(text, end) or _CURRENCY_BEFORE.search(before))
