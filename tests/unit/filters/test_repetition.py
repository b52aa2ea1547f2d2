from __future__ import annotations

import random

import pytest
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from filters import catalog
from filters.text import TextView


def _words(seed: int, size: int = 120) -> list[str]:
    source = random.Random(seed)  # noqa: S311 - repeatable test data
    return [source.choice(["ab", "c", "Def", "ghij", "klmno"]) for _ in range(size)]


def _value(name: str, text: str) -> float:
    value = catalog.BY_NAME[name].measure(TextView(text))
    assert value is not None
    return value


def test_lines_and_paragraphs_as_datatrove() -> None:
    lines = ["one line", "two", "one line", "three three", "two", "Two", "two"]
    repeated, characters = find_duplicates(lines)
    total = sum(map(len, lines))
    text = "\n".join(lines)
    assert _value("duplicate_line_fraction", text) == pytest.approx(repeated / len(lines))
    assert _value("duplicate_line_character_fraction", text) == pytest.approx(characters / total)
    text = "\n\n".join(lines)
    assert _value("duplicate_paragraph_fraction", text) == pytest.approx(repeated / len(lines))
    assert _value("duplicate_paragraph_character_fraction", text) == pytest.approx(
        characters / len(text)
    )


@pytest.mark.parametrize("seed", range(8))
def test_n_grams_as_datatrove(seed: int) -> None:
    """Equal, digit by digit, where the words are equal."""
    tokens = _words(seed)
    text = " ".join(tokens) + "."
    for n in (2, 3, 4):
        theirs = find_top_duplicate(get_n_grams(tokens, n)) / len(text)
        assert _value(f"top_{n}_gram_character_fraction", text) == pytest.approx(theirs)
    for n in range(5, 11):
        theirs = find_all_duplicate(tokens, n) / len(text)
        assert _value(f"duplicate_{n}_gram_character_fraction", text) == pytest.approx(theirs)


def test_top_n_gram_stays_a_fraction() -> None:
    """Theirs multiplies length by count: more than the whole text."""
    tokens = ["aa"] * 20
    assert find_top_duplicate(get_n_grams(tokens, 2)) / len(" ".join(tokens)) > 1
    assert _value("top_2_gram_character_fraction", " ".join(tokens)) == 1.0


def test_fewer_words_than_n_repeat_nothing() -> None:
    assert _value("top_4_gram_character_fraction", "one two three") == 0.0
    assert _value("duplicate_5_gram_character_fraction", "one") == 0.0


def test_of_equally_frequent_n_grams_the_first_counts() -> None:
    text = "a b. long longer. a b! long longer"
    assert _value("top_2_gram_character_fraction", text) == pytest.approx(2 * 3 / len(text))
