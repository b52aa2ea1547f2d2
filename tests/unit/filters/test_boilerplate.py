from __future__ import annotations

import pytest

from filters import boilerplate
from filters.signal import Signal
from filters.text import Lexicon, TextView


@pytest.mark.parametrize(
    ("measured", "text", "expected"),
    [
        (boilerplate.curly_brace_character_fraction, "{ab}", 0.5),
        (boilerplate.curly_brace_character_fraction, "", None),
        (boilerplate.lorem_ipsum_count, "Lorem  ipsum dolor. LOREM IPSUM! lorem", 2),
        (boilerplate.lorem_ipsum_count, "lorem\nipsum", 0),
        (boilerplate.javascript_line_fraction, "Enable JavaScript!\nText\njavascript", 2 / 3),
        (boilerplate.javascript_line_fraction, "", None),
        (boilerplate.policy_line_fraction, "This site uses cookies.\nText\nMore\nEnd", 0.25),
        (boilerplate.policy_line_fraction, "Impressum | Datenschutzerklärung\nText", 0.5),
        (boilerplate.policy_line_fraction, "Conditions d’utilisation\nΌροι χρήσης\nx\ny", 0.5),
        (boilerplate.policy_line_fraction, "privacy\npolicy", 0.0),
        (boilerplate.policy_line_fraction, "Baking cookies is fun.", 0.0),
        (boilerplate.separator_character_fraction, "a | b › c", 2 / 9),
        (boilerplate.separator_character_fraction, "", None),
        (boilerplate.address_to_word_ratio, "See https://a.example and www.b.example", 2 / 8),
        (boilerplate.address_to_word_ratio, "...", None),
        (boilerplate.enumeration_word_fraction, "Wir essen Brot, Käse und Wurst, Obst.", 0.0),
        (boilerplate.enumeration_word_fraction, "start " + "nice word, " * 8 + "the end", 14 / 19),
        (boilerplate.enumeration_word_fraction, "", None),
        (boilerplate.clean_sentence_count, "Here it is. Yes, it is!\nAn item\nOne two three.", 3),
        (boilerplate.clean_sentence_count, 'He said "so be it"\nAnd so on ...', 1),
        (boilerplate.clean_sentence_count, "One use cookies three.\nWith JavaScript it is.", 0),
        (boilerplate.clean_sentence_count, "One two three.\nIt is code { here.", 0),
        (boilerplate.clean_sentence_count, "One two three.\nThe title { of it", 1),
        (boilerplate.clean_sentence_count, "One two three.\nIt is lorem ipsum.", 0),
        (boilerplate.clean_sentence_count, "One two three.\nIt is " + "x" * 1001 + ".", 1),
        (boilerplate.clean_sentence_count, "", 0),
    ],
)
def test_values(measured: Signal, text: str, expected: float | None) -> None:
    value = measured.measure(TextView(text))
    assert value == (None if expected is None else pytest.approx(expected))


def test_boilerplate_phrases_are_the_pack_s() -> None:
    lexicon = Lexicon(boilerplate_phrases=frozenset({"read more", "share"}))
    measured = boilerplate.boilerplate_line_fraction.measure
    assert measured(TextView("Text\nRead more »\nShare this", lexicon)) == pytest.approx(2 / 3)
    assert measured(TextView("Text", lexicon)) == 0.0
    assert measured(TextView("Text")) is None


def test_phrases_cover_the_official_languages_of_the_union() -> None:
    assert len(boilerplate.POLICY_PHRASES) == 24


@pytest.mark.parametrize("language", boilerplate.POLICY_PHRASES)
def test_each_phrase_is_found(language: str) -> None:
    for phrase in boilerplate.POLICY_PHRASES[language]:
        view = TextView(f"Foo, {phrase.upper()}: bar")
        assert boilerplate.policy_line_fraction.measure(view) == 1.0, phrase
