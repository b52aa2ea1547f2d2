"""Invented contact and payment data in the forms that people write: telephone to secret.

A form is a name and a maker; results are reported by form, so that what is missed shows. Telephone
numbers vary the examples of phonenumbers and are checked again. Secrets are put together here from
pieces, so that no scanner takes this file for a leak.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Callable
from functools import cache
from random import Random
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from stdnum import iban, luhn, numdb

from audit.privacy.digits import DIGITS, LETTERS, some


class Value(NamedTuple):
    """What stands in a text, and how it was written."""

    text: str
    form: str
    needs_label: bool = True


# Telephone

_TYPES: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
_TRUNK_IN_BRACKETS: Final = frozenset({"DE", "AT", "CH", "GB", "NL", "SE", "BE", "FI", "UA"})


def phone(chance: Random, country: str) -> Value:
    """A number of the country, national or international, as people write it."""
    number = _varied(chance, country)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    forms = [
        Value(international, "international", needs_label=False),
        Value(international.replace(" ", ""), "international, one run", needs_label=False),
        Value(international.replace(" ", "-").replace("-", " ", 1), "international, hyphens"),
        Value("00" + international[1:], "international, 00"),
        Value(national, "national"),
        Value(national, "national"),
        Value(re.sub(r"[ \-]", ".", national), "national, dots"),
        Value(re.sub(r"[ \-]", "-", national), "national, hyphens"),
        Value(re.sub(r"\D", "", national), "national, one run"),
        Value(_in_pairs(national), "national, in pairs"),
    ]
    if country in _TRUNK_IN_BRACKETS:
        bracketed = international.replace(" ", " (0)", 1)
        slashed = national.replace(" ", "/", 1)
        forms += [Value(bracketed, "international, (0)"), Value(slashed, "national, slash")]
    return chance.choice(forms)


def _varied(chance: Random, country: str) -> phonenumbers.PhoneNumber:
    """A valid number: an example of its country with other last digits."""
    example = None
    for kind in chance.sample(_TYPES, 2):
        example = example or phonenumbers.example_number_for_type(country, kind)
    if example is None:
        raise ValueError(f"phonenumbers has no example for {country}")
    whole = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    for kept in (len(whole) - 5, len(whole) - 4, len(whole) - 3):
        for _ in range(20):
            new = whole[:kept] + some(chance, len(whole) - kept)
            parsed = phonenumbers.parse(new)
            if phonenumbers.is_valid_number_for_region(parsed, country):
                return parsed
    return example


def _in_pairs(national: str) -> str:
    """The digits two by two; an odd one stands with the first pair."""
    digits = re.sub(r"\D", "", national)
    odd = len(digits) % 2
    pairs = [digits[: 2 + odd], *re.findall("..", digits[2 + odd :])]
    return " ".join(pairs)


# Accounts and cards

_STRUCTURE: Final = re.compile(r"([0-9]{1,4}+)!([nac])")
_ALPHABETS: Final = {"n": DIGITS, "a": LETTERS, "c": DIGITS}


@cache
def _structure(country: str) -> str:
    return str(numdb.get("iban").info(f"{country}00")[0][1].get("bban", ""))


def account(chance: Random, country: str) -> Value | None:
    """An IBAN of the registry's structure with the country's own check digits; None without one."""
    structure = _structure(country)
    if not structure:
        return None
    while True:
        body = "".join(
            some(chance, int(count), _ALPHABETS[kind])
            for count, kind in _STRUCTURE.findall(structure)
        )
        number = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
        if iban.is_valid(number):
            break
    grouped = iban.format(number)
    return chance.choice(
        (
            Value(grouped, "groups of four", needs_label=False),
            Value(grouped, "groups of four", needs_label=False),
            Value(number, "one run", needs_label=False),
            Value(grouped.lower(), "lower case"),
            Value(grouped.replace(" ", "-"), "hyphens"),
        )
    )


_CARDS: Final = {
    "visa": ("4", 16),
    "mastercard": ("51", 16),
    "mastercard 2": ("2221", 16),
    "amex": ("37", 15),
    "maestro": ("6759", 16),
    "discover": ("6011", 16),
    "jcb": ("3540", 16),
    "diners": ("36", 14),
    "unionpay": ("6221", 16),
}


def card(chance: Random) -> Value:
    """A payment card number, in groups or in one run."""
    name = chance.choice(list(_CARDS))
    prefix, length = _CARDS[name]
    body = prefix + some(chance, length - len(prefix) - 1)
    number = body + luhn.calc_check_digit(body)
    sizes = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[length]
    pieces, at = [], 0
    for size in sizes:
        pieces.append(number[at : at + size])
        at += size
    shape, joined = chance.choice((("groups", " "), ("hyphens", "-"), ("one run", "")))
    return Value(joined.join(pieces), f"{name}, {shape}", needs_label=name != "visa")


# Mail

_NAMES: Final = (
    "anna.lind", "j.novak", "maria", "k-schmidt", "o_petrenko", "info", "pekka.v", "eleni.k",
    "kontakt", "m.rossi83", "c.dubois", "sofia.n", "office", "j.van.dijk", "ivan.p", "aoife",
)  # fmt: skip
_LETTERED: Final = ("jürgen.böhm", "ана.петрова", "μαρία", "łukasz.k", "françois", "søren.b")
_HOSTS: Final = ("example.org", "mail.example.com", "example.net", "post.dept.example.edu")
_LETTERED_HOSTS: Final = ("müller-example.de", "пример.бг", "παράδειγμα.ελ", "żółw-example.pl")


def mail(chance: Random, country: str) -> Value:
    """A mail address."""
    local, host = (
        chance.choice(_NAMES) + chance.choice(("", some(chance, 2))),
        chance.choice(_HOSTS),
    )
    national = f"{chance.choice(('firma', 'example', 'test-shop'))}.{country.lower()}"
    forms = (
        Value(f"{local}@{host}", "plain", needs_label=False),
        Value(f"{local}@{national}", "plain", needs_label=False),
        Value(f"{local}+{some(chance, 3)}@{host}", "plus", needs_label=False),
        Value(f"{local}@{host}".upper(), "upper case", needs_label=False),
        Value(f"{local}@{chance.choice(_LETTERED_HOSTS)}", "international host", needs_label=False),
        Value(f"{chance.choice(_LETTERED)}@{host}", "international name", needs_label=False),
        Value(f"{local}@{host.split('.')[0]}.museum", "long top-level domain", needs_label=False),
    )
    return chance.choice(forms)


def hidden_mail(chance: Random, country: str) -> Value:
    """A mail address that is written against collectors."""
    local, host = chance.choice(_NAMES), chance.choice(_HOSTS)
    national = f"firma.{country.lower()}"
    at = chance.choice(("(at)", " (at) ", "[at]", " [at] ", "(ät)", " AT ".join(("(", ")"))))
    at = at.replace("( AT )", "(AT)")
    dot = chance.choice(("(dot)", " [dot] ", "."))
    where = chance.choice((host, national))
    return Value(f"{local}{at}{where.replace('.', dot)}", "(at)", needs_label=False)


# Machines

_RANGES: Final = ("2a00:1450", "2001:4860", "2a02:26f0", "2003:e5", "2a01:e0a")


def address(chance: Random) -> Value:
    """A public address of a machine."""
    if chance.random() < 0.3:
        groups = [some(chance, 4, "0123456789abcdef").lstrip("0") or "1" for _ in range(6)]
        whole = ipaddress.ip_address(":".join([chance.choice(_RANGES), *groups]))
        text = whole.compressed
        return Value(text.upper() if chance.random() < 0.2 else text, "IPv6", needs_label=False)
    while True:
        parts = [chance.randrange(32, 224), *(chance.randrange(1, 255) for _ in range(3))]
        found = ipaddress.ip_address(".".join(map(str, parts)))
        if found.is_global:
            return Value(str(found), "IPv4", needs_label=False)


def hardware(chance: Random) -> Value:
    """A MAC address of a known maker."""
    maker = chance.choice(("00:1B:44", "3C:5A:B4", "A4:5E:60", "F0:18:98", "00:50:56"))
    parts = [*maker.split(":"), *(some(chance, 2, "0123456789ABCDEF") for _ in range(3))]
    joined = chance.choice((":", "-")).join(parts)
    return Value(chance.choice((joined, joined.lower())), "six pairs", needs_label=False)


_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def _base58(payload: bytes) -> str:
    whole = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(whole), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + text


def _bech32(payload: bytes) -> str:
    """A version 0 witness program (BIP 173)."""
    bits = "".join(f"{byte:08b}" for byte in payload)
    data = [0, *(int(bits[i : i + 5], 2) for i in range(0, len(bits), 5))]
    check = 1
    for value in [3, 3, 0, 2, 3, *data, 0, 0, 0, 0, 0, 0]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for i, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= part if top >> i & 1 else 0
    check ^= 1
    data += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return "bc1" + "".join(_BECH32[value] for value in data)


def wallet(chance: Random) -> Value:
    """An address of a ledger of coins."""
    payload = chance.randbytes(20)
    return chance.choice(
        (
            Value(_base58(b"\0" + payload), "bitcoin 1", needs_label=False),
            Value(_base58(b"\5" + payload), "bitcoin 3", needs_label=False),
            Value(_bech32(payload), "bitcoin bc1", needs_label=False),
            Value("0x" + payload.hex(), "ethereum"),
        )
    )


_WORD: Final = DIGITS + LETTERS + LETTERS.lower()
_PREFIXES: Final = (
    ("AK", "IA", 16, DIGITS + LETTERS),
    ("gh", "p_", 36, _WORD),
    ("gl", "pat-", 20, _WORD),
    ("AI", "za", 35, _WORD),
    ("sk_", "live_", 24, _WORD),
    ("h", "f_", 34, LETTERS + LETTERS.lower()),
    ("np", "m_", 36, _WORD),
    ("github", "_pat_", 82, _WORD),
)


def secret(chance: Random) -> Value:
    """A key of a service, a token, or a private key."""
    choice = chance.randrange(len(_PREFIXES) + 3)
    if choice < len(_PREFIXES):
        head, tail, length, alphabet = _PREFIXES[choice]
        return Value(head + tail + some(chance, length, alphabet), head + tail, needs_label=False)
    if choice == len(_PREFIXES):
        numbers = f"{some(chance, 11, DIGITS[1:])}-{some(chance, 12, DIGITS[1:])}"
        token = f"xo{'xb'}-{numbers}-{some(chance, 24, _WORD)}"
        return Value(token, "slack", needs_label=False)
    if choice == len(_PREFIXES) + 1:
        parts = [
            base64.urlsafe_b64encode(part).decode().rstrip("=")
            for part in (
                b'{"alg":"HS256","typ":"JWT"}',
                b'{"sub":"' + some(chance, 10).encode() + b'","iat":1516239022}',
                chance.randbytes(32),
            )
        ]
        return Value(".".join(parts), "web token", needs_label=False)
    edge = "-----{} " + "PRIV" + "ATE KEY-----"
    lines = [base64.b64encode(chance.randbytes(48)).decode() for _ in range(4)]
    block = "\n".join([edge.format("BEGIN"), *lines, edge.format("END")])
    return Value(block, "private key", needs_label=False)


Of: Final[dict[str, Callable[[Random, str], Value | None]]] = {
    "PHONE": phone,
    "IBAN": account,
    "EMAIL": mail,
    "EMAIL (hidden)": hidden_mail,
    "CARD": lambda chance, _: card(chance),
    "IP": lambda chance, _: address(chance),
    "MAC": lambda chance, _: hardware(chance),
    "WALLET": lambda chance, _: wallet(chance),
    "SECRET": lambda chance, _: secret(chance),
}
