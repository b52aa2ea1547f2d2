"""The block list's file: its forms, what is refused, and that the table is mapped."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from filters import domains
from pipeline import lists, storage
from stages import prepare
from stages.errors import ConfigError

TEXT = b"blocked.example\nhosted.example/casino\n"


def tar(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def listed(path: Path) -> domains.KeyList:
    item = lists.locate(str(path))
    assert item is not None
    table = prepare.block_list(lists.chunks(item))
    return domains.KeyList(table.column("key").to_numpy(), table.column("flags").to_numpy())


def written(folder: Path, form: str) -> Path:
    path = folder / f"list.{form}"
    match form:
        case "txt":
            path.write_bytes(TEXT)
        case "no-newline":
            path.write_bytes(TEXT.rstrip())
        case "txt.gz":
            path.write_bytes(gzip.compress(TEXT))
        case "tar":
            first, second = TEXT.splitlines()
            tar(path, {"domains": first, "urls": second, "README": b"not a domain"}, "w")
        case "tar.gz":
            first, second = TEXT.splitlines()
            members = {"lists/adult/domains": first, "lists/gambling/urls": second, "x/usage": b"?"}
            tar(path, members)
    return path


@pytest.mark.parametrize("form", ["txt", "no-newline", "txt.gz", "tar", "tar.gz"])
def test_every_form_is_the_same_list(tmp_path: Path, form: str) -> None:
    found = listed(written(tmp_path, form))
    assert len(found) == 3
    assert found.flags("blocked.example") == domains.DOMAIN
    assert found.flags("hosted.example/casino") == domains.URL


def test_a_list_is_known_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_bytes(TEXT)
    other.write_bytes(TEXT)
    first, second = lists.locate(str(one)), lists.locate(str(other))
    assert first is not None
    assert second is not None
    assert first.identity == second.identity
    other.write_bytes(TEXT + b"more.example\n")
    changed = lists.locate(str(other))
    assert changed is not None
    assert changed.identity != second.identity
    with pytest.raises(ConfigError, match="was changed"):
        list(lists.chunks(second))


def test_no_list_has_no_rows() -> None:
    assert lists.locate(None) is None
    assert prepare.block_list(()).num_rows == 0


def test_datatrove_s_list_is_there() -> None:
    item = lists.locate("datatrove")
    assert item is not None
    assert Path(item.uri).stat().st_size > 10_000_000
    where, first = next(lists.chunks(item))
    assert where.endswith(("(domains)", "(urls)"))
    assert first.endswith(b"\n")


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_a_file_that_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        lists.locate(name)
    assert raised.value.where == "gate.block_list"
    assert name in str(raised.value)
    assert "gate.block_list=null" in str(raised.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"good.example\nBad Line\n", "list:2: 'Bad Line' is no domain"),
        (b"good.example\n\xff\xfe\n", "list:2: is not UTF-8"),
        (b"127.0.0.1 ads.example\n", "list:1: "),
        (gzip.compress(TEXT, mtime=0)[:-9], "is damaged or no list"),
        (b"\x1f\x8b\x08" + b"\0" * 40, "is damaged or no list"),
        (b"x" * (3 << 20), "has a line of more than 1 MiB"),
    ],
)
def test_a_list_that_is_none_is_refused_with_file_and_line(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        listed(path)
    assert words in str(raised.value)
    assert str(path) in str(raised.value)


def test_lines_are_counted_in_each_member(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "list.tar.gz", {"a/domains": b"x.example\ny.example\n", "b/domains": b"?"}
    )
    with pytest.raises(ConfigError, match=r"list\.tar\.gz\(b/domains\):1: "):
        listed(path)


def test_a_tar_without_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no member named domains or urls"):
        listed(tar(tmp_path / "list.tar", {"README": b"x"}))


def test_a_list_past_the_cap_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_LIST_BYTES", 10)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"a.example\n" * 1000))
    with pytest.raises(ConfigError, match="more than"):
        listed(path)


def test_the_table_is_mapped_and_equal(tmp_path: Path) -> None:
    table = prepare.block_list([("x", TEXT)])
    output = lists.write(tmp_path, "block_list/x.arrow", table)
    assert output.sha256 == storage.file_digest(tmp_path / output.path)
    assert [path.name for path in (tmp_path / "block_list").iterdir()] == ["x.arrow"]
    found = lists.mapped(tmp_path / output.path)
    assert found.equals(table)
    mappings = Path("/proc/self/maps")
    if mappings.exists():
        assert str(tmp_path / output.path) in mappings.read_text()
    again = lists.write(tmp_path, "block_list/y.arrow", prepare.block_list([("y", TEXT)]))
    assert again.sha256 == output.sha256
    empty = lists.write(tmp_path, "block_list/z.arrow", prepare.block_list(()))
    assert lists.mapped(tmp_path / empty.path).num_rows == empty.rows == 0
