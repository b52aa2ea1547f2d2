from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import filters
from filters import aitxt, rsl, tdmrep
from filters.licences import Licence
from filters.optout import (
    from_ai_txt,
    from_domain_list,
    from_headers,
    from_meta,
    from_page,
    from_robots,
    from_rsl,
    from_tdmrep,
    resolved,
)
from filters.page_facts import Link, PageFacts
from filters.rights import POLICIES, Rights, combine
from filters.robots import parse, product_token
from filters.robots_fetch import NO_ANSWER, STATUSES

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
    assert (rights.robots, rights.tdmrep, rights.noai) == (None, None, None)


@pytest.mark.parametrize("status", STATUSES)
def test_no_robots_file(status: str) -> None:
    findings = from_robots(None, status, AGENTS, "/")
    rights = combine(findings)
    assert rights.decision == "unknown"
    assert rights.robots is not None
    assert rights.robots.status == status
    strict = combine(findings, POLICIES["strict"], "strict")
    assert (strict.decision == "reserved") is (status in NO_ANSWER)
    assert strict.reasons == (("rights.robots_unreachable",) if status in NO_ANSWER else ())


def test_robots_reserve() -> None:
    rights = by_robots("User-agent: GPTBot\nDisallow: /\n")
    assert (rights.decision, rights.decided_by) == ("reserved", ("robots",))
    assert rights.reasons == ("rights.robots",)
    seen = rights.robots
    assert seen is not None
    assert (seen.status, seen.agent, seen.rule) == ("rules", "gptbot", "Disallow: /")
    assert (seen.named, seen.star, seen.source, seen.ambiguous) == (True, False, "at_crawl", False)
    assert seen.sha256 == hashlib.sha256(b"User-agent: GPTBot\nDisallow: /\n").hexdigest()


def test_a_file_for_all_that_frees_one_agent_reserves_by_the_others() -> None:
    rights = by_robots("User-agent: *\nDisallow: /\n\nUser-agent: CCBot\nAllow: /\n")
    assert rights.decided_by == ("robots",)
    assert rights.robots is not None
    assert (rights.robots.named, rights.robots.star) == (False, True)


def test_robots_that_block_others_only_do_not_reserve() -> None:
    assert by_robots("User-agent: Googlebot\nDisallow: /\n").decision == "unknown"
    assert by_robots("User-agent: *\nDisallow: /private\n").decision == "allowed"


def test_a_page_in_place_of_robots_decides_nothing() -> None:
    rights = by_robots("<html><body>User-agent: * Disallow: /")
    assert rights.decision == "unknown"
    assert rights.robots is not None
    assert rights.robots.status == "not_robots"


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
        assert rights.decision == decision
        assert (rights.tdmrep and rights.tdmrep.value) == number


@pytest.mark.parametrize(
    ("header", "meta", "number"),
    [("1", "0", 0), ("0", "1", 1), ("1", "", 1), ("1", "x", 1)],
)
def test_meta_overrides_the_header(header: str, meta: str, number: int) -> None:
    findings = from_headers([("tdm-reservation", header)]) + from_meta([("tdm-reservation", meta)])
    rights = combine(findings)
    assert rights.tdmrep is not None
    assert rights.tdmrep.value == number


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


TRAINING_AGENTS_OF_THE_SPECIFICATION = (
    "AI2Bot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot",
    "cohere-training-data-crawler", "Diffbot", "FacebookBot", "Meta-ExternalAgent",
    "Google-Extended", "GPTBot", "PanguBot", "anthropic-ai", "Claude-Web", "cohere-ai", "Amazonbot",
    "omgili", "omgilibot", "Webzio-Extended", "Timpibot", "ICC-Crawler", "img2dataset",
    "LAIONDownloader", "laion-huggingface-processor", "Kangaroo Bot", "SBIntuitionsBot",
    "DeepSeekBot",
)  # fmt: skip


def test_the_list_of_agents() -> None:
    """Checked line by line: this package has no YAML parser."""
    lines = (Path(filters.__file__).parent / "agents.yaml").read_text("utf-8").splitlines()
    entries = [line for line in lines if line.startswith("  - {name: ")]
    names = [line.partition("name: ")[2].partition(",")[0] for line in entries]
    assert len(set(names)) == len(names) > 30
    purposes = [line.partition("purpose: ")[2].partition(",")[0] for line in entries]
    assert set(purposes) == {"training", "search", "user"}
    assert {product_token(name) for name in TRAINING_AGENTS_OF_THE_SPECIFICATION} <= {
        product_token(name)
        for name, purpose in zip(names, purposes, strict=True)
        if purpose == "training"
    }
    purpose_of = dict(zip(names, purposes, strict=True))
    assert {purpose_of[name] for name in ("CCBot", "GPTBot", "Google-Extended")} == {"training"}


@pytest.mark.parametrize(
    ("value", "directives", "noimageai"),
    [
        ("noindex, nofollow", ("nofollow", "noindex"), False),
        ("noimageai", ("noimageai",), True),
        ("noarchive, nosnippet, max-snippet:0", ("noarchive", "nosnippet"), False),
        ("googlebot: noindex", (), False),
        ("index, follow", (), False),
    ],
)
def test_other_directives_are_recorded_and_reserve_nothing(
    value: str, directives: tuple[str, ...], noimageai: bool
) -> None:
    for rights in (by_headers(("X-Robots-Tag", value)), by_meta(("robots", value))):
        assert (rights.decision, rights.directives) == ("unknown", directives)
        assert ("noimageai" in rights.reserved_by) is noimageai
        assert combine([], POLICIES["strict"]).decision == "unknown"


def test_agents_of_two_words_scope_a_header() -> None:
    assert by_headers(("X-Robots-Tag", "Kangaroo Bot: noai")).noai
    assert not by_headers(("X-Robots-Tag", "Other Bot: noindex")).reserved_by


def test_noml_reserves_as_noai_does() -> None:
    assert by_meta(("robots", "noml")).decided_by == ("noai",)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\u2028"])
@pytest.mark.parametrize(
    ("name", "value", "channel"),
    [
        ("tdm-reservation", "0{}TDM-Reservation: 1", "tdm_reservation"),
        ("tdm-reservation", "0{}1", "tdm_reservation"),
        ("x-robots-tag", "noindex{}noai", "noai"),
        ("x-robots-tag", "googlebot: noindex{}X-Robots-Tag: noai", "noai"),
        ("content-usage", "search=y{}Content-Usage: train-ai=n", "content_usage"),
        ("server", "x{}X-Robots-Tag: noai", "noai"),
    ],
)
def test_smuggled_line_ends_can_only_reserve(name: str, value: str, channel: str, end: str) -> None:
    rights = by_headers((name, value.format(end)))
    assert channel in rights.decided_by
    assert rights.unreadable == ("a line end inside a header",)


def test_line_ends_in_headers_of_others_are_nothing_to_us() -> None:
    assert by_headers(("set-cookie", "a=b\r\nfoo: bar")).reserved_by == ()


def test_evidence_is_short_and_shows_no_controls() -> None:
    value = "noai, \x1b]52;\u202e" + "x" * 5000
    rights = by_meta(("content-usage", value))
    assert rights.content_usage is not None
    assert len(rights.content_usage) == 200
    assert rights.content_usage.startswith("noai, \ufffd]52;\ufffdx")


def test_a_content_usage_that_does_not_parse_is_unreadable() -> None:
    findings = from_headers([("content-usage", "train-ai=n,")])
    assert combine(findings).decision == "unknown"
    strict = combine(findings, POLICIES["strict"], "strict")
    assert strict.reasons == ("rights.unreadable",)


def test_tdmrep_precedence_is_file_header_meta() -> None:
    file = from_tdmrep(tdmrep.parse(b'[{"location": "/", "tdm-reservation": 1}]'), "/a")
    header = from_headers([("tdm-reservation", "0")])
    meta = from_meta([("tdm-reservation", "1"), ("tdm-policy", "https://h.example/p.json")])
    assert combine(file).decided_by == ("tdm_reservation",)
    assert combine([*file, *header]).decision == "allowed"
    rights = combine([*file, *header, *meta])
    assert rights.decided_by == ("tdm_reservation",)
    assert rights.tdmrep is not None
    assert (rights.tdmrep.value, rights.tdmrep.place) == (1, "meta")
    assert rights.tdmrep.policy == "https://h.example/p.json"
    assert combine([*file, *from_headers([("tdm-reservation", "")])]).decision == "reserved"
    assert combine([*file, *from_headers([("other", "")])]).decision == "reserved"


def test_a_broken_tdmrep_file_is_a_reservation_for_strict_only() -> None:
    findings = from_tdmrep(tdmrep.parse(b"[" * 100_000), "/")
    assert combine(findings).decision == "unknown"
    strict = combine(findings, POLICIES["strict"], "strict")
    assert (strict.reasons, strict.unreadable) == (
        ("rights.unreadable",), ("tdmrep.json: too_deep",),
    )  # fmt: skip


def test_ai_txt() -> None:
    text = aitxt.parse(b"User-Agent: *\nDisallow: *.html\n")
    rights = combine(from_ai_txt(text, AGENTS, "/a"))
    assert (rights.decided_by, rights.ai_txt) == (("ai_txt",), "Disallow: *.html")
    assert from_ai_txt(aitxt.parse(b"<html>not found"), AGENTS, "/a") == []
    assert combine(from_ai_txt(aitxt.parse(b"hello"), AGENTS, "/a")).ai_txt == "empty"


PROHIBITING = b"""<rsl xmlns="https://rslstandard.org/rsl"><content url="/a">
<license><prohibits type="usage">ai-train</prohibits></license></content></rsl>"""


def test_rsl_that_is_only_named_is_unresolved() -> None:
    for findings in (
        from_robots(parse(b"License: https://h.example/l.xml"), "empty", AGENTS, "/a"),
        from_headers(
            [("Link", '<https://h.example/l.xml>; rel="license"; type="application/rsl+xml"')]
        ),
        from_page(PageFacts(links=(Link("link", "license", "application/rsl+xml", "/l.xml"),))),
    ):
        assert combine(findings).decision == "unknown"
        strict = combine(findings, POLICIES["strict"], "strict")
        assert (strict.reasons, strict.rsl) == (("rights.rsl_unresolved",), "unresolved")
        had = {"https://h.example/l.xml": rsl.parse(PROHIBITING)}
        found = resolved(findings, had.get, "https://h.example/a", "/a")
        rights = combine(found)
        assert (rights.decided_by, rights.rsl) == (("rsl",), "prohibits")
        other = resolved(findings, had.get, "https://h.example/b", "/b")
        assert combine(other, POLICIES["strict"]).decision == "unknown"
        lost = resolved(findings, {}.get, "https://[", "/b")
        assert combine(lost).reserved_by == ("rsl_unresolved",)


def test_rsl_documents_that_are_not_read() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aa">]><rsl xmlns="https://rslstandard.org/rsl">&a;</rsl>'
    rights = combine(from_rsl(rsl.parse(bomb), "/"), POLICIES["strict"])
    assert (rights.reasons, rights.rsl) == (("rights.rsl_unresolved",), "declares_entities")
    assert combine(from_rsl(None, "/")).rsl == "unresolved"


def test_rsl_inside_a_page_is_about_the_page() -> None:
    facts = PageFacts(scripts=(("application/rsl+xml", PROHIBITING.decode()),))
    assert combine(from_page(facts)).decided_by == ("rsl",)


def test_pages_that_are_not_free_to_read() -> None:
    script = '{"@type": "NewsArticle", "isAccessibleForFree": false}'
    rights = combine(from_page(PageFacts(scripts=(("application/ld+json", script),))))
    assert (rights.decided_by, rights.accessible_for_free) == (("paywalled",), False)
    free = script.replace("false", "true")
    rights = combine(from_page(PageFacts(scripts=(("Application/LD+JSON; x=y", free),))))
    assert (rights.decision, rights.accessible_for_free) == ("unknown", True)
    rights = combine(from_page(PageFacts(metas=(("isAccessibleForFree", "False"),))))
    assert rights.decided_by == ("paywalled",)


def test_a_licence_is_recorded_and_lifts_nothing() -> None:
    facts = PageFacts(
        metas=(("robots", "noai"),),
        links=(Link("link", "license", "", "https://creativecommons.org/licenses/by/4.0/"),),
    )
    rights = combine(from_page(facts))
    assert rights.licence == Licence("CC-BY", "4.0", "link", "high")
    assert rights.decided_by == ("noai",)
    assert combine(from_page(PageFacts(links=facts.links))).decision == "unknown"


def test_an_opted_out_domain() -> None:
    rights = combine(from_domain_list("h.example"))
    assert rights.reasons == ("rights.domain_list",)
    assert from_domain_list(None) == []


def test_prose_is_recorded_and_reserves_for_strict() -> None:
    body = b"# Reserved: Directive (EU) 2019/790\nUser-agent: *\nDisallow:"
    findings = from_robots(parse(body), "rules", AGENTS, "/")
    assert combine(findings).decision == "allowed"
    strict = combine(findings, POLICIES["strict"], "strict")
    assert (strict.reasons, strict.natural_language) == (("rights.natural_language",), "2019/790")


def test_an_ambiguous_file_reserves_for_strict() -> None:
    body = b"User-agent: GPTBot, CCBot\nDisallow: /"
    findings = from_robots(parse(body), "rules", AGENTS, "/")
    assert combine(findings).decision == "unknown"
    assert combine(findings, POLICIES["strict"]).reasons == ("rights.robots_ambiguous",)


def test_headers_that_are_too_long_are_read_in_part() -> None:
    findings = from_headers([("x-robots-tag", "noindex, " * 10_000 + "noai")])
    assert combine(findings).unreadable == ("x-robots-tag is too long",)
    assert combine(findings, POLICIES["strict"]).reasons == ("rights.unreadable",)
    assert combine(from_headers([("x-robots-tag", "noai, " * 10_000)])).decided_by == ("noai",)
    assert from_headers([("set-cookie", "x" * 50_000)]) == []


def test_more_markup_than_is_read_does_not_permit() -> None:
    findings = from_page(PageFacts.of({"metas": [["robots", "noindex"]], "is_cut": True}))
    assert combine(findings).decision == "unknown"
    assert combine(findings, POLICIES["strict"]).reasons == ("rights.unreadable",)
    assert combine(from_page(PageFacts.of({})), POLICIES["strict"]).reserved_by == ()


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        ("ai-train=no", "reserved"), ("search=yes, AI-Train = No", "reserved"),
        ("ai-train=yes", "allowed"), ("ai-train=yes, ai-train=no", "reserved"),
        ("ai-input=no", "unknown"), ("ai-train", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_content_signal_in_a_header(value: str, decision: str) -> None:
    rights = by_headers(("Content-Signal", value))
    assert (rights.decision, rights.content_signal) == (decision, value)
