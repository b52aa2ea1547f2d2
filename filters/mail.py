"""E-mail addresses: as written, spaced, and disguised as in "name (at) example (dot) org"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex  # type: ignore[import-untyped]

from filters.spans import Context, Span

# Read backwards from the "@": what a local part may hold, and what it may begin with.
_LOCAL: Final = regex.compile(r"[\p{L}\p{M}\p{N}._%+'’\-]{1,65}+")
_LOCAL_EDGE: Final = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_DOMAIN_RUN: Final = regex.compile(r"[\p{L}\p{M}\p{N}.\-]{1,255}+")
_TLD: Final = regex.compile(r"[\p{L}\p{M}]{2,63}+|[Xx][Nn]--[A-Za-z0-9\-]{1,59}+")
_MAX_LOCAL: Final = 64  # RFC 5321, 4.5.3.1.1
_MAX_LABEL: Final = 63  # RFC 1035, 2.3.4
# "logo@2x.png" names a picture, not a mailbox. None of these is a top-level domain.
_FILE_SUFFIXES: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "html"})

# How "@" is called where people call it something, spelled with and without marks.
_AT_NAMES: Final = frozenset(
    [
        "@",
        "at",
        "ät",
        "et",
        "ad",
        "a",
        "arroba",
        "arrova",
        "arroua",
        "chiocciola",
        "chiocciolina",
        "malpa",
        "małpa",
        "małpka",
        "zavinac",
        "zavináč",
        "kukac",
        "snabel-a",
        "snabel a",
        "snabela",
        "snábela",
        "krøllalfa",
        "alfakrøll",
        "apenstaartje",
        "apestaartje",
        "aapje",
        "собака",
        "собачка",
        "равлик",
        "слимак",
        "маймунско а",
        "маймунско",
        "кльомба",
        "мајмунче",
        "лудо а",
        "παπάκι",
        "παπακι",
        "papaki",
        "manki",
        "majmunsko a",
        "ludo a",
        "et-znak",
        "afna",
        "coada de maimuta",
        "coadă de maimuță",
        "arond",
        "arobas",
        "arobase",
        "arrobase",
        "klammeraffe",
        "strudel",
        "ät-märk",
        "ät-merkki",
        "miukumauku",
        "kissanhäntä",
        "rožė",
        "eta",
        "etta",
        "çengelli a",
        "kuyruklu a",
        "abartildea",
        "abildua",
        "monkey",
    ]
)
_SHORT_NAMES: Final = frozenset({"a", "et", "ad", "eta"})
_DOT_WORDS: Final = (
    r"dot|d0t|punkt|punkts|punkto|punto|puntu|puntua|point|ponto|pont|piste|prik|kropka|te[cč]ka"
    r"|bodka|to[cč]ka|pika|punct|ta[sš]kas|nokta|точка|тачка|крапка|кропка|τελεία|τελεια"
)
# One pattern for each bracket: a search for one character is three times as quick as for four.
_BRACKETED: Final = tuple(
    (opening, re.compile(rf"\{opening}([^()\[\]{{}}<>\n]{{1,22}}+)\{closing} ?(?=[^\W_])"))
    for opening, closing in ("()", "[]", "{}", "<>")
)
_ESCAPED_AT: Final = re.compile(r"&#(?:0{0,4}64|[xX]0{0,4}40);|&commat;|%40| ?[*_]at[*_] ?")
# Each with its rarest character: to look for one is ten times as quick as for several.
_ESCAPES: Final = (("&", "&#"), ("&", "&commat;"), ("%", "%40"), ("*", "*at*"), ("_", "_at_"))
_DISGUISED_DOT: Final = regex.compile(
    rf" ?[(\[{{<] ?(?:\.|{_DOT_WORDS}) ?[)\]}}>] ?| (?:{_DOT_WORDS}) (?=\p{{L}})|&#0*46;",
    regex.IGNORECASE,
)
# " @ " is a place or a time in most texts; after such a word it is an address.
_MAIL_WORDS: Final = regex.compile(
    r"mail|e-?post|пошт|почт|поща|ηλεκτρονικ|correo|courriel|posta|pasts|adres|kontakt|contact",
    regex.IGNORECASE,
)
_MAIL_WINDOW: Final = 60
_SPACED: Final = regex.compile(
    r"(?<= )@ [\p{L}\p{N}\-]{1,63}+(?: ?\. ?[\p{L}\p{N}\-]{1,63}+){1,4}+(?![\p{L}\p{N}])"
)
_MAX_DISGUISED_DOTS: Final = 4


def find_email(context: Context) -> Iterator[Span]:
    """Addresses with "@" as people write them; the text around them is left."""
    text = context.text
    at = text.find("@")
    while at >= 0:
        start, end = _local_start(text, at), _domain_end(text, at + 1)
        if start < at and end:
            yield Span(start, end, "EMAIL", "email")
        elif start == at and at and text[at - 1] == " ":
            yield from _spaced(text, at)
        at = text.find("@", at + 1)


def _spaced(text: str, at: int) -> Iterator[Span]:
    """The address in "mail: name @ example . org"; nothing without such a word."""
    match = _SPACED.match(text, at)
    start = _local_start(text, at - 1)
    if match is None or start == at - 1:
        return
    window = text[max(0, start - _MAIL_WINDOW) : start]
    tld = match.group().rpartition(".")[2].strip()
    if _MAIL_WORDS.search(window) and _TLD.fullmatch(tld):
        yield Span(start, match.end(), "EMAIL", "email.spaced", None, True)


def find_disguised(context: Context) -> Iterator[Span]:
    """Addresses whose "@" is a word in brackets or an escape; the dots may be plain."""
    text = context.text
    found = [
        at
        for opening, bracketed in _BRACKETED
        if opening in text
        for at in bracketed.finditer(text)
        if _is_at(at)
    ]
    if any(sign in text and escape in text for sign, escape in _ESCAPES):
        found += _ESCAPED_AT.finditer(text)
    for at in found:
        local_end = at.start() - (text[at.start() - 1 : at.start()] == " ")
        start, end = _local_start(text, local_end), _disguised_domain_end(text, at.end())
        if start < local_end and end:
            yield Span(start, end, "EMAIL", "email.disguised")


def _is_at(bracketed: re.Match[str]) -> bool:
    """Whether a word in brackets stands for "@"; short ones with spaces number a list."""
    name = bracketed[1].strip(" ").lower()
    return name in _AT_NAMES and not (name in _SHORT_NAMES and bracketed[0].endswith(" "))


def _local_start(text: str, at: int) -> int:
    """Start of the local part that ends at `at`; `at` itself if there is none."""
    backwards = text[max(0, at - _MAX_LOCAL - 1) : at][::-1]
    run = _LOCAL.match(backwards)
    if run is None or run.end() > _MAX_LOCAL:
        return at
    start = at - int(run.end())
    while start < at and not _LOCAL_EDGE.match(text[start]):
        start += 1
    return start


def _domain_end(text: str, start: int) -> int:
    """End of the domain name that starts here; 0 if there is none with a top-level domain."""
    run = _DOMAIN_RUN.match(text, start)
    if run is None:
        return 0
    end, position, last_tld = 0, start, ""
    for number, label in enumerate(run.group().split(".")):
        name = label.rstrip("-")
        if not name or len(name) > _MAX_LABEL or name.startswith("-"):
            break
        if last_tld.islower() and name[0].isupper():
            break  # "a@example.org.Next sentence": the space was forgotten
        is_tld = number > 0 and _TLD.fullmatch(name) is not None
        if is_tld and name.lower() not in _FILE_SUFFIXES:
            end = position + len(name)
        last_tld = name if is_tld else ""
        position += len(label) + 1
        if name != label:
            break
    return end


def _disguised_domain_end(text: str, start: int) -> int:
    end, position = _domain_end(text, start), start
    for _ in range(_MAX_DISGUISED_DOTS):
        label = _DOMAIN_RUN.match(text, position)
        dot = _DISGUISED_DOT.match(text, label.end()) if label else None
        if dot is None:
            break
        position = dot.end()
        tld = _TLD.match(text, position)
        if tld is not None:
            end = max(end, tld.end(), _domain_end(text, position))
    return end
