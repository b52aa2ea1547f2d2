from __future__ import annotations

import pytest

from filters.personal import personal_data_density
from filters.text import TextView


def test_placeholders_are_counted_by_length() -> None:
    text = "Agnes <EMAIL> and <PHONE>. "
    assert personal_data_density.measure(TextView(text * 40)) == pytest.approx(2000 / len(text))


@pytest.mark.parametrize("text", ["Nothing here.", "a < b > c <NAME> <email>"])
def test_other_signs_do_not_count(text: str) -> None:
    assert personal_data_density.measure(TextView(text)) == 0.0


def test_no_text_has_no_density() -> None:
    assert personal_data_density.measure(TextView("")) is None
