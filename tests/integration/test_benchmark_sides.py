"""Sides of benchmarks, as processes that take turns."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import measure, rounds, sides

CORE = min(os.sched_getaffinity(0))
LOOP = """
import sys
sys.path.insert(0, {folder!r})
from pathlib import Path
from rounds import inputs, serve

def count(path):
    print("libraries print")
    return lambda: len(inputs(path)), ()

serve({{"count": count}})
"""


def program(tmp_path: Path) -> list[str]:
    script = tmp_path / "side.py"
    script.write_text(LOOP.format(folder=str(Path(rounds.__file__).parent)), encoding="utf-8")
    given = sides.write(tmp_path / "given.json", ["a", "b"])
    return [sys.executable, str(script), "count", str(given)]


def test_a_side_answers_each_round(tmp_path: Path) -> None:
    with sides.Side("one", program(tmp_path), CORE) as side:
        side.round()
        side.round()
    assert side.made == 2
    assert len(side.spent) == 2
    assert side.versions == {}


def test_a_side_that_ends_early_says_its_last_words() -> None:
    code = "import sys; sys.exit('no such model')"
    with pytest.raises(RuntimeError, match="no such model"):
        sides.Side("one", [sys.executable, "-c", code], CORE)


def test_a_peer_that_cannot_be_installed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(peer: str, requirements: object) -> Path:
        del requirements
        raise measure.PeerError(f"ERROR: No matching distribution found for {peer}")

    monkeypatch.setattr(measure, "python_of", refuse)
    given = sides.write(tmp_path / "given.json", [])
    task = sides.Task({"weir": "measure"}, [sides.Peer("p", "p", (), "p")], {"": given}, 1)
    made = sides.compare(task, 1, CORE)
    assert set(made["sides"]) == {"weir"}
    assert made["missing"] == {"p": "ERROR: No matching distribution found for p"}
