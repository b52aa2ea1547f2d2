from __future__ import annotations

import pytest

from filters import words
from filters.signal import Signal
from filters.text import Lexicon, TextView

LEXICON = Lexicon(
    frozenset({"der", "die", "und"}), frozenset({"hund", "katze"}), frozenset({"hond"})
)


@pytest.mark.parametrize(
    ("measured", "text", "expected"),
    [
        (words.word_count, "Eins, zwei – drei!", 3),
        (words.character_count, "cafe\u0301 x", 6),
        (words.mean_word_length, "ab abcd 123456 _", 4),
        (words.mean_word_length, "_ ... !", None),
        (words.hash_to_word_ratio, "#a #b c d", 0.5),
        (words.hash_to_word_ratio, "# #", None),
        (words.ellipsis_to_word_ratio, "a... b… c...... d", 1.0),
        (words.alphabetic_word_fraction, "a2 17 Ωμέγα слово", 0.75),
        (words.distinct_stop_word_count, "Der der UND Hund", 2),
        (words.stop_word_fraction, "Der der UND Hund", 0.75),
        (words.stop_word_fraction, "...", None),
        (words.distinct_affinity_word_count, "Hund hund Katze und Maus", 2),
        (words.affinity_word_fraction, "Hund hund Katze und Maus", 0.6),
        (words.neighbour_word_fraction, "Der Hond und hond", 0.5),
        (words.english_word_fraction, "The cat and der Hund", 0.4),
        (words.top_word_fraction, "kaufen und und und kaufen Maus ab ab", 0.25),
        (words.top_word_fraction, "und", 0.0),
        (words.doubled_word_fraction, "das das ist ist 1 1 ja Ja", 3 / 8),
        (words.number_word_fraction, "1 2b drei 44", 0.5),
        (words.longest_word_length, "ab abcd", 4),
        (words.longest_word_length, "", None),
        (words.main_script_letter_fraction, "abc где!", 0.5),
        (words.main_script_letter_fraction, "123", None),
        (words.mixed_script_word_fraction, "cаt dog где 12", 1 / 3),
        (words.mixed_script_word_fraction, "12", None),
        (words.unique_word_fraction, "Haus haus HAUS Tür", 0.5),
        (words.uppercase_word_fraction, "NATO und EU-Staaten A 5G", 0.5),
        (words.uppercase_word_fraction, "יידיש שפּראַך", None),
        (words.digit_character_fraction, "ab12", 0.5),
        (words.digit_character_fraction, "", None),
    ],
)
def test_values(measured: Signal, text: str, expected: float | None) -> None:
    value = measured.measure(TextView(text, LEXICON))
    assert value == (None if expected is None else pytest.approx(expected))


def test_no_stop_words_is_null_and_not_zero() -> None:
    assert words.distinct_stop_word_count.measure(TextView("der Hund")) is None
    assert words.distinct_stop_word_count.measure(TextView("Hund", LEXICON)) == 0
    for measured in (
        words.stop_word_fraction,
        words.affinity_word_fraction,
        words.neighbour_word_fraction,
        words.distinct_affinity_word_count,
    ):
        assert measured.measure(TextView("der Hund")) is None
        assert measured.measure(TextView("Vogel", LEXICON)) == 0


def test_english_words_do_not_count_for_a_language_that_has_them_itself() -> None:
    lexicon = Lexicon(frozenset({"of", "was"}))
    assert words.english_word_fraction.measure(TextView("of was x y", lexicon)) == 0.0


def test_parity_with_datatrove_on_plain_words() -> None:
    """Where tokens are words of letters, datatrove's formulas give the same.

    They differ where spaCy makes tokens of punctuation marks, which are no words here.
    """
    tokens = "the dog saw the cat and # it ran".replace("# ", "#").split()
    bare = [token.strip("#") for token in tokens]
    view = TextView(" ".join(tokens))
    assert view.word_count == len(tokens)
    length = sum(map(len, bare)) / len(bare)
    assert words.mean_word_length.measure(view) == pytest.approx(length)
    ratio = " ".join(tokens).count("#") / len(tokens)
    assert words.hash_to_word_ratio.measure(view) == pytest.approx(ratio)
