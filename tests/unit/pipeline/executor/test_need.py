"""What tasks ask for, before and after tasks of their step were measured."""

from typing import get_args

import pytest

from pipeline import config, plan
from pipeline.executor.need import MEMORY_MB, OTHER_MEMORY_MB, STEP_MB, Limits, Needs
from pipeline.executor.task import Task
from pipeline.manifest import Books, Manifest

LARGE = 1 << 20


def task(step: str = "extract", key: str = "k") -> Task:
    return Task(step, key, "name", {})


def measured(mb: float, step: str = "extract") -> Manifest:
    return Manifest(step, "k", "name", (), (), Books(0, 0, 0, 0), (), {"rss_mb": mb})


def test_the_first_tasks_ask_for_what_is_assumed() -> None:
    needs = Needs(Limits())
    assert 0 <= needs.of(task(), LARGE).memory_mb - MEMORY_MB["extract"] < STEP_MB
    assert 0 <= needs.of(task("pair"), LARGE).memory_mb - OTHER_MEMORY_MB < STEP_MB


@pytest.mark.parametrize(
    ("taken", "expected"), [((400, 500), 1536), ((400, 500, 410), 640), ((3000,), 3840), ((), 1536)]
)
def test_measured_tasks_replace_it_once_there_are_enough_and_at_once_if_they_take_more(
    taken: tuple[float, ...], expected: int
) -> None:
    needs = Needs(Limits())
    for mb in taken:
        needs.learn(measured(mb))
    assert needs.of(task(), LARGE).memory_mb == expected
    assert needs.of(task("pair"), LARGE).memory_mb == 1024


def test_a_configured_number_holds_unless_more_is_measured() -> None:
    needs = Needs(Limits(memory_mb={"extract": 2560}))
    for _ in range(5):
        needs.learn(measured(400))
    assert needs.of(task(), LARGE).memory_mb == 2560
    needs.learn(measured(4000))
    assert needs.of(task(), LARGE).memory_mb == 5120


def test_nobody_asks_for_more_than_the_largest_machine_has() -> None:
    assert Needs(Limits()).of(task(), 1000).memory_mb == 1000


def test_doubling_ends_at_the_largest_machine_and_is_for_one_task() -> None:
    needs, asked = Needs(Limits()), []
    while True:
        need = needs.of(task(), 10_000)
        asked.append(need.memory_mb)
        if not needs.double(task(), need, 10_000):
            break
    assert asked == [1536, 3072, 6144, 10_000]
    assert needs.of(task(key="other"), 10_000).memory_mb == 1536


def test_times_are_by_step() -> None:
    needs = Needs(Limits(hours={"extract": 0.5}))
    assert needs.of(task(), LARGE).limit_s == 1800
    assert needs.of(task("gather"), LARGE).limit_s == 24 * 3600
    assert needs.of(task("pair"), LARGE).limit_s == 6 * 3600


def test_limits_can_be_given_for_every_step_and_no_other() -> None:
    assert set(get_args(config.Step)) == {step.name for step in plan.STEPS}
