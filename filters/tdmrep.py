"""The site file of the TDM Reservation Protocol, `/.well-known/tdmrep.json` (W3C TDMRep, 5).

The first rule whose location matches decides, in the order of the file. Where the file departs from
its format it is read so that it reserves as much as it can mean, and the status says so: an object
in place of the array is its only element, "1" is 1, and of a repeated key any 1 counts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from filters.path_patterns import Patterns, normalise_path, normalise_pattern
from filters.safe_json import JsonError, loads, many

MAX_BYTES: Final = 16 << 20
MAX_DEPTH: Final = 32
MAX_RULES: Final = 200_000
MAX_WILDCARDS: Final = 2_000
"""Rules with a wildcard are tried one by one; those past this number are not read."""
MAX_PATTERN_CHARS: Final = 2_000

_ORIGIN: Final = re.compile(r"^https?://[^/]*+", re.IGNORECASE)

STATUSES: Final[dict[str, str]] = {
    "rules": "an array with rules",
    "object": "an object in place of the array, read as its only element",
    "empty": "no rule that could be read",
    "not_json": "no JSON",
    "not_array": "JSON, but neither array nor object",
    "too_large": "more than 16 MiB",
    "too_deep": "nested more than 32 deep",
    "too_many": "more rules than are read: 200,000, or 2,000 with wildcards",
}
"""Every status of a tdmrep.json."""


@dataclass(frozen=True)
class TdmRule:
    """One element of the file; the location is a normalised pattern."""

    location: str
    reservation: int
    policy: str | None = None


@dataclass(frozen=True)
class TdmFile:
    """A parsed tdmrep.json."""

    status: str
    rules: tuple[TdmRule, ...] = ()
    ignored: int = 0
    """Elements without a location or without a reservation of 0 or 1."""

    @cached_property
    def _patterns(self) -> Patterns:
        return Patterns(rule.location for rule in self.rules)

    @property
    def is_readable(self) -> bool:
        """Whether nothing of the file was left unread."""
        return self.status in ("rules", "object") and not self.ignored

    def find(self, path: str) -> TdmRule | None:
        """The first rule in file order whose location matches a path with its query."""
        first = self._patterns.first(normalise_path(path))
        return None if first is None else self.rules[first]

    def to_json(self) -> str:
        """One line of JSON that `from_json` reads."""
        rules = [[r.location, r.reservation, r.policy] for r in self.rules]
        return json.dumps([self.status, self.ignored, rules], separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> TdmFile:
        """The file that `to_json` wrote."""
        status, ignored, rules = json.loads(line)
        return cls(status, tuple(TdmRule(*rule) for rule in rules), ignored)


def parse(body: bytes) -> TdmFile:
    """Read a tdmrep.json; never raises. Linear in the size of the body, which is capped."""
    try:
        value = loads(body, MAX_BYTES, MAX_DEPTH)
    except JsonError as error:
        return TdmFile(str(error))
    if not isinstance(value, list | dict):
        return TdmFile("not_array")
    elements = value if isinstance(value, list) else [value]
    rules: list[TdmRule] = []
    ignored = wildcards = 0
    is_cut = len(elements) > MAX_RULES
    for element in elements[:MAX_RULES]:
        rule = _rule(element)
        if rule is None:
            ignored += 1
            continue
        if "*" in rule.location:
            wildcards += 1
            if wildcards > MAX_WILDCARDS:
                is_cut = True
                continue
        rules.append(rule)
    if is_cut:
        return TdmFile("too_many", tuple(rules), ignored)
    whole = "rules" if isinstance(value, list) else "object"
    return TdmFile(whole if rules else "empty", tuple(rules), ignored)


def _rule(element: Any) -> TdmRule | None:
    if not isinstance(element, dict):
        return None
    location = element.get("location")
    if not isinstance(location, str) or not 0 < len(location) <= MAX_PATTERN_CHARS:
        return None
    given = {_reservation(value) for value in many(element.get("tdm-reservation"))}
    if given.isdisjoint({0, 1}):
        return None
    policy = element.get("tdm-policy")
    path = _ORIGIN.sub("", location, count=1) or "/"
    return TdmRule(
        normalise_pattern(path),
        1 if 1 in given else 0,
        policy[:MAX_PATTERN_CHARS] if isinstance(policy, str) else None,
    )


def _reservation(value: Any) -> int | None:
    if isinstance(value, str):
        return {"0": 0, "1": 1}.get(value.strip())
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and value in (0, 1) else None
