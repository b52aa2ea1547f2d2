"""Rules that reject nearly all of a language: a mistake in a threshold far more often than a fact.

`weir run`, `weir status` and the report show them; none of them stops a run.
"""

from collections.abc import Mapping
from typing import Any

from audit import stats
from audit.runs import Run
from stages.errors import IntegrityError

MAX_FRACTION = 0.95
"""Issue 4: a rule that rejects over 95 % of a language raises an alarm."""

MIN_DOCUMENTS = 20
"""Of fewer documents, one or two would make the difference between 95 % and not."""


def alarms(table: stats.Table) -> list[dict[str, Any]]:
    """Language, rule, documents that fail it and documents judged; the most rejected first.

    Documents are counted that fail the rule at all, so that a rule does not hide behind an earlier
    one. From the counts of a run's statistics.
    """
    found = []
    judged = {
        tag: sum(_sum(table, f"documents.{state}", tag) for state in ("kept", "rejected"))
        for tag in {*table.get(("decide", "documents.kept"), ())}
        | {*table.get(("decide", "documents.rejected"), ())}
    }
    for tag, rules in table.get(("decide", "documents.rule.any"), {}).items():
        for rule, count in rules.items():
            if judged[tag] >= MIN_DOCUMENTS and count > MAX_FRACTION * judged[tag]:
                alarm = {"language": tag, "rule": rule, "rejected": count, "judged": judged[tag]}
                found.append(alarm)
    return sorted(found, key=lambda a: (-a["rejected"], a["language"], a["rule"]))


def of_run(run: Run) -> list[dict[str, Any]]:
    """The same of a run; none where no statistics were written yet."""
    try:
        return alarms(stats.counts(run))
    except IntegrityError:
        if run.is_finished:
            raise
        return []


def sentence(alarm: Mapping[str, Any], run: Any = "RUN") -> str:
    """An alarm in words, with the command that shows what another threshold would do."""
    return (
        f"alarm: rule {alarm['rule']} rejects {alarm['rejected']:,} of {alarm['judged']:,} "
        f"documents in {alarm['language']}; try another threshold with: "
        f"weir tune {run} --language {alarm['language']} --set {alarm['rule']}=null"
    )


def _sum(table: stats.Table, metric: str, tag: str) -> int:
    return sum(table.get(("decide", metric), {}).get(tag, {}).values())
