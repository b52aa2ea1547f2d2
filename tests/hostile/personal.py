"""Strings that make a careless pattern slow: for every detector the beginnings it looks for."""

from collections.abc import Callable
from typing import Final

Maker = Callable[[int], str]


def _repeated(unit: str, start: str = "", end: str = "") -> Maker:
    return lambda length: start + unit * max(1, length // len(unit)) + end


UNITS: Final = {
    "local parts": ("a-", "a@", ""),
    "at signs": ("@", "", ""),
    "addresses": ("a@b.cc", "", ""),
    "domains": ("a.", "a@", ""),
    "labels without end": ("a", "a@", ""),
    "bracketed at": ("a(at)", "", ""),
    "bracketed dots": ("b(dot)", "a(at)", ""),
    "escaped at": ("a&#64;", "", ""),
    "spaced at": ("mail a @ b . ", "", ""),
    "open parentheses": ("(", "", ""),
    "short parentheses": ("(a", "", ""),
    "zeros": ("0", "", ""),
    "single digits": ("1 ", "", ""),
    "dates": ("12.05.2024 ", "", ""),
    "years": ("1998-2004 ", "", ""),
    "plus and code": ("+1 ", "", ""),
    "plus and number": ("+49 30 123", "", ""),
    "whole numbers": ("+49 30 12345678", "", ""),
    "double zeros": ("00 ", "", ""),
    "national numbers": ("030 1234567 ", "Tel. ", ""),
    "telephone words": ("Tel. ", "", "030 1234567"),
    "words and numbers": ("Tel. 030 123 ", "", ""),
    "verbs and numbers": ("call 123456 ", "", ""),
    "groups of four": ("4111 ", "", ""),
    "cards": ("4111 1111 1111 1111 ", "", ""),
    "one long number": ("4", "", ""),
    "letters and digits": ("A1", "", ""),
    "codes of countries": ("ES", "", ""),
    "heads of accounts": ("DE89 3704 ", "", ""),
    "accounts": ("DE89 3704 0044 0532 0130 00 ", "", ""),
    "labelled accounts": ("IBAN DE00 0000 0000 0000 0000 00 ", "", ""),
    "identifier names": ("PESEL ", "", "44051401458"),
    "identifiers": ("PESEL 44051401458 ", "", ""),
    "many names": ("NIP REGON SNILS ИНН ", "", ""),
    "internet addresses": ("91.198.174.", "", ""),
    "chapters": ("§ 12.1.1.2 ", "", ""),
    "long addresses": ("2001:", "", ""),
    "hardware": ("00:1b:", "", ""),
    "hardware in fours": ("001b.44ff.", "", ""),
    "tokens": ("eyJ", "", ""),
    "tokens with dots": ("eyJaaaaaaaaaaa.", "", ""),
    "prefixes": ("ghp_", "", ""),
    "keys": ("AKIA0123456789ABCDEF ", "", ""),
    "private keys": ("-----BEGIN PRIVATE KEY-----", "", ""),
    "private key without end": ("A", "-----BEGIN PRIVATE KEY-----\n", ""),
    "wallets": ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "", ""),
    "one long word": ("1a", "", ""),
    "soft hyphens": ("1\u00ad", "", ""),
    "full width": ("\uff11", "", ""),
    "other digits": ("\u0661", "", ""),
    "mathematical": ("\U0001d7d8", "", ""),
    "placeholders": ("<PHONE>", "", ""),
    "placeholders and numbers": ("<PHONE>+49 30 1234567", "", ""),
    "almost placeholders": ("<PHONE", "", ""),
}
MAKERS: Final[dict[str, Maker]] = {name: _repeated(*unit) for name, unit in UNITS.items()}
"""Each gives a string of about as many characters as it is asked for."""
