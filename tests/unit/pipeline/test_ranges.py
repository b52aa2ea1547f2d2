"""Ranges of a WARC file: few, close to what is wanted, and nothing but what was promised."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ranges
from pipeline.ranges import Traffic
from samples import archive
from stages import read, schema, select
from stages.errors import ShardError
from tests.data.archives import MAX_BYTES, response

BODY = b"<p>text</p>"


@given(
    places=st.lists(
        st.tuples(st.integers(0, 3 << 20), st.integers(20, 60_000)), min_size=1, max_size=60
    )
)
def test_every_record_is_in_one_range_and_waste_is_bounded(places: list[tuple[int, int]]) -> None:
    gaps, lengths = np.array(places, np.int64).T
    offsets = np.cumsum(gaps) + np.cumsum(lengths) - lengths
    size = int(offsets[-1] + lengths[-1]) * 2
    found = ranges.coalesced(offsets, lengths, size)
    assert [n for one in found for n in range(one.first, one.last)] == list(range(len(places)))
    assert all(
        one.start == offsets[one.first] and one.end == offsets[one.last - 1] + lengths[one.last - 1]
        for one in found
    )
    assert all(a.end <= b.start for a, b in pairwise(found))
    wanted, asked = int(lengths.sum()), sum(one.end - one.start for one in found)
    if wanted < ranges.WHOLE_FRACTION * size:
        assert asked <= (1 + ranges.MAX_WASTE) * wanted
    assert all(
        one.end - one.start <= ranges.RANGE_BYTES or one.last == one.first + 1 for one in found
    )


def test_much_of_a_file_is_read_as_a_whole() -> None:
    offsets = np.arange(100, dtype=np.int64) * 100_000
    lengths = np.full(100, 20_000, np.int64)
    whole = ranges.coalesced(offsets, lengths)
    assert len(whole) == 2, "10 MB in parts of 8 MB"
    assert len(ranges.coalesced(offsets, lengths, 10**9)) == 75, "25 of 99 gaps are as much"


class Archive:
    """A WARC file, and what an index says of it."""

    def __init__(self, path: Path, *parts: bytes) -> None:
        self.path, self.places = path, list[tuple[int, int]]()
        data = b""
        for part in parts:
            self.places.append((len(data), len(part)))
            data += part
        path.write_bytes(data)

    def read(self, *promised: tuple[int, int, str, bytes]) -> tuple[list[read.Record], Traffic]:
        """Records by (offset, length, URL, body) as an index promises them."""
        rows = [
            {
                "warc": "a",
                "offset": offset,
                "length": length,
                "promise": select.promise(url.encode(), read.payload_digest(body)[5:].encode()),
            }
            for offset, length, url, body in promised
        ]
        table = pa.Table.from_batches([schema.batch(schema.SELECTED, rows)])
        traffic = Traffic()
        return list(ranges.records(str(self.path), table, MAX_BYTES, traffic)), traffic


@pytest.fixture
def members(tmp_path: Path) -> Archive:
    kinds = [response(n, BODY) for n in range(4)]
    return Archive(tmp_path / "a.warc.gz", *(archive.member(one) for one in kinds))


def test_what_is_promised_is_read_as_a_whole_run_reads_it(members: Archive) -> None:
    wanted = [(*members.places[n], f"https://site.example/{n}", BODY) for n in (1, 3)]
    found, traffic = members.read(*wanted)
    whole = list(read.records(lambda at: _at(members.path, at), "a", MAX_BYTES))
    assert found == [whole[1], whole[3]]
    assert traffic.requests == 2, "one for the file's length, one for both records and the gap"
    assert traffic.bytes == sum(size for _, size in members.places[1:])


def _at(path: Path, offset: int):  # type: ignore[no-untyped-def]
    stream = path.open("rb")
    stream.seek(offset)
    return stream


@pytest.mark.parametrize(
    ("shift", "longer", "url", "body"),
    [
        (0, 0, "https://site.example/0", BODY),  # the URL of another record
        (0, 0, "https://site.example/1", b"<p>other</p>"),
        (1, -1, "https://site.example/1", BODY),
        (-1, 1, "https://site.example/1", BODY),
        (0, -1, "https://site.example/1", BODY),
        (0, 1, "https://site.example/1", BODY),
        (0, 1 << 19, "https://site.example/1", BODY),  # past the end of the file
        (1 << 30, 0, "https://site.example/1", BODY),
    ],
)
def test_anything_but_what_is_promised_is_set_aside(
    members: Archive, shift: int, longer: int, url: str, body: bytes
) -> None:
    offset, length = members.places[1]
    (found,), _ = members.read((offset + shift, length + longer, url, body))
    assert found == read.Record(offset + shift, length + longer, problem="read.not_promised")
    assert schema.REASONS["read.not_promised"][0] == schema.QUARANTINE


def test_other_records_bombs_and_damage_are_set_aside_and_the_others_are_read(
    tmp_path: Path,
) -> None:
    good = archive.member(response(0, BODY))
    request = archive.member(archive.record("request", [], b"GET / HTTP/1.1\r\n\r\n"))
    bomb = archive.member(response(2, bytes(MAX_BYTES * 8)))
    damaged = bytearray(archive.member(response(3, BODY)))
    damaged[40] ^= 0xFF
    file = Archive(tmp_path / "a.warc.gz", request, bomb, bytes(damaged), good)
    promised = [(*place, "https://site.example/0", BODY) for place in file.places]
    found, _ = file.read(*promised)
    assert [one.problem for one in found] == [
        "read.not_promised",
        "gate.size",
        "read.not_promised",
        None,
    ]
    assert found[1].body is not None
    assert len(found[1].body) <= MAX_BYTES + 1


def test_a_file_that_is_not_there_is_a_shard_that_cannot_be_read(tmp_path: Path) -> None:
    file = Archive(tmp_path / "a.warc.gz", b"x" * 100)
    file.path.unlink()
    with pytest.raises(ShardError, match="base_uri"):
        file.read((0, 50, "https://site.example/", BODY))
