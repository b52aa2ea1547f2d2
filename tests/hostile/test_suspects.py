"""Records that kill the process that works on them cost themselves, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.suspects import DEATHS, Mark
from samples.archive import member
from tests.data.archives import HTML, response
from tests.hostile.makers import PARAGRAPH, good

ROOT = Path(__file__).parents[2]
TEXT = f"<html><body><article><h1>Mill</h1>{PARAGRAPH} POISONED-TEXT {PARAGRAPH}</article></body>"


def _run(folder: Path, *more: str, poisoned: bool) -> subprocess.CompletedProcess[str]:
    path = [str(ROOT / "tests" / "hostile" / "poisoned")] if poisoned else []
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "run", *more, "--progress", "none"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*path, str(ROOT)]),
            "WEIR_DEATHS": str(folder / "deaths"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WARC file with good pages around one that kills its reader and one that kills a stage."""
    path = tmp_path_factory.mktemp("suspects") / "poisoned.warc.gz"
    records = [good(f"{n}") for n in range(4)]
    records.insert(1, response("head", PARAGRAPH.encode(), (*HTML, ("X", "POISONED-HEAD"))))
    records.insert(4, response("text", TEXT.encode()))
    path.write_bytes(b"".join(member(record) for record in records))
    unlucky = response("unlucky", TEXT.replace("POISONED", "UNLUCKY").encode())
    path.with_name("unlucky.warc.gz").write_bytes(member(good("other")) + member(unlucky))
    return path


def test_a_record_that_kills_its_worker_is_set_aside_alone(archive: Path) -> None:
    folder = archive.parent
    asked = ["sample", "--input", str(archive), "--workers", "2"]
    asked += ["--input", str(archive.with_name("unlucky.warc.gz"))]
    out = folder / "run"
    made = _run(folder, *asked, "--output", str(out), poisoned=True)
    assert made.returncode in (0, 3), made.stderr  # 3: more quarantined than the limit
    assert "set aside, run again" not in made.stderr
    files = {pq.read_table(f).column("warc")[0].as_py(): f for f in (out / "records").iterdir()}
    unlucky = pq.read_table(files["unlucky.warc.gz"])
    assert unlucky.column("reason").to_pylist() == [None, None], "two deaths are no proof"
    file = files["poisoned.warc.gz"]
    rows = pq.read_table(file).to_pylist()
    assert [row["reason"] for row in rows] == [
        None, "extract.crash", None, None, "extract.crash", None
    ]  # fmt: skip
    deaths = [line.split()[0] for line in (folder / "deaths").read_text().splitlines()]
    assert deaths.count("read") >= DEATHS
    assert deaths.count("identify") >= DEATHS
    assert not list((out / "journal" / "marks").iterdir()), "nothing is in hand any more"

    # A replay by the same journal gives the same bytes, and nothing dies for it.
    (journal,) = (out / "journal").glob("extract-*.jsonl")
    found = [json.loads(line)["reason"] for line in journal.read_text().splitlines()]
    assert found == ["extract.crash"] * 2
    before = file.read_bytes()
    for manifest in (out / "manifests" / "extract").iterdir():
        manifest.unlink()
    again = _run(folder, str(out), poisoned=True)
    assert again.returncode == made.returncode, again.stderr
    assert file.read_bytes() == before
    assert len((folder / "deaths").read_text().splitlines()) == len(deaths)


def test_a_mark_outlives_who_made_it(tmp_path: Path) -> None:
    Mark(tmp_path / "mark").set(7, 1 << 40)
    found = Mark(tmp_path / "mark")
    assert (found.batch, found.offset) == (7, 1 << 40)
    found.count_death()
    assert (found.deaths, found.batch) == (1, 0)
    found.set(7, 5)
    found.count_death()
    assert found.deaths == 2
    found.set(8, 5)
    found.count_death()
    assert found.deaths == 1
