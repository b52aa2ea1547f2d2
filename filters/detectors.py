"""Detectors of personal data: a table of what is sought, each with a cheap test and a finder.

A finder yields half-open ranges of the text. It may yield overlapping ones; `filters.pii` chooses.
Every pattern is bounded or possessive, so that finding is linear in the length of the text.
A detector's version is stored with its spans; it rises when the same text can give other spans.
Rules and the hard negatives they answer: spec of rights and privacy, section 3.3.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import phonenumbers
import regex  # type: ignore[import-untyped]
from stdnum import iban as stdnum_iban
from stdnum import luhn, numdb

from filters.spans import Context

Range = tuple[int, int]


@dataclass(frozen=True)
class Detector:
    """One way to find one kind of personal data."""

    name: str
    kind: str
    version: int
    may_occur: Callable[[str], object]
    """True if a look at the text cannot rule the kind out; costs microseconds."""
    find: Callable[[Context], Iterator[Range]]


# E-mail

_LOCAL_CHARACTERS: Final = regex.compile(r"[\p{L}\p{M}\p{N}._%+'’\-]")
_LOCAL_EDGE: Final = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_DOMAIN_RUN: Final = regex.compile(r"[\p{L}\p{M}\p{N}.\-]{1,255}+")
_TLD: Final = regex.compile(r"[\p{L}\p{M}]{2,63}+|[Xx][Nn]--[A-Za-z0-9\-]{1,59}+")
_MAX_LOCAL: Final = 64  # RFC 5321, 4.5.3.1.1
_MAX_LABEL: Final = 63  # RFC 1035, 2.3.4
# "logo@2x.png" names a picture, not a mailbox. None of these is a top-level domain.
_FILE_SUFFIXES: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "html"})
_OBFUSCATED_AT: Final = re.compile(
    r"[(\[{] ?(?:at|AT|At|@|ät|arroba|chiocciola|malpa|małpa) ?[)\]}] ?"
)
_OBFUSCATED_DOT: Final = re.compile(r" ?[(\[{] ?(?:dot|DOT|Dot|punkt|punto|point|\.) ?[)\]}] ?")


def _find_email(context: Context) -> Iterator[Range]:
    text = context.text
    at = text.find("@")
    while at >= 0:
        start, end = _local_start(text, at), _domain_end(text, at + 1)
        if start < at and end:
            yield start, end
        at = text.find("@", at + 1)


def _find_obfuscated_email(context: Context) -> Iterator[Range]:
    """Addresses as in "name (at) example (dot) org"; the dots may be plain."""
    text = context.text
    for at in _OBFUSCATED_AT.finditer(text):
        local_end = at.start() - (text[at.start() - 1 : at.start()] == " ")
        start, end = _local_start(text, local_end), _obfuscated_domain_end(text, at.end())
        if start < local_end and end:
            yield start, end


def _local_start(text: str, at: int) -> int:
    """Start of the local part that ends at `at`; `at` itself if there is none."""
    start = at
    while start > 0 and at - start <= _MAX_LOCAL and _LOCAL_CHARACTERS.match(text[start - 1]):
        start -= 1
    if at - start > _MAX_LOCAL:
        return at
    while start < at and not _LOCAL_EDGE.match(text[start]):
        start += 1
    return start


def _domain_end(text: str, start: int) -> int:
    """End of the domain name that starts here; 0 if there is none with a top-level domain."""
    run = _DOMAIN_RUN.match(text, start)
    if run is None:
        return 0
    end, position, last_tld = 0, start, ""
    for number, label in enumerate(run.group().split(".")):
        name = label.rstrip("-")
        if not name or len(name) > _MAX_LABEL or name.startswith("-"):
            break
        if last_tld.islower() and name[0].isupper():
            break  # "a@example.org.Next sentence": the space was forgotten
        is_tld = number > 0 and _TLD.fullmatch(name) is not None
        if is_tld and name.lower() not in _FILE_SUFFIXES:
            end = position + len(name)
        last_tld = name if is_tld else ""
        position += len(label) + 1
        if name != label:
            break
    return end


def _obfuscated_domain_end(text: str, start: int) -> int:
    end, position = _domain_end(text, start), start
    for _ in range(4):
        label = _DOMAIN_RUN.match(text, position)
        dot = _OBFUSCATED_DOT.match(text, label.end()) if label else None
        if dot is None:
            break
        position = dot.end()
        tld = _TLD.match(text, position)
        if tld is not None:
            end = max(end, tld.end(), _domain_end(text, position))
    return end


# Internet protocol addresses

_IPV4: Final = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?<!\w/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|-[A-Za-z]|\.[0-9])",
    re.ASCII,
)
# What stands before a number with dots that is no address, in the languages of Europe.
_NUMBERING: Final = regex.compile(
    r"(?:§+|\b(?:v|ver|vers|versi[oó]n|versione|versão|versie|versioon|versija|versiunea|version"
    r"|versio"
    r"|verzi[aeój]+|wersj[aieę]+|верси[яи]|версія|έκδοση|release|rel|build|firmware|fassung"
    r"|kap|kapitel|kapitola|kapittel|abschnitt|abs|art|artikel|article|artículo|articolo|artigo"
    r"|artykuł"
    r"|chapter|chap|chapitre|capítulo|capitolo|section|sec|sección|secção|sezione|hoofdstuk"
    r"|rozdział"
    r"|fejezet|luku|kohta|глава|раздел|розділ|κεφάλαιο|ενότητα|avsnitt|afsnit|paragraf|punkt|pkt"
    r"|ziffer"
    r"|nr|no|n°|№|tabelle|table|abb|abbildung|figure|fig))\.?:?\s?$",
    regex.IGNORECASE,
)
_NUMBERING_WINDOW: Final = 16
# Section and version numbers have small parts; of all addresses one in 4,096 has four parts below
# 32 (among them public name servers such as 8.8.8.8, which are nobody's personal data).
_SMALL_PART: Final = 32
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{4}:[0-9A-Fa-f:]{3,40}(?![\w])", re.ASCII)
_IPV6_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


def _find_ipv4(context: Context) -> Iterator[Range]:
    text = context.text
    for match in _IPV4.finditer(text):
        parts = match.group().split(".")
        if any(len(part) > 1 and part[0] == "0" for part in parts):
            continue
        if all(int(part) < _SMALL_PART for part in parts):
            continue
        if _NUMBERING.search(text[max(0, match.start() - _NUMBERING_WINDOW) : match.start()]):
            continue
        try:
            address = ipaddress.IPv4Address(match.group())
        except ipaddress.AddressValueError:
            continue
        if address.is_global and not address.is_multicast:
            yield match.span()


def _find_ipv6(context: Context) -> Iterator[Range]:
    for match in _IPV6.finditer(context.text):
        written = match.group()
        if written.endswith(":") and not written.endswith("::"):
            written = written[:-1]
        try:
            address = ipaddress.IPv6Address(written)
        except ipaddress.AddressValueError:
            continue
        if address in _IPV6_UNICAST and address.is_global:
            yield match.start(), match.start() + len(written)


# Bank accounts and payment cards

_IBAN_START: Final = re.compile(r"(?<!\w)[A-Z]{2}[0-9]{2}(?=[ \u00a0\-]?[A-Z0-9])")
_IBAN_BODY: Final = re.compile(r"(?:[ \u00a0\-]?[A-Z0-9]){8,30}+")
_IBAN_LENGTHS: Final = re.compile(r"([0-9]+)!")
_SEPARATORS: Final = " \u00a0-"


@cache
def _iban_length(country: str) -> int:
    """Length of a country's IBAN in the registry that stdnum ships; 0 if it has none."""
    facts = numdb.get("iban").info(country + "0" * 40)[0][1]
    bban = sum(int(length) for length in _IBAN_LENGTHS.findall(facts.get("bban", "")))
    return bban + 4 if bban else 0


def _find_iban(context: Context) -> Iterator[Range]:
    text = context.text
    for head in _IBAN_START.finditer(text):
        length = _iban_length(head.group()[:2])
        body = _IBAN_BODY.match(text, head.end())
        if not length or body is None:
            continue
        places = [place for place in range(*body.span()) if text[place] not in _SEPARATORS]
        if len(places) < length - 4:
            continue
        end = places[length - 5] + 1
        if end < len(text) and text[end].isalnum():
            continue
        number = head.group() + "".join(text[place] for place in places[: length - 4])
        if _is_mod_97(number) and stdnum_iban.is_valid(number):
            yield head.start(), end


def _is_mod_97(number: str) -> bool:
    """ISO 7064 mod 97-10: the cheap test before the registry's."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


_DIGIT_GROUPS: Final = re.compile(r"(?<![\w.,+/])[0-9]++(?:[ \u00a0\-][0-9]++)*+", re.ASCII)
_CARD_GROUPINGS: Final = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
# Issuer ranges by prefix and the lengths they use: Visa, Mastercard, American Express, Discover,
# Diners Club, JCB, UnionPay, Mir, Maestro and Troy (ISO/IEC 7812; the schemes' published ranges).
_ISSUERS: Final = re.compile(
    r"4(?:[0-9]{15}|[0-9]{18})"
    r"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    r"|3[47][0-9]{13}"
    r"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}"
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    r"|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14}(?:[0-9]{3})?"
    r"|220[0-4][0-9]{12}"
    r"|(?:50(?:18|19|20|38)|5[6-8][0-9]{2}|6304|6759|676[1-3])[0-9]{12}"
    r"|9792[0-9]{12}"
)


def _find_card(context: Context) -> Iterator[Range]:
    """Numbers in a card's grouping or in one piece, of an issuer's range, with Luhn's digit."""
    text = context.text
    for run in _DIGIT_GROUPS.finditer(text):
        if run.end() - run.start() < 14:
            continue
        groups = [match.span() for match in re.finditer(r"[0-9]++", run.group())]
        lengths = tuple(end - start for start, end in groups)
        for first, last in _card_windows(lengths):
            start, end = run.start() + groups[first][0], run.start() + groups[last][1]
            if end < len(text) and text[end].isalnum():
                continue
            number = re.sub(r"[^0-9]", "", text[start:end])
            if _ISSUERS.fullmatch(number) and luhn.is_valid(number):
                yield start, end


def _card_windows(lengths: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First and last group of each window that may be a card.

    Where the neighbouring group has four digits too, as in "9999 9999 9999 9999 9999", it is no
    card.
    """
    for first, length in enumerate(lengths):
        if 14 <= length <= 19:
            yield first, first
        for grouping in _CARD_GROUPINGS:
            last = first + len(grouping) - 1
            if lengths[first : last + 1] != grouping:
                continue
            before = lengths[first - 1] if first else 0
            after = lengths[last + 1] if last + 1 < len(lengths) else 0
            if 4 not in (before, after):
                yield first, last


# Telephone numbers in international form

# "+" may follow a label or a number that it is glued to, but no sum, and never a placeholder: else
# each pass over "+49 30 123+49 30 123+49 ..." would find one number more. "00" may not continue a
# number, a date or a fraction.
_PHONE: Final = regex.compile(
    r"(?<!(?:[A-Z]|\0)>)"
    r"(?:(?:(?<=[0-9]{4})|(?<![0-9+_]))(?<![0-9]\ )[+＋]"
    r"|(?<![\w+])(?<![0-9][.,:/ \-])00(?=[ \-]?[1-9]))"
    r"(?:[ \u00a0.\-‑–/()]{0,3}+[0-9]){7,30}+"
)
_PHONE_HINTS: Final = (
    re.compile(r"\+[ (]{0,2}[0-9]"),
    re.compile(r"00[ \-]?[1-9]"),
    re.compile("＋"),
)
# Coordinates; a registrar's "+49.3012345678" has more digits.
_DECIMAL: Final = re.compile(r"[+＋] ?[0-9]{1,3}\.[0-9]{4,7}+")
_THOUSANDS: Final = re.compile(r"[+＋] ?[0-9]{1,3}(?:[.][0-9]{3})++")
_DATE: Final = re.compile(
    r"(?<![0-9])(?:[12][0-9]{3}-[01][0-9]-[0-3][0-9]"
    r"|[0-3]?[0-9]([./\-])[01]?[0-9]\1(?:19|20)[0-9]{2})(?![0-9])"
)
_CURRENCY_AFTER: Final = regex.compile(
    r"\s?(?:\p{Sc}|[%‰]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|UAH|RUB|TRY|Euro|kr"
    r"|Kč|zł|Ft|lei|лв)\b)"
)
_CURRENCY_BEFORE: Final = regex.compile(r"\p{Sc}\s?$")
_GROUP_END: Final = re.compile(r"[0-9](?![0-9])")
_CONTINUES: Final = re.compile(r"\w|[:,][0-9]|%")  # a time, a decimal or a word starts here
_MAX_WRITTEN: Final = 40
_MAX_CUTS: Final = 8
_MIN_DIGITS: Final = 7  # country code and the shortest subscriber numbers
_MAX_DIGITS: Final = 15  # ITU-T E.164


def _find_phone(context: Context) -> Iterator[Range]:
    text = context.text
    for match in _PHONE.finditer(text):
        start = match.start()
        written = text[start : min(match.end(), start + _MAX_WRITTEN)]
        date = _DATE.search(written)
        if date is not None:
            written = written[: date.start()]
        if _is_no_phone(text, start, written):
            continue
        for cut in _cuts(text, start, len(written)):
            if _is_possible_phone(text[start:cut]):
                yield _with_parenthesis(text, start, cut)
                break


def _is_no_phone(text: str, start: int, written: str) -> bool:
    """Prices, decimals and coordinates with a sign."""
    if _DECIMAL.fullmatch(written):
        return True
    if _THOUSANDS.fullmatch(written) and len(written) <= len("+999.999.999"):
        return True
    end = start + len(written)
    before = text[max(0, start - 2) : start]
    return bool(_CURRENCY_AFTER.match(text, end) or _CURRENCY_BEFORE.search(before))


def _cuts(text: str, start: int, length: int) -> list[int]:
    """Ends of digit groups, longest first: what follows a number may have been taken with it."""
    ends = [match.end() for match in _GROUP_END.finditer(text, start, start + length)]
    return [end for end in reversed(ends) if not _CONTINUES.match(text, end)][:_MAX_CUTS]


def _is_possible_phone(written: str) -> bool:
    digits = re.sub(r"[^0-9]", "", written.replace("(0)", ""))
    if written.startswith("00"):
        digits = digits[2:]
    if not _MIN_DIGITS <= len(digits) <= _MAX_DIGITS:
        return False
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return False
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return False
    # Without "+" or any separator, digits are as likely an article number: ask more of them.
    return not written.isdigit() or phonenumbers.is_valid_number(number)


def _with_parenthesis(text: str, start: int, end: int) -> Range:
    """Take the opening parenthesis of "(+49) 30 ..." along, so that none is left alone."""
    unmatched = text.count(")", start, end) > text.count("(", start, end)
    return (start - 1 if unmatched and start and text[start - 1] == "(" else start), end


# Tests that rule a kind out begin with a plain character or class, which the search can skip to.
_CARD_HINT: Final = re.compile(r"[0-9](?:[ \u00a0\-]?[0-9]){13}")
_IBAN_HINT: Final = re.compile(r"[A-Z][A-Z][0-9]{2}")
_IPV4_HINT: Final = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_IPV6_HINT: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")


def _may_hold_obfuscated_email(text: str) -> bool:
    brackets = "(" in text or "[" in text or "{" in text
    return brackets and _OBFUSCATED_AT.search(text) is not None


def _may_hold_phone(text: str) -> bool:
    return any(hint.search(text) for hint in _PHONE_HINTS)


DETECTORS: Final[tuple[Detector, ...]] = (
    Detector("email", "EMAIL", 1, lambda text: "@" in text, _find_email),
    Detector("email.obfuscated", "EMAIL", 1, _may_hold_obfuscated_email, _find_obfuscated_email),
    Detector("phone.international", "PHONE", 1, _may_hold_phone, _find_phone),
    Detector("iban", "IBAN", 1, _IBAN_HINT.search, _find_iban),
    Detector("card", "CARD", 1, _CARD_HINT.search, _find_card),
    Detector("ipv4", "IP", 1, _IPV4_HINT.search, _find_ipv4),
    Detector("ipv6", "IP", 1, _IPV6_HINT.search, _find_ipv6),
)
