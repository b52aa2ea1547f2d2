"""Clustering in many small groups and partitions, each task killed at each of its commit points."""

import random
from collections import Counter
from pathlib import Path

import pytest

from pipeline import config, plan
from pipeline.executor import Executor
from pipeline.steps import Work
from tests.chaos import faulty
from tests.data import clustering
from tests.data.clustering import SNAPSHOT, STEPS, Clustering, Page
from tests.integration.runs import digests

NAMES = ("c.warc.gz", "a.warc.gz", "b.warc.gz")
TASKS = {
    "band": 3,
    "pair": 3,
    "gather": 1,
    "lend": 3,
    "estimate": 3,
    "shingle": 3,
    "cluster": 3,
    "resolve": 3,
}


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of documents a shard."""
    monkeypatch.setattr(plan, "GROUP_DOCUMENTS", 1)


@pytest.fixture(scope="module")
def limits() -> config.Run:
    """Three partitions; without languages, which each process would parse for nothing."""
    return clustering.settings(partitions=3).model_copy(update={"languages": {}})


@pytest.fixture(scope="module")
def pages() -> dict[str, list[Page]]:
    source = random.Random(5)  # noqa: S311 - invented texts
    every = [page for n in range(25) for page in clustering.corpus(source, n, 6)]
    return clustering.spread(every, NAMES, source)


def perform(done: Clustering, ours: Executor) -> None:
    """All steps, as the runner has an executor do them."""
    work = Work(str(done.run), done.plan.settings.model_dump_json(), SNAPSHOT)
    for step in (*STEPS, "resolve"):
        tasks = done.tasks(step)
        made = {outcome.task.key: outcome.manifest for outcome in ours.run(work, tasks)}
        done.made[step] = [found for task in tasks if (found := made[task.key]) is not None]
        assert len(done.made[step]) == TASKS[step]


def tables(run: Path) -> dict[str, str]:
    """Every file but manifests, which hold times."""
    return digests(run, *(path.name for path in run.iterdir() if path.name != "manifests"))


@pytest.fixture
def undisturbed(pages: dict[str, list[Page]], limits: config.Run, tmp_path: Path) -> dict[str, str]:
    done = clustering.prepared(tmp_path / "undisturbed", pages, limits)
    done.perform(*STEPS, "resolve")
    found = clustering.outcome(done, [page for shard in pages.values() for page in shard])
    assert len(found.edges) > 5
    assert len(found.keepers) > 10
    return tables(done.run)


@pytest.mark.parametrize("fate", faulty.AT_RENAME)
def test_each_task_killed_at_a_commit_point(
    pages: dict[str, list[Page]],
    limits: config.Run,
    tmp_path: Path,
    undisturbed: dict[str, str],
    fate: str,
) -> None:
    """The task's first worker dies as it would rename a file; the second does the task anew."""
    ours, met = faulty.executor(1, (fate,))
    done = clustering.prepared(tmp_path / "run", pages, limits)
    perform(done, ours)
    ours.close()
    assert met == Counter({fate: sum(TASKS.values()), "calm": sum(TASKS.values())})
    for path in done.run.rglob(".tmp-*"):  # what a run sweeps away when it is begun and ended
        path.unlink()
    assert tables(done.run) == undisturbed
