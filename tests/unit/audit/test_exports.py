from pathlib import Path

import pytest

from audit import exports
from stages.errors import ConfigError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for data in (b"longer at first", b"short"):
        exports.write("--write", path, data)
        assert path.read_bytes() == data
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no/x.yaml", "folder"])
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"--junit.*name another"):
        exports.write("--junit", tmp_path / name, b"x")


def test_a_file_system_that_refuses() -> None:
    with pytest.raises(ConfigError, match=r"/proc/x.yaml cannot be written"):
        exports.write("--write", Path("/proc/x.yaml"), b"x")
