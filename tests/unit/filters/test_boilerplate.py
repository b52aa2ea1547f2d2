from __future__ import annotations

import pytest

from filters import boilerplate
from filters.signal import Signal
from filters.text import TextView


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
    ],
)
def test_values(measured: Signal, text: str, expected: float | None) -> None:
    value = measured.measure(TextView(text))
    assert value == (None if expected is None else pytest.approx(expected))


def test_phrases_cover_the_official_languages_of_the_union() -> None:
    assert len(boilerplate.POLICY_PHRASES) == 24


@pytest.mark.parametrize("language", boilerplate.POLICY_PHRASES)
def test_each_phrase_is_found(language: str) -> None:
    for phrase in boilerplate.POLICY_PHRASES[language]:
        view = TextView(f"Foo, {phrase.upper()}: bar")
        assert boilerplate.policy_line_fraction.measure(view) == 1.0, phrase
