"""robots.txt by RFC 9309, with the AI preferences that are written inside its groups.

Differences from Protego 0.7, each asserted in the tests: a `User-agent` value is one product token,
without its version and compared whole (for Protego `Google` also names `Google-Extended`); other
directives never end a list of `User-agent` lines; a byte order mark does not void the first group;
nothing is read past 512 KiB.

What other parsers, or the site's owner, may read in another way is kept as `other_readings`, so
that a verdict can say whether they differ: `RobotsVerdict.ambiguous`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

from filters import prose
from filters.path_patterns import Patterns, matches, normalise_path, normalise_pattern
from filters.robots_text import decode, directives, encodable, licenses, status_of

_AGENT: Final = re.compile(r"([\w.\-]++)(?: ++[\w.\-]++)*+")
_AGENT_WORD: Final = re.compile(r"[\w.\-]++|\*")
MAX_WILDCARDS: Final = 2_000
"""Rules with a wildcard are tried one by one. Of what comes after so many of them, a Disallow holds
for all that its beginning matches, and an Allow for nothing; 4,231 real files have at most 1,200.
"""
ALL: Final = ""
"""Agent of what stands before the first User-agent line: preferences there hold for everyone."""


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
    ambiguous: bool = False
    """Another reading of the file, which some parsers have, answers otherwise."""
    content_signals: tuple[str, ...] = ()
    content_usages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Robots:
    """A parsed robots.txt."""

    status: str
    """`rules`, `empty` (no group), `not_robots` (a web page in its place) or `not_text`."""
    groups: tuple[Group, ...] = ()
    other_readings: tuple[tuple[Group, ...], ...] = ()
    """Groups as others may read them, where that differs: other directives end a list of
    User-agent lines; each word of such a line is an agent; the lines of what is no robots.txt."""
    invalid_agents: int = 0
    """User-agent lines that hold no product token, such as lists; they have no effect."""
    truncated: bool = False
    """More than 512 KiB, or more than 2,000 rules with wildcards."""
    licenses: tuple[str, ...] = ()
    """Values of `License` lines (RSL 1.0, 4.4), of whatever group."""
    natural_language: str | None = None
    """The words of the first remark that reserves rights in prose: `2019/790`."""
    sha256: str = ""
    """Of the body as it was given."""

    @property
    def is_silent(self) -> bool:
        """Whether no reading of the file says anything to anyone."""
        said = self.groups, self.other_readings, self.licenses, self.natural_language
        return not any(said)

    @cached_property
    def _main(self) -> _Reading:
        return _Reading(self.groups)

    @cached_property
    def _others(self) -> list[_Reading]:
        return [_Reading(groups) for groups in self.other_readings]

    def verdict(self, agents: Sequence[str], path: str) -> RobotsVerdict:
        """What the file says to these agents about a path (with its query), as of RFC 9309, 2.2.

        An agent without a group of its own is under "*". The path is disallowed if it is so for any
        agent.
        """
        target = normalise_path(path)
        names = list(dict.fromkeys(product_token(agent) for agent in agents))
        found = self._main.verdict(names, target)
        differs = any(
            other.verdict(names, target).disallowed != found.disallowed for other in self._others
        )
        return replace(found, ambiguous=True) if differs else found

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        facts = {
            "status": self.status,
            "groups": [_plain(group) for group in self.groups],
            "other_readings": [[_plain(one) for one in groups] for groups in self.other_readings],
            "invalid_agents": self.invalid_agents,
            "truncated": self.truncated,
            "licenses": self.licenses,
            "natural_language": self.natural_language,
            "sha256": self.sha256,
        }
        return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Robots:
        """The file that `to_json` wrote."""
        facts: dict[str, Any] = json.loads(line)
        return cls(
            facts["status"],
            tuple(_group(group) for group in facts["groups"]),
            tuple(tuple(_group(one) for one in groups) for groups in facts["other_readings"]),
            facts["invalid_agents"],
            facts["truncated"],
            tuple(facts["licenses"]),
            facts["natural_language"],
            facts["sha256"],
        )


class _Reading:
    """Groups by agent, and their rules in a form to be searched."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups_of: dict[str, list[Group]] = {}
        for group in groups:
            for agent in group.agents:
                self._groups_of.setdefault(agent, []).append(group)
        # Agents of the same groups, as in long lists of crawlers, share one answer.
        self._rules: dict[tuple[int, ...], tuple[list[Rule], Patterns]] = {}

    def verdict(self, names: Sequence[str], target: str) -> RobotsVerdict:
        named = [name for name in names if name != "*" and name in self._groups_of]
        others = len(named) < len(names) and "*" in self._groups_of
        signals: list[str] = []
        usages: list[str] = []
        against: list[tuple[str, Rule]] = []
        asked: dict[tuple[int, ...], Rule | None] = {}
        for name in [ALL, *named, "*"] if others else [ALL, *named]:
            groups = self._groups_of.get(name, [])
            key = tuple(map(id, groups))
            if key not in asked:
                asked[key] = self._deciding(key, groups, target)
                signals += _preferred((g.content_signals for g in groups), target)
                usages += _preferred((g.content_usages for g in groups), target)
            rule = asked[key]
            if rule is not None and not rule.allow and target != "/robots.txt":
                against.append((name, rule))
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

    def _deciding(self, key: tuple[int, ...], groups: Sequence[Group], path: str) -> Rule | None:
        """The longest matching rule; of equally long ones, an Allow."""
        if key not in self._rules:
            rules = [rule for group in groups for rule in group.rules]
            self._rules[key] = (rules, Patterns(rule.pattern for rule in rules))
        rules, patterns = self._rules[key]
        matching = (rules[place] for place in patterns.matching(path))
        return max(matching, key=lambda rule: (len(rule.pattern), rule.allow), default=None)


class _Builder:
    """Collects lines into groups.

    `others_end_lists` and `words_are_agents` are the other readings: see `Robots.other_readings`.
    """

    def __init__(self, *, others_end_lists: bool = False, words_are_agents: bool = False) -> None:
        self.groups: list[Group] = []
        self.invalid_agents = 0
        self.has_mixed_lists = False
        """Another directive stands between User-agent lines."""
        self.has_odd_agents = False
        """A User-agent line is more than one product token."""
        self.is_bounded = True
        """False once wildcards were more than are tried."""
        self._wildcards = 0
        self._others_end_lists = others_end_lists
        self._words_are_agents = words_are_agents
        self._has_rule = False
        self._has_other = False
        self._is_preamble = True
        self._agents: list[str] = [ALL]
        self._rules: list[Rule] = []
        self._signals: list[Preference] = []
        self._usages: list[Preference] = []

    @staticmethod
    def build(lines: Iterable[tuple[str, str]], **reading: bool) -> _Builder:
        builder = _Builder(**reading)
        for key, value in lines:
            builder.add(key, value)
        builder.close()
        return builder

    def add(self, key: str, value: str) -> None:
        if key == "agent":
            self._add_agent(value)
        elif key in {"allow", "disallow"}:
            self._has_rule = True
            if value and not self._is_preamble:
                self._add_rule(key == "allow", normalise_pattern(value))
        elif key != "site":
            self._has_other = True
            if key == "content_signal":
                self._signals.append(_preference(value))
            elif key == "content_usage":
                self._usages.append(_preference(value))

    def _add_rule(self, allow: bool, pattern: str) -> None:
        self._wildcards += "*" in pattern
        if self._wildcards > MAX_WILDCARDS and "*" in pattern:
            self.is_bounded = False
            pattern = pattern.partition("*")[0] or "/"
            if allow:
                return
        self._rules.append(Rule(allow, pattern))

    def _add_agent(self, value: str) -> None:
        self.has_mixed_lists |= self._has_other and not self._has_rule and not self._is_preamble
        if self._has_rule or self._is_preamble or (self._others_end_lists and self._has_other):
            self.close()
        names = agents_of(value)
        if not names:
            self.invalid_agents += 1
        self.has_odd_agents |= len(names) != 1 or names[0] != value.lower()
        if self._words_are_agents:
            names = [*names, *map(str.lower, _AGENT_WORD.findall(value))]
        self._agents += names

    def close(self) -> None:
        is_group = self._signals or self._usages if self._is_preamble else self._agents
        if is_group:
            self.groups.append(
                Group(
                    tuple(dict.fromkeys(self._agents)),
                    tuple(dict.fromkeys(self._rules)),
                    tuple(dict.fromkeys(self._signals)),
                    tuple(dict.fromkeys(self._usages)),
                )
            )
        self._agents, self._rules, self._signals, self._usages = [], [], [], []
        self._has_rule = self._has_other = self._is_preamble = False


def parse(body: bytes) -> Robots:
    """Read a robots.txt; never raises.

    At most 512 KiB are read. Bytes that are not UTF-8 stand for themselves in paths. A page in
    place of the file, as soft 404s send it, has the status `not_robots`, and other data `not_text`:
    such a file has no groups, and what a parser that reads it all the same would find is one of the
    other readings.
    """
    text, truncated = decode(body)
    status = status_of(text)
    lines, remarks = directives(text, truncated=truncated)
    main = _Builder.build(lines)
    groups = tuple(main.groups)
    readings = {"others_end_lists": main.has_mixed_lists, "words_are_agents": main.has_odd_agents}
    others = [
        tuple(_Builder.build(lines, **{reading: True}).groups)
        for reading, may_differ in readings.items()
        if may_differ
    ]
    if status is not None:
        groups, others = (), [groups, *others]
    is_rules = any(ALL not in group.agents for group in groups)
    return Robots(
        status or ("rules" if is_rules else "empty"),
        groups,
        tuple(other for other in dict.fromkeys(others) if other != groups),
        main.invalid_agents,
        truncated or not main.is_bounded,
        licenses(lines),
        None if status else prose.find(remarks),
        hashlib.sha256(body).hexdigest(),
    )


@lru_cache(maxsize=1024)  # the same fifty names are asked for each page
def product_token(agent: str) -> str:
    """An agent's name in lower case, without its version: `CCBot/2.0` is `ccbot`."""
    name = agent.partition("/")[0].strip().lower()
    return name if name == "*" else name.strip("*")


def agents_of(value: str) -> list[str]:
    """Product tokens that a User-agent line names; none for a list or a sentence.

    The token ends at a space (RFC 9309, 2.2.1), but names of two words are in use: both count.
    """
    name = product_token(value)
    if name == "*":
        return ["*"]
    found = _AGENT.fullmatch(name)
    if found is not None:
        return list(dict.fromkeys([name, found.group(1)]))
    first = _AGENT.match(name)
    # "CCBot (the crawler)" names CCBot; "GPTBot, CCBot" is a list, which no standard knows.
    is_named = first is not None and name[first.end() :].lstrip().startswith("(")
    return [first.group(1)] if first is not None and is_named else []


def _preference(value: str) -> Preference:
    text = encodable(value)
    if text.startswith(("/", "*")):
        pattern, _, rest = text.partition(" ")
        return Preference(normalise_pattern(pattern), rest.strip())
    return Preference("", text)


def _preferred(groups: Iterable[tuple[Preference, ...]], path: str) -> list[str]:
    """Values of the longest matching preferences; all of them if several are equally long."""
    preferences = [preference for group in groups for preference in group]
    matching = [p for p in preferences if not p.pattern or matches(p.pattern, path)]
    longest = max((len(p.pattern) for p in matching), default=0)
    return [p.value for p in matching if len(p.pattern) == longest]


def _plain(group: Group) -> dict[str, Any]:
    return {
        "agents": group.agents,
        "rules": [[rule.allow, rule.pattern] for rule in group.rules],
        "content_signals": [[p.pattern, p.value] for p in group.content_signals],
        "content_usages": [[p.pattern, p.value] for p in group.content_usages],
    }


def _group(plain: dict[str, Any]) -> Group:
    return Group(
        tuple(plain["agents"]),
        tuple(Rule(allow, pattern) for allow, pattern in plain["rules"]),
        tuple(Preference(*pair) for pair in plain["content_signals"]),
        tuple(Preference(*pair) for pair in plain["content_usages"]),
    )
