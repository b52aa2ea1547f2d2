"""National and tax numbers of Europe as their holders write them, with words that name them.

`identities.csv` has a row a number: country, name, kind, maker, ways to write it ("#" is one of its
characters), labels, and whether it may be sought without a label (specification 3.4: chance passes
of at most 0.5 %, structure of its own). Labels are our own translations, not those of `filters`.
"""

import csv
from collections.abc import Callable
from functools import cache
from importlib import import_module, resources
from random import Random
from typing import Any, Final, NamedTuple

from audit.privacy import digits
from audit.privacy.digits import DIGITS, LETTERS, Maker, birthday, solved, some

NATIONAL: Final = "NATIONAL_ID"
TAX: Final = "TAX_ID"


class Identity(NamedTuple):
    """One kind of number."""

    country: str
    name: str
    kind: str
    make: Maker
    shapes: tuple[str, ...]
    labels: tuple[str, ...]
    is_free: bool
    """Whether it may stand without a label."""

    def written(self, chance: Random) -> str:
        """A new number in one of its shapes."""
        number = iter(self.make(chance))
        shape = chance.choice(self.shapes)
        return "".join(next(number) if c == "#" else c for c in shape)


@cache
def identities() -> tuple[Identity, ...]:
    """Every row of the table."""
    table = resources.files("audit.privacy").joinpath("identities.csv").read_text("utf-8")
    return tuple(
        Identity(
            row["country"],
            row["name"],
            TAX if row["kind"] == "T" else NATIONAL,
            _maker(row["maker"]),
            tuple(row["shapes"].split(",")),
            tuple(row["labels"].split(",")),
            row["free"] == "free",
        )
        for row in csv.DictReader(table.splitlines(), delimiter="|", quoting=csv.QUOTE_NONE)
    )


def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def _maker(words: str) -> Maker:
    """The maker that a cell names: a function here or in `digits`, with its arguments."""
    name, *arguments = words.split(":")
    if name == "pre":
        inner = _maker(":".join(arguments[1:]))
        return lambda chance: arguments[0] + inner(chance)
    if name in _FAMILIES:
        return _FAMILIES[name](*arguments)
    found: Maker = _OWN[name] if name in _OWN else getattr(digits, name)
    return found


def _plain(module: str, length: str, first: str = DIGITS, checks: str = "1") -> Maker:
    """Digits, the first of them one of `first`, the last of them check digits."""

    def body(chance: Random) -> str:
        return (
            chance.choice(first) + some(chance, int(length) - 1 - int(checks)) + "?" * int(checks)
        )

    return solved(body, _module(module).is_valid, int(checks))


def _dated(module: str, form: str, count: str, checks: str = "1") -> Maker:
    """A date in the form, `count` digits, check digits."""

    def body(chance: Random) -> str:
        return birthday(chance).strftime(form) + some(chance, int(count)) + "?" * int(checks)

    return solved(body, _module(module).is_valid, int(checks))


def _spelled(module: str, pattern: str) -> Maker:
    """A pattern: "0" is a digit, "?" a check character, all else itself."""

    def body(chance: Random) -> str:
        return "".join(some(chance, 1) if c == "0" else c for c in pattern)

    return solved(body, _module(module).is_valid, 1, DIGITS + LETTERS)


def _jmbg(low: str, high: str) -> Maker:
    """The number of the Yugoslav successors: date, region in [low, high), serial, check digit."""

    def body(chance: Random) -> str:
        born = birthday(chance)
        region = chance.randrange(int(low), int(high))
        return f"{born:%d%m}{born.year % 1000:03}{region:02}{some(chance, 3)}?"

    return solved(body, _module("si.emso").is_valid)


def _century(module: str, old: str, new: str, count: str) -> Maker:
    """A digit of sex and century, a date, digits, a check digit."""

    def body(chance: Random) -> str:
        born = birthday(chance)
        first = chance.choice(new if born.year >= 2000 else old)
        return f"{first}{born:%y%m%d}{some(chance, int(count))}?"

    return solved(body, _module(module).is_valid)


def _month(module: str, young: str, female: str, count: str) -> Maker:
    """A date whose month tells century (and sex), digits, a check digit."""

    def body(chance: Random) -> str:
        born = birthday(chance)
        month = born.month + (int(young) if born.year >= 2000 else 0)
        month += chance.choice((0, int(female)))
        return f"{born:%y}{month:02}{born:%d}{some(chance, int(count))}?"

    return solved(body, _module(module).is_valid)


def _number(length: str) -> Maker:
    return lambda chance: chance.choice(DIGITS[1:]) + some(chance, int(length) - 1)


_FAMILIES: Final[dict[str, Callable[..., Maker]]] = {
    "plain": _plain,
    "dated": _dated,
    "spell": _spelled,
    "jmbg": _jmbg,
    "century": _century,
    "month": _month,
    "digits": _number,
}


def _dated_at(chance: Random) -> str:
    """Austria: serial of three, check digit, date of birth."""
    return solved(
        lambda c: f"{c.randrange(100, 1000)}?{birthday(c):%d%m%y}", _module("at.vnr").is_valid
    )(chance)


def _be_number(chance: Random) -> str:
    born = birthday(chance)
    body = f"{born:%y%m%d}{chance.randrange(1, 998):03}"
    whole = int(f"2{body}" if born.year >= 2000 else body)
    return f"{body}{97 - whole % 97:02}"


def _rc(chance: Random) -> str:
    """Czechia and Slovakia since 1954: date, women's month plus 50, modulo 11."""
    while True:
        born = birthday(chance)
        if born.year < 1954:
            continue
        month = born.month + chance.choice((0, 50))
        body = f"{born:%y}{month:02}{born:%d}{some(chance, 3)}"
        if int(body) % 11 < 10:
            return f"{body}{int(body) % 11}"


def _dk_cpr(chance: Random) -> str:
    born = birthday(chance)
    seventh = chance.choice("4567" if born.year >= 2000 else "0123")
    return f"{born:%d%m%y}{seventh}{some(chance, 3)}"


def _fi_hetu(chance: Random) -> str:
    born = birthday(chance)
    number = chance.randrange(2, 900)
    sign = chance.choice("ABCDEF" if born.year >= 2000 else "-YXWVU")
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{born:%d%m%y}{number:03}") % 31]
    return f"{born:%d%m%y}{sign}{number:03}{check}"


def _fr_nir(chance: Random) -> str:
    department = chance.choice([n for n in range(1, 96) if n != 20])
    body = f"{chance.choice('12')}{birthday(chance):%y%m}{department:02}"
    body += f"{chance.randrange(1, 600):03}{chance.randrange(1, 999):03}"
    return f"{body}{97 - int(body) % 97:02}"


def _fr_tva(chance: Random) -> str:
    siren = _plain("fr.siren", "9")(chance)
    return f"{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


def _mc_tva(chance: Random) -> str:
    """Monaco is in the French system; its numbers begin with 000."""
    while True:
        siren = f"000{some(chance, 6)}"
        number = f"{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"
        if _module("mc.tva").is_valid(f"FR{number}"):
            return number


def _it_fiscal(chance: Random) -> str:
    born = birthday(chance)
    day = born.day + chance.choice((0, 40))
    place = chance.choice(("H501", "F205", "L219", "F839", "D612", "G273"))
    body = some(chance, 6, "BCDFGLMNPRSTVZ")
    body += f"{born:%y}{'ABCDEHLMPRST'[born.month - 1]}{day:02}{place}"
    return body + str(_module("it.codicefiscale").calc_check_digit(body))


def _lv_code(chance: Random) -> str:
    born = birthday(chance)
    while True:
        body = f"{born:%d%m%y}{'2' if born.year >= 2000 else '1'}{some(chance, 3)}"
        weights = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        check = (1101 - digits.weighted(body, weights)) % 11
        if check < 10:
            return f"{body}{check}"


def _lt_vat(chance: Random) -> str:
    return solved(lambda c: some(c, 7) + "1?", _module("lt.pvm").is_valid)(chance)


def _nl_btw(chance: Random) -> str:
    return f"NL{_plain('nl.bsn', '9', '12')(chance)}B{chance.randrange(1, 100):02}"


def _pt_card(chance: Random) -> str:
    return solved(lambda c: f"{some(c, 9)}{some(c, 2, LETTERS)}?", _module("pt.cc").is_valid)(
        chance
    )


def _es_nie(chance: Random) -> str:
    return _spelled("es.nie", f"{chance.choice('XYZ')}0000000?")(chance)


def _sk_dph(chance: Random) -> str:
    while True:
        number = chance.choice(DIGITS[1:]) + some(chance, 1) + chance.choice("234789")
        number += some(chance, 7)
        if int(number) % 11 == 0:
            return number


def _se_long(chance: Random) -> str:
    born = birthday(chance)
    body = f"{born:%y%m%d}{some(chance, 3)}"
    total = sum(digits.cross(int(d) * w) for d, w in zip(body, (2, 1) * 5, strict=False))
    return f"{born:%Y}{body[2:]}{-total % 10}"


def _is_kt(chance: Random) -> str:
    born = birthday(chance)
    century = "0" if born.year >= 2000 else "9"
    while True:
        body = f"{born:%d%m%y}{chance.randrange(20, 100)}"
        check = 11 - digits.weighted(body, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
        if check != 10:
            return f"{body}{check % 11}{century}"


def _ch_ahv(chance: Random) -> str:
    return solved(lambda c: f"756{some(c, 9)}?", _module("ch.ssn").is_valid)(chance)


def _greek_card(chance: Random) -> str:
    return some(chance, 2, "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ") + some(chance, 6)


def _mt_card(chance: Random) -> str:
    return f"{chance.randrange(1, 100_000):05}{birthday(chance):%y}{chance.choice('MGAPLHBZ')}"


def _pl_card(chance: Random) -> str:
    body, number = some(chance, 3, LETTERS), some(chance, 5)
    values = [LETTERS.index(c) + 10 for c in body] + [0] + [int(d) for d in number]
    check = sum(v * w for v, w in zip(values, (7, 3, 1, 9, 7, 3, 1, 7, 3), strict=True)) % 10
    return f"{body}{check}{number}"


def _al_nipt(chance: Random) -> str:
    return chance.choice("JKLM") + some(chance, 8) + chance.choice("ABCDEFGHIJKLMNOPQRSTUVW")


def _ad_nrt(chance: Random) -> str:
    return f"F{some(chance, 6)}{chance.choice('BCDEFGHJKLMNPQRSTUVWXYZ')}"


def _fo_ptal(chance: Random) -> str:
    return f"{birthday(chance):%d%m%y}{some(chance, 3)}"


_OWN: Final[dict[str, Maker]] = {
    "dated_at": _dated_at,
    "be_number": _be_number,
    "rc": _rc,
    "dk_cpr": _dk_cpr,
    "fi_hetu": _fi_hetu,
    "fr_nir": _fr_nir,
    "fr_tva": _fr_tva,
    "mc_tva": _mc_tva,
    "it_fiscal": _it_fiscal,
    "lv_code": _lv_code,
    "lt_vat": _lt_vat,
    "nl_btw": _nl_btw,
    "pt_card": _pt_card,
    "ro_cnp": _century("ro.cnp", "12", "56", "5"),
    "es_nie": _es_nie,
    "sk_dph": _sk_dph,
    "se_long": _se_long,
    "is_kt": _is_kt,
    "ch_ahv": _ch_ahv,
    "greek_card": _greek_card,
    "mt_card": _mt_card,
    "pl_card": _pl_card,
    "al_nipt": _al_nipt,
    "ad_nrt": _ad_nrt,
    "fo_ptal": _fo_ptal,
}
