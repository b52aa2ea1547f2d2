"""What the kernel says of memory, from folders of the shape that it has."""

from pathlib import Path

import psutil

from pipeline.executor import machine

TOTAL_MB = psutil.virtual_memory().total >> 20


def written(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "cgroup", root / "proc"


def test_the_smallest_limit_above_us_holds(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/slice/job\n",
        "cgroup/slice/job/memory.max": "max\n",
        "cgroup/slice/memory.max": f"{100 << 20}\n",
        "cgroup/memory.max": f"{300 << 20}\n",
    }
    assert machine.memory_mb(*written(tmp_path, files)) == 100


def test_of_the_first_version_too(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/job\n3:cpuset:/\n0::/\n",
        "cgroup/memory/job/memory.limit_in_bytes": f"{50 << 20}\n",
        "cgroup/memory/memory.limit_in_bytes": f"{1 << 62}\n",
    }
    assert machine.memory_mb(*written(tmp_path, files)) == 50


def test_without_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert machine.memory_mb(*written(tmp_path, {})) == TOTAL_MB
    assert machine.out_of_memory_kills(*written(tmp_path, {})) == 0


def test_kills_are_counted_wherever_they_are_told(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/job\n0::/slice\n",
        "proc/vmstat": "nr_free_pages 17\noom_kill 2\n",
        "cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
        "cgroup/slice/memory.events": "low 0\noom 9\noom_kill 4\n",
    }
    assert machine.out_of_memory_kills(*written(tmp_path, files)) == 9


def test_this_machine_has_memory() -> None:
    assert 0 < machine.memory_mb() <= TOTAL_MB
    assert machine.out_of_memory_kills() >= 0
