"""What a step function may look at: the run's folder, its configuration, and its task."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline import config, shards, storage
from pipeline.executor import Task
from pipeline.manifest import Books, Count, Manifest, Output
from pipeline.sandbox import Sandbox
from pipeline.suspects import Suspects
from stages import schema

PARSERS = "stages.parse"


@dataclass(frozen=True, slots=True)
class Context:
    """All that a step function may look at."""

    run: Path
    settings: config.Run
    snapshot: str
    task: Task

    def path(self, relative: str) -> Path:
        """A file of the run, or by its whole address one of the run's dataset."""
        if relative.startswith("/") or storage.is_remote(relative):
            return storage.place(relative)
        return self.run / relative

    def output(self, table: schema.Table, suffix: str = "") -> "shards.Writer":
        """A file in the making, named by the task and its key."""
        name = f"{table.name}/{self.task.name}{suffix}-{self.task.key[:12]}.parquet"
        return shards.Writer(self.run, storage.attempt_name(self.run, name), table)

    def manifest(
        self, outputs: Iterable[Output], books: Books, counts: Iterable[Count]
    ) -> Manifest:
        """The task's manifest."""
        inputs = tuple(str(i) for i in self.task.params.get("inputs", ()))
        return Manifest(
            self.task.step,
            self.task.key,
            self.task.name,
            inputs,
            tuple(outputs),
            books,
            tuple(sorted(counts)),
        )

    @property
    def _journal(self) -> Path:
        """Calls and records of this task that ended a process."""
        return self.run / "journal" / f"{self.task.step}-{self.task.key}.jsonl"

    def sandbox(self) -> Sandbox:
        """The killable child, with the journal of this task's earlier deaths."""
        limits = self.settings.extract
        return Sandbox(PARSERS, limits.cpu_limit_s, limits.memory_limit_mb, self._journal)

    def suspects(self) -> Suspects:
        """What this task marks, and the records that its earlier attempts died of."""
        return Suspects(self._journal, f"{self.task.step}-{self.task.key}")
