"""Personal data: found as spans, replaced by typed placeholders.

Replacing is deterministic and idempotent, and does not depend on what else was processed.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from filters import countries, folding
from filters.detectors import DETECTORS, Detector
from filters.names import NAME, Recogniser
from filters.spans import ALL, KINDS, Context, Span

_PLACEHOLDERS: Final = (*KINDS, NAME)
_LITERAL: Final = re.compile(f"<({'|'.join(_PLACEHOLDERS)})>")
_RANK: Final = {kind: rank for rank, kind in enumerate(_PLACEHOLDERS)}
# What is left of a span that lost to a longer one is sought again, in the text that is then there.
# Real pages need two passes, the second of which finds nothing; the cap is for hostile ones.
_MAX_PASSES: Final = 12
# Later passes look at what redaction brought closer together. No detector looks back further than
# the edge; the rest holds a number, or a line of them, on either side.
_EDGE: Final = 100
_AROUND: Final = 400


def find(
    text: str,
    language: str | None = None,
    host_tld: str | None = None,
    kinds: frozenset[str] = ALL,
) -> list[Span]:
    """Personal data as sorted spans in the given text that do not overlap.

    Of overlapping spans the longest wins, then the kind of higher priority, then the earlier.
    Linear in the length of the text.
    """
    return _search(text, language, host_tld, kinds)[0]


def redact(
    text: str,
    language: str | None = None,
    host_tld: str | None = None,
    kinds: frozenset[str] = ALL,
    names: Recogniser | None = None,
) -> tuple[str, list[Span]]:
    """The text with placeholders for personal data, and the placeholders' spans in that new text.

    Placeholders that the text held before are left as they are and give no span. A recogniser of
    names reads what the detectors left.
    """
    found, redacted = _search(text, language, host_tld, kinds)
    if names is not None:
        found = _with_names(redacted, found, names(redacted, language))
        redacted = render(text, found)
    return redacted, [
        replace(span, start=start, end=start + len(span.kind) + 2)
        for span, start in zip(found, _places(found), strict=True)
    ]


def count_literals(text: str) -> dict[str, int]:
    """How many placeholders of each kind stand in a text that was not redacted."""
    counts = dict.fromkeys(_PLACEHOLDERS, 0)
    for match in _LITERAL.finditer(text):
        counts[match.group(1)] += 1
    return {kind: count for kind, count in counts.items() if count}


def candidates(context: Context, detectors: Iterable[Detector]) -> Iterator[Span]:
    """What the detectors find in one context, overlapping and in no order."""
    for detector in detectors:
        yield from detector.find(context)


def select(found: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, taken greedily in the order of preference; sorted by place."""
    taken: list[Span] = []
    order = sorted(found, key=lambda s: (s.start - s.end, _RANK[s.kind], s.start, s.detector))
    for span in order:
        place = bisect.bisect_left(taken, span.start, key=_start)
        if place and taken[place - 1].end > span.start:
            continue
        if place < len(taken) and taken[place].start < span.end:
            continue
        taken.insert(place, span)
    return taken


def render(text: str, spans: Iterable[Span]) -> str:
    """The text with each of some sorted spans replaced by its placeholder."""
    pieces = []
    position = 0
    for span in spans:
        pieces += [text[position : span.start], f"<{span.kind}>"]
        position = span.end
    pieces.append(text[position:])
    return "".join(pieces)


def _start(span: Span) -> int:
    return span.start


def _search(
    text: str, language: str | None, host_tld: str | None, kinds: frozenset[str]
) -> tuple[list[Span], str]:
    """Spans of the text, and the text with placeholders for them, which holds no more."""
    detectors = [detector for detector in DETECTORS if detector.kinds & kinds]
    found: list[Span] = []
    redacted = text
    for _ in range(_MAX_PASSES):
        page = Context("", language, host_tld)
        if found:  # parts are looked at, which may not hold what says of what country the page is
            page = replace(page, gated=countries.gate(language, host_tld, redacted))
        seen = (
            span
            for first, last in _changed(found, len(redacted))
            for span in _seen(redacted, first, last, page, detectors)
        )
        fresh = select(span for span in seen if span.kind in kinds)
        if not fresh:
            break
        if found:
            back = _Back(found)
            fresh = [
                replace(span, start=back.place(span.start), end=back.place(span.end))
                for span in fresh
            ]
        found = sorted([*found, *fresh], key=_start)
        redacted = render(text, found)
    return found, redacted


def _with_names(redacted: str, found: list[Span], ranges: Iterable[tuple[int, int]]) -> list[Span]:
    """The spans with those of names, which may not touch a placeholder; ValueError outside."""
    back = _Back(found)
    named = []
    for start, end in ranges:
        if not 0 <= start < end <= len(redacted):
            message = f"a recogniser of names gave {start} to {end} in {len(redacted)} characters"
            raise ValueError(message)
        named.append(Span(start, end, NAME, "name"))
    literals = [match.span() for match in _LITERAL.finditer(redacted)]
    free = [
        replace(span, start=back.place(span.start), end=back.place(span.end))
        for span in select(named)
        if not any(span.start < end and start < span.end for start, end in literals)
    ]
    return sorted([*found, *free], key=_start)


def _changed(found: Sequence[Span], length: int) -> list[tuple[int, int]]:
    """Ranges of a redacted text in which more may be found than before: around placeholders."""
    if not found:
        return [(0, length)]
    ranges: list[tuple[int, int]] = []
    for place in _places(found):
        first, last = max(0, place - _AROUND), min(length, place + _AROUND)
        if ranges and first <= ranges[-1][1]:
            first = ranges.pop()[0]
        ranges.append((first, last))
    return ranges


def _seen(
    text: str, first: int, last: int, page: Context, detectors: Sequence[Detector]
) -> Iterator[Span]:
    """What detectors find in a range of a text as it is seen, as spans of the text as it is.

    Placeholders are blotted out, so that none is a part of anything, or a word before it. Near an
    edge that is not the text's nothing counts, since words before it are not seen.
    """
    is_whole = last - first == len(text)
    folded = folding.fold(text if is_whole else text[first:last])
    seen = _LITERAL.sub(_blot, folded.text) if "<" in folded.text else folded.text
    context = replace(page, text=seen, points=folded.points)
    low = first + _EDGE if first else 0
    high = last - _EDGE if last < len(text) else last
    for span in candidates(context, detectors):
        if "\0" in seen[span.start : span.end]:
            continue
        start, end = folded.span(span.start, span.end)
        start, end = start + first, end + first
        if low <= start and end <= high:
            yield replace(span, start=start, end=end)


def _blot(literal: re.Match[str]) -> str:
    return "<" + "\0" * len(literal[1]) + ">"


def _places(found: Sequence[Span]) -> Iterator[int]:
    """Where the placeholder of each sorted span begins in the redacted text."""
    shift = 0
    for span in found:
        yield span.start + shift
        shift += len(span.kind) + 2 - (span.end - span.start)


class _Back:
    """The way back from a redacted text to places in the text as it was."""

    def __init__(self, found: Sequence[Span]) -> None:
        self._found = found
        self._starts = list(_places(found))

    def place(self, position: int) -> int:
        """Where a place outside all placeholders, or at the edge of one, was."""
        last = bisect.bisect_right(self._starts, position) - 1
        if last < 0 or position == self._starts[last]:
            last -= 1
        if last < 0:
            return position
        span = self._found[last]
        return position - (self._starts[last] + len(span.kind) + 2) + span.end
