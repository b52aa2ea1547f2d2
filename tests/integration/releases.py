"""Snapshots one after another: short ones that share pages, and runs of them into a dataset."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import runner
from samples import archive, build
from samples.entries import Entry
from tests.integration.runs import configured, run_here

NAMES = ("A", "B", "C")
PER_SNAPSHOT = 4
"""Pages of each snapshot that no other has a copy of."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """One WARC file for each snapshot, and a finished run of it that belongs to no dataset."""

    root: Path

    def run(
        self,
        name: str,
        output: Path,
        dataset: Path | None,
        settings: Sequence[str] = (),
        **options: object,
    ) -> tuple[runner.Result, list[runner.Event]]:
        """Run a snapshot, beginning with what of it needs no dataset; or go on with the run."""
        if not output.exists():
            shutil.copytree(self.root / name, output)
        return self.go_on(name, output, dataset, settings, **options)

    def go_on(
        self,
        name: str,
        output: Path,
        dataset: Path | None,
        settings: Sequence[str] = (),
        **options: object,
    ) -> tuple[runner.Result, list[runner.Event]]:
        """Run a snapshot into a folder as it is."""
        named = [f"snapshot=TEST-{name}", *settings]
        resolved = configured([self.root / f"{name}.warc.gz"], named)
        return run_here(resolved, output, dataset=dataset, **options)

    def begun(self, name: str, output: Path, dataset: Path) -> runner.Runner:
        """A run that has looked at its dataset, and done nothing yet."""
        shutil.copytree(self.root / name, output)
        resolved = configured([self.root / f"{name}.warc.gz"], [f"snapshot=TEST-{name}"])
        return runner.Runner(resolved, runner.Options(output, workers=1, dataset=dataset))

    def released(self, names: str, folder: Path, dataset: Path) -> None:
        """Run snapshots into a dataset, in this order."""
        for name in names:
            ended, _ = self.run(name, folder / name, dataset)
            assert ended.exit_code == 0, ended.problems


def made(root: Path) -> Snapshots:
    """Three snapshots: of each set of duplicates every one has some; and pages of its own."""
    entries = [e for e in build.all_entries() if e.exchange is not None]
    by_url, sets = {e.url: e for e in entries}, dict[str, list[Entry]]()
    for entry in entries:
        if entry.keeper:
            sets.setdefault(entry.keeper, [by_url[entry.keeper]]).append(entry)
    files: dict[str, list[Entry]] = {name: [] for name in NAMES}
    for number, members in enumerate(sets.values()):
        for at, entry in enumerate(members):
            files[NAMES[(number + at) % 3]].append(entry)
    of_sets = {e.url for members in sets.values() for e in members}
    alone = [e for e in entries if e.kind == "ordinary" and e.url not in of_sets]
    for number, name in enumerate(NAMES):
        files[name] += alone[number * PER_SNAPSHOT : (number + 1) * PER_SNAPSHOT]
        triples = [archive.triple(e.exchange) for e in files[name] if e.exchange is not None]
        (root / f"{name}.warc.gz").write_bytes(b"".join(triples))
    snapshots = Snapshots(root)
    for name in NAMES:
        ended, _ = snapshots.go_on(name, root / name, None)
        assert ended.exit_code == 0, ended.problems
    return snapshots
