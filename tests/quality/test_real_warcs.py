"""Real archives of 19 projects: one row for each response, and two readers that agree.

The archives are not part of this repository (`../shared/data/warc`); the twin on our own snapshot
is in tests/e2e.
"""

import functools
from collections import Counter
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from pipeline import storage
from stages import read
from tests.integration.runs import configured, rows, run_here

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "warc"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no real archives at {FOLDER}")

SUFFIXES = (".warc", ".warc.gz", ".arc", ".arc.gz", ".warc.lz4")
ARCHIVES = sorted(p for p in FOLDER.glob("*") if p.name.endswith(SUFFIXES))
MAX_BYTES = 64 << 20


def _ours(path: Path) -> list[read.Record]:
    opened = functools.partial(storage.open_at, str(path))
    return [r for r in read.records(opened, path.name, MAX_BYTES) if r.kind == "response"]


def _by_warcio(path: Path) -> list[str]:
    """Payload digests of all responses as warcio frames the records."""
    found = []
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, no_record_parse=True, arc2warc=True):
            if record.rec_type != "response":
                continue
            row = read.Record(0, 0, body=record.raw_stream.read())
            read.split_http(row)
            found.append(read.payload_digest(row.body))
    return found


def test_there_are_archives() -> None:
    assert len(ARCHIVES) > 40


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.name)
def test_both_readers_agree(path: Path) -> None:
    """Payload digests, in the order of the file, wherever both can read."""
    ours = [read.payload_digest(r.body) for r in _ours(path) if r.problem != "read.damaged"]
    try:
        theirs = _by_warcio(path)
    except (ArchiveLoadFailed, OSError):
        assert path.name.endswith(".lz4"), "warcio reads all of these but LZ4"
        twin = path.with_suffix(".gz")
        theirs = _by_warcio(twin)
    assert ours == theirs


def test_every_response_has_one_row_and_the_books_balance(tmp_path: Path) -> None:
    """All archives in one run; where two differ in compression alone, both count."""
    wanted = Counter({path.name: len(_ours(path)) for path in ARCHIVES})
    settings = ("extract.extractor=resiliparse", "limits.max_quarantined_fraction=1", "robots=[]")
    ended, _ = run_here(configured(ARCHIVES, settings), tmp_path / "run", workers=2)
    assert ended.exit_code == 0, ended.problems
    found = Counter(str(row["warc"]) for row in rows(tmp_path / "run", "records", "warc"))
    assert found == +wanted
    assert sum(found.values()) > 1000
