import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import index
from pipeline import dataset, keys, tables
from pipeline.keys import KeyFile
from stages.errors import ConfigError, IntegrityError
from tests.data.published import flipped, releases, unsorted
from tests.unit.pipeline.test_dataset import GONE, state

NAMES = ["index", "digests", "keys", "published"]


def failed(folder: Path) -> dict[str, str]:
    """Details of the checks that are not ok."""
    checks = index.verify(folder)
    assert [check["name"] for check in checks] == NAMES
    return {check["name"]: check["detail"] for check in checks if not check["ok"]}


def taken_down(folder: Path) -> None:
    """As a takedown leaves the first part: rows of published files go, keys stay."""
    found = dataset.read(folder)
    first, *others = found.parts
    dataset.write(replace(found, parts=(replace(first, gone=GONE), *others)))
    for number, source in enumerate(first.sources):
        path = Path(dict(found.runs)[source.release]) / source.documents
        rows = [place & 0xFFFFFFFF for place in GONE if place >> 32 == number]
        table = pq.read_table(path, partitioning=None)
        stays = [row not in rows for row in range(table.num_rows)]
        pq.write_table(table.filter(pa.array(stays)), path)


def all_keys(folder: Path) -> pa.Table:
    found = dataset.read(folder)
    files = [KeyFile(Path(f["path"]), f, found.layout) for f in found.keys(0)]
    return pa.concat_tables(keys.in_order(files, 0, 1 << 64))


def rows_of(table: pa.Table) -> list[tuple[object, ...]]:
    return sorted(tuple(row.values()) for row in table.to_pylist())


def test_no_dataset(tmp_path: Path) -> None:
    for command in (index.info, index.compact, index.verify):
        with pytest.raises(ConfigError, match="no such dataset"):
            command(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_info(tmp_path: Path) -> None:
    found = index.info(releases(tmp_path, "one", "two"))
    assert [part["releases"] for part in found["parts"]] == [["one"], ["two"]]
    total = found["total"]
    assert (total["documents"], total["taken_down"], total["sources"]) == (24, 0, 4)
    assert total["keys"] == 24 * 17  # 14 bands, payload, text, doc_id
    assert total["bytes"] == sum(
        path.stat().st_size for path in (tmp_path / "dataset" / "index").rglob("*.parquet")
    )
    assert index.info(tmp_path)["total"]["documents"] == 0


def test_a_sound_index(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    assert failed(folder) == {}
    index.compact(folder)
    assert failed(folder) == {}


def test_compaction_keeps_every_key(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two", "three")
    before, files = all_keys(folder), state(folder)
    answer = index.compact(folder)
    assert all_keys(folder).equals(before)
    assert [part["releases"] for part in answer["parts"]] == [["one", "three", "two"]]
    assert sorted(answer["removed"]) == sorted(f for f in files if "/keys-" in f)
    after = state(folder)
    again = index.compact(folder)
    assert again["removed"] == []
    assert state(folder) == after
    releases(tmp_path, "four")
    assert len(dataset.read(folder).parts) == 2
    index.compact(folder)
    assert failed(folder) == {}


def test_keys_in_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = releases(tmp_path, "one", "two")
    before = rows_of(all_keys(folder))
    monkeypatch.setattr(index, "FILE_ROWS", 100)
    index.compact(folder)
    (part,) = dataset.read(folder).parts
    assert len(part.keys) == 5  # 408 keys
    assert rows_of(all_keys(folder)) == before
    assert failed(folder) == {}


def test_same_parts_same_bytes(tmp_path: Path) -> None:
    one, other = (releases(tmp_path / name, "one", "two") for name in "xy")
    for folder in (one, other):
        index.compact(folder)
    found = [state(folder) for folder in (one, other)]
    for each in found:
        del each["releases/one.json"], each["releases/two.json"]
    assert found[0] == found[1]


def test_what_was_taken_down_is_left_out(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    total = len(all_keys(folder))
    taken_down(folder)
    assert failed(folder) == {}
    stays = rows_of(all_keys(folder))
    assert len(stays) == total - len(GONE) * 17
    for _ in range(2):  # the second finds nothing to do
        answer = index.compact(folder)
        assert answer["total"]["documents"] == 24 - len(GONE)
        assert answer["total"]["keys"] == len(stays)
        assert rows_of(all_keys(folder)) == stays
        assert failed(folder) == {}
    assert answer["removed"] == []
    releases(tmp_path, "a")  # comes first: places move
    index.compact(folder)
    assert index.info(folder)["total"]["documents"] == 36 - len(GONE)
    assert failed(folder) == {}


def test_a_takedown_after_compaction_is_compacted_too(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    index.compact(folder)
    taken_down(folder)
    before = index.info(folder)["total"]["keys"]
    assert index.compact(folder)["total"]["keys"] == before - len(GONE) * 17
    assert failed(folder) == {}


def test_a_damaged_index_is_a_fault(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    dataset.index_path(folder).write_text("{")
    (check,) = index.verify(folder)
    assert (check["name"], check["ok"]) == ("index", False)
    assert "index.json" in check["detail"]


@pytest.mark.parametrize("kind", ["keys", "signatures"])
def test_every_flipped_bit_is_found(tmp_path: Path, kind: str) -> None:
    folder = releases(tmp_path, "one")
    (part,) = dataset.read(folder).parts
    file = part.keys[0] if kind == "keys" else part.sources[0].signatures
    whole = (folder / file.path).read_bytes()
    for at in range(0, len(whole), len(whole) // 5):
        flipped(folder / file.path, at)
        tables._metadata.cache_clear()
        assert file.path in failed(folder)["digests"]
        (folder / file.path).write_bytes(whole)


def test_unsorted_keys_of_the_right_digest(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    (part,) = dataset.read(folder).parts
    unsorted(folder / part.keys[0].path)
    _take_over(folder, 0)
    assert "not sorted by key" in failed(folder)["keys"]


def _take_over(folder: Path, part: int) -> None:
    """Have index.json name a file of keys as it is."""
    path = dataset.index_path(folder)
    value = json.loads(path.read_text())
    entry = value["parts"][part]["keys"][0]
    data = (folder / entry["path"]).read_bytes()
    entry["bytes"], entry["sha256"] = len(data), hashlib.sha256(data).hexdigest()
    path.write_text(json.dumps(value))


def test_keys_of_other_documents(tmp_path: Path) -> None:
    """As many, sorted, of the right digest and layout: only the signatures tell."""
    folder = releases(tmp_path, "one", "two")
    one, two = dataset.read(folder).parts
    (folder / one.keys[0].path).unlink()
    (folder / one.keys[0].path).write_bytes((folder / two.keys[0].path).read_bytes())
    _take_over(folder, 0)
    assert "are not those of its signatures" in failed(folder)["keys"]


def test_published_files_that_are_others(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one")
    path = tmp_path / "one" / "corpus" / "fin_Latn" / "fin_Latn-00000.parquet"
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.take([1, 0, 2, 3, 4, 5, 6]), path)
    assert failed(folder).keys() == {"published"}
    path.unlink()
    assert "is missing" in failed(folder)["published"]


def test_compaction_refuses_what_is_damaged(tmp_path: Path) -> None:
    folder = releases(tmp_path, "one", "two")
    (path, *_) = sorted((folder / "index").rglob("keys-*"))
    flipped(path, path.stat().st_size // 3)
    before = state(folder)
    with pytest.raises(IntegrityError, match=path.name):
        index.compact(folder)
    assert state(folder) == before
