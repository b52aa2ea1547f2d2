"""Records that kill their worker, where the run and its journals lie in a store."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import manifest, remote, storage
from pipeline.places import Remote
from samples.archive import member
from tests.data.archives import HTML, response
from tests.hostile.makers import PARAGRAPH, good
from tests.integration.runs import ROOT, arguments
from tests.integration.store_server import BUCKET, environment

TEXT = f"<html><body><article><h1>Mill</h1>{PARAGRAPH} POISONED-TEXT {PARAGRAPH}</article></body>"
REASONS = [None, "extract.crash", None, "extract.crash"]


def ended(folder: Path, *words: str) -> int:
    """The exit code of a run whose libraries die of certain bytes."""
    path = [str(ROOT / "tests" / "hostile" / "poisoned"), str(ROOT)]
    more = {"PYTHONPATH": os.pathsep.join(path), "WEIR_DEATHS": str(folder / "deaths")}
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=ROOT,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "set aside, run again" not in ran.stderr, ran.stderr
    return ran.returncode


def test_a_record_that_kills_is_set_aside_alone_and_replays_agree(
    store_address: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(*store_address).items():
        monkeypatch.setenv(name, value)
    remote.store.cache_clear()
    run = Remote.at(f"s3://{BUCKET}/{tmp_path.name}-deaths")
    archive = tmp_path / "poisoned.warc.gz"
    records = [good("0"), response("head", PARAGRAPH.encode(), (*HTML, ("X", "POISONED-HEAD")))]
    records += [good("1"), response("text", TEXT.encode())]
    archive.write_bytes(b"".join(member(record) for record in records))
    settings = ("gate.block_list=null", "limits.max_quarantined_fraction=0.9")
    words = arguments(archive, Path("OUTPUT"), settings, "--workers", "2")
    words = [str(run) if word == "OUTPUT" else word for word in words]
    assert ended(tmp_path, *words) == 0
    (before,) = manifest.every(run, "extract")
    table = pq.read_table(storage.opened(run / before.output("records").path))
    assert table.column("reason").to_pylist() == REASONS
    deaths = (tmp_path / "deaths").read_text()
    (journal,) = (run / "journal").glob("extract-*.jsonl")
    found = [json.loads(line)["reason"] for line in journal.read_text().splitlines()]
    assert found == ["extract.crash"] * 2
    assert not list((run / "journal" / "marks").rglob("*")), "nothing is in hand any more"

    manifest.path_of(run, "extract", before.key).unlink()
    assert ended(tmp_path, "run", str(run), "--progress", "none") == 0
    (after,) = manifest.every(run, "extract")
    assert after.digest() == before.digest()
    assert (tmp_path / "deaths").read_text() == deaths, "a replay dies of nothing"
    remote.store.cache_clear()
