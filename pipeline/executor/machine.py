"""What this machine, or the container on it, has of memory, and whether it ran out."""

from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")


def memory_mb(cgroups: Path = CGROUPS, proc: Path = PROC) -> int:
    """MB of memory that processes here may take: the container's limit, or the machine's."""
    limits = (
        _number(folder / name)
        for folder in _groups(cgroups, proc)
        for name in ("memory.max", "memory.limit_in_bytes")
    )
    total = int(psutil.virtual_memory().total)
    return min(total, *(limit for limit in limits if limit is not None), total) >> 20


def out_of_memory_kills(cgroups: Path = CGROUPS, proc: Path = PROC) -> int:
    """How many processes the kernel has killed for want of memory, here and on the machine.

    Only its growth means something: of a container, and of all the machine where that is shown.
    """
    total = _field(proc / "vmstat", "oom_kill")
    for folder in _groups(cgroups, proc):
        total += _field(folder / "memory.events", "oom_kill")
        total += _field(folder / "memory.oom_control", "oom_kill")
    return total


def _groups(cgroups: Path, proc: Path) -> list[Path]:
    """Folders of this process's control groups and those above them, of both versions."""
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            top = cgroups / controllers
            inner = top / path.strip("/")
            found += [inner, *(folder for folder in inner.parents if folder.is_relative_to(top))]
    return found


def _field(path: Path, name: str) -> int:
    try:
        fields = dict(line.split()[:2] for line in path.read_text().splitlines())
        return int(fields.get(name, 0))
    except (OSError, ValueError):
        return 0


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # `max`: no limit
        return None
