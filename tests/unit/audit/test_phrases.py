import pytest

from audit import phrases


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0.0%"),
        (1, 10_000, "<0.1%"),
        (9_999, 10_000, ">99.9%"),
        (5, 10, "50.0%"),
        (1, 0, "–"),
    ],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert phrases.share(part, whole) == text


def test_words_around_numbers() -> None:
    assert phrases.of(1, "page") == "1 page"
    assert phrases.of(2600, "page") == "2,600 pages"
    assert phrases.duration(7325) == "2 h 2 min"
    assert phrases.duration(42.4) == "42 s"
    assert phrases.when("2026-01-01T00:00:00Z") == "2026-01-01 00:00:00 UTC"
    assert phrases.per_thousand(3, 200) == "15.0"
    assert phrases.per_thousand(3, 0) == "–"


def test_names_of_languages() -> None:
    assert phrases.language_name("mlt_Latn")["autonym"] == "Malti"
    assert phrases.language_name("jpn_Jpan") == {
        "tag": "jpn_Jpan",
        "name": "jpn_Jpan",
        "autonym": "",
        "code": "jpn-Jpan",
    }


def test_energies_have_two_digits() -> None:
    assert phrases.energy({"low": 0.00042, "mid": 0.001, "high": 0.00211}) == "0.42 to 2.1 Wh"
    assert phrases.energy({"low": 900, "mid": 2060, "high": 4100}) == "0.9 to 4.1 MWh"
    assert phrases.energy({"low": 0.0, "mid": 0.0, "high": 0.0}) == "0 to 0 mWh"
    assert phrases.two_digits(1_449.0) == "1,400"
    assert phrases.two_digits(0.0418) == "0.042"
