from __future__ import annotations

import re

from filters import identifier_words
from filters.countries import COUNTRIES
from filters.identifier_forms import IDENTIFIERS, KIND_OF_GROUP


def _rows() -> list[list[str]]:
    text = re.sub(r"\n +", " ", identifier_words.NAMES)
    return [line.split("|") for line in text.splitlines() if line]


def test_names_are_of_countries_and_groups() -> None:
    for countries, groups, phrases in _rows():
        assert set(countries.split()) <= {"*", "US", *COUNTRIES}
        assert set(groups.split()) <= set(KIND_OF_GROUP)
        assert all(phrase.strip() for phrase in phrases.split(",")), countries


def test_every_identifier_has_names_of_its_country() -> None:
    named = {(c, group) for row in _rows() for c in row[0].split() for group in row[1].split()}
    for identifier in IDENTIFIERS:
        if identifier.country not in (None, "VA"):
            assert (identifier.country, identifier.group) in named, identifier.name


def test_fillers_and_others_name_no_identifier() -> None:
    names = {phrase.strip() for row in _rows() for phrase in row[2].split(",")}
    others = {word.strip() for word in identifier_words.OTHERS.split(",")}
    assert not others & names
