"""What is to happen to a run of the storm: all of it follows from the seed and its number."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos import disks
from tests.chaos.points import DRIVER, STORE, Fault
from tests.chaos.snapshots import Chosen

SNAPSHOTS = 6
WORKERS = {"inline": 1, "pool": 2, "ray": 2, "job": 2, "store": 1}
OPTIONS = {
    "inline": ("--workers", "1"),
    "pool": ("--workers", "2"),
    "ray": ("--executor", "ray", "--workers", "2"),
    "store": ("--workers", "1"),
    "job": ("--executor", "ray", "--workers", "2", "--address"),
}
TURNS = {
    "inline": "commit child full broken time commit disk interrupt disorder slow",
    "pool": "commit driver time interrupt memory disorder slow child broken",
    "ray": "commit node disorder commit interrupt node memory slow full commit commit node",
    "job": "driver time",
    "store": "upload network",
}
MIX = tuple(f"{executor} {name}" for executor, names in TURNS.items() for name in names.split())
"""Executors and scenarios in turn: fourteen of 35 are on Ray. Every hundredth run is a march."""
MARCH_EVERY = 100


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
    march: int = 0
    store_faults: float = 0.0


@dataclass(frozen=True, slots=True)
class Base:
    """An undisturbed run: its points by scope, its bytes, and how long it took."""

    chosen: Chosen
    scopes: Mapping[str, Sequence[str]]
    result: Mapping[str, str]
    digests: Mapping[str, str]
    """Content of each task's output, by step and task."""
    total_bytes: int
    took_s: float

    @property
    def tasks(self) -> list[str]:
        """Scopes that are tasks."""
        return [scope for scope in self.scopes if scope != DRIVER]


def words_of(number: int) -> list[str]:
    """Executor and scenario of a number."""
    is_march = number % MARCH_EVERY == MARCH_EVERY - 1
    return ["inline", "march"] if is_march else MIX[number % len(MIX)].split()


def planned(
    seed: int,
    number: int,
    base: Callable[[int], Base],
    only: str = "",
    snapshots: Sequence[int] = range(SNAPSHOTS),
    march: int = 1,
) -> Case:
    """The case of a number; `only` is an executor and a scenario."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - no secret
    executor, scenario = only.split() if only else words_of(number)
    snapshot = chance.choice(snapshots)
    made = _SCENARIOS[scenario](chance, base(snapshot), executor)
    if "march" in made:
        made["march"] = march
    return Case(seed, number, executor, scenario, snapshot, **made)


Made = dict[str, Any]


def _some(
    chance: random.Random, base: Base, acts: Sequence[str], most: int = 3
) -> tuple[Fault, ...]:
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
    longest = base.took_s * {"inline": 1, "pool": 2, "job": 3}[executor]
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


def _disk(chance: random.Random, base: Base, executor: str) -> Made:
    """A disk that is really small, where one can be had."""
    if disks.can_mount():
        return {"disk_bytes": int(chance.uniform(0.05, 0.95) * base.total_bytes)}
    return _full(chance, base, executor)


def _full(chance: random.Random, base: Base, executor: str) -> Made:
    return {"faults": _some(chance, base, ["full"], 2)}


def _broken(chance: random.Random, base: Base, executor: str) -> Made:
    """EIO as a name is about to change, which the disk may or may not have done."""
    faults = [
        Fault("broken", f.scope, f.point)
        for f in _some(chance, base, ["broken"])
        if "fsync" in base.scopes[f.scope][f.point - 1]
        or "replace" in base.scopes[f.scope][f.point - 1]
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


def _upload(chance: random.Random, base: Base, executor: str) -> Made:
    """The driver dies as it is about to write an object, or has just done so.

    There is an object for each file that is renamed on a disk.
    """
    every = [kind for kinds in base.scopes.values() for kind in kinds]
    last = 2 * sum("before replace" in kind for kind in every)
    places = chance.sample(range(1, last), chance.randint(1, 3))
    return {"faults": tuple(Fault("kill", STORE, place) for place in places)}


def _network(chance: random.Random, base: Base, executor: str) -> Made:
    """The same through a network and a store that fail."""
    return {**_upload(chance, base, executor), "store_faults": chance.uniform(0.01, 0.05)}


def _march(chance: random.Random, base: Base, executor: str) -> Made:
    return {"march": 1}


_SCENARIOS: Mapping[str, Callable[[random.Random, Base, str], Made]] = {
    "commit": _commit,
    "driver": _driver,
    "time": _time,
    "child": _child,
    "interrupt": _interrupt,
    "full": _full,
    "disk": _disk,
    "broken": _broken,
    "disorder": _disorder,
    "memory": _memory,
    "node": _node,
    "slow": _slow,
    "upload": _upload,
    "network": _network,
    "march": _march,
}
SCENARIOS = tuple(_SCENARIOS)
