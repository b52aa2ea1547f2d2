"""Step prepare: one row a host from robots.txt fetches, redirects followed inside the subset."""

from collections.abc import Sequence
from typing import Any

import pytest

from filters import robots
from stages import gate, prepare, schema
from stages.errors import ConfigError
from stages.read import Record
from tests.data.archives import Inline, Scripted

RULES = b"User-agent: CCBot\nDisallow: /\n"
DAY = "2026-01-{:02}T00:00:00Z"


def fetch(
    url: str,
    status: int | None = 200,
    body: bytes = RULES,
    day: int = 1,
    location: str | None = None,
    **more: Any,
) -> Record:
    headers = [("location", location)] if location is not None else []
    date = DAY.format(day)
    return Record(0, 0, url=url, status=status, body=body, date=date, headers=headers, **more)


def keys(url: str) -> tuple[str, int] | None:
    host = gate.host_of(url, 4000)
    return None if host is None else (host, gate.host_key(host))


def table(found: Sequence[Record], guard: Any = None) -> dict[str, dict[str, Any]]:
    made = prepare.robots_table(found, guard or Inline(), keys)
    host_keys = made.column("host_key").to_pylist()
    assert host_keys == sorted(host_keys)
    rows = made.to_pylist()
    assert len({row["host"] for row in rows}) == len(rows)
    return {row["host"]: row for row in rows}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, RULES, "rules"),
        (204, b"", "empty"),
        (200, b"# nothing but a remark\n", "empty"),
        (200, b"<!DOCTYPE html><html><body>Not here</body></html>", "not_robots"),
        (403, RULES, "none"),
        (404, RULES, "none"),
        (429, RULES, "none"),
        (500, RULES, "unreachable"),
        (None, RULES, "unreachable"),
        (301, b"", "none"),
    ],
)
def test_a_file_s_status_follows_from_its_answer(
    status: int | None, body: bytes, expected: str
) -> None:
    row = table([fetch("https://a.example/robots.txt", status, body)])["a.example"]
    assert row["status"] == expected
    assert (row["rules"] is not None) == (expected == "rules")


def test_rules_come_back_as_they_were_read() -> None:
    row = table([fetch("https://a.example/robots.txt")])["a.example"]
    assert robots.Robots.from_json(row["rules"]) == robots.parse(RULES)


def test_http_and_https_share_a_row_and_ports_do_not() -> None:
    found = table(
        [
            fetch("http://a.example/robots.txt", 404),
            fetch("https://A.example:443/robots.txt"),
            fetch("https://a.example:8443/robots.txt", 404),
        ]
    )
    assert {host: row["status"] for host, row in found.items()} == {
        "a.example": "rules", "a.example:8443": "none",
    }  # fmt: skip


def test_of_several_fetches_rules_count_then_the_latest() -> None:
    other = b"User-agent: *\nDisallow: /x\n"
    found = [
        fetch("https://a.example/robots.txt", body=RULES, day=1),
        fetch("http://a.example/robots.txt", body=other, day=3),
        fetch("https://a.example/robots.txt", body=b"", day=5, status=500),
    ]
    for order in (found, found[::-1]):
        row = table(order)["a.example"]
        assert row["fetched_at"] == DAY.format(3)
        assert robots.Robots.from_json(row["rules"]) == robots.parse(other)


def chain(length: int, end: bytes = RULES) -> list[Record]:
    hops = [
        fetch(
            f"https://h{n}.example/robots.txt",
            301,
            b"",
            location=f"https://h{n + 1}.example/robots.txt",
        )
        for n in range(length)
    ]
    return [*hops, fetch(f"https://h{length}.example/robots.txt", body=end)]


def test_redirects_are_followed_inside_the_subset() -> None:
    assert table(chain(5))["h0.example"]["status"] == "rules"
    assert table(chain(6))["h0.example"]["status"] == "none", "too long"
    assert table(chain(3)[:-1])["h0.example"]["status"] == "none", "leaves the subset"
    relative = [
        fetch("https://a.example/robots.txt", 302, b"", location="/other.txt"),
        fetch("https://a.example/other.txt"),
    ]
    found = table(relative)
    assert found["a.example"]["status"] == "rules"
    assert len(found) == 1


@pytest.mark.parametrize(
    "location", ["", "https://[", "//", "\x00", "https://a.example/robots.txt"]
)
def test_redirects_to_nowhere_and_in_a_ring_end(location: str) -> None:
    row = table([fetch("https://a.example/robots.txt", 301, b"", location=location)])["a.example"]
    assert (row["status"], row["rules"]) == ("none", None)


def test_a_ring_of_two_ends() -> None:
    ring = [
        fetch("https://a.example/robots.txt", 301, b"", location="https://b.example/robots.txt"),
        fetch("https://b.example/robots.txt", 301, b"", location="https://a.example/robots.txt"),
    ]
    assert {row["status"] for row in table(ring).values()} == {"none"}


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1/robots.txt",
        "https://a.example/x/robots.txt",
        "ftp://a.example/robots.txt",
        "",
        "//",
    ],
)
def test_other_addresses_are_passed_by(url: str) -> None:
    assert table([fetch(url)]) == {}


def test_damaged_and_other_records_are_passed_by() -> None:
    bad = fetch("https://a.example/robots.txt", problem="read.damaged")
    request = fetch("https://a.example/robots.txt", kind="request")
    assert table([bad, request]) == {}


def test_a_file_that_kills_its_parser_is_none() -> None:
    found = table([fetch("https://a.example/robots.txt")], Scripted({"reason": "extract.timeout"}))
    assert (found["a.example"]["status"], found["a.example"]["rules"]) == ("not_robots", None)


def test_only_the_first_512_kib_are_read() -> None:
    filler = b"# filler\n" * (prepare.MAX_BODY_BYTES // 9)
    row = table([fetch("https://a.example/robots.txt", body=filler + b"\n" * 9 + RULES)])[
        "a.example"
    ]
    assert row["status"] == "empty"


def test_a_file_too_large_to_be_kept_whole_binds_by_its_beginning() -> None:
    row = table([fetch("https://a.example/robots.txt", problem="gate.size")])["a.example"]
    assert row["status"] == "rules"


# The block list


def test_the_block_list_is_sorted_and_equal_whatever_the_chunks() -> None:
    lines = [b"b.example\n", b"a.example\n", b"c.example/x\n", b"a.example\n"]
    whole = prepare.block_list([("list.txt", b"".join(lines))])
    assert whole.schema == schema.BLOCK_LIST.schema
    assert whole.column("key").to_pylist() == sorted(set(whole.column("key").to_pylist()))
    assert whole.column("flags").to_pylist().count(1) == 2
    apart = prepare.block_list([("list.txt", line) for line in lines[::-1]])
    assert apart.equals(whole)


def test_a_bad_line_is_named_by_its_file_and_number() -> None:
    chunks = [("a.txt", b"a.example\nb.example\n"), ("b.txt", b"c.example\n"), ("b.txt", b"d e\n")]
    with pytest.raises(ConfigError) as raised:
        prepare.block_list(chunks)
    assert raised.value.where == "b.txt:2"
    assert "'d e'" in raised.value.problem
