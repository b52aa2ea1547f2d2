"""Personal data: found as spans, replaced by typed placeholders.

A span says where, what kind and which detector, never what: no value reaches a span, an exception
or a log. Replacing is deterministic and idempotent, and does not depend on what else was processed.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import Final

from filters.detectors import DETECTORS
from filters.spans import ALL, KINDS, Context, Span

_LITERAL: Final = re.compile(f"<({'|'.join(KINDS)})>")


def find(
    text: str,
    language: str | None = None,
    host_tld: str | None = None,
    kinds: frozenset[str] = ALL,
) -> list[Span]:
    """Personal data as sorted spans in the given text that do not overlap.

    Of overlapping spans the longest wins, then the kind of higher priority, then the earlier. What
    is left of a loser is sought once more, so that a second run finds nothing.
    """
    found: list[Span] = []
    masked = text
    while fresh := _select(_candidates(Context(masked, language, host_tld), kinds)):
        found += fresh
        masked = _mask(masked, fresh)
    return sorted(found, key=_start)


def redact(
    text: str,
    language: str | None = None,
    host_tld: str | None = None,
    kinds: frozenset[str] = ALL,
) -> tuple[str, list[Span]]:
    """The text with placeholders for personal data, and the placeholders' spans in that new text.

    Placeholders that the text held before are left as they are and give no span.
    """
    pieces, spans = [], []
    position = length = 0
    for span in find(text, language, host_tld, kinds):
        placeholder = f"<{span.kind}>"
        pieces += [text[position : span.start], placeholder]
        length += span.start - position
        spans.append(Span(length, length + len(placeholder), span.kind, span.detector))
        length += len(placeholder)
        position = span.end
    pieces.append(text[position:])
    return "".join(pieces), spans


def redact_url(url: str) -> str:
    """The URL without user information and with placeholders for personal data.

    Percent-encoded text is read as well, to three levels, and "+" also as a space. A host that is
    an IP address stays: it names a site. Never raises; running it again changes nothing.
    """
    while True:
        redacted = _redact_url_once(_without_user_information(url))
        if redacted == url:
            return url
        url = redacted


def count_literals(text: str) -> dict[str, int]:
    """How many placeholders of each kind stand in a text that was not redacted."""
    counts = dict.fromkeys(KINDS, 0)
    for match in _LITERAL.finditer(text):
        counts[match.group(1)] += 1
    return {kind: count for kind, count in counts.items() if count}


def _start(span: Span) -> int:
    return span.start


def _candidates(context: Context, kinds: frozenset[str]) -> Iterator[Span]:
    for detector in DETECTORS:
        if detector.kind in kinds and detector.may_occur(context.text):
            for start, end in detector.find(context):
                yield Span(start, end, detector.kind, detector.name)


def _select(candidates: Iterator[Span]) -> list[Span]:
    """Spans that do not overlap, taken greedily in the order of preference."""
    taken: list[Span] = []
    order = sorted(candidates, key=lambda s: (s.start - s.end, KINDS.index(s.kind), s.start))
    for span in order:
        place = bisect.bisect_left(taken, span.start, key=_start)
        if place and taken[place - 1].end > span.start:
            continue
        if place < len(taken) and taken[place].start < span.end:
            continue
        taken.insert(place, span)
    return taken


def _mask(text: str, spans: Sequence[Span]) -> str:
    """The text with each span as a placeholder stretched to the span's length: offsets stay."""
    pieces = []
    position = 0
    for span in spans:
        pieces += [text[position : span.start], "<", "\0" * (span.end - span.start - 2), ">"]
        position = span.end
    pieces.append(text[position:])
    return "".join(pieces)


# URLs

_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?[/\\]{2,}([^/?#\\]*)")
_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_MAX_ESCAPE_LEVELS: Final = 3


def _without_user_information(url: str) -> str:
    """Cut up to the last "@" of the authority, as browsers do; a backslash is a slash."""
    match = _AUTHORITY.match(url)
    if match is None or "@" not in match.group(1):
        return url
    return url[: match.start(1)] + url[match.start(1) + match.group(1).rindex("@") + 1 :]


def _redact_url_once(url: str) -> str:
    authority = _AUTHORITY.match(url)
    path_start = authority.end() if authority else 0
    spans = []
    for text, places in _url_views(url):
        for span in find(text):
            start, end = places[span.start], places[span.end]
            if span.kind != "IP" or start >= path_start:
                spans.append(Span(start, end, span.kind, span.detector))
    pieces = []
    position = 0
    for span in _select(iter(spans)):
        pieces += [url[position : span.start], f"<{span.kind}>"]
        position = span.end
    pieces.append(url[position:])
    return "".join(pieces)


def _url_views(url: str) -> Iterator[tuple[str, Sequence[int]]]:
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
