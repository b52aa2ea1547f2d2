"""A run in an object store by the workers of a Ray cluster that knows nothing of the store."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import manifest, remote, storage
from tests.chaos import cluster
from tests.integration.runs import ROOT, arguments, configured, run_here, until
from tests.integration.store_server import BUCKET, environment

if TYPE_CHECKING:
    from tests.conftest import Small

FEW = ("limits.max_quarantined_fraction=0.5", "gate.block_list=null", "limit=5")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A head and two nodes of one CPU, in whose environment no store is named."""
    bare = {name: v for name, v in os.environ.items() if not name.startswith(remote.ACCESS)}
    command = [sys.executable, "-m", "tests.chaos.cluster", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env=bare, stdin=subprocess.PIPE) as process:
        try:
            until((tmp_path / "cluster.json").exists, "for the cluster")
            yield str(cluster.joined(tmp_path)["address"])
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def test_workers_of_a_cluster_reach_the_store_as_the_driver_does(
    small: "Small",
    address: str,
    store_address: tuple[str, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    uri = f"s3://{BUCKET}/{tmp_path.name}-ray"
    more = ("--executor", "ray", "--address", address, "--json")
    words = arguments(small.paths, Path("OUTPUT"), FEW, *more)
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *(uri if w == "OUTPUT" else w for w in words)],
        cwd=ROOT,
        env={**os.environ, **environment(*store_address)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert json.loads(ran.stdout)["ok"]

    here, _ = run_here(configured(small.paths, FEW), tmp_path / "here")
    assert here.exit_code == 0
    for name, value in environment(*store_address).items():
        monkeypatch.setenv(name, value)
    remote.store.cache_clear()
    there, local = (
        {(m.step, m.task): m.digest() for m in manifest.every(run)}
        for run in (storage.place(uri), tmp_path / "here")
    )
    assert there == local
    remote.store.cache_clear()
