from __future__ import annotations

from pathlib import Path

import pytest

import filters
from filters.optout import from_headers, from_meta, from_robots
from filters.rights import CHANNELS, Finding, Rights, combine
from filters.robots import parse

AGENTS = ("CCBot", "GPTBot", "Kangaroo Bot")


def by_headers(*headers: tuple[str, str]) -> Rights:
    return combine(from_headers(headers, AGENTS))


def by_meta(*metas: tuple[str, str]) -> Rights:
    return combine(from_meta(metas, AGENTS))


def by_robots(body: str, path: str = "/") -> Rights:
    return combine(from_robots(parse(body.encode()), "ok", AGENTS, path))


def test_nothing_is_unknown() -> None:
    rights = combine([])
    assert (rights.decision, rights.decided_by, rights.reasons) == ("unknown", (), ())
    assert (rights.robots_status, rights.tdm_reservation, rights.noai) == ("unknown", None, None)


@pytest.mark.parametrize("status", ["missing", "unreachable", "unknown"])
def test_no_robots_file(status: str) -> None:
    rights = combine(from_robots(None, status, AGENTS, "/"))
    assert (rights.decision, rights.robots_status) == ("unknown", status)


def test_robots_reserve() -> None:
    rights = by_robots("User-agent: GPTBot\nDisallow: /\n")
    assert (rights.decision, rights.decided_by) == ("reserved", ("robots",))
    assert (rights.robots_agent, rights.robots_rule) == ("gptbot", "Disallow: /")
    assert (rights.robots_status, rights.reasons) == ("rules", ("rights.robots",))


def test_robots_that_block_others_only_do_not_reserve() -> None:
    assert by_robots("User-agent: Googlebot\nDisallow: /\n").decision == "unknown"
    assert by_robots("User-agent: *\nDisallow: /private\n").decision == "allowed"


def test_a_page_in_place_of_robots_decides_nothing() -> None:
    rights = by_robots("<html>User-agent: *\nDisallow: /")
    assert (rights.decision, rights.robots_status) == ("unknown", "not_robots")


def test_content_signal() -> None:
    rights = by_robots(
        "User-agent: *\nContent-Signal: search=yes, ai-train=no, use=reference\nAllow: /"
    )
    assert rights.decided_by == ("content_signal",)
    assert rights.content_signal == "search=yes, ai-train=no, use=reference"
    assert by_robots("User-agent: *\nContent-Signal: search=no\nAllow: /").decision == "allowed"


def test_content_usage_in_robots() -> None:
    body = "User-agent: *\nContent-Usage: train-ai=y\nContent-Usage: /x train-ai=n\nAllow: /"
    assert by_robots(body).decision == "allowed"
    rights = by_robots(body, "/x/1")
    assert (rights.decided_by, rights.content_usage) == (("content_usage",), "train-ai=n")


def test_equal_paths_take_the_most_restrictive_usage() -> None:
    body = "User-agent: *\nContent-Usage: /x train-ai=n\nContent-Usage: /x train-ai=y\nAllow: /"
    assert by_robots(body, "/x").decision == "reserved"


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        ("train-ai=n", "reserved"), ("train-ai=y", "allowed"), ('train-ai="n"', "unknown"),
        ("Train-AI=n", "unknown"), ("train-ai=y, train-ai=n", "reserved"),
        ("train-ai=n, train-ai=y", "allowed"),
        ("train-ai=n;x=1", "reserved"), ("search=y, train-ai=n", "reserved"), ("train-ai=n,",
        "unknown"),
        ("train-ai", "unknown"), ("genai=n", "reserved"), ("train-ai=N", "unknown"), ("",
        "unknown"),
        ("train-ai=n, !", "unknown"), ("a=(x y);q=0.5, train-ai=n", "reserved"),
        ("a=?1, b=:YQ==:, tdm=n", "reserved"),
    ],
)  # fmt: skip
def test_content_usage_header(value: str, decision: str) -> None:
    assert by_headers(("Content-Usage", value)).decision == decision


def test_content_usage_lines_are_one_value() -> None:
    rights = by_headers(("content-usage", "train-ai=y"), ("Content-Usage", "train-ai=n"))
    assert (rights.decision, rights.content_usage) == ("reserved", "train-ai=y, train-ai=n")


@pytest.mark.parametrize(
    ("value", "decision", "number"),
    [("1", "reserved", 1), (" 1 ", "reserved", 1), ("0", "allowed", 0), ("2", "unknown", None),
     ("true", "unknown", None), ("", "unknown", None)],
)  # fmt: skip
def test_tdm_reservation(value: str, decision: str, number: int | None) -> None:
    for rights in (by_headers(("TDM-Reservation", value)), by_meta(("TDM-Reservation", value))):
        assert (rights.decision, rights.tdm_reservation) == (decision, number)


@pytest.mark.parametrize(
    ("header", "meta", "number"),
    [("1", "0", 0), ("0", "1", 1), ("1", "", 1), ("1", "x", 1)],
)
def test_meta_overrides_the_header(header: str, meta: str, number: int) -> None:
    findings = from_headers([("tdm-reservation", header)]) + from_meta([("tdm-reservation", meta)])
    assert combine(findings).tdm_reservation == number


@pytest.mark.parametrize(
    ("value", "noai"),
    [
        ("noai", True), ("NoAI, noimageai", True), ("noindex, noai", True), ("noimageai", False),
        ("noindex, nofollow", False), ("googlebot: noai", False), ("gptbot: noindex, noai", True),
        ("CCBot/2.0: noai", True), ("googlebot: noindex, ccbot: noai", True),
        ("noai, googlebot: noindex", True),
        ("unavailable_after: Tue, 1 Jan 2030 10:00:00 GMT, noai", True),
        ("max-snippet:0, noai", True),
        ("googlebot: max-snippet:0, noai", False), ("*: noai", True), ("", False),
    ],
)  # fmt: skip
def test_x_robots_tag(value: str, noai: bool) -> None:
    rights = by_headers(("X-Robots-Tag", value))
    assert rights.noai is noai
    assert rights.decided_by == (("noai",) if noai else ())


def test_scopes_end_with_their_line() -> None:
    assert by_headers(("X-Robots-Tag", "googlebot: noindex"), ("X-Robots-Tag", "noai")).noai


@pytest.mark.parametrize(
    ("name", "content", "noai"),
    [("robots", "noai, noimageai", True), ("ROBOTS", "NOAI", True), ("gptbot", "noai", True),
     ("robots", "noindex", False), ("googlebot", "noai", None), ("description", "noai", None)],
)  # fmt: skip
def test_meta_robots(name: str, content: str, noai: bool | None) -> None:
    assert by_meta((name, content)).noai is noai


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
    rights = by_headers(("content-usage", "train-ai=y"), ("tdm-reservation", "0"))
    assert (rights.decision, rights.decided_by) == ("allowed", ("content_usage", "tdm_reservation"))
    assert rights.reasons == ()


def test_channels_are_a_closed_list() -> None:
    assert list(CHANNELS.values()) == [f"rights.{channel}" for channel in CHANNELS]
    assert Finding("robots", "unknown", "robots").channel in CHANNELS


def test_the_list_of_agents() -> None:
    """Checked line by line: this package has no YAML parser."""
    lines = (Path(filters.__file__).parent / "agents.yaml").read_text("utf-8").splitlines()
    entries = [line for line in lines if line.startswith("  - {name: ")]
    names = [line.partition("name: ")[2].partition(",")[0] for line in entries]
    assert len(set(names)) == len(names) > 30
    purposes = [line.partition("purpose: ")[2].partition(",")[0] for line in entries]
    assert set(purposes) == {"training", "search", "user"}
    purpose_of = dict(zip(names, purposes, strict=True))
    assert {purpose_of[name] for name in ("CCBot", "GPTBot", "Google-Extended")} == {"training"}
