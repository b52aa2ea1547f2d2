"""What the words around a number say of it, in the languages of Europe: a telephone, or not."""

from __future__ import annotations

import enum
from typing import Final

import regex  # type: ignore[import-untyped]


class Said(enum.IntEnum):
    """How sure the words around a number make it a telephone number."""

    OTHER = -1
    """They name another kind of number."""
    NONE = 0
    """They say nothing."""
    WEAK = 1
    """A number that is valid in a country of the page is one."""
    ASKED = 2
    """A possible number in groups is one: "call me on"."""
    SAID = 3
    """A possible number is one."""
    LABELLED = 4
    """Six digits are enough: "Tel. 123456"."""


# What a telephone, a mobile telephone and a fax are called in the languages of Europe. Stems of
# the first kind count inside compounds too ("Mobiltelefonnummer"), short forms as words alone.
_WORDS: Final = regex.compile(
    r"(?:telem[oó]vel|tel[eèé]?[fp]h?[oóòô]+n|teleph|phone(?!s)|hotline|helpline|whats ?app|viber"
    r"|puhel|guth[aá]n|rufnummer|durchwahl|festnetz|telefax|телефон|тэлефон|мобил|мобіл|мабіл"
    r"|факс|τηλ[έε]φων|κινητ|φαξ|σταθερ[όο]|símanúm|teléf|téléph|tālru|faks|հեռ|ტელ|[☎✆📞📱☏🖀🕿🖷📠])\p{L}*+"
    r"|(?<![\p{L}\p{N}])(?:handy(?:nummer|nr)?|mobil\w{0,9}|gsm\w{0,4}|fax\w{0,8}|tel|tlf|tfn?|tlph"
    r"|tfno|mob|cel|ph|tél|telf|telè|telef|tlfn|fono|fon|móv|m[oó]vil\w?|portable|cell\w{0,5}|kom"
    r"|komórk\w*|linka|тел|моб|ф|т|тл|τηλ|κιν|s[ií]mi?|gsímar?|farsími|puh|matkap|fiks\w*|fijo|fisso"
    r"|pager|t|m|f|p|d)(?![\p{L}\p{N}])",
    regex.IGNORECASE,
)
# Verbs and places that are said of much else: after them a number must be valid.
_WEAK_WORDS: Final = regex.compile(
    r"(?<![\p{L}\p{N}])(?:call\w{0,3}|dial|ring|text|sms|reach|contact\w{0,3}|kontakt\w{0,4}|bellen"
    r"|bel|rufen|anruf\w*|an unter|dzwoń|zadzwo\w*|numer\w{0,3}|volajte|volejte|nazovite|nazovi"
    r"|звон\w*|дзвон\w*|тел\w*|ll[aá]m\w*|chiam\w*|appel\w*|ringi|soita\w*|hív\w*|obadi\w*|suna\w*|sunați"
    r"|zvonit|office|desk|home|work|direct|registered|answer\w*|messages? to|звон)(?![\p{L}\p{N}])",
    regex.IGNORECASE,
)
_WORDS_AFTER: Final = regex.compile(
    r"[ \-,(]{0,3}(?:office|fax|mobile|cell|home|work|tel|phone|desk|direct|mob|gsm|handy|privat"
    r"|faks|факс|моб|дом|раб|puh)\b",
    regex.IGNORECASE,
)
WORD_WINDOW: Final = 40
# One letter is a label only right before a number: "T: 030 123456".
_LABEL: Final = regex.compile(r"[.:)\s]{1,4}\(?")
# Between a word and a number that is valid nowhere stand few letters: "Tel. (office): 123 4567".
_LABEL_GAP: Final = 6
_MAX_LETTERS_BETWEEN: Final = 20
_MAX_LETTERS_AFTER_VERB: Final = 8
# Numbers of other kinds that words name. Serial numbers and codes have their detectors, or none.
_OTHER_WORDS: Final = regex.compile(
    r"isbn|issn|ean\b|gtin|doi|art\.? ?-?n|artikel|item|order|bestell|sku|ref\b|ref\.|invoice|vat\b"
    r"|\bust|iban|konto|account|bank|blz|swift|siret|siren|nip\b|regon|krs|pesel|ico\b|ičo|dič|\boib"
    r"|\bcif\b|nif\b|cvr|org\.? ?n|orgnr|y-tunnus|hrb|hra\b|reg\.? ?n|registr|code\b|\bkod\b|zip"
    r"|plz|psč|postal|инн|огрн|кпп|бик|р/с|к/с|окпо|снилс|єдрпоу|еик|булстат|αφμ|α\.φ\.μ|\bgps|lat\b"
    r"|lon\b|fødselsn|personn|burgerserv|bsn\b|kvk|btw|tva\b|iva\b|dph\b|pvm\b|kmkr|licen|patent"
    r"|passport|ssn\b|retrieved|version|bug\b|[#№§]",
    regex.IGNORECASE,
)


def said_of(text: str, start: int, end: int) -> Said:
    """What the text before a number says of it, or the word right after it."""
    first = max(0, start - WORD_WINDOW)
    window = text[first:start]
    found = Said.NONE
    for match in _WORDS.finditer(text, first, start):
        between = text[match.end() : start]
        is_letter = len(match.group()) == 1 and match.group().isalpha()
        if is_letter and not _LABEL.fullmatch(between):
            continue
        letters = sum(map(str.isalpha, between))
        is_near = letters <= _MAX_LETTERS_BETWEEN and between.count("\n") < 2
        is_near = is_near and not any(map(str.isdigit, between[-_MAX_LETTERS_BETWEEN:]))
        found = (
            Said.LABELLED
            if not letters and len(between) <= 6
            else Said.SAID
            if is_near
            else Said.WEAK
        )
        if _OTHER_WORDS.search(between):
            found = Said.OTHER
    if found <= Said.NONE:
        weak = list(_WEAK_WORDS.finditer(text, first, start))
        if _WORDS_AFTER.match(text, end):
            return Said.SAID
        if _OTHER_WORDS.search(window):
            return Said.OTHER
        return max(_weak(text, match, start) for match in weak) if weak else Said.NONE
    return found


def _weak(text: str, match: regex.Match[str], end: int) -> Said:
    """How sure a verb makes a number: more if hardly a word stands between, "call me on"."""
    letters = sum(map(str.isalpha, text[match.end() : end]))
    return Said.ASKED if letters <= _MAX_LETTERS_AFTER_VERB else Said.WEAK
