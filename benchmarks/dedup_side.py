"""What each side of `bench_dedup` does around its own work; the standard library is enough.

A side is a script called with TEXTS (a JSON list), OUT (a folder), ROUNDS and GIVEN (shingles). It
leaves OUT/side.json, and OUT/shingles.u64 with the shingle sets that it compared, one after the
other.
"""

import array
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

Made = TypeVar("Made")


def texts() -> list[str]:
    """The texts to compare; a document's number is its place."""
    found: list[str] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return found


def out() -> Path:
    """The folder for results."""
    return Path(sys.argv[2])


def rounds() -> int:
    """How often to measure."""
    return int(sys.argv[3])


def memory_mb() -> float:
    """Most resident memory of this process so far.

    Not `ru_maxrss`, which begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(peak.split()[1]) / 1024, 1)


def versions(*packages: str) -> dict[str, str]:
    """What is installed where this side runs."""
    return {package: metadata.version(package) for package in packages}


def timed(work: Callable[[], Made], times: int) -> tuple[Made, list[float]]:
    """The last result, and CPU seconds of each round; one more round before is not counted."""
    spent = []
    for _ in range(times + 1):
        began = time.process_time()
        made = work()
        spent.append(time.process_time() - began)
    return made, spent[1:]


def finish(
    result: dict[str, Any],
    pairs: Iterable[tuple[int, int]],
    removed: Mapping[int, Sequence[int]],
    sets: Sequence[Iterable[int]],
) -> None:
    """Write candidate pairs, removed documents with those kept for them, and shingle sets."""
    flat = array.array("Q")
    sizes = []
    for members in sets:
        before = len(flat)
        flat.extend(members)
        sizes.append(len(flat) - before)
    with (out() / "shingles.u64").open("wb") as sink:
        flat.tofile(sink)
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    kept_for = {str(number): list(keepers) for number, keepers in removed.items()}
    made = {**result, "pairs": ordered, "removed": kept_for, "sizes": sizes}
    (out() / "side.json").write_text(json.dumps(made), encoding="utf-8")
