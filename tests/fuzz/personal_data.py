"""Target `pii`: spans of personal data, and the text without it.

The first byte chooses language and host; the rest is the text.
"""

import re
import zlib

from filters import folding, pii
from filters.spans import KINDS

PAGES = (
    *((None, None), ("eng", "uk"), ("deu", "de"), ("fra", "fr"), ("ita", "it"), ("pol", "pl")),
    *(("spa", "es"), ("ces", "cz"), ("swe", "se"), ("ell", "gr"), ("bul", "bg"), ("nld", "com")),
)
ONE_IN = 8
"""Inputs of which one is searched twice more: the search is what takes the time. Of four, one is
searched when nothing should be left."""


def check(data: bytes) -> None:
    """Spans are in order and in bounds; redaction is what they say, and leaves nothing to do."""
    if not data:
        return
    language, tld = PAGES[data[0] % len(PAGES)]
    text = data[1:].decode("utf-8", "replace")
    found = pii.find(text, language, tld)
    end = 0
    for span in found:
        assert end <= span.start < span.end <= len(text)
        assert span.kind in KINDS
        end = span.end
    redacted = pii.render(text, found)
    if zlib.crc32(data) % 4 == 0:
        assert pii.redact(redacted, language, tld) == (redacted, [])
    left = folding.fold(redacted)
    assert len(left.text) + len(left.removed) == len(redacted)
    for span in found:
        if span.detector == "email":
            value = re.escape(folding.fold(text[span.start : span.end]).text)
            assert not re.search(rf"(?<![\w.@-]){value}(?![\w.@-])", left.text)
    if found and zlib.crc32(data) % ONE_IN == 0:
        again, places = pii.redact(text, language, tld)
        assert again == redacted
        assert [span.kind for span in places] == [span.kind for span in found]
        assert all(redacted[s.start : s.end] == f"<{s.kind}>" for s in places)
        alone = pii.find(text, language, tld, frozenset({found[0].kind}))
        assert all(span.kind == found[0].kind for span in alone)
