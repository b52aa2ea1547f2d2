"""The storm: runs that are struck by faults, resumed, and must come out unchanged.

    python -m tests.chaos.storm --runs 200 --seed 1 [--only EXECUTOR] [--scenario NAME]

Prints a line a run, and a summary as JSON. What a case is follows from the seed and its number
alone; a case that failed is kept in its folder, and named with the command that repeats it. Cases
that have passed are not run again: the same command goes on where it was stopped.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.chaos import cases, cluster, judged, snapshots
from tests.chaos.cases import OPTIONS, SCENARIOS, Base, Case
from tests.chaos.judged import Report
from tests.integration import store_server
from tests.integration.runs import until
from tests.integration.store_faults import Faults, proxy
from tests.integration.store_server import BUCKET

ROOT = Path(__file__).parents[2]
ON_RAY = ("ray", "job")
PATIENCE_S = 10.0
LEASE_S, REFUSED = 60.0, 2


class Server:
    """A warm process, and what it is asked."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.server", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=_environment(),
        )
        self._answer()
        self._lock = threading.Lock()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise RuntimeError("the warm process is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, command: dict[str, Any], kill_after_s: float | None = None) -> int:
        """Exit code of what the command asks for; its driver may be killed after a while."""
        with self._lock:
            return self._ask(command, kill_after_s)

    def _ask(self, command: dict[str, Any], kill_after_s: float | None) -> int:
        self._process.stdin.write(json.dumps(command) + "\n")  # type: ignore[union-attr]
        self._process.stdin.flush()  # type: ignore[union-attr]
        while "code" not in (answer := self._answer()):
            if kill_after_s is not None:
                timer = threading.Timer(kill_after_s, _kill, [answer["pid"]])
                timer.start()
                code = self._answer()["code"]
                timer.cancel()
                return int(code)
        return int(answer["code"])

    def close(self) -> None:
        """End it; it may be in the midst of something, if we were stopped."""
        self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    """Ray's workers too must find the tests."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Storm:
    """Undisturbed runs, made once, and the processes that runs are forked from."""

    def __init__(self, work: Path) -> None:
        self.work = work
        work.mkdir(parents=True, exist_ok=True)
        self._bases: dict[int, Base] = {}
        self._lock = threading.Lock()
        self._servers: dict[str, Server] = {}
        self._clusters: dict[str, subprocess.Popen[bytes]] = {}
        self._ends, self._store = ExitStack(), None  # type: tuple[ExitStack, tuple[str, int] | None]

    def server(self, name: str, *words: str) -> Server:
        """The warm process of a name."""
        if name not in self._servers:
            self._servers[name] = Server(*words)
        return self._servers[name]

    def base(self, seed: int) -> Base:
        """The undisturbed run of a snapshot."""
        with self._lock:
            if seed not in self._bases:
                self._bases[seed] = self._made(seed)
            return self._bases[seed]

    def _made(self, seed: int) -> Base:
        chosen = snapshots.make(self.work, seed)
        folder = self.work / f"base-{seed}"
        done = folder / "took"
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            began = time.monotonic()
            command = self._command(chosen, folder, "baseline", ["--workers", "1"])
            code = self.server("plain").ask(command)
            if code != 0:
                raise RuntimeError(f"the undisturbed run of snapshot {seed} ended with {code}")
            done.write_text(str(time.monotonic() - began))
        return judged.base_of(chosen, folder / "out", folder, float(done.read_text()))

    @staticmethod
    def _command(
        chosen: snapshots.Chosen, folder: Path, do: str, more: list[str]
    ) -> dict[str, Any]:
        out = folder / "out"
        return {
            "do": do,
            "folder": str(folder),
            "inside": [str(out / "run"), str(out / "dataset")],
            "arguments": [*chosen.arguments(out), *more],
            "group_documents": chosen.group_documents,
            "order": None,
            "twice": 0.0,
        }

    def invoke(self, case: Case, folder: Path, invocation: int) -> int:
        """One invocation, by the same command as the others."""
        chosen, more = self.base(case.snapshot).chosen, list(OPTIONS[case.executor])
        if case.executor in ON_RAY:
            (folder / "cluster.json").unlink(missing_ok=True)
            (folder / "cluster.json").symlink_to(self.cluster(case) / "cluster.json")
        if case.executor == "job":
            more.append(str(cluster.joined(folder)["address"]))
        if case.executor == "store":
            return self._in_store(case, folder, invocation, chosen, more)
        command = {
            **self._command(chosen, folder, "run", more),
            "invocation": invocation,
            "order": case.order,
            "twice": case.twice,
            "disk_bytes": case.disk_bytes if invocation == 0 else None,
        }
        if case.executor == "ray":
            return self.session(case).ask(command)
        delays = dict(enumerate(case.kill_after_s))
        server = self.server("job" if case.executor == "job" else "plain")
        return server.ask(command, delays.get(invocation))

    def _in_store(
        self,
        case: Case,
        folder: Path,
        invocation: int,
        chosen: snapshots.Chosen,
        more: list[str],
    ) -> int:
        """One invocation whose run lies in a store; until the lease of one that died is dead."""
        faults = Faults(self.store(), rate=case.store_faults, seed=case.number, stall_s=3)
        with proxy(faults):
            command = {
                **self._command(chosen, folder, "run", more),
                "arguments": [*chosen.arguments(f"s3://{BUCKET}/{folder.name}"), *more],
                "invocation": invocation,
                "disk_bytes": None,
                "store": store_server.environment(*faults.address),
            }
            said = folder / f"said-{invocation}.txt"
            end = time.monotonic() + LEASE_S
            while (code := self.server("plain").ask(command)) == REFUSED:
                if "one died less than" not in said.read_text() or time.monotonic() > end:
                    break
        return code

    def store(self) -> tuple[str, int]:
        """Address of the store; started when it is first asked for."""
        if self._store is None:
            self._store = self._ends.enter_context(store_server.moto())
            os.environ.update(store_server.environment(*self._store))
        return self._store

    def cluster(self, case: Case) -> Path:
        """Folder of the cluster that a case runs on: where memory runs out it is another one."""
        name = "little" if case.scenario == "memory" else "large"
        folder = self.work / f"cluster-{name}"
        if name not in self._clusters:
            folder.mkdir(exist_ok=True)
            (folder / "cluster.json").unlink(missing_ok=True)
            more = ["--little-memory"] if name == "little" else []
            self._clusters[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.cluster", str(folder), *more],
                stdin=subprocess.PIPE,
                cwd=ROOT,
                env=_environment(),
            )
            until((folder / "cluster.json").exists, "for the cluster")
        return folder

    def session(self, case: Case) -> Server:
        """The process that stays joined to it."""
        folder = self.cluster(case)
        return self.server(folder.name, str(cluster.joined(folder)["address"]))

    def case(self, case: Case) -> Report:
        """Perform one case; its folder is kept if it fails."""
        folder, began = self.work / f"case-{case.seed}-{case.number}", time.monotonic()
        if case.executor == "store":
            self.store()
        report = judged.perform(case, self.base(case.snapshot), folder, self.invoke)
        if case.executor in ON_RAY and case.scenario == "memory":
            self._end("little")  # the next one's limit is by what others use then
        report.took_s = round(time.monotonic() - began, 2)
        if not report.problems:
            shutil.rmtree(folder)
        return report

    def _end(self, name: str) -> None:
        """End a cluster and the process that is joined to it."""
        if (server := self._servers.pop(f"cluster-{name}", None)) is not None:
            server.close()
        if (started := self._clusters.pop(name, None)) is not None:
            started.communicate()

    def close(self) -> None:
        """End what it started."""
        for server in self._servers.values():
            server.close()
        for started in self._clusters.values():
            started.communicate()
        self._ends.close()


@contextmanager
def storm(work: Path) -> Iterator[Storm]:
    """A storm, ended in any case."""
    made = Storm(work)
    try:
        yield made
    finally:
        made.close()


def line(report: Report) -> str:
    """A run in a line."""
    case = report.case
    state = "same" if not report.problems else "FAILED"
    codes = " ".join(map(str, report.codes[:6])) + (" ..." if len(report.codes) > 6 else "")
    return (
        f"{case.number:4} {case.executor:6} {case.scenario:9} snapshot {case.snapshot} {state}"
        f" {report.took_s:6.1f} s  exit {codes}  struck {len(report.struck)}"
        f" repeated {report.repeated} retried {report.retried}"
    )


def summary(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """What the runs came to."""
    per: dict[str, Counter[str]] = {}
    for report in reports:
        case = report["case"]
        found = per.setdefault(f"{case['executor']} {case['scenario']}", Counter())
        found["runs"] += 1
        found["same"] += not report["problems"]
        found["struck"] += len(report["struck"]) + _by_clock(report)
        found["invocations"] += len(report["codes"])
        found["most_repeated"] = max(found["most_repeated"], report["repeated"])
        found["retried"] += report["retried"]
    on_ray = [r for r in reports if r["case"]["executor"] in ON_RAY]
    return {
        "runs": len(reports),
        "same": sum(not report["problems"] for report in reports),
        "on_ray": len(on_ray),
        "on_ray_with_kills": sum(bool(r["struck"]) or bool(_by_clock(r)) for r in on_ray),
        "not_struck": sum(not r["struck"] and not _by_clock(r) for r in reports),
        "kills_and_faults": sum(len(r["struck"]) + _by_clock(r) for r in reports),
        "kinds_of_points": len({s.partition(" ")[2] for r in reports for s in r["struck"]}),
        "most_repeated_after_resume": max((r["repeated"] for r in reports), default=0),
        "median_s": statistics.median([r["took_s"] for r in reports] or [0.0]),
        "by_scenario": {name: dict(found) for name, found in sorted(per.items())},
    }


def _by_clock(report: dict[str, Any]) -> int:
    """Deaths by the clock, and full disks, which no point tells of."""
    case = report["case"]
    if case["disk_bytes"]:
        return int(4 in report["codes"])
    return report["codes"].count(-9) if case["kill_after_s"] else 0


def main(words: list[str] | None = None) -> int:
    """Run the storm; 1 if a case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.storm")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("inline", "pool", "local", "ray", "job", "s3"))
    parser.add_argument("--scenario", choices=SCENARIOS)
    parser.add_argument("--case", type=int, help="One case by its number, again.")
    parser.add_argument("--work", type=Path, default=Path("build/chaos"))
    given = parser.parse_args(words)
    results = given.work.resolve() / f"seed-{given.seed}.jsonl"
    with storm(given.work.resolve()) as ours:
        done = _read(results)
        numbers = [given.case] if given.case is not None else range(given.runs)
        left = [n for n in numbers if n == given.case or not _is_done(done.get(n))]
        wanted = [n for n in left if _is_wanted(n, given.only, given.scenario)]
        lanes = [[n for n in wanted if _is_on_ray(n) is ray] for ray in (False, True)]
        writing = threading.Lock()

        def tell(report: Report) -> None:
            with writing:
                sys.stdout.write(line(report) + "\n")
                for problem in report.problems:
                    sys.stdout.write(f"     {problem}\n")
                if report.problems:
                    which = f"--seed {given.seed} --case {report.case.number}"
                    sys.stdout.write(f"     again: python -m tests.chaos.storm {which}\n")
                sys.stdout.flush()
                with results.open("a") as stream:
                    stream.write(json.dumps(report.to_json()) + "\n")

        _all(ours, given.seed, lanes, tell)
        found = _read(results)
        told = summary([found[n] for n in numbers if n in found])
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0 if told["same"] == told["runs"] else 1


def _all(ours: Storm, seed: int, lanes: list[list[int]], tell: Callable[[Report], None]) -> None:
    """Runs on Ray beside the others: two cores are busy."""
    errors: list[BaseException] = []

    def lane(numbers: list[int]) -> None:
        try:
            for number in numbers:
                tell(ours.case(cases.planned(seed, number, ours.base)))
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=lane, args=(numbers,)) for numbers in lanes if numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _read(path: Path) -> dict[int, dict[str, Any]]:
    if not path.exists():
        return {}
    told = [json.loads(one) for one in path.read_text().splitlines()]
    return {one["case"]["number"]: one for one in told}


def _is_done(told: dict[str, Any] | None) -> bool:
    return told is not None and not told["problems"]


def _is_on_ray(number: int) -> bool:
    return cases.words_of(number)[0] in ON_RAY


def _is_wanted(number: int, only: str | None, scenario: str | None) -> bool:
    executor, found = cases.words_of(number)
    alike = {"local": ("inline", "pool"), "ray": ON_RAY, "s3": ("store",)}.get(only or "", (only,))
    return (only is None or executor in alike) and scenario in (None, found)


if __name__ == "__main__":
    sys.exit(main())
