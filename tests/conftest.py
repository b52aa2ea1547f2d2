"""What several suites share: sample snapshots, an undisturbed run of each, and a Ray cluster.

All are made once a session, by whichever of its processes comes first, and must not be changed: a
test that damages a run copies it first.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from samples import archive, build, optouts
from samples.entries import Entry
from tests.integration.releases import Snapshots, made
from tests.integration.runs import configured, run_here

PER_KIND = 4
SMALL_TAGS = {"deu_Latn", "ell_Grek", "eng_Latn", "fin_Latn", "mlt_Latn", None}
SLOW = "hostile"  # these pages use up CPU limits; a small run does without
SMALL_FILES = 3
SMALL_SETTINGS = ("limits.max_quarantined_fraction=0.5", "publish.target_file_bytes=65536")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot on disk."""

    root: Path
    warcs: tuple[Path, ...]
    rows: int
    """Responses and damaged places in it."""

    @property
    def paths(self) -> Path:
        """Its path list."""
        return self.root / "crawl-data" / archive.SNAPSHOT / "warc.paths.gz"


@dataclass(frozen=True, slots=True)
class Small(Snapshot):
    """A short snapshot, and the settings with which the undisturbed run of it was made."""

    settings: tuple[str, ...] = SMALL_SETTINGS


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of the whole session, filled by the first process that asks; others wait for it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / f"shared-{name}", shared / f"shared-{name}.made"
    with (shared / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed half-way
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def _warcs(root: Path) -> tuple[Path, ...]:
    return tuple(sorted(root.glob("crawl-data/*/segments/*/warc/*")))


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The whole sample snapshot, built from its sources."""
    root = once(tmp_path_factory, "snapshot", build.build)
    return Snapshot(root, _warcs(root), len(build.truth()))


def _small_entries() -> list[Entry]:
    """A few entries of each kind, and the pages that their duplicates duplicate."""
    entries, chosen = build.all_entries(), dict[str, Entry]()
    by_url = {entry.url: entry for entry in entries if entry.exchange}
    seen: dict[str, int] = {}
    for entry in entries:
        if entry.exchange is None or entry.kind == SLOW or entry.tag not in SMALL_TAGS:
            continue
        if seen.get(entry.kind, 0) < PER_KIND:
            seen[entry.kind] = seen.get(entry.kind, 0) + 1
            chosen[entry.url] = entry
            if entry.keeper:
                chosen[entry.keeper] = by_url[entry.keeper]
    return [*chosen.values(), *(entry for entry in entries if entry.kind == "damaged")]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Three short WARC files with every kind of page but the slow ones, and robots.txt files."""
    entries = _small_entries()
    root = once(tmp_path_factory, "small", lambda root: _write_small(root, entries))
    return Small(root, _warcs(root), len(entries))


def _write_small(root: Path, entries: list[Entry]) -> None:
    whole = [entry for entry in entries if entry.data is None]
    damaged = [entry for entry in entries if entry.data is not None]
    files: list[list[Entry]] = [[] for _ in range(SMALL_FILES)]
    for number, entry in enumerate(whole):
        files[number % SMALL_FILES].append(entry)
    for number, entry in enumerate(damaged[:-1]):
        files[number % SMALL_FILES].insert(3, entry)
    files[-1].append(damaged[-1])  # a member that is cut off: the file ends in it
    warcs = [b"".join(_bytes_of(entry) for entry in file) for file in files]
    robots = optouts.robots_exchanges(build.hosts_of(build.all_entries(), "ordinary"))
    archive.write_snapshot(root, warcs, b"".join(archive.triple(one) for one in robots))


def _bytes_of(entry: Entry) -> bytes:
    if entry.data is not None:
        return entry.data
    assert entry.exchange is not None
    return archive.triple(entry.exchange)


@pytest.fixture(scope="session")
def sample_run(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of the sample snapshot: local executor, two workers."""

    def make(folder: Path) -> None:
        ended, _ = run_here(configured(snapshot.paths), folder / "run", workers=2)
        assert ended.exit_code == 0, ended.problems

    return once(tmp_path_factory, "sample-run", make) / "run"


@pytest.fixture(scope="session")
def small_run(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run of the small snapshot: one worker, in this process."""

    def make(folder: Path) -> None:
        ended, _ = run_here(configured(small.paths, small.settings), folder / "run")
        assert ended.exit_code == 0, ended.problems

    return once(tmp_path_factory, "small-run", make) / "run"


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A Ray cluster of two CPUs on this machine, which executors join and leave running."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray  # noqa: PLC0415 - costs a second, which most test runs need not pay

    folder = tempfile.mkdtemp(prefix="weir-ray-", dir="/tmp")  # short, since it holds sockets
    ray.init(
        num_cpus=2,
        object_store_memory=128 << 20,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _temp_dir=folder,
    )
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    """Three short snapshots that share pages, and an undisturbed run of each."""
    return Snapshots(once(tmp_path_factory, "snapshots", made))


@pytest.fixture(scope="session")
def dataset_of_a(snapshots: Snapshots, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with a release of the first of them; the run lies beside it, in `A`."""

    def make(root: Path) -> None:
        snapshots.released("A", root, root / "dataset")

    return once(tmp_path_factory, "dataset", make) / "dataset"


@pytest.fixture(scope="session")
def store_address() -> Iterator[tuple[str, int]]:
    """Host and port of an S3-compatible server, with an empty bucket; started once a session."""
    from tests.integration import store_server  # noqa: PLC0415 - for those that need a store

    with store_server.moto() as address:
        yield address
