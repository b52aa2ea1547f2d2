"""Negatives are made of the text's own words, and always the same."""

from collections import Counter

import pytest

from audit import negatives

TEXT = "\n".join(
    [
        "The cooper bends dry wood over a fire, and then he sets the first hoop on it.",
        "A bucket holds water for years if nobody leaves it empty in the sun.",
        "Who carries water up a hill learns what a litre weighs, and why wells were dug.",
        "Two hoops are enough for a small bucket, but a barrel wants six of them.",
    ]
)
STOP = frozenset(("the", "and", "a", "it", "of", "in", "for", "are", "if", "but", "he", "on"))


@pytest.mark.parametrize("kind", negatives.KINDS)
def test_a_negative_is_the_same_each_time_and_long_enough(kind: str) -> None:
    made = negatives.make(kind, TEXT, STOP)
    assert made == negatives.make(kind, TEXT, STOP)
    assert made != TEXT
    assert len(made.split()) >= 50


def test_shuffled_words_keep_their_counts_and_the_lines_their_lengths() -> None:
    made = negatives.make("shuffled", TEXT)
    assert Counter(made.split()) == Counter(TEXT.split())
    assert [len(line.split()) for line in made.splitlines()] == [
        len(line.split()) for line in TEXT.splitlines()
    ]


def test_a_menu_has_short_lines_without_ends() -> None:
    made = negatives.make("menu", TEXT)
    assert all(not line.endswith((".", ",")) for line in made.splitlines())
    assert len(made.splitlines()) >= 5


def test_stuffing_has_few_words_and_none_that_are_frequent_anyway() -> None:
    made = negatives.make("stuffed", TEXT, STOP).lower()
    words = {word.strip(",.") for word in made.split()}
    assert len(words) <= 6
    assert words.isdisjoint(STOP)


def test_lines_repeat() -> None:
    lines = Counter(negatives.make("repeated", TEXT).splitlines())
    assert lines.keys() <= set(TEXT.splitlines())
    assert all(count >= 3 for count in lines.values())


def test_placeholders_have_the_text_s_title_alone() -> None:
    made = negatives.make("placeholder", TEXT).splitlines()
    assert made[0] == TEXT[:60]
    assert not set(" ".join(made[1:]).lower().split()) & {"cooper", "bucket", "hoops"}


@pytest.mark.parametrize("kind", negatives.KINDS)
def test_a_text_of_one_word_does_not_stop_anything(kind: str) -> None:
    assert negatives.make(kind, "word")
