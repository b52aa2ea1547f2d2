from __future__ import annotations

import pytest
from protego import Protego  # type: ignore[import-untyped]

from filters.robots import Robots, parse
from filters.robots_text import MAX_BODY_BYTES

AGENTS = ("GPTBot", "CCBot")


def disallowed(body: str | bytes, path: str, agent: str = "CCBot") -> bool:
    robots = parse(body if isinstance(body, bytes) else body.encode())
    return robots.verdict([agent], path).disallowed


ORDINARY = [
    "User-agent: *\nDisallow: /private\nAllow: /private/open\n",
    "User-agent: *\nDisallow: /\n\nUser-agent: CCBot\nDisallow:\n",
    "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\nUser-agent: *\nDisallow: /temp\n",
    "User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?*sort=\nAllow: /\n",
    "# comment\nUSER-AGENT: ccbot # me\nDISALLOW: /x # no\nSitemap: https://x.example/s.xml\n",
    "User-agent: *\nDisallow: /über\nDisallow: /a%2Fb\n",
    "User-agent: *\nAllow: /page\nDisallow: /page\nDisallow: /*.html\nAllow: /index.html$\n",
    "Disallow: /before\nUser-agent: *\nDisallow: /after\n",
    "User-agent: *\r\nDisallow: /cr\r\n\r\nCrawl-delay: 5\r\nDisallow: /more\r\n",
]
PATHS = [
    "/", "/private", "/private/open/x", "/temp/x", "/a.pdf", "/a.pdf?x", "/l?b=1&sort=2", "/x",
    "/%C3%BCber/1",
    "/über", "/a/b", "/a%2fb", "/page", "/index.html", "/q.html", "/before", "/after", "/cr",
    "/more",
]  # fmt: skip


@pytest.mark.parametrize("body", ORDINARY)
def test_ordinary_files_as_protego(body: str) -> None:
    theirs = Protego.parse(body)
    for agent in ("CCBot", "GPTBot", "Other"):
        for path in PATHS:
            expected = not theirs.can_fetch("https://h.example" + path, agent)
            assert disallowed(body, path, agent) == expected, (agent, path)


def test_difference_to_protego_whole_product_tokens() -> None:
    for body, agent in (
        ("User-agent: Google\nDisallow: /\n", "Google-Extended"),
        ("User-agent: bot\nDisallow: /\n", "Kangaroo Bot"),
    ):
        assert not Protego.parse(body).can_fetch("https://h.example/", agent)
        assert not disallowed(body, "/", agent)


def test_difference_to_protego_versions() -> None:
    body = "User-agent: CCBot/2.0\nDisallow: /\n"
    assert Protego.parse(body).can_fetch("https://h.example/", "CCBot")
    assert disallowed(body, "/", "CCBot")


def test_difference_to_protego_interleaved_directives() -> None:
    body = "User-agent: CCBot\nCrawl-delay: 9\nUser-agent: GPTBot\nDisallow: /\n"
    assert Protego.parse(body).can_fetch("https://h.example/", "CCBot")
    assert disallowed(body, "/", "CCBot")
    assert parse(body.encode()).ambiguous


def test_difference_to_protego_size() -> None:
    body = b"User-agent: *\n" + b"#" * 99 + b"\n"
    body += b"# padding\n" * 60_000 + b"Disallow: /late\n"
    assert not Protego.parse(body.decode()).can_fetch("https://h.example/late", "CCBot")
    assert not disallowed(body, "/late")
    assert parse(body).truncated


def test_groups_of_one_agent_are_one() -> None:
    body = "User-agent: CCBot\nDisallow: /a\n\nUser-agent: *\nDisallow: /s\n\n"
    body += "User-agent: ccbot\nDisallow: /b"
    assert disallowed(body, "/a")
    assert disallowed(body, "/b")
    assert not disallowed(body, "/s")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_line_ends_and_byte_order_mark(end: str) -> None:
    assert disallowed(b"\xef\xbb\xbf" + end.join(["User-agent: *", "Disallow: /"]).encode(), "/")


def test_a_list_of_agents_is_one_unknown_token() -> None:
    robots = parse(b"User-agent: GPTBot, CCBot\nDisallow: /\n")
    assert robots.invalid_agents == 1
    assert not robots.verdict(AGENTS, "/").disallowed


@pytest.mark.parametrize(
    "line", ["Crawl-delay: 3", "Sitemap: /s", "Content-Signal: search=yes", "Foo: x"]
)
def test_other_directives_never_end_a_group(line: str) -> None:
    body = f"User-agent: CCBot\n{line}\nDisallow: /a\n{line}\nDisallow: /b\n"
    assert disallowed(body, "/a")
    assert disallowed(body, "/b")
    assert not disallowed(body, "/a", "Other")


def test_named_and_star() -> None:
    body = b"User-agent: *\nDisallow: /\n\nUser-agent: CCBot\nAllow: /\n"
    verdict = parse(body).verdict(AGENTS, "/")
    assert (verdict.disallowed, verdict.named, verdict.star) == (True, False, True)
    assert (verdict.agent, verdict.rule) == ("*", "Disallow: /")
    assert not parse(body).verdict(["CCBot"], "/").disallowed


def test_the_named_agent_is_reported_first() -> None:
    body = b"User-agent: *\nDisallow: /\nUser-agent: GPTBot\nDisallow: /x\n"
    verdict = parse(body).verdict(["CCBot", "GPTBot"], "/x")
    assert (verdict.agent, verdict.rule, verdict.named, verdict.star) == (
        "gptbot", "Disallow: /x", True, True,
    )  # fmt: skip


def test_empty_disallow_and_robots_itself() -> None:
    assert not disallowed("User-agent: *\nDisallow:\n", "/")
    assert not disallowed("User-agent: *\nDisallow: /\n", "/robots.txt")
    assert disallowed("User-agent: *\nDisallow: /\n", "")


def test_size_limit() -> None:
    head = b"User-agent: *\n"
    padding = b"#" * 79 + b"\n"
    early = head + padding * (501 * 1024 // 80) + b"Disallow: /x\n" + padding * 1300
    assert len(early) > 600 * 1024 > MAX_BODY_BYTES
    assert disallowed(early, "/x")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "empty"),
        (b"\n# only a comment\n", "empty"),
        (b"Sitemap: https://x.example/s.xml", "empty"),
        (b"User-agent: *\nDisallow:", "rules"),
        (b" <!DOCTYPE html><html><body>User-agent: *\nDisallow: /</body>", "not_robots"),
        (b"\xef\xbb\xbf<html>", "not_robots"),
        (b"User-agent: *\0\nDisallow: /", "not_robots"),
        (bytes(range(128, 256)) * 4, "not_robots"),
        ("User-agent: *\nDisallow: /é".encode("latin-1"), "rules"),
    ],
)
def test_status(body: bytes, status: str) -> None:
    assert parse(body).status == status


def test_preferences_by_group_and_path() -> None:
    body = b"""
User-agent: *
Content-Signal: search=yes, ai-train=no
Content-Usage: train-ai=y
Content-Usage: /news train-ai=n
Content-Usage: /news/free train-ai=y
Allow: /

User-agent: Other
Content-Signal: ai-train=yes
Allow: /
"""
    robots = parse(body)
    assert robots.verdict(AGENTS, "/").content_signals == ("search=yes, ai-train=no",)
    assert robots.verdict(AGENTS, "/").content_usages == ("train-ai=y",)
    assert robots.verdict(AGENTS, "/news/1").content_usages == ("train-ai=n",)
    assert robots.verdict(AGENTS, "/news/free").content_usages == ("train-ai=y",)
    assert robots.verdict(["Other"], "/").content_signals == ("ai-train=yes",)


def test_json_round_trip() -> None:
    body = "User-agent: CCBot\nUser-agent: *\nContent-Usage: /ü train-ai=n\n"
    body += "Disallow: /\u2028x\nAllow: /y\n"
    robots = parse(body.encode())
    line = robots.to_json()
    assert "\n" not in line
    assert Robots.from_json(line) == robots
    assert Robots.from_json(line).verdict(AGENTS, "/y") == robots.verdict(AGENTS, "/y")
    assert Robots.from_json(Robots("not_robots").to_json()) == Robots("not_robots")
