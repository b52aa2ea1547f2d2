"""Terms of identity are found as whole words, in every script, in linear time."""

import unicodedata

import pytest

from filters.identity import AXES, Finder, Lexicon


def find(text: str, language: str = "eng", **axes: tuple[str, ...]) -> set[str]:
    return set(Finder(Lexicon(language, 1, None, axes))(text))


def test_words_are_whole() -> None:
    terms = {"age": ("youth",), "religion": ("sikh", "muslim*")}
    assert find("The youth club.", **terms) == {"age"}
    assert find("Youthful Sikhs?", **terms) == set()
    assert find("(SIKH) and non-Muslims", **terms) == {"religion"}
    assert find("", **terms) == set()


def test_several_words_in_a_row() -> None:
    terms = {"migration": ("asylum seeker*", "richiedent* asilo"), "gender": ("non-binary",)}
    assert find("An asylum-seeker.", **terms) == {"migration"}
    assert find("Asylum\n seekers wait", **terms) == {"migration"}
    assert find("seekers of asylum", **terms) == set()
    assert find("i richiedenti asilo", **terms) == {"migration"}
    assert find("non binary", **terms) == {"gender"}
    assert find("the last word is asylum", **terms) == set()


def test_the_same_word_on_two_axes() -> None:
    terms = {"gender": ("girl*",), "age": ("girl*", "old")}
    assert find("girls", **terms) == {"gender", "age"}


@pytest.mark.parametrize(
    ("language", "term", "text"),
    [
        ("ell", "γυναίκες", "Οι Γυναίκες."),
        ("rus", "мигрант*", "МИГРАНТОВ"),
        ("tur", "kız*", "KIZLAR"),
        ("tur", "işitme*", "İŞİTME engelli"),
        ("ces", "židé", unicodedata.normalize("NFD", "Židé")),
        ("fra", "immigré*", "l’immigrée"),
        ("cat", "sol·licitant*", "els sol·licitants"),
    ],
)
def test_scripts_and_spellings(language: str, term: str, text: str) -> None:
    assert find(text, language, migration=(term,)) == {"migration"}


@pytest.mark.parametrize("term", ["", "*", "ab*", "--", "a b*"])
def test_terms_that_are_none(term: str) -> None:
    with pytest.raises(ValueError, match="is no term"):
        Finder(Lexicon("eng", 1, None, {"age": (term,)}))


def test_an_unknown_axis() -> None:
    with pytest.raises(ValueError, match=f"none of {AXES[0]}"):
        Finder(Lexicon("eng", 1, None, {"colour": ("red",)}))


def test_what_it_remembers_changes_nothing() -> None:
    terms = {"age": ("old people", "teen*"), "gender": ("women",)}
    texts = ["old", "old people", "women!", "x" * 5000 + " teens", "people old", ""] * 2
    one = Finder(Lexicon("eng", 1, None, terms))
    assert [one(text) for text in texts] == [frozenset(find(text, **terms)) for text in texts]
