import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import dataset, storage
from pipeline.dataset import Index
from stages.errors import ConfigError, IntegrityError
from tests.data.published import pages, publish, release, releases

GONE = (0, 3, (1 << 32) + 2)
"""Two Finnish pages and a Maltese one, as places in a part."""


def state(folder: Path) -> dict[str, str]:
    """Digests of all files of a dataset."""
    return {
        str(path.relative_to(folder)): storage.file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edited(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """index.json after a change of what it holds."""
    path = dataset.index_path(folder)
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_no_dataset_is_an_empty_one(tmp_path: Path) -> None:
    assert dataset.read(tmp_path / "none") == Index(tmp_path / "none")
    assert dataset.read(tmp_path / "none").releases == ()
    assert not (tmp_path / "none").exists()


def test_what_is_released_is_read_again(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    index = dataset.read(folder)
    assert index.releases == ("one", "two")
    assert index.layout == "14x8"
    assert index.runs == (("one", str(tmp_path / "one")), ("two", str(tmp_path / "two")))
    assert Index.from_json(folder, json.loads(json.dumps(index.to_json())), index.runs) == index
    sources = index.sources(10)
    assert [s["number"] for s in sources] == [10, 11, 12, 13]
    assert [s["rows"] for s in sources] == [7, 5, 7, 5]
    assert all(Path(s["documents"]).is_file() for s in sources)
    assert all(storage.file_digest(Path(s["signatures"])) == s["sha256"] for s in sources)
    assert [(k["offset"], k["rows"]) for k in index.keys(10)] == [(10, 12 * 17), (12, 12 * 17)]
    told = json.loads(dataset.release_path(folder, "two").read_text(encoding="utf-8"))
    assert [f["path"] for f in told["files"]] == [
        "corpus/fin_Latn/fin_Latn-00000.parquet",
        "corpus/mlt_Latn/mlt_Latn-00000.parquet",
    ]


def test_the_order_of_releases_leaves_no_trace(tmp_path: Path) -> None:
    one = releases(tmp_path / "x", "one", "two")
    other = releases(tmp_path / "y", "two", "one")
    del (a := state(one))["releases/one.json"], a["releases/two.json"]
    assert a.items() <= state(other).items()


def test_releasing_twice_changes_nothing(tmp_path: Path) -> None:
    folder, run = tmp_path / "dataset", tmp_path / "run"
    made = publish(run, {"fin_Latn": pages("f", 4)})
    dataset.release(dataset.read(folder), run, "one", *made)
    before = state(folder)
    dataset.release(dataset.read(folder), run, "one", *made)
    assert state(folder) == before
    assert dataset.has_release(folder, "one", run)
    assert not dataset.has_release(folder, "one", tmp_path / "other")
    assert not dataset.has_release(folder, "two", run)


def test_a_release_of_nothing_is_no_part_of_the_index(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    before = state(folder)
    for _ in range(2):
        release(folder, tmp_path / "empty", "empty", {})
    after = state(folder)
    assert json.loads(dataset.release_path(folder, "empty").read_text())["files"] == []
    del after["releases/empty.json"]
    assert after == before
    release(tmp_path / "first", tmp_path / "empty", "empty", {})
    assert dataset.read(tmp_path / "first").layout == ""


def test_a_name_of_another_run(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    before = state(folder)
    seen = dataset.read(folder)
    with pytest.raises(ConfigError, match=r"one.json.*another run.*snapshot=NAME"):
        dataset.check(seen, tmp_path / "other", "one", "14x8")
    made = publish(tmp_path / "other", {"fin_Latn": pages("f", 4)})
    with pytest.raises(ConfigError, match=r"one.json.*another run.*snapshot=NAME"):
        dataset.release(seen, tmp_path / "other", "one", *made)
    assert state(folder) == before
    dataset.check(seen, tmp_path / "one", "one", "14x8")


def test_what_was_released_in_between(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    seen = dataset.read(folder)
    releases(tmp_path, "two")
    before = state(folder)
    run = tmp_path / "late"
    made = publish(run, {"fin_Latn": pages("f", 4)})
    with pytest.raises(ConfigError, match=rf"two was released.*weir run {run}"):
        dataset.release(seen, run, "late", *made)
    assert state(folder) == before
    dataset.release(dataset.read(folder), run, "late", *made)


def test_what_was_taken_down_in_between(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    seen = dataset.read(folder)
    first, second = seen.parts
    dataset.write(replace(seen, parts=(first, replace(second, gone=GONE))))
    made = publish(tmp_path / "late", {"fin_Latn": pages("f", 4)})
    with pytest.raises(ConfigError, match=r"two was released, or had documents taken down"):
        dataset.release(seen, tmp_path / "late", "late", *made)


def test_another_layout(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    with pytest.raises(ConfigError, match=r"16x7.*--set cluster.bands=14 --set cluster.rows=8"):
        dataset.check(dataset.read(folder), tmp_path / "run", "two", "16x7")
    dataset.check(dataset.read(tmp_path / "new"), tmp_path / "run", "two", "16x7")


def test_a_run_that_moved_away(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    (tmp_path / "one").rename(tmp_path / "elsewhere")
    index = dataset.read(folder)  # what a reader of the index needs is there
    with pytest.raises(IntegrityError, match=r"fin_Latn-00000.*one published it.*one.json"):
        dataset.check(index, tmp_path / "run", "two", "14x8")


def test_the_index_without_a_release(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    index = dataset.read(folder)
    assert index.without("two").releases == ("one",)
    assert index.without("three") == index
    merged = replace(
        index.parts[0], name="merged", sources=index.parts[0].sources + index.parts[1].sources
    )
    with pytest.raises(IntegrityError, match="two was compacted with other snapshots"):
        replace(index, parts=(merged,)).without("two")


def test_a_lost_index_is_no_empty_one(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    dataset.index_path(folder).unlink()
    with pytest.raises(IntegrityError, match=r"index.json.*is missing.*--reuse RUN"):
        dataset.read(folder)


def test_a_lost_release(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    dataset.release_path(folder, "one").unlink()
    with pytest.raises(IntegrityError, match=r"releases/one.json: is missing"):
        dataset.read(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 9}', '{"version": 1}', "\x00"])
def test_a_damaged_release(tmp_path: Path, text: str) -> None:
    folder = releases(tmp_path, "one")
    dataset.release_path(folder, "one").write_text(text)
    with pytest.raises(IntegrityError, match=r"releases/one.json.*restore it"):
        dataset.read(folder)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"version": 1', b"[" * 200_000, b"\x00" * 100],
    ids=repr,
)
def test_an_index_that_is_none(tmp_path: Path, data: bytes) -> None:
    folder = releases(tmp_path, "one")
    dataset.index_path(folder).write_bytes(data)
    with pytest.raises(IntegrityError, match=r"index/index.json"):
        dataset.read(folder)


def test_no_cut_index_is_taken_for_one(tmp_path: Path) -> None:
    path = dataset.index_path(releases(tmp_path, "one"))
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 11):
        path.write_bytes(whole[:length])
        with pytest.raises(IntegrityError, match=r"index/index.json"):
            dataset.read(tmp_path / "dataset")


def _set(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda index: index.update({name: value})


def _part(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda index: index["parts"][0].update({name: value})


def _source(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda index: index["parts"][0]["sources"][0].update({name: value})


def _key_file(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda index: index["parts"][0]["keys"][0].update({name: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("version", 2), "is of version 2, this program reads 1"),
        (_set("version", None), "is of version None"),
        (_set("minhash", "affine32/2/112/1"), "holds signatures 'affine32/2/112/1'"),
        (_set("layout", "14 by 8"), "no layout"),
        (_set("layout", 14), "is damaged"),
        (_set("parts", None), "is damaged"),
        (_set("parts", [1]), "is damaged"),
        (lambda index: index.pop("parts"), "is damaged"),
        (lambda index: index["parts"].append(index["parts"][0]), "two parts of one name"),
        (_part("name", "../x"), "is damaged"),
        (_part("keys", "x"), "is damaged"),
        (_part("gone", [-1]), "is no count"),
        (_part("gone", [2 << 32]), "no source as gone"),
        (_part("gone", ["1"]), "is no count"),
        (_source("release", "../../other"), "is no name"),
        (_source("documents", "../secret"), "leads out of its folder"),
        (_source("documents", "/etc/passwd"), "leads out of its folder"),
        (_source("signatures", None), "is damaged"),
        (_key_file("path", "../../keys.parquet"), "leads out of its folder"),
        (_key_file("path", "/keys.parquet"), "leads out of its folder"),
        (_key_file("path", "index/none.parquet"), "index/none.parquet: is missing or cut"),
        (_key_file("bytes", 1), "is missing or cut"),
        (_key_file("rows", -1), "is no count"),
        (_key_file("rows", True), "is no count"),
    ],
)
def test_what_an_index_may_not_say(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    folder = releases(tmp_path, "one", "two")
    edited(folder, change)
    before = state(folder)
    with pytest.raises(IntegrityError, match=said) as caught:
        dataset.read(folder)
    assert caught.value.exit_code == 3
    assert str(folder / "index") in caught.value.what
    assert state(folder) == before


def test_files_that_are_missing_or_cut(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    for file in list(dataset.files(dataset.read(folder))):
        path = folder / file.path
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(IntegrityError, match=rf"{path.name}: is missing or cut"):
            dataset.read(folder)
        path.write_bytes(whole[:-1])
        with pytest.raises(IntegrityError, match=rf"{path.name}: is missing or cut"):
            dataset.read(folder)
        path.write_bytes(whole)
    dataset.read(folder)


def test_sweeping_leaves_what_is_named(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    before = state(folder)
    strays = ["index/one-old/keys.parquet", "index/.tmp-x", "releases/.tmp-y"]
    for stray in strays:
        (folder / stray).parent.mkdir(exist_ok=True)
        (folder / stray).write_bytes(b"x")
    assert sorted(dataset.sweep(dataset.read(folder))) == sorted(strays)
    assert state(folder) == before
    assert not (folder / "index" / "one-old").exists()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    made = publish(tmp_path / "run", {"fin_Latn": pages("f", 4)})
    before = state(folder)
    with dataset.lock(folder), pytest.raises(ConfigError, match="another process"):
        dataset.release(dataset.read(folder), tmp_path / "run", "two", *made)
    assert state(folder) == before
    dataset.release(dataset.read(folder), tmp_path / "run", "two", *made)
