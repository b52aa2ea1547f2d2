"""Damaged archives through the step extract: one row each, and what is not damaged is found."""

import contextlib
import random
from collections import Counter
from pathlib import Path

import pytest

from samples.archive import member
from stages import read
from stages.errors import ShardError
from tests.data.archives import opener, response
from tests.hostile import damage, odd_files, whole
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


def test_a_whole_run_over_damaged_and_odd_files_ends_well(tmp_path: Path) -> None:
    pages = [
        response(f"site/{n}", PARAGRAPH.encode() * (n % 3 + 1), url=f"https://s{n}.example/a")
        for n in range(9)
    ]
    archive = tmp_path / "sites.warc.gz"
    archive.write_bytes(b"".join(member(page) for page in pages))
    (case,) = whole.runs([archive], 1, 7, 4)
    seen = whole.conduct(case, tmp_path)
    assert case.broken == []
    assert case.reserved
    assert sum(case.due.values(), Counter[str]()).total() > 10
    assert seen.total() > 20
    assert seen["rights.robots"] > 0


@pytest.mark.parametrize("name", odd_files.FILES)
def test_an_odd_file_is_read_or_refused(name: str) -> None:
    odd = odd_files.FILES[name](SMALL, random.Random(name))  # noqa: S311
    found: list[read.Record] = []
    with contextlib.suppress(ShardError):  # the file is refused: then nothing may be due
        found = list(read.records(opener(odd.data), name, 1 << 20))
    ids = Counter(row.record_id for row in found if row.problem is None)
    assert damage.ids_of(odd.due) <= ids
