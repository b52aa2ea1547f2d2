"""Pages with invented personal data, from reserved ranges and check-digit functions.

A text holds markers, `[[EMAIL a@b.example]]`, `[[PHONE +44 ...]]`, `[[IP ...]]`, `[[IBAN DE]]`,
`[[CARD visa]]`; the truth counts them. Account numbers are zeros under computed check digits, cards
are the numbers that the card networks publish for tests, telephone numbers are from the ranges that
regulators set aside for fiction.
"""

import re
from collections import Counter
from dataclasses import replace

from stdnum import iban

from samples.entries import Entry, kept
from samples.pages import ROOT, Block, Page, load_flat

MARKER = re.compile(r"\[\[(EMAIL|PHONE|IP|IBAN|CARD) ([^\]]+)\]\]")
CARDS = {"visa": "4111 1111 1111 1111", "mastercard": "5555 5555 5555 4444"}
# Account part of an IBAN by country: no bank has such a code, no account is all zeros. Where the
# country has check digits of its own within the account, zeros are valid for them too.
ACCOUNTS = {
    "BG": "ZZZZ" + "0" * 14, "CZ": "0" * 20, "DE": "0" * 18, "DK": "0" * 14, "EE": "0" * 16,
    "ES": "0" * 20, "FI": "0" * 14, "FR": "0" * 23, "GR": "0" * 23, "HR": "0" * 17,
    "HU": "0" * 24, "IT": "X" + "0" * 22, "NL": "ZZZZ" + "0" * 10, "NO": "0" * 11, "PL": "0" * 24,
    "PT": "0" * 21, "RO": "ZZZZ" + "0" * 16, "SE": "0" * 20, "SK": "0" * 20,
}  # fmt: skip
WHY = {
    "url-": "Its URL holds personal data; its text holds none.",
    "nega": "Numbers that look like personal data and are none.",
}


def personal_pages() -> list[Entry]:
    """Every page of `special/personal/`, all kept, with the personal data that each holds."""
    return [_entry(page) for page in load_flat(ROOT / "special" / "personal")]


def filled(page: Page) -> tuple[Page, dict[str, int]]:
    """A page with its markers filled in, and how many it held of each kind."""
    counts: Counter[str] = Counter()
    return replace(page, blocks=tuple(_filled(block, counts) for block in page.blocks)), dict(
        counts
    )


def _entry(page: Page) -> Entry:
    page, counts = filled(page)
    why = WHY.get(page.slug[:4], "Invented personal data, which is replaced by placeholders.")
    kind = {"url-": "personal_url", "nega": "hard_negative"}.get(page.slug[:4], "personal_data")
    return kept(kind, page, why, pii=counts)


def _filled(block: Block, counts: Counter[str]) -> Block:
    def fill(match: re.Match[str]) -> str:
        kind, value = match.groups()
        counts[kind] += 1
        if kind == "IBAN":
            return account(value)
        return CARDS[value] if kind == "CARD" else value

    return replace(block, text=MARKER.sub(fill, block.text))


def account(country: str) -> str:
    """An IBAN of the country over an account of zeros, in groups of four."""
    digits = iban.calc_check_digits(f"{country}00{ACCOUNTS[country]}")
    number = f"{country}{digits}{ACCOUNTS[country]}"
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
