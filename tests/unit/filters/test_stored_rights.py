"""Rights as a column holds them: nothing is lost on the way, and nothing personal is in them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import optout, rights, robots
from filters.page_facts import Link, PageFacts
from filters.rights import Finding
from filters.stored_rights import evidence, findings_of, from_plain, struct_of, to_plain

AGENTS = ("GPTBot", "CCBot")
FILES = (
    "User-agent: GPTBot\nDisallow: /story\n",
    "User-agent: *\nContent-Signal: ai-train=no\nContent-Usage: train-ai=n\n",
    "User-agent: *\nContent-Usage: train-ai=y\nLicense: https://a.example/rsl.xml\n",
    "# 2019/790 applies\nUser-agent: *\nAllow: /\n",
    "User-agent: *\nDisallow:\n",
)
HEADERS = (
    ("Content-Usage", "train-ai=n"),
    ("Content-Usage", "train-ai"),
    ("Content-Usage", "train-ai=y"),
    ("X-Robots-Tag", "noai, noindex, noimageai"),
    ("X-Robots-Tag", "nofollow"),
    ("TDM-Reservation", "1"),
    ("TDM-Reservation", "0"),
    ("Content-Usage", "(("),
)
FACTS = (
    PageFacts(),
    PageFacts((("robots", "noai"), ("tdm-reservation", "0"))),
    PageFacts((), (Link("link", "license", "application/rsl+xml", "/rsl.xml"),)),
    PageFacts((), (Link("a", "license", "", "https://creativecommons.org/licenses/by/4.0/"),)),
    PageFacts((), (), (("application/ld+json", '{"isAccessibleForFree": false}'),)),
    PageFacts((), (), (("application/ld+json", '{"isAccessibleForFree": true}'),)),
)


def of_robots(text: str | None) -> list[Finding]:
    parsed = robots.parse(text.encode()) if text else None
    return optout.from_robots(parsed, "unreachable", AGENTS, "/story/1", fetched_at="2026")


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.none(), st.sampled_from(FILES)),
    st.lists(st.sampled_from(HEADERS), max_size=4),
    st.sampled_from(FACTS),
    st.sampled_from(list(rights.POLICIES)),
)
def test_a_stored_struct_gives_itself_again(
    text: str | None, headers: list[tuple[str, str]], facts: PageFacts, policy: str
) -> None:
    page = [*optout.from_headers(headers, AGENTS), *optout.from_page(facts, AGENTS)]
    before = struct_of(of_robots(text), page, policy, "https")
    after = struct_of(*findings_of(before), policy, "https")
    assert after == before


def test_what_robots_txt_says_can_be_taken_away_again() -> None:
    page = optout.from_headers([("TDM-Reservation", "1")], AGENTS)
    struct = struct_of(of_robots(FILES[1]), page, "standard")
    assert list(struct["reserved_by"]) == ["content_signal", "content_usage", "tdm_reservation"]
    assert list(struct["page_reserved_by"]) == ["tdm_reservation"]
    crawled, rest = findings_of(struct)
    assert rights.reserving(rest) == ("tdm_reservation",)
    assert set(rights.reserving(crawled)) == {"content_signal", "content_usage"}


def test_a_finding_crosses_a_process() -> None:
    found = optout.from_page(FACTS[3], AGENTS)
    assert found
    assert [from_plain(to_plain(finding)) for finding in found] == found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("Disallow: /story/*", "Disallow: /story/*"),
        ("Disallow: /~someone@mail.example/", "Disallow: /~<EMAIL>/"),
        ("a\x00b\u202ec", "a\ufffdb\ufffdc"),
        ("train-ai=n, contact=someone@mail.example", "train-ai=n, contact=<EMAIL>"),
        ("word " * 100, "word " * 40),
    ],
)
def test_evidence_is_cut_visible_and_redacted(value: str | None, expected: str | None) -> None:
    assert evidence(value) == expected


def test_an_address_that_the_cut_goes_through_is_not_half_kept() -> None:
    made = evidence("Disallow: /" + "x" * 170 + "/someone.with.a.name@mail.example/more")
    assert made is not None
    assert "someone" not in made


def test_a_longer_list_of_rsl_addresses_is_cut() -> None:
    links = tuple(Link("link", "license", "application/rsl+xml", f"/{n}.xml") for n in range(9))
    struct = struct_of([], optout.from_page(PageFacts((), links), AGENTS), "standard")
    assert struct["rsl_addresses"] == [f"/{n}.xml" for n in range(4)]
