"""A takedown that is killed where it is about to change a name, at each such place in turn.

Done again it ends in the bytes of an undisturbed one; and from the first change on the request is
on the suppression list.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import index, requests, takedown
from audit.verify import verify
from pipeline import suppression
from tests.chaos import killed
from tests.integration.runs import configured, rows, run_here
from tests.thorough import some

if TYPE_CHECKING:
    from tests.conftest import Small

WHEN = "2026-03-04T05:06:07Z"
LATER = "2026-09-09T09:09:09Z"
LOCKS = ("lock", ".lock")
CHANGES = ("os.rename", "os.remove", "shutil.rmtree")


@dataclass(frozen=True, slots=True)
class Apply:
    """`weir takedown apply` of documents."""

    ids: Sequence[str]

    def __call__(self, target: Path) -> None:
        takedown.apply(target, requests.request(doc_ids=self.ids, request_id="one"), WHEN)


def apply(target: Path, ids: Sequence[str], left: int = 0) -> int | None:
    """Changes made, or None if the process was killed before the `left`-th."""
    return killed.attempt(Apply(ids), target, killed.Death(target, CHANGES, left))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but locks and what a killed process was writing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in ("lock", ".lock")
        and not path.name.startswith(".tmp-")
    }


@dataclass(frozen=True, slots=True)
class Begun:
    """A dataset with one run, as it was, and where a copy of it is to be taken down."""

    origin: Path
    dataset: Path
    ids: list[str]

    @property
    def run(self) -> Path:
        """The run in the copy."""
        return self.dataset / "run"

    def renew(self) -> None:
        """Make the copy anew: links, as `--reuse` makes them, so that other runs must not notice.

        It lies where the dataset was made, since releases name their runs by absolute paths.
        """
        shutil.rmtree(self.dataset, ignore_errors=True)
        shutil.copytree(self.origin, self.dataset, copy_function=os.link)


@pytest.fixture
def begun(small: "Small", tmp_path: Path) -> Begun:
    """A released run with a report; a duplicate of it, with its cluster, is to be taken down."""
    origin, dataset = tmp_path / "origin", tmp_path / "dataset"
    ended, _ = run_here(configured(small.paths, small.settings), dataset / "run", dataset=dataset)
    assert ended.exit_code == 0, ended.problems
    run = dataset / "run"
    (run / "report").mkdir()
    (run / "report" / "index.html").write_text("a page's text", encoding="utf-8")
    decided = rows(run, "decisions", "doc_id", "reason")
    ids = [str(r["doc_id"]) for r in decided if r["reason"] == "dedup.near_duplicate"][:1]
    dataset.rename(origin)
    made = Begun(origin, dataset, ids)
    made.renew()
    return made


def sound(begun: Begun) -> None:
    """Run, index and takedown are what they say."""
    assert [c for c in verify(begun.run) if not c["ok"]] == []
    assert [c for c in index.verify(begun.dataset) if not c["ok"]] == []
    assert [c for c in takedown.verify(begun.dataset) if not c["ok"]] == []


def test_killed_at_every_change_it_ends_in_the_same_bytes(begun: Begun) -> None:
    before = tree(begun.origin)
    changes = apply(begun.dataset, begun.ids)
    assert changes is not None
    assert changes > 20
    expected = tree(begun.dataset)
    sound(begun)
    for left in some(range(1, changes + 1), 6):
        begun.renew()
        assert apply(begun.dataset, begun.ids, left) is None
        assert left == 1 or suppression.path_of(begun.dataset, "one").is_file()
        wanted = requests.request(doc_ids=begun.ids, request_id="one")
        takedown.apply(begun.dataset, wanted, WHEN)
        assert tree(begun.dataset) == expected, f"killed before change {left} of {changes}"
    assert tree(begun.origin) == before


def test_killed_again_and_again_it_gets_there(begun: Begun) -> None:
    """The time of receipt is that of the first attempt."""
    deaths = 0
    while apply(begun.dataset, begun.ids, left=2 + deaths) is None:  # a task's files are one step
        deaths += 1
        assert deaths < 60
    assert deaths > 4
    sound(begun)
    wanted = requests.request(doc_ids=begun.ids, request_id="one")
    assert takedown.apply(begun.dataset, wanted, LATER)["already_applied"]
