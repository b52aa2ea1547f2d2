"""Damage that `weir run` meets in its own files: exit 3, the file is named, nothing is written."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import cli, manifest, tables
from tests.integration.runs import (
    CLUSTERING,
    arguments,
    committed,
    configured,
    digests,
    result_of,
    run_here,
)

if TYPE_CHECKING:
    from tests.conftest import Small

AFTER = ("judge", "resolve", "decide", "publish", "compact", "index")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.fixture
def extracted(small_run: Path, tmp_path: Path) -> Path:
    """A copy of a run as it is before clustering."""
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    (run / "run.json").unlink()
    for step in (*CLUSTERING, *AFTER):
        for made in manifest.every(run, step):
            for output in made.outputs:
                (run / output.path).unlink(missing_ok=True)
        shutil.rmtree(run / "manifests" / step, ignore_errors=True)
    return run


def largest(run: Path, step: str, table: str) -> Path:
    outputs = [m.output(table) for m in manifest.every(run, step)]
    return run / max(outputs, key=lambda output: output.rows).path


def files(run: Path) -> set[str]:
    return {
        str(path.relative_to(run))
        for path in run.rglob("*")
        if path.is_file() and "journal" not in path.parts and path.name != "run.json"
    }


@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_damaged_signatures(
    small: "Small",
    small_run: Path,
    extracted: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
) -> None:
    path = largest(extracted, "extract", "signatures")
    sound = path.read_bytes()
    damage(path)
    before = files(extracted)
    words = arguments(small.paths, extracted, small.settings, "--workers", "1")
    assert cli.main(words) == 3
    said = capsys.readouterr().err
    assert str(path) in said
    assert "Traceback" not in said
    assert files(extracted) == before, "nothing is written"
    path.write_bytes(sound)
    tables._metadata.cache_clear()
    ended, _ = run_here(configured(small.paths, small.settings), extracted)
    assert ended.exit_code == 0, ended.problems
    assert result_of(extracted) == result_of(small_run)
    assert digests(extracted, "clusters") == digests(small_run, "clusters")


@pytest.mark.parametrize(
    ("step", "table", "then"), [("band", "keys", "pair"), ("lend", "lent", "estimate")]
)
def test_damage_that_comes_between_two_steps(
    small: "Small",
    small_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    step: str,
    table: str,
    then: str,
) -> None:
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    for later in (*CLUSTERING[CLUSTERING.index(then) :], *AFTER):
        shutil.rmtree(run / "manifests" / later, ignore_errors=True)
    path = largest(run, step, table)
    cut(path)
    words = arguments(small.paths, run, small.settings, "--workers", "1")
    assert cli.main(words) == 3
    said = capsys.readouterr().err
    assert str(path) in said
    assert "restore the file, or delete the manifest that names it" in said
    assert not [m for m in committed(run, then) if path.name in m.read_text()]
    for made in manifest.every(run, step):  # what the message says
        if (run / made.output(table).path) == path:
            manifest.path_of(run, step, made.key).unlink()
    ended, _ = run_here(configured(small.paths, small.settings), run)
    assert ended.exit_code == 0, ended.problems
    assert result_of(run) == result_of(small_run)
