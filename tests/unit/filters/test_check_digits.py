from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from random import Random

import pytest

from filters import check_digits

# Examples of the sources that the functions name, and of python-stdnum's documentation.
VALID = {
    "albanian_nid": ["J51216034A", "I05101999I"],
    "armenian_psn": ["6001851234"],
    "belarusian_number": ["3141085A012PB3", "3141085А012РВ3"],
    "belgian_number": ["85073003328", "17073003384"],
    "danish_cpr": ["2110625629", "0101904000"],
    "faroese_ptal": ["120585123"],
    "finnish_code": ["131052308T", "131052A308T", "131052Y308T"],
    "french_nir": ["295109912611193", "253072B07300470", "2951099126111"],
    "german_identity_card": ["T220001293", "T22000129"],
    "german_kvnr": ["A123456780"],
    "german_rvnr": ["15070649C103"],
    "british_nino": ["AB123456C"],
    "hungarian_taj": ["111111110"],
    "hungarian_tax_id": ["8000000008"],
    "hungarian_tax_number": ["12892312", "HU12892312", "12892312241"],
    "jmbg": ["0101006500006"],
    "latvian_code": ["16117519997"],
    "luxembourgish_matricule": ["1893120105732"],
    "maltese_card": ["1234567M"],
    "norwegian_number": ["15108695088"],
    "russian_snils": ["11223344595"],
    "spanish_social_security": ["281234567840"],
    "swedish_number": ["8803200016", "198803200016"],
    "american_ssn": ["536904399"],
}
INVALID = {
    "albanian_nid": ["J51316034A", "Z51216034A", "J512160349"],
    "armenian_psn": ["0101851234"],
    "belarusian_number": ["7141085A012PB3", "3321085A012PB3", "3141085D012PB3"],
    "belgian_number": ["85073003329", "85133003328", "85073203328"],
    "danish_cpr": ["3002850000", "0013850000"],
    "faroese_ptal": ["310285123"],
    "finnish_code": ["131052308U", "311152308T", "131052G308T", "131052001T"],
    "french_nir": ["295109912611194", "595109912611193", "295139912611193"],
    "german_identity_card": ["T220001294", "A22000129", "TTTTTTTTT"],
    "german_kvnr": ["A123456781", "1123456780"],
    "german_rvnr": ["15070649C104", "15071349C103", "150706491103"],
    "british_nino": ["DB123456C", "BG123456C", "AB123456E"],
    "hungarian_taj": ["111111111"],
    "hungarian_tax_id": ["8000000009", "7000000008"],
    "hungarian_tax_number": ["12892313", "12892312941"],
    "jmbg": ["0101006500007", "3102006500006"],
    "latvian_code": ["16117519998", "16137519997", "16117549997"],
    "luxembourgish_matricule": ["1893120105733", "1893130105732"],
    "maltese_card": ["1234567X"],
    "norwegian_number": ["15108695089", "15138695088"],
    "russian_snils": ["11223344596"],
    "spanish_social_security": ["281234567841", "991234567840"],
    "swedish_number": ["8803200017", "8813200016", "178803200016"],
    "american_ssn": ["666904399", "000904399", "936904399", "536004399", "536900000"],
}


def _check(name: str) -> Callable[[str], bool]:
    function: Callable[[str], bool] = getattr(check_digits, name)
    return function


@pytest.mark.parametrize(("name", "number"), [(n, x) for n, each in VALID.items() for x in each])
def test_valid(name: str, number: str) -> None:
    assert _check(name)(number)


@pytest.mark.parametrize(("name", "number"), [(n, x) for n, each in INVALID.items() for x in each])
def test_invalid(name: str, number: str) -> None:
    assert not _check(name)(number)


@pytest.mark.parametrize(
    ("name", "module", "length"),
    [
        ("belgian_number", "be.bis", 11),
        ("belgian_number", "be.nn", 11),
        ("norwegian_number", "no.fodselsnummer", 11),
        ("jmbg", "si.emso", 13),
        ("swedish_number", "se.personnummer", 10),
        ("latvian_code", "lv.pvn", 11),
        ("danish_cpr", "dk.cpr", 10),
        ("french_nir", "fr.nir", 15),
    ],
)
def test_nothing_valid_has_an_invalid_check_digit(name: str, module: str, length: int) -> None:
    """What python-stdnum accepts, of past birth dates, is accepted; both agree on check digits."""
    stdnum = import_module(f"stdnum.{module}")
    chance = Random(name)  # noqa: S311 - the same every time
    agreed = 0
    for _ in range(4000):
        day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(50, 99)
        parts = (year, month, day) if name[:3] in ("bel", "swe") else (day, month, year)
        date = "".join(f"{part:02}" for part in parts)
        if name == "jmbg":
            date = f"{day:02}{month:02}9{year}"
        if name == "french_nir":
            date = f"{chance.randint(1, 2)}{year}{month:02}{chance.randint(1, 89):02}"
        if name == "latvian_code":
            date += "1"
        number = date + "".join(chance.choices("0123456789", k=length - len(date)))
        if stdnum.is_valid(number):
            agreed += 1
            assert _check(name)(number), number
    assert agreed > 3 or module == "be.bis"


def test_dates() -> None:
    assert check_digits.is_date(1985, 2, 28)
    assert not check_digits.is_date(1985, 2, 29)
    assert check_digits.is_short_date(0, 2, 29)  # 2000
    assert not check_digits.is_short_date(85, 2, 29)
    assert not check_digits.is_date(2040, 1, 1)
    assert not check_digits.is_date(1985, 0, 1)
