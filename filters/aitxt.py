"""ai.txt: two formats of one name, at `/ai.txt` and at `/.well-known/ai.txt`.

Spawning's (2023) is a robots.txt whose patterns are file types: `User-Agent: *` and
`Disallow: *.html`. It speaks of media, not of crawling, so a page is reserved where its own address
is disallowed or where text as such is. The other (draft-car-ai-txt-wellknown-00, 2026) has
`Training: deny`, `allow` or `conditional` with `Training-Deny` and `Training-Allow` patterns, and
blocks of agents. A file may hold lines of both: each is read, and any reservation wins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from filters import robots
from filters.path_patterns import matches, normalise_path, normalise_pattern
from filters.robots_text import decode

MAX_PATTERNS: Final = 1_000
TEXT_PATTERNS: Final = frozenset({"/", "*", "/*", "*.html", "*.htm", "*.txt", "/*.html", "/*.txt"})
"""Patterns that stand for text as a medium; Spawning's generator writes the last of a long list."""

RESERVED: Final = "reserved"
ALLOWED: Final = "allowed"
UNKNOWN: Final = "unknown"

STATUSES: Final[dict[str, str]] = {
    "rules": "lines of at least one of the two formats",
    "empty": "text without such a line, as of the other files that share the name",
    "not_text": "a web page, or no text",
}
"""Every status of an ai.txt."""

_LINE: Final = re.compile(r"(?<![ \t])([ \t]*+)([A-Za-z][A-Za-z-]{0,40}+)[ \t]*+:[ \t]*+([^\r\n]*)")
_NO_ROBOTS: Final = robots.Robots("empty")
_TRAINING: Final = {"allow": ALLOWED, "deny": RESERVED, "conditional": "conditional"}


@dataclass(frozen=True)
class AiTxt:
    """A parsed ai.txt."""

    status: str
    spawning: robots.Robots = _NO_ROBOTS
    training: str | None = None
    """`allowed`, `reserved` or `conditional`, for all agents."""
    training_of: tuple[tuple[str, str], ...] = ()
    """The same for agents with a block of their own, as (product token, value)."""
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    """Normalised patterns of `Training-Allow` and `Training-Deny`."""

    def verdict(self, agents: Sequence[str], path: str) -> tuple[str, str | None]:
        """`reserved`, `allowed` or `unknown` for a page, and the line that says so.

        `path` has its query. Reserved for one of the training agents is reserved.
        """
        found = [self._spawning(agents, path), self._draft(agents, path)]
        for wanted in (RESERVED, ALLOWED):
            for verdict, line in found:
                if verdict == wanted:
                    return verdict, line
        return UNKNOWN, None

    def _spawning(self, agents: Sequence[str], path: str) -> tuple[str, str | None]:
        by_path = self.spawning.verdict(agents, path)
        if by_path.disallowed:
            return RESERVED, by_path.rule
        names = {robots.product_token(agent) for agent in agents} | {"*"}
        for group in self.spawning.groups:
            if names.isdisjoint(group.agents):
                continue
            said = {rule.pattern: rule.allow for rule in group.rules}
            # Of a type both allowed and disallowed, as by "Allow: *.html" beside "Disallow: *",
            # the closer pattern speaks.
            for pattern in ("*.html", "/*.html", "*.htm", "*.txt", "/*.txt", "*", "/*", "/"):
                if pattern in said:
                    if said[pattern]:
                        break
                    return RESERVED, f"Disallow: {pattern}"
        return (ALLOWED if by_path.applies else UNKNOWN), None

    def _draft(self, agents: Sequence[str], path: str) -> tuple[str, str | None]:
        target = normalise_path(path)
        denied = _longest(self.deny, target)
        allowed = _longest(self.allow, target)
        if denied is not None and len(denied) >= len(allowed or ""):
            return RESERVED, f"Training-Deny: {denied}"
        names = {robots.product_token(agent) for agent in agents} | {"*"}
        said = [(agent, value) for agent, value in self.training_of if agent in names]
        for agent, value in said:
            if value == RESERVED:
                return RESERVED, f"Agent: {agent}, Training: deny"
        if self.training == RESERVED:
            return RESERVED, "Training: deny"
        if self.training == "conditional" and allowed is None:
            # The condition is not one that a crawler can meet: a licence, a fee, another path.
            return RESERVED, "Training: conditional"
        is_allowed = allowed is not None or self.training == ALLOWED
        return (ALLOWED if is_allowed else UNKNOWN), None

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        facts = [self.status, self.spawning.to_json(), self.training, self.training_of]
        return json.dumps([*facts, self.allow, self.deny], separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> AiTxt:
        """The file that `to_json` wrote."""
        status, spawning, training, of, allow, deny = json.loads(line)
        pairs = tuple((agent, value) for agent, value in of)
        found = robots.Robots.from_json(spawning)
        return cls(status, found, training, pairs, tuple(allow), tuple(deny))


def parse(body: bytes) -> AiTxt:
    """Read an ai.txt; never raises. At most 512 KiB are read."""
    spawning = replace(robots.parse(body), licenses=(), other_readings=())
    if spawning.status in ("not_robots", "not_text"):
        return AiTxt("not_text")
    training: str | None = None
    training_of: list[tuple[str, str]] = []
    patterns: dict[str, list[str]] = {"training-allow": [], "training-deny": []}
    agent: str | None = None
    for indent, written, value in _LINE.findall(decode(body)[0]):
        key = written.lower()
        if key == "agent":
            agent = robots.product_token(value)
        elif not indent and key not in patterns:
            agent = None
        if key == "training" and (meant := _TRAINING.get(value.strip().lower())):
            if agent is not None and indent:
                training_of.append((agent, meant))
            else:
                training = RESERVED if RESERVED in (training, meant) else meant
        elif key in patterns and value.strip() and len(patterns[key]) < MAX_PATTERNS:
            patterns[key].append(normalise_pattern(value.strip()))
    allow, deny = (tuple(dict.fromkeys(found)) for found in patterns.values())
    is_empty = not (spawning.groups or training or training_of or allow or deny)
    if is_empty:
        return AiTxt("empty")
    return AiTxt("rules", spawning, training, tuple(training_of), allow, deny)


def _longest(patterns: Sequence[str], path: str) -> str | None:
    return max((p for p in patterns if matches(p, path)), key=len, default=None)
