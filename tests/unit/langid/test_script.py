"""Scripts: the table against Unicode's own, and what counts as dominant."""

import numpy as np
import pytest
import regex

from langid.script import SCRIPTS, dominant_script, letter_counts


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", "Zyyy"),
        ("12:30 → 14:00 😀", "Zyyy"),
        ("Ceci n'est pas une πίπα.", "Latn"),
        ("Καλημέρα κόσμε", "Grek"),
        ("Это HTML и CSS, но по-русски", "Cyrl"),
        ("გამარჯობა", "Geor"),
        ("Բարեւ", "Armn"),
        ("שלום", "Hebr"),
        ("これは日本語の文章です", "Jpan"),
        ("这是一个中文句子", "Hani"),
        ("한국어 문장입니다", "Hang"),
        ("यह हिन्दी है", "Deva"),
        ("ᚠᚢᚦ", "Zyyy"),
        ("\ud800 surrogate", "Latn"),
        ("\U0001f600\U000e0041 tags", "Latn"),
    ],
)
def test_dominant_script(text: str, script: str) -> None:
    assert dominant_script(text) == script


def test_a_chinese_text_that_quotes_japanese_stays_chinese() -> None:
    assert dominant_script("中文" * 50 + "です") == "Hani"


def test_only_the_beginning_counts() -> None:
    assert dominant_script("a" * 8_000 + "я" * 100_000) == "Latn"


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("Latn", "Latin"),
        ("Grek", "Greek"),
        ("Cyrl", "Cyrillic"),
        ("Armn", "Armenian"),
        ("Geor", "Georgian"),
        ("Hebr", "Hebrew"),
        ("Deva", "Devanagari"),
        ("Thai", "Thai"),
        ("Ethi", "Ethiopic"),
    ],
)
def test_the_table_agrees_with_unicode_on_letters_of_the_first_plane(
    script: str, name: str
) -> None:
    of_script = regex.compile(rf"\p{{Script={name}}}")
    letters = [chr(code) for code in range(0x10000) if chr(code).isalpha()]
    for letter in letters:
        expected = bool(of_script.match(letter))
        assert (dominant_script(letter) == script) == expected, hex(ord(letter))


def test_letter_counts_add_up_to_the_characters() -> None:
    text = "Ää ß 12, Дом, πίπα!"
    counts = letter_counts(text)
    assert counts.sum() == len(text)
    assert counts.shape == (len(SCRIPTS),)
    assert counts[SCRIPTS.index("Latn")] == 3
    assert counts[0] == len(text) - 3 - 3 - 4
    assert np.issubdtype(counts.dtype, np.integer)
