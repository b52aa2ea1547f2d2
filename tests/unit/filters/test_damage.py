from __future__ import annotations

import pytest

from filters.damage import replacement_character_fraction
from filters.text import TextView

GOOD = [
    "Größe, Éire, SÃO PAULO, „Ä“, »Å«, naïveté",
    "« Voilà », dit-il : « où ? »",
    "Âne, Ñandú, Österreich, ÆØÅ – Ð",
    "Ο Ήλιος, Съешь; Şehir … â",
    "",
]
BAD = ["Größe und Übermaß", "Příliš žluťoučký kůň", "Съешь этих булок", "Ελλάδα", "it’s – “so”"]


@pytest.mark.parametrize("text", GOOD)
def test_good_text_has_none(text: str) -> None:
    assert not replacement_character_fraction.measure(TextView(text))


@pytest.mark.parametrize("text", BAD)
def test_wrong_decoding_is_seen(text: str) -> None:
    wrong = "".join(
        bytes([octet]).decode("cp1252", "replace") if octet not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
        else chr(octet)
        for octet in text.encode()
    )  # fmt: skip
    assert (replacement_character_fraction.measure(TextView(wrong)) or 0) > 0.05


def test_every_damaged_character_counts_once() -> None:
    text = "a\ufffd\x80Ã¤b\x85â€™"
    assert replacement_character_fraction.measure(TextView(text)) == pytest.approx(7 / 10)
