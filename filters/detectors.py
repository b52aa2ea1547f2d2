"""Detectors of personal data: a table of what is sought, each with a cheap test and a finder.

A finder yields half-open ranges of folded text (`filters.folding`). They may overlap; `filters.pii`
chooses. Every pattern is bounded or possessive, so that finding is linear in the text's length.
A detector's version rises when the same text can give other spans. The name in a span is that of
its detector, or begins with it and a full stop; an identifier's begins with its country.
Rules and the hard negatives they answer: docs/personal-data.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from filters import accounts, credentials, identifiers, mail, national_phones, network, phones
from filters.spans import Context, Span


@dataclass(frozen=True)
class Detector:
    """One way to find personal data, of one kind or of two that are told apart when found."""

    name: str
    kinds: frozenset[str]
    version: int
    may_occur: Callable[[str], object]
    """True if a look at the text cannot rule the kind out; costs microseconds."""
    find: Callable[[Context], Iterator[Span]]
    in_urls: bool
    """Whether it is sought in addresses too, where numbers mostly name articles."""


def _always(_text: str) -> bool:
    """For finders that begin with a search as quick as any test."""
    return True


def _one(kind: str) -> frozenset[str]:
    return frozenset({kind})


DETECTORS: Final[tuple[Detector, ...]] = (
    Detector("email", _one("EMAIL"), 2, lambda text: "@" in text, mail.find_email, True),
    Detector("email.disguised", _one("EMAIL"), 2, _always, mail.find_disguised, False),
    Detector(
        "phone.international",
        _one("PHONE"),
        2,
        _always,
        phones.find_international,
        True,
    ),
    Detector("phone.national", _one("PHONE"), 1, _always, national_phones.find_national, False),
    Detector("iban", _one("IBAN"), 2, _always, accounts.find_iban, True),
    Detector("iban.polish", _one("IBAN"), 1, _always, accounts.find_polish_account, False),
    Detector("card", _one("CARD"), 2, _always, accounts.find_card, True),
    Detector(
        "identifier", frozenset({"NATIONAL_ID", "TAX_ID"}), 1, _always, identifiers.find, True
    ),
    Detector("ipv4", _one("IP"), 1, _always, network.find_ipv4, True),
    Detector("ipv6", _one("IP"), 1, _always, network.find_ipv6, True),
    Detector("mac", _one("MAC"), 1, _always, network.find_mac, False),
    Detector("secret", _one("SECRET"), 1, _always, credentials.find_secret, True),
    Detector("wallet", _one("WALLET"), 1, _always, accounts.find_wallet, False),
)
