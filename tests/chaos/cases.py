"""One run of the storm: what is to happen to it, by seed; and whether it came out unchanged."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from audit.verify import verify
from pipeline import storage
from tests.chaos import disks, snapshots
from tests.chaos.points import DRIVER, Fault
from tests.integration.runs import until

SNAPSHOTS = 6
WORKERS = {"inline": 1, "pool": 2, "ray": 2, "job": 2}
OPTIONS = {
    "inline": ("--workers", "1"),
    "pool": ("--workers", "2"),
    "ray": ("--executor", "ray", "--workers", "2"),
    "job": ("--executor", "ray", "--workers", "2", "--address"),
}
MIX = (
    *("inline commit", "pool commit", "ray commit", "inline child", "pool driver", "ray node"),
    *("inline full", "pool time", "ray disorder", "inline broken", "pool interrupt", "job driver"),
    *("inline time", "pool memory", "ray commit", "inline commit", "pool disorder", "ray interrupt"),
    *("pool slow", "ray node", "inline full", "pool child", "ray memory", "inline interrupt"),
    *("ray slow", "inline disorder", "ray full", "pool broken", "job time", "inline slow"),
)
"""Executors and scenarios in turn: eleven of thirty are on Ray. Every hundredth run is a march."""
MARCH_EVERY = 100
ENDED = (0, 4, 130, 143, -9)
"""Done, partial, interrupted, terminated, killed: all others are failures."""
DEADLY = ("kill", "memory", "hog", "node")

ORPHANS = "WEIR_CHAOS"


@dataclass(frozen=True, slots=True)
class Case:
    """What happens to one run; all of it follows from the seed and the number."""

    seed: int
    number: int
    executor: str
    scenario: str
    snapshot: int
    faults: tuple[Fault, ...] = ()
    order: int | None = None
    twice: float = 0.0
    slow_s: float = 0.0
    kill_after_s: tuple[float, ...] = ()
    disk_bytes: int | None = None
    march: bool = False


@dataclass(slots=True)
class Report:
    """How it went."""

    case: Case
    codes: list[int] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    repeated: int = 0
    """Most tasks that one resumed invocation had to begin anew."""
    retried: int = 0
    """Attempts beyond the first within invocations, workers having died."""
    problems: list[str] = field(default_factory=list)
    took_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Base:
    """An undisturbed run: its points by scope, its bytes, and how long it took."""

    chosen: snapshots.Chosen
    scopes: Mapping[str, Sequence[str]]
    result: Mapping[str, str]
    total_bytes: int
    took_s: float

    @property
    def tasks(self) -> list[str]:
        """Scopes that are tasks."""
        return [scope for scope in self.scopes if scope != DRIVER]


def base_of(chosen: snapshots.Chosen, out: Path, told: Path, took_s: float) -> Base:
    """What is known of an undisturbed run."""
    scopes: dict[str, list[str]] = {}
    for scope, kind in json.loads((told / "points.json").read_text()):
        scopes.setdefault(scope, []).append(kind)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Base(chosen, scopes, result_of(out), size, took_s)


def planned(seed: int, number: int, base: Callable[[int], Base], only: str = "") -> Case:
    """The case of a number; `only` is an executor and a scenario."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - no secret
    is_march = number % MARCH_EVERY == MARCH_EVERY - 1
    words = only or ("inline march" if is_march else MIX[number % len(MIX)])
    executor, scenario = words.split()
    snapshot = chance.randrange(SNAPSHOTS)
    known = base(snapshot)
    made = _SCENARIOS[scenario](chance, known, executor)
    return Case(seed, number, executor, scenario, snapshot, **made)


Made = dict[str, Any]


def _some(chance: random.Random, base: Base, acts: Sequence[str], most: int = 3) -> tuple[Fault, ...]:
    """Faults in different tasks, chosen by step first: most tasks belong to few steps."""
    steps = sorted({scope.partition("/")[0] for scope in base.tasks})
    found: dict[str, Fault] = {}
    for _ in range(chance.randint(1, most)):
        step = chance.choice(steps)
        scope = chance.choice([s for s in base.tasks if s.startswith(f"{step}/")])
        point = chance.randint(1, len(base.scopes[scope]))
        found[scope] = Fault(chance.choice(acts), scope, point)
    return tuple(found.values())


def _commit(chance: random.Random, base: Base, executor: str) -> Made:
    return {"faults": _some(chance, base, ["kill"])}


def _driver(chance: random.Random, base: Base, executor: str) -> Made:
    """The driver dies at a point of its own, or while a worker is at one."""
    own = Fault("driver", DRIVER, chance.randint(1, len(base.scopes[DRIVER])))
    return {"faults": (*_some(chance, base, ["driver"], 2), own)}


def _time(chance: random.Random, base: Base, executor: str) -> Made:
    longest = base.took_s * {"inline": 1, "pool": 3, "job": 6}[executor]
    count = chance.randint(1, 3)
    return {"kill_after_s": tuple(chance.uniform(0.1, longest) for _ in range(count))}


def _child(chance: random.Random, base: Base, executor: str) -> Made:
    found = [scope for scope in base.tasks if scope.startswith("extract/")]
    act = chance.choice(("child", "fork_server"))
    delay = chance.choice((0.0, chance.uniform(0, 0.5)))
    return {"faults": (Fault(act, chance.choice(found), 1, delay_s=delay),)}


def _interrupt(chance: random.Random, base: Base, executor: str) -> Made:
    """Ctrl-C or SIGTERM; half of the time a second one, somewhat later in the same task."""
    act = chance.choice(("int", "term"))
    (first,) = _some(chance, base, [act], 1)
    last = len(base.scopes[first.scope])
    second = Fault(act, first.scope, min(last, first.point + 1))
    is_twice = chance.random() < 0.5 and second.point > first.point
    return {"faults": (first, second) if is_twice else (first,)}


def _full(chance: random.Random, base: Base, executor: str) -> Made:
    if chance.random() < 0.5 and executor == "inline" and disks.can_mount():
        return {"disk_bytes": int(chance.uniform(0.05, 0.95) * base.total_bytes)}
    return {"faults": _some(chance, base, ["full"], 2)}


def _broken(chance: random.Random, base: Base, executor: str) -> Made:
    """EIO as a name is about to change, which the disk may or may not have done."""
    faults = [
        Fault("broken", f.scope, f.point)
        for f in _some(chance, base, ["broken"])
        if "fsync" in base.scopes[f.scope][f.point - 1] or "replace" in base.scopes[f.scope][f.point - 1]
    ]
    scope = chance.choice([s for s in base.tasks if s.startswith("extract/")])
    kinds = base.scopes[scope]
    waits = [n for n, kind in enumerate(kinds, 1) if "before fsync" in kind]
    return {"faults": (*faults, Fault("broken", scope, chance.choice(waits)))}


def _disorder(chance: random.Random, base: Base, executor: str) -> Made:
    return {
        "faults": _some(chance, base, ["kill"], 2),
        "order": chance.randrange(1 << 30),
        "twice": 0.3,
    }


def _memory(chance: random.Random, base: Base, executor: str) -> Made:
    return {"faults": _some(chance, base, ["hog" if executor == "ray" else "memory"], 1)}


def _node(chance: random.Random, base: Base, executor: str) -> Made:
    return {"faults": _some(chance, base, ["node"], 2)}


def _slow(chance: random.Random, base: Base, executor: str) -> Made:
    return {"faults": _some(chance, base, ["kill"], 1), "slow_s": chance.uniform(0.002, 0.02)}


def _march(chance: random.Random, base: Base, executor: str) -> Made:
    return {"march": True}


_SCENARIOS: Mapping[str, Callable[[random.Random, Base, str], Made]] = {
    "commit": _commit,
    "driver": _driver,
    "time": _time,
    "child": _child,
    "interrupt": _interrupt,
    "full": _full,
    "broken": _broken,
    "disorder": _disorder,
    "memory": _memory,
    "node": _node,
    "slow": _slow,
    "march": _march,
}
SCENARIOS = tuple(_SCENARIOS)
Invoke = Callable[[Case, Path, int], int]
"""Has a driver do one invocation of a case in a folder; its exit code, negative for a signal."""


def perform(case: Case, base: Base, folder: Path, invoke: Invoke) -> Report:
    """Invoke the case until it is done, and compare what it left with the undisturbed run."""
    report, out = Report(case), folder / "out"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "struck").mkdir(parents=True)
    told = {
        "faults": [asdict(fault) for fault in case.faults],
        "inside": [str(out / "run"), str(out / "dataset")],
        "slow_s": case.slow_s,
        "march": case.march,
    }
    (folder / "strikes.json").write_text(json.dumps(told))
    most = 2000 if case.march else len(case.faults) + len(case.kill_after_s) + 3
    before: list[set[str]] = []
    while len(report.codes) < most and not report.problems:
        before.append(committed(out / "run"))
        report.codes.append(invoke(case, folder, len(report.codes)))
        _judge_end(report, folder)
        if report.codes[-1] == 0:
            break
    if report.codes[-1] != 0:
        report.problems.append(f"not done after {len(report.codes)} invocations")
    report.struck = sorted(path.read_text() for path in (folder / "struck").glob("[!f]*"))
    if not report.problems:
        _judge_work(report, folder, before)
        _judge_result(report, base, out)
        _judge_processes(report, folder)
    return report


def committed(run: Path) -> set[str]:
    """Keys of committed tasks."""
    return {path.stem for path in run.glob("manifests/*/[!.]*.json")}


def _judge_end(report: Report, folder: Path) -> None:
    code, number = report.codes[-1], len(report.codes) - 1
    said = (folder / f"said-{number}.txt").read_text(errors="replace")
    if code not in ENDED:
        report.problems.append(f"invocation {number} ended with {code}: {said[-300:]}")
    if "Traceback" in said:
        report.problems.append(f"invocation {number} ended in a traceback: {said[-600:]}")


def _judge_work(report: Report, folder: Path, before: Sequence[set[str]]) -> None:
    """What was committed is not begun again; what had begun is, one task a worker."""
    attempts: list[list[dict[str, Any]]] = [[] for _ in report.codes]
    path = folder / "attempts.jsonl"
    for line in path.read_text().splitlines() if path.exists() else ():
        one = json.loads(line)
        attempts[one["invocation"]].append(one)
    workers, earlier = WORKERS[report.case.executor], set[str]()
    for number, (made, there) in enumerate(zip(attempts, before, strict=True)):
        begun = Counter(one["key"] for one in made)
        if redone := sorted({one["name"] for one in made if one["key"] in there}):
            report.problems.append(f"invocation {number} did again what was committed: {redone}")
        again = len(begun.keys() & earlier)
        report.repeated = max(report.repeated, again)
        if again > workers:
            report.problems.append(f"invocation {number} repeated {again} tasks of {workers} workers")
        report.retried += begun.total() - len(begun)
        earlier |= begun.keys()
    deaths = sum(fault.act in DEADLY for fault in report.case.faults)
    if not report.case.twice and deaths and report.retried > deaths * workers:
        report.problems.append(f"{report.retried} attempts more for {deaths} deaths")


def _judge_result(report: Report, base: Base, out: Path) -> None:
    found = result_of(out)
    names = sorted({n for n in found.keys() | base.result.keys() if found.get(n) != base.result.get(n)})
    if names:
        report.problems.append(f"differ from the undisturbed run: {names[:8]} of {len(names)}")
    failed = [check["name"] for check in verify(out / "run") if not check["ok"]]
    if failed:
        report.problems.append(f"weir verify: {failed}")


def _judge_processes(report: Report, folder: Path) -> None:
    try:
        until(lambda: not orphans(folder))
    except AssertionError:
        report.problems.append(f"processes are left: {[p.cmdline()[:4] for p in orphans(folder)]}")


def orphans(folder: Path) -> list[psutil.Process]:
    """Processes that a driver of this case has started and that live."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(ORPHANS) == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def result_of(out: Path) -> dict[str, str]:
    """Digest of every file of a run and its dataset, by path.

    Of manifests and books without times and without the folder where they lie; without locks and
    what killed parsers have left in the journal.
    """
    found = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if not path.is_file() or name.startswith("run/journal/") or path.name in (".lock", "lock"):
            continue
        if path.suffix == ".json":
            value = _timeless(json.loads(path.read_text()))
            found[name] = json.dumps(value, sort_keys=True).replace(str(out), "OUT")
        else:
            found[name] = storage.file_digest(path)
    return found


def _timeless(value: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key not in ("timing", "started_at", "finished_at")}


def march_left(folder: Path) -> int:
    """Kinds of points at which a march has died."""
    return len(list((folder / "struck").glob("march-*")))


