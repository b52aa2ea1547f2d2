from __future__ import annotations

from filters import check_digits
from filters.countries import COUNTRIES
from filters.identifier_forms import IDENTIFIERS, KIND_OF_GROUP, PERSON, shapes
from tests import identifiers_page


def test_names_are_unique_and_begin_with_the_country() -> None:
    names = [identifier.name for identifier in IDENTIFIERS]
    assert len(set(names)) == len(names)
    for identifier in IDENTIFIERS:
        if identifier.country is not None:
            assert identifier.name.startswith(identifier.country.lower() + ".")
            assert identifier.country in (*COUNTRIES, "US")
        assert identifier.group in KIND_OF_GROUP


def test_shapes() -> None:
    assert shapes(("6/4",)) == {"999999/9999"}
    assert shapes(("AA_2",)) == {"AA 99", "AA-99", "AA.99", "AA99"}
    assert shapes(("X9",)) == {"X9"}
    fiscal = shapes(("AAAAAA2A2A3A",))
    assert {"AAAAAA99A99A999A", "AAAAAA99A99A99AA"} <= fiscal
    assert len(fiscal) == 1 + 7 + 21 + 35


def test_what_is_enough_alone_has_a_check_and_is_a_form() -> None:
    for identifier in IDENTIFIERS:
        assert shapes(identifier.free) <= shapes(identifier.forms), identifier.name
        assert identifier.check or not identifier.free, identifier.name


def test_every_check_can_be_asked() -> None:
    """Each exists, and answers for every length that a form has."""
    for identifier in IDENTIFIERS:
        for shape in shapes(identifier.forms):
            number = "".join(c for c in shape if c.isalnum()).replace("A", "B").replace("9", "1")
            assert identifier.holds(number) in (True, False), (identifier.name, shape)


def test_every_country_of_the_specification_has_numbers() -> None:
    """All but Monaco, San Marino, the Vatican, Gibraltar and Andorra have a number of persons."""
    persons = {identifier.country for identifier in IDENTIFIERS if identifier.group == PERSON}
    assert set(COUNTRIES) - persons == {"AD", "GI", "MC", "SM", "VA"}


def test_checks_of_our_own_are_used() -> None:
    used = {identifier.check for identifier in IDENTIFIERS}
    public = {
        name
        for name, value in vars(check_digits).items()
        if callable(value) and getattr(value, "__module__", "") == check_digits.__name__
    }
    helpers = {"is_date", "is_short_date", "jmbg_country"}
    assert {name for name in public if not name.startswith("_")} - helpers <= used


def test_the_page_is_made_from_the_data() -> None:
    """`python -m tests.identifiers_page` rewrites it."""
    assert identifiers_page.PAGE.read_text("utf-8") == identifiers_page.page()
