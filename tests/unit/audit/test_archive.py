"""Original bytes of a record, from a local archive."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import archive
from audit.runs import Run
from stages.errors import ConfigError, ShardError

RECORD = (
    b"WARC/1.0\r\nWARC-Type: response\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<p>ann@a.example\x1b[31m</p>"
)
Reader = Callable[..., Run]


@pytest.fixture
def reading(folder: Path, tmp_path: Path, rewrite_book: Callable[..., None]) -> Reader:
    def make(data: bytes) -> Run:
        path = tmp_path / "00000.warc.gz"
        path.write_bytes(data)
        rewrite_book(folder, inputs=[{"name": "00000.warc.gz", "uri": str(path), "identity": "1"}])
        return Run(folder)

    return make


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_the_record_is_shown_as_text(reading: Reader, pack: Callable[[bytes], bytes]) -> None:
    stored = pack(RECORD)
    run = reading(b"before" + stored + b"after")
    found = archive.original(run, "00000.warc.gz", 6, len(stored))
    assert found["text"].startswith("WARC/1.0\nWARC-Type: response\n")
    assert found["text"].endswith("<p>ann@a.example␛[31m</p>")
    assert found["is_cut"] is False


def test_a_bomb_is_cut(reading: Reader) -> None:
    stored = gzip.compress(RECORD + b"a" * (64 << 20))
    found = archive.original(reading(stored), "00000.warc.gz", 0, len(stored))
    assert found["is_cut"]
    assert found["bytes"] == archive.MAX_SHOWN
    assert len(found["text"]) <= archive.MAX_SHOWN


@pytest.mark.parametrize(
    "data", [b"", b"nothing of the kind", gzip.compress(RECORD, mtime=0)[:5], b"\x1f\x8b"]
)
def test_something_else_is_not_shown(reading: Reader, data: bytes) -> None:
    with pytest.raises(ConfigError, match="holds no record that can be shown"):
        archive.original(reading(data), "00000.warc.gz", 0, 100)


def test_files_that_are_no_inputs_are_not_read(reading: Reader, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(RECORD)
    with pytest.raises(ConfigError, match="is no input of this run"):
        archive.original(reading(RECORD), str(tmp_path / "secret"), 0, 10)


def test_a_missing_archive_is_named(reading: Reader, tmp_path: Path) -> None:
    run = reading(RECORD)
    (tmp_path / "00000.warc.gz").unlink()
    with pytest.raises(ShardError, match="no such file"):
        archive.original(run, "00000.warc.gz", 0, 10)
