from __future__ import annotations

import pytest

from filters.identifier_names import WINDOW, names_before, names_something_else

POLAND = frozenset({"PL"})
NONE: frozenset[str] = frozenset()


def _nearest(text: str, countries: frozenset[str] = NONE) -> tuple[list[str], bool] | None:
    """Countries of the nearest name before the end of a text, and whether it is directly there."""
    named = names_before(text, len(text), countries)
    return (sorted(named[0].name.countries), named[0].is_direct) if named else None


@pytest.mark.parametrize(
    ("text", "is_direct"),
    [
        ("PESEL: ", True),
        ("Pesel nr ", False),
        ("numer PESEL to jest ", False),
        ("numer PESEL jest ", True),
        ("PESEL (nr) = ", True),
        ("PESELu ", True),
        ("PESEL-em ", True),
        ("PESEL 123, ", False),
        ("NIP / PESEL:\n", True),
    ],
)
def test_direct(text: str, is_direct: bool) -> None:
    found = _nearest(text, POLAND)
    assert found is not None
    assert found == (["PL"], is_direct or "Pesel" in text)


def test_accents_case_and_inflection_do_not_matter() -> None:
    for text in ("rodné číslo ", "RODNE CISLO ", "rodným číslem: ", "Rodneho čísla "):
        assert _nearest(text) == (["CZ", "SK"], True), text
    assert _nearest("henkilötunnuksella ") == (["FI"], True)
    assert _nearest("Α.Φ.Μ.: ", frozenset({"GR"})) == (["CY", "GR"], True)


def test_acronyms_need_capitals_on_pages_of_other_countries() -> None:
    assert _nearest("Holiday inn ", frozenset({"GB"})) is None
    assert _nearest("INN ", frozenset({"GB"})) is not None
    assert _nearest("nip: ", POLAND) is not None
    assert _nearest("nip: ", frozenset({"GB"})) is None


def test_a_name_is_near() -> None:
    assert _nearest("PESEL" + " " * WINDOW, POLAND) is not None
    assert _nearest("PESEL" + " " * (WINDOW + 1), POLAND) is None


def test_the_nearest_comes_first_and_others_end_the_search() -> None:
    named = names_before("PESEL, NIP ", 11, POLAND)
    assert [list(each.name.groups) for each in named][:1] == [["tax"]]
    assert list(named[-1].name.groups) == ["person"]
    assert names_before("PESEL, tel. ", 12, POLAND) == []
    assert names_before("tel., PESEL ", 12, POLAND)


def test_names_something_else() -> None:
    assert names_something_else("Bestellnummer: ", 15)
    assert not names_something_else("Bestellnummer: 123, ", 20)
    assert not names_something_else("PESEL: ", 7)
    assert not names_something_else("und ", 4)


def test_placeholders_are_no_names() -> None:
    """They are blotted out by `filters.pii`; what is beyond one is not directly before."""
    found = _nearest("PESEL <\0\0\0\0> ", POLAND)
    assert found == (["PL"], False)
