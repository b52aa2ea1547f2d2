"""One decision on a page, of what every channel says, under a policy.

Any reservation wins, and an explicit permission in one channel never lifts a reservation in another
(Directive (EU) 2019/790, Article 4(3); IETF AIPREF vocabulary, combining preferences). All that
reserves is kept in `Rights.reserved_by`, whatever the policy, so that another policy is a later
decision on the stored column (`reasons`), not a new reading.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from filters.licences import Licence

POLICY_VERSION: Final = "2"
"""Rises when the same page can get another decision."""

CHANNELS: Final[dict[str, str]] = {
    "robots": "rights.robots",
    "content_signal": "rights.content_signal",
    "content_usage": "rights.content_usage",
    "tdm_reservation": "rights.tdm_reservation",
    "noai": "rights.noai",
    "ai_txt": "rights.ai_txt",
    "rsl": "rights.rsl",
    "paywalled": "rights.paywalled",
    "domain_list": "rights.domain_list",
    "robots_ambiguous": "rights.robots_ambiguous",
    "robots_unreachable": "rights.robots_unreachable",
    "rsl_unresolved": "rights.rsl_unresolved",
    "natural_language": "rights.natural_language",
    "unreadable": "rights.unreadable",
    "noimageai": "rights.noimageai",
}
"""Every channel in declared order, with the reason that it gives."""

_STANDARD: Final = (
    "robots", "content_signal", "content_usage", "tdm_reservation", "noai", "ai_txt", "rsl",
    "paywalled", "domain_list",
)  # fmt: skip
POLICIES: Final[dict[str, tuple[str, ...]]] = {
    "standard": _STANDARD,
    "strict": (
        *_STANDARD, "robots_ambiguous", "robots_unreachable", "rsl_unresolved", "natural_language",
        "unreadable",
    ),
    "none": (),
}  # fmt: skip
"""Channels that a policy heeds. `noimageai` is about images: it is recorded, and in no policy."""

_TDM_PLACES: Final = ("meta", "header", "file")
"""From the highest precedence."""

RESERVED: Final = "reserved"
ALLOWED: Final = "allowed"
UNKNOWN: Final = "unknown"

AT_CRAWL: Final = "at_crawl"
LATEST: Final = "latest"
UNION: Final = "union"
MODES: Final = (UNION, AT_CRAWL, LATEST)

MAX_VALUE_CHARS: Final = 200
"""Of what a site wrote, so much is kept as evidence."""
_UNSHOWN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


@dataclass(frozen=True)
class RobotsEvidence:
    """What is kept of a host's robots.txt for one page."""

    status: str
    """One of `robots_fetch.STATUSES`."""
    source: str = AT_CRAWL
    """`at_crawl`, the snapshot's own file, or `latest`, a newer one."""
    fetched_at: str | None = None
    sha256: str | None = None
    agent: str | None = None
    rule: str | None = None
    named: bool = False
    star: bool = False
    ambiguous: bool = False


@dataclass(frozen=True)
class Finding:
    """What one channel says in one place (`robots`, `header`, `meta`, `file`, `page`, `list`)."""

    channel: str
    """One of `CHANNELS`, or one that is only recorded: `licence`, `directive`."""
    verdict: str
    place: str
    value: str | None = None
    """As written, at most `MAX_VALUE_CHARS` characters without controls."""
    address: str | None = None
    """Of a tdm-policy, or of an RSL document that nobody has read yet; whole."""
    robots: RobotsEvidence | None = None
    licence: Licence | None = None


@dataclass(frozen=True)
class TdmRep:
    """The value of TDMRep that counts: meta before header before file."""

    value: int
    place: str
    policy: str | None = None
    """Address of the site's tdm-policy."""


@dataclass(frozen=True)
class Rights:
    """The decision on a page under a policy, and every channel's value."""

    decision: str
    """`reserved`, `allowed` (some channel says so, none that the policy heeds reserves) or
    `unknown`."""
    decided_by: tuple[str, ...]
    """Channels that gave the decision, in the order of `CHANNELS`."""
    reserved_by: tuple[str, ...]
    """Every channel that reserves, heeded or not, in the order of `CHANNELS`."""
    policy: str
    policy_version: str
    robots: RobotsEvidence | None
    tdmrep: TdmRep | None
    content_usage: str | None
    content_signal: str | None
    noai: bool | None
    """False: directives for robots were given, and noai is not among them."""
    directives: tuple[str, ...]
    """Other directives for robots that were given: `noindex`, `noimageai` ..."""
    ai_txt: str | None
    """The line that decides, else the file's status; null without a file."""
    rsl: str | None
    """`prohibits`, `not_permitted`, `on_terms`, `permits`, `unresolved`, or a document's status."""
    licence: Licence | None
    accessible_for_free: bool | None
    natural_language: str | None
    """The words of robots.txt that reserve in prose."""
    unreadable: tuple[str, ...]
    """What was there and could not be read: `tdmrep.json: not_json`."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason names of the channels that gave a reservation."""
        if self.decision != RESERVED:
            return ()
        return tuple(CHANNELS[channel] for channel in self.decided_by)


def reasons(rights: Mapping[str, Any], policy: Collection[str]) -> tuple[str, ...]:
    """Reason names that a policy (channels, as in `POLICIES`) gives for a stored `rights` struct.

    Needs nothing but its `reserved_by`, a list of channels, which a whole column can be asked for
    at once. In the order of `CHANNELS`; empty if the policy keeps the page.
    """
    return tuple(CHANNELS[one] for one in rights["reserved_by"] or () if one in policy)


def chosen(mode: str, at_crawl: list[Finding], latest: list[Finding] | None) -> list[Finding]:
    """Findings of two robots files of a host under a mode: `at_crawl`, `latest` or `union`.

    `latest` is None where no newer file is known of the host; then the snapshot's own counts, as it
    does beside a newer one that could not be had.
    """
    if latest is None or mode == AT_CRAWL:
        return at_crawl
    is_answer = all(finding.channel != "robots_unreachable" for finding in latest)
    return latest if mode == LATEST and is_answer else [*at_crawl, *latest]


def combine(
    findings: Iterable[Finding],
    heeded: Collection[str] = POLICIES["standard"],
    policy: str = "standard",
) -> Rights:
    """One decision of all findings of a page: reserved if any channel that is heeded reserves.

    `heeded` are the channels of the policy, `policy` its name. Within TDM-Reservation a value in
    the page overrides the header's, and that the site file's, as the protocol says (TDMRep,
    section 4).
    """
    kept = _without_overridden(list(findings))
    reserved_by = reserving(kept)
    decided_by = tuple(channel for channel in reserved_by if channel in heeded)
    decision = RESERVED if decided_by else UNKNOWN
    if not decided_by:
        for_it = {one.channel for one in kept if one.verdict == ALLOWED} - set(reserved_by)
        decided_by = tuple(channel for channel in CHANNELS if channel in for_it)
        decision = ALLOWED if decided_by else UNKNOWN
    robots = _deciding(kept, "robots")
    tdm, noai = _deciding(kept, "tdm_reservation"), _deciding(kept, "noai")
    licence, free = _deciding(kept, "licence"), _deciding(kept, "paywalled")
    number = {RESERVED: 1, ALLOWED: 0}.get(tdm.verdict) if tdm else None
    return Rights(
        decision=decision,
        decided_by=decided_by,
        reserved_by=reserved_by,
        policy=policy,
        policy_version=POLICY_VERSION,
        robots=robots.robots if robots else None,
        tdmrep=None
        if tdm is None or number is None
        else TdmRep(number, tdm.place, shown(tdm.address)),
        content_usage=_value(kept, "content_usage"),
        content_signal=_value(kept, "content_signal"),
        noai=noai.verdict == RESERVED if noai else None,
        directives=tuple(sorted({one.value or "" for one in kept if one.channel == "directive"})),
        ai_txt=_value(kept, "ai_txt"),
        rsl=_value(kept, "rsl") or _value(kept, "rsl_unresolved"),
        licence=licence.licence if licence else None,
        accessible_for_free=free.verdict != RESERVED if free else None,
        natural_language=_value(kept, "natural_language"),
        unreadable=tuple(
            dict.fromkeys(one.value or one.place for one in kept if one.channel == "unreadable")
        ),
    )


def reserving(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Channels that reserve, in the order of `CHANNELS`."""
    kept = _without_overridden(list(findings))
    against = {one.channel for one in kept if one.verdict == RESERVED}
    return tuple(channel for channel in CHANNELS if channel in against)


def _without_overridden(findings: list[Finding]) -> list[Finding]:
    """Without values of TDM-Reservation that one of higher precedence overrides."""
    ranks = [
        _TDM_PLACES.index(one.place)
        for one in findings
        if one.channel == "tdm_reservation" and one.verdict != UNKNOWN
    ]
    best = min(ranks, default=0)
    return [
        one
        for one in findings
        if one.channel != "tdm_reservation" or _TDM_PLACES.index(one.place) <= best
    ]


def _deciding(findings: list[Finding], channel: str) -> Finding | None:
    """The finding that speaks for a channel: a reservation before a permission, else the first."""
    rank = (RESERVED, ALLOWED, UNKNOWN)
    own = [finding for finding in findings if finding.channel == channel]
    return min(own, key=lambda finding: rank.index(finding.verdict), default=None)


def _value(findings: list[Finding], channel: str) -> str | None:
    found = _deciding(findings, channel)
    return found.value if found else None


def shown(value: str | None) -> str | None:
    """What a site wrote as evidence: cut, controls and invisible characters as U+FFFD."""
    return None if value is None else _UNSHOWN.sub("\ufffd", value[:MAX_VALUE_CHARS])
