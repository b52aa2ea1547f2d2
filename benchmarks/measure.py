"""What every benchmark needs: the machine, a measured command, medians, and the floors."""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import psutil
from ruamel.yaml import YAML

REPOSITORY = Path(__file__).resolve().parents[1]
BENCH = REPOSITORY / ".bench"
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
BULK = SHARED_DATA / "bulk_dev.warc.gz"
FLOORS = Path(__file__).with_name("floors.yaml")
SAMPLE_S = 0.05
NEAR_PEAK = 0.95
"""Shared pages are told apart only near the peak, since the kernel walks all pages for it."""
LAST_WORDS = 2000
PATIENCE_S = 20
"""For a process that was told to end."""
REASON_CHARS = 160
CACHE = BENCH / "cache"
OFFLINE = {
    "HF_HOME": str(CACHE),
    "HF_ASSETS_CACHE": str(CACHE / "assets"),
    "HF_HUB_OFFLINE": "1",
    "TLDEXTRACT_CACHE": str(CACHE / "tldextract"),
}
"""For peers: caches in `.bench/`, and no network where that can be said."""
PACKAGES = (
    "trafilatura",
    "resiliparse",
    "fastwarc",
    "lxml",
    "pyarrow",
    "numpy",
    "py3langid",
    "pycld2",
)


def _load() -> list[float]:
    return [round(load, 2) for load in os.getloadavg()]


LOAD_AT_START = _load()


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command and all its descendants took."""

    cpu_s: float
    """User and system time, as the kernel counts it for the process and its children."""
    wall_s: float
    peak_rss_mb: float
    """Most resident memory of the process tree at one moment; shared pages count each time."""
    peak_pss_mb: float = 0.0
    """The same with pages that processes share counted once: what the machine must have for it."""


def say(text: str) -> None:
    """Progress, to stderr."""
    print(text, file=sys.stderr, flush=True)


def environment() -> dict[str, Any]:
    """The machine and the versions that a number was measured with."""
    model = platform.processor() or "unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "load_average": {"start": LOAD_AT_START, "end": _load()},
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def command(*arguments: str) -> list[str]:
    """The `weir` command line, run from this checkout."""
    return [sys.executable, "-m", "pipeline.cli", *arguments]


def run(
    arguments: Sequence[str], core: int | None = None, env: Mapping[str, str] | None = None
) -> Cost:
    """Run a command to its end, on one core if given.

    RuntimeError with its last words if it fails.
    """
    with tempfile.TemporaryFile() as log:
        return _run(arguments, core, env or {}, log)


def _run(arguments: Sequence[str], core: int | None, env: Mapping[str, str], log: BinaryIO) -> Cost:
    before = os.sched_getaffinity(0)
    began = time.perf_counter()
    try:
        if core is not None:
            os.sched_setaffinity(0, {core})  # inherited by the child; ours is restored below
        process = subprocess.Popen(
            arguments,
            cwd=REPOSITORY,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    finally:
        os.sched_setaffinity(0, before)
    sampler = Sampler(process.pid)
    sampler.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        resident, once = (round(peak / 2**20, 1) for peak in sampler.finish())
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        log.seek(0)
        words = log.read().decode("utf-8", "replace")[-LAST_WORDS:]
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(arguments)}\n{words}")
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(round(cpu, 3), round(time.perf_counter() - began, 3), resident, once)


class Sampler(threading.Thread):
    """Looks at the memory of a process tree twenty times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._peak = (0, 0)
        self._peak_once = 0

    def run(self) -> None:
        """Sample until told to finish."""
        while not self._done.wait(SAMPLE_S):
            self._look()

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            tree = self._tree()
            found = [_memory(process) for process in tree]
            resident, own = (sum(part) for part in zip(*found, strict=True))
            if resident >= NEAR_PEAK * self._peak[0]:
                self._peak_once = max(self._peak_once, sum(map(_once, tree)))
            self._peak = (max(self._peak[0], resident), max(self._peak[1], own))

    def _tree(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def lap(self) -> tuple[int, int]:
        """Peaks since the last lap, in bytes: resident, and resident without pages of files."""
        self._look()
        peak, self._peak = self._peak, (0, 0)
        return peak

    def finish(self) -> tuple[int, int]:
        """Stop; the peak of resident memory in bytes, and with shared pages counted once."""
        self._done.set()
        self.join()
        return self._peak[0], self._peak_once

    def cpu_s(self) -> float:
        """User and system time of the tree so far, its ended processes included."""
        total = 0.0
        for process in self._tree():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Resident bytes, and those of them that are no file's (`shared` is what is mapped)."""
    try:
        found = process.memory_info()
    except psutil.Error:
        return 0, 0
    return int(found.rss), int(found.rss - getattr(found, "shared", 0))


def _once(process: psutil.Process) -> int:
    """Proportional set size: a page that two processes share is a half for each."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):  # gone, or not Linux
        return 0


class PeerError(RuntimeError):
    """A peer cannot be installed here; the message is the installer's, in one line."""


def reason(error: Exception) -> str:
    """The last thing that was said, in one line and without addresses or paths of this machine."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = re.sub(r"\w+://\S+", "(address)", lines[-1] if lines else type(error).__name__)
    return re.sub(r"(?<![\w.])/[\w.+@-]+(?:/[\w.+@-]*)+", "(path)", words)[:REASON_CHARS]


def python_of(peer: str, requirements: Sequence[str]) -> Path:
    """The interpreter of a peer's own environment, made now if it is missing or has others.

    PeerError if that cannot be done.
    """
    folder, wanted = BENCH / peer, "\n".join(requirements)
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        say(f"making {folder.relative_to(REPOSITORY)}")
        shutil.rmtree(folder, ignore_errors=True)
        BENCH.mkdir(exist_ok=True)
        (BENCH / ".gitignore").write_text("*\n", encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        done = subprocess.run(
            [*install, *requirements], check=False, stdout=sys.stderr, stderr=subprocess.PIPE
        )
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace")
            errors = [line for line in words.splitlines() if line.startswith("ERROR: ")]
            raise PeerError((errors or words.splitlines() or ["pip said nothing"])[-1])
        stamp.write_text(wanted, encoding="utf-8")
    return python


def mapped_mb(folder: str) -> float:
    """Megabytes of files in a folder that this process has mapped and touched."""
    maps = psutil.Process().memory_maps()
    return round(sum(m.rss for m in maps if m.path.startswith(folder)) / 2**20, 1)


def status_mb(name: str) -> float:
    """A line of the kernel's account of this process: `RssAnon`, its own memory; `VmHWM`, peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def spread(values: Sequence[float], digits: int = 2) -> dict[str, Any]:
    """Median and range."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
        "n": len(values),
    }


def parser(name: str, summary: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=summary)
    made.add_argument("--check", action="store_true", help="exit 1 if a floor is missed")
    return made


def finish(name: str, result: Mapping[str, Any], check: bool) -> int:
    """Print the result with its environment, then hold it against the floors if asked to.

    A floor names a number by its dotted path in the result.
    """
    print(json.dumps({"benchmark": name, "environment": environment(), **result}, indent=1))
    if not check:
        return 0
    missed = [text for text in map(str, _missed(name, result)) if text]
    for text in missed:
        say(f"{name}: {text}")
    return 1 if missed else 0


def _missed(name: str, result: Mapping[str, Any]) -> list[str]:
    floors = YAML(typ="safe", pure=True).load(FLOORS.read_text(encoding="utf-8")).get(name, {})
    found = []
    for path, floor in floors.items():
        value: Any = result
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            found.append(f"{path} was not measured")
        elif "max" in floor and value > floor["max"]:
            found.append(f"{path} is {value}, more than {floor['max']} ({floor['reason']})")
        elif "min" in floor and value < floor["min"]:
            found.append(f"{path} is {value}, less than {floor['min']} ({floor['reason']})")
    return found
