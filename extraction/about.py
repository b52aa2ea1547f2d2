"""What a page says of itself: when it was published, and in which language it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Final

PUBLISHED: Final = (
    *("article:published_time", "og:article:published_time", "datepublished", "og:published_time"),
    *("dcterms.issued", "dc.date.issued", "dcterms.date", "dc.date", "citation_publication_date"),
    *("parsely-pub-date", "sailthru.date", "pubdate", "publishdate", "publish_date", "date"),
)
"""Names of `meta` elements that hold the date, the surest first."""
LANGUAGE: Final = ("content-language", "og:locale", "dc.language", "inlanguage")
EARLIEST: Final = dt.date(1990, 1, 1)
"""Before it there was no web."""
MAX_TAG_CHARS: Final = 35
"""RFC 5646, section 4.4.1."""
_DATE: Final = re.compile(r"\s*(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?!\d)")
_IN_JSON: Final = re.compile(r'"datePublished"\s{0,9}:\s{0,9}"([^"]{8,40})"')
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")


def published(metas: Iterable[Sequence[str]], scripts: Iterable[Sequence[str]]) -> str | None:
    """The day of publication, YYYY-MM-DD: out of JSON-LD, else out of the surest `meta` element.

    `metas` are names and contents, `scripts` media types and texts (`filters.page_facts`). What is
    no date since 1990 is passed over. Where dates are written day first or month first, nobody can
    tell which: only years come first here.
    """
    for _, text in scripts:
        for found in _IN_JSON.finditer(text):
            if day := _day(found[1]):
                return day
    known: dict[str, str] = {}
    for name, content in metas:
        if (key := name.strip().lower()) in PUBLISHED and (day := _day(content)):
            known.setdefault(key, day)
    return next((known[name] for name in PUBLISHED if name in known), None)


def _day(text: str) -> str | None:
    found = _DATE.match(text[:40])
    if not found:
        return None
    try:
        day = dt.date(*map(int, found.groups()))
    except ValueError:
        return None
    return day.isoformat() if day >= EARLIEST else None


def language(declared: str | None, metas: Iterable[Sequence[str]]) -> str | None:
    """The language tag that a page declares: of its `html` element, else of a `meta` element."""
    named = {name.strip().lower(): content for name, content in metas}
    for text in (declared, *(named.get(name) for name in LANGUAGE)):
        found = _TAG.fullmatch((text or "").strip()[: MAX_TAG_CHARS + 1])
        if found and len(found[0]) <= MAX_TAG_CHARS:
            return found[0].replace("_", "-")
    return None
