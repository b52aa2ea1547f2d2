from __future__ import annotations

import random

import pytest
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from filters import catalog, repetition
from filters.text import TextView


def _words(seed: int, size: int = 120) -> list[str]:
    source = random.Random(seed)  # noqa: S311 - repeatable test data
    return [source.choice(["ab", "c", "def", "ghij", "klmno"]) for _ in range(size)]


def _value(name: str, text: str) -> float:
    value = catalog.BY_NAME[name].measure(TextView(text))
    assert value is not None
    return value


def test_lines_and_paragraphs_as_datatrove() -> None:
    """Equal where lines are stripped lower-case ASCII and no character stands outside of them."""
    lines = ["one line", "two", "one line", "three three", "two", "two"]
    repeated, characters = find_duplicates(lines)
    total = sum(map(len, lines))
    text = "\n".join(lines)
    assert _value("duplicate_line_fraction", text) == pytest.approx(repeated / len(lines))
    assert _value("duplicate_line_character_fraction", text) == pytest.approx(characters / total)
    text = "\n\n".join(lines)
    assert _value("duplicate_paragraph_fraction", text) == pytest.approx(repeated / len(lines))
    assert _value("duplicate_paragraph_character_fraction", text) == pytest.approx(
        characters / total
    )


@pytest.mark.parametrize("n", range(5, 11))
@pytest.mark.parametrize("repetitions", [2, 3])
def test_repeated_passage_of_a_multiple_of_n_as_datatrove(n: int, repetitions: int) -> None:
    passage = [f"word{i}" for i in range(2 * n)]
    tokens = passage * repetitions
    expected = find_all_duplicate(tokens, n) / sum(map(len, tokens))
    name = f"duplicate_{n}_gram_character_fraction"
    assert _value(name, " ".join(tokens)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(8))
def test_never_below_datatrove(seed: int) -> None:
    """Theirs skips n words after a repeated n-gram and loses what is left of a passage."""
    tokens = _words(seed)
    for n in range(5, 8):
        theirs = find_all_duplicate(tokens, n) / sum(map(len, tokens))
        ours = _value(f"duplicate_{n}_gram_character_fraction", " ".join(tokens))
        assert ours >= theirs - 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_duplicates_cover_each_character_once(seed: int) -> None:
    tokens = _words(seed)
    for n in (5, 6):
        grams = get_n_grams(tokens, n)
        covered = {k for i, g in enumerate(grams) if g in grams[:i] for k in range(i, i + n)}
        expected = sum(len(tokens[k]) for k in covered) / sum(map(len, tokens))
        name = f"duplicate_{n}_gram_character_fraction"
        assert _value(name, " ".join(tokens)) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_top_n_gram_as_datatrove_without_overlap(n: int) -> None:
    """Their numerator has the spaces inside n-grams; the rest agrees if none overlap."""
    gram = [f"top{i}" for i in range(n)]
    tokens = [*gram, "x1", *gram, "x2", "x3", *gram]
    theirs = find_top_duplicate(get_n_grams(tokens, n)) - 3 * (n - 1)
    expected = theirs / sum(map(len, tokens))
    assert _value(f"top_{n}_gram_character_fraction", " ".join(tokens)) == pytest.approx(expected)


def test_top_n_gram_stays_a_fraction() -> None:
    """Theirs multiplies length by count: more than the whole text."""
    tokens = ["aa"] * 20
    assert find_top_duplicate(get_n_grams(tokens, 2)) / len(" ".join(tokens)) > 1
    assert _value("top_2_gram_character_fraction", " ".join(tokens)) == 1.0


def test_what_occurs_once_is_no_repetition() -> None:
    assert _value("top_2_gram_character_fraction", "one two three") == 0.0
    assert _value("duplicate_5_gram_character_fraction", "one") == 0.0


def test_of_equally_frequent_n_grams_the_longest_counts() -> None:
    text = "a b. long longer. a b! long longer"
    assert _value("top_2_gram_character_fraction", text) == pytest.approx(20 / 24)


def test_case_does_not_matter() -> None:
    assert repetition.duplicate_line_fraction.measure(TextView("Home\nHOME\n home ")) == (
        pytest.approx(2 / 3)
    )
