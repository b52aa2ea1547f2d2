"""Stage read: every layout, damage between good records, exact places, bounded memory."""

import base64
import gzip
import hashlib
import re
import tracemalloc
import zlib
from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest

from samples.archive import member, record
from stages import read
from stages.base import MAX_BATCH_ROWS
from stages.errors import ShardError
from tests.data.archives import MAX_BYTES, arc, opener, records, response

A, B, C = response(1, b"<p>one</p>"), response(2, b"<p>two</p>" * 60), response(3, b"<p>three</p>")
INFO = record("warcinfo", [("WARC-Record-ID", "<urn:test:info>")], b"software: test\r\n")
GOOD = ["https://site.example/1", "https://site.example/2", "https://site.example/3"]
NOISE = hashlib.shake_128(b"noise").digest(700).lstrip(b"\0")


def packed(codec: str, *parts: bytes) -> bytes:
    """Each part as a frame of its own."""
    return b"".join(pa.compress(part, codec=codec, asbytes=True) for part in parts)


LAYOUTS = {
    "members": b"".join(map(member, (INFO, A, B, C))),
    "whole": gzip.compress(INFO + A + B + C, mtime=0),
    "plain": INFO + A + B + C,
    "lz4": packed("lz4", INFO, A, B, C),
    "zstd": packed("zstd", INFO, A, B, C),
}


def seen(found: Sequence[read.Record]) -> list[str]:
    """URL of each good response, and the problem of each other."""
    return [r.problem or r.url for r in found if r.kind == "response"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_the_same_records(name: str) -> None:
    data = LAYOUTS[name]
    assert read.layout(data) == name
    found = records(data)
    assert seen(found) == GOOD
    assert [r.kind for r in found] == ["warcinfo", *["response"] * 3]
    assert [r.body for r in found[1:]] == [b"<p>one</p>", b"<p>two</p>" * 60, b"<p>three</p>"]
    assert [r.record_id for r in found[1:]] == [f"<urn:test:{n}>" for n in (1, 2, 3)]
    assert {(r.status, r.date) for r in found[1:]} == {(200, "2026-01-12T00:00:00Z")}
    assert len({r.offset for r in found}) == 4


def test_versions_and_line_ends_of_heads_may_differ() -> None:
    newer = A.replace(b"WARC/1.0", b"WARC/1.1")
    head, _, block = B.partition(b"\r\n\r\n")
    bare = head.replace(b"\r\n", b"\n") + b"\n\n" + block
    assert seen(records(newer + bare + C)) == GOOD
    assert seen(records(member(newer) + member(bare) + member(C))) == GOOD


def test_a_member_s_place_is_exact() -> None:
    data = LAYOUTS["members"]
    for found, original in zip(records(data), (INFO, A, B, C), strict=True):
        assert gzip.decompress(data[found.offset : found.offset + found.length]) == original


def test_a_plain_record_s_place_is_exact() -> None:
    data = LAYOUTS["plain"]
    for found, original in zip(records(data), (INFO, A, B, C), strict=True):
        assert data[found.offset : found.offset + found.length] == original


def test_places_in_a_compressed_stream_are_of_its_plain_bytes() -> None:
    for found, original in zip(records(LAYOUTS["whole"]), (INFO, A, B, C), strict=True):
        assert LAYOUTS["plain"][found.offset : found.offset + found.length] == original


def test_an_arc_record_s_place_is_exact() -> None:
    parts = arc(b"<p>one</p>", b"<p>two</p>" * 60)
    for data in (b"".join(parts), b"".join(map(member, parts))):
        found = records(data)
        assert [r.url for r in found] == ["https://site.example/0", "https://site.example/1"]
        assert [r.body for r in found] == [b"<p>one</p>", b"<p>two</p>" * 60]
        assert {(r.status, r.record_id) for r in found} == {(200, None)}
        assert {r.date for r in found} == {"2026-01-12T00:00:00Z"}
        for one, part in zip(found, parts[1:], strict=True):
            stored = data[one.offset : one.offset + one.length]
            plain = gzip.decompress(stored) if stored[:2] == b"\x1f\x8b" else stored
            assert plain.strip() == part.strip()


def flipped(data: bytes) -> bytes:
    """The member with a byte in its middle turned around."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("between", "why"),
    [
        (flipped(member(B)), "a flipped byte"),
        (member(B)[:-30], "a member without its end"),
        (NOISE, "noise"),
        (b"\x1f\x8b\x08\x00junk" * 40, "noise like the start of a member"),
        (member(b"not a WARC record"), "a member of something else"),
        (member(response(2, b"short", claimed=4000)), "a length past the end"),
        (member(response(2, b"<p>long</p>" * 30, claimed=120)), "a length before the end"),
        (member(B.replace(b"Content-Length: ", b"Content-Length: x")), "no number as length"),
        (member(B.replace(b"Content-Length", b"Content-Lexgth")), "no length"),
    ],
)
def test_a_damaged_member_costs_one_record(between: bytes, why: str) -> None:
    first = member(A)
    found = records(first + between + member(C))
    assert seen(found) == [GOOD[0], "read.damaged", GOOD[2]], why
    assert (found[1].offset, found[1].length) == (len(first), len(between))


@pytest.mark.parametrize(
    ("between", "why"),
    [
        (B.replace(b"WARC/1.0", b"WXRC/1.0"), "no head"),
        (b"noise without line ends " * 9, "noise"),
        (response(2, b"short", claimed=150), "a length past the end, within the next record"),
        (response(2, b"short", claimed=10**9), "a length past the end of the file"),
        (response(2, b"<p>long</p>" * 30, claimed=120), "a length before the end"),
        (B.replace(b"Content-Length: ", b"Content-Length: x"), "no number as length"),
        (B.replace(b"Content-Length", b"Content-Lexgth"), "no length"),
    ],
)
def test_damage_in_a_plain_file_costs_what_it_covers(between: bytes, why: str) -> None:
    found = records(A + between + C)
    problems = seen(found)
    assert (problems[0], problems[-1]) == (GOOD[0], GOOD[2]), why
    assert set(problems[1:-1]) == {"read.damaged"}
    assert (found[1].offset, found[-1].offset) == (len(A), len(A + between))
    ends = [r.offset + r.length for r in found]
    assert ends[:-1] == [r.offset for r in found[1:]], "every byte is accounted for"


def test_a_first_member_that_is_damaged_hides_no_other() -> None:
    found = records(flipped(member(B)) + member(A) + member(C))
    assert seen(found) == ["read.damaged", GOOD[0], GOOD[2]]


@pytest.mark.parametrize("cut", [1, 9, 60, 120])
def test_the_cut_end_of_a_file_is_one_damaged_record(cut: int) -> None:
    for data in (member(A) + member(B) + member(C), A + B + C):
        found = records(data[:-cut])
        rest = [GOOD[2]] if cut == 1 and data[-1:] == b"\n" else ["read.damaged"]
        assert seen(found) == [*GOOD[:2], *rest]
        assert found[-1].offset + found[-1].length == len(data) - cut


def test_a_compressed_stream_that_breaks_keeps_what_came_before() -> None:
    many = [response(n, hashlib.shake_128(b"%d" % n).digest(14_000)) for n in range(60)]
    for data in (
        gzip.compress(b"".join(many)),
        packed("zstd", b"".join(many)),
        packed("lz4", *many),
    ):
        assert [r.problem for r in records(data)] == [None] * 60
        found = records(data[: len(data) * 3 // 4])
        assert [r.problem for r in found] == [None] * (len(found) - 1) + ["read.damaged"]
        assert 30 <= len(found) <= 46


def test_a_stream_broken_between_two_records_says_so() -> None:
    whole = gzip.compress(A + B, mtime=0) + b"\x1f\x8b\x08\x00" + NOISE
    assert seen(records(whole)) == [*GOOD[:2], "read.damaged"]


def test_a_whole_stream_goes_on_with_the_next_member() -> None:
    second = bytearray(member(B))
    second[len(second) // 2 :] = bytes(len(second) - len(second) // 2)
    data = gzip.compress(INFO + A, mtime=0) + bytes(second) + member(C)
    assert read.layout(data) == "whole"
    assert seen(records(data)) == [GOOD[0], "read.damaged", GOOD[2]]
    lost = gzip.compress(INFO + A, mtime=0) + b"\x1f\x8b\x08\x00" + NOISE + member(C)
    assert seen(records(lost)) == [GOOD[0], "read.damaged", GOOD[2]]


@pytest.mark.parametrize("padding", [b"", bytes(3), bytes(read.CHUNK_BYTES)])
def test_a_whole_stream_of_several_large_members_ends(padding: bytes) -> None:
    large = [response(n, b"<p>x" * 50_000) for n in range(5)]
    data = padding.join(gzip.compress(INFO + one, mtime=0) for one in large)
    assert read.layout(data) == "whole"
    assert seen(records(data)) == [f"https://site.example/{n}" for n in range(5)]


def test_records_before_damage_in_the_first_megabyte_are_found() -> None:
    noise = hashlib.shake_128(b"more").digest(40_000)
    data = bytearray(gzip.compress(A + B + response(4, noise), mtime=0))
    data[-2_000:-1_000] = b"\xff" * 1_000
    assert read.layout(bytes(data)) == "whole"
    assert seen(records(bytes(data))) == [*GOOD[:2], "read.damaged"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_two_heads_run_together_are_no_record(name: str) -> None:
    cut = A[: A.index(b"<urn") + 1]
    pack = {"members": member, "plain": bytes, "whole": lambda data: gzip.compress(data, mtime=0)}
    fused = pack.get(name, lambda data: packed(name, data))(cut + B + C)
    urls = seen(records(fused))
    assert urls[0] == "read.damaged"
    assert set(urls[1:]) <= {GOOD[1], GOOD[2]}
    if name != "members":
        assert urls[1:] == GOOD[1:]


def test_a_head_without_end_costs_one_record() -> None:
    endless = b"WARC/1.0\r\nX: " + b"y" * (read.SNIFF_BYTES + 9) + A[8:]
    assert seen(records(gzip.compress(endless + B + C, mtime=0))) == ["read.damaged", *GOOD[1:]]


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_a_damaged_frame_ends_the_stream_once(codec: str) -> None:
    noise = hashlib.shake_128(b"frame").digest(40_000)
    data = bytearray(packed(codec, A + response(4, noise) + B))
    for at in range(40, len(data), 4_000):
        hurt = bytearray(data)
        hurt[at : at + 30] = bytes(30)
        assert len([r for r in records(bytes(hurt)) if r.problem]) <= 2


@pytest.mark.parametrize("claimed", [-1, 3, 10**17])
def test_a_lie_at_the_start_of_a_whole_stream_costs_one_record(claimed: int) -> None:
    lie = response(1, b"<p>one</p>", claimed=claimed)
    data = gzip.compress(lie + B + C, mtime=0)
    assert seen(records(data)) == ["read.damaged", *GOOD[1:]]


@pytest.mark.parametrize("pack", [member, bytes], ids=["members", "plain"])
@pytest.mark.parametrize("start", [b"", b"X", b"\x1f\x8b", b"\0" * 40, NOISE])
def test_a_damaged_start_costs_the_first_record(
    pack: Callable[[bytes], bytes], start: bytes
) -> None:
    data = start + pack(A)[3:] + pack(B) + pack(C)
    assert seen(records(data)) == ["read.damaged", *GOOD[1:]]


def test_padding_is_no_record() -> None:
    padding = b"\0" * 300_000
    assert seen(records(member(A) + padding)) == GOOD[:1]
    assert seen(records(member(A) + padding + member(B))) == GOOD[:2]
    assert seen(records(A + b"\r\n\r\n" + padding)) == GOOD[:1]
    assert seen(records(gzip.compress(A + B, mtime=0) + padding)) == GOOD[:2]


def test_two_records_in_one_member_have_ids_of_their_own() -> None:
    data = member(INFO) + member(A + B) + member(C)
    found = records(data)
    assert read.layout(data) == "members"
    assert seen(found) == GOOD
    at = len(member(INFO))
    assert [r.offset for r in found] == [0, at, at + 1, at + len(member(A + B))]
    assert found[1].length == found[2].length == len(member(A + B))


@pytest.mark.parametrize("pack", [member, bytes], ids=["member", "plain"])
def test_an_oversize_record_is_passed_by_within_bounded_memory(pack: type) -> None:
    size, cap = 60 << 20, 1 << 16
    data = pack(A) + pack(response(2, bytes(size))) + pack(C)
    source = opener(data)
    tracemalloc.start()
    found = list(read.records(source, "big", cap))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen(found) == [GOOD[0], "gate.size", GOOD[2]]
    assert len(found[1].body) <= cap
    assert found[2].offset + found[2].length == len(data)
    copies = len(data)  # BytesIO shares the bytes, but for what the test holds
    assert peak - copies < 16 << 20


def test_an_oversize_member_is_passed_by_within_bounded_memory_as_stored() -> None:
    """What does not compress is large as stored as well: it must not be held either."""
    noise = hashlib.shake_128(b"x").digest(24 << 20)
    data = member(A) + member(response(2, noise), 1) + member(C)
    tracemalloc.start()
    found = list(read.records(opener(data), "big", 1 << 16))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen(found) == [GOOD[0], "gate.size", GOOD[2]]
    assert peak < 8 << 20


def test_a_large_record_that_hides_others_does_not_cost_them() -> None:
    liar = response(2, b"x" * 100, claimed=len(A) * 2000)
    data = A + liar + b"".join(response(n, b"<p>y</p>") for n in range(3000))
    found = list(read.records(opener(data), "liar", 1 << 16))
    assert seen(found)[:2] == [GOOD[0], "read.damaged"]
    assert len(found) == 3002


def test_a_liar_in_every_record_ends() -> None:
    liars = b"".join(response(n, b"x", claimed=10**12) for n in range(200))
    found = list(read.records(opener(liars), "liars", 1 << 10))
    assert {r.problem for r in found} == {"read.damaged"}
    assert found[-1].offset + found[-1].length == len(liars)


def test_arc_bodies_are_bounded_too() -> None:
    parts = arc(b"x" * 5000, b"<p>two</p>")
    found = list(read.records(opener(b"".join(parts)), "test.arc", 1000))
    assert [(r.problem, len(r.body) <= 1000) for r in found] == [("gate.size", True), (None, True)]


def test_warcio_prints_nothing_of_a_page(capfd: pytest.CaptureFixture[str]) -> None:
    head, first, second = arc(b"<p>a</p>", b"<p>secret</p>")
    found = records(head + first[:-4] + second)
    captured = capfd.readouterr()
    assert found
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize(
    "data", [b"\x89PNG....", b"hello", b"PK\x03\x04", gzip.compress(b"list", mtime=0)]
)
def test_what_is_no_archive_is_a_shard_error_that_names_it(data: bytes) -> None:
    with pytest.raises(ShardError, match=r"test\.warc\.gz: neither a WARC nor an ARC"):
        records(data)


def test_an_empty_file_is_a_shard_error_that_says_so() -> None:
    assert read.layout(b"") == "empty"
    with pytest.raises(ShardError, match=r"test\.warc\.gz: is empty"):
        records(b"")


@pytest.mark.parametrize("size", [8_000, 16_300, 16_500, 40_000, 70_000, 900_000])
def test_large_heads_are_read_as_small_ones_are(size: int) -> None:
    address = "https://site.example/" + "a" * size
    fields = [(f"X-{n}", "b" * 50) for n in range(size // 60)]
    for one in (response(1, b"body", url=address), response(1, b"body", extra=fields)):
        for data in (one, member(one)):
            (found,) = records(data)
            assert (found.status, found.body, found.problem) == (200, b"body", None)
            assert (found.record_id, found.date) == ("<urn:test:1>", "2026-01-12T00:00:00Z")
            assert found.url in (address, "https://site.example/1")


def parsed(block: bytes) -> read.Record:
    (found,) = records(member(response(1, block=block)))
    return found


def test_http_heads_are_read_as_they_come() -> None:
    found = parsed(b"HTTP/1.0 404\r\nServer: x\r\n\r\nbody")
    assert (found.status, found.headers, found.body) == (404, [("server", "x")], b"body")
    found = parsed(b"HTTP/1.1 200 OK\nA: b\n\n<p>\r\n\r\n</p>")
    assert (found.headers, found.body) == ([("a", "b")], b"<p>\r\n\r\n</p>")
    found = parsed(b"http/2 200\r\nA: one\r\n\ttwo\r\nNo colon\r\nB:\r\n\r\n")
    assert found.headers == [("a", "one two"), ("b", "")]
    assert found.body == b""
    found = parsed("HTTP/1.1 200 OK\r\nX: é\r\nX: \xff\r\n\r\n".encode("latin-1"))
    assert found.headers == [("x", "\ufffd"), ("x", "\ufffd")]


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\r\n\r\n",
        b"not HTTP\r\n\r\nbody",
        b"HTTP/1.1\r\n\r\nbody",
        b"HTTP/1.1 abc\r\n\r\nbody",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\nbody",
    ],
)
def test_a_block_that_is_no_http_response_says_so(block: bytes) -> None:
    (found,) = records(member(response(1, block=block)), 4 << 20)
    assert (found.problem, found.status) == ("read.malformed_http", None)


def test_the_first_empty_line_ends_a_head_whatever_ends_the_others() -> None:
    """Found by fuzzing: what follows it must not be read as a header."""
    for end in (b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"):
        rest = b"TDM-Reservation: 0\r\n\r\n<p>"
        (row,) = records(response(1, block=b"HTTP/1.1 200 OK\r\nA: b" + end + rest))
        assert (row.headers, row.body) == ([("a", "b")], rest)


def test_bytes_after_a_record_in_its_member_are_told() -> None:
    """Found by fuzzing: they were passed over in members alone."""
    found = records(member(response(1) + b"more of what was cut off") + member(response(2)))
    assert [row.problem for row in found] == [None, "read.damaged", None]


def test_angle_brackets_around_an_address_are_taken_off() -> None:
    (found,) = records(member(response(1, url="<https://site.example/x>")))
    assert found.url == "https://site.example/x"


def test_rows_say_where_they_lie_and_what_they_hold() -> None:
    others: dict[str, int] = {}
    data = member(INFO) + member(A) + flipped(member(B)) + member(C)
    found = read.records(opener(data), "x", MAX_BYTES)
    (batch,) = read.batches(found, "SNAP", "a/b/test.warc.gz", others)
    rows = batch.to_pylist()
    assert others == {"warcinfo": 1}
    assert batch.schema == read.READ_SCHEMA
    assert [row["ordinal"] for row in rows] == [0, 1, 2]
    assert [row["problem"] for row in rows] == [None, "read.damaged", None]
    digest = base64.b32encode(hashlib.sha1(b"<p>one</p>", usedforsecurity=False).digest()).decode()
    assert rows[0]["payload_digest"] == f"sha1:{digest}"
    assert rows[1]["payload_digest"] is None
    for row in rows:
        assert row["doc_id"] == read.doc_id("SNAP", "elsewhere/test.warc.gz", row["offset"])
    assert len({row["doc_id"] for row in rows}) == 3


def test_ids_depend_on_snapshot_file_and_offset_alone() -> None:
    ids = {
        read.doc_id(s, w, o) for s in ("S", "T") for w in ("a.warc.gz", "b.warc.gz") for o in (0, 1)
    }
    assert len(ids) == 8
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)
    # pinned: a change would orphan every stored id
    assert read.doc_id("S", "x/a.warc.gz", 0) == (
        hashlib.blake2b(b"S\na.warc.gz\n0", digest_size=16).hexdigest()
    )


def test_a_limit_ends_after_so_many_responses() -> None:
    found = read.records(opener(LAYOUTS["members"]), "x", MAX_BYTES)
    (batch,) = read.batches(found, "S", "x", {}, limit=2)
    assert batch.num_rows == 2


def test_batches_are_bounded_and_none_is_left_out() -> None:
    many = (read.Record(n, 1) for n in range(MAX_BATCH_ROWS + 5))
    sizes = [b.num_rows for b in read.batches(many, "S", "x", {})]
    assert sizes == [MAX_BATCH_ROWS, 5]
    assert [b.num_rows for b in read.batches(iter(()), "S", "x", {})] == [0]


def test_bytes_that_are_not_utf_8_do_not_stop_a_batch() -> None:
    bad = (
        response(1, extra=[("WARC-Truncated", "length")], url="https://site.example/ab")
        .replace(b"urn:test:1", b"urn:\xff\xfe:1")
        .replace(b"site.example/ab", b"site.example/\xed\xa0\x80")
        .replace(b"2026-01-12T", b"2026\xff01-12T")
    )
    for data in (bad, member(bad)):
        (batch,) = read.batches(iter(records(data)), "S", "x", {})
        (row,) = batch.to_pylist()
        assert row["problem"] is None
        assert row["truncated"] == "length"
        row["record_id"].encode()
        row["raw_url"].encode()


def test_zlib_wrapped_in_gzip_magic_only_is_no_crash() -> None:
    data = b"\x1f\x8b\x08" + zlib.compress(A)
    assert {r.problem for r in records(data)} <= {"read.damaged"}


def test_nothing_is_printed_about_a_damaged_arc_file(capfd: pytest.CaptureFixture[str]) -> None:
    large = [base64.b64encode(hashlib.shake_128(bytes([n])).digest(60_000)) for n in range(4)]
    data = bytearray(b"".join(member(part) for part in arc(*large)))
    data[len(data) // 2] ^= 1
    found = records(bytes(data))
    assert found
    assert tuple(capfd.readouterr()) == ("", "")
