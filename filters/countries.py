"""Which countries a page may be of: by its language, its host and the telephone numbers on it.

An identifier that is known by its form alone is sought only on pages of its country, because among
the forms of forty countries almost any number has one. The tables are facts typed by the project:
a language counts for each country where it is official in some part or widely written (Council of
Europe, European Charter for Regional or Minority Languages, and the countries' constitutions), and
where a language is that is told from it only with difficulty, as Croatian from Serbian;
calling codes are those of ITU-T E.164.
"""

from __future__ import annotations

import re
from typing import Final

_NONE: Final[frozenset[str]] = frozenset()

# Countries, then the ISO 639-3 codes (with the macrolanguages that taggers write for them).
_LANGUAGES: Final = """
BG: bul
HR BA RS ME: hbs hrv bos srp cnr
CZ: ces wym
DK FO GL: dan
NL BE: nld
GB IE MT GI CY: eng
EE: ekk est vro
FI: fin smn sms
FR BE CH LU MC IT AD: fra
DE AT CH LI LU BE IT: deu
GR CY: ell pnt
HU RO SK RS UA: hun
IE GB: gle
IT CH SM VA HR SI: ita
LV: lvs lav ltg liv
LT: lit sgs
MT: mlt
PL: pol csb szl
PT AD: por
RO MD: ron rup
SK: slk
SI IT AT: slv
ES AD GI: spa
SE FI: swe fit
AL XK MK ME: als aln sqi
XK MK: srp
MK: mkd
IS: isl
NO: nob nno nor fkv
UA: ukr crh
BY: bel
RU BY UA MD EE LV LT GE AM AZ: rus
LU DE: ltz
ES AD FR IT: cat
CH: roh
TR CY BG MK: tur
AM: hye
AM TR: hyw
GE: kat xmf abk
AZ: azj aze
ES FR: eus
ES PT: glg ext
ES: ast arg
FR ES IT: oci
GB: cym gla cor glv sco
FR: bre cos pcd nrf
FR CH IT: frp
BE FR: wln vls
CH DE FR LI AT: gsw
DE AT IT: bar
DE: ksh pfl nds frr stq hsb dsb
NL: fry zea
NL BE DE: lim
FO DK: fao
GL DK: kal
SK UA PL RS: rue
IT: fur lld srd sdc sdn vec lij egl rgn nap scn pms aae svm
IT CH: lmo
PT: mwl
TR ES: lad
NO SE FI: sme
NO SE: smj sma
RU: krl olo vep vot izh tat bak chv kum krc udm kpv koi mhr mrj myv mdf xal ady kbd che inh ava lbe
RU: dar
RU AZ: lez
RU GE: oss
RO MD BG RS: rmy
MK RS XK GR: rmn
PL LT LV EE RU: rml
SK CZ HU PL: rmc
MD UA: gag
GR: tsd
"""

_DOMAINS: Final = """
GB: uk im je gg scot wales cymru london
IE: irish
FR: bzh corsica alsace paris re gp mq gf yt pm pf nc
ES: cat gal madrid barcelona
ES FR: eus
DE: berlin hamburg koeln cologne nrw bayern saarland ruhr
AT: wien tirol
CH: swiss zuerich
BE: brussels gent vlaanderen
NL: frl amsterdam
FI: ax helsinki
SE: stockholm
NO: sj
HU: budapest
TR: istanbul ist
RU: su moscow tatar xn--p1ai рф xn--80adxhks москва xn--d1acj3b дети xn--c1avg орг
UA: xn--j1amh укр
BY: xn--90ais бел
RS: xn--90a3ac срб
MK: xn--d1alf мкд
BG: xn--90ae бг
GR: xn--qxam ελ
AM: xn--y9a3aq հայ
GE: xn--node გე
"""

_CALLING_CODES: Final = """
AD 376, AL 355, AM 374, AT 43, AZ 994, BA 387, BE 32, BG 359, BY 375, CH 41, CY 357, CZ 420, DE 49,
DK 45, EE 372, ES 34, FI 358, FO 298, FR 33, GB 44, GE 995, GI 350, GL 299, GR 30, HR 385, HU 36,
IE 353, IS 354, IT 39, LI 423, LT 370, LU 352, LV 371, MC 377, MD 373, ME 382, MK 389, MT 356,
NL 31, NO 47, PL 48, PT 351, RO 40, RS 381, RU 7, SE 46, SI 386, SK 421, SM 378, SM 39, TR 90,
UA 380, VA 379, VA 39, XK 383
"""

COUNTRIES: Final[tuple[str, ...]] = tuple(
    sorted({pair.split()[0] for pair in _CALLING_CODES.split(",")})
)
"""ISO 3166-1 alpha-2 codes, and XK for Kosovo: Europe with its microstates, Turkey and Caucasus."""


def _inverted(table: str) -> dict[str, frozenset[str]]:
    """Lines of "values: keys" as a mapping from each key to the values of all its lines."""
    found: dict[str, set[str]] = {}
    for line in table.strip().splitlines():
        values, _, keys = line.partition(":")
        for key in keys.split():
            found.setdefault(key, set()).update(values.split())
    return {key: frozenset(values) for key, values in found.items()}


def _by_calling_code() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _CALLING_CODES.split(","):
        country, code = pair.split()
        found.setdefault(code, set()).add(country)
    return {code: frozenset(countries) for code, countries in found.items()}


_OF_LANGUAGE: Final = _inverted(_LANGUAGES)
_OF_DOMAIN: Final = {country.lower(): frozenset({country}) for country in COUNTRIES} | _inverted(
    _DOMAINS
)
_OF_CODE: Final = _by_calling_code()
# A calling code counts where as many digits follow as the shortest numbers have.
_CALLING_CODE: Final = re.compile(
    r"\+[ (\u00a0]{0,2}([1-9][0-9]{0,2})(?=(?:[ \u00a0().\-/]{0,3}[0-9]){5})", re.ASCII
)


def of_language(language: str | None) -> frozenset[str]:
    """Countries where a language (ISO 639-3) is official in some part or widely written.

    Empty for a language of no country in Europe and for null.
    """
    return _OF_LANGUAGE.get(language or "", _NONE)


def of_host(tld: str | None) -> frozenset[str]:
    """Countries of a top-level domain ("at", "uk", "xn--p1ai", "cat"); empty for a generic one."""
    return _OF_DOMAIN.get(tld.lower().rpartition(".")[2], _NONE) if tld else _NONE


def of_calling_codes(text: str) -> frozenset[str]:
    """Countries whose calling code stands before a telephone number in the text."""
    text = text.replace("＋", "+")
    if "+" not in text:
        return _NONE
    codes = {digits[:length] for digits in _CALLING_CODE.findall(text) for length in (1, 2, 3)}
    return _NONE.union(*(_OF_CODE[code] for code in codes if code in _OF_CODE))


def gate(language: str | None, host_tld: str | None, text: str) -> frozenset[str]:
    """Countries whose identifiers may be sought in a text without a word that names them.

    The union of what the language, the host and the telephone numbers on the page point to.
    """
    return of_language(language) | of_host(host_tld) | of_calling_codes(text)
