"""One driver with the tasks of a snapshot: planned, scheduled, killed, resumed, asked.

A plan of 90,000 shards with names as in a real path list, and as many robots.txt files; their
addresses are local and lead nowhere, so that looking them up costs a look on disk each. All steps
of the real runner with real keys, and manifests on disk of the shape that real tasks leave (1,500
groups, 256 partitions, languages and counts as given), by bodies that do nothing else: they stand
at the seam `executor.make`, behind the real driver of attempts, in a simulated cluster of 1,000
workers. Its outcomes come in random order, and now and then a worker is lost.

`driver_s` is what is left of the wall time without the bodies' own, `driver_cpu_s` of the
processor time, which other people's work moves less. Each phase is a process of its
own; `peak_rss_mb` is its peak. `begin` kills itself in the middle of the extraction, `resume` goes
on to the end, `again` has nothing to do. `weir status` is asked in the middle and at the end;
`listing` is what `weir verify` reads of manifests.
"""

import hashlib
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from audit import status
from audit.runs import Run
from benchmarks import measure
from langid import tags
from pipeline import config, executor, manifest, plan, planning, runner, tally
from pipeline.executor import Task
from pipeline.manifest import Books, Manifest, Output
from stages import prepare

NAME = "crawl-data/CC-MAIN-2024-10/segments/{0:013d}.{1}/warc/CC-MAIN-20240220-{2:05d}.warc.gz"
WORKERS = 1000
ROWS = 20_000
"""Documents of a shard: 1.8 billion in 90,000."""
LOST_EVERY = 20_000
MAX_LINKS = 30_000
"""To one file: ext4 has a few more."""
METRICS = ("documents", "characters", "bytes")
TIMES = [f"stage.part{number}_s" for number in range(12)]


class Bodies:
    """What tasks leave behind: manifests of the right shape; they do not wait for the disk."""

    def __init__(self, run: Path, shards: int, languages: int, counts: int) -> None:
        self.run, self.spent_s, self.cpu_s = run, 0.0, 0.0
        self._tags = sorted(tags.BY_TAG)[:languages]
        groups = max(1, min(plan.MAX_GROUPS, shards * ROWS // plan.GROUP_DOCUMENTS))
        self._sizes = (shards, groups)
        self._counts = tuple(
            (self._tags[n % languages], f"histogram.signal{n // languages}", "0.5:0.6", n + 1)
            for n in range(counts)
        )
        self._folders = set[Path]()
        self._linked = dict[str, int]()

    def __call__(self, task: Task) -> Manifest:
        """Leave a manifest and give it back as another process would."""
        began, cpu = time.perf_counter(), time.process_time()
        made = self._made(task)
        path = manifest.path_of(self.run, task.step, task.key)
        if path.parent not in self._folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        temporary = path.with_name(f".tmp-{task.name}")
        temporary.write_bytes(made.to_json().encode())
        temporary.replace(path)
        self.spent_s += time.perf_counter() - began
        self.cpu_s += time.process_time() - cpu
        return made

    def _made(self, task: Task) -> Manifest:
        inputs = tuple(task.params.get("inputs", ()))
        rejected = ROWS // 10
        books = Books(ROWS, ROWS - rejected, rejected, 0)
        outputs, counts = self._outputs(task), ()
        if task.step in tally.STEPS:
            outputs += (self._tally(task),)
        timing = dict.fromkeys(("wall_s", "cpu_s", "rss_mb", "gb_s"), 12.345)
        if task.step == "extract":
            timing |= dict.fromkeys(TIMES, 1.234)
        return Manifest(task.step, task.key, task.name, inputs, outputs, books, counts, timing)

    def _tally(self, task: Task) -> Output:
        """Its file of counts: a link, since all shards have the same here."""
        number = self._linked[task.step] = self._linked.get(task.step, -1) + 1
        path = f"tally/{task.step}-{task.name}-{task.key[:12]}.parquet"
        if number % MAX_LINKS == 0:
            self._written = tally.write(self.run, path, self._counted(task))
        elif not (self.run / path).exists():
            (self.run / path).hardlink_to(self.run / self._written.path)
        return replace(self._written, path=path) if number % MAX_LINKS else self._written

    def _counted(self, task: Task) -> tuple[manifest.Count, ...]:
        if task.step == "extract":
            left = ROWS - ROWS // 10
            return (
                ("eng_Latn", "documents.read", "", ROWS),
                ("eng_Latn", "documents.rejected", "gate.language", ROWS - left),
                *self._counts[: len(self._counts) // 35],
            )
        if task.step == "decide":
            return (("eng_Latn", "documents.kept", "", ROWS - ROWS // 10), *self._counts)
        return ()

    @cached_property
    def _by_tag(self) -> tuple[tuple[str, int], ...]:
        return tuple((tag, number) for number, tag in enumerate(self._tags))

    def _numbered(self, count: int, form: str = "{}") -> tuple[tuple[str, int], ...]:
        return tuple((form.format(number), number) for number in range(count))

    @cached_property
    def _parts(self) -> tuple[tuple[str, int], ...]:
        shards, _ = self._sizes
        parts = min(plan.MAX_PARTS, max(plan.MIN_PARTS, -(-shards * ROWS // plan.PART_DOCUMENTS)))
        return self._numbered(parts)

    @cached_property
    def _groups(self) -> tuple[tuple[str, int], ...]:
        return self._numbered(self._sizes[1], "{:05d}")

    @cached_property
    def _buckets(self) -> tuple[tuple[str, int], ...]:
        return tuple((prepare.bucket_name(n), n) for n in range(prepare.BUCKETS))

    def _outputs(self, task: Task) -> tuple[Output, ...]:
        by_tag = self._by_tag
        shapes: dict[str, tuple[tuple[str, tuple[tuple[str, int], ...]], ...]] = {
            "prepare": (("site_files", self._buckets), ("site_contents", self._buckets))
            if task.name.startswith(plan.ROBOTS)
            else ((task.name.replace(plan.NOW, "suppressed"), ()),),
            "collate": (("site_files", ()), ("site_contents", ())),
            "extract": (
                ("records", ()),
                ("documents", by_tag),
                ("signals", by_tag),
                ("signatures", by_tag),
            ),
            "band": (("keys", ()),),
            "pair": (("candidates", ()),),
            "gather": (("homes", self._groups), ("candidates", self._parts)),
            "lend": (("lent", self._parts),),
            "estimate": (("estimates", ()), ("wanted", self._groups)),
            "shingle": (("shingles", self._parts),),
            "cluster": (("edges", ()), ("members", ())),
            "judge": (("verdicts", ()),),
            "resolve": (("removals", self._groups),),
            "decide": (("decisions", ()),),
            "publish": (("corpus", by_tag),),
            "compact": (("corpus.0", ()),),
        }
        return tuple(self._output(task, table, groups) for table, groups in shapes[task.step])

    def _output(self, task: Task, table: str, groups: tuple[tuple[str, int], ...]) -> Output:
        rows = ROWS
        if task.step == "compact":  # the statistics hold published against kept
            kept, languages = self._sizes[0] * (ROWS - ROWS // 10), len(self._tags)
            first = task.name == self._tags[0]
            rows = kept // languages + (kept % languages if first else 0)
        name = f"{table.partition('.')[0]}/{task.name}-{task.key[:12]}.parquet"
        known = hashlib.sha256(f"{table}{task.key}".encode()).hexdigest()
        return Output(table, name, rows, 12_345_678, known, groups)


class Cluster:
    """A backend of 1,000 workers, whose outcomes come in random order; some workers are lost."""

    window = workers = WORKERS
    patience = 1.0
    memory_mb = 0

    def __init__(self, bodies: Bodies, kill_after: int | None) -> None:
        self._bodies, self._kill_after = bodies, kill_after
        self._random = random.Random(8)  # noqa: S311 - an order, not a secret
        self._running: list[tuple[int, Task]] = []
        self._number = 0

    def has_room(self, need: Any) -> bool:
        """Always."""
        del need
        return True

    def submit(self, work: Any, task: Task, need: Any) -> Any:
        """Take a task; `work` is not called, its place is taken by `Bodies`."""
        del work, need
        self._number += 1
        self._running.append((self._number, task))
        return self._number

    def wait(self, handles: list[Any]) -> list[Any]:
        """One of the running tasks."""
        del handles
        at = self._random.randrange(len(self._running))
        self._running[at], self._running[-1] = self._running[-1], self._running[at]
        return [self._running[-1][0]]

    def result(self, handle: Any) -> Manifest:
        """Its manifest, as it comes out of another process."""
        number, task = self._running.pop()  # `handle`, which `wait` has put there
        del handle
        if self._kill_after is not None and number >= self._kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if number % LOST_EVERY == 0:
            raise executor.Lost
        made: Manifest = pickle.loads(pickle.dumps(self._bodies(task)))  # noqa: S301 - our own
        return made

    def withdraw(self, handles: list[Any]) -> None:
        """Nothing waits."""

    def cancel(self, handles: list[Any]) -> None:
        """Nothing to cancel."""

    def close(self) -> None:
        """Nothing to close."""


def configured(work: Path, shards: int) -> config.Resolved:
    """The default run over a path list of so many names."""
    listed = {"warc": work / "warc.paths", "robots": work / "robotstxt.paths"}
    for kind, path in listed.items():
        if not path.exists():
            names = (NAME.format(1707947473347 + n // 900, n % 100, n) for n in range(shards))
            path.write_text("".join(name.replace("/warc/", f"/{kind}/") + "\n" for name in names))
    settings = [
        f"inputs=[{listed['warc']}]",
        f"robots=[{listed['robots']}]",
        "gate.block_list=null",
    ]
    return config.load("europe", settings)


# Phases, each in a process of its own


def planned(work: Path, run: Path, shards: int, languages: int, counts: int) -> dict[str, Any]:
    """Inputs named and looked up, and the keys of the extraction's tasks."""
    del run
    began = time.perf_counter()
    resolved = configured(work, shards)
    loaded = time.perf_counter()
    made = planning.make_plan(resolved)
    located = time.perf_counter()
    bodies = Bodies(work / "nowhere", shards, languages, counts)
    steps = {step.name: step for step in plan.STEPS}
    before: plan.Made = {}
    for name in ("prepare", "collate"):
        before[name] = [bodies._made(task) for task in made.tasks(steps[name], before)]
    keyed = time.perf_counter()
    made.tasks(steps["extract"], before)
    return {
        "configuration_s": round(loaded - began, 2),
        "inputs_s": round(located - loaded, 2),
        "extract_keys_s": round(time.perf_counter() - keyed, 2),
    }


def driven(
    work: Path, run: Path, shards: int, languages: int, counts: int, kill_after: int | None
) -> dict[str, Any]:
    """The runner from its start to its end, or to its death."""
    bodies = Bodies(run, shards, languages, counts)
    began = {"": time.perf_counter()}
    marks: list[tuple[str, float, float]] = []
    peaks: list[int] = []
    done = [0]

    def listen(event: runner.Event) -> None:
        if event.kind == "step":
            marks.append((event.step, time.perf_counter(), bodies.spent_s))
            peaks.append(peak_since_last())
        done[0] += event.kind == "task"

    def make(*rest: object) -> executor.Executor:
        del rest
        return executor.Driver(Cluster(bodies, kill_after))

    executor.make = make  # type: ignore[assignment]
    options = runner.Options(run, executor="simulated")
    result = runner.Runner(configured(work, shards), options, listen).start()
    ended = time.perf_counter()
    peaks.append(peak_since_last())
    ends = [*marks[1:], ("end", ended, bodies.spent_s)]
    steps = {
        name: round(after[1] - at - (after[2] - spent), 2)
        for (name, at, spent), after in zip(marks, ends, strict=True)
    }
    return {
        "exit_code": result.exit_code,
        "problems": result.problems[:3],
        "tasks": done[0],
        "wall_s": round(ended - began[""], 1),
        "bodies_s": round(bodies.spent_s, 1),
        "driver_s": round(ended - began[""] - bodies.spent_s, 1),
        "driver_cpu_s": round(time.process_time() - bodies.cpu_s, 1),
        "before_prepare_s": round(marks[0][1] - began[""], 2),
        "after_start_of_step_s": steps,
        "peak_rss_mb_of": dict(zip(["start", *steps], peaks, strict=True)),
    }


def peak_since_last() -> int:
    """This process's peak memory in MB since the last call: the kernel is told to forget it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak >> 10


def begin(work: Path, run: Path, shards: int, languages: int, counts: int) -> dict[str, Any]:
    """Until the driver kills itself, half-way through the extraction."""
    return driven(work, run, shards, languages, counts, 1000 + shards // 2)


def resume(work: Path, run: Path, shards: int, languages: int, counts: int) -> dict[str, Any]:
    """From there to the end."""
    return driven(work, run, shards, languages, counts, None)


def asked(work: Path, run: Path, shards: int, languages: int, counts: int) -> dict[str, Any]:
    """`weir status`, once and once more with what was seen."""
    del work, shards, languages, counts
    seen = status.Seen()
    began = time.perf_counter()
    found = status.status(Run(run, unfinished=True), seen)
    once, cpu = time.perf_counter(), time.process_time()
    status.status(Run(run, unfinished=True), seen)
    return {
        "state": found["state"],
        "pages": found["pages"],
        "first_s": round(once - began, 2),
        "first_cpu_s": round(cpu, 2),
        "again_s": round(time.perf_counter() - once, 2),
    }


def listing(work: Path, run: Path, shards: int, languages: int, counts: int) -> dict[str, Any]:
    """Every manifest that run.json names, read and checked."""
    del work, shards, languages, counts
    began = time.perf_counter()
    opened = Run(run)
    files = sum(len(made.outputs) for made in opened.manifests())
    return {"files": files, "wall_s": round(time.perf_counter() - began, 2)}


PHASES: dict[str, Callable[..., dict[str, Any]]] = {
    "planned": planned,
    "begin": begin,
    "status_midway": asked,
    "resume": resume,
    "again": resume,
    "status": asked,
    "listing": listing,
}


def apart(phase: str, *arguments: object) -> dict[str, Any]:
    """A phase in a new process, with its peak memory; a killed one only says how long it lived."""
    code = "from benchmarks import bench_driver; bench_driver.main_of()"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, phase, *map(str, arguments)],
        stdout=subprocess.PIPE,
        cwd=measure.REPOSITORY,
    )
    out = process.stdout.read() if process.stdout else b""
    _, state, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(state)
    found: dict[str, Any] = {"lived_s": round(time.perf_counter() - began, 1)}
    if process.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{phase} ended with {process.returncode}")
    if out:
        found = dict(pickle.loads(out))  # noqa: S301 - our own
    peaks = found.get("peak_rss_mb_of", {}).values()
    return {**found, "peak_rss_mb": max(round(usage.ru_maxrss / 1024), *peaks, 0)}


def main_of() -> None:
    """What the process of a phase does."""
    phase, work, run, *numbers = sys.argv[1:]
    found = PHASES[phase](Path(work), Path(run), *map(int, numbers))
    sys.stdout.buffer.write(pickle.dumps(found))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; exit code 1 if a floor is missed."""
    parser = measure.parser("bench_driver", __doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=90_000)
    parser.add_argument("--languages", type=int, default=80, help="in each shard")
    parser.add_argument("--counts", type=int, default=24_000, help="of the statistics of a shard")
    parser.add_argument("--phases", nargs="+", default=list(PHASES))
    parser.add_argument("--work", type=Path, help="folder to use; default: a new one, removed")
    args = parser.parse_args(arguments)
    sizes = (args.shards, args.languages, args.counts)
    with tempfile.TemporaryDirectory(prefix="weir-driver-") as temporary:
        work = args.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        result = {}
        for phase in args.phases:
            result[phase] = apart(phase, work, work / "run", *sizes)
            measure.say(f"{phase}: {result[phase]}")
    parameters = {"shards": args.shards, "languages": args.languages, "counts": args.counts}
    return measure.finish("bench_driver", {"parameters": parameters, **result}, args.check)


if __name__ == "__main__":
    sys.exit(main())
