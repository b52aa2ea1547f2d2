"""robots.txt by RFC 9309, with the AI preferences that are written inside its groups.

Differences from Protego 0.7, each asserted in the tests: a `User-agent` value is one product token,
without its version and compared whole (for Protego `Google` also names `Google-Extended`); other
directives never end a list of `User-agent` lines; nothing is read past 512 KiB.

Matching takes time linear in the length of path and pattern: no regular expressions are built from
pages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

MAX_BODY_BYTES: Final = 512 * 1024
"""RFC 9309, 2.5 asks for at least 500 KiB."""

_MAX_NOT_TEXT: Final = (
    0.1  # share of control and replacement characters in what may still be a text file
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_NOT_TEXT: Final = re.compile(r"[\x01-\x08\x0b\x0e-\x1f\x7f\ufffd]")
_AGENT: Final = re.compile(r"[\w.\-]+(?: [\w.\-]+)*")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})|[^\x21-\x7e]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

# Spellings that Google's open-source parser also reads.
_KEYS: Final = {
    "user-agent": "agent",
    "useragent": "agent",
    "user agent": "agent",
    "allow": "allow",
    "disallow": "disallow",
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
    "content-signal": "content_signal",
    "content-usage": "content_usage",
    "crawl-delay": "other",
}


@dataclass(frozen=True)
class Rule:
    """One Allow or Disallow line; the pattern is normalised."""

    allow: bool
    pattern: str

    def __str__(self) -> str:
        return f"{'Allow' if self.allow else 'Disallow'}: {self.pattern}"


@dataclass(frozen=True)
class Preference:
    """One Content-Signal or Content-Usage line: what it says, and for which paths ("" is all)."""

    pattern: str
    value: str


@dataclass(frozen=True)
class Group:
    """The lines that hold for some agents."""

    agents: tuple[str, ...]
    """Product tokens in lower case, or "*"."""
    rules: tuple[Rule, ...] = ()
    content_signals: tuple[Preference, ...] = ()
    content_usages: tuple[Preference, ...] = ()


@dataclass(frozen=True)
class RobotsVerdict:
    """What a robots.txt says to some agents about one path."""

    disallowed: bool
    agent: str | None = None
    """The first agent whose own group disallows the path, else "*"."""
    rule: str | None = None
    """The line that decides for that agent."""
    named: bool = False
    """An agent's own group disallows the path."""
    star: bool = False
    """The group for all others disallows the path, and an agent is among the others."""
    applies: bool = False
    """Some group holds for some agent."""
    content_signals: tuple[str, ...] = ()
    content_usages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Robots:
    """A parsed robots.txt."""

    status: str
    """`rules`, `empty` (no group) or `not_robots` (a page in its place)."""
    groups: tuple[Group, ...] = ()
    ambiguous: bool = False
    """Another directive stands between User-agent lines: some parsers start a new group there."""
    invalid_agents: int = 0
    """User-agent lines that hold no product token, such as lists; they have no effect."""
    truncated: bool = False

    @cached_property
    def _groups_of(self) -> dict[str, list[Group]]:
        found: dict[str, list[Group]] = {}
        for group in self.groups:
            for agent in group.agents:
                found.setdefault(agent, []).append(group)
        return found

    def verdict(self, agents: Sequence[str], path: str) -> RobotsVerdict:
        """What the file says to these agents about a path (with its query), as of RFC 9309, 2.2.

        An agent without a group of its own is under "*". The path is disallowed if it is so for any
        agent.
        """
        target = normalise_path(path)
        names = list(dict.fromkeys(product_token(agent) for agent in agents))
        named = [name for name in names if name != "*" and name in self._groups_of]
        others = len(named) < len(names) and "*" in self._groups_of
        signals: list[str] = []
        usages: list[str] = []
        against: list[tuple[str, Rule]] = []
        for name in [*named, "*"] if others else named:
            groups = self._groups_of[name]
            rule = _deciding(_flat(group.rules for group in groups), target)
            if rule is not None and not rule.allow and target != "/robots.txt":
                against.append((name, rule))
            signals += _preferred(_flat(group.content_signals for group in groups), target)
            usages += _preferred(_flat(group.content_usages for group in groups), target)
        agent, rule = against[0] if against else (None, None)
        return RobotsVerdict(
            disallowed=bool(against),
            agent=agent,
            rule=None if rule is None else str(rule),
            named=any(name != "*" for name, _ in against),
            star=any(name == "*" for name, _ in against),
            applies=bool(named) or others,
            content_signals=tuple(dict.fromkeys(signals)),
            content_usages=tuple(dict.fromkeys(usages)),
        )

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        groups = [
            {
                "agents": group.agents,
                "rules": [[rule.allow, rule.pattern] for rule in group.rules],
                "content_signals": [[p.pattern, p.value] for p in group.content_signals],
                "content_usages": [[p.pattern, p.value] for p in group.content_usages],
            }
            for group in self.groups
        ]
        facts = {
            "status": self.status,
            "groups": groups,
            "ambiguous": self.ambiguous,
            "invalid_agents": self.invalid_agents,
            "truncated": self.truncated,
        }
        return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Robots:
        """The file that `to_json` wrote."""
        facts: dict[str, Any] = json.loads(line)
        groups = tuple(
            Group(
                tuple(group["agents"]),
                tuple(Rule(allow, pattern) for allow, pattern in group["rules"]),
                tuple(Preference(*pair) for pair in group["content_signals"]),
                tuple(Preference(*pair) for pair in group["content_usages"]),
            )
            for group in facts["groups"]
        )
        return cls(
            facts["status"], groups, facts["ambiguous"], facts["invalid_agents"], facts["truncated"]
        )


class _Builder:
    """Collects lines into groups."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.ambiguous = False
        self.invalid_agents = 0
        self._open = False
        self._has_rule = False
        self._has_other = False
        self._agents: list[str] = []
        self._rules: list[Rule] = []
        self._signals: list[Preference] = []
        self._usages: list[Preference] = []

    def add(self, key: str, value: str) -> None:
        if key == "agent":
            self._add_agent(value)
        elif not self._open:
            return
        elif key in {"allow", "disallow"}:
            self._has_rule = True
            if value:
                self._rules.append(Rule(key == "allow", normalise_pattern(value)))
        else:
            self._has_other = True
            if key == "content_signal":
                self._signals.append(_preference(value))
            elif key == "content_usage":
                self._usages.append(_preference(value))

    def _add_agent(self, value: str) -> None:
        if self._has_rule:
            self.close()
        self.ambiguous |= self._has_other
        self._open = True
        name = product_token(value)
        if name == "*" or _AGENT.fullmatch(name):
            self._agents.append(name)
        else:
            self.invalid_agents += 1

    def close(self) -> None:
        if self._agents:
            self.groups.append(
                Group(
                    tuple(dict.fromkeys(self._agents)),
                    tuple(dict.fromkeys(self._rules)),
                    tuple(dict.fromkeys(self._signals)),
                    tuple(dict.fromkeys(self._usages)),
                )
            )
        self._agents, self._rules, self._signals, self._usages = [], [], [], []
        self._open = self._has_rule = self._has_other = False


def parse(body: bytes) -> Robots:
    """Read a robots.txt; never raises.

    At most 512 KiB are read. Bytes that are not UTF-8 are replaced. A page in place of the file, as
    soft 404s send it, has the status `not_robots`.
    """
    truncated = len(body) > MAX_BODY_BYTES
    text = body[:MAX_BODY_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    if _is_not_robots(text):
        return Robots("not_robots", truncated=truncated)
    lines = _LINE_END.split(text)
    builder = _Builder()
    for line in lines[:-1] if truncated else lines:
        key, value = _key_and_value(line)
        if key is not None:
            builder.add(key, value)
    builder.close()
    return Robots(
        "rules" if builder.groups else "empty",
        tuple(builder.groups),
        builder.ambiguous,
        builder.invalid_agents,
        truncated,
    )


def product_token(agent: str) -> str:
    """An agent's name in lower case, without its version: `CCBot/2.0` is `ccbot`."""
    name = agent.partition("/")[0].strip().lower()
    return name if name == "*" else name.strip("*")


def normalise_path(path: str) -> str:
    """A path for comparison with patterns: escaped as in a URL, with "*" and "$" as letters."""
    return _normalise(path or "/").replace("*", "%2A").replace("$", "%24")


def normalise_pattern(pattern: str) -> str:
    """A pattern in the same form; "*" stays special, and so does "$" at its end."""
    normal = _normalise(pattern)
    return normal[:-1].replace("$", "%24") + normal[-1:]


def matches(pattern: str, path: str) -> bool:
    """Whether a normalised pattern matches the start of a normalised path.

    "*" stands for any characters, and "$" at the end for the end.
    """
    anchored = pattern.endswith("$")
    first, *rest = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    position = len(first)
    if not rest:
        return not anchored or position == len(path)
    for part in rest[:-1]:
        # The leftmost place leaves the most for what follows, so nothing need be tried again.
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    if anchored:
        return len(path) - len(rest[-1]) >= position and path.endswith(rest[-1])
    return path.find(rest[-1], position) >= 0


def _is_not_robots(text: str) -> bool:
    if text.lstrip().startswith("<") or "\0" in text:
        return True
    return len(_NOT_TEXT.findall(text)) > _MAX_NOT_TEXT * len(text)


def _key_and_value(line: str) -> tuple[str | None, str]:
    """The directive of a line if it is one we know, and its value."""
    content = line.partition("#")[0].strip()
    key, colon, value = content.partition(":")
    if not colon:
        key, _, value = content.partition(" ")  # "Disallow /": Google's parser reads it as well
    return _KEYS.get(key.strip().lower()), value.strip()


def _preference(value: str) -> Preference:
    if value.startswith(("/", "*")):
        pattern, _, rest = value.partition(" ")
        return Preference(normalise_pattern(pattern), rest.strip())
    return Preference("", value)


def _flat(sequences: Iterator[tuple[Any, ...]]) -> list[Any]:
    return [item for sequence in sequences for item in sequence]


def _deciding(rules: Sequence[Rule], path: str) -> Rule | None:
    """The longest matching rule; of equally long ones, an Allow."""
    matching = [rule for rule in rules if matches(rule.pattern, path)]
    return max(matching, key=lambda rule: (len(rule.pattern), rule.allow), default=None)


def _preferred(preferences: Sequence[Preference], path: str) -> list[str]:
    """Values of the longest matching preferences; all of them if several are equally long."""
    matching = [p for p in preferences if not p.pattern or matches(p.pattern, path)]
    longest = max((len(p.pattern) for p in matching), default=0)
    return [p.value for p in matching if len(p.pattern) == longest]


def _normalise(text: str) -> str:
    """RFC 9309, 2.2.2: escape what is not ASCII, unescape what needs none, capital digits."""
    return _ESCAPE.sub(_normal_octets, text)


def _normal_octets(match: re.Match[str]) -> str:
    digits = match.group(1)
    if digits is None:
        octets = match.group().encode("utf-8", "surrogatepass")
        return "".join(f"%{octet:02X}" for octet in octets)
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"
