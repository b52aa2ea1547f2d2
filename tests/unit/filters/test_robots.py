from __future__ import annotations

import hashlib

import pytest
from protego import Protego  # type: ignore[import-untyped]

from benchmarks import bench_robots_readings as readings
from benchmarks import robots_corpus
from filters.robots import Robots, parse
from filters.robots_text import MAX_BODY_BYTES, decode

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


@pytest.mark.parametrize(
    "line",
    ["Crawl-delay: 9", "Content-Signal: ai-train=no", "Content-Usage: train-ai=n", "Foo: bar"],
)
def test_difference_to_protego_interleaved_directives(line: str) -> None:
    body = f"User-agent: CCBot\n{line}\nUser-agent: GPTBot\nDisallow: /\n"
    assert Protego.parse(body).can_fetch("https://h.example/", "CCBot")
    verdict = parse(body.encode()).verdict(["CCBot"], "/")
    assert (verdict.disallowed, verdict.ambiguous) == (True, True)
    assert not parse(body.encode()).verdict(["GPTBot"], "/").ambiguous, "both read it alike"


@pytest.mark.parametrize("line", ["Sitemap: https://h.example/s.xml", "Host: h.example", "", "#"])
def test_lines_about_the_whole_site_are_not_ambiguous(line: str) -> None:
    body = f"User-agent: CCBot\n{line}\nUser-agent: GPTBot\nDisallow: /\n"
    assert not Protego.parse(body).can_fetch("https://h.example/", "CCBot")
    verdict = parse(body.encode()).verdict(["CCBot"], "/")
    assert (verdict.disallowed, verdict.ambiguous) == (True, False)


def test_difference_to_protego_byte_order_mark() -> None:
    body = "\ufeffUser-agent: *\nDisallow: /\n"
    assert Protego.parse(body).can_fetch("https://h.example/", "CCBot")
    assert disallowed(body, "/")


@pytest.mark.parametrize("block", range(4))
def test_every_difference_to_protego_has_a_known_cause(block: int) -> None:
    for body in robots_corpus.invented(block, 60):
        paths = readings.paths_of(decode(body)[0])
        ours = readings.ours(body, paths)
        if ours != readings.theirs(body.decode(), paths):
            assert readings.cause(body, paths, ours) != "other", body


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


@pytest.mark.parametrize(
    "value", ["GPTBot, CCBot", "GPTBot,CCBot", "GPTBot; CCBot", "GPTBot|CCBot"]
)
def test_a_list_of_agents_is_one_unknown_token(value: str) -> None:
    robots = parse(f"User-agent: {value}\nDisallow: /\n".encode())
    assert robots.invalid_agents == 1
    verdict = robots.verdict(AGENTS, "/")
    assert (verdict.disallowed, verdict.ambiguous) == (False, True)
    assert not robots.verdict(["Other"], "/").ambiguous


def test_a_list_does_not_name_agents_away_from_the_group_of_all() -> None:
    body = b"User-agent: *\nDisallow: /\nUser-agent: GPTBot, CCBot\nDisallow:\n"
    verdict = parse(body).verdict(["CCBot"], "/")
    assert (verdict.disallowed, verdict.star, verdict.ambiguous) == (True, True, True)


@pytest.mark.parametrize(
    "value",
    ["CCBot", "ccbot", "CCBot/2.0", "CCBot/2.0 (https://h.example/bot)", "CCBot (a crawler)",
     "CCBot 2.0", "*CCBot*", "CCBot # the crawler", "CCBot\t"],
)  # fmt: skip
def test_spellings_of_an_agent(value: str) -> None:
    assert disallowed(f"User-agent: {value}\nDisallow: /\n", "/")


@pytest.mark.parametrize(
    "value", ["CC", "CCBot-News", "xCCBot", "", "**", "Mozilla/5.0 (CCBot/2.0)"]
)
def test_other_agents(value: str) -> None:
    assert not disallowed(f"User-agent: {value}\nDisallow: /\n", "/")


def test_names_of_two_words() -> None:
    body = "User-agent: Kangaroo Bot\nDisallow: /\n"
    assert disallowed(body, "/", "Kangaroo Bot")
    assert not disallowed(body, "/", "Bot")


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
        (b"<?xml version='1.0'?><error/>", "not_robots"),
        (b"<!-- made by hand -->\nUser-agent: *\nDisallow: /", "rules"),
        (b"User-agent: *\0\nDisallow: /", "not_text"),
        (bytes(range(128, 256)) * 4, "not_text"),
        (b"\x01\x02\x03User-agent: *\n", "not_text"),
        ("User-agent: *\nDisallow: /".encode("utf-16"), "rules"),
        ("User-agent: *\nDisallow: /".encode("utf-16-le"), "not_text"),
        (b"Content-Signal: ai-train=no", "empty"),
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
    odd = parse(
        b"License: https://h.example/\nUser-agent: a\nFoo: b\nUser-agent: c, d\n# 2019/790\n"
    )
    assert odd.other_readings
    assert Robots.from_json(odd.to_json()) == odd


@pytest.mark.parametrize(
    "body",
    [
        b"<html>\nUser-agent: *\nDisallow: /\n</html>",
        b"User-agent: *\0\nDisallow: /",
        "User-agent: *\nDisallow: /".encode("utf-16-le"),
        b"User-agent: *\nDisallow: /\n# " + bytes(range(160, 255)) * 3,
    ],
)
def test_what_is_no_robots_txt_does_not_permit_silently(body: bytes) -> None:
    robots = parse(body)
    assert robots.groups == ()
    verdict = robots.verdict(AGENTS, "/")
    assert (verdict.disallowed, verdict.ambiguous) == (False, True)
    assert not parse(b"<html><p>Not found</p></html>").verdict(AGENTS, "/").ambiguous


def test_bytes_of_another_charset_in_a_path() -> None:
    body = "User-agent: *\nDisallow: /caf\xe9".encode("latin-1")
    assert disallowed(body, "/caf%E9/x")
    assert not disallowed(body, "/caf")


def test_utf_16_with_its_mark() -> None:
    assert disallowed("User-agent: *\nDisallow: /x".encode("utf-16"), "/x")


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        # RFC 9309, section 5.1
        ("User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/", "/a.gif",
         True),
        ("User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/",
         "/publications/x", False),
        ("User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif",
         "/x", False),
        # 5.2: the longest match
        ("User-Agent: ccbot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
         "/example/page/disallowed.gif", True),
        ("User-Agent: ccbot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
         "/example/page/other.gif", False),
        # 2.2.1: a group without rules, and the group of all when no other is there
        ("User-Agent: ccbot\nUser-Agent: *\nDisallow: /a", "/a", True),
        ("User-Agent: bazbot\nUser-Agent: *", "/a", False),
        ("User-Agent: bazbot\nDisallow: /", "/a", False),
        # 2.2.2: escapes; letters are compared in their case
        ("User-Agent: *\nDisallow: /foo/bar/ツ", "/foo/bar/%E3%83%84", True),
        ("User-Agent: *\nDisallow: /foo/bar/%E3%83%84", "/foo/bar/ツ", True),
        ("User-Agent: *\nDisallow: /foo/bar/%62%61%7A", "/foo/bar/baz", True),
        ("User-Agent: *\nDisallow: /foo?bar=https://foo.bar", "/foo?bar=https://foo.bar", True),
        ("User-Agent: *\nDisallow: /X/", "/x/y", False),
        ("User-Agent: *\nDisallow: /x/", "/x/y", True),
        # 2.2.3: special characters
        ("User-Agent: *\nDisallow: /foo/bar/quz\nAllow: /foo/*/qux", "/foo/bar/quz", True),
        ("User-Agent: *\nDisallow: /foo/bar$\nAllow: /foo/bar/qux", "/foo/bar", True),
        ("User-Agent: *\nDisallow: /foo/bar$\nAllow: /foo/bar/qux", "/foo/bar/", False),
        ("User-Agent: *\n# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /", "/foo/quz#qux", True),
        ("User-Agent: *\nDisallow: /path/file-with-a-%2A.html", "/path/file-with-a-*.html", True),
        ("User-Agent: *\nDisallow: /path/foo-%24", "/path/foo-$", True),
        # Equal length: the least restrictive; the same line twice
        ("User-Agent: *\nDisallow: /\nAllow: /", "/x", False),
        ("User-Agent: *\nAllow: /p\nDisallow: /*", "/p", False),
        ("User-Agent: *\nDisallow: /fo\nAllow: /f*", "/foo", False),
        ("User-Agent: *\nAllow: /folder\nDisallow: /folder/page", "/folder/page", True),
        ("User-Agent: *\nAllow: /page\nDisallow: /*.htm", "/page.htm", True),
        ("User-Agent: *\nAllow: /$\nDisallow: /", "/", False),
        ("User-Agent: *\nAllow: /$\nDisallow: /", "/page.html", True),
        # Lines without a separator, misspelt, and before any group
        ("user-agent *\ndisallow /", "/x", True),
        ("foo: *\nbar: /", "/x", False),
        ("useragent: *\ndissallow: /", "/x", True),
        ("disallow: /\nuser-agent: *\nallow: /y", "/x", False),
        ("User-agent: *\nDisallow /a:b", "/a:b", True),
        ("User-agent: a\n\nDisallow: /x\n\nUser-agent: *\n\n\nDisallow: /y", "/y", True),
        # Rules that are no paths match nothing
        ("User-agent: *\nDisallow: x", "/x", False),
        ("User-agent: *\nDisallow: https://h.example/", "/x", False),
    ],
)  # fmt: skip
def test_vectors_of_rfc_9309_and_of_googles_parser(body: str, path: str, expected: bool) -> None:
    assert disallowed(body, path) is expected


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("/fish", ["/fish", "/fish.html", "/fish/salmon.html", "/fishheads", "/fish.php?id=x"],
         ["/Fish.asp", "/catfish", "/?id=fish"]),
        ("/fish*", ["/fish", "/fish.html", "/fishheads/yummy.html"], ["/Fish", "/catfish"]),
        ("/fish/", ["/fish/", "/fish/salmon", "/fish/?salmon"], ["/fish", "/fish.html", "/Fish/x"]),
        ("/*.php", ["/filename.php", "/folder/filename.php?parameters", "/filename.php/"],
         ["/", "/windows.PHP"]),
        ("/*.php$", ["/filename.php", "/folder/filename.php"],
         ["/filename.php?parameters", "/filename.php/", "/filename.php5"]),
        ("/fish*.php", ["/fish.php", "/fishheads/catfish.php?parameters"], ["/Fish.PHP"]),
    ],
)  # fmt: skip
def test_tables_of_googles_documentation(
    pattern: str, matching: list[str], others: list[str]
) -> None:
    body = f"User-agent: *\nDisallow: {pattern}\n"
    assert all(disallowed(body, path) for path in matching)
    assert not any(disallowed(body, path) for path in others)


def test_preferences_before_any_group_hold_for_all() -> None:
    robots = parse(b"Content-Signal: ai-train=no\n\nUser-agent: Googlebot\nDisallow: /x\n")
    assert robots.verdict(AGENTS, "/").content_signals == ("ai-train=no",)
    assert not robots.verdict(AGENTS, "/").applies


def test_preferences_of_a_group_are_of_its_agents_only() -> None:
    body = b"User-agent: Googlebot\nContent-Signal: ai-train=no\nUser-agent: x\nAllow: /\n"
    assert parse(body).verdict(["GPTBot"], "/").content_signals == ()
    assert parse(body).verdict(["Googlebot"], "/").content_signals == ("ai-train=no",)


def test_licenses_are_collected_from_every_group() -> None:
    body = (
        b"License: https://h.example/a.xml\nUser-agent: x\nDisallow: /\nlicense: /b.xml\nLicense:"
    )
    assert parse(body).licenses == ("https://h.example/a.xml", "/b.xml")
    many = b"".join(b"License: https://h.example/%d\n" % n for n in range(1000))
    assert len(parse(many).licenses) == 10


@pytest.mark.parametrize(
    ("remark", "found"),
    [
        ("# Reserved under Article 4 of Directive (EU) 2019/790.", "2019/790"),
        ("# Nutzungsvorbehalt nach § 44b UrhG", "§ 44b UrhG"),
        ("# We do not permit text and data mining.", "text and data min"),
        ("# Text- und Data-Mining wird untersagt", "Text- und Data-Min"),
        ("# fouille de textes et de données interdite", "fouille de textes et de donn"),
        ("No TEXT AND DATA MINING without a licence", "TEXT AND DATA MIN"),
        ("Disallow: /x # tekst- en datamining verboden", "tekst- en datamin"),
        ("# minería de textos y datos", "minería de textos y datos"),
        ("# a mine of texts, 44b Street, 2019/79", None),
        ("Disallow: /text-and-data-mining", None),
    ],
)
def test_reservations_in_prose(remark: str, found: str | None) -> None:
    assert parse(f"User-agent: x\n{remark}\nDisallow: /\n".encode()).natural_language == found


def test_the_digest_is_of_the_bytes_given() -> None:
    body = b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /"
    assert parse(body).sha256 == hashlib.sha256(body).hexdigest()


def test_wildcards_past_the_cap_can_only_reserve_more() -> None:
    head = b"User-agent: *\n" + b"".join(b"Disallow: /%d*x\n" % n for n in range(2_000))
    robots = parse(head + b"Disallow: /late*y\nAllow: /0*\nDisallow: /plain\n")
    assert robots.truncated
    paths = ("/0x", "/late", "/plain", "/other")
    found = [robots.verdict(AGENTS, path).disallowed for path in paths]
    assert found == [True, True, True, False]
    assert parse(head + b"Disallow: *z\n").verdict(AGENTS, "/other").disallowed
    assert not parse(head).truncated


@pytest.mark.parametrize(
    ("body", "is_silent"),
    [
        (b"", True), (b"# hello\nSitemap: /s.xml", True), (b"<html><p>Not found</p></html>", True),
        (b"\0\1\2", True), (b"Disallow: /", True), (b"User-agent: *", False),
        (b"User-agent: a, b\nDisallow: /", False), (b"<html>\nUser-agent: *\nDisallow: /", False),
        (b"# 2019/790", False), (b"License: /l.xml", False),
        (b"Content-Signal: ai-train=no", False),
    ],
)  # fmt: skip
def test_files_that_say_nothing(body: bytes, is_silent: bool) -> None:
    assert parse(body).is_silent is is_silent
