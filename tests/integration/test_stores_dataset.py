"""Datasets and takedowns in a store: the bytes of local ones, and what was interrupted goes on."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit import index, requests, takedown
from audit.runs import Run
from audit.verify import verify
from pipeline import dataset, lease, manifest, remote, storage
from pipeline.places import Remote
from stages.errors import StoreError
from tests.integration.releases import Snapshots
from tests.integration.runs import configured, run_here
from tests.integration.store_faults import Faults, proxy
from tests.integration.store_server import BUCKET, environment

if TYPE_CHECKING:
    from tests.conftest import Small

FEW = ("limits.max_quarantined_fraction=0.5", "gate.block_list=null", "limit=3")
WHEN = "2026-11-22T00:00:00Z"


@pytest.fixture
def faults(store_address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """A proxy before the store, through which this process asks; short waits."""
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(remote, "ATTEMPTS", 2)
    with proxy(Faults(store_address)) as made:
        for name, value in environment(*made.address).items():
            monkeypatch.setenv(name, value)
        remote.store.cache_clear()
        yield made
    remote.store.cache_clear()


@pytest.fixture
def store(store_address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The store itself."""
    for name, value in environment(*store_address).items():
        monkeypatch.setenv(name, value)
    remote.store.cache_clear()
    yield
    remote.store.cache_clear()


def made(run: Path | Remote) -> dict[tuple[str, str], str]:
    return {(m.step, m.task): m.digest() for m in manifest.every(run)}


def copied(folder: Path, there: Remote) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            storage.adopt(path, there / path.relative_to(folder).as_posix())


@pytest.mark.usefixtures("store")
def test_snapshots_one_after_another_in_a_store(snapshots: Snapshots, tmp_path: Path) -> None:
    here, there = tmp_path / "here", Remote.at(f"s3://{BUCKET}/{tmp_path.name}-index")
    for name in ("A", "B"):
        resolved = configured([snapshots.root / f"{name}.warc.gz"], [f"snapshot=TEST-{name}"])
        for root in (here, there):
            ended, _ = run_here(
                resolved, root / name, dataset=root / "set", reuse=snapshots.root / name
            )
            assert ended.exit_code == 0, ended.problems
        assert made(there / name) == made(here / name)
    assert [p.name for p in dataset.read(there / "set").parts] == [
        p.name for p in dataset.read(here / "set").parts
    ]
    for root in (here, there):
        index.compact(root / "set")
    assert [check for check in index.verify(there / "set") if not check["ok"]] == []
    local, other = (dataset.read(root / "set") for root in (here, there))
    assert [f.sha256 for p in other.parts for f in p.keys] == [
        f.sha256 for p in local.parts for f in p.keys
    ]

    opened = Run(here / "A")
    doc_id = str(opened.read(opened.shards[0].documents, ["doc_id"]).column("doc_id")[0])
    wanted = requests.request(doc_ids=[doc_id], request_id="one")
    for root in (here, there):
        assert takedown.apply(root / "set", wanted, WHEN)["documents"] == 1
        assert [check for check in takedown.verify(root / "set", wanted) if not check["ok"]] == []
    for name in ("A", "B"):
        assert made(there / name) == made(here / name)
    assert [check for check in index.verify(there / "set") if not check["ok"]] == []


def test_an_interrupted_takedown_in_a_store_goes_on(
    small: "Small", faults: Faults, tmp_path: Path
) -> None:
    run, there = tmp_path / "run", Remote.at(f"s3://{BUCKET}/{tmp_path.name}-takedown")
    ended, _ = run_here(configured(small.paths, FEW), run)
    assert ended.exit_code == 0, ended.problems
    copied(run, there)
    shutil.copytree(run, tmp_path / "copy")
    opened = Run(run)
    table = opened.read(opened.shards[0].documents, ["doc_id"])
    wanted = requests.request(doc_ids=table.column("doc_id").to_pylist()[:1], request_id="one")
    takedown.apply(run, wanted, WHEN)

    changes, failures = 3, 0
    while True:
        faults.changes_left = changes
        try:
            takedown.apply(there, wanted, WHEN)
        except StoreError:
            failures += 1
        else:
            break
        finally:
            faults.changes_left = None
            for place in (there / lease.FOLDER).glob("*"):
                place.unlink(missing_ok=True)  # as after two minutes
        changes *= 2
    assert failures >= 2
    assert made(there) == made(run)
    assert [check for check in takedown.verify(there, wanted) if not check["ok"]] == []
    assert [check for check in verify(Run(there)) if not check["ok"]] == []
    assert not list((there / "journal").rglob("plan.json"))
    proof = "takedowns/one/proof.json"
    if (run / proof).exists():
        assert json.loads((there / proof).read_text())["documents"] == 1
