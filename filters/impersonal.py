"""Files of sites without personal data: what a run may store of robots.txt and the like.

Some name persons in their patterns (`Disallow: /people/someone@mail.example`). From the person on,
such a pattern has wildcards where it reserves, so that it reserves more, and it is left out where
it permits. It stays as long as it was, because of several patterns the longest decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from filters import aitxt, optout, robots, rsl, tdmrep
from filters.addresses import redact_url
from filters.rights import Finding, reserving

Item = TypeVar("Item")

_MAY_BE_PERSONAL: Final = re.compile(r"@|%40|[0-9](?:[ ().+/_-]|%20)?(?:[0-9][ ().+/_-]?){5}")
"""What every detector needs: an at sign or six digits. Most patterns have neither."""
_AT: Final = re.compile("@|%40")


def of_robots(parsed: robots.Robots) -> robots.Robots:
    """The file without personal data."""
    return replace(
        parsed,
        groups=_groups(parsed.groups),
        other_readings=tuple(_groups(groups) for groups in parsed.other_readings),
        licenses=tuple(_address(one) or "" for one in parsed.licenses),
    )


def of_ai_txt(parsed: aitxt.AiTxt) -> aitxt.AiTxt:
    """The file without personal data."""
    return replace(
        parsed,
        spawning=of_robots(parsed.spawning),
        allow=tuple(pattern for pattern in parsed.allow if _masked(pattern) == pattern),
        deny=_once(map(_masked, parsed.deny)),
    )


def of_tdmrep(parsed: tdmrep.TdmFile) -> tdmrep.TdmFile:
    """The file without personal data."""
    rules = (
        replace(rule, location=_masked(rule.location), policy=_address(rule.policy))
        for rule in parsed.rules
        if rule.reservation or _masked(rule.location) == rule.location
    )
    return replace(parsed, rules=tuple(rules))


def of_rsl(parsed: rsl.RslDocument) -> rsl.RslDocument:
    """The document without personal data."""
    contents = (
        replace(content, pattern=_masked(content.pattern))
        for content in parsed.contents
        if replace(parsed, contents=(replace(content, pattern=""),)).verdict("/") != rsl.PERMITS
        or _masked(content.pattern) == content.pattern
    )
    return replace(parsed, contents=tuple(contents))


def _groups(groups: Iterable[robots.Group]) -> tuple[robots.Group, ...]:
    return tuple(
        replace(
            group,
            rules=_once(_rules(group.rules)),
            content_signals=_once(_preferences(group.content_signals, optout.from_content_signal)),
            content_usages=_once(_preferences(group.content_usages, optout.from_content_usage)),
        )
        for group in groups
    )


def _once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))


def _rules(rules: Iterable[robots.Rule]) -> Iterator[robots.Rule]:
    for rule in rules:
        pattern = _masked(rule.pattern)
        if pattern == rule.pattern:
            yield rule
        elif not rule.allow:
            yield robots.Rule(False, pattern)


def _preferences(
    preferences: Iterable[robots.Preference], read: Callable[[str, str], Sequence[Finding]]
) -> Iterator[robots.Preference]:
    for one in preferences:
        pattern = _masked(one.pattern)
        if pattern == one.pattern or reserving(read(one.value, "robots")):
            yield robots.Preference(pattern, _address(one.value) or "")


def _masked(pattern: str) -> str:
    """The pattern with wildcards in place of all that follows the first personal datum in it.

    An at sign stays, so that pages whose addresses have none are not reserved.
    """
    while _MAY_BE_PERSONAL.search(pattern):
        made = _masked_once(pattern)
        if made == pattern:
            break
        pattern = made
    return pattern


def _masked_once(pattern: str) -> str:
    redacted = redact_url(pattern)
    pairs = enumerate(zip(pattern, redacted, strict=False))
    kept = next((at for at, (one, other) in pairs if one != other), len(pattern))
    lost = pattern[kept:]
    sign = _AT.search(lost)
    if sign is None:
        return pattern[:kept] + "*" * len(lost)
    first, last = "*" * sign.start(), "*" * (len(lost) - sign.end())
    return f"{pattern[:kept]}{first}{sign.group()}{last}"


def _address(text: str | None) -> str | None:
    return redact_url(text) if text and _MAY_BE_PERSONAL.search(text) else text
