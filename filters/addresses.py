"""Addresses of pages: personal data and keys in them replaced, and all else left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from filters.detectors import DETECTORS
from filters.pii import candidates, render, select
from filters.spans import Context, Span

# As browsers read it: controls before an address and line ends in it are nothing, and http needs no
# slashes.
_AUTHORITY: Final = re.compile(
    r"[\x00-\x20]*+(?:h\s*+t\s*+t\s*+p\s*+(?:s\s*+)?:[/\\\s]*+"
    r"|(?:[A-Za-z][A-Za-z0-9+.\-\t\r\n]*+:)?+[\t\r\n]*+[/\\][\t\r\n]*+[/\\][/\\\t\r\n]*+)"
    r"([^/?#\\]*)",
    re.IGNORECASE | re.ASCII,
)
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_MAX_ESCAPE_LEVELS: Final = 3
# A host that is an address of the network is not looked at.
_IP_HOST: Final = re.compile(r"/(?:[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$", re.ASCII)
_DETECTORS: Final = tuple(detector for detector in DETECTORS if detector.in_urls)

# Parameters that hold a person's data or let one in, by what they are called, without "-" and "_".
_KEYS: Final = {
    "EMAIL": "email mail emailaddress useremail mailto",
    "PHONE": "phone tel telephone telefon mobile phonenumber handy gsm",
    "SECRET": "token accesstoken authtoken idtoken refreshtoken csrftoken apikey secret"
    " clientsecret password passwd pwd pass session sessionid sessid sid phpsessid jsessionid"
    " aspsessionid signature authorization bearer xamzsecuritytoken xamzsignature xamzcredential",
}
_KIND_OF_KEY: Final = {key: kind for kind, keys in _KEYS.items() for key in keys.split()}
_PARAMETER: Final = re.compile(r"[?&;#]([A-Za-z][\w.\-]{1,40}+)=([^?&;#<>]{1,4096})", re.ASCII)
_NOT_NAME: Final = re.compile(r"[_.\-]")
_MIN_SECRET: Final = 8
_MIN_PHONE_DIGITS: Final = 6


def redact_url(url: str) -> str:
    """The URL without user information and with placeholders for personal data and keys.

    Percent-encoded text is read as well, to three levels, and "+" also as a space. A host that is
    an IP address stays: it names a site; numbers in the path stay, unless they are accounts, cards
    or international telephone numbers. Never raises; running it again changes nothing.
    """
    while True:
        redacted = _redact_once(_without_user_information(url))
        if redacted == url:
            return url
        url = redacted


def host_tld(url: str) -> str | None:
    """The top-level domain of an address's host, small; None for a number or no host at all."""
    match = _AUTHORITY.match(url)
    host = match.group(1).rpartition("@")[2].partition(":")[0].rstrip(".") if match else ""
    tld = host.rpartition(".")[2].lower()
    return None if not tld or tld.isdigit() or tld.startswith("[") else tld


def _without_user_information(url: str) -> str:
    """Cut up to the last "@" of the authority, as browsers do; a backslash is a slash."""
    match = _AUTHORITY.match(url)
    if match is None or "@" not in match.group(1):
        return url
    return url[: match.start(1)] + url[match.start(1) + match.group(1).rindex("@") + 1 :]


def _redact_once(url: str) -> str:
    authority = _AUTHORITY.match(url)
    path_start = authority.end() if authority else 0
    spans = list(_parameters(url))
    named = "\0" * path_start + url[path_start:] if _IP_HOST.search(url, 0, path_start) else url
    for text, places in _views(named):
        for span in select(candidates(Context(text), _DETECTORS)):
            start, end = places[span.start], places[span.end]
            spans.append(Span(start, end, span.kind, span.detector))
    return render(url, select(spans))


def _parameters(url: str) -> Iterator[Span]:
    """Values of parameters that are called as personal data and keys are."""
    if "=" not in url:
        return
    for match in _PARAMETER.finditer(url):
        kind = _KIND_OF_KEY.get(_NOT_NAME.sub("", match[1]).lower())
        if kind is not None and _is_value(kind, unquote(match[2], errors="replace")):
            yield Span(match.start(2), match.end(2), kind, "url.parameter")


def _is_value(kind: str, value: str) -> bool:
    digits = sum(map(str.isdigit, value))
    if kind == "PHONE":
        return digits >= _MIN_PHONE_DIGITS
    if kind == "EMAIL":
        return "@" in value
    return len(value) >= _MIN_SECRET and digits > 0


def _views(url: str) -> Iterator[tuple[str, Sequence[int]]]:
    """The URL as written and as decoded, each with the place in the URL of every character."""
    text, places = url, list(range(len(url) + 1))
    for level in range(_MAX_ESCAPE_LEVELS + 1):
        yield text, places
        if "+" in text:
            yield text.replace("+", " "), places
        if level == _MAX_ESCAPE_LEVELS or not _ESCAPES.search(text):
            return
        text, places = _unescape(text, places)


def _unescape(text: str, places: Sequence[int]) -> tuple[str, list[int]]:
    """Decode each escape once. Bytes that are not UTF-8 become lone surrogates."""
    pieces: list[str] = []
    kept: list[int] = []
    position = 0
    for match in _ESCAPES.finditer(text):
        pieces.append(text[position : match.start()])
        kept += places[position : match.start()]
        decoded = bytes.fromhex(match.group().replace("%", "")).decode("utf-8", "surrogateescape")
        pieces.append(decoded)
        offset = match.start()
        for character in decoded:
            kept.append(places[offset])
            offset += 3 * len(character.encode("utf-8", "surrogateescape"))
        position = match.end()
    pieces.append(text[position:])
    kept += places[position:]
    return "".join(pieces), kept
