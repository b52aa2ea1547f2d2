"""What a page's JSON-LD says of the page itself: its licence, and whether it is free to read.

Things that the page only mentions are passed over: lists of other articles, pictures, places and
events (a museum with an entrance fee is no paywall).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from filters.safe_json import JsonError, loads, many

MAX_BYTES: Final = 256 << 10
MAX_DEPTH: Final = 48
MAX_NODES: Final = 5_000

_ELSEWHERE: Final = frozenset(
    {
        "itemlistelement", "mentions", "citation", "isrelatedto", "relatedlink", "about", "image",
        "primaryimageofpage", "thumbnail", "video", "audio", "author", "publisher", "creator",
        "ispartof", "offers", "subjectof", "exampleofwork", "associatedmedia", "encoding", "logo",
        "comment", "review", "recordedat", "location", "significantlink", "isbasedon",
        "workexample",
    }
)  # fmt: skip
"""Properties whose values are other things than the page."""
_OTHER_TYPES: Final = frozenset(
    {
        "imageobject", "videoobject", "audioobject", "mediaobject", "3dmodel", "place", "event",
        "touristattraction", "museum", "park", "organization", "person", "product", "offer",
        "service",
        "itemlist", "breadcrumblist", "listitem", "localbusiness", "softwareapplication", "dataset",
        "landmarksorhistoricalbuildings", "accommodation", "trip",
    }
)  # fmt: skip


_NOT_FREE: Final = re.compile(
    r'"isAccessibleForFree"\s{0,20}:\s{0,20}(?:"(?:https?://schema\.org/)?False"|false)',
    re.IGNORECASE,
)
"""In a script that is no JSON, as templates leave them, these words still mean what they say."""


@dataclass(frozen=True)
class JsonLd:
    """What all JSON-LD scripts of a page say together."""

    licences: tuple[str, ...] = ()
    """Addresses or names of licences of the page, as written."""
    accessible_for_free: bool | None = None
    """False if it, or a part of it, is said not to be; None if nothing is said."""
    unreadable: int = 0
    """Scripts that are no JSON, too large, too deep, or hold too much."""


def read(scripts: Iterable[str]) -> JsonLd:
    """What the texts of a page's `application/ld+json` scripts say; never raises."""
    licences: dict[str, None] = {}
    free: set[bool] = set()
    unreadable = 0
    for script in scripts:
        try:
            value = loads(script.encode("utf-8", "replace"), MAX_BYTES, MAX_DEPTH)
        except JsonError:
            unreadable += 1
            if _NOT_FREE.search(script):
                free.add(False)
            continue
        nodes, is_whole = _nodes(value)
        for node in nodes:
            licences.update(dict.fromkeys(_licences(node)))
            free |= _freedom(node)
        unreadable += not is_whole
    said = False if False in free else (True if free else None)
    return JsonLd(tuple(licences), said, unreadable)


def _nodes(value: Any) -> tuple[list[dict[str, Any]], bool]:
    """Objects that speak of the page, without recursion, and whether those are all."""
    found: list[dict[str, Any]] = []
    waiting, seen = [value], 0
    while waiting and seen < MAX_NODES:
        node = waiting.pop()
        seen += 1
        if isinstance(node, list | tuple):
            waiting.extend(reversed(node))
        elif isinstance(node, dict) and _types(node).isdisjoint(_OTHER_TYPES):
            found.append(node)
            waiting.extend(
                inner
                for key, inner in node.items()
                if isinstance(inner, list | tuple | dict) and key.lower() not in _ELSEWHERE
            )
    return found, not waiting


def _types(node: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for value in many(node.get("@type")):
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str):
                found.add(name.rpartition("/")[2].rpartition(":")[2].lower())
    return found


def _licences(node: Mapping[str, Any]) -> Iterator[str]:
    for value in many(node.get("license")):
        for one in value if isinstance(value, list) else [value]:
            named = one
            if isinstance(one, dict):
                named = one.get("url") or one.get("@id") or one.get("name")
            if isinstance(named, str) and named.strip():
                yield named.strip()[:500]


def _freedom(node: Mapping[str, Any]) -> set[bool]:
    found = set()
    for value in many(node.get("isAccessibleForFree")):
        word = str(value).strip().lower().rpartition("/")[2]
        if word in ("false", "no", "0"):
            found.add(False)
        elif word in ("true", "yes", "1"):
            found.add(True)
    return found
