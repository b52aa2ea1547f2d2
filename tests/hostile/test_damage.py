"""Archives damaged by seed go through prepare and extract: one reason a record, always."""

import json
from pathlib import Path

import pytest

from samples.archive import member
from tests.hostile import damage
from tests.hostile.makers import CODING, good


@pytest.mark.parametrize("name", ["a.warc.gz", "a.warc"])
def test_damaged_archives_are_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    pages = [good(str(n)) for n in range(12)] + [CODING["brotli-noise"]("noise")]
    archive = tmp_path / name
    archive.write_bytes(b"".join(member(p) if name.endswith(".gz") else p for p in pages))
    words = ["--archive", str(archive), "--count", "2", "--output", str(tmp_path / "out")]
    assert damage.main(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["broken"] == []
    assert answer["archives"] == 2
    assert sum(answer["records"].values()) >= 2
    assert not list((tmp_path / "out").iterdir()), "what did not break is removed"


def test_a_seed_always_does_the_same_damage() -> None:
    data = b"".join(member(good(str(n))) for n in range(5))
    made = [damage.damaged(data, seed) for seed in range(20)]
    assert made == [damage.damaged(data, seed) for seed in range(20)]
    assert sum(one != data for one in made) > 15
    assert all(len(damage.damaged(b"", seed)) < 4 * damage.MAX_PIECE for seed in range(20))
