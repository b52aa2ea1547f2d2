"""A warm process from which drivers are forked; it saves each the seconds that imports take.

It reads a command a line, `{"do": "baseline" | "run", ...}`, and answers with a line. With the
address of a Ray cluster it joins that, and performs runs itself, in one job: its workers stay warm.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tests.chaos import disks, points, watched
from tests.chaos.points import Strikes, Watch


def baseline(command: dict[str, Any]) -> int:
    """The undisturbed run, and every point that it passed."""
    folder, passed = Path(command["folder"]), list[tuple[str, str]]()
    strikes = Strikes(folder, tuple(command["inside"]), (), 0, os.getpid())
    _tell(folder, 0)
    with (folder / "strikes.json").open("w") as stream:
        json.dump({"faults": [], "inside": command["inside"], "slow_s": 0, "march": 0}, stream)
    watch = Watch(watched.read(folder, 0), passed)
    assert watch.strikes == strikes
    code = _weir(command, watch, folder, 0)
    (folder / "points.json").write_text(json.dumps(passed))
    return code


def run(command: dict[str, Any]) -> int:
    """One invocation of a case, in this process."""
    folder, invocation = Path(command["folder"]), command["invocation"]
    _tell(folder, invocation)
    return _weir(command, Watch(watched.read(folder, invocation)), folder, invocation)


def _tell(folder: Path, invocation: int) -> None:
    (folder / f"driver-{invocation}").write_text(str(os.getpid()))


def _weir(command: dict[str, Any], watch: Watch, folder: Path, invocation: int) -> int:
    from pipeline import cli, plan  # noqa: PLC0415 - after the fork server is up

    real = plan.GROUP_DOCUMENTS
    plan.GROUP_DOCUMENTS = command["group_documents"] or real
    undo = watched.use(folder, invocation, command["order"], command["twice"])
    with said_to(folder / f"said-{invocation}.txt"):
        points.arm(watch)
        try:
            return cli.main(command["arguments"])
        except Exception:  # noqa: BLE001 - a bug: the same that a shell would show
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            return 1
        finally:
            points.arm(None)
            undo()
            plan.GROUP_DOCUMENTS = real


@contextlib.contextmanager
def said_to(path: Path) -> Iterator[None]:
    """What this process says goes to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)
        os.close(handle)


def forked(command: dict[str, Any], answers: TextIO) -> int:
    """The wait status of a driver that is forked for the command."""
    child = os.fork()
    if child == 0:
        os.environ["WEIR_CHAOS"] = command["folder"]
        if command.get("store"):
            _use_store(command["store"])
        code = 70
        try:
            on = disks.small(Path(command["folder"]) / "out", command["disk_bytes"])
            with on if command["disk_bytes"] else contextlib.nullcontext():
                code = run(command)
        finally:
            os._exit(code)
    _say(answers, {"pid": child})
    return os.waitpid(child, 0)[1]


def _use_store(environment: dict[str, str]) -> None:
    """With waits that suit a short run: the lease of a driver that died is dead in a second."""
    from pipeline import lease, remote  # noqa: PLC0415

    os.environ.update(environment)
    remote.store.cache_clear()
    lease.LIFETIME_S, remote.FIRST_WAIT_S, remote.READ_TIMEOUT_S = 1, 0.01, 2


def main(words: list[str]) -> int:
    """Perform commands until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if words:
        import ray  # noqa: PLC0415 - other servers fork, and do without

        ray.init(address=words[0], log_to_driver=False, logging_level="ERROR")
    _say(answers, {"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "baseline":
            code = baseline(command)
        elif words:
            code = run(command)
        else:
            code = os.waitstatus_to_exitcode(forked(command, answers))
        _say(answers, {"code": code})
    return 0


def _say(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value) + "\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
