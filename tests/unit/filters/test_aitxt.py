from __future__ import annotations

import pytest

from filters.aitxt import AiTxt, parse

AGENTS = ("CCBot", "GPTBot")


def verdict(body: str, path: str = "/a") -> str:
    return parse(body.encode()).verdict(AGENTS, path)[0]


ALL_TEXT = "\n".join(f"Disallow: *.{kind}" for kind in ("txt", "pdf", "doc", "html", "htm", "md"))
IMAGES = "\n".join(f"Disallow: *.{kind}" for kind in ("bmp", "gif", "jpg", "png", "webp"))


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ("User-Agent: *\nDisallow: *.html", "/a", "reserved"),
        ("User-Agent: *\nDisallow: *.txt", "/a", "reserved"),
        ("User-Agent: *\nDisallow: /", "/a", "reserved"),
        ("User-Agent: *\nDisallow: *\nDisallow: /", "/a", "reserved"),
        ("User-Agent: *\n" + ALL_TEXT, "/a", "reserved"),
        ("User-Agent: *\n" + IMAGES, "/a", "allowed"),
        ("User-Agent: *\n" + IMAGES, "/a.png", "reserved"),
        ("User-Agent: *\n" + IMAGES + "\nAllow: *.html\nAllow: *.txt", "/a", "allowed"),
        ("User-Agent: *\nDisallow: /private", "/private/x", "reserved"),
        ("User-Agent: *\nDisallow: /private", "/a", "allowed"),
        ("User-Agent: *\nAllow: *.html\nAllow: /\nDisallow: *.jpg", "/a", "allowed"),
        ("User-Agent: GPTBot\nDisallow: *.html", "/a", "reserved"),
        ("User-Agent: Other\nDisallow: *.html", "/a", "unknown"),
    ],
)
def test_spawning(body: str, path: str, expected: str) -> None:
    assert verdict(body, path) == expected


HEAD = "# ai.txt\nSpec-Version: 1.0\nSite-Name: Beispiel\n"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ("Training: deny", "/a", "reserved"),
        ("training : DENY", "/a", "reserved"),
        ("Training: allow", "/a", "allowed"),
        ("Training: perhaps", "/a", "unknown"),
        ("Scraping: deny", "/a", "unknown"),
        ("Training: allow\nTraining: deny", "/a", "reserved"),
        ("Training: deny\nTraining: allow", "/a", "reserved"),
        ("Training: conditional\nTraining-License: CC-BY-4.0", "/a", "reserved"),
        ("Training: conditional\nTraining-Allow: /free/*", "/free/a", "allowed"),
        ("Training: conditional\nTraining-Allow: /free/*", "/a", "reserved"),
        ("Training: allow\nTraining-Deny: /paid/*", "/paid/a", "reserved"),
        ("Training-Allow: /a\nTraining-Deny: /a", "/a", "reserved"),
        ("Training: conditional\nTraining-Allow: /a/b\nTraining-Deny: /a", "/a/b", "allowed"),
        ("Training: allow\nAgent: GPTBot\n  Training: deny", "/a", "reserved"),
        ("Training: allow\nAgent: Other\n  Training: deny", "/a", "allowed"),
        ("Agent: *\n  Training: deny", "/a", "reserved"),
        ("Training: deny\nAgent: GPTBot\n  Training: allow", "/a", "reserved"),
        ("Agent: Other\n  Rate-Limit: 1/minute\nTraining: deny", "/a", "reserved"),
        ("Training: allow\nUser-Agent: *\nDisallow: /", "/a", "reserved"),
    ],
)
def test_the_draft_of_2026(body: str, path: str, expected: str) -> None:
    assert verdict(HEAD + body, path) == expected


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "empty"), (b"# My site\nIt sells bread.\n", "empty"),
        (b"<!doctype html><p>", "not_text"),
        (b"\0\1\2", "not_text"), (b"Training: deny", "rules"),
        (b"\xef\xbb\xbfTraining: deny", "rules"), (b"Disallow: /", "empty"),
        (b"Training:" * 60_000, "empty"), (b"Agent: x\n" * 50_000, "empty"),
    ],
)  # fmt: skip
def test_status(body: bytes, status: str) -> None:
    parsed = parse(body)
    assert parsed.status == status
    assert parsed.verdict(AGENTS, "/")[0] == ("reserved" if body.endswith(b" deny") else "unknown")


def test_patterns_are_capped() -> None:
    body = b"".join(b"Training-Deny: /%d\n" % n for n in range(5_000))
    assert len(parse(body).deny) == 1_000


def test_the_line_that_decides_is_named() -> None:
    body = b"User-Agent: *\nDisallow: *.html\n"
    assert parse(body).verdict(AGENTS, "/a") == ("reserved", "Disallow: *.html")
    body = b"Agent: GPTBot\n  Training: deny\n"
    assert parse(body).verdict(AGENTS, "/a") == ("reserved", "Agent: gptbot, Training: deny")


def test_json_round_trip() -> None:
    body = HEAD + "User-Agent: *\nDisallow: *.html\nAgent: x\n  Training: deny\nTraining-Deny: /ü"
    parsed = parse(body.encode())
    assert AiTxt.from_json(parsed.to_json()) == parsed
    assert AiTxt.from_json(AiTxt("empty").to_json()) == AiTxt("empty")
