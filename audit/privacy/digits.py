"""Check digits, and numbers made to pass them: of python-stdnum, and our own where it has none.

A maker takes a source of chance and returns a number without separators. Where stdnum judges a
number but does not make one, the check characters are those of the ten (or 26) that it accepts.
"""

import datetime as dt
import itertools
from collections.abc import Callable
from random import Random
from typing import Final

from stdnum import luhn, verhoeff

Maker = Callable[[Random], str]
DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FIRST_DAY: Final = dt.date(1938, 1, 1)
_DAYS: Final = 70 * 365


def some(chance: Random, count: int, alphabet: str = DIGITS) -> str:
    """So many characters of the alphabet."""
    return "".join(chance.choices(alphabet, k=count))


def birthday(chance: Random) -> dt.date:
    """A day from 1938 to 2007."""
    return _FIRST_DAY + dt.timedelta(days=chance.randrange(_DAYS))


def solved(
    body: Callable[[Random], str],
    accepts: Callable[[str], bool],
    checks: int = 1,
    alphabet: str = DIGITS,
) -> Maker:
    """A maker of numbers that `accepts` accepts: "?" in a body stands for a check character."""
    endings = ["".join(each) for each in itertools.product(alphabet, repeat=checks)]

    def make(chance: Random) -> str:
        while True:
            given = body(chance)
            for ending in chance.sample(endings, len(endings)):
                number = given
                for character in ending:
                    number = number.replace("?", character, 1)
                if accepts(number):
                    return number

    return make


def weighted(number: str, weights: tuple[int, ...]) -> int:
    """The sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def cross(number: int) -> int:
    """The sum of the digits of a number below 100."""
    return number // 10 + number % 10


def hu_taj_check(body: str) -> str:
    """Hungary, social security: weights 3 and 7, modulo 10."""
    return str(weighted(body, (3, 7) * 4) % 10)


def hu_taj(chance: Random) -> str:
    """Hungary, social security: eight digits and the check digit."""
    body = some(chance, 8)
    return body + hu_taj_check(body)


def hu_tax_check(body: str) -> str:
    """Hungary, tax number of a person: weights 1 to 9, modulo 11; "10" where none is issued."""
    return str(weighted(body, tuple(range(1, 10))) % 11)


def hu_tax(chance: Random) -> str:
    """Hungary, tax number of a person: 8, days since 1867-01-01, three digits, check digit."""
    while True:
        days = (birthday(chance) - dt.date(1867, 1, 1)).days
        body = f"8{days:05}{some(chance, 3)}"
        check = hu_tax_check(body)
        if len(check) == 1:
            return body + check


def hu_personal(chance: Random) -> str:
    """Hungary, personal identifier: sex and century, date, three digits, modulo 11."""
    while True:
        born = birthday(chance)
        first = chance.choice("34" if born.year >= 2000 else "12")
        body = f"{first}{born:%y%m%d}{some(chance, 3)}"
        rising = tuple(range(1, 11))
        weights = rising if born < dt.date(1997, 1, 1) else rising[::-1]
        check = weighted(body, weights) % 11
        if check < 10:
            return body + str(check)


def lu_matricule(chance: Random) -> str:
    """Luxembourg: date, three digits, Luhn and Verhoeff digits, each over the first eleven."""
    body = f"{birthday(chance):%Y%m%d}{some(chance, 3)}"
    return body + luhn.calc_check_digit(body) + verhoeff.calc_check_digit(body)


def _letters_as_numbers(number: str) -> str:
    return "".join(c if c.isdigit() else f"{LETTERS.index(c) + 1:02}" for c in number)


def de_pension_check(body: str) -> str:
    """Germany, Rentenversicherungsnummer: the letter as two digits, weights, cross sums."""
    pairs = zip(_letters_as_numbers(body), (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    return str(sum(cross(int(digit) * weight) for digit, weight in pairs) % 10)


def de_pension(chance: Random) -> str:
    """Germany, Rentenversicherungsnummer: area, date, letter, serial, check digit."""
    area = chance.choice(("02", "10", "13", "15", "21", "28", "44", "52", "65", "78"))
    body = f"{area}{birthday(chance):%d%m%y}{chance.choice(LETTERS)}{chance.randrange(100):02}"
    return body + de_pension_check(body)


def de_health_check(body: str) -> str:
    """Germany, Krankenversichertennummer: the letter as two digits, weights 1 and 2, cross sums."""
    pairs = zip(_letters_as_numbers(body), (1, 2) * 5, strict=True)
    return str(sum(cross(int(digit) * weight) for digit, weight in pairs) % 10)


def de_health(chance: Random) -> str:
    """Germany, Krankenversichertennummer: letter, eight digits, check digit."""
    body = chance.choice(LETTERS) + some(chance, 8)
    return body + de_health_check(body)


def icao_check(body: str) -> str:
    """The check digit of machine-readable documents: weights 7, 3, 1 (ICAO 9303, part 3)."""
    values = [int(c) if c.isdigit() else LETTERS.index(c) + 10 for c in body]
    return str(sum(v * w for v, w in zip(values, itertools.cycle((7, 3, 1)), strict=False)) % 10)


def de_card(chance: Random) -> str:
    """Germany, identity card: nine characters of a reduced alphabet and the check digit."""
    body = chance.choice("LMNPRTVWXY") + some(chance, 8, "0123456789CFGHJKLMNPRTVWXYZ")
    return body + icao_check(body)


def by_personal(chance: Random) -> str:
    """Belarus: sex and century, date, region, three digits, nationality, check digit."""
    born = birthday(chance)
    first = chance.choice("56" if born.year >= 2000 else "34")
    body = f"{first}{born:%d%m%y}{chance.choice('ABCHKEM')}{some(chance, 3)}"
    body += chance.choice(("PB", "BA", "BI"))
    return body + icao_check(body)


def ru_snils_check(body: str) -> str:
    """Russia, SNILS: weights 9 to 1, modulo 101, two digits."""
    return f"{weighted(body, tuple(range(9, 0, -1))) % 101 % 100:02}"


def ru_snils(chance: Random) -> str:
    """Russia, SNILS: nine digits and two check digits."""
    body = f"{chance.randrange(1_001_999, 200_000_000):09}"
    return body + ru_snils_check(body)


def al_personal(chance: Random) -> str:
    """Albania: decade as a letter, year, month (women's plus 50), day, three digits, letter."""
    born = birthday(chance)
    decade = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(born.year - 1800) // 10]
    month = born.month + chance.choice((0, 50))
    ending = some(chance, 3) + chance.choice("ABCDEFGHIJKLMNOPQRSTUVW")
    return f"{decade}{born.year % 10}{month:02}{born.day:02}{ending}"


def gb_insurance(chance: Random) -> str:
    """United Kingdom, National Insurance: prefixes that are issued, six digits, A to D."""
    while True:
        prefix = chance.choice("ABCEGHJKLMNPRSTWXYZ") + chance.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in ("GB", "NK", "TN", "ZZ") and prefix[1] != "O":
            return f"{prefix}{some(chance, 6)}{chance.choice('ABCD')}"


def us_social(chance: Random) -> str:
    """United States: areas, groups and serials that are issued."""
    area = chance.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}{chance.randrange(1, 100):02}{chance.randrange(1, 10_000):04}"
