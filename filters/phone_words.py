"""What the words around a number say of it, in the languages of Europe: a telephone, or not."""

from __future__ import annotations

import enum
import re
from typing import Final


class Said(enum.IntEnum):
    """How sure the words around a number make it a telephone number."""

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
_WORDS: Final = re.compile(
    r"(?:telem[oó]vel|tel[eèé]?[fp]h?[oóòô]+[nw]|teleph|phone(?!s)|hotline|helpline|viber"
    r"|whats ?app|puhel|guth[aá]n|rufnummer|durchwahl|festnetz|telefax|телефон|тэлефон|мобил|мобіл"
    r"|мабіл|факс|τηλ[έε]φ|κινητ|φαξ|σταθερ[όο]|símanúm|teléf|téléph|tālr|faks|հեռ|բջջ|ֆաքս"
    r"|ტელ|მობ|ფაქს|ff[oô]n|ffacs|mowbajl|mobitel|oqarasua|mugikor|belgegeçer"
    r"|[☎✆📞📱☏🖀🕿🖷📠])[^\W\d_]*+"
    r"|(?<![^\W_])(?:handy(?:nummer|nr)?|m[oòóô]bi\w{0,9}|m[oòóô]vi[ls]\w{0,5}|gsm\w{0,4}"
    r"|fax\w{0,8}|feks|facs|tel|tlf"
    r"|tfn?|tlph|tfno|mob|cel(?=[.:](?! ?-))|ph(?=[.:])|tél|teil|telf|telè|telef"
    r"|tlfn|fono|f[oóò]n|móv|portable|cell(?:phone|ular\w{0,3})?"
    r"|kom(?=[.:])|komórk\w*|linka|cep|symudol|тел|тэл|моб|ф|т|тл|τηλ|κιν|s[ií]m[aiu]\w{0,6}"
    r"|gsímar?|farsím\w{0,3}|puh"
    r"|matkap|fiks\w*|fijo|fisso|pager|t|m|f)(?![^\W_])"
)
# Verbs, and what numbers are called after them: then a number must be valid, or near and in groups.
_VERBS: Final = re.compile(
    r"(?<![^\W_])(?:call\w{0,3}|dial|ring\w{0,3}|text (?:us|me)|sms|reach|contact\w{0,3}"
    r"|kontakt\w{0,4}|bellen"
    r"|bel|rufen|anruf\w*|an unter|dzwoń|zadzwo\w*|numer\w{0,4}|numbr\w*|numr\w*|numár\w*|numara\w*"
    r"|vola[jť]\w*|volejte|pozov\w*|nazov\w*|pokli\w*|kliči\w*|позов\w*|јавете\w*|повика\w*"
    r"|звони\w*|дзвон[иі]\w*|званіц\w*|номер\w*|тел\w*|обад\w*|ll[aá]m\w*|cham[aeo]\w*|chiam\w*"
    r"|appel\w*|ligue\w*|truqu\w*|truca\w*|deitu\w*|soita\w*|helista\w*|zvani\w*|skambin\w*"
    r"|hív\w*|hringi\w*"
    r"|obadi\w*|suna\w*|sună\w*|zvonit|καλ[έε]σ\w*|τηλεφων\w*|επικοινων\w*|arayın\w*|aranan\w*"
    r"|arayabil\w*|bizi|bizə|zəng"
    r"|ċempel\w*|ċemplu\w*|ffoniwch|glaoigh\w*|fòn\w*|զանգ\w*|დარეკ\w*|დაგვირეკ\w*|ნომერ\w*"
    r"|answering|messages? to)(?![^\W_])"
)
_PLACE_LABEL: Final = re.compile(r"(?<![^\W_])(?:office|desk|home|work|direct|büro): ?\(?$")
_WORDS_AFTER: Final = re.compile(
    r"[ \-,(]{0,3}(?:office|fax|mobile|cell(?=\))|home|work|tel|phone|desk|direct|mob|gsm|handy"
    r"|privat"
    r"|faks|факс|моб|дом|раб|puh|numara\w*|nömrə\w*|numaralı)\b"
)
WORD_WINDOW: Final = 40
# One letter is a label only right before a number: "T: 030 123456".
_LABEL: Final = re.compile(r"[.:][.:)\t ]{0,3}\(?|\t\(?| er ")
# Between a word and a number that is valid nowhere stand few letters: "Tel. (office): 123 4567".
_LABEL_GAP: Final = 6
_WHOLE_WORD: Final = 6  # letters of a word that is no abbreviation: a full stop ends a sentence
_MAX_LETTERS_BETWEEN: Final = 20
_MAX_LETTERS_AFTER_VERB: Final = 8
# Numbers of other kinds that words name. Serial numbers and codes have their detectors, or none.
_OTHER_WORDS: Final = re.compile(
    r"isbn|issn|ean\b|gtin|doi|art\.? ?-?n|artikel|item|order|bestell|sku"
    r"|modell?\b|teil(?:e)?n|diel|serie|serial|part n|objedn|zam[oó]w|заказ|замовл"
    r"|поръч|naro[cč]|narud|pedido|command[ea]|ordin[ea]|rendel|tellim|tilaus|u[zž]sak|pas[uū]t"
    r"|παραγγελ|porosi|sipari[sş]"
    r"|sendung|track|tracking|z[aá]s[iy]lk|z[aá]siel|paczk|przesył|env[ií]o|colis"
    r"|spediz|pakke|försänd|küldem|saadetis|αποστολ|пратк|відправл|отправл|ref\b|ref\.|invoice"
    r"|vat\b"
    r"|\bust|iban|konto|account|bank|blz|swift|siret|siren|nip\b|regon|krs|pesel|ico\b|ičo|dič"
    r"|\boib"
    r"|\bcif\b|nif\b|cvr|org\.? ?n|orgnr|y-tunnus|hrb|hra\b|reg\.? ?n|registr|code\b|\bkod\b|zip"
    r"|plz|psč|postal|инн|огрн|кпп|бик|р/с|к/с|окпо|снилс|єдрпоу|еик|булстат|αφμ|α\.φ\.μ|\bgps"
    r"|lat\b"
    r"|lon\b|fødselsn|personn|burgerserv|bsn\b|kvk|btw|tva\b|iva\b|dph\b|pvm\b|kmkr|licen|patent"
    r"|passport|ssn\b|retrieved|version|bug\b|[#№§]"
)


def said_of(text: str, start: int, end: int) -> Said:
    """What the text before a number says of it, or the word right after it; never OTHER."""
    before = text[max(0, start - WORD_WINDOW - 1) : start].lower()
    found = Said.NONE
    for match in _WORDS.finditer(before, len(before) > WORD_WINDOW):
        between = before[match.end() :]
        is_letter = len(match.group()) == 1 and match.group().isalpha()
        if not is_letter or _LABEL.fullmatch(between):
            is_over = len(match.group()) >= _WHOLE_WORD and between.startswith((". ", ".\n"))
            # "t." and "f." stand for much else, "t:" hardly does.
            is_doubtful = is_over or (is_letter and between.startswith("."))
            said = Said.WEAK if is_doubtful else _by_gap(between)
            found = Said.NONE if _OTHER_WORDS.search(between) else said
    if found > Said.NONE:
        return found
    if _WORDS_AFTER.match(text[end : end + WORD_WINDOW].lower()):
        return Said.SAID
    asked = [
        _after_verb(between)
        for match in _VERBS.finditer(before)
        if not _OTHER_WORDS.search(between := before[match.end() :])
    ]
    return max(asked, default=Said.ASKED if _PLACE_LABEL.search(before) else Said.NONE)


# "Kundennummer: ", "member no. ": what telephones are called is asked before.
_SOME_NUMBER: Final = re.compile(
    r"(?:[^\W\d_]{3}(?:nummern?|numer|number)|[^\W\d_]{3} (?:number|nummer|num[eé]ro|n[uú]mero"
    r"|numer|no|nr|n[°º]|№))[.:]{0,2}[ \t]?[:=#]?[ \t]?\(?$"
)


def is_other(text: str, start: int) -> bool:
    """Whether the text before a number names another kind of number, be it one that we know."""
    before = text[max(0, start - WORD_WINDOW) : start].lower()
    return _OTHER_WORDS.search(before) is not None or _SOME_NUMBER.search(before) is not None


def _by_gap(between: str) -> Said:
    """How sure a word makes a number, by what stands between them."""
    letters = sum(map(str.isalpha, between))
    if not letters and len(between) <= _LABEL_GAP:
        return Said.LABELLED
    is_number = any(map(str.isdigit, between[-_MAX_LETTERS_BETWEEN:]))
    is_near = letters <= _MAX_LETTERS_BETWEEN and between.count("\n") < 2
    return Said.SAID if is_near and not is_number else Said.WEAK


def _after_verb(between: str) -> Said:
    """How sure a verb makes a number: more if hardly a word stands between, "call me on"."""
    letters = sum(map(str.isalpha, between))
    return Said.ASKED if letters <= _MAX_LETTERS_AFTER_VERB else Said.WEAK
