from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from filters import tdmrep
from filters.optout import from_headers, from_meta, from_robots, from_tdmrep
from filters.rights import CHANNELS, POLICIES, Finding, chosen, combine, reasons
from filters.robots import parse

AGENTS = ("CCBot", "GPTBot")


def against(channel: str) -> Finding:
    return Finding(channel, "reserved", "meta")


def test_any_reservation_wins_and_channels_are_in_order() -> None:
    findings = [
        *from_meta([("robots", "noai")]),
        *from_headers([("tdm-reservation", "1"), ("content-usage", "train-ai=y")]),
        *from_robots(parse(b"User-agent: *\nAllow: /"), "ok", AGENTS, "/"),
    ]
    rights = combine(findings)
    assert rights.decision == "reserved"
    assert rights.decided_by == ("tdm_reservation", "noai")
    assert rights.reasons == ("rights.tdm_reservation", "rights.noai")
    assert combine(findings[::-1]) == rights


def test_permissions_name_their_channels() -> None:
    rights = combine(from_headers([("content-usage", "train-ai=y"), ("tdm-reservation", "0")]))
    assert (rights.decision, rights.decided_by) == ("allowed", ("content_usage", "tdm_reservation"))
    assert rights.reasons == ()


def test_channels_are_a_closed_list() -> None:
    assert list(CHANNELS.values()) == [f"rights.{channel}" for channel in CHANNELS]
    assert Finding("robots", "unknown", "robots").channel in CHANNELS


def test_policies_are_made_of_channels_and_strict_heeds_more() -> None:
    assert set(POLICIES["standard"]) < set(POLICIES["strict"]) < set(CHANNELS)
    for channels in POLICIES.values():
        assert list(channels) == [channel for channel in CHANNELS if channel in channels]
    assert "noimageai" not in POLICIES["strict"], "it is about images"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_reserves_where_the_policy_heeds_it(channel: str, policy: str) -> None:
    rights = combine([against(channel)], POLICIES[policy], policy)
    is_heeded = channel in POLICIES[policy]
    assert (rights.decision == "reserved") is is_heeded
    assert rights.reasons == ((CHANNELS[channel],) if is_heeded else ())
    assert (rights.reserved_by, rights.policy) == ((channel,), policy)


@pytest.mark.parametrize("made_under", POLICIES)
@pytest.mark.parametrize("applied", POLICIES)
def test_a_stored_struct_gives_the_reasons_of_any_policy(made_under: str, applied: str) -> None:
    findings = [against(channel) for channel in reversed(CHANNELS)]
    stored = dataclasses.asdict(combine(findings, POLICIES[made_under], made_under))
    expected = combine(findings, POLICIES[applied], applied).reasons
    assert len(expected) == len(POLICIES[applied])
    assert reasons(stored, POLICIES[applied]) == expected
    assert reasons({"reserved_by": None}, POLICIES[applied]) == ()


@pytest.mark.parametrize(
    ("mode", "at_crawl", "latest", "decision"),
    [
        ("at_crawl", "Disallow: /", "Allow: /", "reserved"),
        ("at_crawl", "Allow: /", "Disallow: /", "allowed"),
        ("latest", "Disallow: /", "Allow: /", "allowed"),
        ("latest", "Allow: /", "Disallow: /", "reserved"),
        ("latest", "Disallow: /", None, "reserved"),
        ("union", "Disallow: /", "Allow: /", "reserved"),
        ("union", "Allow: /", "Disallow: /", "reserved"),
        ("union", "Allow: /", "Allow: /", "allowed"),
        ("union", "Allow: /", None, "allowed"),
    ],
)
def test_modes(mode: str, at_crawl: str, latest: str | None, decision: str) -> None:
    def found(line: str, source: str) -> list[Finding]:
        parsed = parse(f"User-agent: *\n{line}\n".encode())
        return from_robots(parsed, "rules", AGENTS, "/", source=source, fetched_at="2026-11-01")

    newer = None if latest is None else found(latest, "latest")
    rights = combine(chosen(mode, found(at_crawl, "at_crawl"), newer))
    assert rights.decision == decision
    assert rights.robots is not None
    if decision == "reserved" and latest:
        reserving = "at_crawl" if at_crawl == "Disallow: /" else "latest"
        assert rights.robots.source == reserving, "the file that reserves is the evidence"
    assert rights.robots.fetched_at == "2026-11-01"


def test_an_unreachable_newer_file_does_not_lift_the_older_one() -> None:
    older = from_robots(parse(b"User-agent: *\nDisallow: /"), "rules", AGENTS, "/")
    newer = from_robots(None, "unreachable", AGENTS, "/", source="latest")
    for mode in ("union", "latest", "at_crawl"):
        assert combine(chosen(mode, older, newer)).decision == "reserved"
    assert combine(newer).decision == "unknown"


def robots(body: str | bytes, path: str = "/a") -> list[Finding]:
    raw = body if isinstance(body, bytes) else body.encode()
    return from_robots(parse(raw), "rules", AGENTS, path)


def rules(count: int) -> bytes:
    one = b'{"location": "/%d/", "tdm-reservation": 0}'
    last = b'{"location": "/", "tdm-reservation": 1}'
    return b"[" + b",".join([*(one % n for n in range(count)), last]) + b"]"


def side(body: bytes, path: str = "/a") -> list[Finding]:
    return from_tdmrep(tdmrep.parse(body), path)


PADDING = "#" * 1023 + "\n"
DENY = "Disallow: /\n"
VECTORS: dict[str, tuple[Callable[[], list[Finding]], str, str]] = {
    # name: findings, decision of `standard`, decision of `strict`
    "byte order mark": (lambda: robots("\ufeffUser-agent: *\n" + DENY), "reserved", "reserved"),
    "CR ends lines": (lambda: robots("User-agent: *\rDisallow: /\r"), "reserved", "reserved"),
    "list of agents": (lambda: robots("User-agent: GPTBot, CCBot\n" + DENY), "unknown", "reserved"),
    "interleaved Crawl-delay": (
        lambda: robots("User-agent: CCBot\nCrawl-delay: 1\nUser-agent: x\n" + DENY),
        "reserved",
        "reserved",
    ),
    "interleaved Sitemap": (
        lambda: robots("User-agent: CCBot\nSitemap: /s\nUser-agent: x\n" + DENY),
        "reserved",
        "reserved",
    ),
    "interleaved Content-Signal": (
        lambda: robots("User-agent: CCBot\nContent-Signal: search=yes\nUser-agent: x\n" + DENY),
        "reserved",
        "reserved",
    ),
    "agent with a version": (
        lambda: robots("User-agent: CCBot/2.0\n" + DENY),
        "reserved",
        "reserved",
    ),
    "CCBot allowed, all others not": (
        lambda: robots("User-agent: *\n" + DENY + "User-agent: CCBot\nAllow: /\n"),
        "reserved",
        "reserved",
    ),
    "Disallow is empty": (lambda: robots("User-agent: *\nDisallow:\n"), "allowed", "allowed"),
    "letters and escapes": (
        lambda: robots("User-agent: *\nDisallow: /über", "/%C3%BCber"),
        "reserved",
        "reserved",
    ),
    "escapes and letters": (
        lambda: robots("User-agent: *\nDisallow: /%c3%bcber", "/über"),
        "reserved",
        "reserved",
    ),
    "600 KiB, rule at 501 KiB": (
        lambda: robots("User-agent: *\n" + PADDING * 501 + DENY + PADDING * 99),
        "reserved",
        "reserved",
    ),
    "soft 404": (
        lambda: robots("<!doctype html><h1>User-agent: * Disallow: /</h1>"),
        "unknown",
        "unknown",
    ),
    "redirect to a host that is not there": (
        lambda: from_robots(None, "redirect_outside", AGENTS, "/"),
        "unknown",
        "reserved",
    ),
    "tdmrep with a string": (
        lambda: side(b'[{"location": "/", "tdm-reservation": "1"}]'),
        "reserved",
        "reserved",
    ),
    "tdmrep with an object for the array": (
        lambda: side(b'{"location": "/", "tdm-reservation": 1}'),
        "reserved",
        "reserved",
    ),
    "tdmrep of 100,000 rules": (lambda: side(rules(100_000)), "reserved", "reserved"),
    "tdmrep of depth 100,000": (lambda: side(b"[" * 100_000), "unknown", "reserved"),
    "noai for Googlebot": (
        lambda: from_headers([("x-robots-tag", "googlebot: noai")]),
        "unknown",
        "unknown",
    ),
    "train-ai is a string": (
        lambda: from_headers([("content-usage", 'train-ai="n"')]),
        "unknown",
        "unknown",
    ),
    "key in capitals": (
        lambda: from_headers([("content-usage", "Train-AI=n")]),
        "unknown",
        "reserved",
    ),
    "last of equal keys": (
        lambda: from_headers([("content-usage", "train-ai=y, train-ai=n")]),
        "reserved",
        "reserved",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_of_the_specification(name: str) -> None:
    findings, standard, strict = VECTORS[name]
    found = findings()
    assert combine(found).decision == standard
    assert combine(found, POLICIES["strict"], "strict").decision == strict


def test_the_vector_of_one_agent_freed_says_who_is_not() -> None:
    rights = combine(VECTORS["CCBot allowed, all others not"][0]())
    assert rights.robots is not None
    assert (rights.robots.named, rights.robots.star) == (False, True)
