"""Damaged archives through the step extract: one row each, and what is not damaged is found."""

from pathlib import Path

import pytest

from samples.archive import member
from tests.data.archives import response
from tests.hostile import damage
from tests.hostile.makers import PARAGRAPH, good

SMALL = [response(f"small/{n}", PARAGRAPH.encode() * (n % 3 + 1)) for n in range(6)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WARC file of small good pages."""
    path = tmp_path_factory.mktemp("damage") / "good.warc.gz"
    pages = [*SMALL, *(good(f"{n}") for n in range(6))]
    path.write_bytes(b"".join(member(page) for page in pages))
    return path


def test_what_is_not_damaged_is_found(archive: Path, tmp_path: Path) -> None:
    made = list(damage.cases([archive], 12, 8))
    seen = damage.run_cases(made, tmp_path, 1)
    assert {case.name: case.broken for case in made if case.broken} == {}
    assert sum(case.due.total() for case in made) > 20
    assert seen["text"] > 20
    assert seen["read.damaged"] > 3


def test_a_seed_gives_the_same_damage(archive: Path) -> None:
    first, again, other = (
        [case.data for case in damage.cases([archive], 6, seed)] for seed in (3, 3, 4)
    )
    assert first == again != other
