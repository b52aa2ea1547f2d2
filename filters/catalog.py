"""All signals in their fixed order: the columns of `signals`."""

from __future__ import annotations

from typing import Final

from filters import boilerplate, damage, information, lines, repetition, words
from filters.signal import FRACTION_EDGES, Signal, Value, signal
from filters.text import TextView

SIGNALS: Final[tuple[Signal, ...]] = (
    words.word_count,
    words.character_count,
    lines.sentence_count,
    words.mean_word_length,
    words.hash_to_word_ratio,
    words.ellipsis_to_word_ratio,
    words.alphabetic_word_fraction,
    words.distinct_stop_word_count,
    words.unique_word_fraction,
    words.uppercase_word_fraction,
    words.digit_character_fraction,
    lines.bullet_line_fraction,
    lines.ellipsis_line_fraction,
    lines.terminal_punctuation_line_fraction,
    lines.short_line_fraction,
    lines.newline_to_word_ratio,
    repetition.duplicate_line_fraction,
    repetition.duplicate_paragraph_fraction,
    repetition.duplicate_line_character_fraction,
    repetition.duplicate_paragraph_character_fraction,
    repetition.top_2_gram_character_fraction,
    repetition.top_3_gram_character_fraction,
    repetition.top_4_gram_character_fraction,
    repetition.duplicate_5_gram_character_fraction,
    repetition.duplicate_6_gram_character_fraction,
    repetition.duplicate_7_gram_character_fraction,
    repetition.duplicate_8_gram_character_fraction,
    repetition.duplicate_9_gram_character_fraction,
    repetition.duplicate_10_gram_character_fraction,
    boilerplate.curly_brace_character_fraction,
    boilerplate.lorem_ipsum_count,
    boilerplate.javascript_line_fraction,
    boilerplate.policy_line_fraction,
    damage.replacement_character_fraction,
    words.longest_word_length,
    words.stop_word_fraction,
    words.distinct_affinity_word_count,
    words.affinity_word_fraction,
    words.neighbour_word_fraction,
    words.english_word_fraction,
    words.top_word_fraction,
    words.doubled_word_fraction,
    words.number_word_fraction,
    words.main_script_letter_fraction,
    words.mixed_script_word_fraction,
    information.word_entropy,
    information.character_entropy,
    information.compression_ratio,
    lines.sentence_capital_fraction,
    lines.mean_sentence_length,
    lines.mean_line_length,
    lines.line_length_variation,
    lines.list_line_fraction,
    boilerplate.boilerplate_line_fraction,
    boilerplate.separator_character_fraction,
    boilerplate.address_to_word_ratio,
    boilerplate.enumeration_word_fraction,
    boilerplate.clean_sentence_count,
)
"""What `measure_all` measures. New signals are appended; an order change is a schema change."""


@signal(
    unit="probability",
    low=0.0,
    high=1.0,
    version=2,
    source="langid/calibrate.py; docs/languages.md",
    edges=FRACTION_EDGES,
)
def language_confidence(_view: TextView) -> Value:
    """Calibrated probability of the tag; of the whole group for Serbo-Croatian standards."""
    raise NotImplementedError("language_confidence is copied from language identification")


GIVEN: Final[tuple[Signal, ...]] = (language_confidence,)
"""Signals that another stage gives: `measure_all` leaves them out, and their `measure` raises."""

BY_NAME: Final[dict[str, Signal]] = {known.name: known for known in (*SIGNALS, *GIVEN)}


def measure_all(view: TextView) -> dict[str, Value]:
    """Value of each signal of `SIGNALS`, in that order; the view shares sorts and n-grams."""
    return {known.name: known.measure(view) for known in SIGNALS}
