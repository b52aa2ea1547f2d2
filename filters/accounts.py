"""Bank accounts, payment cards and wallets: known by length, issuer and check digits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import regex  # type: ignore[import-untyped]
from stdnum import bitcoin, luhn, numdb
from stdnum import iban as stdnum_iban

from filters.spans import Context, Number, Span

# Bank accounts

_IBAN_START: Final = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}", re.ASCII)
# Between the check digits and six digits in a row stand at most the letters of a bank, "GB29 NWBK".
_MAX_BANK_CODE: Final = 14
_IBAN_BODY: Final = re.compile(r"(?:[ \-.]?[A-Za-z0-9]){8,30}+", re.ASCII)
_IBAN_LENGTHS: Final = re.compile(r"([0-9]{1,4}+)!")
_SEPARATORS: Final = str.maketrans("", "", " -.")
# "IBAN", and what an account is called in the languages of Europe.
_ACCOUNT_WORDS: Final = regex.compile(
    r"iban|kont[oua]|kto\b|račun|рачун|рахун|счет|счёт|сметк|rachun|účet|účt|ucet|számla|cont\b|contul"
    r"|cuenta|cuonta|conta\b|conto\b|compte|compta|rekening|tili|saskait|sąskait|konts|kont[āa]|arve"
    r"|llogari|hesap|hesab|λογαριασμ|account|cunta|cyfrif|kontu|reikning|compte|kontonummer|bank"
    r"|\bswift\b|\bbic\b",
    regex.IGNORECASE,
)
_ACCOUNT_WINDOW: Final = 40
_POLISH_ACCOUNT: Final = 26


@cache
def iban_length(country: str) -> int:
    """Length of a country's IBAN in the registry that stdnum ships; 0 if it has none."""
    facts = numdb.get("iban").info(country + "0" * 40)[0][1]
    bban = sum(int(length) for length in _IBAN_LENGTHS.findall(facts.get("bban", "")))
    return bban + 4 if bban else 0


def find_iban(context: Context) -> Iterator[Span]:
    """Numbers with a country's length and ISO 7064's check digits.

    After the word "IBAN" or one for an account, letters may be small, full stops may part the
    groups, and the check digits may be wrong: examples and misprints are somebody's all the same.
    """
    text = context.text
    for number in context.numbers:
        first = max(0, number.start - _MAX_BANK_CODE)
        for head in _IBAN_START.finditer(text, first, number.start + 3):
            yield from _iban_at(text, head.start(), head.end())


def _iban_at(text: str, start: int, head_end: int) -> Iterator[Span]:
    country = text[start : start + 2].upper()
    length = iban_length(country)
    body = _IBAN_BODY.match(text, head_end) if length else None
    if body is None:
        return
    places = [place for place in range(*body.span()) if text[place] not in " -."]
    if len(places) < length - 4:
        return
    end = places[length - 5] + 1
    if end < len(text) and text[end].isalnum():
        return
    written = text[start:end]
    number = written.translate(_SEPARATORS).upper()
    is_strict = "." not in written and (written.isupper() or written.islower())
    if is_strict and _is_mod_97(number) and stdnum_iban.is_valid(number):
        yield Span(start, end, "IBAN", "iban", country)
        return
    digits = sum(character.isdigit() for character in number)
    window = text[max(0, start - _ACCOUNT_WINDOW) : start]
    if digits * 2 > length and _ACCOUNT_WORDS.search(window):
        yield Span(start, end, "IBAN", "iban", country, True)


def _is_mod_97(number: str) -> bool:
    """ISO 7064 mod 97-10: the cheap test before the registry's."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def find_polish_account(context: Context) -> Iterator[Span]:
    """The 26 digits of a Polish account: its IBAN without the country, as it is written at home."""
    for number in context.numbers:
        if len(number.digits) < _POLISH_ACCOUNT:
            continue
        for start, end in _windows(context.text, number, _POLISH_ACCOUNT, _POLISH_ACCOUNT):
            digits = context.text[start:end].translate(_SEPARATORS)
            if len(digits) == _POLISH_ACCOUNT and _is_mod_97("PL" + digits):
                yield Span(start, end, "IBAN", "iban.polish", "PL")


# Payment cards

_GROUPS: Final = re.compile(r"[0-9]++", re.ASCII)
_MAX_GROUPS: Final = 64
_CARD_GROUPINGS: Final = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
_MIN_CARD: Final = 12
_MAX_CARD: Final = 19
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
_CARD_WORDS: Final = regex.compile(
    r"\bcards?\b|\b(?:kredit|credit|debit|debet)|\bcc\b|\bvisa\b|mastercard|maestro|amex"
    r"|american express|diners|\bjcb\b|карт|kart[aeuyiąęo]|kártya|tarjeta|tarxeta|targeta"
    r"|\bcartes?\b|cartão|cartao|carta di|korts?\b|kortnummer|kortti|kortin"
    r"|κάρτα|καρτα|κάρτας|kortel|kaart|kreditna|cárta",
    regex.IGNORECASE,
)
_CARD_WINDOW: Final = 60


def find_card(context: Context) -> Iterator[Span]:
    """Numbers in a card's grouping or in one piece, of an issuer's range, with Luhn's digit.

    After a word for a card, twelve to nineteen digits with Luhn's digit suffice.
    """
    text = context.text
    for number in context.numbers:
        if len(number.digits) < _MIN_CARD:
            continue
        groups = _groups(text, number)
        lengths = tuple(end - start for start, end in groups)
        for first, last in _card_windows(lengths):
            start, end = groups[first][0], groups[last][1]
            written = text[start:end]
            if _is_joined(text, start, end) or not _is_evenly_parted(written):
                continue
            digits = written.translate(_SEPARATORS)
            if not luhn.is_valid(digits) or len(set(digits)) == 1:
                continue
            window = text[max(0, start - _CARD_WINDOW) : start]
            if _ISSUERS.fullmatch(digits):
                yield Span(start, end, "CARD", "card")
            elif _CARD_WORDS.search(window):
                yield Span(start, end, "CARD", "card", None, True)


def _groups(text: str, number: Number) -> list[tuple[int, int]]:
    """The first groups of digits of a run."""
    found = _GROUPS.finditer(text, number.start, number.end)
    return [match.span() for match in itertools.islice(found, _MAX_GROUPS)]


def _is_joined(text: str, start: int, end: int) -> bool:
    """Whether a number goes on beyond this range, or is part of a word."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    return before.isalnum() or (before != "" and before in "+.,/_") or after.isalnum()


def _is_evenly_parted(written: str) -> bool:
    """Whether one separator at most is used, and always the same."""
    separators = {s for s in _GROUPS.split(written) if s}
    return not separators or separators in ({" "}, {"-"}, {"."})


def _card_windows(lengths: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First and last group of each window that may be a card.

    Where the neighbouring group has four digits too, as in "9999 9999 9999 9999 9999", it is no
    card.
    """
    for first, length in enumerate(lengths):
        if _MIN_CARD <= length <= _MAX_CARD:
            yield first, first
        for grouping in _CARD_GROUPINGS:
            last = first + len(grouping) - 1
            if lengths[first : last + 1] != grouping:
                continue
            before = lengths[first - 1] if first else 0
            after = lengths[last + 1] if last + 1 < len(lengths) else 0
            if 4 not in (before, after):
                yield first, last


def _windows(text: str, number: Number, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Windows of whole groups of a run that hold from `low` to `high` digits."""
    groups = _groups(text, number)
    for first, (start, _) in enumerate(groups):
        digits = 0
        for begin, end in groups[first:]:
            digits += end - begin
            if digits > high:
                break
            if digits >= low:
                yield start, end


# Wallets

_WALLET: Final = re.compile(
    r"(?<![\w/])(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71})(?!\w)", re.ASCII
)
_ETHER: Final = re.compile(r"(?<![\w/])0x[0-9A-Fa-f]{40}(?!\w)", re.ASCII)
_WALLET_WORDS: Final = regex.compile(
    r"\beth\b|ether|wallet|crypto|krypto|крипто|donat|spend|spen|adres|address|portfel|кошел|гаман",
    regex.IGNORECASE,
)
_WALLET_WINDOW: Final = 60


def find_wallet(context: Context) -> Iterator[Span]:
    """Bitcoin addresses with their check sum, and Ethereum's.

    An address of Ethereum in both cases carries a check sum (EIP-55), and digests are written in
    one case; in one case it needs a word.
    """
    text = context.text
    for first, last in context.tokens:
        for match in _WALLET.finditer(text, first, last):
            if bitcoin.is_valid(match.group()):
                yield Span(match.start(), match.end(), "WALLET", "wallet.bitcoin")
        for match in _ETHER.finditer(text, first, last):
            digits = match.group()[2:]
            is_mixed = not (digits.islower() or digits.isupper() or digits.isdigit())
            window = text[max(0, match.start() - _WALLET_WINDOW) : match.start()]
            if is_mixed or _WALLET_WORDS.search(window):
                yield Span(
                    match.start(), match.end(), "WALLET", "wallet.ethereum", None, not is_mixed
                )
