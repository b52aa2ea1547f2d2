"""Addresses of the network: internet protocol addresses that the world can see, and MAC."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]

from filters.spans import Context, Span

_IPV4: Final = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(?<!\w/)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|-[A-Za-z]|\.[0-9])",
    re.ASCII,
)
# Searches begin at the first separator, a plain character that they can skip to.
_IPV4_MIDDLE: Final = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_IPV6_MIDDLE: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
# What stands before a number with dots that is no address, in the languages of Europe.
_NUMBERING: Final = regex.compile(
    r"(?:§{1,3}|\b(?:v|ver|vers|versi[oó]n|versione|versão|versie|versioon|versija|versiunea|version"
    r"|versio"
    r"|verzi[aeój]+|wersj[aieę]+|versjon|verze|sürüm|ausgabe|različic[ae]|верзиј[ае]|laida|leidimas|верси[яи]|версія|έκδοση|release|rel|build|firmware|fassung"
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
_IPV6: Final = re.compile(
    r"(?:(?<![\w:.])|(?<=[G-Zg-z]:))[0-9A-Fa-f]{4}:[0-9A-Fa-f:]{3,40}(?!\w)", re.ASCII
)
_LABEL_AND_GROUP: Final = 6
_IPV6_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


def _ending_at(
    pattern: re.Pattern[str], text: str, separator: int, lengths: tuple[int, ...]
) -> re.Match[str] | None:
    """The pattern where its first part, of one of these lengths, ends at a separator."""
    for length in lengths:
        if length <= separator and (match := pattern.match(text, separator - length)):
            return match
    return None


def find_ipv4(context: Context) -> Iterator[Span]:
    """Public addresses of four numbers that are no version, chapter or date."""
    text = context.text
    for hint in _IPV4_MIDDLE.finditer(text):
        match = _ending_at(_IPV4, text, hint.start(), (1, 2, 3))
        if match is None:
            continue
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
            yield Span(match.start(), match.end(), "IP", "ipv4")


def find_ipv6(context: Context) -> Iterator[Span]:
    """Public unicast addresses; "a::b" and "dead::beef" are none."""
    text = context.text
    for hint in _IPV6_MIDDLE.finditer(text):
        match = _ending_at(_IPV6, text, hint.start(), (4,))
        if match is None and hint.end() - hint.start() == _LABEL_AND_GROUP:
            match = _ending_at(_IPV6, text, hint.end() - 1, (4,))  # "IP:2001:..."
        if match is None:
            continue
        written = match.group()
        if written.endswith(":") and not written.endswith("::"):
            written = written[:-1]
        try:
            address = ipaddress.IPv6Address(written)
        except ipaddress.AddressValueError:
            continue
        if address in _IPV6_UNICAST and address.is_global:
            yield Span(match.start(), match.start() + len(written), "IP", "ipv6")


# Six pairs with one separator throughout, or three groups of four as Cisco writes them.
_MAC: Final = re.compile(
    r"(?:(?<![\w:.\-])|(?<=[G-Zg-z]:)|(?<=MAC:))(?:[0-9A-Fa-f]{2}([:\-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:\-]|\.\w)"
)
_MAC_MIDDLES: Final = (
    re.compile(r":[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:"),
    re.compile(r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-"),
    re.compile(r"\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Fa-f])"),
)
_MAC_WORDS: Final = re.compile(
    r"mac|ethernet|wi-?fi|wlan|hwaddr|hardware|bssid|device|physical|physikalisch|geräteadresse"
    r"|fysisk|sprzętow|физическ|фізичн|φυσικ",
    re.IGNORECASE,
)
_MAC_WINDOW: Final = 60
_MAC_REACH: Final = 20  # an address has seventeen characters, and two more show where it ends


def _around_middles(text: str) -> list[tuple[int, int]]:
    """Ranges that hold every hardware address: its middle is quickly found, its start is not."""
    places = sorted(match.start() for middle in _MAC_MIDDLES for match in middle.finditer(text))
    ranges: list[tuple[int, int]] = []
    for place in places:
        first, last = max(0, place - _MAC_REACH), place + 2 * _MAC_REACH
        if ranges and first <= ranges[-1][1]:
            first = ranges.pop()[0]
        ranges.append((first, last))
    return ranges


def find_mac(context: Context) -> Iterator[Span]:
    """Hardware addresses; pairs of digits alone (times, codes) and grouped fours need a word."""
    text = context.text
    found = (m for place in _around_middles(text) for m in _MAC.finditer(text, *place))
    for match in found:
        written = match.group()
        digits = re.sub(r"[:.\-]", "", written).lower()
        if len(set(digits)) == 1:
            continue  # the broadcast address and the empty one
        is_plain = not digits.isdigit() and "." not in written
        window = text[max(0, match.start() - _MAC_WINDOW) : match.start()]
        if is_plain or _MAC_WORDS.search(window):
            yield Span(match.start(), match.end(), "MAC", "mac", None, not is_plain)
