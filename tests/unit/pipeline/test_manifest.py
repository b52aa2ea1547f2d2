"""Manifests prove what they say: tampering, imbalance and a second, different commit are errors."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import manifest
from pipeline.manifest import Books, Manifest, Output
from stages.errors import IntegrityError

MADE = Manifest(
    step="extract",
    key="a1b2",
    task="00000",
    inputs=("one.warc.gz", "ümlaut.warc.gz"),
    outputs=(
        Output("documents", "documents/00000-a1b2.parquet", 3, 999, "ab" * 32, (("fin_Latn", 0),)),
        Output("records", "records/00000-a1b2.parquet", 5, 100, "cd" * 32),
    ),
    books=Books(5, 3, 1, 1),
    counts=(("fin_Latn", "documents.read", "", 5), ("und", "records.other", "request", 2)),
    timing={"wall_s": 1.5},
)


def test_a_manifest_survives_its_file(tmp_path: Path) -> None:
    manifest.commit(tmp_path, MADE)
    assert manifest.find(tmp_path, "extract", "a1b2") == MADE
    assert list(manifest.every(tmp_path)) == [MADE]
    assert manifest.path_of(tmp_path, "extract", "a1b2").is_file()


def test_the_same_manifest_gives_the_same_text() -> None:
    assert MADE.to_json() == Manifest.from_json(MADE.to_json(), "here").to_json()


def test_a_driver_holds_committed_manifests_without_what_steps_to_come_do_not_need(
    tmp_path: Path,
) -> None:
    """With 90,000 shards their times and their names, not shared, were 2 GB."""
    manifest.commit(tmp_path, MADE)
    manifest.commit(tmp_path, replace(MADE, key="c3d4"))
    found = manifest.committed(tmp_path, "extract", ["a1b2", "none", "c3d4"])
    assert found == {key: replace(MADE, key=key, timing={}) for key in ("a1b2", "c3d4")}
    one, other = (made.output("documents").groups[0] for made in found.values())
    assert one is other


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert manifest.find(tmp_path, "extract", "a1b2") is None
    assert list(manifest.every(tmp_path)) == []


def test_every_manifest_comes_in_order(tmp_path: Path) -> None:
    made = [replace(MADE, step=s, task=t, key=s + t) for s in ("b", "a") for t in ("1", "0")]
    for one in made:
        manifest.commit(tmp_path, one)
    assert list(manifest.every(tmp_path)) == sorted(made, key=lambda m: (m.step, m.task))
    assert [m.task for m in manifest.every(tmp_path, "a")] == ["0", "1"]


def _without(field: str) -> str:
    value = json.loads(MADE.to_json())
    del value[field]
    return json.dumps(value)


def _with(**fields: object) -> str:
    return json.dumps({**json.loads(MADE.to_json()), **fields})


TAMPERED = {
    "cut off": MADE.to_json()[:-20],
    "empty": "",
    "no mapping": "[1]",
    "null": "null",
    "a number": "3",
    "words": '"manifest"',
    "another version": _with(manifest_version=99),
    "no version": _without("manifest_version"),
    "no books": _without("books"),
    "no outputs": _without("outputs"),
    "an unknown field": _with(extra=1),
    "outputs of another kind": _with(outputs=["documents"]),
    "an output without a digest": _with(outputs=[{"table": "t", "path": "p", "groups": []}]),
    "books of another kind": _with(books=[5, 3, 1, 1]),
    "words in the books": _with(books={"rows_in": "x", "kept": 0, "rejected": 0, "quarantined": 0}),
    "words in the counts": _with(counts=[["a", "b", "c", "many"]]),
    "short counts": _with(counts=[["a", "b"]]),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_manifest_is_an_integrity_error(tmp_path: Path, how: str) -> None:
    path = manifest.path_of(tmp_path, "extract", "a1b2")
    path.parent.mkdir(parents=True)
    path.write_text(TAMPERED[how], encoding="utf-8")
    with pytest.raises(IntegrityError, match="a1b2") as raised:
        manifest.find(tmp_path, "extract", "a1b2")
    assert raised.value.exit_code == 3
    with pytest.raises(IntegrityError):
        list(manifest.every(tmp_path))


def test_bytes_that_are_no_text_are_an_integrity_error(tmp_path: Path) -> None:
    path = manifest.path_of(tmp_path, "extract", "a1b2")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\x00" + os.urandom(100))
    with pytest.raises(IntegrityError, match="a1b2"):
        manifest.find(tmp_path, "extract", "a1b2")
    with pytest.raises(IntegrityError, match="a1b2"):
        list(manifest.every(tmp_path))


@pytest.mark.parametrize("books", [Books(5, 3, 1, 0), Books(5, 3, 2, 1), Books(0, 0, 0, 1)])
def test_books_that_do_not_balance_are_not_committed(tmp_path: Path, books: Books) -> None:
    with pytest.raises(IntegrityError, match="books do not balance"):
        manifest.commit(tmp_path, replace(MADE, books=books))
    assert manifest.find(tmp_path, "extract", "a1b2") is None
    assert not list(tmp_path.rglob("*"))


def test_a_second_commit_of_the_same_bytes_changes_nothing(tmp_path: Path) -> None:
    manifest.commit(tmp_path, MADE)
    path = manifest.path_of(tmp_path, "extract", "a1b2")
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    manifest.commit(tmp_path, replace(MADE, timing={"wall_s": 9.0}, task="other name"))
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.parametrize(
    "outputs",
    [
        MADE.outputs[:1],
        (replace(MADE.outputs[0], sha256="ef" * 32), MADE.outputs[1]),
        (replace(MADE.outputs[0], table="signals"), MADE.outputs[1]),
        (),
    ],
)
def test_a_second_commit_of_other_bytes_is_refused(
    tmp_path: Path, outputs: tuple[Output, ...]
) -> None:
    manifest.commit(tmp_path, MADE)
    with pytest.raises(IntegrityError, match="not deterministic"):
        manifest.commit(tmp_path, replace(MADE, outputs=outputs))
    assert manifest.find(tmp_path, "extract", "a1b2") == MADE


def test_half_written_manifests_are_not_seen(tmp_path: Path) -> None:
    folder = manifest.path_of(tmp_path, "extract", "a1b2").parent
    folder.mkdir(parents=True)
    (folder / ".tmp-abc.json").write_text("{")
    assert list(manifest.every(tmp_path)) == []


def test_an_output_is_found_by_its_table() -> None:
    assert MADE.output("records").rows == 5
    with pytest.raises(IntegrityError, match="lists no signals"):
        MADE.output("signals")
