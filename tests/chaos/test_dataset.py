"""Releasing and compacting, killed before each change of a name, in turn.

What is read in between is the old index or the new one, whole; done again it ends in the bytes of
an undisturbed one, and nothing else is left.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audit import index
from audit.verify import verify
from pipeline import dataset, storage
from pipeline.dataset import Index
from tests.chaos import killed
from tests.data.published import pages, publish, releases
from tests.integration.releases import Snapshots
from tests.integration.runs import digests, tasks_run

CHANGES = ("os.rename", "os.link", "os.remove", "os.rmdir")
GONE = (2, (1 << 32) + 4)


@dataclass(frozen=True, slots=True)
class Release:
    """Releases what a run has published, as it was compared with what there is."""

    run: Path
    name: str

    def __call__(self, folder: Path) -> None:
        by_tag = {"fin_Latn": pages(self.name, 6), "mlt_Latn": pages(f"{self.name}m", 4)}
        shutil.rmtree(self.run, ignore_errors=True)
        made = publish(self.run, by_tag)
        dataset.release(dataset.read(folder).without(self.name), self.run, self.name, *made)


def compact(folder: Path) -> None:
    """`weir index compact`."""
    index.compact(folder)


@dataclass(frozen=True, slots=True)
class Run:
    """`weir run` of a snapshot into the dataset."""

    snapshots: Snapshots
    name: str
    output: Path

    def __call__(self, folder: Path) -> None:
        ended, _ = self.snapshots.go_on(self.name, self.output, folder)
        assert ended.exit_code == 0, ended.problems


def attempt(
    work: killed.Work, folder: Path, left: int = 0, inside: Path | None = None
) -> int | None:
    """Changes made in a folder, or None if the process was killed before the `left`-th."""
    return killed.attempt(work, folder, killed.Death(inside or folder, CHANGES, left))


def state(folder: Path) -> dict[str, str]:
    """Digests of all files but the lock, what a killed process left included."""
    return {
        str(path.relative_to(folder)): storage.file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def known(folder: Path) -> dict[str, Any]:
    """What a reader sees; every file that is named is there and sound."""
    found: Index = dataset.read(folder)
    for file in dataset.files(found):
        assert storage.file_digest(folder / file.path) == file.sha256
    return found.to_json()


def prepared(kind: str, root: Path) -> tuple[Path, killed.Work]:
    """A dataset, and what is done to it."""
    if kind == "first release":
        (root / "dataset").mkdir()
        return root / "dataset", Release(root / "new", "new")
    folder = releases(root, "one", "two")
    if kind == "release":
        return folder, Release(root / "new", "new")
    if kind == "compaction with takedown":
        found = dataset.read(folder)
        first, second = found.parts
        dataset.write(replace(found, parts=(replace(first, gone=GONE), second)))
    return folder, compact


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("first release", 6),  # the empty index, three links, the release, the index
        ("release", 5),
        ("compaction", 4),  # the keys, the index, two files that are no longer needed
        ("compaction with takedown", 4),
    ],
)
def test_killed_before_every_change(tmp_path: Path, kind: str, changes: int) -> None:
    folder, work = prepared(kind, tmp_path)
    origin = Path(shutil.copytree(folder, tmp_path / "origin"))
    before = known(folder)
    made = attempt(work, folder)
    assert made is not None
    assert made >= changes
    expected, after = state(folder), known(folder)
    assert after != before
    assert not any(".tmp-" in name for name in expected)
    sights = []
    for left in range(1, made + 1):
        shutil.rmtree(folder)
        shutil.copytree(origin, folder)
        assert attempt(work, folder, left) is None
        seen = known(folder)
        assert seen in (before, after), f"before change {left} of {made}"
        sights.append(seen == after)
        work(folder)
        assert state(folder) == expected, f"before change {left} of {made}"
        assert known(folder) == after
    assert sights == sorted(sights)
    assert not sights[0]


def test_killed_again_and_again(tmp_path: Path) -> None:
    """Each attempt comes a little further, or begins anew; in the end it is the same."""
    folder, work = prepared("compaction with takedown", tmp_path)
    origin = Path(shutil.copytree(folder, tmp_path / "origin"))
    compact(folder)
    expected = state(folder)
    shutil.rmtree(folder)
    shutil.copytree(origin, folder)
    for left in (1, 1, 2, 2, 3, 1):
        assert attempt(work, folder, left) is None
        known(folder)
    compact(folder)
    assert state(folder) == expected


def test_a_run_killed_after_its_release_keeps_what_it_published(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    """It is released, but could not write that down; meanwhile another was compared with it."""
    folder = tmp_path / "dataset"
    shutil.copytree(snapshots.root / "A", tmp_path / "A")
    work, book = Run(snapshots, "A", tmp_path / "A"), tmp_path / "A" / "run.json"
    copies = tmp_path / "A-copy"
    shutil.copytree(tmp_path / "A", copies)
    total = attempt(Run(snapshots, "A", copies), tmp_path / "other", 0, copies / "run.json")
    assert total is not None
    assert attempt(work, folder, total, book) is None
    assert dataset.read(folder).releases == ("TEST-A",)
    corpus = digests(tmp_path / "A", "corpus")
    snapshots.released("B", tmp_path, folder)
    before = state(folder)
    ended, events = snapshots.go_on("A", tmp_path / "A", None)
    assert ended.exit_code == 0, ended.problems
    assert tasks_run(events) == {}
    assert digests(tmp_path / "A", "corpus") == corpus
    assert state(folder) == before
    assert all(check["ok"] for name in "AB" for check in verify(tmp_path / name))
    assert all(check["ok"] for check in index.verify(folder))
