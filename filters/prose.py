"""Reservations in words, as remarks in robots.txt make them: the law they name, or its subject."""

from __future__ import annotations

import re
from typing import Final

_TDM_WORDS: Final = (
    r"te[kx]s?t[a-z]{0,3}[ -]{0,2}(?:and|&|und|en|och|og)[ -]{0,2}data[ -]?(?:m[iy]n|ut?vin)",
    r"fouille(?: de)? textes et(?: de)? donn",
    r"miner[ií]a de textos? y(?: de)? datos",
    r"(?:estrazione|mining) di testi?o? e(?: di)? dati",
    r"(?:minera|prospe)[cç][cç]?[aã]o de textos? e(?: de)? dados",
    r"eksploracj\w{1,3} tekst\w{1,3} i danych",
    r"vyt[eě][zž]ov[aá]n\w{1,3} text\w{1,3} a dat",
    r"tekst- og datamin",
    r"teksti- ja tiedonlouhin",
    r"sz[oö]veg- [eé]s adatb[aá]ny",
    r"text[- ]and[- ]data[- ]mining",
)
_RESERVATION: Final = re.compile(
    r"2019/790|790/2019|44 ?b ?\(3\)"
    r"|(?:§ ?)?44 ?b (?:Abs\. ?\d )?(?:UrhG|Urheberrechtsgesetz|(?:of the )?German Copyright)"
    r"|art(?:icle|ikel|\.)? ?4 ?\(3\) (?:of|der|de|CDSM|DSM)|L\. ?122-5-3|70[- ]ter|"
    + "|".join(_TDM_WORDS),
    re.IGNORECASE,
)
"""A reservation in words: the directive, its German, French and Italian law, or its subject."""

MAX_CHARS: Final = 60


def find(text: str) -> str | None:
    """The words that name the first reservation in a text; None without. Linear time."""
    found = _RESERVATION.search(text)
    return None if found is None else " ".join(found.group()[:MAX_CHARS].split())
