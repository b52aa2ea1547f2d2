"""Strings that look like personal data and are none, in sentences of many languages.

Dates, prices, codes, scores, laws, references, code: a kind is a maker of one string. Every kind
is made equally often, in each language in turn; a redaction that touches one is false. Numbers of
persons that pass a check by chance are among them: an order number may be anybody's.
Not here, since either answer can be defended: `git@host` addresses, public name servers.
"""

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Final

import yaml
from stdnum import casrn, ean, isbn, issn, luhn

from audit.privacy.digits import DIGITS, LETTERS, some
from audit.privacy.gold import CODES, Document, Gold, languages_of, unseen
from audit.privacy.identities import identities

Words = Mapping[str, Any]
Make = Callable[[Random, Words], str]
_PLACES: Final = {
    "·": DIGITS,
    "¤": LETTERS,
    "‡": "0123456789abcdef",
    "¿": DIGITS + LETTERS,
}
_CONTEXT: Final = 200
_SENTENCE: Final = re.compile(r"[.!?…](?:\s|$)")


@cache
def _table() -> dict[str, Any]:
    table = resources.files("audit.privacy").joinpath("negatives.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(table)
    return loaded


def words() -> dict[str, Words]:
    """Words before numbers, by language (ISO 639-3)."""
    found: dict[str, Words] = _table()["words"]
    return found


def documents(
    texts: Mapping[str, Sequence[str]], of_each: int, seed: str = "negatives"
) -> Iterator[Document]:
    """So many strings of each kind between page texts; its one span is what must stay."""
    languages = sorted(words())
    for kind, make in kinds().items():
        for number in range(of_each):
            chance = Random(f"{seed}/{kind}/{number}")  # noqa: S311 - the same strings every time
            language = languages[number % len(languages)]
            yield _document(chance, kind, language, make(chance, words()[language]), texts)


def unseen_documents(
    texts: Mapping[str, Sequence[str]], of_each: int, seed: str = "unseen"
) -> Iterator[Document]:
    """So many numbers of each shape behind each name of `unseen.yaml`."""
    table = unseen()
    for language, names in table["names"].items():
        for name, shape, number in itertools.product(names, table["shapes"], range(of_each)):
            chance = Random(f"{seed}/{language}/{name}/{shape}/{number}")  # noqa: S311 - the same
            value = name + chance.choice((": ", " ")) + _filled(shape, chance, {})
            yield _document(chance, shape, language, value, texts)


def _document(
    chance: Random, kind: str, language: str, value: str, texts: Mapping[str, Sequence[str]]
) -> Document:
    known = next((macro for macro, code in CODES.items() if code == language), language)
    before, after = (_cut(p) for p in chance.choices(texts[known], k=2))
    joined = chance.choice((" ", "\n", " – ", ": "))
    text = f"{before}{joined}{value}{chance.choice((' ', chr(10), '. ', ', '))}{after}"
    start = len(before) + len(joined)
    countries = [c for c in _COUNTRIES if known in languages_of(c)]
    tld = chance.choice([*countries, "com"]).lower() if countries else None
    gold = Gold(start, start + len(value), "NONE", None, kind, "none")
    return Document(text, language, tld, (gold,), (before, after), "negatives")


def _cut(paragraph: str) -> str:
    """Its beginning, up to the end of a sentence: no word of it names what follows."""
    ends = [match.end() for match in _SENTENCE.finditer(paragraph) if match.end() <= _CONTEXT]
    return paragraph[: ends[-1]].rstrip() if ends else paragraph[:_CONTEXT].rpartition(" ")[0]


_COUNTRIES: Final = (
    "DE", "AT", "CH", "IE", "FR", "BE", "ES", "IT", "PT", "NL", "DK", "SE", "NO", "FI", "EE", "LV",
    "LT", "PL", "CZ", "SK", "SI", "HR", "RS", "BG", "UA", "RU", "RO", "HU", "GR", "TR", "MT",
)  # fmt: skip


def _day(chance: Random) -> dt.datetime:
    seconds = chance.randrange(130 * 365 * 86_400)
    return dt.datetime(1900, 1, 1) + dt.timedelta(seconds=seconds)


def _filled(pattern: str, chance: Random, said: Words) -> str:
    """A pattern of `negatives.yaml` with its characters and words chosen."""
    values = {name: _one_of(chance, value) for name, value in said.items()}
    moment = {"h": f"{chance.randrange(24):02}", "m": f"{chance.randrange(60):02}"}
    numbers = {"y": str(chance.randrange(1950, 2025)), "n": str(chance.randrange(1, 1000))}
    for name, value in (values | moment | numbers).items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return "".join(some(chance, 1, _PLACES[c]) if c in _PLACES else c for c in pattern)


def _one_of(chance: Random, value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else chance.choice(value)


def _of_patterns(patterns: Sequence[str]) -> Make:
    return lambda chance, said: _filled(chance.choice(patterns), chance, said)


def _formatted(*forms: str) -> Make:
    return lambda chance, _: _day(chance).strftime(chance.choice(forms))


def _date_range(chance: Random, _: Words) -> str:
    first = _day(chance)
    last = first + dt.timedelta(days=chance.randrange(1, 900))
    form = chance.choice(("%d.%m.%Y", "%d/%m/%Y", "%d.%m."))
    joined = chance.choice((" - ", "-", " – ", "/"))
    return first.strftime(form) + joined + last.strftime("%d.%m.%Y")


def _years(chance: Random, _: Words) -> str:
    year = chance.randrange(1800, 2020)
    more = [str(year + i) for i in range(chance.randrange(3, 8))]
    ranges = (f"{year}-{year + 7}", f"{year}/{(year + 1) % 100:02}", f"{year}–{year + 12}")
    return chance.choice((*ranges, " ".join(more), ", ".join(more)))


def _grouped(chance: Random, low: int, high: int) -> str:
    """A number in groups of three; small ones as often as large ones."""
    number = int(low * (high / low) ** chance.random())
    return f"{number:,}".replace(",", chance.choice((".", ",", " ", "\u00a0", "'")))


def _price(chance: Random, said: Words) -> str:
    number = _grouped(chance, 100, 10**9) + chance.choice(("", ",00", ",99", ".50"))
    money = chance.choice(said["money"])
    forms = (f"{number} {money}", f"{money} {number}", f"{number}{money}", f"{number},-")
    return chance.choice(forms)


def _people(chance: Random, said: Words) -> str:
    return f"{_grouped(chance, 1000, 2 * 10**9)} {said['people']}"


def _statistics(chance: Random, _: Words) -> str:
    cells = [_grouped(chance, 10, 10**7) for _ in range(chance.randrange(3, 8))]
    joined = chance.choice((" ", "\t", " | ", "  "))
    return joined.join([str(chance.randrange(1900, 2024)), *cells])


def _isbn(chance: Random, _: Words) -> str:
    body = "978" + chance.choice(("3", "0", "2", "83", "80", "952", "618")) + some(chance, 9)
    number = body[:12] + ean.calc_check_digit(body[:12])
    if chance.random() < 0.4:
        number = isbn.to_isbn10(number)
    written = chance.choice((number, isbn.format(number), isbn.format(number, " ")))
    return f"{chance.choice(('ISBN ', 'ISBN: ', 'ISBN-13: ', '', '('))}{written}"


def _issn(chance: Random, _: Words) -> str:
    body = some(chance, 7)
    return f"ISSN {body[:4]}-{body[4:]}{issn.calc_check_digit(body)}"


def _doi(chance: Random, said: Words) -> str:
    tails = ("s·····-···-·····-1", "j.····-····.····.·····.x", "············")
    tail = _filled(chance.choice(tails), chance, said)
    return f"{chance.choice(('doi:', 'https://doi.org/', 'DOI '))}10.{some(chance, 4)}/{tail}"


def _article(chance: Random, _: Words) -> str:
    body = chance.choice(("40", "59", "50", "76", "38", "64", "80", "73")) + some(chance, 10)
    return chance.choice(("EAN ", "GTIN: ", "EAN-13: ", "")) + body + ean.calc_check_digit(body)


def _chemical(chance: Random, _: Words) -> str:
    body = f"{chance.randrange(50, 9_999_999)}-{some(chance, 2)}"
    check = casrn.calc_check_digit(f"{body}-")
    return f"{chance.choice(('CAS ', 'CAS-Nr. ', 'CAS: ', ''))}{body}-{check}"


def _pages(chance: Random, said: Words) -> str:
    first = chance.randrange(1, 2500)
    last = f"{first}{chance.choice('-–')}{first + chance.randrange(1, 60)}"
    where = f"{chance.choice(said['page'])} {last}"
    year = chance.randrange(1950, 2024)
    return chance.choice((where, f"{chance.randrange(1, 90)} ({year}), {where}"))


def _by_chance(chance: Random, said: Words) -> str:
    """A number that passes the check of a person's, under an order's name."""
    rows = [row for row in identities() if not row.is_free]
    while True:
        number = chance.choice(rows).make(chance)
        if number.isdigit():
            return f"{chance.choice(said['order'])} {number}"


def _luhn(chance: Random, said: Words) -> str:
    """A number of a shipment that passes Luhn's check, under no prefix of a card."""
    body = chance.choice("0178") + some(chance, 14)
    return f"{said['track']} {body}{luhn.calc_check_digit(body)}"


_COMPUTED: Final[dict[str, Make]] = {
    "date, full stops": _formatted("%d.%m.%Y", "%d. %m. %Y", "%d.%m.%y", "%d. %m. %y"),
    "date, slashes": _formatted("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%Y/%m/%d"),
    "date, hyphens": _formatted("%Y-%m-%d", "%d-%m-%Y", "%d-%m-%y", "%y-%m-%d"),
    "date in one run": _formatted("%Y%m%d", "%d%m%Y", "%y%m%d", "%d%m%y"),
    "date and time": _formatted(
        "%d.%m.%Y %H:%M", "%d.%m.%Y, %H.%M", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%y %H:%M"
    ),
    "time stamp, ISO": _formatted("%Y-%m-%dT%H:%M:%SZ", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S"),
    "range of dates": _date_range,
    "years": _years,
    "ISBN": _isbn,
    "ISSN": _issn,
    "DOI": _doi,
    "price": _price,
    "range of pages": _pages,
    "article number (EAN)": _article,
    "row of statistics": _statistics,
    "chemical (CAS)": _chemical,
    "inhabitants": _people,
    "order number that passes a check": _by_chance,
    "shipment that passes Luhn": _luhn,
}


@cache
def kinds() -> dict[str, Make]:
    """How a string of each kind is made."""
    patterns = {kind: _of_patterns(each) for kind, each in _table()["patterns"].items()}
    return _COMPUTED | patterns
