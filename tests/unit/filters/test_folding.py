from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given

from filters import folding, sieve
from filters.folding import SEEN_AS, fold
from tests.strategies import texts

SEEN = [
    ("０３０", "030"),
    ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｏｒｇ", "jane@example.org"),
    ("\U0001d7d8\U0001d7d9\U0001d5d4", "01A"),
    ("\u0660\u0661\u06f2\u0967", "0121"),
    ("030\u00a0123\u2009456\u202f7", "030 123 456 7"),
    ("030\u2011123\u2013456\u22127", "030-123-456-7"),
    ("0\u00ad3\u200b0\u2060\ufeff1", "0301"),
]


@pytest.mark.parametrize(("text", "seen"), SEEN)
def test_text_is_seen_as_a_reader_sees_it(text: str, seen: str) -> None:
    assert fold(text).text == seen


@pytest.mark.parametrize("text", ["", "plain", "äöü ß é", "m² ① Ⅻ —", "Привет, мир", "👍"])
def test_what_is_seen_as_it_is_stays(text: str) -> None:
    assert fold(text).text == text
    assert fold(text).removed == ()


@given(texts())
def test_every_character_is_at_its_place(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) + len(folded.removed) == len(text)
    assert np.array_equal(folded.points, folding.points(folded.text))
    for place, character in enumerate(folded.text):
        start, end = folded.span(place, place + 1)
        assert end == start + 1
        assert SEEN_AS.get(text[start], text[start]) == character


def test_spans_take_hidden_characters_along() -> None:
    text = "a\u00ad1\u00ad2\u00adb"
    start, end = fold(text).span(1, 3)
    assert text[start:end] == "1\u00ad2"


def test_replacements_are_what_compatibility_says() -> None:
    """But for hyphens and spaces, which NFKC leaves or writes as they are."""
    for character, seen in SEEN_AS.items():
        normal = unicodedata.normalize("NFKC", character)
        if seen.isalpha():
            assert seen == normal
        elif seen.isdigit():
            assert unicodedata.decimal(character) == int(seen)
        else:
            assert seen in {"", " ", "-"} or seen == normal


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12345", []),
        ("x 123456 y", ["123456"]),
        ("(030) 123-45.67, 12", ["030) 123-45.67"]),
        ("1    2    3    4    5    6", []),
        ("1 2 3 4 5 6a7", ["1 2 3 4 5 6"]),
        ("1998, 12345678; 1 2", ["12345678"]),
    ],
)
def test_numbers_are_runs_of_six_digits(text: str, found: list[str]) -> None:
    places = sieve.numbers(folding.points(text))
    assert [text[start:end] for start, end in places] == found


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("length", [19, 20, 21, 40])
def test_tokens_are_long_words(before: int, length: int) -> None:
    text = " " * before + "a1_-." * 8
    text = text[: before + length] + " äöü"
    found = sieve.tokens(folding.points(text))
    assert found == ([(before, before + length)] if length >= 20 else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12345 123456 1234", ["12345"]),
        ("HTML5, F4, A4B, UTF8", ["5"]),
        ("85T10 A562S", ["85T10", "562S"]),
        ("1234M x9876L", ["1234M", "9876L"]),
        ("CAB12x", ["12"]),
        ("ABCDE", []),
    ],
)
def test_codes_are_five_digits_or_digits_with_capitals(text: str, found: list[str]) -> None:
    places = sieve.codes(folding.points(text))
    assert [text[start:end] for start, end in places] == found
