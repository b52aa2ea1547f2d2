"""Machine-readable reservations against text and data mining, from every channel that a page has.

Each channel gives findings; `combine` makes them one `Rights`. Any reservation wins, and an
explicit permission in one channel never lifts a reservation in another (Directive (EU) 2019/790,
Article 4(3); IETF AIPREF vocabulary, combining preferences). All findings are kept, so that a
stricter policy is a later decision, not a new reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from filters.robots import Robots, product_token

POLICY_VERSION: Final = "1"
"""Rises when the same page can get another decision."""

CHANNELS: Final[dict[str, str]] = {
    "robots": "rights.robots",
    "content_signal": "rights.content_signal",
    "content_usage": "rights.content_usage",
    "tdm_reservation": "rights.tdm_reservation",
    "noai": "rights.noai",
}
"""Every channel in declared order, with the reason it gives."""

RESERVED: Final = "reserved"
ALLOWED: Final = "allowed"
UNKNOWN: Final = "unknown"

# Keys of Content-Usage under which "n" reserves: the draft's, then those of earlier drafts.
_TRAINING_KEYS: Final = ("train-ai", "train-genai", "genai", "ai", "tdm", "all", "bots")

# Directives of X-Robots-Tag with a value after a colon; any other name before a colon is an
# agent's.
_VALUED_DIRECTIVES: Final = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_AGENT_NAME: Final = re.compile(r"[\w.\-]+(?:/[\w.]*)?|\*")


@dataclass(frozen=True)
class Finding:
    """What one channel says in one place (`robots`, `header` or `meta`)."""

    channel: str
    verdict: str
    place: str
    value: str | None = None
    """As written; for `robots`, the status of the file."""
    agent: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Rights:
    """The decision on a page and what it rests on."""

    decision: str
    """`reserved`, `allowed` (some channel says so, none reserves) or `unknown`."""
    decided_by: tuple[str, ...]
    """Channels that gave the decision, in the order of `CHANNELS`."""
    robots_status: str
    robots_agent: str | None
    robots_rule: str | None
    tdm_reservation: int | None
    content_usage: str | None
    content_signal: str | None
    noai: bool | None
    """False: directives for robots were given, and noai is not among them."""
    policy_version: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason names of the channels that reserve."""
        if self.decision != RESERVED:
            return ()
        return tuple(CHANNELS[channel] for channel in self.decided_by)


def from_robots(
    robots: Robots | None, status: str, agents: Sequence[str], path: str
) -> list[Finding]:
    """Findings of a site's robots.txt for the given training agents and a path with its query.

    Without a file, `status` says why (`missing`, `unreachable`, `unknown` ...); it decides nothing
    here. RFC 9309 would have an unreachable file disallow all, which is left to the run's policy.
    """
    if robots is None:
        return [Finding("robots", UNKNOWN, "robots", status)]
    verdict = robots.verdict(agents, path)
    if verdict.disallowed:
        found = Finding("robots", RESERVED, "robots", robots.status, verdict.agent, verdict.rule)
    else:
        allowed = ALLOWED if verdict.applies else UNKNOWN
        found = Finding("robots", allowed, "robots", robots.status)
    signals = [
        Finding("content_signal", _content_signal(value), "robots", value)
        for value in verdict.content_signals
    ]
    usages = [
        Finding("content_usage", _content_usage(value), "robots", value)
        for value in verdict.content_usages
    ]
    return [found, *signals, *usages]


def from_headers(headers: Sequence[tuple[str, str]], agents: Sequence[str] = ()) -> list[Finding]:
    """Findings of a response's headers: TDM-Reservation, Content-Usage and X-Robots-Tag.

    Lines of X-Robots-Tag that name an agent count only for the given training agents.
    """
    by_name: dict[str, list[str]] = {}
    for name, value in headers:
        by_name.setdefault(name.strip().lower(), []).append(value.strip())
    found = [_tdm_reservation(value, "header") for value in by_name.get("tdm-reservation", [])]
    usages = by_name.get("content-usage")
    if usages:
        joined = ", ".join(usages)  # RFC 9651, 4.2: lines of one field are one value
        found.append(Finding("content_usage", _content_usage(joined), "header", joined))
    tokens = {product_token(agent) for agent in agents}
    found += [
        _noai(_directives(value, tokens), "header", value)
        for value in by_name.get("x-robots-tag", [])
    ]
    return found


def from_meta(metas: Sequence[tuple[str, str]], agents: Sequence[str] = ()) -> list[Finding]:
    """Findings of a page's meta elements, given as pairs of name and content.

    Read are tdm-reservation, robots, and the names of the given training agents.
    """
    tokens = {"robots", *(product_token(agent) for agent in agents)}
    found = []
    for name, content in metas:
        key = name.strip().lower()
        if key == "tdm-reservation":
            found.append(_tdm_reservation(content.strip(), "meta"))
        elif key in tokens:
            directives = [part.strip().lower() for part in content.split(",")]
            found.append(_noai(directives, "meta", content.strip()))
    return found


def combine(findings: Iterable[Finding]) -> Rights:
    """One decision of all findings of a page: reserved if any channel reserves.

    Within TDM-Reservation, a value in the page overrides the header's, as the protocol says
    (TDMRep, section 4).
    """
    kept = _without_overridden(list(findings))
    for verdict in (RESERVED, ALLOWED):
        channels = {finding.channel for finding in kept if finding.verdict == verdict}
        if channels:
            break
    else:
        verdict = UNKNOWN
    robots = _deciding(kept, "robots")
    tdm, noai = _deciding(kept, "tdm_reservation"), _deciding(kept, "noai")
    usage, signal = _deciding(kept, "content_usage"), _deciding(kept, "content_signal")
    return Rights(
        decision=verdict,
        decided_by=tuple(channel for channel in CHANNELS if channel in channels),
        robots_status=(robots.value if robots else None) or UNKNOWN,
        robots_agent=robots.agent if robots else None,
        robots_rule=robots.rule if robots else None,
        tdm_reservation={RESERVED: 1, ALLOWED: 0}.get(tdm.verdict) if tdm else None,
        content_usage=usage.value if usage else None,
        content_signal=signal.value if signal else None,
        noai=noai.verdict == RESERVED if noai else None,
        policy_version=POLICY_VERSION,
    )


def _without_overridden(findings: list[Finding]) -> list[Finding]:
    def is_tdm(finding: Finding, place: str) -> bool:
        is_set = finding.verdict != UNKNOWN
        return finding.channel == "tdm_reservation" and finding.place == place and is_set

    if not any(is_tdm(finding, "meta") for finding in findings):
        return findings
    return [finding for finding in findings if not is_tdm(finding, "header")]


def _deciding(findings: list[Finding], channel: str) -> Finding | None:
    """The finding that speaks for a channel: a reservation before a permission, else the first."""
    rank = (RESERVED, ALLOWED, UNKNOWN)
    own = [finding for finding in findings if finding.channel == channel]
    return min(own, key=lambda finding: rank.index(finding.verdict), default=None)


def _tdm_reservation(value: str, place: str) -> Finding:
    """TDMRep: 1 reserves, 0 does not, and anything else is as if unset."""
    verdict = {"1": RESERVED, "0": ALLOWED}.get(value, UNKNOWN)
    return Finding("tdm_reservation", verdict, place, value)


def _noai(directives: list[str], place: str, value: str) -> Finding:
    return Finding("noai", RESERVED if "noai" in directives else UNKNOWN, place, value)


def _directives(value: str, agents: set[str]) -> list[str]:
    """Directives of an X-Robots-Tag line that hold for all agents or for one of these.

    An agent's name with a colon scopes what follows it in the line. Dates and sizes have colons and
    commas too: their pieces are no directives and do no harm.
    """
    found = []
    holds = True
    for part in value.split(","):
        directive = part.strip().lower()
        name, colon, rest = directive.partition(":")
        if colon and name not in _VALUED_DIRECTIVES and _AGENT_NAME.fullmatch(name.strip()):
            holds = name.strip() == "*" or product_token(name) in agents
            directive = rest.strip()
        if holds:
            found.append(directive)
    return found


def _content_signal(value: str) -> str:
    """Content Signals Policy: `ai-train=no` reserves, `ai-train=yes` allows."""
    verdict = UNKNOWN
    for part in value.split(","):
        key, _, setting = part.partition("=")
        if key.strip().lower() != "ai-train":
            continue
        verdict = {"no": RESERVED, "yes": ALLOWED}.get(setting.strip().lower(), verdict)
        if verdict == RESERVED:
            break
    return verdict


def _content_usage(value: str) -> str:
    """AIPREF: `n` under a key for training reserves, `y` allows; else it says nothing."""
    preferences = parse_dictionary(value)
    settings = {preferences.get(key) for key in _TRAINING_KEYS} if preferences else set()
    if "n" in settings:
        return RESERVED
    return ALLOWED if "y" in settings else UNKNOWN


# RFC 9651 Dictionaries, reduced to what preferences need: a value that is no token is read and
# forgotten.

_KEY: Final = re.compile(r"[a-z*][a-z0-9_.*\-]*+")
_TOKEN: Final = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*+")
_OTHER_ITEM: Final = re.compile(
    r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*+"'
    r"|\?[01]|:[A-Za-z0-9+/=]*+:|@?-?[0-9]{1,15}(?:\.[0-9]{1,3})?"
)
_INNER_LIST: Final = re.compile(r'\((?:[^()"]|"(?:[^"\\]|\\["\\])*+")*+\)')
_COMMA: Final = re.compile(r"[ \t]*+,[ \t]*+")


def parse_dictionary(value: str) -> dict[str, str | None] | None:
    """Members of a structured-field dictionary: the text of tokens, None for other values.

    The last of equal keys counts. None if the value does not parse, as RFC 9651, 4.2 asks for a
    whole field.
    """
    text = value.strip(" ")
    members: dict[str, str | None] = {}
    position = 0
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            return None
        item, position = _dictionary_value(text, key.end())
        if position < 0:
            return None
        members.pop(key.group(), None)
        members[key.group()] = item
        if position == len(text):
            break
        comma = _COMMA.match(text, position)
        if comma is None or comma.end() == len(text):
            return None
        position = comma.end()
    return members


def _dictionary_value(text: str, position: int) -> tuple[str | None, int]:
    """Value after a key and the place after its parameters; -1 if it does not parse."""
    item = None
    if text.startswith("=", position):
        item, position = _bare_item(text, position + 1, with_list=True)
    while position >= 0 and text.startswith(";", position):
        while text.startswith(" ", position + 1):
            position += 1
        key = _KEY.match(text, position + 1)
        if key is None:
            return None, -1
        position = key.end()
        if text.startswith("=", position):
            _, position = _bare_item(text, position + 1, with_list=False)
    return item, position


def _bare_item(text: str, position: int, *, with_list: bool) -> tuple[str | None, int]:
    token = _TOKEN.match(text, position)
    if token is not None:
        return token.group(), token.end()
    other = _OTHER_ITEM.match(text, position)
    if other is None and with_list:
        other = _INNER_LIST.match(text, position)
    return None, other.end() if other else -1
