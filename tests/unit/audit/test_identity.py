"""The shipped lexicons: complete, well formed, and finding what they should."""

import pytest

from audit import identity
from filters.identity import AXES, Finder, folded
from langid import tags

EU = (
    *("bul", "ces", "dan", "deu", "ekk", "ell", "eng", "fin", "fra", "gle", "hrv", "hun"),
    *("ita", "lit", "lvs", "mlt", "nld", "pol", "por", "ron", "slk", "slv", "spa", "swe"),
)


def test_every_official_language_has_one() -> None:
    assert set(EU) <= set(identity.lexicons())
    assert {tag.partition("_")[0] for tag in tags.BY_TAG} >= set(identity.lexicons())


@pytest.mark.parametrize("code", identity.lexicons())
def test_each_is_well_formed(code: str) -> None:
    lexicon = identity.lexicons()[code]
    assert lexicon.version >= 1
    assert lexicon.reviewed_by is None or lexicon.reviewed_by.strip()
    find = Finder(lexicon)
    for axis in AXES:
        terms = lexicon.axes[axis]
        assert len(set(terms)) == len(terms) >= 6, axis
        for term in terms:
            text = " ".join(folded(term.replace("*", ""), code))
            assert axis in find(f"«{text.upper() if code not in NO_UPPER else text}»"), term


NO_UPPER = {"ell", "deu", "tur"}
"""Capitals of Greek lose their accents, and ß becomes SS: a heading in capitals is not found.
Python's capitals are not those of Turkish."""


def test_serbian_in_both_scripts() -> None:
    cyrillic, latin = identity.of_tag("srp_Cyrl"), identity.of_tag("srp_Latn")
    assert cyrillic is not None
    assert latin is not None
    assert Finder(cyrillic)("избеглице и жене") == Finder(latin)("izbeglice i žene")
    assert Finder(latin)("izbeglice i žene") == {"migration", "gender"}


def test_a_language_without() -> None:
    assert identity.of_tag("vro_Latn") is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("eng_Latn", "Cookies are disabled. Please enable JavaScript."),
        ("eng_Latn", "Read this page in Arabic or Kurdish."),
        ("fra_Latn", "Lire en arabe, en kurde."),
        ("deu_Latn", "Die Migration der Datenbank; auch auf Arabisch."),
        ("fin_Latn", "Matka Romaniaan, myös arabiaksi."),
        ("deu_Latn", "Preis inklusive Frühstück, blind buchen. Christina war da."),
        ("lit_Latn", "Negalima rodyti puslapio, negali prisijungti."),
        ("ita_Latn", "Come disabilitare i cookie a Roma."),
        ("nob_Latn", "Vis eldre innlegg."),
        ("hun_Latn", "Róma, a meleg víz."),
        ("fra_Latn", "Un CD-ROM de la ville."),
    ],
)
def test_other_meanings_are_no_mention(tag: str, text: str) -> None:
    lexicon = identity.of_tag(tag)
    assert lexicon is not None
    assert Finder(lexicon)(text) == frozenset()
