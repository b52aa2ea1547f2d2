from __future__ import annotations

import pytest
from stdnum import iban, luhn

from filters.pii import find, redact

GOOD = "DE89370400440532013000"
WRONG = "DE88370400440532013000"


@pytest.mark.parametrize("label", ["IBAN: ", "iban ", "Konto ", "rachunek ", "compte "])
def test_after_a_label_the_check_digits_may_be_wrong(label: str) -> None:
    (span,) = find(f"{label}{WRONG}, danke")
    assert (span.kind, span.country, span.context) == ("IBAN", "DE", True)
    assert redact(f"{label}{iban.format(WRONG).lower()}.")[0] == f"{label}<IBAN>."


def test_without_a_label_they_count() -> None:
    assert redact(f"x {WRONG} y")[1] == []
    assert redact(f"x {GOOD[:-1]} y")[1] == []
    (span,) = find(f"x {GOOD} y")
    assert (span.country, span.context) == ("DE", False)


def test_separators_of_an_account() -> None:
    grouped = iban.format(GOOD)
    for mark in ("\u00a0", "-", "\u2009", "\u2011"):
        assert redact(f"({grouped.replace(' ', mark)})")[0] == "(<IBAN>)"
    assert redact(f"IBAN {grouped.replace(' ', '.')}")[0] == "IBAN <IBAN>"


def test_a_polish_account_stands_without_its_country() -> None:
    number = iban.format("PL61109010140000071219812874")[2:]
    text = f"numer: {number}."
    assert redact(text)[0] == "numer: <IBAN>."
    assert redact(text.replace("2874", "2875"))[1] == []


def test_a_card_of_no_known_issuer_needs_a_word() -> None:
    number = "0000123412341"
    number += luhn.calc_check_digit(number)
    assert redact(f"number {number}")[1] == []
    assert redact(f"acreditamos {number}")[1] == []
    assert find(f"acreditamos {number}") == []
    (span,) = find(f"my credit card {number}")
    assert (span.kind, span.context) == ("CARD", True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "<WALLET>"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.", "<WALLET>."),
        ("0x" + "Ab" * 20, "<WALLET>"),
        ("eth wallet 0x" + "ab" * 20, "eth wallet <WALLET>"),
        ("0x" + "ab" * 20, "0x" + "ab" * 20),
        ("1BoatSLRHtKNngkdXEeobR76b53LETtpyU", "1BoatSLRHtKNngkdXEeobR76b53LETtpyU"),
        ("x0x" + "Ab" * 20, "x0x" + "Ab" * 20),
    ],
)
def test_wallets(text: str, expected: str) -> None:
    assert redact(text)[0] == expected
