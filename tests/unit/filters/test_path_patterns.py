from __future__ import annotations

import random

import pytest

from filters.path_patterns import Patterns, matches, normalise_path, normalise_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/x", True), ("/x", "/", False), ("/x$", "/x", True), ("/x$", "/xy", False), ("/*",
        "/x", True),
        ("*", "/x", True), ("/a*b*c", "/a1b2c3", True), ("/a*b*c$", "/a1b2c3", False), ("/a*b$",
        "/abab", True),
        ("/*.php", "/x.php5", True), ("/*.php$", "/x.php5", False), ("/a**b", "/ab", True), ("$",
        "/", False),
        ("/%7Euser", "/~user", True), ("/~user", "/%7euser", True), ("/ü", "/%c3%bc", True),
        ("/a%2Fb", "/a/b", False),
        ("/100%", "/100%25", True), ("/%6%61", "/%256a", True), ("/%6%61", "/j", False),
        ("/%2A", "/*", True), ("/%2A", "/x", False), ("/a$b", "/a$b", True), ("/x*$", "/xyz", True),
    ],
)  # fmt: skip
def test_matching(pattern: str, path: str, expected: bool) -> None:
    assert matches(normalise_pattern(pattern), normalise_path(path)) is expected


def test_bytes_that_did_not_decode_are_escaped_as_they_were() -> None:
    latin_1 = "/caf\xe9".encode("latin-1").decode("utf-8", "surrogateescape")
    assert normalise_pattern(latin_1) == "/caf%E9"
    assert matches(normalise_pattern(latin_1), normalise_path("/caf%e9/x"))


@pytest.mark.parametrize("seed", range(20))
def test_many_patterns_find_what_each_of_them_matches(seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311 - patterns, not secrets
    patterns = [
        "/"
        + "".join(drawn.choice("ab/*") for _ in range(drawn.randrange(6)))
        + drawn.choice(["", "", "$"])
        for _ in range(60)
    ] + ["", "*", "$"]
    patterns = [normalise_pattern(pattern) for pattern in patterns]
    many = Patterns(patterns)
    found_any = 0
    for _ in range(50):
        path = normalise_path("/" + "".join(drawn.choice("ab/") for _ in range(drawn.randrange(8))))
        expected = [place for place, one in enumerate(patterns) if matches(one, path)]
        assert sorted(many.matching(path)) == expected
        assert many.first(path) == (expected[0] if expected else None)
        found_any += bool(expected)
    assert found_any


def test_an_empty_list_matches_nothing() -> None:
    assert Patterns([]).first("/") is None
    assert list(Patterns([]).matching("/")) == []
