"""What a task needs of a machine: memory, as tasks of its step were measured, and time.

None of it is in a task's key or changes a byte of its output.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.executor.task import Task
from pipeline.manifest import Manifest

MEMORY_MB = {"extract": 1500}
"""Asked for until tasks of the step were measured. Extraction takes 810 MB of whatever WARC file
(docs/experiments.md), a shard of dense pages more."""
OTHER_MEMORY_MB = 1000
"""Of every other step, on shards of 20,000 documents: 450 to 620 MB were measured."""
TASK_HOURS = {"extract": 6.0, "gather": 24.0}
"""Extraction of a WARC file takes 10 to 40 minutes of a core; gathering three billion documents
1.6 hours (docs/scale.md). So a task that hangs is found, and no slow machine is blamed."""
OTHER_TASK_HOURS = 6.0

ENOUGH = 3
"""Measured tasks of a step, from which on their memory replaces what was assumed."""
MARGIN = 1.25
"""Over the most that was measured: shards of one snapshot differ by less (docs/experiments.md)."""
STEP_MB = 128
"""Requests are multiples of it: Ray keeps a queue for each size that is asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration says, by step; what is not named has the numbers of this module."""

    memory_mb: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """Of one attempt: memory that is set apart for it, and seconds after which it is killed."""

    memory_mb: int
    limit_s: float


class Needs:
    """Of the tasks of a run, as it learns how much they take."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._most: dict[str, float] = {}
        self._measured: Counter[str] = Counter()
        self._raised: dict[str, int] = {}

    def of(self, task: Task, most_mb: int) -> Need:
        """What the task asks for, and no more than the largest machine has (0: not known)."""
        asked = self._raised.get(task.key) or self._usual(task.step)
        hours = self._limits.hours.get(task.step, TASK_HOURS.get(task.step, OTHER_TASK_HOURS))
        return Need(min(asked, most_mb) if most_mb else asked, 3600 * hours)

    def _usual(self, step: str) -> int:
        measured = MARGIN * self._most.get(step, 0.0)
        if step in self._limits.memory_mb:
            assumed = self._limits.memory_mb[step]
        else:
            is_known = self._measured[step] >= ENOUGH
            assumed = 0 if is_known else MEMORY_MB.get(step, OTHER_MEMORY_MB)
        return max(1, -int(-max(measured, assumed) // STEP_MB)) * STEP_MB

    def learn(self, made: Manifest) -> None:
        """Take over what a finished task has taken."""
        if (taken := made.timing.get("rss_mb")) is not None:
            self._most[made.step] = max(self._most.get(made.step, 0.0), taken)
            self._measured[made.step] += 1

    def double(self, task: Task, had: Need, most_mb: int) -> bool:
        """Ask for twice the memory from now on; whether a machine has more than it had."""
        if had.memory_mb >= most_mb:
            return False
        self._raised[task.key] = 2 * had.memory_mb
        return True
