from __future__ import annotations

import pytest

from filters.identifier_windows import by_shape, runs, windows
from filters.spans import Context


def _runs(text: str) -> list[str]:
    return [text[start:end] for start, end in runs(Context(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 850505/1234, 7", ["850505/1234"]),
        ("131052A308T", ["131052A308"]),
        ("L01X00T47", ["01X00T47"]),
        ("MRA RSS 85M12 H501V", ["85M12 H501"]),
        ("SM89575 and 12", ["89575"]),
        ("серия 4510 № 123456", ["4510 № 123456"]),
        ("65 170839 J 003", ["65 170839 J 003"]),
        ("12 34", []),
        ("", []),
    ],
)
def test_runs(text: str, expected: list[str]) -> None:
    assert _runs(text) == expected


def _windows(text: str) -> set[str]:
    (start, end), *_ = runs(Context(text))
    return {text[window.start : window.end] for window in windows(text, start, end)}


def test_windows_take_the_letters_around() -> None:
    assert "RSS 85M12 H501V" not in _windows("MRA RSS 85M12 H501V")
    assert "MRA RSS 85M12 H501V" in _windows("MRA RSS 85M12 H501V")
    assert "AB 12 34 56 C" in _windows("my AB 12 34 56 C.")
    assert "X1234567L" in _windows("X1234567L")
    assert "is 6940579" not in _windows("is 6940579")


def test_windows_stop_where_a_number_goes_on() -> None:
    for text in ("3,123456789", "123456789,5", "+123456789", "123456789a", "12:123456789"):
        assert "123456789" not in _windows(text), text
    assert "123456789" in _windows("(123456789).")
    assert "123456789" in _windows("12. 123456789 12")


def test_windows_of_other_groupings_are_known_by_their_digits() -> None:
    text = "4405 1401 359"
    (window,) = [w for w in windows(text, 0, len(text)) if w.is_regrouped]
    assert window.shape == "9" * 11
    assert window.shape in by_shape()
