"""The storm, shortened: some scenarios, without Ray; `make chaos` has all, two hundred times.

A failing case fails again: executor, scenario and seed are the test's parameters.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import cases, judged
from tests.chaos.storm import Storm, line, storm

SEED = 8
MARCH = 40
"""A march dies at every fortieth kind of point."""
SHORTENED = (
    "inline child",
    "inline disk",
    "inline broken",
    "inline interrupt",
    "inline march",
    "pool driver",
    "pool disorder",
    "pool memory",
    "store network",
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    """The storm, with one snapshot."""
    with storm(tmp_path_factory.mktemp("storm")) as made:
        yield made


def weathered(ours: Storm, words: str, number: int) -> cases.Case:
    """Perform a case; it must come out unchanged."""
    case = cases.planned(SEED, number, ours.base, words, snapshots=(3,), march=MARCH)
    report = ours.case(case)
    assert report.problems == [], line(report)
    return case


@pytest.mark.parametrize("words", SHORTENED)
def test_struck_and_resumed_it_is_the_same(ours: Storm, words: str) -> None:
    weathered(ours, words, SHORTENED.index(words))


def test_what_happens_follows_from_the_seed(ours: Storm) -> None:
    made = [cases.planned(SEED, n, ours.base, snapshots=(3,)) for n in range(len(cases.MIX))]
    again = [cases.planned(SEED, n, ours.base, snapshots=(3,)) for n in range(len(cases.MIX))]
    assert made == again
    assert len({case.faults for case in made}) > len(made) // 2


def test_a_run_that_differs_is_told(ours: Storm, tmp_path: Path) -> None:
    """A judge that finds everything the same would be worth nothing."""
    case = cases.planned(SEED, 0, ours.base, "inline commit", snapshots=(3,))
    base = ours.base(3)

    def spoils(one: cases.Case, folder: Path, invocation: int) -> int:
        code = ours.invoke(one, folder, invocation)
        if code == 0:
            for path in (folder / "out" / "run").glob("decisions/*.parquet"):
                path.write_bytes(path.read_bytes() + b"\0")
        return code

    report = judged.perform(case, base, tmp_path / "case", spoils)
    assert any("differ from the undisturbed run" in problem for problem in report.problems)
