"""Runs into a damaged dataset: found before anything is decided by it, named, nothing written."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import dataset
from stages.errors import CurationError, IntegrityError
from tests.data.published import flipped, unsorted
from tests.integration.releases import Snapshots
from tests.integration.runs import digests

Damage = Callable[[Path], object]


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


def in_index(name: str, value: object) -> Damage:
    return lambda folder: edited(
        dataset.index_path(folder), lambda found: found.update({name: value})
    )


def of_release(name: str, value: object) -> Damage:
    return lambda folder: edited(
        dataset.release_path(folder, "TEST-A"), lambda found: found.update({name: value})
    )


def key_file(folder: Path) -> Path:
    (path,) = (folder / "index").rglob("keys-*")
    return path


def signature_files(folder: Path) -> list[Path]:
    return [p for p in (folder / "index").rglob("*.parquet") if not p.name.startswith("keys-")]


def halved(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


def every_signature_flipped(folder: Path) -> None:
    for path in signature_files(folder):
        flipped(path, path.stat().st_size // 3)


CASES: dict[str, tuple[Damage, str]] = {
    "index of a newer version": (in_index("version", 9), r"index.json: is of version 9"),
    "index of another MinHash": (in_index("minhash", "affine64"), r"index.json: holds signatures"),
    "index cut": (lambda d: halved(dataset.index_path(d)), r"index.json: cannot be read"),
    "index lost": (lambda d: dataset.index_path(d).unlink(), r"index.json: is missing.*--reuse"),
    "release lost": (lambda d: dataset.release_path(d, "TEST-A").unlink(), r"TEST-A.json: is miss"),
    "release leads nowhere": (of_release("run", "/nowhere"), r"/nowhere/corpus.*TEST-A.json"),
    "keys lost": (lambda d: key_file(d).unlink(), r"keys-.*is missing or cut.*weir index verify"),
    "keys cut": (lambda d: halved(key_file(d)), r"keys-.*is missing or cut"),
    "keys flipped": (lambda d: flipped(key_file(d), 2000), r"keys-.*is damaged"),
    "footer of keys flipped": (lambda d: flipped(key_file(d), -3), r"keys-.*is damaged"),
    "signatures lost": (lambda d: signature_files(d)[0].unlink(), r"parquet: is missing or cut"),
    "signatures cut": (lambda d: halved(signature_files(d)[0]), r"parquet: is missing or cut"),
    "signatures flipped": (every_signature_flipped, r"_\w+-00000.parquet: is damaged"),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_found(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path, case: str
) -> None:
    folder, run = tmp_path / "dataset", tmp_path / "B"
    shutil.copytree(dataset_of_a, folder)
    damage, said = CASES[case]
    damage(folder)
    before, corpus = digests(folder, "."), digests(snapshots.root / "B", "corpus", "decisions")
    with pytest.raises(CurationError, match=said) as caught:
        snapshots.run("B", run, folder)
    assert caught.value.exit_code == 3
    assert digests(folder, ".") == before
    assert digests(run, "corpus", "decisions") == corpus


def test_unsorted_keys(snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path) -> None:
    """As many bytes as before, so that only looking at the keys tells."""
    folder = tmp_path / "dataset"
    shutil.copytree(dataset_of_a, folder)
    path = key_file(folder)
    unsorted(path)
    entry = {"bytes": path.stat().st_size}
    edited(dataset.index_path(folder), lambda i: i["parts"][0]["keys"][0].update(entry))
    with pytest.raises(IntegrityError, match=r"keys-.*(not sorted|does not say|layout)"):
        snapshots.run("B", tmp_path / "B", folder)


def test_the_same_documents_under_another_name(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path
) -> None:
    """As after copying datasets together: the index says of a snapshot that it is another."""
    folder = tmp_path / "dataset"
    shutil.copytree(dataset_of_a, folder)
    index = dataset.index_path(folder)
    index.write_text(index.read_text().replace('"TEST-A"', '"TEST-Z"'))
    dataset.release_path(folder, "TEST-A").rename(dataset.release_path(folder, "TEST-Z"))
    before = digests(folder, ".")
    with pytest.raises(IntegrityError, match=r"two documents have one doc_id.*A.warc.gz.*TEST-Z"):
        snapshots.run("A", tmp_path / "A", folder)
    assert digests(folder, ".") == before
