from __future__ import annotations

import pytest

from filters import lines
from filters.signal import Signal
from filters.text import Lexicon, TextView


@pytest.mark.parametrize(
    ("measured", "text", "expected"),
    [
        (lines.bullet_line_fraction, "• a\n\n - b\nc\nd-", 0.5),
        (lines.bullet_line_fraction, "\n \n", None),
        (lines.ellipsis_line_fraction, "a...\nb…\n..\nx.. .", 0.5),
        (lines.ellipsis_line_fraction, "\n.\n..\n", 0.0),
        (lines.terminal_punctuation_line_fraction, "Ja.\nNein!\nWas?\nTitel", 0.75),
        (lines.terminal_punctuation_line_fraction, 'er sagte: „Ja.“\n»Nein!«\n(x.)\n"', 0.75),
        (lines.terminal_punctuation_line_fraction, "Πού;\nΠού\nwhere;\nԱյո։", 0.5),
        (lines.terminal_punctuation_line_fraction, "なに。\nкуда…", 1.0),
        (lines.short_line_fraction, "x" * 30 + "\n" + "x" * 31, 0.5),
        (lines.newline_to_word_ratio, "a\nb\n\nc d", 0.75),
        (lines.newline_to_word_ratio, "\n", None),
        (lines.sentence_count, "Das ist gut. Ja, z. B. 3.14 ist pi! Wirklich?!", 3),
        (lines.sentence_count, "Er sagte: „Komm.“ Dann ging er. Titel", 2),
        (lines.sentence_count, "Πού πας; Εδώ. J. Smith", 2),
        (lines.sentence_count, "", 0),
        (lines.sentence_count, ".", 0),
        (lines.sentence_count, "no end", 0),
        (lines.sentence_capital_fraction, "Ja. Nein! und? 3 Was. ja. Ob", 0.5),
        (lines.sentence_capital_fraction, "Ja nein.", None),
        (lines.sentence_capital_fraction, "კი. არა. ვინ", None),
        (lines.mean_sentence_length, "Eins zwei. Drei vier fünf!", 2.5),
        (lines.mean_sentence_length, "kein Ende", None),
        (lines.mean_line_length, "ab\n\nabcd", 3),
        (lines.mean_line_length, "\n", None),
        (lines.line_length_variation, "ab\nabcd", 1 / 3),
        (lines.line_length_variation, "ab\ncd", 0),
        (lines.list_line_fraction, "Home\nAbout us\nThis is a sentence.\na b c d e f g", 0.5),
        (lines.list_line_fraction, "", None),
    ],
)
def test_values(measured: Signal, text: str, expected: float | None) -> None:
    value = measured.measure(TextView(text))
    assert value == (None if expected is None else pytest.approx(expected))


def test_sentences_that_end_with_a_stop_word() -> None:
    lexicon = Lexicon(frozenset({"und", "der"}))
    measured = lines.stop_word_sentence_end_fraction.measure
    assert measured(TextView("Haus und Hof und. Der Hund! Ja (und).", lexicon)) == 2 / 3
    assert measured(TextView("kein Ende", lexicon)) is None
    assert measured(TextView("Ende und.")) is None
    assert measured(TextView("”. x", lexicon)) is None


def test_parity_with_datatrove_fineweb_lines() -> None:
    """As FineWebQualityFilter, but that does not strip lines and knows no closers."""
    stop_chars = (".", "!", "?")
    text = "A line that ends here.\nshort\n\nAnother quite long line without an end\nWhat?"
    plain = [line for line in text.split("\n") if line.strip()]
    view = TextView(text)
    ended = sum(line.endswith(stop_chars) for line in plain) / len(plain)
    short = sum(len(line) <= 30 for line in plain) / len(plain)
    assert lines.terminal_punctuation_line_fraction.measure(view) == pytest.approx(ended)
    assert lines.short_line_fraction.measure(view) == pytest.approx(short)
