from __future__ import annotations

import json

import pytest

from filters.tdmrep import MAX_RULES, MAX_WILDCARDS, STATUSES, TdmFile, parse


def made(*rules: tuple[str, object]) -> TdmFile:
    elements = [{"location": location, "tdm-reservation": value} for location, value in rules]
    return parse(json.dumps(elements).encode())


def reservation(file: TdmFile, path: str) -> int | None:
    rule = file.find(path)
    return None if rule is None else rule.reservation


def test_the_first_match_in_file_order_decides() -> None:
    file = made(("/free/", 0), ("/", 1), ("/free/but/reserved", 1))
    assert file.status == "rules"
    assert [reservation(file, p) for p in ("/free/but/reserved", "/free", "/x")] == [0, 1, 1]
    assert made(("/a", 1)).find("/b") is None


@pytest.mark.parametrize(
    ("location", "path", "matches"),
    [
        ("/a/*.html", "/a/b.html?x", True), ("/a/*.html$", "/a/b.html?x", False),
        ("*", "/", True), ("/A", "/a", False), ("/über", "/%C3%BCber", True),
        ("https://h.example/a", "/a/b", True), ("https://h.example", "/a", True),
    ],
)  # fmt: skip
def test_locations(location: str, path: str, matches: bool) -> None:
    assert (reservation(made((location, 1)), path) == 1) is matches


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, 1), (0, 0), ("1", 1), ("0", 0), (" 1 ", 1), (1.0, 1), (2, None), (-1, None),
        (True, None), (None, None), ("yes", None), ([1], None), ({"a": 1}, None), (0.5, None),
    ],
)  # fmt: skip
def test_values(value: object, read: int | None) -> None:
    file = made(("/", value))
    assert reservation(file, "/x") == read
    assert file.ignored == (read is None)
    assert file.is_readable is (read is not None)


def test_an_element_without_a_value_leaves_the_next_to_decide() -> None:
    assert reservation(made(("/", "unset"), ("/", 1)), "/") == 1


def test_an_object_in_place_of_the_array() -> None:
    file = parse(b'{"location": "/", "tdm-reservation": 1, "tdm-policy": "https://h.example/p"}')
    rule = file.find("/x")
    assert (file.status, rule and rule.policy) == ("object", "https://h.example/p")
    assert file.is_readable


def test_of_a_repeated_key_any_one_reserves() -> None:
    body = b'[{"location": "/", "tdm-reservation": 1, "tdm-reservation": 0}]'
    assert reservation(parse(body), "/") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "not_json"), (b"<html>", "not_json"), (b"[]", "empty"), (b"{}", "empty"),
        (b"[1, null, []]", "empty"), (b'"x"', "not_array"), (b"1", "not_array"),
        (b"[" * 100_000, "too_deep"), (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b"[" + b" " * (16 << 20) + b"]", "too_large"), (b"[{" + b"\0" * 9 + b"}]", "not_json"),
    ],
)  # fmt: skip
def test_bad_files_have_a_status_and_free_nothing(body: bytes, status: str) -> None:
    file = parse(body)
    assert (file.status, file.find("/")) == (status, None)
    assert not file.is_readable
    assert status in STATUSES


def test_a_hundred_thousand_rules() -> None:
    rules = [(f"/folder/{n}/", n % 2) for n in range(100_000)] + [("/", 1)]
    file = made(*rules)
    assert (file.status, len(file.rules)) == ("rules", 100_001)
    assert [reservation(file, f"/folder/{n}/x") for n in (0, 1, 99_998, 99_999)] == [0, 1, 0, 1]
    assert reservation(file, "/folder/100000/") == 1
    again = TdmFile.from_json(file.to_json())
    assert again == file


def test_more_rules_than_are_read() -> None:
    many = b"[" + b",".join([b'{"location":"/a","tdm-reservation":0}'] * (MAX_RULES + 1)) + b"]"
    assert parse(many).status == "too_many"
    wild = made(*[(f"/{n}*x", 1) for n in range(MAX_WILDCARDS + 1)], ("/", 1))
    assert (wild.status, wild.is_readable) == ("too_many", False)
    assert len(wild.rules) == MAX_WILDCARDS + 1
    assert reservation(wild, "/other") == 1


def test_json_round_trip() -> None:
    for file in (made(("/ü*", 1), ("/\u2028", "x")), parse(b"x"), parse(b"{}")):
        assert TdmFile.from_json(file.to_json()) == file
