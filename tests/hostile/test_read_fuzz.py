"""Fuzz of stage read: whatever the bytes, it ends, and raises nothing but ShardError."""

import gzip
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samples.archive import member, record
from stages import read
from stages.errors import ShardError
from tests.data.archives import arc, opener, response

RECORDS = (
    record("warcinfo", [("WARC-Record-ID", "<urn:test:info>")], b"software: test\r\n"),
    response(1, b"<p>one</p>"),
    record("request", [("WARC-Record-ID", "<urn:test:r>")], b"GET / HTTP/1.1\r\n\r\n"),
    response(2, b"<p>two</p>" * 90),
    response(3, b"<p>three</p>", claimed=90),
    response(4, b"<p>four</p>", extra=[("WARC-Truncated", "length")]),
)
ARC = arc(b"<p>one</p>", b"<p>two</p>" * 40, b"")
SEEDS = {
    "members": b"".join(map(member, RECORDS)),
    "whole": gzip.compress(b"".join(RECORDS), mtime=0),
    "plain": b"".join(RECORDS),
    "lz4": b"".join(pa.compress(one, codec="lz4", asbytes=True) for one in RECORDS),
    "zstd": b"".join(pa.compress(one, codec="zstd", asbytes=True) for one in RECORDS),
    "arc": b"".join(ARC),
    "arc.gz": b"".join(map(member, ARC)),
}
WORDS = [
    *(b"\r\n\r\n", b"\n", b"WARC/1.0\r\n", b"WARC/1.1\n", b"\x1f\x8b\x08\x00", b"\0" * 40, b"\xff"),
    *(b"Content-Length: 9999999\r\n", b"Content-Length: -1\r\n", b"WARC-Type: response\r\n"),
    *(
        b"WARC-Type:\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\xed\xa0\x80",
    ),
    *(
        b"filedesc://x 0.0.0.0 20260101000000 text/plain 7\n",
        b"http://x 1.2.3.4 2026 a/b 99\n",
        b":",
    ),
]

fixed = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes after some cuts, copies, flips and insertions."""
    found = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(found)))
        end = min(len(found), at + draw(st.integers(0, 300)))
        kind = draw(st.sampled_from(["flip", "cut", "copy", "insert", "noise", "end"]))
        if kind == "flip" and at < len(found):
            found[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del found[at:end]
        elif kind == "copy":
            found[at:at] = found[at:end]
        elif kind == "insert":
            found[at:at] = draw(st.sampled_from(WORDS))
        elif kind == "noise":
            found[at:end] = draw(st.binary(max_size=30))
        elif kind == "end":
            del found[at:]
    return bytes(found)


def check(data: bytes) -> None:
    """What must hold of any bytes."""
    others: dict[str, int] = {}
    try:
        found = list(read.records(opener(data), "fuzz.warc.gz", 2_000))
    except ShardError:
        return
    assert len(found) <= len(data) + 2
    for row in found:
        assert row.problem in (None, "read.damaged", "read.malformed_http", "gate.size")
        assert len(row.body) <= 2_000
        assert row.kind
    batches = list(read.batches(iter(found), "S", "fuzz.warc.gz", others))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert len(rows) + sum(others.values()) == len(found)
    places = [row["offset"] for row in rows if row["problem"] != "read.damaged"]
    assert len(set(places)) == len(places), "no two documents share an id"
    assert [row["ordinal"] for row in rows] == list(range(len(rows)))
    again = list(read.records(opener(data), "fuzz.warc.gz", 2_000))
    assert again == found


@pytest.mark.parametrize("layout", SEEDS)
def test_mutated_archives_end_in_rows(layout: str) -> None:
    check(SEEDS[layout])

    @fixed
    @given(mutations(SEEDS[layout]))
    def fuzz(data: bytes) -> None:
        check(data)

    fuzz()


@fixed
@given(
    st.lists(st.one_of(st.sampled_from([*WORDS, *RECORDS]), st.binary(max_size=40)), max_size=12)
)
def test_pieces_in_any_order_end_in_rows(pieces: list[bytes]) -> None:
    check(b"".join(pieces))
    check(b"".join(map(member, pieces)))
    check(RECORDS[1] + b"".join(pieces))


def test_a_file_of_false_starts_ends_within_bounded_memory() -> None:
    data = member(RECORDS[1]) + b"\x1f\x8b\x08" * 300_000 + member(RECORDS[3])
    tracemalloc.start()
    found = list(read.records(opener(data), "fuzz", 2_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row.problem for row in found] == [None, "read.damaged", None]
    assert peak < 8 << 20


def test_a_file_of_noise_is_given_up() -> None:
    data = RECORDS[1] + b"WARC/1.0\r\n\r\n" * (read.MAX_DAMAGE + 5_000)
    found = list(read.records(opener(data), "fuzz", 2_000))
    assert len(found) == read.MAX_DAMAGE + 2
