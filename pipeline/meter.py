"""What a task takes of its machine: time, processor time, memory, and energy where it is counted.

Children count as well: the parsers work in one. All of it is written to the manifest's `timing` and
nowhere else, so that no output depends on it.
"""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

EVERY_S = 0.5
"""A look takes some .2 ms, so this costs a two-thousandth of a core. What comes and goes between
two looks is not seen."""

POWERCAP = Path("/sys/class/powercap")


class Meter:
    """Measures what runs inside its `with`; then `taken` holds the numbers.

    wall_s, cpu_s: seconds, of the process with the children that ended meanwhile. rss_mb: most
    resident memory that was seen of the process and its living children together; pages that they
    share count for each. gb_s: that memory over time. joules: only where the processor's counters
    can be read (RAPL): the machine's energy in the share that the task has of its busy time, so
    that tasks side by side are not counted twice.
    """

    def __init__(self, powercap: Path = POWERCAP, every_s: float = EVERY_S) -> None:
        self.taken: dict[str, float] = {}
        self._rapl = Rapl(powercap)
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._peak = self._byte_s = 0.0

    def __enter__(self) -> Self:
        self._began, self._cpu_s = time.perf_counter(), cpu_s()
        self._busy_s = _busy_s() if self._rapl.zones else 0.0
        self._last = self._began
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()
        used_s = cpu_s() - self._cpu_s
        self.taken = {
            "wall_s": round(time.perf_counter() - self._began, 3),
            "cpu_s": round(used_s, 3),
            "rss_mb": round(self._peak / 2**20, 1),
            "gb_s": round(self._byte_s / 1e9, 3),
        }
        if self._rapl.zones:
            busy_s = max(_busy_s() - self._busy_s, used_s, 0.01)
            self.taken["joules"] = round(self._rapl.joules * used_s / busy_s, 3)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        now, held = time.perf_counter(), sum(map(_rss, tree(os.getpid())))
        self._byte_s += held * (now - self._last)
        self._peak = max(self._peak, held)
        self._last = now
        self._rapl.look()


class Rapl:
    """Energy counters of the processors and their memory, where this machine lets us read them."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        self.joules = 0.0
        self.zones = {
            zone / "energy_uj": _number(zone / "max_energy_range_uj")
            for zone in sorted(folder.glob("intel-rapl:*"))
            if _is_counted(zone) and _number(zone / "energy_uj") is not None
        }
        self._last = {path: _number(path) for path in self.zones}

    def look(self) -> None:
        """Add what was used since the last look; a counter that began anew made one turn."""
        for path, turn in self.zones.items():
            now, before = _number(path), self._last[path]
            if now is None or before is None:
                continue
            self.joules += (now - before if now >= before else now - before + (turn or 0)) / 1e6
            self._last[path] = now


class Laps:
    """Seconds by the clock spent on each part of some work."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._last = clock()

    def lap(self, name: str) -> None:
        """Count the time since the last lap, or the beginning, as the name's."""
        now = self._clock()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def cpu_s() -> float:
    """Processor seconds of this process, and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def tree(pid: int) -> Iterator[int]:
    """A process and its living descendants; only itself where the kernel does not list them."""
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += map(int, listed.read_text().split())


def _rss(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # it has just ended
        return 0


def _busy_s() -> float:
    """Seconds that all processors of the machine have worked."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - _guests(times))


def _guests(times: object) -> float:
    """Time of virtual machines, which the kernel also counts as the user's."""
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _is_counted(zone: Path) -> bool:
    """Packages, and memory: parts of a package and `psys`, the whole board, are in no sum twice."""
    try:
        name = (zone / "name").read_text().strip()
    except OSError:
        return False
    return name.startswith("package") or name == "dram"


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
