"""Cores of a machine, as kernels write their limits: both layouts of control groups."""

import os
from pathlib import Path

import pytest

from pipeline import machine


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty tree of control groups, and no group that this process is in."""
    monkeypatch.setattr(machine, "CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    (tmp_path / "membership").write_text("", encoding="utf-8")
    return tmp_path


def member(groups: Path, line: str, folder: str, **files: str) -> None:
    (groups / "membership").write_text(line + "\n", encoding="utf-8")
    path = groups / "cgroup" / folder
    path.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (path / name.replace("__", ".")).write_text(value + "\n", encoding="utf-8")


def test_without_groups_it_is_the_machine(groups: Path) -> None:
    assert machine.cores() == len(os.sched_getaffinity(0))


def test_a_group_limits_cores(groups: Path) -> None:
    member(groups, "0::/job", "job", cpu__max="50000 100000")
    assert machine.cores() == 0.5


def test_groups_above_count_too(groups: Path) -> None:
    member(groups, "0::/job/step", "job/step", cpu__max="max 100000")
    member(groups, "0::/job/step", "job", cpu__max="25000 100000")
    assert machine.cores() == 0.25


def test_the_older_layout(groups: Path) -> None:
    quota = {"cpu__cfs_quota_us": "25000", "cpu__cfs_period_us": "100000"}
    member(groups, "1:cpu,cpuacct:/job", "cpu/job", **quota)
    assert machine.cores() == 0.25


def test_a_container_sees_its_own_group_at_the_top(groups: Path) -> None:
    """Its membership names the host's path, which is not mounted inside."""
    member(groups, "0::/kubepods/pod1", ".", cpu__max="10000 100000")
    assert machine.cores() == 0.1


@pytest.mark.parametrize("value", ["max", "", "nonsense", "-1 100000", "1000 0"])
def test_what_is_no_limit_is_none(groups: Path, value: str) -> None:
    member(groups, "0::/", ".", cpu__max=value)
    assert machine.cores() == len(os.sched_getaffinity(0))
