from __future__ import annotations

import pytest
from hypothesis import given

from filters.controls import plain
from tests.strategies import texts

CLEANED = [
    ("a\r\nb\rc", "a\nb\nc"),
    ("a\tb\nc", "a\tb\nc"),
    ("red \x1b[31mtext\x1b[0m", "red text"),
    ("\x1b]52;c;SGVsbG8=\x07copied", "copied"),
    ("\x1b]0;title\x1b\\shown", "shown"),
    ("\x9b2Jgone", "gone"),
    ("bell\x07 null\x00 delete\x7f next\x85", "bell null delete next"),
    ("photo\u202egpj.exe\u202c", "photogpj.exe"),
    ("\u2066isolated\u2069", "isolated"),
    ("\u200fعربي\u200e", "\u200fعربي\u200e"),
    ("\x1b", ""),
    ("\x1b]52;c;not ended\nnext", "]52;c;not ended\nnext"),
]


@pytest.mark.parametrize(("text", "cleaned"), CLEANED)
def test_commands_are_taken_out(text: str, cleaned: str) -> None:
    assert plain(text) == cleaned


@given(texts())
def test_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = plain(text)
    assert plain(cleaned) == cleaned
    assert not any(c < " " and c not in "\t\n" for c in cleaned)
