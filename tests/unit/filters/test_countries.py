from __future__ import annotations

import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from filters.countries import COUNTRIES, gate, of_calling_codes, of_host, of_language
from langid.tags import EUROPEAN


@pytest.mark.parametrize(
    ("language", "countries"),
    [
        ("deu", "AT BE CH DE IT LI LU"),
        ("fin", "FI"),
        ("swe", "FI SE"),
        ("sqi", "AL ME MK XK"),
        ("jpn", ""),
        (None, ""),
    ],
)
def test_of_language(language: str | None, countries: str) -> None:
    assert of_language(language) == frozenset(countries.split())


def test_every_language_of_a_country_has_one() -> None:
    """Latin, Esperanto, Yiddish and Kazakh are no country's here; each other points somewhere."""
    without = {row.iso639_3 for row in EUROPEAN if not of_language(row.iso639_3)}
    assert without == {"lat", "epo", "ydd", "kaz"}


def test_every_country_is_reached_by_a_language_and_a_host() -> None:
    named = frozenset[str]().union(*(of_language(row.iso639_3) for row in EUROPEAN))
    assert named == frozenset(COUNTRIES)
    assert all(of_host(country.lower()) == {country} for country in COUNTRIES)


@pytest.mark.parametrize(
    ("tld", "countries"),
    [
        ("at", {"AT"}),
        ("uk", {"GB"}),
        ("co.uk", {"GB"}),
        ("XN--P1AI", {"RU"}),
        ("eus", {"ES", "FR"}),
        ("com", set()),
        ("eu", set()),
        ("", set()),
        (None, set()),
    ],
)
def test_of_host(tld: str | None, countries: set[str]) -> None:
    assert of_host(tld) == countries


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("Tel. +43 1 990 00 00", {"AT"}),
        ("(+371) 29000000, ＋370 600 00000", {"LV", "LT"}),
        ("+39 06 9900 0000", {"IT", "SM", "VA"}),
        ("+43 points and +3 more", set()),
        ("1 + 43 = 44", set()),
        ("no number", set()),
    ],
)
def test_of_calling_codes(text: str, countries: set[str]) -> None:
    assert of_calling_codes(text) == countries


def test_calling_codes_are_those_of_the_numbering_plan() -> None:
    """Each code, read back through phonenumbers' table, leads to its country."""
    for country in COUNTRIES:
        codes = [
            code
            for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()
            if country in regions and country in of_calling_codes(f"+{code} 123 456 789")
        ]
        assert codes, country


def test_gate_is_the_union() -> None:
    assert gate("fin", "ee", "+46 8 990 00 00") == {"FI", "EE", "SE"}
    assert gate(None, None, "text") == frozenset()
