"""Words: what our model reads, in training and in use."""

import pytest

from langid.words import prepare


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("", ""),
        ("12 !? — 3,5 €", ""),
        ("Hyvää huomenta,\n\tMAAILMA!", "hyvää huomenta maailma"),
        ("snake_case and x2y", "snake case and x y"),
        ("l'aigua d’avui", "l aigua d avui"),
        ("Cafe\u0301", "caf\u00e9"),  # composed
        ("ΟΔΟΣ", "οδος"),
        ("\ud800a\udfffb", "ab"),
        ("שָׁלוֹם", "ש לו ם"),  # marks are no letters, and part words
        ("١٢٣ سلام", "سلام"),
        ("𐍅𐌿𐌻𐍆𐌹𐌻𐌰", "𐍅𐌿𐌻𐍆𐌹𐌻𐌰"),
        ("\u200b\ufeff", ""),
    ],
)
def test_prepare(text: str, prepared: str) -> None:
    assert prepare(text) == prepared
    assert prepare(prepared) == prepared


def test_prepared_text_is_what_fasttext_takes_as_words() -> None:
    text = prepare("\x00null\x1fand\x85other\u2028ends\u00a0of\vlines")
    assert text == "null and other ends of lines"
    assert text.encode("utf-8")
