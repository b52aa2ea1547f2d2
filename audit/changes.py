"""What is different from an earlier run, in sentences, the least likely by chance first."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit import stats
from audit.phrases import language_name, plain

MIN_DOCUMENTS = 20
"""Of fewer documents in either run, one page more or less would be the change."""

LEAST_EACH = 10
"""Pages of either kind in both runs together: of fewer, the normal approximation is none."""

LEAST_Z = 2.0
"""Differences under two standard errors are what chance does to unchanged rates."""


@dataclass(frozen=True, slots=True)
class Change:
    """A share of documents in two runs, and by how many standard errors they differ."""

    z: float
    sentence: str


def changes(
    table: stats.Table,
    found: Mapping[str, Any],
    before_table: stats.Table,
    before: Mapping[str, Any],
    n: int = 3,
) -> list[str]:
    """The n changes of keep-rate and of what a rule rejects that chance explains least.

    Both runs need 20 documents of the language; the test is that of two proportions. A change of
    the number of pages read is no change of what is done with them, and is left out.
    """
    known = [*_kept(found, before), *_ruled(table, before_table)]
    known = [change for change in known if abs(change.z) >= LEAST_Z]
    return [c.sentence for c in sorted(known, key=lambda c: (-abs(c.z), c.sentence))[:n]]


def points(now: tuple[int, int], before: tuple[int, int]) -> float | None:
    """Change of a rate (part, whole) in percentage points; None where a whole is empty."""
    if not now[1] or not before[1]:
        return None
    return 100 * (now[0] / now[1] - before[0] / before[1])


def _kept(found: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Change]:
    for tag, account in found["languages"].items():
        if tag in before["languages"]:
            earlier = before["languages"][tag]
            counts = (account["kept"], account["read"]), (earlier["kept"], earlier["read"])
            name = language_name(tag)["name"]
            yield from _changed(f"{name}: kept pages went", *counts)


def _ruled(table: stats.Table, before: stats.Table) -> Iterator[Change]:
    judged, earlier = _judged(table), _judged(before)
    key = ("decide", "documents.rule.any")
    for tag in sorted(judged.keys() & earlier.keys()):
        failing, failed = (dict(one.get(key, {}).get(tag, {})) for one in (table, before))
        for rule in sorted(failing.keys() | failed.keys()):
            counts = (failing.get(rule, 0), judged[tag]), (failed.get(rule, 0), earlier[tag])
            text = f"{language_name(tag)['name']}: documents that fail {plain(rule)} went"
            yield from _changed(text, *counts)


def _judged(table: stats.Table) -> dict[str, int]:
    sums: dict[str, int] = {}
    for state in ("kept", "rejected"):
        for tag, labels in table.get(("decide", f"documents.{state}"), {}).items():
            sums[tag] = sums.get(tag, 0) + sum(labels.values())
    return sums


def _changed(text: str, now: tuple[int, int], before: tuple[int, int]) -> Iterator[Change]:
    if min(now[1], before[1]) < MIN_DOCUMENTS:
        return
    parts = now[0] + before[0]
    if min(parts, now[1] + before[1] - parts) < LEAST_EACH:
        return
    rates = [part / whole for part, whole in (before, now)]
    pooled = parts / (now[1] + before[1])
    error = math.sqrt(pooled * (1 - pooled) * (1 / now[1] + 1 / before[1]))
    if error and rates[0] != rates[1]:
        went = f"{text} from {100 * rates[0]:.1f}% to {100 * rates[1]:.1f}%"
        counts = f"{before[0]:,} of {before[1]:,}, now {now[0]:,} of {now[1]:,}"
        yield Change((rates[1] - rates[0]) / error, f"{went} ({counts}).")
