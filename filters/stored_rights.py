"""Rights as a column holds them, and pages decided anew by what is stored.

The gate stores what every channel of the snapshot says. Newer robots.txt files, files of sites,
lists of domains and a stricter policy are put beside that later, and give a new struct; neither the
page nor its headers are read again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from filters import addresses
from filters.licences import Licence
from filters.rights import (
    ALLOWED,
    MAX_VALUE_CHARS,
    POLICIES,
    RESERVED,
    UNKNOWN,
    Finding,
    RobotsEvidence,
    combine,
    reserving,
    shown,
)

MAX_ADDRESSES: Final = 4
"""Addresses of RSL documents that are kept of a page."""
MAX_ADDRESS_CHARS: Final = 500
_BREAK: Final = re.compile(r"[\s,;/?&=]")
_WITH_VALUE: Final = ("content_usage", "content_signal", "noai", "ai_txt", "rsl")
"""Channels whose value is a column of its own."""


def struct_of(
    robots: Sequence[Finding],
    page: Sequence[Finding],
    policy: str,
    scheme: str | None = None,
    sha256: str | None = None,
) -> dict[str, Any]:
    """The struct of a page from what robots.txt says and what all else does.

    `scheme` is that of the robots.txt, where one was asked for, and `sha256` its bytes' where
    nothing could be read of them. Evidence is redacted as URLs are.
    """
    findings = [*robots, *page]
    rights = combine(findings, POLICIES[policy], policy)
    file, tdm = rights.robots, rights.tdmrep
    addresses = [f.address for f in findings if f.channel == "rsl_unresolved" and f.address]
    return {
        **{name: getattr(rights, name) for name in _AS_THEY_ARE},
        **{name: evidence(getattr(rights, name)) for name in _EVIDENCE},
        "page_reserved_by": reserving(page),
        "robots": None
        if file is None
        else {
            **asdict(file),
            "scheme": scheme,
            "rule": evidence(file.rule),
            "sha256": file.sha256 or sha256,
        },
        "tdmrep": None if tdm is None else {**asdict(tdm), "policy": evidence(tdm.policy)},
        "rsl_addresses": [_address(one) for one in dict.fromkeys(addresses)][:MAX_ADDRESSES],
        "licence": None if rights.licence is None else asdict(rights.licence),
        "unreadable": [evidence(one) for one in rights.unreadable],
    }


_EVIDENCE: Final = ("content_usage", "content_signal", "ai_txt", "rsl", "natural_language")
_AS_THEY_ARE: Final = (
    *("decision", "decided_by", "reserved_by", "policy", "policy_version", "noai", "directives"),
    "accessible_for_free",
)


def findings_of(rights: Mapping[str, Any]) -> tuple[list[Finding], list[Finding]]:
    """What the snapshot's robots.txt says, and what all else says, out of a stored struct.

    `struct_of` makes the same struct of them again, but for `decision` and `decided_by` where
    another policy decides, and for permissions of a page that was reserved.
    """
    page_by = set(rights["page_reserved_by"] or ())
    robots_by = set(rights["reserved_by"] or ()) - page_by
    allowed_by = set(rights["decided_by"] or ()) if rights["decision"] == ALLOWED else set()
    verdicts = {
        **dict.fromkeys(allowed_by, ALLOWED),
        **dict.fromkeys(page_by | robots_by, RESERVED),
    }
    robots = list(_of_robots(rights, verdicts))
    page = list(_of_page(rights, verdicts))
    for name in _WITH_VALUE:
        value = rights[name]
        if value is not None and (name, value) != ("rsl", "unresolved"):
            said = verdicts.get(name, UNKNOWN)
            shown_value = None if name == "noai" else value
            (robots if name in robots_by else page).append(
                Finding(name, said, "robots" if name in robots_by else "page", shown_value)
            )
    (robots if "rsl_unresolved" in robots_by else page).extend(
        Finding("rsl_unresolved", RESERVED, "page", "unresolved", address=address)
        for address in rights["rsl_addresses"] or ()
    )
    (page if "unreadable" in page_by else robots).extend(
        Finding("unreadable", RESERVED, "page", value) for value in rights["unreadable"] or ()
    )
    for found, channels in ((page, page_by), (robots, robots_by)):
        there = {one.channel for one in (*robots, *page) if one.verdict == RESERVED}
        found += [Finding(one, RESERVED, "page") for one in sorted(channels - there)]
    return robots, page


def _of_robots(rights: Mapping[str, Any], verdicts: Mapping[str, str]) -> Iterator[Finding]:
    seen = rights["robots"]
    if seen is not None:
        known = {name: value for name, value in seen.items() if name != "scheme"}
        said = verdicts.get("robots", UNKNOWN)
        yield Finding("robots", said, "robots", seen["status"], robots=RobotsEvidence(**known))
    if rights["natural_language"]:
        yield Finding("natural_language", RESERVED, "robots", rights["natural_language"])


def _of_page(rights: Mapping[str, Any], verdicts: Mapping[str, str]) -> Iterator[Finding]:
    tdm, licence = rights["tdmrep"], rights["licence"]
    if tdm is not None:
        said = RESERVED if tdm["value"] else ALLOWED
        yield Finding("tdm_reservation", said, tdm["place"], address=tdm["policy"])
    if licence is not None:
        yield Finding("licence", UNKNOWN, licence["place"], licence=Licence(**licence))
    if rights["accessible_for_free"] is not None:
        yield Finding("paywalled", verdicts.get("paywalled", UNKNOWN), "page")
    for directive in rights["directives"] or ():
        yield Finding("directive", UNKNOWN, "page", directive)


def to_plain(finding: Finding) -> dict[str, Any]:
    """A finding of markup as plain values, to cross a process."""
    return asdict(finding)


def from_plain(found: Mapping[str, Any]) -> Finding:
    """The finding that `to_plain` wrote."""
    licence = found["licence"]
    return Finding(**{**found, "licence": licence and Licence(**licence)})


@functools.lru_cache(maxsize=65_536)
def evidence(value: str | None) -> str | None:
    """What a site wrote, as it may be stored: cut, without controls and without personal data."""
    if value is None:
        return None
    made = shown(value) or ""
    if len(made) == MAX_VALUE_CHARS:  # a cut address is no address any more, and yet a person's
        last = max((match.start() for match in _BREAK.finditer(made)), default=MAX_VALUE_CHARS // 2)
        made = made[: last + 1]
    return addresses.redact_url(made)


def _address(url: str) -> str:
    return addresses.redact_url(url) if len(url) <= MAX_ADDRESS_CHARS else ""
