"""The lines of a robots.txt, before they are given any meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_BODY_BYTES: Final = 512 * 1024
"""RFC 9309, 2.5 asks for at least 500 KiB."""

_MAX_NOT_TEXT: Final = (
    0.1  # share of control and replacement characters in what may still be a text file
)
_PAGE: Final = re.compile(r"<(?:!doctype|html|head|body|\?xml)\b", re.IGNORECASE)
"""Files with a remark in markup (`<!-- -->`) above their rules exist; they are no pages."""
_SNIFFED_CHARS: Final = 4_096
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_NOT_TEXT: Final = re.compile(r"[\x01-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffd]")
# Spellings that Google's open-source parser also reads.
_KEYS: Final = {
    "user-agent": "agent",
    "useragent": "agent",
    "user agent": "agent",
    "allow": "allow",
    "disallow": "disallow",
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
    "content-signal": "content_signal",
    "content-usage": "content_usage",
    "license": "license",
    "sitemap": "site",
    "host": "site",
}

MAX_LICENSES: Final = 10
MAX_VALUE_CHARS: Final = 2_000


def decode(body: bytes) -> tuple[str, bool]:
    """The text of at most 512 KiB of a file, and whether it was longer.

    By its byte order mark, else UTF-8; bytes that do not decode become lone surrogates, as Python's
    `surrogateescape` makes them.
    """
    truncated = len(body) > MAX_BODY_BYTES
    read = body[:MAX_BODY_BYTES]
    if read.startswith((b"\xff\xfe", b"\xfe\xff")):
        return read.decode("utf-16", "replace"), truncated
    return read.decode("utf-8", "surrogateescape").removeprefix("\ufeff"), truncated


def status_of(text: str) -> str | None:
    """`not_robots` of a web page, `not_text` of other data, else None."""
    if text.lstrip("\ufeff \t\r\n").startswith("<") and _PAGE.search(text, 0, _SNIFFED_CHARS):
        return "not_robots"
    if "\0" in text or len(_NOT_TEXT.findall(text)) > _MAX_NOT_TEXT * len(text):
        return "not_text"
    return None


def directives(text: str, *, truncated: bool) -> tuple[list[tuple[str, str]], str]:
    """Keys and values of the lines that are directives, and all else as text."""
    lines = _LINE_END.split(text)
    found: list[tuple[str, str]] = []
    remarks: list[str] = []
    for line in lines[:-1] if truncated else lines:
        content, _, remark = line.replace("\0", "").partition("#")
        key, value = _key_and_value(content.strip())
        if key is not None:
            found.append((key, value))
        if remark or key in (None, "other"):
            remarks.append(remark or content)
    return found, "\n".join(remarks)


def _key_and_value(content: str) -> tuple[str | None, str]:
    """The directive of a line, `other` for one that we do not know, and its value."""
    key, colon, value = content.partition(":")
    name = key.strip().lower()
    if name in _KEYS and colon:
        return _KEYS[name], value.strip()
    # "Disallow /", also with a colon further on: Google's parser reads it as well.
    word, _, rest = content.partition(" ")
    known = _KEYS.get(word.lower())
    if known in {"agent", "allow", "disallow"} and not word.endswith(":"):
        return known, rest.strip()
    return ("other" if name and colon else None), value.strip()


def licenses(lines: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Values of the first ten different License lines, of whatever group."""
    found = dict.fromkeys(
        encodable(value)
        for key, value in lines
        if key == "license" and 0 < len(value) <= MAX_VALUE_CHARS
    )
    return tuple(found)[:MAX_LICENSES]


def encodable(value: str) -> str:
    """The value with "?" for bytes that did not decode, so that it can be stored."""
    return value.encode("utf-8", "replace").decode("utf-8")
