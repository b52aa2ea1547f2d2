from __future__ import annotations

import pytest

from filters.robots_text import MAX_BODY_BYTES, decode, directives, status_of


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("User-agent: CCBot", [("agent", "CCBot")]),
        ("user-agent:CCBot # a remark", [("agent", "CCBot")]),
        ("  USERAGENT :  CCBot  ", [("agent", "CCBot")]),
        ("User-agent CCBot", [("agent", "CCBot")]),
        ("Disallow /a:b", [("disallow", "/a:b")]),
        ("Disalow: /a", [("disallow", "/a")]),
        ("Disallow:", [("disallow", "")]),
        ("Allow:/#x", [("allow", "/")]),
        ("Sitemap: https://h.example/s.xml", [("site", "https://h.example/s.xml")]),
        ("Crawl-delay: 5", [("other", "5")]),
        ("License: /l.xml", [("license", "/l.xml")]),
        ("Content-Usage: /a train-ai=n", [("content_usage", "/a train-ai=n")]),
        ("", []),
        ("# User-agent: CCBot", []),
        ("no directive at all", []),
        (": /", []),
        ("\0User-\0agent: CCBot", [("agent", "CCBot")]),
    ],
)
def test_one_line(line: str, found: list[tuple[str, str]]) -> None:
    assert directives(line, truncated=False)[0] == found


def test_lines_end_with_cr_lf_or_both_and_with_nothing_else() -> None:
    text = "Allow: /a\rAllow: /b\nAllow: /c\r\nAllow: /d\x0bAllow: /e\u2028Allow: /f"
    values = [value for _, value in directives(text, truncated=False)[0]]
    assert values == ["/a", "/b", "/c", "/d\x0bAllow: /e\u2028Allow: /f"]


def test_the_last_line_of_a_file_that_is_cut_is_left_out() -> None:
    assert directives("Allow: /a\nAllow: /b", truncated=True)[0] == [("allow", "/a")]


def test_remarks_are_what_is_no_directive() -> None:
    text = "# one\nAllow: /two # three\nfour\nX-Five: six\nDisallow: /seven"
    assert directives(text, truncated=False)[1].split("\n") == [
        " one",
        " three",
        "four",
        "X-Five: six",
    ]


def test_decoding() -> None:
    assert decode("\ufeffé".encode()) == ("é", False)
    assert decode("é".encode("utf-16")) == ("é", False)
    assert decode(b"\xff\xfe") == ("", False)
    assert decode(b"\xe9") == ("\udce9", False)
    text, truncated = decode(b"a" * (MAX_BODY_BYTES + 1))
    assert (len(text), truncated) == (MAX_BODY_BYTES, True)
    assert not decode(b"a" * MAX_BODY_BYTES)[1]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", None), ("a\tb\r\n\f", None), ("<html>", "not_robots"),
        (" \r\n<!DOCTYPE html>", "not_robots"),
        ("<p>x<body>", "not_robots"), ("<!-- x -->\nAllow: /", None), ("a<html>", None),
        ("\x01" * 11 + "a" * 89, "not_text"), ("\x01" * 10 + "a" * 90, None), ("a\0", "not_text"),
    ],
)  # fmt: skip
def test_status(text: str, status: str | None) -> None:
    assert status_of(text) == status
