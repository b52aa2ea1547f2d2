"""Lookups of sites' files: keys, redirects, and which scheme's robots.txt speaks."""

import pytest

from filters import site_files
from filters.site_files import UNKNOWN
from stages.prepare import Fetched
from tests.data.archives import site_files as table

RULES = "https://a.example/robots.txt"


def says(url: str, status: str = "rules", target: str | None = None) -> Fetched:
    content = f'{{"of": "{url}"}}' if status == "rules" else None
    return Fetched(url, status, "2026-01-12T10:00:00Z", target, content, bytes([7]) * 32)


def chain(length: int) -> list[Fetched]:
    hop = "https://h{}.example/robots.txt"
    steps = [says(hop.format(n), "redirect", hop.format(n + 1)) for n in range(length)]
    return [*steps, says(hop.format(length))]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://A.Example:443/robots.txt#x", "https://a.example/robots.txt"),
        ("http://a.example:80", "http://a.example/"),
        ("http://a.example.:8080/x?y", "http://a.example:8080/x?y"),
        ("http://user@a.example/x", "http://a.example/x"),
        ("http://b\u00fccher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://[2001:DB8:0::1]:80/x", "http://[2001:db8::1]/x"),
        ("http://a%2eexample/x", None),
        ("http://a.test\\@b.example/x", None),
        ("http://[v1.x]/x", None),
        ("ftp://a.example/x", None),
        ("https://[::1/x", None),
        ("https://a.example:99999/", None),
        ("https:///x", None),
        ("https://a.example/" + "x" * 4000, None),
    ],
)
def test_urls_are_written_in_one_way(url: str, expected: str | None) -> None:
    assert site_files.canonical(url) == expected


def test_a_file_is_found_with_all_that_is_known_of_it() -> None:
    found = table([says(RULES), says("https://b.example/robots.txt", "none")]).find(RULES)
    assert found == site_files.SiteFile(
        "rules", "2026-01-12T10:00:00Z", "07" * 32, f'{{"of": "{RULES}"}}', 0, "https"
    )


def test_every_one_of_many_is_found_and_no_other() -> None:
    many = table([says(f"https://h{n}.example/robots.txt") for n in range(3000)])
    assert len(many) == 3000
    for n in range(0, 3000, 7):
        url = f"https://h{n}.example/robots.txt"
        assert many.find(url).content == f'{{"of": "{url}"}}'
    assert {many.find(f"https://x{n}.example/robots.txt").status for n in range(300)} == {UNKNOWN}


def test_redirects_are_followed_inside_the_table() -> None:
    found = table(chain(5)).find("https://h0.example/robots.txt")
    assert (found.status, found.hops) == ("rules", 5)
    assert table(chain(6)).find("https://h0.example/robots.txt").status == "redirect_limit"
    lost = table(chain(3)[:-1]).find("https://h0.example/robots.txt")
    assert (lost.status, lost.hops) == ("redirect_outside", 3)


def test_redirects_in_a_circle_end() -> None:
    ring = [
        says("https://a.example/robots.txt", "redirect", "https://b.example/robots.txt"),
        says("https://b.example/robots.txt", "redirect", "https://a.example/robots.txt"),
        says("https://c.example/robots.txt", "redirect", "https://c.example/robots.txt"),
        says("https://d.example/robots.txt", "redirect", None),
    ]
    made = table(ring)
    found = [made.robots(f"https://{host}.example/x").status for host in "abcd"]
    assert found == ["redirect_circle", "redirect_circle", "redirect_circle", "redirect_outside"]


@pytest.mark.parametrize(
    ("own", "other", "scheme", "status"),
    [
        ("rules", "rules", "https", "rules"),
        ("empty", "rules", "https", "empty"),
        ("none", "rules", "http", "rules"),
        ("unreachable", "rules", "http", "rules"),
        ("none", "empty", "https", "none"),
        ("unreachable", "none", "https", "unreachable"),
        (None, "none", "http", "none"),
        (None, "rules", "http", "rules"),
        (None, None, "https", UNKNOWN),
    ],
)
def test_the_other_scheme_answers_where_a_scheme_s_own_file_has_no_rules(
    own: str | None, other: str | None, scheme: str, status: str
) -> None:
    given = [("https", own), ("http", other)]
    made = table([says(f"{s}://a.example/robots.txt", of) for s, of in given if of is not None])
    found = made.robots("https://a.example/x")
    assert (found.scheme, found.status) == (scheme, status)


def test_a_port_has_a_file_of_its_own() -> None:
    made = table([says("http://a.example:8080/robots.txt"), says("http://[::1]/robots.txt")])
    assert made.robots("https://a.example:8080/x").status == UNKNOWN
    assert made.robots("http://a.example:8080/x").status == "rules"
    assert made.robots("http://a.example/x").status == UNKNOWN
    assert made.robots("https://[::1]/x").status == "rules"


def test_keys_that_collide_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    halves = {f"https://h{n}.example/robots.txt".encode(): (5, n + 1) for n in range(5)}
    digest = site_files.digest_of
    monkeypatch.setattr(site_files, "digest_of", lambda data: halves.get(data) or digest(data))
    made = table([says(url.decode()) for url in halves])
    for url in halves:
        assert made.find(url.decode()).content == f'{{"of": "{url.decode()}"}}'


def test_packed_content_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_files, "MAX_CONTENT_CHARS", 10_000)
    assert site_files.unpacked(site_files.packed("ä" * 9)) == "ä" * 9
    bomb = site_files.packed(" " * (site_files.MAX_CONTENT_CHARS + 1))
    for bad in (bomb, b"", b"\x00", site_files.packed("ab")[:-5]):
        with pytest.raises(ValueError, match="packed content"):
            site_files.unpacked(bad)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T00:01:00.75Z", 60),
        ("1970-01-01T01:01:00+01:00", 60),
        ("1970-01-01", 0),
        (None, -1),
        ("", -1),
        ("yesterday", -1),
        ("1900-01-01T00:00:00Z", -1),
    ],
)
def test_dates_are_seconds(date: str | None, expected: int) -> None:
    assert site_files.seconds(date) == expected
