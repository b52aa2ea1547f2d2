"""Bounds: every step has them, and the settings that they name move them."""

import pytest

from pipeline import bounds, config, plan
from stages import base, prepare

SETTINGS = config.load("europe").run
CHANGED = {
    "extract.memory_limit_mb": 2_000,
    "extract.max_chars": 50_000_000,
    "read.max_record_bytes": 500_000_000,
    "gate.max_decoded_bytes": 500_000_000,
    "cluster.bands": 28,
    "cluster.partitions": 64,
    "publish.row_group_rows": 1_000,
    "publish.shards_per_task": 2_000,
}


def changed(key: str) -> config.Run:
    section, _, name = key.partition(".")
    values = getattr(SETTINGS, section).model_copy(update={name: CHANGED[key]})
    return SETTINGS.model_copy(update={section: values})


def test_every_step_has_bounds() -> None:
    assert set(bounds.BOUNDS) == {step.name for step in plan.STEPS}


def test_constants_of_stages_are_theirs() -> None:
    assert bounds.BATCH_BYTES == base.MAX_BATCH_BYTES
    assert bounds.FLUSH_BYTES == prepare.FLUSH_BYTES


@pytest.mark.parametrize(
    ("step", "key"),
    [
        (step, key)
        for step, bound in bounds.BOUNDS.items()
        for key in bound.settings
        if key != "gate.block_list"  # its entries are counted in words, not known before
    ],
)
def test_settings_move_the_bound_that_names_them(step: str, key: str) -> None:
    size = bounds.Size(documents=20_000_000)
    before, after = (
        (bounds.memory_mb(step, found, size), bounds.stored_bytes(step, found, size))
        for found in (SETTINGS, changed(key))
    )
    assert before != after


@pytest.mark.parametrize("step", sorted(set(bounds.BOUNDS) - {"gather"}))
def test_memory_of_a_task_does_not_grow_with_the_run(step: str) -> None:
    """Up to the sizes from which groups and partitions grow (`plan.MAX_GROUPS`, `MAX_PARTS`)."""
    large, larger = (bounds.Size(documents=n) for n in (100_000_000, 380_000_000))
    grown = bounds.memory_mb(step, SETTINGS, larger) - bounds.memory_mb(step, SETTINGS, large)
    assert grown <= 20


def test_small_runs_need_less() -> None:
    small = bounds.Size(documents=2_000, shard_documents=2_000)
    for step in bounds.BOUNDS:
        assert bounds.memory_mb(step, SETTINGS, small) <= bounds.memory_mb(step, SETTINGS)
        assert bounds.stored_bytes(step, SETTINGS, small) <= bounds.stored_bytes(step, SETTINGS)


def test_disk_counts_what_every_worker_holds() -> None:
    size = bounds.Size(documents=1_000_000)
    one, four = (bounds.disk_bytes(SETTINGS, size, workers) for workers in (1, 4))
    most = max(bounds.scratch_bytes(step, SETTINGS, size) for step in bounds.BOUNDS)
    assert four - one == 3 * most > 0


def test_a_worker_is_bounded_without_the_one_task_that_grows() -> None:
    assert bounds.worker_mb(SETTINGS) < bounds.memory_mb("gather", SETTINGS)
    assert bounds.worker_mb(SETTINGS) >= bounds.memory_mb("extract", SETTINGS)


def test_partitions_that_are_set_say_how_large_a_run_is_meant() -> None:
    """Two partitions of 300 million documents would need a machine that nobody has."""
    two = config.load("sample").run
    assert two.cluster.partitions == 2
    assert bounds.worker_mb(two) <= 2 * bounds.worker_mb(SETTINGS)
    assert bounds.worker_mb(two) < bounds.worker_mb(two, bounds.Size())
