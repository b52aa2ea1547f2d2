"""Cycles are looked for seldom in whatever process works on a run, and are still found."""

import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from pipeline import cli, garbage


class Knot:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def thresholds() -> Iterator[None]:
    """What other tests of this process had."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("thresholds")
def test_the_command_line_looks_seldom() -> None:
    gc.set_threshold(700, 10, 10)
    assert cli.main(["--help"]) == 0
    assert gc.get_threshold()[0] == garbage.NEW_OBJECTS


@pytest.mark.usefixtures("thresholds")
def test_cycles_go_all_the_same() -> None:
    garbage.look_seldom()
    knots = [weakref.ref(Knot()) for _ in range(2 * garbage.NEW_OBJECTS)]
    assert sum(knot() is None for knot in knots) >= garbage.NEW_OBJECTS


def test_at_the_end_nothing_is_looked_at() -> None:
    told = """
import atexit, gc, json
atexit.register(lambda: print(json.dumps([before, gc.get_freeze_count()])))
from pipeline import garbage
garbage.look_seldom()
garbage.look_seldom()
before = gc.get_freeze_count()
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True, text=True)
    before, after = json.loads(done.stdout)
    assert (before, after > 1000) == (0, True)
