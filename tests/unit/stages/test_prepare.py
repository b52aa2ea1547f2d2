"""Steps prepare and collate: fetches of sites' files, their tables; the block list."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from filters import robots
from stages import prepare, schema
from stages.errors import ConfigError
from stages.read import Record
from tests.data.archives import Inline, Scripted, site_files

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


def read(found: Sequence[Record], guard: Any = None) -> list[prepare.Fetched]:
    return list(prepare.from_records(found, prepare.robots_parser(guard or Inline())))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, RULES, "rules"),
        (204, b"", "empty"),
        (200, b"# nothing but a remark\n", "empty"),
        (200, b"<!DOCTYPE html><html><body>Not here</body></html>", "not_robots"),
        (403, RULES, "none"),
        (404, RULES, "none"),
        (429, RULES, "unreachable"),
        (500, RULES, "unreachable"),
        (None, RULES, "unreachable"),
        (301, b"", "redirect"),
    ],
)
def test_a_file_s_status_follows_from_its_answer(
    status: int | None, body: bytes, expected: str
) -> None:
    (found,) = read([fetch("https://a.example/robots.txt", status, body)])
    assert found.status == expected
    assert (found.content is not None) == (expected == "rules")
    is_read = body and status in (200, 204)
    assert found.sha256 == (hashlib.sha256(body).digest() if is_read else bytes(32))


def test_rules_come_back_as_they_were_read() -> None:
    (found,) = read([fetch("HTTPS://A.example:443/robots.txt#top")])
    assert found.url == "https://a.example/robots.txt"
    assert robots.Robots.from_json(found.content or "") == robots.parse(RULES)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("", None),
        ("https://[", None),
        ("\x00", "https://a.example/robots.txt"),
        ("ftp://b.example/robots.txt", None),
        ("https://b.example/robots.txt", "https://b.example/robots.txt"),
        ("//B.example", "https://b.example/"),
        ("/other.txt", "https://a.example/other.txt"),
        ("https://b.example/" + "a" * 10_000, None),
    ],
)
def test_where_a_redirect_leads(location: str, target: str | None) -> None:
    (found,) = read([fetch("https://a.example/robots.txt", 301, b"", location=location)])
    assert (found.status, found.target) == ("redirect", target)


@pytest.mark.parametrize("url", ["https://[::1/robots.txt", "ftp://a.example/robots.txt", "", "//"])
def test_what_is_no_address_is_passed_by(url: str) -> None:
    assert read([fetch(url)]) == []


def test_damaged_and_other_records_are_passed_by() -> None:
    bad = fetch("https://a.example/robots.txt", problem="read.damaged")
    request = fetch("https://a.example/robots.txt", kind="request")
    assert read([bad, request]) == []


def test_a_file_that_kills_its_parser_is_unreadable() -> None:
    killed = Scripted({"reason": "extract.timeout"})
    (found,) = read([fetch("https://a.example/robots.txt")], killed)
    assert (found.status, found.content) == ("unreadable", None)


def test_only_the_first_512_kib_are_read() -> None:
    filler = b"# filler\n" * (prepare.MAX_BODY_BYTES // 9)
    (found,) = read([fetch("https://a.example/robots.txt", body=filler + b"\n" * 9 + RULES)])
    assert found.status == "empty"


def test_a_file_too_large_to_be_kept_whole_binds_by_its_beginning() -> None:
    (found,) = read([fetch("https://a.example/robots.txt", problem="gate.size")])
    assert found.status == "rules"


# Tables of files of sites


def test_rows_are_cut_by_range_of_keys_and_contents_stand_once() -> None:
    many = read([fetch(f"https://h{n}.example/robots.txt") for n in range(300)])
    ((files, contents),) = prepare.site_tables(many)
    assert (files.num_rows, contents.num_rows) == (300, 1)
    cut = dict(prepare.buckets(files))
    assert pa.concat_tables(cut.values()).equals(files)
    for name, rows in cut.items():
        assert {key >> 58 for key in rows.column("key").to_pylist()} == {int(name)}
    assert files.column("key").to_pylist() == sorted(files.column("key").to_pylist())


def test_of_fetches_of_a_url_rules_count_then_the_latest() -> None:
    other = b"User-agent: *\nDisallow: /x\n"
    found = read(
        [
            fetch("https://a.example/robots.txt", body=RULES, day=1),
            fetch("https://a.example/robots.txt", body=other, day=3),
            fetch("https://a.example/robots.txt", body=b"", day=4),
            fetch("https://a.example/robots.txt", body=b"", day=5, status=500),
        ]
    )
    for order in (found, found[::-1]):
        answer = site_files(order).find("https://a.example/robots.txt")
        assert (answer.status, answer.fetched_at) == ("rules", DAY.format(3))
        assert robots.Robots.from_json(answer.content or "") == robots.parse(other)


def test_tables_do_not_tell_in_which_order_or_in_how_many_tasks_files_were_read() -> None:
    found = read(
        [
            fetch(f"https://h{n % 40}.example/robots.txt", body=b"User-agent: *\nDisallow: /%d" % n)
            for n in range(200)
        ]
    )
    parts = [list(prepare.site_tables(some)) for some in (found[:70], found[70:])]
    ((files, contents),) = prepare.site_tables(found[::-1])
    assert prepare.collated_files(f for part in parts for f, _ in part).equals(
        prepare.collated_files([files])
    )
    assert prepare.collated_contents(c for part in parts for _, c in part).equals(
        prepare.collated_contents([contents])
    )


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
