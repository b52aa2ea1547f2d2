"""What this machine gives to a run: cores and files, less what a container or job takes.

Memory: `pipeline.executor.machine`.
"""

import os
import resource
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def cores() -> float:
    """Cores that this process may use: those it is bound to, or a container's share of them."""
    bound = float(len(os.sched_getaffinity(0)))
    shares = [share for folder in _folders("cpu") if (share := _share(folder)) is not None]
    return min([bound, *shares])


def open_files() -> tuple[int, int]:
    """How many files a process may have open, and how many it may allow itself."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def _folders(controller: str) -> list[Path]:
    """Folders of the group that limits this process, and of those above it; both kernel layouts."""
    found = []
    try:
        lines = MEMBERSHIP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        _, names, path = [*line.split(":", 2), "", ""][:3]
        if names and controller not in names.split(","):
            continue
        root = CGROUP / controller if names else CGROUP
        own = root / path.lstrip("/")
        # In a container the path may be the host's; its own group is then what is mounted.
        found += [folder for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return found


def _share(folder: Path) -> float | None:
    """Cores that a group may use at a time; None where it may use all."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()[:2]
    except (OSError, ValueError):
        old = [_number(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        if old[0] is None or old[1] is None or old[0] <= 0:
            return None
        quota, period = str(old[0]), str(old[1])
    if not (quota.isdigit() and period.isdigit() and int(period)):
        return None
    return int(quota) / int(period)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
