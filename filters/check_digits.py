"""Check digits and dates of identifiers that python-stdnum lacks, or checks by today's date.

Each function takes the number without separators, in capitals and of a length that its form allows,
and says whether it can have been issued. None of them reads the clock: the same text gives the same
spans in any year, which is why `stdnum.be.nn`, `dk.cpr`, `no.fodselsnummer` and `se.personnummer`
are not used.
"""

from __future__ import annotations

import calendar
import re
from typing import Final

from stdnum import luhn, verhoeff
from stdnum.hu import anum

_FIRST_YEAR: Final = 1850
_LAST_YEAR: Final = 2035
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_date(year: int, month: int, day: int) -> bool:
    """Whether there was such a day, and a person with an identifier may have been born on it."""
    if not (_FIRST_YEAR <= year <= _LAST_YEAR and 1 <= month <= 12 and day >= 1):
        return False
    return day <= calendar.monthrange(year, month)[1]


def is_short_date(year: int, month: int, day: int) -> bool:
    """Whether a date whose year has two digits is one of 1900 to 1999 or 2000 to 2035."""
    return is_date(1900 + year, month, day) or is_date(2000 + year, month, day)


def _parts(number: str, *lengths: int) -> list[int]:
    parts, position = [], 0
    for length in lengths:
        parts.append(int(number[position : position + length]))
        position += length
    return parts


def _weighted(number: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def _cross_sum(number: str, weights: tuple[int, ...]) -> int:
    """Sum of the digits of each product."""
    products = (int(digit) * weight for digit, weight in zip(number, weights, strict=True))
    return sum(product // 10 + product % 10 for product in products)


def albanian_nid(number: str) -> bool:
    """Decade (A is 190x) and year of birth, month (50 more for women), day, serial and a letter.

    The letter's rule is not published. Source: Law 8668 of 2000 on the civil registry (numri i
    identitetit), as described by the General Directorate of Civil Status.
    """
    if not ("A" <= number[0] <= "T" and number[-1].isalpha() and number[1:-1].isdecimal()):
        return False
    year, month, day = _parts(number[1:], 1, 2, 2)
    return is_date(1900 + 10 * _LETTERS.index(number[0]) + year, month % 50, day)


def armenian_psn(number: str) -> bool:
    """Day of birth (10 more for men, 50 for women), month, year. The last digit's rule is unknown.

    Source: law of the Republic of Armenia on the state population register, 2002.
    """
    day, month, year = _parts(number, 2, 2, 2)
    return day > 10 and is_short_date(year, month, day - 50 if day > 50 else day - 10)


def belarusian_number(number: str) -> bool:
    """Sex and century, birth date, letter of the region, serial, PB, BA or BI, check digit.

    The forms are those of Latin and Cyrillic typing. Source: instruction of the Ministry of
    Internal Affairs of Belarus on the identification number; the check digit is that of ICAO 9303.
    """
    latin = number.translate(_CYRILLIC)
    match = _BELARUSIAN.fullmatch(latin)
    if match is None:
        return False
    day, month, year = _parts(latin[1:], 2, 2, 2)
    return is_date((1800, 1900, 2000)[(int(latin[0]) - 1) // 2] + year, month, day)


_CYRILLIC: Final = str.maketrans("АВЕКМНОРСТХІ", "ABEKMHOPCTXI")
_BELARUSIAN: Final = re.compile(r"[1-6][0-9]{6}[ABCHKEM][0-9]{3}(?:PB|BA|BI)[0-9]")


def belgian_number(number: str) -> bool:
    """National number and BIS number: birth date, serial, 97 less the rest of nine digits.

    From 2000 a 2 stands before the nine digits; BIS adds 20 or 40 to the month. Source: royal
    decree of 3 April 1984 on the composition of the identification number, article 5.
    """
    month, day = int(number[2:4]) % 20, int(number[4:6])
    if month > 12 or day > 31 or int(number[2:4]) >= 60:
        return False
    body, check = number[:9], int(number[9:])
    return check in (97 - int(body) % 97, 97 - int("2" + body) % 97)


def danish_cpr(number: str) -> bool:
    """Birth date with the century by the seventh digit; no check digit is promised since 2007.

    Source: CPR-kontoret, "Personnummeret i CPR".
    """
    day, month, year, seventh = _parts(number, 2, 2, 2, 1)
    if seventh <= 3:
        century = 1900
    elif seventh in (4, 9):
        century = 2000 if year <= 36 else 1900
    else:
        century = 2000 if year <= 57 else 1800
    return is_date(century + year, month, day)


def faroese_ptal(number: str) -> bool:
    """Birth date and three digits, of which the last is a check digit of unpublished weights."""
    day, month, year = _parts(number, 2, 2, 2)
    return is_short_date(year, month, day)


def finnish_code(number: str) -> bool:
    """Birth date, sign or letter of the century (a sign is left out here), serial, rest modulo 31.

    Serials from 900 are temporary, and those of invented persons. Source: Finnish Digital and
    Population Data Services Agency, "The personal identity code"; decree 128/2010, section 2.
    """
    century, serial, check = number[6:-4], number[-4:-1], number[-1]
    if century not in _FINNISH_CENTURIES or not serial.isdecimal() or int(serial) < 2:
        return False
    day, month, year = _parts(number, 2, 2, 2)
    if not is_short_date(year, month, day):
        return False
    return _FINNISH_CHECKS[int(number[:6] + serial) % 31] == check


_FINNISH_CENTURIES: Final = ("", *"ABCDEFUVWXY")
_FINNISH_CHECKS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def french_nir(number: str) -> bool:
    """Sex, year, month, department, commune, order and, if given, 97 less the rest of the others.

    Months 20 to 42 and 50 to 99 stand for unknown ones; 2A and 2B count as 19 and 18.
    Source: INSEE, "Identification au repertoire national", decree 82-103.
    """
    match = _NIR.fullmatch(number)
    if match is None:
        return False
    if len(number) == 13:
        return True
    body = number[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(body) % 97 == int(number[13:])


_NIR: Final = re.compile(
    r"[1-478][0-9]{2}(?:0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9])"
    r"(?:0[1-9]|[1-8][0-9]|9[0-9]|2[AB])[0-9]{6}(?:[0-9]{2})?"
)


def german_identity_card(number: str) -> bool:
    """Serial number of an identity card or passport, with or without its check digit.

    Nine of the digits and the letters that cannot be misread, from a letter on; weights 7, 3, 1.
    Source: Personalausweisverordnung, annex; ICAO 9303, part 3, section 4.9.
    """
    if _GERMAN_CARD.fullmatch(number) is None or number[1:].isalpha():
        return False
    if len(number) == 9:
        return True
    values = [int(character, 36) for character in number[:9]]
    return sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10 == int(number[9])


_GERMAN_CARD: Final = re.compile(r"[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}[0-9]?")


def german_kvnr(number: str) -> bool:
    """Letter, eight digits, and the last digit of the sum of their products' digits.

    Source: section 290 SGB V, GKV-Spitzenverband, "Richtlinie zum Aufbau der
    Krankenversichertennummer".
    """
    if not (number[0] in _LETTERS and number[1:].isdecimal()):
        return False
    body = f"{_LETTERS.index(number[0]) + 1:02}{number[1:9]}"
    return _cross_sum(body, (1, 2) * 5) % 10 == int(number[9])


def german_rvnr(number: str) -> bool:
    """Area, birth date, first letter of the name at birth, serial, check digit.

    Source: section 147 SGB VI and section 2 VKVV.
    """
    if not (number[8] in _LETTERS and (number[:8] + number[9:]).isdecimal()):
        return False
    month = int(number[4:6])
    if int(number[:2]) < 2 or month > 12 or int(number[2:4]) > 96:
        return False
    body = number[:8] + f"{_LETTERS.index(number[8]) + 1:02}" + number[9:11]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    return _cross_sum(body, weights) % 10 == int(number[11])


def british_nino(number: str) -> bool:
    """National Insurance number: two letters, six digits and a letter from A to D.

    Source: HMRC, National Insurance Manual, NIM39110.
    """
    return _NINO.fullmatch(number) is not None


_NINO: Final = re.compile(
    r"(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z][0-9]{6}[A-D]"
)


def hungarian_taj(number: str) -> bool:
    """Eight digits, weighted 3 and 7 in turn, modulo 10. Source: 1996. évi XX. törvény, annex."""
    return _weighted(number, (3, 7) * 4) % 10 == int(number[8])


def hungarian_tax_id(number: str) -> bool:
    """An 8, days since 1867, serial; weights 1 to 9 modulo 11. Source: as `hungarian_taj`."""
    return number[0] == "8" and _weighted(number, tuple(range(1, 10))) % 11 == int(number[9])


def hungarian_tax_number(number: str) -> bool:
    """Eight digits with their check, then the kind of VAT and the county, if they are given.

    Source: 2017. évi CL. törvény, section 2 of annex 1; the check digit is python-stdnum's.
    """
    body = number.removeprefix("HU")
    return anum.is_valid(body[:8]) and (len(body) == 8 or body[8] in "12345")


def hungarian_personal_number(number: str) -> bool:
    """Sex and century, birth date, serial; weights 1 to 10 modulo 11, from 1997 in reverse.

    Source: as `hungarian_taj`.
    """
    _, year, month, day = _parts(number, 1, 2, 2, 2)
    if number[0] in "09" or not is_short_date(year, month, day):
        return False
    check = int(number[10])
    rising = tuple(range(1, 11))
    return check in (_weighted(number, rising) % 11, _weighted(number, rising[::-1]) % 11)


def jmbg(number: str) -> bool:
    """Number of the citizens of Yugoslavia and its successors: birth date, region, modulo 11.

    Source: Zakon o uvodenju jedinstvenog maticnog broja gradana, SFRJ 58/1976.
    """
    day, month, year = _parts(number, 2, 2, 3)
    if not is_date(year + (1000 if year >= 800 else 2000), month, day):
        return False
    return -_weighted(number[:12], (7, 6, 5, 4, 3, 2) * 2) % 11 % 10 == int(number[12])


def jmbg_country(number: str) -> str | None:
    """Country of the region where the number of a citizen was given; null for no region."""
    region = int(number[7:9])
    if region // 10 in (1, 2, 3, 4, 5, 7, 8, 9):
        return ("BA", "ME", "HR", "MK", "SI", "", "RS", "RS", "XK")[region // 10 - 1]
    return None


def latvian_code(number: str) -> bool:
    """Birth date, century and serial, or 32 and nine digits since 2017; check digit modulo 11.

    Source: Fizisko personu registra likums, section 5; the check digit is python-stdnum's.
    """
    day, month, year, century = _parts(number, 2, 2, 2, 1)
    if day != 32 and not (century <= 2 and is_date(1800 + 100 * century + year, month, day)):
        return False
    weights = (10, 5, 8, 4, 2, 1, 6, 3, 7, 9)
    return (1 + _weighted(number, weights)) % 11 % 10 == int(number[10])


def luxembourgish_matricule(number: str) -> bool:
    """Birth date, serial, Luhn's digit, Verhoeff's digit.

    Source: reglement grand-ducal of 21 December 2012 on the identification number, article 1.
    """
    if not is_date(*_parts(number, 4, 2, 2)) or not luhn.is_valid(number[:12]):
        return False
    return verhoeff.is_valid(number[:11] + number[12])


def maltese_card(number: str) -> bool:
    """Serial, year of registration and a letter that names the place. Source: Identity Malta."""
    return number[:-1].isdecimal() and number[-1] in "MGAPLHBZ"


def norwegian_number(number: str) -> bool:
    """Fodselsnummer, D-number, H-number and the tax administration's test numbers.

    Day with 40 more, month with 40, 65 or 80 more; two check digits modulo 11.
    Source: Skatteetaten, forskrift til folkeregisterloven, section 2-2-1.
    """
    day, month, year = _parts(number, 2, 2, 2)
    month -= next(shift for shift in (80, 65, 40, 0) if month > shift or shift == 0)
    if not is_short_date(year, month, day - 40 if day > 40 else day):
        return False
    first = _weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = _weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return first % 11 == 0 and second % 11 == 0


def portuguese_niss(number: str) -> bool:
    """Social security number: prime weights, 9 less the last digit of the sum.

    Source: Seguranca Social, "Validacao do NISS".
    """
    weights = (29, 23, 19, 17, 13, 11, 7, 5, 3, 2)
    return number[0] in "12" and 9 - _weighted(number, weights) % 10 == int(number[10])


def russian_snils(number: str) -> bool:
    """Nine digits, weighted 9 to 1, modulo 101; 100 counts as 00.

    Source: Pension Fund of Russia, resolution 192p of 2006, annex.
    """
    total = _weighted(number[:9], tuple(range(9, 0, -1)))
    return total % 101 % 100 == int(number[9:])


def spanish_social_security(number: str) -> bool:
    """Province, serial, and the rest of both modulo 97.

    Source: Tesoreria General de la Seguridad Social, structure of the numero de afiliacion.
    """
    province, serial, check = number[:2], number[2:10], int(number[10:])
    if not 1 <= int(province) <= 66:
        return False
    body = int(province) * 10**7 + int(serial) if int(serial) < 10**7 else int(province + serial)
    return body % 97 == check


def swedish_number(number: str) -> bool:
    """Personnummer and samordningsnummer (day with 60 more) of ten or twelve digits, Luhn's digit.

    Source: Folkbokforingslagen (1991:481), section 18.
    """
    short = number[-10:]
    year, month, day = _parts(short, 2, 2, 2)
    day -= 60 if day > 60 else 0
    if len(number) == 12:
        valid = is_date(int(number[:2]) * 100 + year, month, day)
    else:
        valid = is_short_date(year, month, day)
    return valid and luhn.is_valid(short)


def ukrainian_unzr(number: str) -> bool:
    """Record number in the demographic register: birth date, serial, weights 7, 3, 1.

    Source: resolution 784 of the Cabinet of Ministers of Ukraine, 2015; ICAO 9303.
    """
    if not is_date(*_parts(number, 4, 2, 2)):
        return False
    return _weighted(number[:12], (7, 3, 1) * 4) % 10 == int(number[12])


def american_ssn(number: str) -> bool:
    """Areas 000, 666 and 900 to 999, group 00 and serial 0000 are not issued.

    Source: Social Security Administration, "Social Security Number Randomization", 2011.
    """
    area, group, serial = number[:3], number[3:5], number[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
