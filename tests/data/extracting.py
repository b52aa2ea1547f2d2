"""Runs the first three steps alone: robots.txt files and WARC files to records and documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import config, executor, plan, planning
from pipeline.executor import Outcome, Task
from pipeline.manifest import Manifest
from pipeline.steps import Work

SHORT = f"gate.block_list={Path(__file__).parent / 'block_list.txt'}"
"""Runs of tests do not each sort the millions of domains of the default list."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What the step extract left behind."""

    run: Path
    manifests: tuple[Manifest, ...]

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A table of all shards, in order."""
        paths = [self.run / made.output(name).path for made in self.manifests]
        chosen = None if columns is None else list(columns)
        return pa.concat_tables(
            [pq.read_table(p, columns=chosen, partitioning=None) for p in paths]
        )

    def rows(self, name: str, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The rows of a table of all shards, in order."""
        found: list[dict[str, Any]] = self.table(name, columns).to_pylist()
        return found


def extract(
    run: Path, inputs: Sequence[Path], settings: Sequence[str] = (), workers: int = 1
) -> Extracted:
    """Prepare and extract under the default configuration and `settings`."""
    done = outcomes(run, inputs, settings, workers)
    return Extracted(run, tuple(_manifests(done)))


def outcomes(
    run: Path, inputs: Sequence[Path], settings: Sequence[str] = (), workers: int = 1
) -> list[Outcome]:
    """How the step extract ended for each input, in order; the steps before it must succeed."""
    listed = ", ".join(f"'{path}'" for path in inputs)
    resolved = config.load("europe", [f"inputs=[{listed}]", SHORT, *settings])
    planned = planning.make_plan(resolved)
    work = Work(str(run), resolved.run.model_dump_json(), planned.snapshot)
    made: plan.Made = {}
    for step in plan.STEPS[:2]:
        tasks = planned.tasks(step, made)
        made[step.name] = _manifests(_performed(work, tasks, min(workers, len(tasks))))
    tasks = planned.tasks(plan.STEPS[2], made)
    return _performed(work, tasks, min(workers, len(tasks)))


def _performed(work: Work, tasks: Sequence[Task], workers: int) -> list[Outcome]:
    backend = executor.make("local", workers, None, [])
    try:
        done = {o.task.key: o for o in backend.run(work, tasks)}
    finally:
        backend.close()
    return [done[task.key] for task in tasks]


def _manifests(done: Sequence[Outcome]) -> list[Manifest]:
    """Raises the first error there is."""
    for outcome in done:
        if outcome.error is not None:
            raise outcome.error
    return [outcome.manifest for outcome in done if outcome.manifest is not None]
