"""One run with two workers, against two independent runs with one worker each, side by side.

The pages of `bulk_dev.warc.gz` in archives of equal size, `--copies` times: a snapshot is not read
in forty seconds, of which starting and the last task of each worker are a sixth. (Copies are
rejected as duplicates, in both kinds of run.) A round is a pair, its order changing:
`together` reads all archives with two workers; `apart` are two runs at the same time, each of every
other archive with one worker. `share` is together's pages a second over the sum of theirs: what two
workers of one run do of what two machines' worth of runs would. `cpu` is the same of processor
time, which other people's work moves less. `idle_s` is, for each step of the last run together, the
time that its two workers were not both in a task: where the share is lost.
"""

import io
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastwarc.warc import ArchiveIterator

from benchmarks import measure
from pipeline import manifest
from pipeline.steps import STEPS

WORKERS = 2


def split(warc: Path, folder: Path, count: int) -> list[Path]:
    """The archive's gzip members in archives of about equal size, in turn by their pages."""
    data = warc.read_bytes()
    starts = [r.stream_pos for r in ArchiveIterator(io.BytesIO(data), parse_http=False)]
    ends = [*starts[1:], len(data)]
    share = -(-len(data) // count)
    found = [folder / f"part-{number}.warc.gz" for number in range(count)]
    streams = [path.open("wb") for path in found]
    for start, end in zip(starts, ends, strict=True):
        streams[start // share].write(data[start:end])
    for stream in streams:
        stream.close()
    return found


def copied(parts: Sequence[Path], count: int) -> list[Path]:
    """The archives so many times, by links."""
    found = list(parts)
    for number in range(1, count):
        for path in parts:
            found.append(path.with_name(f"copy-{number}-{path.name}"))
            found[-1].hardlink_to(path)
    return found


def _command(inputs: Sequence[Path], out: Path, workers: int) -> list[str]:
    named = [part for path in inputs for part in ("--input", str(path))]
    more = ("--output", str(out), "--workers", str(workers), "--progress", "none", "--json")
    return measure.command("run", "europe", *named, *more)


def together(parts: Sequence[Path], folder: Path) -> tuple[float, float, Path]:
    """Pages a second and processor seconds of one run with two workers, and its folder."""
    out = folder / "together"
    cost = measure.run(_command(parts, out, WORKERS))
    return _pages(out) / cost.wall_s, cost.cpu_s, out


def apart(parts: Sequence[Path], folder: Path) -> tuple[float, float]:
    """The sums of both runs."""
    costs: dict[Path, measure.Cost] = {}

    def one(number: int) -> None:
        out = folder / f"apart-{number}"
        costs[out] = measure.run(_command(parts[number::WORKERS], out, 1))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rates = (_pages(out) / cost.wall_s for out, cost in costs.items())
    return sum(rates), sum(cost.cpu_s for cost in costs.values())


def _pages(run: Path) -> int:
    return sum(made.books.rows_in for made in manifest.every(run, "extract"))


def idle(run: Path) -> dict[str, Any]:
    """By step: from the first task's start to the last one's end, and what two workers left."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for made in manifest.every(run):
        seen = manifest.glance(manifest.folder_of(run, made.step), made.key)
        spans.setdefault(made.step, []).append((seen.began, seen.ended))
    found, before = {}, None
    for step in (name for name in STEPS if name in spans):
        began, ended = min(a for a, _ in spans[step]), max(b for _, b in spans[step])
        busy = sum(b - a for a, b in spans[step])
        found[step] = {
            "tasks": len(spans[step]),
            "wall_s": round(ended - began, 2),
            "idle_s": round(WORKERS * (ended - began) - busy, 2),
            "since_last_step_s": round(began - before, 2) if before else 0.0,
        }
        before = ended
    return found


def main() -> int:
    """Command line; exit code 1 if a floor is missed."""
    parser = measure.parser("bench_two_workers", __doc__.splitlines()[0])
    parser.add_argument("--warc", type=Path, default=measure.BULK)
    parser.add_argument("--parts", type=int, default=8, help="archives")
    parser.add_argument("--copies", type=int, default=3, help="of each archive")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    shares, cpu, steps = [], [], dict[str, Any]()
    for number in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="weir-two-") as name:
            folder = Path(name)
            parts = copied(split(given.warc, folder, given.parts), given.copies)
            began = time.perf_counter()
            if number % 2:
                (rate, used, out), (other, spent) = together(parts, folder), apart(parts, folder)
            else:
                (other, spent), (rate, used, out) = apart(parts, folder), together(parts, folder)
            shares.append(rate / other)
            cpu.append(spent / used)
            steps = idle(out)
        said = (
            f"{rate:.1f} pages/s together, {other:.1f} apart: {shares[-1]:.3f}; cpu {cpu[-1]:.3f}"
        )
        measure.say(f"round {number + 1}: {said} ({time.perf_counter() - began:.0f} s)")
    names = ("parts", "copies", "rounds")
    result = {
        "parameters": {"warc": given.warc.name, **{name: getattr(given, name) for name in names}},
        "share": measure.spread(shares, 3),
        "cpu": measure.spread(cpu, 3),
        "steps": steps,
    }
    return measure.finish("bench_two_workers", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
