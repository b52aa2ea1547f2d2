"""Short snapshots by seed: some pages of every kind, so that every step has something to do.

Odd ones are clustered in a group a shard; every third belongs to a dataset.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from samples import archive, build, optouts
from samples.entries import Entry
from tests.data.extracting import SHORT

PER_KIND = 2
TAGS = {"deu_Latn", "ell_Grek", "eng_Latn", "fin_Latn", "mlt_Latn", None}
SLOW = "hostile"  # these pages use up CPU limits
SETTINGS = ("limits.max_quarantined_fraction=0.5", "publish.target_file_bytes=65536", SHORT)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A snapshot on disk, and how it is run."""

    root: Path
    seed: int

    @property
    def group_documents(self) -> int | None:
        """Documents in a group of clustering; None for as many as there are elsewhere."""
        return 1 if self.seed % 2 else None

    def arguments(self, output: Path | str) -> list[str]:
        """`weir run` of it, into `output/run`."""
        listed = self.root / "crawl-data" / archive.SNAPSHOT / "warc.paths.gz"
        words = ["run", "sample", "--input", str(listed), "--output", f"{output}/run"]
        if self.seed % 3 == 0:
            words += ["--dataset", f"{output}/dataset"]
        return [*words, "--progress", "plain", *(w for s in SETTINGS for w in ("--set", s))]


def make(folder: Path, seed: int) -> Chosen:
    """Build the snapshot of a seed, if it is not there."""
    root = folder / f"snapshot-{seed}"
    if not (root / "built").exists():
        chance = random.Random(seed)  # noqa: S311 - no secret
        files = [b"".join(map(_bytes_of, file)) for file in _files(chance)]
        hosts = sorted(build.hosts_of(build.all_entries(), "ordinary"))
        robots = optouts.robots_exchanges(chance.sample(hosts, 12))
        archive.write_snapshot(root, files, b"".join(archive.triple(one) for one in robots))
        (root / "built").touch()
    return Chosen(root, seed)


def _files(chance: random.Random) -> list[list[Entry]]:
    """Two to four files; duplicates lie in other files than what they duplicate, or in the same."""
    entries = build.all_entries()
    by_url = {entry.url: entry for entry in entries if entry.exchange}
    kinds: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.exchange is not None and entry.kind != SLOW and entry.tag in TAGS:
            kinds.setdefault(entry.kind, []).append(entry)
    chosen: dict[str, Entry] = {}
    for found in kinds.values():
        for entry in chance.sample(found, min(PER_KIND, len(found))):
            chosen[entry.url] = entry
            if entry.keeper:
                chosen[entry.keeper] = by_url[entry.keeper]
    whole = list(chosen.values())
    chance.shuffle(whole)
    count = chance.choice((2, 3, 4))
    files = [whole[number::count] for number in range(count)]
    damaged = [entry for entry in entries if entry.data is not None]
    for number, entry in enumerate(damaged[:-1]):
        files[number % count].insert(2, entry)
    files[-1].append(damaged[-1])  # a member that is cut off: the file ends in it
    return files


def _bytes_of(entry: Entry) -> bytes:
    if entry.data is not None:
        return entry.data
    assert entry.exchange is not None
    return archive.triple(entry.exchange)
