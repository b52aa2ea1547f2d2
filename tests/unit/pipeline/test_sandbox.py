"""Whatever a call does, the sandbox answers with a result or a reason, and works again after it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.sandbox import Sandbox
from pipeline.sandboxed import ANSWER_BYTES, OPEN_FILES
from stages.base import IN_FLIGHT

FUNCTIONS = Path(__file__).parents[2] / "data"
CPU_S, MEMORY_MB = 0.5, 256
PATIENCE_S = 20.0

Make = Callable[..., Sandbox]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes sandboxes over `calls`, and closes them."""
    monkeypatch.setenv("PYTHONPATH", str(FUNCTIONS))
    made: list[Sandbox] = []

    def make_one(
        journal: Path | None = None, cpu_s: float = CPU_S, memory_mb: int = MEMORY_MB
    ) -> Sandbox:
        made.append(Sandbox("calls", cpu_s, memory_mb, journal))
        return made[-1]

    yield make_one
    for one in made:
        one.close()


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_values_come_back_as_they_went(make: Make) -> None:
    values = ["text ÿ ж 😀", b"\x00\xff bytes", 1, -(2**63), 0.1, None, True, [1, [2]], {"a": {}}]
    assert make().call("echo", *values) == {"values": values}


def test_a_lone_surrogate_does_not_break_the_answer(make: Make) -> None:
    assert make().call("surrogate") == {"text": "a?b"}


def test_one_child_serves_many_calls(make: Make) -> None:
    guard = make()
    assert len({guard.call("pid")["child"] for _ in range(5)}) == 1


DEATHS = {
    "a loop in Python": (("loop_in_python",), "extract.timeout"),
    "a loop in C": (("loop_in_c",), "extract.timeout"),
    "too much memory": (("allocate", 4 * MEMORY_MB), "extract.memory"),
    "an exit": (("leave", 7), "extract.crash"),
    "an exit in good order": (("leave", 0), "extract.crash"),
    "a segmentation fault": (("segfault",), "extract.crash"),
    "the kernel's killer": (("kill", int(signal.SIGKILL)), "extract.crash"),
    "an abort": (("kill", int(signal.SIGABRT)), "extract.crash"),
    "an exception": (("raise_error",), "extract.crash"),
    "endless recursion": (("recurse",), "gate.structure"),
    "no mapping": (("answer_no_mapping",), "extract.crash"),
    "an unknown function": (("no_such_function",), "extract.crash"),
    "forged frames": (("forge_frame",), "extract.crash"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_death_is_a_reason_and_the_next_call_works(make: Make, death: str) -> None:
    call, reason = DEATHS[death]
    guard = make()
    assert guard.call("echo", "before") == {"values": ["before"]}
    assert guard.call(*call) == {"reason": reason}
    assert guard.call("echo", "after") == {"values": ["after"]}


def test_deaths_in_a_row(make: Make) -> None:
    guard = make()
    for number in range(4, 9):
        assert guard.call("leave", number) == {"reason": "extract.crash"}
    assert guard.call("echo") == {"values": []}


def test_cpu_time_is_counted_for_each_call(make: Make) -> None:
    """Three calls below the limit, together far above it."""
    guard = make()
    for _ in range(3):
        assert guard.call("use_cpu", 0.7 * CPU_S) == {"used": 0.7 * CPU_S}


def test_memory_below_the_limit_is_given(make: Make) -> None:
    assert make().call("allocate", MEMORY_MB // 2) == {"size": MEMORY_MB // 2 << 20}


def test_what_a_child_prints_stays_out_of_the_answers(
    make: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    guard = make()
    assert guard.call("chatter") == {"printed": True}
    assert guard.call("echo", 1) == {"values": [1]}
    assert "printed" not in capfd.readouterr().out


def test_an_exception_does_not_leave_its_text(
    make: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "journal.jsonl"
    assert make(journal).call("raise_error") == {"reason": "extract.crash"}
    output = capfd.readouterr()
    assert "secret" not in output.out + output.err + journal.read_text()


def test_an_oversized_answer_is_not_sent(make: Make) -> None:
    guard = make(memory_mb=1536, cpu_s=20.0)
    assert guard.call("answer_of", (ANSWER_BYTES >> 20) + 1) == {"reason": "extract.memory"}
    assert guard.call("echo", "after") == {"values": ["after"]}


def test_a_child_cannot_write_files_nor_open_many(make: Make, tmp_path: Path) -> None:
    guard = make()
    assert guard.call("write_file", str(tmp_path / "written")) == {"error": "OSError"}
    assert guard.call("open_files", 2 * OPEN_FILES)["opened"] < OPEN_FILES
    assert guard.call("limits") == {"core": 0, "new_privileges": False}


def test_half_an_answer_is_waited_for_no_longer_than_a_whole_one(make: Make) -> None:
    guard = make()
    guard._wall_s = 2.0
    assert guard.call("answer_in_part") == {"reason": "extract.timeout"}
    assert guard.call("echo", "after") == {"values": ["after"]}


def test_large_arguments_and_answers_pass(make: Make) -> None:
    data = os.urandom(1 << 20) * 20
    assert make().call("echo", data) == {"values": [data]}


def test_the_journal_replays_reasons_without_running(make: Make, tmp_path: Path) -> None:
    journal = tmp_path / "journal" / "extract-key.jsonl"
    first = make(journal)
    assert first.call("allocate", 4 * MEMORY_MB) == {"reason": "extract.memory"}
    assert first.call("echo", "page") == {"values": ["page"]}
    first.close()
    before = journal.read_text()
    assert sum(_is_entry(line) for line in before.splitlines()) == 1
    second = make(journal)
    assert second.call("allocate", 4 * MEMORY_MB) == {"reason": "extract.memory"}
    assert second._helper is None, "a known call must not start a child"
    assert second.call("echo", "page") == {"values": ["page"]}
    assert journal.read_text() == before


def test_the_journal_is_believed_over_a_new_try(make: Make, tmp_path: Path) -> None:
    """A replay gives the reason of the first time, even where the call would now succeed."""
    journal = tmp_path / "journal.jsonl"
    slow = make(journal, cpu_s=0.2)
    assert slow.call("use_cpu", 0.6) == {"reason": "extract.timeout"}
    assert make(journal, cpu_s=5.0).call("use_cpu", 0.6) == {"reason": "extract.timeout"}
    assert make(None, cpu_s=5.0).call("use_cpu", 0.6) == {"used": 0.6}


def test_a_journal_cut_off_by_a_crash_is_read(make: Make, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert make(journal).call("leave", 5) == {"reason": "extract.crash"}
    whole = journal.read_text()
    journal.write_text(whole + '{"call": "abc", "rea')
    guard = make(journal)
    assert guard.call("leave", 5) == {"reason": "extract.crash"}
    assert guard._helper is None
    assert guard.call("leave", 6) == {"reason": "extract.crash"}
    lines = journal.read_text().splitlines()
    assert sum(_is_entry(line) for line in lines) == 2, "an entry was glued to the cut-off line"


def _is_entry(line: str) -> bool:
    try:
        return set(json.loads(line)) == {"call", "reason"}
    except ValueError:
        return False


def test_the_journal_holds_no_arguments(make: Make, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    make(journal).call("leave", 9, "text of a page")
    assert "text of a page" not in journal.read_text()
    assert _is_entry(journal.read_text())


def test_the_helper_dies_between_calls(make: Make, tmp_path: Path) -> None:
    """It was not the page's doing: the page is tried again, and nothing is written down."""
    journal = tmp_path / "journal.jsonl"
    guard = make(journal)
    os.kill(guard.call("pid")["helper"], signal.SIGKILL)
    assert guard._helper is not None
    guard._helper.wait()
    assert guard.call("echo", "innocent") == {"values": ["innocent"]}
    assert not journal.exists()


@pytest.mark.parametrize("begun", [0, 2, 4, 30])
def test_a_child_killed_from_outside_costs_no_page(make: Make, tmp_path: Path, begun: int) -> None:
    """Not by the kernel's killer, nor in the midst of its answer."""
    journal = tmp_path / "journal.jsonl"
    guard = make(journal)
    assert guard.call("killed_first", str(tmp_path / "mark"), begun) == {"value": "whole"}
    assert (tmp_path / "mark").exists()
    assert not journal.exists()


def test_the_helper_is_killed_by_the_call(make: Make) -> None:
    guard = make()
    child = psutil.Process(guard.call("pid")["child"])
    assert guard.call("kill_helper") == {"reason": "extract.crash"}
    assert guard.call("echo", "after") == {"values": ["after"]}
    until(lambda: not child.is_running())


@pytest.mark.parametrize("calls", [[], ["echo"], ["echo", "segfault"], ["segfault", "echo"]])
def test_close_leaves_no_process(make: Make, calls: list[str]) -> None:
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    guard = make()
    for call in calls:
        guard.call(call)
    guard.close()
    until(lambda: {p.pid for p in psutil.Process().children(recursive=True)} <= before)
    guard.close()


def test_a_closed_sandbox_opens_again(make: Make) -> None:
    guard = make()
    first = guard.call("pid")
    guard.close()
    second = guard.call("pid")
    assert first["helper"] != second["helper"]


def test_no_zombie_is_left_by_a_death(make: Make) -> None:
    guard = make()
    dead = guard.call("pid")["child"]
    guard.call("segfault")
    assert guard.call("pid")["child"] != dead
    assert not psutil.pid_exists(dead)


# Many calls


def test_answers_come_in_order_whatever_dies_between(make: Make) -> None:
    """Each death is the fault of the call that it was in, though others were sent ahead of it."""
    guard = make()
    asked: list[tuple[str, tuple[object, ...], object]] = []
    for number, death in enumerate(DEATHS):
        (function, *arguments), reason = DEATHS[death]
        asked += [("echo", (number,), {"values": [number]})]
        asked += [(function, tuple(arguments), {"reason": reason})]
    found = [*guard.answers("do", ((name, *arguments) for name, arguments, _ in asked))]
    assert found == [due for _, _, due in asked]


def test_no_more_is_sent_ahead_than_the_pipe_takes(make: Make) -> None:
    guard = make(memory_mb=1024)
    sizes = [10, 3 << 20, 5, 1 << 20, 1 << 20, 7, 100_000, 400_000, 400_000, 400_000, 0]
    found = [*guard.answers("echo", ([b"x" * size] for size in sizes))]
    assert [len(answer["values"][0]) for answer in found] == sizes


def test_few_calls_are_sent_ahead(make: Make) -> None:
    asked: list[int] = []
    answers = make().answers("echo", ([asked.append(n) or n] for n in range(50)))
    assert next(answers) == {"values": [0]}
    assert len(asked) <= IN_FLIGHT + 1
    assert [answer["values"] for answer in answers] == [[n] for n in range(1, 50)]


def test_answers_that_nobody_waits_for_are_given_to_nobody(make: Make) -> None:
    guard = make()
    answers = guard.answers("echo", ([n] for n in range(9)))
    next(answers)
    answers.close()
    assert guard.call("echo", "next") == {"values": ["next"]}


def test_the_journal_answers_in_its_place(make: Make, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    calls = [("echo", 1), ("leave", 7), ("echo", 2)]
    due = [{"values": [1]}, {"reason": "extract.crash"}, {"values": [2]}]
    assert [*make(journal).answers("do", calls)] == due
    assert [*make(journal).answers("do", calls)] == due
    assert len(journal.read_text().splitlines()) == 1
