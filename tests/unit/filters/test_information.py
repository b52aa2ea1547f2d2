from __future__ import annotations

import math
import random

import pytest

from filters import information
from filters.text import TextView


def test_entropy_of_even_distributions() -> None:
    assert information.word_entropy.measure(TextView("a B c d A b C D")) == pytest.approx(2.0)
    assert information.character_entropy.measure(TextView("abcdefgh")) == pytest.approx(3.0)
    assert information.word_entropy.measure(TextView("a a a")) == 0.0


def test_entropy_of_an_uneven_distribution() -> None:
    expected = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert information.word_entropy.measure(TextView("a a a b")) == pytest.approx(expected)


def test_characters_beyond_the_counted_blocks_are_one() -> None:
    assert information.character_entropy.measure(TextView("中日")) == 0.0


def test_repetition_compresses_and_noise_does_not() -> None:
    source = random.Random(1)  # noqa: S311 - repeatable test data
    noise = "".join(chr(source.randrange(0x21, 0x7F)) for _ in range(4000))
    repeated = information.compression_ratio.measure(TextView("Home | News | About us\n" * 200))
    random_text = information.compression_ratio.measure(TextView(noise))
    assert repeated is not None
    assert random_text is not None
    assert repeated < 0.05
    assert random_text > 0.7
    assert information.compression_ratio.measure(TextView("")) is None
