from __future__ import annotations

import pytest

from filters.prose import MAX_CHARS, find


@pytest.mark.parametrize(
    "text",
    [
        "text and data mining is not permitted", "Text & Data Mining", "text-and-data-mining",
        "Text- und Data-Mining", "Text und Data Mining", "tekst- en datamining",
        "text- och datautvinning",
        "tekst- og datamining", "fouille de textes et de données", "fouille de textes et données",
        "minería de textos y datos", "minería de texto y de datos", "estrazione di testo e di dati",
        "estrazione di testi e dati", "mineração de textos e dados",
        "prospeção de textos e de dados",
        "eksploracja tekstów i danych", "eksploracji tekstu i danych", "vytěžování textů a dat",
        "teksti- ja tiedonlouhinta", "szöveg- és adatbányászat",
        "Directive (EU) 2019/790", "Richtlinie 790/2019", "§ 44b UrhG", "§44b Abs. 3 UrhG",
        "44b UrhG",
        "section 44b(3)", "Article 4(3) of the Directive", "article L. 122-5-3", "art. 70-ter LdA",
    ],
)  # fmt: skip
def test_reservations_in_many_languages(text: str) -> None:
    found = find(f"# Reserved, see below.\n# {text.upper()}.\n")
    assert found is not None
    assert len(found) <= MAX_CHARS
    assert found.casefold() in text.upper().casefold()


@pytest.mark.parametrize(
    "text",
    ["", "data", "mining for text", "44b Baker Street", "2019/7901 is a ticket"[:6], "article 4",
     "text editor and data browser", "context and database mining"],
)  # fmt: skip
def test_other_words(text: str) -> None:
    assert find(text) is None
