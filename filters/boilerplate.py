"""Signals for code, placeholder text and legal notices left in a page.

C4 (Raffel et al. 2020, section 2.2) removes lines, or pages, at the first find. Here the finds are
measured, and a rule decides.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filters.signal import SMALL_COUNT_EDGES, SMALL_FRACTION_EDGES, Value, count, fraction
from filters.text import TextView, isin_sorted

_C4: Final = "Raffel et al. 2020 (C4), section 2.2"

POLICY_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    # English is C4's list (c4_utils.py); the others name the same things in the wordings most
    # common on sites of the 24 official languages of the EU. Apostrophes and hyphens are as the
    # segmenter treats them.
    "bul": ("политика за поверителност", "политиката за поверителност",
            "декларация за поверителност", "условия за ползване", "политика за бисквитки",
            "използва бисквитки", "използваме бисквитки", "използването на бисквитки"),
    "ces": ("ochrana osobních údajů", "zásady ochrany osobních údajů", "podmínky použití",
            "podmínky užití", "používá cookies", "používá soubory cookie",
            "používá soubory cookies", "používáme cookies", "používáme soubory cookie",
            "používáme soubory cookies", "používáním cookies", "používáním souborů cookie",
            "používání souborů cookie"),
    "dan": ("privatlivspolitik", "privatlivspolitikken", "persondatapolitik", "cookiepolitik",
            "brugsbetingelser", "brugervilkår", "bruger cookies", "anvender cookies",
            "brug af cookies", "brugen af cookies"),
    "deu": ("datenschutzerklärung", "datenschutzbestimmungen", "datenschutzrichtlinie",
            "datenschutzhinweise", "nutzungsbedingungen", "cookie richtlinie",
            "cookie richtlinien", "verwendet cookies", "verwenden cookies", "nutzt cookies",
            "nutzen cookies", "verwendung von cookies", "nutzung von cookies",
            "einsatz von cookies"),
    "ell": ("πολιτική απορρήτου", "πολιτική προστασίας προσωπικών δεδομένων", "όροι χρήσης",
            "όρους χρήσης", "πολιτική cookies", "χρησιμοποιεί cookies", "χρησιμοποιούμε cookies",
            "χρήση cookies", "χρήση των cookies"),
    "eng": ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
            "use cookies"),
    "est": ("privaatsuspoliitika", "privaatsustingimused", "andmekaitsetingimused",
            "kasutustingimused", "kasutab küpsiseid", "kasutame küpsiseid",
            "küpsiste kasutamine", "küpsiste kasutamisega", "küpsiste poliitika"),
    "fin": ("tietosuojaseloste", "tietosuojakäytäntö", "tietosuojalauseke", "rekisteriseloste",
            "käyttöehdot", "evästekäytäntö", "käyttää evästeitä", "käytämme evästeitä",
            "evästeiden käyttö", "evästeiden käytön"),
    "fra": ("politique de confidentialité", "mentions légales", "conditions d'utilisation",
            "conditions générales d'utilisation", "politique de cookies",
            "politique relative aux cookies", "utilise des cookies", "utilisons des cookies",
            "utilisation de cookies", "utilisation des cookies", "l'utilisation de cookies",
            "l'utilisation des cookies"),
    "gle": ("polasaí príobháideachais", "polasaí príobháideachta", "beartas príobháideachta",
            "ráiteas príobháideachais", "téarmaí úsáide", "polasaí fianán", "úsáid fianán"),
    "hrv": ("politika privatnosti", "pravila privatnosti", "pravila o privatnosti",
            "uvjeti korištenja", "politika kolačića", "koristi kolačiće", "koristimo kolačiće",
            "korištenje kolačića", "korištenjem kolačića"),
    "hun": ("adatvédelmi nyilatkozat", "adatvédelmi tájékoztató", "adatkezelési tájékoztató",
            "felhasználási feltételek", "sütiket használ", "sütiket használunk",
            "sütik használata", "sütik használatát", "cookie kat használ",
            "cookie kat használunk", "cookie k használatát"),
    "ita": ("informativa sulla privacy", "informativa privacy", "termini di utilizzo",
            "termini d'uso", "condizioni d'uso", "condizioni di utilizzo", "utilizza cookie",
            "utilizza cookies", "utilizza i cookie", "utilizziamo i cookie",
            "utilizzo dei cookie", "uso dei cookie", "l'utilizzo dei cookie", "l'uso dei cookie"),
    "lav": ("privātuma politika", "privātuma politiku", "lietošanas noteikumi",
            "sīkdatņu politika", "izmanto sīkdatnes", "izmantojam sīkdatnes",
            "izmantotas sīkdatnes", "sīkdatņu izmantošana", "sīkdatņu izmantošanai"),
    "lit": ("privatumo politika", "privatumo politiką", "naudojimo sąlygos",
            "naudojimosi sąlygos", "slapukų politika", "naudoja slapukus", "naudojame slapukus",
            "naudojami slapukai", "slapukų naudojimas", "slapukų naudojimu"),
    "mlt": ("politika tal privatezza", "politika ta privatezza", "avviż dwar il privatezza",
            "termini tal użu", "kundizzjonijiet tal użu", "politika tal cookies", "juża cookies",
            "nużaw cookies", "użu ta cookies", "użu tal cookies"),
    "nld": ("privacybeleid", "privacyverklaring", "cookiebeleid", "cookieverklaring",
            "gebruiksvoorwaarden", "gebruikt cookies", "gebruiken cookies", "gebruik van cookies"),
    "pol": ("polityka prywatności", "politykę prywatności", "polityką prywatności",
            "polityce prywatności", "warunki korzystania", "polityka cookies",
            "używa plików cookie", "używa plików cookies", "używamy plików cookie",
            "używamy plików cookies", "wykorzystuje pliki cookie", "wykorzystuje pliki cookies",
            "z plików cookie", "z plików cookies"),
    "por": ("política de privacidade", "termos de uso", "termos de utilização",
            "condições de utilização", "política de cookies", "usa cookies", "utiliza cookies",
            "usamos cookies", "utilizamos cookies", "uso de cookies", "utilização de cookies"),
    "ron": ("politica de confidențialitate", "politica de confidenţialitate",
            "politica de confidentialitate", "condiții de utilizare", "condiţii de utilizare",
            "conditii de utilizare", "politica de cookies", "politica cookies",
            "utilizează cookie uri", "folosește cookie uri", "foloseşte cookie uri",
            "folosim cookie uri", "utilizarea cookie urilor", "folosirea cookie urilor"),
    "slk": ("ochrana osobných údajov", "zásady ochrany osobných údajov", "podmienky používania",
            "používa cookies", "používa súbory cookie", "používa súbory cookies",
            "používame cookies", "používame súbory cookie", "používame súbory cookies",
            "používaním cookies", "používaním súborov cookie"),
    "slv": ("politika zasebnosti", "pravilnik o zasebnosti", "varstvo osebnih podatkov",
            "pogoji uporabe", "politika piškotkov", "uporablja piškotke", "uporabljamo piškotke",
            "uporaba piškotkov", "uporabo piškotkov"),
    "spa": ("política de privacidad", "términos de uso", "condiciones de uso", "aviso legal",
            "política de cookies", "usa cookies", "utiliza cookies", "usamos cookies",
            "utilizamos cookies", "uso de cookies"),
    "swe": ("integritetspolicy", "personuppgiftspolicy", "sekretesspolicy", "användarvillkor",
            "användningsvillkor", "cookiepolicy", "använder cookies", "använder kakor",
            "användning av cookies", "användningen av cookies"),
}  # fmt: skip
"""Legal notices and phrases of cookie banners, by ISO 639-3; all are sought in every text."""


@fraction(source=_C4, edges=SMALL_FRACTION_EDGES)
def curly_brace_character_fraction(view: TextView) -> Value:
    """Fraction of characters that are { or }; null for an empty text.

    C4 drops a page at the first one, which drops most manuals of programming. Source: Raffel et al.
    2020 (C4), 2.2.
    """
    if not view.text:
        return None
    return (view.text.count("{") + view.text.count("}")) / len(view.text)


@count(unit="phrases", source=_C4, edges=SMALL_COUNT_EDGES)
def lorem_ipsum_count(view: TextView) -> Value:
    """Number of times "lorem ipsum" stands in the text. Source: Raffel et al. 2020 (C4), 2.2."""
    return float(_phrase_lines(view, _compiled("lorem ipsum")).size)


@fraction(source=_C4, edges=SMALL_FRACTION_EDGES)
def javascript_line_fraction(view: TextView) -> Value:
    """Fraction of lines with the word "javascript"; null without lines.

    Source: Raffel et al. 2020 (C4), 2.2.
    """
    return _line_share(view, _compiled("javascript"))


@fraction(
    source=_C4 + ", c4_utils.py; wordings of 23 further EU languages", edges=SMALL_FRACTION_EDGES
)
def policy_line_fraction(view: TextView) -> Value:
    """Fraction of lines that name a legal notice or the use of cookies; null without lines.

    Phrases are those of `POLICY_PHRASES`, matched as whole words in lower case, whatever stands
    between the words.
    """
    return _line_share(view, _policy_phrases())


class _Phrases(NamedTuple):
    """Phrases of one number of words, as hashes."""

    words: int
    hashes: NDArray[np.uint64]
    """Sorted."""
    sieve: NDArray[np.bool_]
    """True at the upper 16 bits of each hash: leaves less than one word in 500 to search for."""


@cache
def _policy_phrases() -> tuple[_Phrases, ...]:
    return _compiled(*(phrase for phrases in POLICY_PHRASES.values() for phrase in phrases))


@cache
def _compiled(*phrases: str) -> tuple[_Phrases, ...]:
    by_length: dict[int, set[int]] = {}
    for phrase in phrases:
        view = TextView(phrase)
        n = view.word_count
        by_length.setdefault(n, set()).add(int(view.ngram_hashes(n)[0]))
    compiled = []
    for n, found in sorted(by_length.items()):
        hashes = np.array(sorted(found), np.uint64)
        sieve = np.zeros(1 << 16, np.bool_)
        sieve[_sieve_slots(hashes)] = True
        compiled.append(_Phrases(n, hashes, sieve))
    return tuple(compiled)


def _sieve_slots(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    return (hashes >> np.uint64(48)).astype(np.int64)


def _phrase_lines(view: TextView, phrases: tuple[_Phrases, ...]) -> NDArray[np.int64]:
    """Line of each phrase found, one entry a find; a phrase may not run over a line end."""
    found = [np.zeros(0, np.int64)]
    for n, hashes, sieve in phrases:
        candidates = view.ngram_hashes(n)
        places = np.flatnonzero(sieve.take(_sieve_slots(candidates)))
        places = places[isin_sorted(candidates[places], hashes)]
        if places.size:
            lines = _lines_of(view, places)
            found.append(lines[lines == _lines_of(view, places + (n - 1))])
    return np.concatenate(found)


def _lines_of(view: TextView, words: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.searchsorted(view.line_starts, view.word_starts[words], side="right") - 1


def _line_share(view: TextView, phrases: tuple[_Phrases, ...]) -> Value:
    if not view.line_count:
        return None
    return float(np.unique(_phrase_lines(view, phrases)).size / view.line_count)
