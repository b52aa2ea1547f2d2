from __future__ import annotations

import pytest

from filters import catalog
from filters.text import TextView


def test_names_are_unique_and_complete() -> None:
    assert len(catalog.BY_NAME) == len(catalog.SIGNALS) + len(catalog.GIVEN)
    assert list(catalog.measure_all(TextView("x"))) == [known.name for known in catalog.SIGNALS]


def test_given_signals_are_not_measured() -> None:
    with pytest.raises(NotImplementedError, match="language identification"):
        catalog.BY_NAME["language_confidence"].measure(TextView("x"))


def test_no_text_is_null_or_nothing() -> None:
    values = catalog.measure_all(TextView(""))
    counts = {name for name, value in values.items() if value == 0.0}
    assert counts == {
        *("word_count", "character_count", "sentence_count", "clean_sentence_count"),
        "lorem_ipsum_count",
    }
    assert all(value is None for name, value in values.items() if name not in counts)
