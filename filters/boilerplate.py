"""Signals for code, placeholder text and legal notices left in a page.

C4 (Raffel et al. 2020, section 2.2) removes lines, or pages, at the first find. Here the finds are
measured, and a rule decides.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters import characters
from filters.signal import (
    SMALL_COUNT_EDGES,
    SMALL_FRACTION_EDGES,
    Value,
    count,
    fraction,
    ratio,
)
from filters.text import Phrases, TextView, compile_phrases

_C4: Final = "Raffel et al. 2020 (C4), section 2.2"

_POLICY, _C4_POLICY, _LOREM_IPSUM, _JAVASCRIPT = 1, 2, 4, 8

_COMMA, _SEMICOLON, _BRACE, _QUOTE, _APOSTROPHE = 0x2C, 0x3B, 0x7B, 0x22, 0x27

# datatrove's C4QualityFilter: min_words_per_line, max_word_length.
_C4_LINE_WORDS: Final = 3
_C4_WORD_CHARACTERS: Final = 1000

# A sentence rarely enumerates more than eight things; keyword lists do so without end.
_ENUMERATION_MARKS: Final = 8
_ENUMERATION_WORDS: Final = 4

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
    return float(_lines(view, _LOREM_IPSUM).size)


@fraction(source=_C4, edges=SMALL_FRACTION_EDGES)
def javascript_line_fraction(view: TextView) -> Value:
    """Fraction of lines with the word "javascript"; null without lines.

    Source: Raffel et al. 2020 (C4), 2.2.
    """
    return _line_share(view, _lines(view, _JAVASCRIPT))


@fraction(
    source=_C4 + ", c4_utils.py; wordings of 23 further EU languages", edges=SMALL_FRACTION_EDGES
)
def policy_line_fraction(view: TextView) -> Value:
    """Fraction of lines that name a legal notice or the use of cookies; null without lines.

    Phrases are those of `POLICY_PHRASES`, matched as whole words in lower case, whatever stands
    between the words.
    """
    return _line_share(view, _lines(view, _POLICY))


@fraction(source="Weir: phrases of each language pack", edges=SMALL_FRACTION_EDGES)
def boilerplate_line_fraction(view: TextView) -> Value:
    """Fraction of lines with a boilerplate phrase of the language: "read more", "share this".

    Null without lines or if the language has no phrases.
    """
    if not view.lexicon.boilerplate_phrases:
        return None
    return _line_share(view, view.phrases(_pack_phrases(view.lexicon.boilerplate_phrases))[0])


@fraction(source="Weir: breadcrumbs, menus and rows of links", edges=SMALL_FRACTION_EDGES)
def separator_character_fraction(view: TextView) -> Value:
    """Fraction of characters that divide the entries of menus; null for an empty text.

    They are | ¦ » « › ‹ → · • / < > and the like. Quotation marks of French and others are among
    them, hence prose has some.
    """
    if not view.codes.size:
        return None
    return float(np.count_nonzero(_separators(view)) / view.codes.size)


@ratio(unit="addresses/word", source="RedPajama-v2; Weir: lists of links")
def address_to_word_ratio(view: TextView) -> Value:
    """Web addresses ("http://", "https://", "www.") for each word; null without words."""
    if not view.word_count:
        return None
    found = view.text.count("http://") + view.text.count("https://") + view.text.count(" www.")
    return found / view.word_count


@fraction(
    source="Weir: keyword lists of search-engine pages, tag clouds", edges=SMALL_FRACTION_EDGES
)
def enumeration_word_fraction(view: TextView) -> Value:
    """Fraction of words in long enumerations; null without words.

    An enumeration is a run of eight or more commas, semicolons or separators of menus with at most
    four words between one and the next.
    """
    if not view.word_count:
        return None
    marks = np.flatnonzero((view.codes == _COMMA) | (view.codes == _SEMICOLON) | _separators(view))
    if marks.size < _ENUMERATION_MARKS:
        return 0.0
    words = np.searchsorted(view.word_starts, marks)
    steps = np.diff(words)
    near = np.concatenate(([False], steps <= _ENUMERATION_WORDS, [False]))
    edges = np.flatnonzero(near[1:] != near[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _ENUMERATION_MARKS - 1
    return float((words[ends[long]] - words[starts[long]]).sum() / view.word_count)


@count(
    unit="sentences", source=_C4 + "; datatrove 0.10.1, C4QualityFilter", edges=SMALL_COUNT_EDGES
)
def clean_sentence_count(view: TextView) -> Value:
    """Number of sentences in the lines that C4 keeps; 0 where C4 drops the page.

    A line is kept if white space divides it into three pieces or more, none of over 1,000
    characters, if it ends a sentence or a quotation, not in an ellipsis, and if it names neither
    JavaScript nor a policy (C4's own English phrases). A line with "lorem ipsum" or an opening
    curly brace that would be kept so far drops the page.
    """
    if not view.line_count:
        return 0.0
    last = view.codes[view.line_ends - 1]
    kept = view.line_ends_sentence | (last == _QUOTE) | (last == _APOSTROPHE)
    kept &= ~view.line_ends_in_ellipsis
    pieces, longest = view.line_pieces
    kept &= (pieces >= _C4_LINE_WORDS) & (longest <= _C4_WORD_CHARACTERS)
    if kept[_lines(view, _LOREM_IPSUM)].any():
        return 0.0
    kept[_lines(view, _JAVASCRIPT)] = False
    braces = np.flatnonzero(view.codes == _BRACE) if "{" in view.text else np.zeros(0, np.int64)
    if kept[np.searchsorted(view.line_starts, braces, side="right") - 1].any():
        return 0.0
    kept[_lines(view, _C4_POLICY)] = False
    counts = np.bincount(view.sentence_end_lines, minlength=view.line_count)
    return float(np.maximum(counts[kept], 1).sum())


def _separators(view: TextView) -> NDArray[np.bool_]:
    return view.kept("separators", lambda: (view.classes & characters.SEPARATOR) != 0)


@cache
def _known_phrases() -> Phrases:
    """Phrases of every kind, found in one pass."""
    policies = {phrase: _POLICY for group in POLICY_PHRASES.values() for phrase in group}
    c4 = dict.fromkeys(POLICY_PHRASES["eng"], _POLICY | _C4_POLICY)
    return compile_phrases(
        {**policies, **c4, "lorem ipsum": _LOREM_IPSUM, "javascript": _JAVASCRIPT}
    )


@lru_cache(maxsize=256)
def _pack_phrases(phrases: frozenset[str]) -> Phrases:
    return compile_phrases(dict.fromkeys(sorted(phrases), 1))


def _lines(view: TextView, kind: int) -> NDArray[np.int64]:
    """Line of each phrase of this kind, one entry a find."""
    lines, kinds = view.kept("phrases", lambda: view.phrases(_known_phrases()))
    chosen: NDArray[np.int64] = lines[(kinds & kind) != 0]
    return chosen


def _line_share(view: TextView, lines: NDArray[np.int64]) -> Value:
    if not view.line_count:
        return None
    return float(np.unique(lines).size / view.line_count) if lines.size else 0.0
