"""One contract for every executor: in this process, a pool of processes, and Ray.

What kills a worker would kill the tests where tasks run in this process: those claims are made of
the others.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipeline import executor
from pipeline.executor import End, Executor, Limits, Outcome, ray
from stages.errors import ConfigError, ShardError, TransientError
from tests.integration.works import Scripted, marks, running, task

Make = Callable[[], Executor]
STANDING = ("resource_tracker", "forkserver")
"""Processes that Python's multiprocessing keeps for as long as the program runs."""

MAKERS: dict[str, Make] = {
    "inline": lambda: executor.make("local", 1, None, ()),
    "pool": lambda: executor.make("local", 2, None, ()),
    "ray": lambda: executor.make("ray", 2, None, ()),
}
PATIENCE_S = 30.0
LIMITED = ("local", "ray")
LIMIT_S = 0.8


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest) -> Iterator[Executor]:
    if kind == "ray":
        request.getfixturevalue("ray_cluster")
    made = MAKERS[kind]()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=MAKERS)
def any_executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    with opened(request.param, request) as made:
        yield made


@pytest.fixture(params=[kind for kind in MAKERS if kind != "inline"])
def killable(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor whose workers may die."""
    with opened(request.param, request) as made:
        yield made


@pytest.fixture(params=LIMITED)
def limited(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor that gives tasks little time."""
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    made = executor.make(request.param, 2, None, (), Limits(hours={"contract": LIMIT_S / 3600}))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=[kind for kind in MAKERS if kind != "ray"])
def owned(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """An executor whose workers are its own (the shared Ray cluster is not)."""
    with opened(request.param, request) as made:
        yield made


def by_name(outcomes: list[Outcome]) -> dict[str, Outcome]:
    found = {outcome.task.name: outcome for outcome in outcomes}
    assert len(found) == len(outcomes), "a task with two outcomes"
    return found


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def offspring() -> dict[int, psutil.Process]:
    found = {}
    for process in psutil.Process().children(recursive=True):
        try:
            command = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if not any(word in command for word in STANDING):
            found[process.pid] = process
    return found


@contextmanager
def on_alarm(act: Callable[[], None], when: Callable[[], bool]) -> Iterator[None]:
    """Call `act` from a signal's handler in this thread, as Ctrl-C does, once `when` is true."""

    def watch() -> None:
        until(when)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda number, frame: act())
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        watcher.join()
        signal.signal(signal.SIGUSR1, before)


def test_each_task_has_one_outcome(any_executor: Executor, tmp_path: Path) -> None:
    tasks = [task(f"t{n}", "linger" if n % 7 == 0 else "end") for n in range(15)]
    found = by_name(list(any_executor.run(Scripted(str(tmp_path)), tasks)))
    assert found.keys() == {t.name for t in tasks}
    for name, outcome in found.items():
        assert outcome.manifest is not None
        assert outcome.manifest.key == f"key-{name}"
        assert (outcome.error, outcome.attempts) == (None, 1)
    assert marks(tmp_path) == {t.name: 1 for t in tasks}


def test_no_tasks_give_no_outcomes(any_executor: Executor, tmp_path: Path) -> None:
    assert list(any_executor.run(Scripted(str(tmp_path)), [])) == []


def test_it_runs_again_with_other_work(any_executor: Executor, tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        assert len(list(any_executor.run(Scripted(str(folder)), [task("t")]))) == 1
        assert marks(folder) == {"t": 1}


def test_an_unreadable_shard_is_an_outcome(any_executor: Executor, tmp_path: Path) -> None:
    tasks = [task("bad", "unreadable"), task("good")]
    found = by_name(list(any_executor.run(Scripted(str(tmp_path)), tasks)))
    assert found["good"].manifest is not None
    assert found["bad"].manifest is None
    assert isinstance(found["bad"].error, ShardError)
    assert str(found["bad"].error) == "bad: cannot be read"
    assert marks(tmp_path)["bad"] == 1


def test_a_transient_error_is_tried_three_times(any_executor: Executor, tmp_path: Path) -> None:
    tasks = [task("ever", "unlucky"), task("twice", "unlucky", "unlucky", "end"), task("good")]
    found = by_name(list(any_executor.run(Scripted(str(tmp_path)), tasks)))
    assert isinstance(found["ever"].error, TransientError)
    assert found["ever"].attempts == 3
    assert found["twice"].manifest is not None
    assert found["twice"].attempts == 3
    assert marks(tmp_path) == {"ever": 3, "twice": 3, "good": 1}


@pytest.mark.parametrize(
    ("act", "expected", "text"),
    [("bug", ZeroDivisionError, "broken"), ("odd_bug", Exception, "OddError")],
)
def test_a_bug_ends_the_run(
    any_executor: Executor, tmp_path: Path, act: str, expected: type[Exception], text: str
) -> None:
    tasks = [task("broken", act), *(task(f"t{n}", "linger") for n in range(8))]
    with pytest.raises(expected) as raised:
        list(any_executor.run(Scripted(str(tmp_path)), tasks))
    assert text in f"{raised.type.__name__} {raised.value}"
    assert not isinstance(raised.value, (ShardError, TransientError))
    assert marks(tmp_path)["broken"] == 1


def test_the_death_of_a_worker_is_blamed_on_its_task(killable: Executor, tmp_path: Path) -> None:
    innocent = [task(f"t{n}", "linger") for n in range(5)]
    tasks = [*innocent[:1], task("p", "killed_slowly"), *innocent[1:]]
    found = by_name(list(killable.run(Scripted(str(tmp_path)), tasks)))
    assert found.keys() == {t.name for t in tasks}
    assert isinstance(found["p"].error, ShardError)
    assert "died 3 times" in str(found["p"].error)
    assert found["p"].attempts == 3
    assert found["p"].ends == (End.CRASHED,) * 3
    for other in innocent:  # nobody pays for a neighbour, or waits for it
        assert found[other.name].manifest is not None
        assert found[other.name].ends == (End.MADE,)
    assert marks(tmp_path) == {"p": 3} | {t.name: 1 for t in innocent}


def test_want_of_memory_asks_for_more_until_no_machine_has_it(
    killable: Executor, tmp_path: Path
) -> None:
    """Attempts that end so are not counted; what no machine can hold is set aside and says so."""
    tasks = [task("ever", "starved"), task("good")]
    found = by_name(list(killable.run(Scripted(str(tmp_path)), tasks)))
    assert found["good"].manifest is not None
    assert isinstance(found["ever"].error, ShardError)
    assert "limits.task_memory_mb.contract" in str(found["ever"].error)
    assert set(found["ever"].ends) == {End.OUT_OF_MEMORY}
    assert found["ever"].attempts == 0
    assert len(found["ever"].ends) == marks(tmp_path)["ever"] < 20


def test_a_task_that_is_starved_once_may_still_succeed(limited: Executor, tmp_path: Path) -> None:
    (outcome,) = limited.run(Scripted(str(tmp_path)), [task("t", "starved", "starved", "end")])
    assert outcome.manifest is not None
    assert outcome.ends == (End.OUT_OF_MEMORY, End.OUT_OF_MEMORY, End.MADE)
    assert outcome.attempts == 1


def test_a_task_that_hangs_is_killed_and_set_aside(limited: Executor, tmp_path: Path) -> None:
    """Also where it never returns from C code, so that no handler of Python's would run."""
    tasks = [task("ever", "spin", "hang"), task("once", "hang", "end"), task("good")]
    found = by_name(list(limited.run(Scripted(str(tmp_path)), tasks)))
    assert isinstance(found["ever"].error, ShardError)
    assert "limits.task_hours.contract" in str(found["ever"].error)
    assert found["ever"].ends == (End.OVERDUE,) * 3
    assert found["once"].ends == (End.OVERDUE, End.MADE)
    assert found["good"].ends == (End.MADE,)
    for _ in range(100):  # Ray says that a worker is gone before the kernel has cleared it away
        if not running(tmp_path):
            break
        time.sleep(0.1)
    assert running(tmp_path) == []


def test_a_worker_may_die_and_the_task_still_succeed(killable: Executor, tmp_path: Path) -> None:
    (outcome,) = killable.run(Scripted(str(tmp_path)), [task("t", "killed", "exit", "end")])
    assert outcome.manifest is not None
    assert outcome.attempts == marks(tmp_path)["t"] == 3


def test_stop_lets_running_tasks_end(any_executor: Executor, tmp_path: Path) -> None:
    outcomes, tasks = [], [task(f"t{n}", "linger") for n in range(12)]
    for outcome in any_executor.run(Scripted(str(tmp_path)), tasks):
        any_executor.stop()
        outcomes.append(outcome)
    assert 1 <= len(outcomes) <= 4
    assert all(outcome.manifest is not None for outcome in outcomes)
    assert by_name(outcomes).keys() == marks(tmp_path).keys()


def test_cancel_ends_what_runs(any_executor: Executor, tmp_path: Path) -> None:
    tasks = [task(f"t{n}", "hang") for n in range(6)]
    with on_alarm(any_executor.cancel, when=lambda: bool(marks(tmp_path))):
        outcomes = list(any_executor.run(Scripted(str(tmp_path)), tasks))
    assert outcomes == []
    any_executor.close()
    until(lambda: not [name for name in running(tmp_path) if not _is_here(tmp_path, name)])
    assert len(marks(tmp_path)) < len(tasks)


def _is_here(folder: Path, name: str) -> bool:
    """Whether the task's mark names this very process, which goes on living."""
    return any(p.name.split("@")[2] == str(os.getpid()) for p in folder.glob(f"{name}@*"))


def test_close_leaves_no_processes(owned: Executor, tmp_path: Path) -> None:
    before = offspring()
    tasks = [task(f"t{n}", "linger") for n in range(4)]
    assert len(list(owned.run(Scripted(str(tmp_path)), tasks))) == 4
    owned.close()
    until(lambda: not (offspring().keys() - before.keys()))


def test_close_after_cancel_leaves_no_processes(owned: Executor, tmp_path: Path) -> None:
    before = offspring()
    with on_alarm(owned.cancel, when=lambda: bool(marks(tmp_path))):
        list(owned.run(Scripted(str(tmp_path)), [task(f"t{n}", "hang") for n in range(6)]))
    owned.close()
    until(lambda: not (offspring().keys() - before.keys()))


OWN_CLUSTER = """
import sys
from pipeline import executor
from tests.integration.works import Scripted, task

made = executor.make("ray", 1, None, ())
outcomes = list(made.run(Scripted(sys.argv[1]), [task("a"), task("b", "unreadable")]))
made.close()
print(sorted((o.task.name, type(o.error).__name__) for o in outcomes))
import psutil
left = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=30)[1]
print([p.name() for p in left])
"""


def test_ray_of_its_own_leaves_nothing(tmp_path: Path) -> None:
    """Without a cluster to join it starts one, and takes it away, with its folder."""
    marks_folder, temporary = tmp_path / "m", Path(tempfile.mkdtemp(prefix="w"))
    marks_folder.mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", OWN_CLUSTER, str(marks_folder)],
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    expected = "[('a', 'NoneType'), ('b', 'ShardError')]\n[]\n"
    left = [path.name for path in temporary.iterdir()]
    shutil.rmtree(temporary)
    assert ran.stdout == expected, ran.stderr[-2000:]
    assert left == []


@pytest.mark.parametrize("name", ["t", "a_folder_whose_name_is_far_too_long_for_sockets"])
def test_rays_folder_is_short_enough_for_sockets(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    (tmp_path / name).mkdir()
    made = Path(ray._ray_folder())
    made.rmdir()
    assert len(str(made)) <= ray.MAX_RAY_FOLDER
    assert list((tmp_path / name).iterdir()) == []


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(ConfigError, match="use local or ray"):
        executor.make("slurm", 1, None, ())
