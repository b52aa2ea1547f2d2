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
    find: Callable[[Context], Iterator[Span]]
    in_urls: bool
    """Whether it is sought in addresses too, where numbers mostly name articles."""


def _one(kind: str) -> frozenset[str]:
    return frozenset({kind})


DETECTORS: Final[tuple[Detector, ...]] = (
    Detector("email", _one("EMAIL"), 2, mail.find_email, True),
    Detector("email.disguised", _one("EMAIL"), 2, mail.find_disguised, False),
    Detector(
        "phone.international",
        _one("PHONE"),
        2,
        phones.find_international,
        True,
    ),
    Detector("phone.national", _one("PHONE"), 1, national_phones.find_national, False),
    Detector("iban", _one("IBAN"), 2, accounts.find_iban, True),
    Detector("iban.polish", _one("IBAN"), 1, accounts.find_polish_account, False),
    Detector("card", _one("CARD"), 2, accounts.find_card, True),
    Detector("identifier", frozenset({"NATIONAL_ID", "TAX_ID"}), 1, identifiers.find, True),
    Detector("ipv4", _one("IP"), 1, network.find_ipv4, True),
    Detector("ipv6", _one("IP"), 1, network.find_ipv6, True),
    Detector("mac", _one("MAC"), 1, network.find_mac, False),
    Detector("secret", _one("SECRET"), 1, credentials.find_secret, True),
    Detector("wallet", _one("WALLET"), 1, accounts.find_wallet, False),
)
