"""Parquet files of sites' files: what is read of them, and how bad ones are refused."""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import site_inputs
from pipeline.site_inputs import LATEST, SIDE, Row
from stages.errors import ConfigError

GOOD: dict[str, Any] = {
    "host": ["A.example", "b.example:8080"],
    "fetched_at": ["2026-06-01T00:00:00Z", None],
    "status": [200, None],
    "body": [b"x", None],
}


def written(path: Path, columns: Mapping[str, Any], **options: Any) -> str:
    pq.write_table(pa.table(dict(columns)), path, **options)
    return str(path)


def rows(kind: str, setting: str) -> list[Row | None]:
    found = site_inputs.locate(kind, setting)
    assert found is not None
    return list(site_inputs.rows(kind, found, range(site_inputs.row_groups(found))))


def test_rows_are_urls_with_their_answers(tmp_path: Path) -> None:
    assert rows(LATEST, written(tmp_path / "a.parquet", GOOD, row_group_size=1)) == [
        Row("https://a.example/robots.txt", 200, "2026-06-01T00:00:00Z", b"x"),
        Row("https://b.example:8080/robots.txt", None, None, b""),
    ]
    side = {"host": ["a.example"], "path": ["/.well-known/tdmrep.json"], "body": ["[]"]}
    assert rows(SIDE, written(tmp_path / "b.parquet", side)) == [
        Row("https://a.example/.well-known/tdmrep.json", 200, None, b"[]")
    ]


def test_types_of_other_writers(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 6, 1, 12, 0, 0, 5, tzinfo=dt.UTC)
    columns = {
        "host": pa.array(["a.example"]).dictionary_encode(),
        "fetched_at": pa.array([moment], pa.timestamp("us", "UTC")),
        "status": pa.array([404], pa.uint16()),
        "body": pa.array(["x"], pa.large_string()),
        "more": [1],
    }
    (row,) = rows(LATEST, written(tmp_path / "a.parquet", columns))
    assert row is not None
    assert (row.code, row.body) == (404, b"x")
    assert (row.date or "").startswith("2026-06-01 12:00:00")


@pytest.mark.parametrize(
    "host",
    [None, "", " ", "a.example/x", "user@a.example", "https://a.example", "a b", "a#b", "a?b",
     "x" * 300, "a.example:x", "a\\b", "[::1"],
)  # fmt: skip
def test_what_is_no_host_is_passed_over(tmp_path: Path, host: str | None) -> None:
    columns = {**GOOD, "host": pa.array([host, "[2001:db8::1]:8080"], pa.string())}
    first, second = rows(LATEST, written(tmp_path / "a.parquet", columns))
    assert first is None
    assert second is not None


@pytest.mark.parametrize("path", [None, "", "ai.txt", "//x"])
def test_what_is_no_path_is_passed_over_or_stays_on_its_host(
    tmp_path: Path, path: str | None
) -> None:
    columns = {"host": ["a.example"], "path": pa.array([path], pa.string()), "body": [b""]}
    (row,) = rows(SIDE, written(tmp_path / "a.parquet", columns))
    assert row is None or row.url == "https://a.example//x"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({k: v for k, v in GOOD.items() if k != "body"}, ["has no column body"]),
        ({**GOOD, "status": ["200", "x"]}, ["column status is string, not number"]),
        ({**GOOD, "host": [1, 2]}, ["column host is int64, not text"]),
        ({**GOOD, "body": [[1], [2]]}, ["column body is list", "not bytes"]),
        ({**GOOD, "fetched_at": [1, 2]}, ["column fetched_at is int64, not time"]),
    ],
)
def test_other_columns_are_refused_before_any_work(
    tmp_path: Path, columns: Mapping[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        site_inputs.locate(LATEST, written(tmp_path / "a.parquet", columns))
    for word in ["rights.robots_latest", str(tmp_path / "a.parquet"), *words, "fetched_at (time)"]:
        assert word in str(caught.value)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("not Parquet", encoding="utf-8")
    for name, word in (("text.parquet", "no Parquet file"), ("gone", "cannot be read")):
        with pytest.raises(ConfigError, match=word):
            site_inputs.locate(SIDE, str(tmp_path / name))
    assert site_inputs.locate(SIDE, None) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    written(path, {**GOOD, "body": [b"x" * 9000, b"y" * 9000]}, compression="none")
    found = site_inputs.locate(LATEST, str(path))
    assert found is not None
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 12_000 + data[12_004:])
    with pytest.raises(ConfigError, match=f"{path} is damaged"):
        list(site_inputs.rows(LATEST, found, range(1)))


def test_a_row_group_that_claims_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_inputs, "MAX_ROW_GROUP_BYTES", 100)
    with pytest.raises(ConfigError, match="row groups of under"):
        rows(LATEST, written(tmp_path / "a.parquet", GOOD))


def dictionary_bomb(path: Path) -> None:
    """One value of 2 MB, named by 2,000 rows: a file of some kB, 4 GB once it is decoded."""
    body = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000, pa.int32()), [b"x" * (2 << 20)])
    columns = {"host": ["a.example"] * 2_000, "path": ["/ai.txt"] * 2_000, "body": body}
    pq.write_table(pa.table(columns), path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def page_bomb(path: Path) -> None:
    """A value of 400 MB of zeros in one page."""
    columns = {"host": ["a.example"], "path": ["/ai.txt"], "body": [bytes(400 << 20)]}
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


@pytest.mark.parametrize("make", [dictionary_bomb, page_bomb])
def test_a_bomb_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(site_inputs, "MEMORY_MB", 320)
    path = tmp_path / "bomb.parquet"
    make(path)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ConfigError, match="more than 320 MiB of memory") as caught:
        rows(SIDE, str(path))
    assert str(path) in str(caught.value)


def test_many_columns_and_deep_types_are_read_or_refused(tmp_path: Path) -> None:
    side = {"host": ["a.example"], "path": ["/ai.txt"], "body": [b"x"]}
    wide = written(tmp_path / "wide.parquet", {**side, **{f"c{n}": [n] for n in range(5_000)}})
    assert len(rows(SIDE, wide)) == 1
    deep = pa.int8()
    for _ in range(100):
        deep = pa.list_(deep)
    nested = pa.array([None], deep)
    with pytest.raises(ConfigError, match=r"deep\.parquet"):
        rows(SIDE, written(tmp_path / "deep.parquet", {**side, "body": nested}))


@pytest.mark.parametrize("seed", range(2))
def test_a_footer_that_lies_is_refused_by_name_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(site_inputs, "CPU_LIMIT_S", 2)
    path = tmp_path / "a.parquet"
    written(path, {**GOOD, "body": [b"x" * 900, b"y" * 900]})
    data, draw = path.read_bytes(), random.Random(seed)  # noqa: S311
    size = int.from_bytes(data[-8:-4], "little")
    for _ in range(2):
        hurt = bytearray(data)
        for _ in range(draw.choice([1, 4])):
            hurt[draw.randrange(len(data) - 8 - size, len(data))] = draw.randrange(256)
        path.write_bytes(hurt)
        try:
            found = rows(LATEST, str(path))
        except ConfigError as error:
            assert str(path) in str(error)  # noqa: PT017 - either end is right
        else:
            assert len(found) <= 2
