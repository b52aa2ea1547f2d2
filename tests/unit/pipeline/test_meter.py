"""What a task takes of its machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pipeline.meter import Laps, Meter, Rapl, cpu_s, tree

BURN = "import time\nwhile time.process_time() < .3: pass"
HOLD = "import sys\nheld = bytearray(96 << 20)\nprint('ready', flush=True)\nsys.stdin.read()"


def test_children_that_ended_count() -> None:
    with Meter() as meter:
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert meter.taken["cpu_s"] >= 0.29
    assert meter.taken["wall_s"] > 0
    assert set(meter.taken) <= {"wall_s", "cpu_s", "rss_mb", "gb_s", "joules"}


def test_memory_of_living_children_counts() -> None:
    with Meter(every_s=0.01) as alone:
        time.sleep(0.05)
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdout.readline()
        assert child.pid in [*tree(os.getpid())]
        with Meter(every_s=0.01) as both:
            time.sleep(0.05)
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()
    assert both.taken["rss_mb"] > alone.taken["rss_mb"] + 90
    held = both.taken["rss_mb"] * 2**20 / 1e9 * both.taken["wall_s"]
    assert 0.5 * held - 0.001 <= both.taken["gb_s"] <= 1.01 * held + 0.001


def test_a_failing_task_is_left_as_it_is() -> None:
    before = cpu_s()
    try:
        with Meter() as meter:
            raise ValueError  # noqa: TRY301 - the task's own error must come through
    except ValueError:
        assert meter.taken["cpu_s"] <= cpu_s() - before + 0.002
    else:
        raise AssertionError


def zone(folder: Path, name: str, label: str, joules: float) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / "name").write_text(f"{label}\n")
    (place / "max_energy_range_uj").write_text("1000000000\n")
    (place / "energy_uj").write_text(f"{int(joules * 1e6)}\n")
    return place / "energy_uj"


def test_counters_of_packages_and_memory(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 990)
    zone(tmp_path, "intel-rapl:0:0", "core", 5)
    memory = zone(tmp_path, "intel-rapl:0:1", "dram", 5)
    board = zone(tmp_path, "intel-rapl:1", "psys", 5)
    rapl = Rapl(tmp_path)
    assert {*rapl.zones} == {package, memory}
    package.write_text("999000000")
    board.write_text("900000000")
    rapl.look()
    assert rapl.joules == 9
    package.write_text("4000000")  # 1 J to the end of its turn, then 4
    memory.write_text("7000000")
    rapl.look()
    assert rapl.joules == 9 + 5 + 2
    package.write_text("no number")
    rapl.look()
    assert rapl.joules == 16


def test_a_task_has_its_share_of_the_machine(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    with Meter(tmp_path) as meter:
        package.write_text("20000000")
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert 0 < meter.taken["joules"] <= 20


def test_without_counters(tmp_path: Path) -> None:
    with Meter(tmp_path) as meter:
        pass
    assert "joules" not in meter.taken


def test_laps() -> None:
    times = iter([0.0, 1.0, 3.0, 3.5])
    laps = Laps(lambda: next(times))
    for name in ("read", "gate", "read"):
        laps.lap(name)
    assert laps.seconds == {"read": 1.5, "gate": 2.0}
