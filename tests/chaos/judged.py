"""Performs a case, and judges it: what was repeated, whether it came out as the undisturbed run."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from audit.verify import verify
from pipeline import manifest, storage
from pipeline.places import Place
from tests.chaos import points, snapshots
from tests.chaos.cases import WORKERS, Base, Case
from tests.chaos.points import STORE
from tests.integration.runs import until
from tests.integration.store_server import BUCKET

ENDED = (0, 4, 130, 143, -9)
"""Done, partial, interrupted, terminated, killed: all others are failures."""
DEADLY = ("kill", "memory", "node")
"""Each costs a worker its task, and a neighbour its own. (Where Ray sees little memory left, it may
end workers of its choice.)
"""
ORPHANS = "WEIR_CHAOS"
TIMES = ("timing", "started_at", "finished_at")
Invoke = Callable[[Case, Path, int], int]
"""Has a driver do one invocation of a case in a folder; its exit code, negative for a signal."""


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


def base_of(chosen: snapshots.Chosen, out: Path, told: Path, took_s: float) -> Base:
    """What is known of an undisturbed run."""
    scopes: dict[str, list[str]] = {}
    for scope, kind in json.loads((told / "points.json").read_text()):
        scopes.setdefault(scope, []).append(kind)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Base(chosen, scopes, result_of(out), digests_of(out / "run"), size, took_s)


def perform(case: Case, base: Base, folder: Path, invoke: Invoke) -> Report:
    """Invoke the case until it is done, and compare what it left with the undisturbed run."""
    report, out = Report(case), folder / "out"
    run = run_of(case, folder)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "struck").mkdir(parents=True)
    told = {
        "faults": [asdict(fault) for fault in case.faults],
        "inside": [str(out / "run"), str(out / "dataset"), f"{STORE}:{folder.name}"],
        "slow_s": case.slow_s,
        "march": case.march,
    }
    (folder / "strikes.json").write_text(json.dumps(told))
    most = 2000 if case.march else len(case.faults) + len(case.kill_after_s) + 3
    before: list[set[str]] = []
    while len(report.codes) < most and not report.problems:
        before.append(committed(run))
        report.codes.append(invoke(case, folder, len(report.codes)))
        _judge_end(report, folder)
        if report.codes[-1] == 0:
            break
    if report.codes[-1] != 0:
        report.problems.append(f"not done after {len(report.codes)} invocations")
    points.sweep()
    report.struck = sorted(path.read_text() for path in (folder / "struck").glob("[!f]*"))
    if not report.problems:
        _judge_work(report, folder, before)
        _judge_result(report, base, out, run)
        _judge_processes(report, folder)
    return report


def run_of(case: Case, folder: Path) -> Place:
    """Where the run of a case lies."""
    if case.executor == "store":
        return storage.place(f"s3://{BUCKET}/{folder.name}/run")
    return folder / "out" / "run"


def digests_of(run: Place) -> dict[str, str]:
    """Content of each task's output: names in a store are an attempt's own."""
    return {f"{made.step}/{made.task}": made.digest() for made in manifest.every(run)}


def committed(run: Place) -> set[str]:
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
            report.problems.append(
                f"invocation {number} repeated {again} tasks of {workers} workers"
            )
        report.retried += begun.total() - len(begun)
        earlier |= begun.keys()
    deaths = sum(fault.act in DEADLY for fault in report.case.faults)
    if not report.case.twice and deaths and report.retried > deaths * workers:
        report.problems.append(f"{report.retried} attempts more for {deaths} deaths")


def _judge_result(report: Report, base: Base, out: Path, run: Place) -> None:
    if isinstance(run, Path):
        _judge_bytes(report, base, out)
    elif digests_of(run) != base.digests:
        report.problems.append("outputs differ from those of the undisturbed run")
    failed = [check["name"] for check in verify(run) if not check["ok"]]
    if failed:
        report.problems.append(f"weir verify: {failed}")


def _judge_bytes(report: Report, base: Base, out: Path) -> None:
    found = result_of(out)
    names = sorted(
        {n for n in found.keys() | base.result.keys() if found.get(n) != base.result.get(n)}
    )
    if names:
        report.problems.append(f"differ from the undisturbed run: {names[:8]} of {len(names)}")


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
    return {key: part for key, part in value.items() if key not in TIMES}
