"""What an n-gram model sees of a text, and what its answer becomes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import perplexity
from filters.text import TextView

quick = settings(deadline=None)  # the first view may compile loops


def test_a_model_sees_lines_of_folded_words_with_digits_as_0() -> None:
    text = "Am 24. Mai 2026:\n\n***\n  Die Gäste’n kamen.  \nEnde"
    assert perplexity.prepare(TextView(text)) == ["am 00 mai 0000", "die gäste'n kamen", "ende"]
    assert perplexity.prepare(TextView("... \n ***")) == []


@quick
@given(st.text(alphabet="ab \n.1"))
def test_every_word_is_in_one_line(text: str) -> None:
    view = TextView(text)
    lines = perplexity.prepare(view)
    assert sum(len(line.split(" ")) for line in lines) == view.word_count
    assert all(lines)


def test_perplexity_counts_ends_of_sentences_as_words() -> None:
    # Three words and an end, each of probability 1/100.
    assert perplexity.by_word(-8.0, 3, 1) == pytest.approx(100.0)
    assert perplexity.by_word(0.0, 3, 1) == 1.0
    assert perplexity.by_word(0.0, 0, 0) is None


def test_perplexity_stays_within_a_float32() -> None:
    assert perplexity.by_word(-1e9, 1, 1) == pytest.approx(1e38)
