"""Licence of a page by its metadata. Recorded only: a licence never lifts a reservation.

Many licences on a page are those of a picture or of a theme, so the place says how certain one is,
and pages that name several are marked ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from filters.page_facts import Link

_CREATIVE_COMMONS: Final = re.compile(
    r"(?:^|[/.\s\"'(])creativecommons\.org/"
    r"(?:licenses/(?P<code>(?:by|nc|nd|sa)(?:-(?:by|nc|nd|sa)){0,3}+)(?:/(?P<version>\d\.\d))?"
    r"|publicdomain/(?P<public>zero|mark)(?:/(?P<public_version>\d\.\d))?)",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"\bCC(?:[ -](?P<code>BY(?:-(?:NC|ND|SA)){0,2}+)|[ -]?(?P<zero>0))\b"
    r"(?:[ -](?P<version>\d\.\d))?",
    re.IGNORECASE,
)
MAX_VALUE_CHARS: Final = 500

_CERTAINTY: Final = {
    "header": "high",
    "json_ld": "high",
    "link": "high",
    "meta": "medium",
    "a": "medium",
    "url": "low",
}
"""Of a licence by where it stands; `url` is an address of Creative Commons without rel=license."""
_ORDER: Final = ("high", "medium", "low")
_META_NAMES: Final = frozenset(
    {
        "dcterms.rights", "dc.rights", "dcterms.license", "dc.rights.license", "dc:rights",
        "dcterms:license", "dcterms:rights", "cc:license", "license", "rights", "copyright",
        "rights-standard", "og:license", "xhv:license", "dc.license",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Licence:
    """A licence that a page names."""

    code: str
    """`CC-BY-SA`, `CC0`, `CC-PDM` (public domain mark) or `other`."""
    version: str | None
    place: str
    """`header`, `json_ld`, `link`, `meta`, `a` or `url`."""
    certainty: str
    """`high`, `medium` or `low`: that it is the page's text which is meant, by its place."""
    ambiguous: bool = False
    """The page names other licences as certainly."""

    @property
    def is_non_commercial(self) -> bool:
        """Commercial use is not licensed."""
        return "-NC" in self.code

    @property
    def is_no_derivatives(self) -> bool:
        """Adaptations are not licensed."""
        return "-ND" in self.code


def find(
    links: Iterable[Link], json_ld: Sequence[str], metas: Iterable[tuple[str, str]]
) -> Licence | None:
    """The licence of a page; None if nothing names one. Of equally certain ones, the first."""
    found = list(_named(links, json_ld, metas))
    if not found:
        return None
    best = min(found, key=lambda licence: _ORDER.index(licence.certainty))
    rivals = {one.code for one in found if one.certainty == best.certainty}
    return Licence(best.code, best.version, best.place, best.certainty, len(rivals) > 1)


def of_text(text: str) -> tuple[str, str | None] | None:
    """Code and version of the Creative Commons licence in an address or a name; None without."""
    short = text[:MAX_VALUE_CHARS]
    found = _CREATIVE_COMMONS.search(short)
    if found is not None:
        if found["public"]:
            code = "CC0" if found["public"].lower() == "zero" else "CC-PDM"
            return code, found["public_version"]
        return f"CC-{found['code'].upper()}", found["version"]
    found = _NAMED.search(short)
    if found is None:
        return None
    return ("CC0" if found["zero"] else f"CC-{found['code'].upper()}"), found["version"]


def _named(
    links: Iterable[Link], json_ld: Sequence[str], metas: Iterable[tuple[str, str]]
) -> Iterator[Licence]:
    for link in links:
        if "rsl+xml" in link.media_type.lower():
            continue
        is_licence = not {"license", "licence"}.isdisjoint(link.rel.lower().split())
        known = of_text(link.href)
        if is_licence:
            yield _made(known, link.element)
        elif known is not None:
            yield _made(known, "url")
    for value in json_ld:
        yield _made(of_text(value), "json_ld")
    for name, content in metas:
        known = of_text(content) if name.strip().lower() in _META_NAMES else None
        if known is not None:
            yield _made(known, "meta")


def _made(known: tuple[str, str | None] | None, place: str) -> Licence:
    code, version = known or ("other", None)
    return Licence(code, version, place, _CERTAINTY.get(place, "low"))


_LINK: Final = re.compile(r"<([^<>]{1,2000})>((?:[^,\"<]|\"[^\"]*\")*+)")
_PARAMETER: Final = re.compile(r";\s*([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")


def link_header(value: str) -> list[Link]:
    """Entries of a Link header (RFC 8288), at most 50 of at most 8,192 characters."""
    found = []
    for match in _LINK.finditer(value[:8_192]):
        parameters: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(match.group(2)):
            parameters.setdefault(name.lower(), quoted or bare)
        found.append(
            Link("header", parameters.get("rel", ""), parameters.get("type", ""), match.group(1))
        )
        if len(found) == 50:
            break
    return found
