"""Inputs are found and named; what is written is there whole or not at all."""

import errno
import gzip
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import inputs, storage
from pipeline.storage import Input
from stages import schema
from stages.errors import ConfigError, DiskError, ShardError, TransientError

COUNTS = pa.Table.from_pylist(
    [
        {
            "run": "r",
            "step": "extract",
            "shard": "00000",
            "language": "fin_Latn",
            "metric": "documents.read",
            "label": "",
            "count": 7,
        }
    ],
    schema=schema.COUNTS.schema,
)


def visible(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# Writing


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    storage.write_bytes(tmp_path / "a" / "b.json", b"one")
    storage.write_bytes(tmp_path / "a" / "b.json", b"two")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"two"
    assert visible(tmp_path) == ["a/b.json"]


def test_a_parquet_file_is_visible_only_once_committed(tmp_path: Path) -> None:
    path = tmp_path / "statistics" / "counts.parquet"
    file = storage.ParquetFile(path, schema.COUNTS)
    file.write(COUNTS)
    assert not path.exists()
    made = file.commit()
    assert made["rows"] == 1
    assert made["sha256"] == storage.file_digest(path)
    assert made["bytes"] == path.stat().st_size
    assert visible(tmp_path) == ["statistics/counts.parquet"]
    assert storage.read_table(path).equals(COUNTS)


def test_a_discarded_parquet_file_leaves_nothing(tmp_path: Path) -> None:
    file = storage.ParquetFile(tmp_path / "x.parquet", schema.COUNTS)
    file.write(COUNTS)
    file.discard()
    assert visible(tmp_path) == []


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("a.parquet", "b.parquet"):
        file = storage.ParquetFile(tmp_path / name, schema.COUNTS)
        file.write(COUNTS)
        made.append(file.commit())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "table", [t for t in schema.TABLES.values() if not t.is_random], ids=lambda t: t.name
)
def test_all_but_floating_point_numbers_have_a_dictionary(
    table: schema.Table, tmp_path: Path
) -> None:
    def value(kind: pa.DataType) -> object:  # noqa: PLR0911 - one a kind
        if pa.types.is_struct(kind):
            return {
                kind.field(at).name: value(kind.field(at).type) for at in range(kind.num_fields)
            }
        if pa.types.is_map(kind):
            return [(value(kind.key_type), value(kind.item_type))]
        if pa.types.is_fixed_size_list(kind):
            return [value(kind.value_type)] * kind.list_size
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return [value(kind.value_type)]
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return "x"
        if pa.types.is_boolean(kind):
            return True
        if pa.types.is_fixed_size_binary(kind):
            return bytes(kind.byte_width)
        return b"x" if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else 1

    row = {column.name: value(column.type) for column in table.columns}
    path = tmp_path / "x.parquet"
    file = storage.ParquetFile(path, table)
    file.write(pa.Table.from_pylist([row], table.schema))
    file.commit()
    group = pq.ParquetFile(path).metadata.row_group(0)
    for at in range(group.num_columns):
        leaf = group.column(at)
        is_plain = leaf.physical_type in ("FLOAT", "DOUBLE", "BOOLEAN")
        assert leaf.has_dictionary_page != is_plain, leaf.path_in_schema


KILLED_AT_RENAME = """
import os, signal, sys
from pathlib import Path
from pipeline import storage
from stages import schema

def die(event, arguments):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
folder = Path(sys.argv[1])
if sys.argv[2] == "bytes":
    storage.write_bytes(folder / "run.json", b"new")
else:
    file = storage.ParquetFile(folder / "run.json", schema.COUNTS)
    file.write(schema.COUNTS.schema.empty_table())
    file.commit()
"""


@pytest.mark.parametrize("kind", ["bytes", "parquet"])
def test_a_crash_before_the_rename_leaves_the_old_file(tmp_path: Path, kind: str) -> None:
    """The writer is killed when all is written and synced, but not yet renamed."""
    (tmp_path / "run.json").write_bytes(b"old")
    ran = subprocess.run(
        [sys.executable, "-c", KILLED_AT_RENAME, str(tmp_path), kind],
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL
    assert (tmp_path / "run.json").read_bytes() == b"old"
    names = visible(tmp_path)
    assert len(names) == 2, "the half-written file is there, under a name that nobody reads"
    assert all(name == "run.json" or name.startswith(".tmp-") for name in names)


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def write_bytes(path: Path) -> None:
    storage.write_bytes(path, b"new")


def write_parquet(path: Path) -> None:
    file = storage.ParquetFile(path, schema.COUNTS)
    try:
        file.write(COUNTS)
        file.commit()
    except BaseException:
        file.discard()
        raise


@pytest.mark.parametrize("write", [write_bytes, write_parquet])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, ["disk full", "free some space", "resume"]),
        (errno.EDQUOT, ["disk full", "free some space", "resume"]),
        (errno.EROFS, ["not writable", "--output"]),
        (errno.EACCES, ["not writable", "--output"]),
        (errno.EIO, ["the disk fails", "dmesg", "resume"]),
        (errno.ESTALE, ["the disk fails", "resume"]),
    ],
)
def test_a_disk_that_fails_is_named_with_the_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], None],
    number: int,
    words: list[str],
) -> None:
    """The fault comes with fsync, where a full disk is often first heard of."""
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(DiskError) as raised:
        write(path)
    for word in [str(path), *words]:
        assert word in str(raised.value)
    assert raised.value.exit_code == 4
    assert path.read_bytes() == b"old"
    assert visible(tmp_path) == ["run.json"]


def test_a_fault_that_is_not_the_disks_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EMFILE))
    with pytest.raises(OSError, match="Too many open files"):
        write_bytes(tmp_path / "run.json")
    assert visible(tmp_path) == []


# Inputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three archives, an image and a text in nested folders."""
    (tmp_path / "deep").mkdir()
    for name in ("b.warc.gz", "a.warc", "deep/c.arc.gz", "photo.jpg", "notes.md"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def names(found: list[Input]) -> list[str]:
    return [item.name for item in found]


def test_a_file_is_itself(folder: Path) -> None:
    (item,) = inputs.expand([str(folder / "a.warc")], None)
    assert item.name == "a.warc"
    assert item.uri == str(folder / "a.warc")
    with storage.open_at(item.uri) as stream:
        assert stream.read() == b"a.warc"


def test_a_file_uri_is_a_file(folder: Path) -> None:
    (item,) = inputs.expand([f"file://{folder}/a.warc"], None)
    with storage.open_at(item.uri) as stream:
        assert stream.read() == b"a.warc"


def test_a_folder_gives_its_archives_in_order(folder: Path) -> None:
    assert names(inputs.expand([str(folder)], None)) == ["a.warc", "b.warc.gz", "deep/c.arc.gz"]


def test_a_pattern_gives_what_it_matches_in_order(folder: Path) -> None:
    assert names(inputs.expand([f"{folder}/*.warc*"], None)) == ["a.warc", "b.warc.gz"]
    assert names(inputs.expand([f"{folder}/**/*.arc.gz"], None)) == ["c.arc.gz"]


def test_a_relative_path_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for source in ("a.warc", "./a.warc", "*.warc", "deep/../a.warc"):
        assert names(inputs.expand([source], None)) == ["a.warc"], source


def test_inputs_keep_the_order_given(folder: Path) -> None:
    sources = [str(folder / "b.warc.gz"), str(folder / "a.warc")]
    assert names(inputs.expand(sources, None)) == ["b.warc.gz", "a.warc"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("missing.warc.gz", ["no such file", "pattern"]),
        ("*.warc.zst", ["no file matches"]),
        ("missing.paths.gz", ["path list"]),
    ],
)
def test_what_matches_nothing_is_refused(folder: Path, source: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        inputs.expand([str(folder / "a.warc"), str(folder / source)], None)
    for word in [source, *words]:
        assert word in str(raised.value)


def test_a_folder_of_images_is_refused(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ConfigError, match="no WARC or ARC file in this folder") as raised:
        inputs.expand([str(tmp_path)], None)
    assert str(tmp_path) in str(raised.value)
    assert "--input" in str(raised.value)


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    (folder / "deep" / "a.warc").write_bytes(b"another")
    with pytest.raises(ConfigError, match="same file name") as raised:
        inputs.expand([str(folder)], None)
    assert str(folder / "a.warc") in str(raised.value)
    assert str(folder / "deep" / "a.warc") in str(raised.value)


def test_the_same_file_twice_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="same file name"):
        inputs.expand([str(folder / "a.warc")] * 2, None)


LINES = "crawl-data/X/one.warc.gz\n\n  crawl-data/X/two.warc.gz  \r\n"


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """A crawl-data folder with two files and their list."""
    root = tmp_path / "root"
    (root / "crawl-data" / "X").mkdir(parents=True)
    for name in ("one", "two"):
        (root / "crawl-data" / "X" / f"{name}.warc.gz").write_bytes(name.encode())
    for name, data in (("warc.paths.gz", gzip.compress(LINES.encode())), ("l.txt", LINES.encode())):
        (root / "crawl-data" / "X" / name).write_bytes(data)
    return root


@pytest.mark.parametrize("name", ["warc.paths.gz", "l.txt"])
def test_a_path_list_lies_beside_its_crawl_data(crawl: Path, name: str) -> None:
    found = inputs.expand([str(crawl / "crawl-data" / "X" / name)], None)
    assert names(found) == ["crawl-data/X/one.warc.gz", "crawl-data/X/two.warc.gz"]
    assert [Path(item.uri).read_bytes() for item in found] == [b"one", b"two"]


def test_a_relative_path_list_lies_beside_its_crawl_data(
    crawl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(crawl)
    found = inputs.expand(["crawl-data/X/warc.paths.gz"], None)
    assert [Path(item.uri).read_bytes() for item in found] == [b"one", b"two"]


@pytest.mark.parametrize("end", ["", "/"])
def test_a_path_list_lies_under_a_base_uri(crawl: Path, tmp_path: Path, end: str) -> None:
    listed = tmp_path / "mine.paths.gz"
    listed.write_bytes(gzip.compress(LINES.encode()))
    found = inputs.expand([str(listed)], f"{crawl}{end}")
    assert [Path(item.uri).read_bytes() for item in found] == [b"one", b"two"]
    assert names(found) == ["crawl-data/X/one.warc.gz", "crawl-data/X/two.warc.gz"]


def test_a_path_list_elsewhere_lies_in_its_own_folder(folder: Path) -> None:
    (folder / "mine.txt").write_text("a.warc\ndeep/c.arc.gz\n")
    found = inputs.expand([str(folder / "mine.txt")], None)
    assert names(found) == ["a.warc", "deep/c.arc.gz"]
    assert all("missing" not in item.identity for item in found)


def test_absolute_and_remote_lines_stay_as_they_are(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "mine.paths"
    listed.write_text(f"{folder}/a.warc\n")
    (item,) = inputs.expand([str(listed)], "/elsewhere")
    assert Path(item.uri).read_bytes() == b"a.warc"


def test_a_missing_line_is_an_input_that_cannot_be_read(crawl: Path) -> None:
    """One file of 90,000 that is gone does not stop the run: its shard is set aside."""
    (crawl / "crawl-data" / "X" / "one.warc.gz").unlink()
    found = inputs.expand([str(crawl / "crawl-data" / "X" / "warc.paths.gz")], None)
    assert [item.identity == "missing" for item in found] == [True, False]
    with pytest.raises(ShardError, match="no such file"):
        storage.open_at(found[0].uri)


@pytest.mark.parametrize("data", [gzip.compress(LINES.encode(), mtime=0)[:-9], b"\xff\xfe\x00\x81"])
def test_a_damaged_path_list_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "warc.paths.gz").write_bytes(data)
    with pytest.raises(ConfigError, match="not readable as a path list") as raised:
        inputs.expand([str(tmp_path / "warc.paths.gz")], None)
    assert "warc.paths.gz" in str(raised.value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (gzip.compress(LINES.encode(), mtime=0)[:10] + b"\xff" * 40, "not readable as a path list"),
        (b"a.warc.gz\nb\0.warc.gz\n", "bytes of zero"),
        (gzip.compress(b"\n" * (inputs.MAX_LIST_BYTES + 1), 1), "holds more than 256 MiB"),
    ],
)
def test_a_hostile_path_list_is_refused_by_name(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "warc.paths.gz").write_bytes(data)
    with pytest.raises(ConfigError, match=problem) as raised:
        inputs.expand([str(tmp_path / "warc.paths.gz")], None)
    assert "warc.paths.gz" in str(raised.value)


def test_a_name_that_no_file_can_have_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "loop.warc.gz").symlink_to(tmp_path / "loop.warc.gz")
    for path in (tmp_path / ("x" * 5000), tmp_path / "loop.warc.gz"):
        with pytest.raises(ShardError, match="no file of such a name"):
            storage.open_at(str(path))
    (tmp_path / "warc.paths").write_text("loop.warc.gz\n")
    with pytest.raises(ConfigError, match="cannot be"):
        inputs.expand([str(tmp_path / "warc.paths")], None)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.warc.gz")
    (found,) = inputs.expand([str(tmp_path)], None)
    with pytest.raises(ShardError, match="no regular file"):
        storage.open_at(found.uri)


def test_the_robots_list_lies_beside_the_path_list(crawl: Path) -> None:
    listed = str(crawl / "crawl-data" / "X" / "warc.paths.gz")
    assert inputs.robots_lists([listed, str(crawl)]) == []
    beside = crawl / "crawl-data" / "X" / "robotstxt.paths.gz"
    beside.write_bytes(gzip.compress(b"crawl-data/X/robots.warc.gz\n"))
    assert inputs.robots_lists([listed, str(crawl)]) == [str(beside)]


def test_the_snapshot_is_read_from_a_path() -> None:
    path = "https://data.example/crawl-data/CC-MAIN-2024-10/segments/1/warc/x.warc.gz"
    assert inputs.snapshot_of([Input("x", "y", "z"), Input("x", path, "z")]) == "CC-MAIN-2024-10"
    assert inputs.snapshot_of([Input("x", "/data/x.warc.gz", "z")]) == "local"


# What a file's content is known by


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(b"x" * 200_000)
    first = storage.identity(str(path))
    os.utime(path, (1, 1))
    assert storage.identity(str(path)) == first, "a copy with another date is the same file"
    seen = {first}
    for change in (b"y" + b"x" * 199_999, b"x" * 199_999 + b"y", b"x" * 200_001, b""):
        path.write_bytes(change)
        seen.add(storage.identity(str(path)))
    assert len(seen) == 5


def test_open_at_starts_at_the_offset(folder: Path) -> None:
    with storage.open_at(str(folder / "a.warc"), 2) as stream:
        assert stream.read() == b"warc"


@pytest.mark.parametrize(
    ("name", "words"), [("gone.warc", "no such file"), ("deep", "is a folder")]
)
def test_what_cannot_be_opened_is_a_shard_error(folder: Path, name: str, words: str) -> None:
    with pytest.raises(ShardError, match=words) as raised:
        storage.open_at(str(folder / name))
    assert name in str(raised.value)


# HTTP


class _Server(ThreadingHTTPServer):
    """Serves one blob with ranges; forbids what lies at or behind `cut`."""

    blob = os.urandom(1 << 16) * 40
    cut: int | None = None


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        blob, wanted = self.server.blob, self.headers.get("Range")
        first, last = 0, len(blob) - 1
        if wanted:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        if self.path != "/a.warc.gz":
            self._head(404, 0)
        elif body and self.server.cut is not None and last >= self.server.cut:
            self._head(403, 0)
        else:
            self._head(206 if wanted else 200, last - first + 1, (first, last, len(blob)))
            if body:
                self.wfile.write(blob[first : last + 1])

    def _head(self, status: int, length: int, part: tuple[int, int, int] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Last-Modified", "Mon, 12 Jan 2026 00:00:00 GMT")
        self.send_header("ETag", '"fixed"')
        if part is not None and status == 206:
            self.send_header("Content-Range", f"bytes {part[0]}-{part[1]}/{part[2]}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_http_is_read_from_any_offset(server: _Server) -> None:
    uri = f"http://127.0.0.1:{server.server_port}/a.warc.gz"
    (item,) = inputs.expand([uri], None)
    assert (item.name, item.uri) == ("a.warc.gz", uri)
    assert item.identity == f'{len(server.blob)}:"fixed"'
    with storage.open_at(uri) as stream:
        assert stream.read() == server.blob
    with storage.open_at(uri, 1_234_567) as stream:
        assert stream.read(1000) == server.blob[1_234_567 : 1_234_567 + 1000]


def test_http_that_is_not_there_is_a_shard_error(server: _Server) -> None:
    uri = f"http://127.0.0.1:{server.server_port}/gone.warc.gz"
    assert storage.identity(uri) == "missing"
    with pytest.raises(ShardError, match=r"no such file.*"):
        storage.open_at(uri)


def test_http_that_fails_in_the_middle_is_worth_another_try(server: _Server) -> None:
    """Not a bug that ends the run, nor a damaged file: nothing may be recorded as read."""
    server.cut = 2 << 20
    uri = f"http://127.0.0.1:{server.server_port}/a.warc.gz"
    with storage.open_at(uri) as stream, pytest.raises(TransientError) as raised:
        stream.read()
    assert uri in str(raised.value)
