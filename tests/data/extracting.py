"""Runs the first three steps alone: robots.txt files and WARC files to records and documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import config, executor, plan, planning
from pipeline.executor import Task
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
    listed = ", ".join(f"'{path}'" for path in inputs)
    resolved = config.load("europe", [f"inputs=[{listed}]", SHORT, *settings])
    planned = planning.make_plan(resolved)
    work = Work(str(run), resolved.run.model_dump_json(), planned.snapshot)
    made: plan.Made = {}
    for step in plan.STEPS[:3]:
        tasks = planned.tasks(step, made)
        made[step.name] = _performed(work, tasks, min(workers, len(tasks)))
    return Extracted(run, tuple(made["extract"]))


def _performed(work: Work, tasks: Sequence[Task], workers: int) -> list[Manifest]:
    backend = executor.make("local", workers, None, [])
    try:
        done = {o.task.key: o for o in backend.run(work, tasks)}
    finally:
        backend.close()
    for outcome in done.values():
        if outcome.error is not None:
            raise outcome.error
    return [m for task in tasks if (m := done[task.key].manifest) is not None]
