"""Claims about every signal and about the shingles, for texts of all scripts."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_top_duplicate,
    get_n_grams,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import catalog
from filters.signal import Signal
from filters.text import Lexicon, TextView, jaccard, shingle_hashes
from tests.strategies import SCRIPTS, texts

LEXICON = Lexicon(
    frozenset({"the", "und", "a", "από"}),
    frozenset({"brown", "öl"}),
    frozenset({"quick"}),
    frozenset({"lorem ipsum", "fox"}),
)
quick = settings(max_examples=60, deadline=None)


def _in_range(signal: Signal, value: float | None) -> bool:
    return value is None or (isinstance(value, float) and signal.low <= value <= signal.high)


@quick
@given(texts())
def test_every_signal_is_null_or_in_its_range(text: str) -> None:
    values = catalog.measure_all(TextView(text, LEXICON))
    for name, value in values.items():
        assert _in_range(catalog.BY_NAME[name], value), (name, value)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("signal", catalog.SIGNALS, ids=lambda signal: signal.name)
def test_each_signal_on_each_script(signal: Signal, script: str) -> None:
    assert _in_range(signal, signal.measure(TextView(script)))


@quick
@given(texts())
def test_signals_do_not_see_the_normalisation_form(text: str) -> None:
    composed = catalog.measure_all(TextView(unicodedata.normalize("NFC", text)))
    decomposed = catalog.measure_all(TextView(unicodedata.normalize("NFD", text)))
    assert composed == decomposed


@quick
@given(texts())
def test_order_of_measuring_does_not_matter(text: str) -> None:
    view = TextView(text, LEXICON)
    backwards = {s.name: s.measure(view) for s in reversed(catalog.SIGNALS)}
    assert backwards == catalog.measure_all(TextView(text, LEXICON))


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n\n", "\ud800", "a\udfff b", "\u0301", "...", "\x00"]
)
def test_texts_at_the_edge(text: str) -> None:
    for name, value in catalog.measure_all(TextView(text, LEXICON)).items():
        assert _in_range(catalog.BY_NAME[name], value), name


@quick
@given(texts())
def test_words_are_aligned_and_disjoint(text: str) -> None:
    view = TextView(text)
    assert np.all(view.word_starts < view.word_ends)
    assert np.all(view.word_ends[:-1] <= view.word_starts[1:])
    assert view.codes.size == view.classes.size == len(view.text)
    assert view.word_hashes.size == view.word_count == view.word_classes.size


@quick
@given(texts())
def test_equal_words_and_only_they_have_equal_hashes(text: str) -> None:
    view = TextView(text)
    written = [
        view.codes[a:b].tobytes() for a, b in zip(view.word_starts, view.word_ends, strict=True)
    ]
    assert len(set(written)) == np.unique(view.word_hashes).size


def _find_all_duplicate(words: list[str], n: int) -> int:
    """Datatrove's function of that name, but for its joining of "0 00" and "00 0" to one."""
    seen: set[tuple[str, ...]] = set()
    total = place = 0
    while place < len(words) - n + 1:
        gram = tuple(words[place : place + n])
        if gram in seen:
            total += sum(map(len, gram))
            place += n
        else:
            seen.add(gram)
            place += 1
    return total


@quick
@given(texts())
def test_n_grams_are_counted_as_datatrove_counts(text: str) -> None:
    view = TextView(text)
    words = [view.word_text(index) for index in range(view.word_count)]
    for n in (2, 3, 4):
        grams = get_n_grams(words, n)
        count, characters = view.top_n_gram(n)
        expected = find_top_duplicate(grams) if grams else 0
        assert count * (characters + n - 1) == expected
    for n in range(5, 11):
        assert view.duplicate_n_grams(n) == _find_all_duplicate(words, n)


@quick
@given(texts())
def test_different_words_are_the_first_of_each(text: str) -> None:
    view = TextView(text)
    hashes = view.word_hashes.tolist()
    firsts = [i for i, value in enumerate(hashes) if value not in hashes[:i]]
    assert view.different_words.tolist() == firsts
    assert view.different_word_counts.tolist() == [hashes.count(hashes[i]) for i in firsts]


@quick
@given(texts(), texts())
def test_jaccard_is_that_of_the_sets(a: str, b: str) -> None:
    left, right = shingle_hashes(a), shingle_hashes(b)
    union = set(left.tolist()) | set(right.tolist())
    shared = set(left.tolist()) & set(right.tolist())
    assert jaccard(left, right) == (len(shared) / len(union) if union else 0.0)
    assert left.tolist() == sorted(set(left.tolist()))


@settings(max_examples=30, deadline=None)
@given(st.lists(texts(max_pieces=8), min_size=1, max_size=4))
def test_texts_do_not_influence_each_other(batch: list[str]) -> None:
    alone = [shingle_hashes(text).tolist() for text in batch]
    assert [shingle_hashes(text).tolist() for text in reversed(batch)] == alone[::-1]
