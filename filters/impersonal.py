"""Files of sites without personal data: what a run may store of robots.txt and the like.

Some name persons in their patterns (`Disallow: /people/someone@mail.example`). Such a pattern is
cut before the person where it reserves, so that it reserves more, and left out where it permits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from filters import aitxt, robots, rsl, tdmrep
from filters.addresses import redact_url

_MAY_BE_PERSONAL: Final = re.compile(r"@|%40|[0-9](?:[ ().+/_-]|%20)?(?:[0-9][ ().+/_-]?){5}")
"""What every detector needs: an at sign or six digits. Most patterns have neither."""


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
        allow=tuple(pattern for pattern in parsed.allow if _cut(pattern) == pattern),
        deny=tuple(map(_cut, parsed.deny)),
    )


def of_tdmrep(parsed: tdmrep.TdmFile) -> tdmrep.TdmFile:
    """The file without personal data."""
    rules = (
        replace(rule, location=_cut(rule.location), policy=_address(rule.policy))
        for rule in parsed.rules
        if rule.reservation or _cut(rule.location) == rule.location
    )
    return replace(parsed, rules=tuple(rules))


def of_rsl(parsed: rsl.RslDocument) -> rsl.RslDocument:
    """The document without personal data."""
    contents = (
        replace(content, pattern=_cut(content.pattern))
        for content in parsed.contents
        if any(one.prohibits for one in content.licences)
        or _cut(content.pattern) == content.pattern
    )
    return replace(parsed, contents=tuple(contents))


def _groups(groups: Iterable[robots.Group]) -> tuple[robots.Group, ...]:
    return tuple(
        replace(
            group,
            rules=tuple(_rules(group.rules)),
            content_signals=tuple(map(_preference, group.content_signals)),
            content_usages=tuple(map(_preference, group.content_usages)),
        )
        for group in groups
    )


def _rules(rules: Iterable[robots.Rule]) -> Iterator[robots.Rule]:
    for rule in rules:
        pattern = _cut(rule.pattern)
        if pattern == rule.pattern:
            yield rule
        elif not rule.allow:
            yield robots.Rule(False, pattern)


def _preference(preference: robots.Preference) -> robots.Preference:
    return robots.Preference(_cut(preference.pattern), _address(preference.value) or "")


def _cut(pattern: str) -> str:
    """The pattern up to the first personal datum in it."""
    if not _MAY_BE_PERSONAL.search(pattern):
        return pattern
    redacted = redact_url(pattern)
    pairs = enumerate(zip(pattern, redacted, strict=False))
    return pattern[: next((at for at, (one, other) in pairs if one != other), len(pattern))]


def _address(text: str | None) -> str | None:
    return redact_url(text) if text and _MAY_BE_PERSONAL.search(text) else text
