"""Runs in an object store: the same bytes, through faults, interruptions and two drivers at once.

The store is a real S3-compatible server in a process of its own; faults are injected before it.
"""

import random
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from audit import report, requests, runs, status, takedown, trace, verify
from pipeline import inputs, lease, manifest, places, remote, storage
from pipeline.places import Remote
from stages.errors import ConfigError, LeaseError, ShardError, StoreError, TransientError
from tests.integration.runs import configured, run_here
from tests.integration.store_faults import KINDS, Faults, proxy
from tests.integration.store_server import BUCKET, environment

if TYPE_CHECKING:
    from tests.conftest import Small

Through = Callable[[tuple[str, int]], None]
FEW = ("limits.max_quarantined_fraction=0.5", "gate.block_list=null", "limit=5")
DATA = random.Random(1).randbytes(3 << 20)  # noqa: S311 - no secrets


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """Lead clients of this process to a server, or to a proxy before it; short waits."""

    def lead(address: tuple[str, int]) -> None:
        for name, value in environment(*address).items():
            monkeypatch.setenv(name, value)
        remote.store.cache_clear()

    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(remote, "READ_TIMEOUT_S", 2)
    yield lead
    remote.store.cache_clear()


@pytest.fixture
def store(store_address: tuple[str, int], through: Through, tmp_path: Path) -> Remote:
    """A prefix of the bucket that this test has for itself."""
    through(store_address)
    return Remote.at(f"s3://{BUCKET}/{tmp_path.name}")


@contextmanager
def faulty(
    address: tuple[str, int], through: Through, rate: float, *kinds: str, seed: int = 0
) -> Iterator[Faults]:
    with proxy(Faults(address, kinds or KINDS, rate, seed, stall_s=3)) as faults:
        through(faults.address)
        yield faults
    through(address)


def made(run: Path | Remote) -> dict[tuple[str, str], str]:
    """Content of the outputs of every task."""
    return {(m.step, m.task): m.digest() for m in manifest.every(run)}


# Requests


@pytest.mark.parametrize("kind", KINDS)
def test_one_fault_is_survived(
    kind: str,
    store: Remote,
    store_address: tuple[str, int],
    through: Through,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = store / "file.bin"
    monkeypatch.setattr(remote, "READ_TIMEOUT_S", 0.5)
    with faulty(store_address, through, 0.35, kind, seed=3) as faults:
        for number in range(4):
            remote.write(str(place), DATA[number : 1 << 16])
            assert place.read_bytes() == DATA[number : 1 << 16]
            assert remote.write(str(store / f"new-{number}"), b"new", only_new=True)
            starts = [5, 70, 1 << 10]
            ends = [start + 9 for start in starts]
            found = remote.ranges(str(place), starts, ends)
            assert found == [
                DATA[number + a : number + b] for a, b in zip(starts, ends, strict=True)
            ]
    assert faults.done[kind] >= 3
    assert [p.name for p in store.glob("new-*")] == [f"new-{number}" for number in range(4)]


def test_a_store_that_stays_away_is_a_transient_error_without_what_it_said(
    store: Remote,
    store_address: tuple[str, int],
    through: Through,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "ATTEMPTS", 3)
    with faulty(store_address, through, 1.0, "503"), pytest.raises(TransientError) as caught:
        (store / "file.bin").read_bytes()
    assert "503 slow down" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_conditional_is_done_once(store: Remote) -> None:
    place = str(store / "once")
    first = remote.write(place, b"first", only_new=True)
    assert remote.write(place, b"first", only_new=True) == first
    with pytest.raises(remote.Taken):
        remote.write(place, b"second", only_new=True)
    second = remote.write(place, b"second", replacing=first)
    with pytest.raises(remote.Taken):
        remote.write(place, b"third", replacing=first)
    assert remote.head(place) is not None
    assert remote.head(place).e_tag == second  # type: ignore[union-attr]


def test_near_ranges_are_one_request(store: Remote) -> None:
    place = store / "large.bin"
    remote.write(str(place), DATA)
    before = remote.usage["requests"]
    starts = [2 << 20, 0, 100, 9]
    found = storage.ranges(str(place), starts, [start + 50 for start in starts])
    assert found == [DATA[start : start + 50] for start in starts]
    assert remote.usage["requests"] - before == 2
    with pytest.raises(ShardError):
        storage.ranges(str(place), [len(DATA) - 1], [len(DATA) + 1])
    with pytest.raises(ShardError):
        storage.ranges(str(store / "absent"), [0], [1])


def test_a_stream_reads_by_range_and_seeks(store: Remote) -> None:
    place, shift = store / "large.bin", random.Random(2)  # noqa: S311
    remote.write(str(place), DATA)
    with place.open() as stream:
        for _ in range(40):
            at, count = shift.randrange(len(DATA)), shift.choice([1, 900, 1 << 17])
            stream.seek(at)
            assert stream.read(count) == DATA[at : at + count]
    with storage.open_at(str(place), 17) as stream:
        assert stream.read() == DATA[17:]
    remote.write(str(store / "empty"), b"")
    assert (store / "empty").open().read() == storage.open_at(str(store / "empty")).read() == b""


def test_a_place_answers_as_a_folder_does(store: Remote, tmp_path: Path) -> None:
    for name in ("a/one.json", "a/two.txt", "a/b/three.json", "four.json", "aa/five.json"):
        (store / name).write_bytes(name.encode())
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    for pattern in ("*.json", "a/*", "*/*.json", "a/*.json", "a/b/three.json"):
        here = {p.relative_to(tmp_path).as_posix() for p in tmp_path.glob(pattern) if p.is_file()}
        assert {str(p.relative_to(store)) for p in store.glob(pattern)} == here, pattern
    names = {p.name for p in tmp_path.iterdir()}
    assert {p.name for p in store.iterdir()} == names
    assert {p.name for p in store.rglob("*.json")} == {p.name for p in tmp_path.rglob("*.json")}
    place = store / "a" / "one.json"
    assert (place.is_file(), (store / "a").is_file(), (store / "a").is_dir()) == (True, False, True)
    assert storage.local(place).read_text() == place.read_text() == "a/one.json"
    place.write_bytes(b"other")
    assert storage.local(place).read_bytes() == b"other"
    place.unlink()
    assert not place.exists()
    with pytest.raises(FileNotFoundError):
        place.read_bytes()
    with pytest.raises(FileNotFoundError):
        place.unlink()


# Leases


def test_one_driver_at_a_time_but_jobs_of_an_array_together(
    store: Remote, store_address: tuple[str, int], through: Through
) -> None:
    with faulty(store_address, through, 1.0, "skew"), lease.hold(store, shared=False):
        for shared in (False, True):
            with pytest.raises(ConfigError, match="another process"), lease.hold(store, shared):
                pass
        assert runs.is_running(store)
    with (
        lease.hold(store, shared=True),
        lease.hold(store, shared=True),
        pytest.raises(ConfigError),
        lease.hold(store, shared=False),
    ):
        pass
    assert not runs.is_running(store)


def test_the_lease_of_a_dead_driver_ends(store: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    (store / lease.FOLDER / "alone-dead.json").write_bytes(b"{}")
    with pytest.raises(ConfigError, match=r"ends in 1[12][0-9] s"), lease.hold(store, shared=False):
        pass
    monkeypatch.setattr(lease, "LIFETIME_S", -1)
    held = store / lease.FOLDER / "alone-mine.json"
    held.write_bytes(b"{}")
    lease.living(store, held)
    assert not (store / lease.FOLDER / "alone-dead.json").exists()


def test_a_lost_lease_wakes_a_driver_that_waits(
    store: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "RENEW_S", 0.05)
    woken = threading.Event()

    def lose() -> None:
        with lease.hold(store, shared=False):
            for place in (store / lease.FOLDER).glob("*"):
                place.unlink()
            assert woken.wait(5)  # false if the handler had to wait for this to end

    before = signal.signal(signal.SIGTERM, lambda *_: woken.set())
    try:
        with pytest.raises(LeaseError, match="taken"):
            lose()
    finally:
        signal.signal(signal.SIGTERM, before)


# Runs


@pytest.fixture(scope="module")
def here(small: "Small", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed local run of what the runs in the store read."""
    output = tmp_path_factory.mktemp("here") / "run"
    ended, _ = run_here(configured(small.paths, FEW), output)
    assert ended.exit_code == 0, ended.problems
    return output


def test_a_run_in_a_store_has_the_bytes_of_a_local_one(
    small: "Small",
    here: Path,
    store: Remote,
    store_address: tuple[str, int],
    through: Through,
) -> None:
    # Of a dead attempt: a file that nobody names, which the run removes once it is complete.
    (store / "documents" / "left-0123456789ab-00000000.parquet").write_bytes(b"half")
    resolved = configured(small.paths, FEW)
    with faulty(store_address, through, 0.05, seed=7) as faults:
        begun, _ = run_here(resolved, store, task_shard=(0, 3))
        assert begun.exit_code == 4
        assert [m.step for m in manifest.every(store, "extract")] == ["extract"]
        ended, events = run_here(resolved, store)
    assert ended.exit_code == 0, ended.problems
    assert faults.done.total() >= 10
    assert sum(e.kind == "task" and e.step == "extract" for e in events) == 2
    assert made(store) == made(here)
    again, events = run_here(resolved, store)
    assert again.exit_code == 0
    assert not [event for event in events if event.kind == "task"]

    run = runs.Run(store)
    assert [check for check in verify.verify(run) if not check["ok"]] == []
    assert verify.verify(run)[-1]["detail"] == "none"
    assert status.status(run)["state"] == "finished"
    assert "<html" in report.write_report(run).read_text()
    shard = run.shards[0]
    url = run.read(shard.documents, ["url"]).column("url")[0].as_py()
    assert trace.trace(run, url)
    with lease.hold(store, shared=False), pytest.raises(ConfigError, match="another process"):
        run_here(resolved, store)


def test_folders_and_patterns_are_inputs_in_a_store(store: Remote, tmp_path: Path) -> None:
    keys = ("b.warc.gz", "a.warc", "deep/c d%.arc.gz", "robotstxt/r.warc.gz", "notes.md")
    for key in keys:
        remote.write(str(store / key).replace("%", "%25"), key.encode())
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_bytes(key.encode())

    def found(*parts: str) -> list[str]:
        there, here = (
            inputs.expand(["/".join([str(folder), *parts])], None) for folder in (store, tmp_path)
        )
        assert [item.name for item in there] == [item.name for item in here]
        for item in there:  # the address leads to the object
            with storage.open_at(item.uri) as stream:
                assert stream.read().decode().endswith(item.name)
        return [item.name for item in there]

    assert found() == ["a.warc", "b.warc.gz", "deep/c d%.arc.gz"]
    assert found("*.warc*") == ["a.warc", "b.warc.gz"]
    assert found("?.warc") == ["a.warc"]
    assert found("*", "*.arc.gz") == ["c d%.arc.gz"]
    assert inputs.robots_lists([str(store)]) == [f"{store}/robotstxt"]
    assert [i.name for i in inputs.expand([f"{store}/robotstxt"], None)] == ["r.warc.gz"]
    for below, problem in (("none", inputs.NO_WARC), ("*.lz4", inputs.NO_MATCH)):
        with pytest.raises(ConfigError) as caught:
            inputs.expand([f"{store}/{below}"], None)
        assert problem in str(caught.value)


def test_inputs_in_a_store_and_what_a_run_gives_another(
    small: "Small", here: Path, store: Remote, tmp_path: Path
) -> None:
    for path in [p for p in small.root.rglob("*") if p.is_file()]:
        storage.adopt(path, store / "in" / path.relative_to(small.root).as_posix())
    listed = store / "in" / small.paths.relative_to(small.root).as_posix()
    resolved = configured([str(listed)], FEW)
    ended, _ = run_here(resolved, store / "run")
    assert ended.exit_code == 0, ended.problems
    assert made(store / "run") == made(here)
    reused = tmp_path / "reused"
    ended, events = run_here(resolved, reused, reuse=store / "run")
    assert ended.exit_code == 0, ended.problems
    assert not [event for event in events if event.kind == "task"]
    assert made(reused) == made(here)
    assert [check for check in verify.verify(runs.Run(reused)) if not check["ok"]] == []

    run = runs.Run(store / "run")
    table = run.read(run.shards[0].documents, ["url"])
    wanted = requests.request([table.column("url")[0].as_py()], request_id="asked")
    takedown.apply(store / "run", wanted, "2026-11-22T00:00:00Z")
    assert [c for c in takedown.verify(store / "run", wanted) if not c["ok"]] == []
    assert [c for c in verify.verify(runs.Run(store / "run")) if not c["ok"]] == []


def test_a_journal_keeps_the_lines_of_all_who_write_it(store: Remote) -> None:
    place = store / "journal" / "notes.jsonl"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: storage.append_line(place, f"line {n}"), range(12)))
    assert sorted(place.read_text().splitlines()) == sorted(f"line {n}" for n in range(12))


# Copies on this machine, uploads in parts


def test_the_cache_stays_small_and_keeps_what_is_in_use(store: Remote, tmp_path: Path) -> None:
    cache = places.Cache(tmp_path / "cache", max_bytes=2500)
    other = places.Cache(tmp_path / "cache", max_bytes=2500)  # as that of another process
    files = [store / f"{number}.bin" for number in range(places.HELD + 4)]
    for number, place in enumerate(files):
        place.write_bytes(bytes([number]) * 1000)

    def copy(of: places.Cache, number: int) -> Path:
        return of.copy(str(files[number]), files[number].facts())

    used = copy(cache, 0)
    for number in range(1, len(files)):
        assert copy(other, number).read_bytes() == bytes([number]) * 1000
    assert used.read_bytes() == bytes(1000), "in use: it stays, though it is the oldest"
    there = [path for path in cache.folder.iterdir() if path != used]
    assert len(there) <= places.HELD + 1  # room is made before another is let go
    other.release()
    copy(cache, 1)
    assert sum(path.stat().st_size for path in cache.folder.iterdir()) <= 3000
    assert used.exists()


def test_a_large_upload_in_parts_survives_faults(
    store: Remote,
    store_address: tuple[str, int],
    through: Through,
    tmp_path: Path,
) -> None:
    made = tmp_path / "large.bin"
    made.write_bytes(DATA * 4)
    storage.configure(500, None, 8 << 30, 5 << 20)
    try:
        with faulty(store_address, through, 0.3, "500", "503", "reset", "lost", seed=5) as faults:
            for number in range(3):
                remote.write(str(store / f"large-{number}.bin"), made)
        assert faults.done.total() >= 3
        assert faults.seen["POST"] >= 6, "it was begun and completed"
        for number in range(3):
            assert storage.file_digest(store / f"large-{number}.bin") == storage.file_digest(made)
        with faulty(store_address, through, 1.0, "503"), pytest.raises(StoreError):
            remote.write(str(store / "never.bin"), made)
        assert not (store / "never.bin").exists()
    finally:
        storage.configure(remote.REQUESTS_PER_SECOND, None, 8 << 30, remote.PART_BYTES)


def test_a_listing_tells_what_inputs_are_known_by(store: Remote) -> None:
    for name in ("a?b c.parquet", "b.parquet", "c.txt", "deep/d.parquet"):
        remote.write(f"{store}/{quote(name)}", name.encode())
    before = remote.usage["requests"]
    found = inputs.below(str(store), ".parquet")
    assert remote.usage["requests"] - before <= 3
    assert [item.name for item in found] == ["a?b c.parquet", "b.parquet"]
    for item in found:
        assert item.identity == storage.identity(item.uri)
        with storage.open_at(item.uri) as stream:
            assert stream.read().decode() == item.name


def test_a_task_reads_a_small_file_once_and_never_an_old_one(store: Remote) -> None:
    place = store / "small.bin"
    place.write_bytes(DATA[: 300 << 10])
    before = remote.usage["bytes_read"]
    with remote.ends.kept():
        for _ in range(3):
            with place.open() as stream:
                assert stream.read() == DATA[: 300 << 10]
        assert remote.usage["bytes_read"] - before == 300 << 10
        place.write_bytes(b"other")
        assert place.open().read() == b"other"
