"""Several programs over the same input in alternate rounds, each in a process of its own.

A peer has an environment of its own as well (`measure.python_of`). One side works at a time, all on
the same core, and the order changes with each round, so that what else the machine does falls on
all of them. What is counted is CPU time, without start-up and without a first round.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks import measure

WEIR = "weir"
HERE = Path(__file__).parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Set to one for every side."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program: what it is called, what it needs, and its work in `peer_rounds.py`."""

    name: str
    environment: str
    requirements: tuple[str, ...]
    work: str


def pinned(*names: str) -> tuple[str, ...]:
    """The packages at the versions that our own environment has, by `constraints.txt`."""
    lines = (measure.REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {re.split("[=]", line)[0].lower(): line for line in lines}
    return tuple(pins[name.lower()] for name in names)


def write(path: Path, values: Any) -> Path:
    """Input for sides, as JSON."""
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


class Side:
    """One program that waits for its turns. RuntimeError with its last words if it ends early."""

    def __init__(self, name: str, arguments: Sequence[str], core: int) -> None:
        self.name, self.spent, self.made = name, list[float](), 0
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {core})  # inherited by the child; ours is restored below
            self._process = subprocess.Popen(
                arguments,
                cwd=measure.REPOSITORY,
                env={**os.environ, **measure.OFFLINE, **dict.fromkeys(THREADS, "1")},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
        finally:
            os.sched_setaffinity(0, before)
        self.versions: dict[str, str] = self._answer()["versions"]

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            code = self._process.wait()
            self._log.seek(0)
            words = self._log.read().decode("utf-8", "replace")[-measure.LAST_WORDS :]
            raise RuntimeError(f"{self.name} ended with exit code {code}\n{words}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def round(self) -> None:
        """One round."""
        if self._process.stdin:
            print(file=self._process.stdin, flush=True)
        answer = self._answer()
        self.spent.append(answer["cpu_s"])
        self.made = answer["made"]

    def __enter__(self) -> "Side":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(measure.PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._log.close()


@dataclass(frozen=True, slots=True)
class Task:
    """What is compared: our ways of doing it, by their names, and those of others."""

    ours: Mapping[str, str]
    """Side to its work in `rounds_weir.py`; the first is the one that peers are held against."""
    peers: Sequence[Peer]
    inputs: Mapping[str, Path]
    """Side to its input; `""` is that of all sides not named."""
    items: float
    """How many things a round goes through."""


def compare(task: Task, rounds: int, core: int) -> dict[str, Any]:
    """Every side's milliseconds of CPU time an item, and how many times as fast the first is.

    `times_as_fast` is a peer's time by ours, of each round; more than 1 says that ours is faster.
    A peer that cannot be had, or breaks off, is in `missing` with the reason, and has no numbers.
    """
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        sides: list[Side] = []

        def start(name: str, python: Path | str, script: Sequence[str], work: str) -> None:
            path = task.inputs.get(name, task.inputs.get("", Path()))
            arguments = [str(python), *script, work, str(path)]
            sides.append(stack.enter_context(Side(name, arguments, core)))

        for name, work in task.ours.items():
            start(name, sys.executable, ("-m", "benchmarks.rounds_weir"), work)
        for peer in task.peers:
            try:
                python = measure.python_of(peer.environment, peer.requirements)
                start(peer.name, python, (str(HERE / "peer_rounds.py"),), peer.work)
            except (measure.PeerError, RuntimeError) as error:
                missing[peer.name] = measure.reason(error)
                measure.say(f"without {peer.name}: {error}")
        for number in range(rounds):
            turn = number % len(sides)
            for side in sides[turn:] + sides[:turn]:
                try:
                    side.round()
                except RuntimeError as error:
                    if side.name in task.ours:
                        raise
                    missing[side.name] = measure.reason(error)
                    sides.remove(side)
            measure.say(
                f"round {number + 1}/{rounds}: "
                + ", ".join(f"{s.name} {s.spent[-1] * 1e3 / task.items:.3f} ms" for s in sides)
            )
    return summary(sides, task.items, missing)


def summary(sides: Sequence[Side], items: float, missing: Mapping[str, str]) -> dict[str, Any]:
    """Each side's numbers; the first side's times are what all ratios are to."""
    base = sides[0].spent
    found: dict[str, Any] = {}
    for side in sides:
        found[side.name] = {
            "versions": side.versions,
            "made": side.made,
            "ms_each": measure.spread([s * 1e3 / items for s in side.spent], 4),
            "each_s": measure.spread([items / s for s in side.spent], 1),
            "times_as_fast": measure.spread(
                [theirs / ours for ours, theirs in zip(base, side.spent, strict=True)], 3
            ),
        }
    return {"items": items, "sides": found, "missing": dict(missing)}
