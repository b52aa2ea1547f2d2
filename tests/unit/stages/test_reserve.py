"""Rights judged anew: policies, modes, and what is looked up by the stored URL."""

from typing import Any

import pyarrow as pa
import pytest

from filters import domains, optout, robots
from filters.site_files import SiteFiles
from filters.stored_rights import struct_of
from stages import prepare, schema
from stages.reserve import Beside, Reservations
from tests.data.archives import Inline, robots_fetch, site_files

AGENTS = ("GPTBot",)
URL = "https://a.example/story/1"
NO_TRAINING = b"User-agent: GPTBot\nDisallow: /story\n"


def stored(text: str = "", headers: Any = (), policy: str = "standard") -> dict[str, Any]:
    parsed = robots.parse(text.encode()) if text else None
    crawled = optout.from_robots(parsed, "unknown", AGENTS, "/story/1")
    return struct_of(crawled, optout.from_headers(headers, AGENTS), policy, "https")


def judged(
    rights: dict[str, Any] | None,
    beside: Beside,
    policy: str = "standard",
    mode: str = "union",
    url: str = URL,
) -> tuple[dict[str, Any] | None, str | None]:
    table = pa.table({"url": pa.array([url]), "rights": pa.array([rights], type=schema.RIGHTS)})
    made, reasons = Reservations(policy, mode, AGENTS, beside).judge(table)
    return made.to_pylist()[0], reasons.to_pylist()[0]


def latest(body: bytes, code: int = 200) -> Beside:
    return Beside(latest=site_files([robots_fetch("https://a.example/robots.txt", body, code)]))


def side(path: str, body: bytes) -> SiteFiles:
    url = f"https://a.example{path}"
    return site_files([prepare.fetched(url, 200, None, body, prepare.site_parser(Inline()))])


def test_nothing_beside_and_the_same_policy_change_nothing() -> None:
    for rights in (stored(), stored(headers=[("X-Robots-Tag", "noimageai")]), None):
        assert judged(rights, Beside()) == (None, None)


def test_a_stricter_policy_is_judged_by_the_column_alone() -> None:
    before = stored("# 2019/790\nUser-agent: *\nAllow: /\n")
    after, reason = judged(before, Beside(), "strict", url="")
    assert reason == "rights.natural_language"
    assert after is not None
    assert (after["policy"], after["decision"]) == ("strict", "reserved")
    assert {**after, "policy": "standard", "decision": "x", "decided_by": []} == {
        **pa.array([before], schema.RIGHTS).to_pylist()[0], "decision": "x", "decided_by": [],
    }  # fmt: skip


def test_what_was_extracted_under_no_policy_is_rejected_by_another() -> None:
    after, reason = judged(stored(NO_TRAINING.decode(), policy="none"), Beside())
    assert reason == "rights.robots"
    assert after is not None
    assert after["decided_by"] == ["robots"]


@pytest.mark.parametrize(
    ("crawled", "newer", "mode", "reason"),
    [
        ("", NO_TRAINING, "union", "rights.robots"),
        ("", NO_TRAINING, "latest", "rights.robots"),
        ("", NO_TRAINING, "at_crawl", None),
        (NO_TRAINING.decode(), b"", "union", "rights.robots"),
        (NO_TRAINING.decode(), b"", "latest", None),
        (NO_TRAINING.decode(), None, "latest", "rights.robots"),
    ],
)
def test_modes(crawled: str, newer: bytes | None, mode: str, reason: str | None) -> None:
    beside = latest(newer) if newer is not None else Beside(latest=site_files([]))
    assert judged(stored(crawled), beside, mode=mode)[1] == reason


def test_a_header_holds_whatever_a_newer_robots_txt_says() -> None:
    before = stored(NO_TRAINING.decode(), [("Content-Usage", "train-ai=n")])
    after, reason = judged(before, latest(b""), mode="latest")
    assert reason == "rights.content_usage"
    assert after is not None
    assert after["robots"]["source"] == "latest"


@pytest.mark.parametrize(
    ("pattern", "is_reserved"),
    [
        ("/people/", True),
        ("/people/someone", True),
        ("/people/<", True),
        ("/*.pdf$", True),
        ("/places/", False),
        ("/people-of-the-town/", False),
    ],
)
def test_a_redacted_path_is_asked_for_all_that_it_may_have_been(
    pattern: str, is_reserved: bool
) -> None:
    beside = latest(f"User-agent: GPTBot\nDisallow: {pattern}\n".encode())
    url = "https://a.example/people/<EMAIL>/x"
    assert (judged(stored(), beside, url=url)[1] is not None) == is_reserved


def test_files_of_sites() -> None:
    reserved = b'[{"location": "/story/*", "tdm-reservation": 1}]'
    tdm = Beside(side=side("/.well-known/tdmrep.json", reserved))
    assert judged(stored(), tdm)[1] == "rights.tdm_reservation"
    assert judged(stored(), tdm, url="https://a.example/other")[1] is None
    assert judged(stored(), tdm, url="http://a.example/story/2")[1] == "rights.tdm_reservation"
    assert judged(stored(), tdm, url="https://b.example/story/2")[1] is None
    assert judged(stored(headers=[("TDM-Reservation", "0")]), tdm)[1] is None
    for path in ("/ai.txt", "/.well-known/ai.txt"):
        ai = Beside(side=side(path, b"User-Agent: *\nDisallow: /\n"))
        assert judged(stored(), ai)[1] == "rights.ai_txt"


def test_an_rsl_document_is_read_where_it_is_given() -> None:
    document = (
        b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        b'<%b type="usage">ai-train</%b></license></content></rsl>'
    )
    link = [("Link", '</rsl.xml>; rel="license"; type="application/rsl+xml"')]
    assert judged(stored(headers=link), Beside(side=site_files([])), "strict")[1] == (
        "rights.rsl_unresolved"
    )
    against = Beside(side=side("/rsl.xml", document % (b"prohibits", b"prohibits")))
    assert judged(stored(headers=link), against)[1] == "rights.rsl"
    for_it = Beside(side=side("/rsl.xml", document % (b"permits", b"permits")))
    assert judged(stored(headers=link), for_it, "strict")[1] is None


def test_a_list_of_domains() -> None:
    listed = Beside(optouts=domains.TextList.of(["a.example"]))
    after, reason = judged(stored(), listed)
    assert reason == "rights.domain_list"
    assert after is not None
    assert after["reserved_by"] == ["domain_list"]
    assert judged(stored(), listed, "none")[1] is None
    assert judged(stored(), listed, url="https://b.example/")[1] is None


@pytest.mark.parametrize("url", ["", "https://[", "https://", "not a url", "https://a.example:x/"])
def test_an_address_that_is_none_is_looked_up_in_vain(url: str) -> None:
    beside = Beside(site_files([]), site_files([]), domains.TextList.of(["b.example"]))
    assert judged(stored(), beside, url=url)[1] is None


@pytest.mark.parametrize(
    ("body", "strict"),
    [
        (b"[" * 100_000, "rights.unreadable"),
        (b'[{"location": "/story/*", "tdm-reservation": 1}', "rights.unreadable"),
        (b"<html>not here</html>", "rights.unreadable"),
        (b'[{"location": "/x%d", "tdm-reservation": 1}]' % 1, None),
        (b"[]", "rights.unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_status_and_no_permission(
    body: bytes, strict: str | None
) -> None:
    beside = Beside(side=side("/.well-known/tdmrep.json", body))
    assert judged(stored(), beside)[1] is None
    assert judged(stored(), beside, "strict")[1] == strict


def test_many_rules_are_read_in_their_order() -> None:
    rules = ",".join(
        f'{{"location": "/{n}", "tdm-reservation": {int(n == 9999)}}}' for n in range(10_000)
    )
    beside = Beside(side=side("/.well-known/tdmrep.json", f"[{rules}]".encode()))
    assert judged(stored(), beside, url="https://a.example/9999")[1] is None, "/9 is before it"
    assert judged(stored(), beside, url="https://a.example/other")[1] is None
