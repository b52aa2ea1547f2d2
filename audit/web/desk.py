"""What the pages of the audit view read from: runs that are opened once and asked many times."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from audit import compare, differences, fairness, fates, stats, views
from audit.access import AccessLog
from audit.compare import Matrix
from audit.fates import Fates
from audit.phrases import language_name
from audit.runs import Run
from audit.views import Views
from stages.errors import ConfigError, CurationError

MAX_RECORDS: Final = 100_000_000
"""Of one run that are searched and compared in a browser: 2.8 GB of mapped fates."""
MAX_READING: Final = 2
"""Questions that look at every record at a time; others wait."""
MAX_KEPT: Final = 64
"""Answers that are kept for another look, by what was asked."""

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Kept:
    """Answers to what was asked before; the oldest goes first."""

    _answers: dict[Any, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """The answer to a question, made at its first time. One is made at a time."""
        with self._lock:
            if key not in self._answers:
                made = make()
                while len(self._answers) >= MAX_KEPT:
                    self._answers.pop(next(iter(self._answers)))
                self._answers[key] = made
            return self._answers[key]


class Opened:
    """One run with its views, its numbers and its log of questions."""

    def __init__(self, run: Run, number: int, state: Path, on_progress: Progress) -> None:
        self.run, self.number = run, number
        self.views: Views = views.opened(run, on_progress)
        self.log = AccessLog(run, state)
        self._lock = threading.Lock()
        self._kept = Kept()

    @property
    def title(self) -> str:
        """The run's folder, which tells it from others of the same name."""
        return self.run.path.name

    @cached_property
    def table(self) -> stats.Table:
        """The run's statistics. IntegrityError if they cannot be read."""
        return stats.counts(self.run)

    @cached_property
    def summary(self) -> Mapping[str, Any]:
        """The same, summarised."""
        return stats.summarise(self.table)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know beside every number of the run."""
        try:
            found = [f"The books do not balance: {one}." for one in stats.imbalances(self.summary)]
        except CurationError as error:
            found = [str(error)]
        if self.run.pruned:
            found.append(
                f"{len(self.run.pruned):,} files of this run were pruned: what they held is not "
                "shown, and is not zero."
            )
        return [*found, *self.views.warnings]

    @cached_property
    def records(self) -> int:
        """How many records the run read."""
        return sum(shard.records.rows for shard in self.run.shards)

    @property
    def fates(self) -> Fates:
        """The last word on every record. ConfigError for more records than a browser searches."""
        if self.records > MAX_RECORDS:
            raise ConfigError(
                str(self.run.path),
                f"has {self.records:,} records, over the {MAX_RECORDS:,} that are searched here",
                "trace an address instead, or use `weir compare` in the terminal",
            )
        with self._lock:
            return self._fates

    @cached_property
    def _fates(self) -> Fates:
        return fates.opened(self.run, self.views.folder, self.views.stamp, self.views.where)

    def groups(self, language: str | None) -> Mapping[str, list[fairness.Group]] | None:
        """Judged pages by top-level domain and length (`fairness.by_page`)."""
        found: Mapping[str, list[fairness.Group]] | None = self._kept.get(
            ("groups", language), lambda: fairness.by_page(self.run, language)
        )
        return found

    def languages(self) -> list[dict[str, str]]:
        """Languages with pages, by name."""
        known = [language_name(tag) for tag in self.summary["languages"]]
        return sorted(known, key=lambda one: one["name"])


class Desk:
    """The runs of an auditor. ConfigError for a run that is not finished, as from `Run`."""

    def __init__(
        self,
        paths: Sequence[Path],
        state: Path,
        *,
        allows_raw: bool = False,
        on_progress: Progress = lambda what, done, total: None,
    ) -> None:
        self.runs = tuple(
            Opened(Run(path), number, state, on_progress) for number, path in enumerate(paths)
        )
        self.allows_raw = allows_raw
        self._kept = Kept()
        self.reading = threading.BoundedSemaphore(MAX_READING)
        """Held by what looks at every record of a run: its memory grows with the run."""

    def prepare(self) -> None:
        """Make what the pages need of each run, so that no page has to wait for it."""
        for one in self.runs:
            one.views.find("nowhere.invalid")  # makes the ledger; also compiles its hashes
            if one.records <= MAX_RECORDS:
                _ = one.fates
        if len(self.runs) > 1 and all(one.records <= MAX_RECORDS for one in self.runs):
            first, second, *_ = self.runs
            self.matrix(first, second, None)  # also compiles, or loads what was compiled
            self.hosts(first, second, None)

    def chosen(self, given: Mapping[str, Any], name: str = "run", default: int = 0) -> Opened:
        """The run of a query, by its number on the command line. ConfigError for no such."""
        text = str(given.get(name, "")) or str(default)
        if not (text.isdecimal() and len(text) < 4 and int(text) < len(self.runs)):
            raise ConfigError(name, f"{text[:20]!r} is none of 0 to {len(self.runs) - 1}")
        return self.runs[int(text)]

    def matrix(self, before: Opened, after: Opened, language: str | None) -> Matrix:
        """Transitions of records between two of the runs (`compare.transitions`)."""
        pair = before.fates, after.fates
        found: Matrix = self._kept.get(
            ("matrix", before.number, after.number, language),
            lambda: compare.transitions(iter([pair]), language),
        )
        return found

    def hosts(self, before: Opened, after: Opened, language: str | None) -> Mapping[str, Any]:
        """Hosts with kept pages in one of two runs alone (`differences.hosts`)."""
        found: Mapping[str, Any] = self._kept.get(
            ("hosts", before.number, after.number, language),
            lambda: differences.hosts(before.run, after.run, language),
        )
        return found
