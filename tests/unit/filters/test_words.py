from __future__ import annotations

import pytest

from filters import words
from filters.signal import Signal
from filters.text import TextView

STOP_WORDS = frozenset({"der", "die", "und"})


@pytest.mark.parametrize(
    ("measured", "text", "expected"),
    [
        (words.word_count, "Eins, zwei – drei!", 3),
        (words.character_count, "cafe\u0301 x", 6),
        (words.mean_word_length, "ab abcd 123456", 3),
        (words.mean_word_length, "1 2 3", None),
        (words.hash_to_word_ratio, "#a #b c d", 0.5),
        (words.hash_to_word_ratio, "# #", None),
        (words.ellipsis_to_word_ratio, "a... b… c...... d", 1.0),
        (words.alphabetic_word_fraction, "a2 17 Ωμέγα слово", 0.75),
        (words.distinct_stop_word_count, "Der der UND Hund", 2),
        (words.unique_word_fraction, "Haus haus HAUS Tür", 0.5),
        (words.uppercase_word_fraction, "NATO und EU-Staaten A 5G", 0.5),
        (words.uppercase_word_fraction, "יידיש שפּראַך", None),
        (words.digit_character_fraction, "ab12", 0.5),
        (words.digit_character_fraction, "", None),
    ],
)
def test_values(measured: Signal, text: str, expected: float | None) -> None:
    value = measured.measure(TextView(text, STOP_WORDS))
    assert value == (None if expected is None else pytest.approx(expected))


def test_no_stop_words_is_null_and_not_zero() -> None:
    assert words.distinct_stop_word_count.measure(TextView("der Hund")) is None
    assert words.distinct_stop_word_count.measure(TextView("Hund", STOP_WORDS)) == 0


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
