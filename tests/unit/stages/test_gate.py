"""Stage gate: each cheap reason for turning a page away, the order of them, and rights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from filters import suppression
from stages import gate, prepare, schema
from tests.data.archives import (
    HTML,
    Inline,
    Scripted,
    batch,
    present,
    response,
    robots_fetch,
    tools,
)

TEXT = (
    "Kylän myllyn vesi nousee keväällä, ja vanha mylläri kertoo lapsille, miten ruista jauhettiin "
    "ennen sotia. Talvella lumi peittää padon, mutta huhtikuussa virta herää jälleen eloon."
)
PAGE = f"<html><head><title>Mylly</title></head><body><p>{TEXT}</p></body></html>".encode()
BLOCKED = ("blocked.example", "hosted.example/casino", "denied.example", "xxx")


def judge(
    settings: gate.Settings, *responses: bytes, guard: Any = None, hosts: Sequence[Any] = ()
) -> list[dict[str, Any]]:
    """Rows of the gate's new columns."""
    worker = gate.Gate(settings).open(tools(guard, hosts, BLOCKED))
    return [
        row for found in worker(batch(*responses)) for row in pa.table(present(found)).to_pylist()
    ]


def reason(settings: gate.Settings, *args: Any, **more: Any) -> str | None:
    (row,) = judge(settings, response(1, *args, **more))
    found: str | None = row["reason"]
    return found


def test_a_good_page_passes_with_all_that_is_known_of_it(settings: gate.Settings) -> None:
    guard = Inline()
    (row,) = judge(settings, response(1, PAGE), guard=guard)
    assert row["reason"] is None
    assert (row["gate_tag"], row["media_type"], row["raw_title"]) == (
        "fin_Latn",
        "text/html",
        "Mylly",
    )
    assert row["html"] == PAGE.decode()
    assert row["rights"]["decision"] == "unknown"
    assert len(row["url_key"]) == 32
    assert guard.calls == ["survey"]


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("gate.status", {"status": "404 Not Found"}),
        ("gate.status", {"status": "206 Partial Content"}),
        ("gate.status", {"status": "301 Moved"}),
        ("gate.media_type", {"headers": (("Content-Type", "application/pdf"),)}),
        ("gate.media_type", {"headers": (("Content-Type", "text/plain"),)}),
        ("gate.truncated", {"extra": [("WARC-Truncated", "length")]}),
        ("gate.domain", {"url": "https://denied.example/x"}),
        ("gate.domain", {"url": "https://www.DENIED.example:8443/x"}),
        ("gate.domain", {"url": "http://any.co.example./"}),
        ("gate.url", {"url": "https://site.example/shop/1"}),
        ("gate.block_list", {"url": "https://blocked.example/"}),
        ("gate.block_list", {"url": "https://www.Blocked.example:8080/x"}),
        ("gate.block_list", {"url": "https://not-fine.blocked.example/"}),
        ("gate.block_list", {"url": "https://hosted.example/casino/1"}),
        ("gate.block_list", {"url": "https://any.xxx/"}),
        ("gate.url", {"url": "ftp://site.example/x"}),
        ("gate.url", {"url": "dns:site.example"}),
        ("gate.url", {"url": "https:///no-host"}),
        ("gate.url", {"url": "https://./"}),
        ("gate.url", {"url": "https://[::1/broken"}),
        ("gate.url", {"url": "https://site.example:99999/"}),
        ("gate.url", {"url": "https://site.example/a b"}),
        ("gate.url", {"url": "https://site.example/\x85x"}),
        ("gate.url", {"url": "https://site.example/" + "x" * 200}),
        ("read.malformed_http", {"block": b"no HTTP"}),
    ],
)
def test_what_is_cheap_is_rejected_before_any_parsing(
    settings: gate.Settings, expected: str, given: dict[str, Any]
) -> None:
    guard = Inline()
    (row,) = judge(settings, response(1, PAGE, **given), guard=guard)
    assert row["reason"] == expected
    assert row["html"] is None
    assert row["gate_tag"] == schema.UNDETERMINED
    assert guard.calls == []


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("gate.empty", b""),
        ("gate.empty", b"<html><body></body></html>"),
        ("gate.media_type", b"%PDF-1.4"),
        ("gate.size", b"<p>" + b"x" * 50_000),
        ("gate.structure", b"<div>" * 101),
        (
            "gate.language",
            f"<p>{'本日は晴天なり、田舎の水車は静かに回っています。' * 8}</p>".encode(),
        ),
        (
            "gate.language",
            f"<p>{'Hari ini cuaca cerah dan kincir air berputar pelan. ' * 8}</p>".encode(),
        ),
    ],
)
def test_what_parsing_finds_is_rejected(
    settings: gate.Settings, expected: str, body: bytes
) -> None:
    assert reason(settings, body) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://fine.blocked.example/x",
        "https://www.fine.blocked.example/",
        "https://hosted.example/",
        "https://site.example/shopping",
        "https://unblocked.example/",
    ],
)
def test_what_is_allowed_or_beside_a_list_passes(settings: gate.Settings, url: str) -> None:
    assert reason(settings, PAGE, url=url) is None


def test_a_page_that_shows_less_than_asked_is_not_extracted(settings: gate.Settings) -> None:
    assert reason(replace(settings, min_visible_chars=len(TEXT)), PAGE) is None
    assert reason(replace(settings, min_visible_chars=len(TEXT) + 1), PAGE) == "gate.short"


def test_caps_of_tags_and_attributes_are_the_run_s(settings: gate.Settings) -> None:
    many = f"<html><body>{'<br>' * 40}<p>{TEXT}</p></body></html>".encode()
    assert reason(settings, many) is None
    assert reason(replace(settings, max_tags=40), many) == "gate.structure"
    wide = PAGE.replace(b"<p>", b"<p " + b" ".join(b"data-n%d=value" % n for n in range(30)) + b">")
    assert reason(settings, wide) is None
    assert reason(replace(settings, max_tag_attributes=20), wide) == "gate.structure"


def test_a_media_type_may_be_missing_or_in_any_case(settings: gate.Settings) -> None:
    assert reason(settings, PAGE, ()) is None
    assert reason(settings, PAGE, (("CONTENT-TYPE", "Text/HTML ; Charset=UTF-8"),)) is None


def test_a_killed_parser_is_the_page_s_reason(settings: gate.Settings) -> None:
    for found in ("extract.timeout", "extract.memory", "extract.crash"):
        (row,) = judge(settings, response(1, PAGE), guard=Scripted({"reason": found}))
        assert (row["reason"], row["html"]) == (found, None)


def test_truncated_pages_are_kept_if_the_run_says_so(settings: gate.Settings) -> None:
    lenient = replace(settings, keep_truncated=True)
    assert reason(lenient, PAGE, extra=[("WARC-Truncated", "length")]) is None


def test_without_a_floor_every_language_passes(settings: gate.Settings) -> None:
    lenient = replace(settings, min_european_mass=0.0)
    assert reason(lenient, "<p>本日は晴天なり、水車は静かに回っています。</p>".encode()) is None


# Rights


def hosts(text: str, code: int = 200) -> list[prepare.Fetched | None]:
    return [robots_fetch("https://site.example/robots.txt", text.encode(), code)]


NO_CCBOT = "User-agent: CCBot\nDisallow: /private\n"
OPT_OUTS = [
    ("rights.robots", "User-agent: CCBot\nDisallow: /\n", (), ""),
    ("rights.content_signal", "User-agent: *\nContent-Signal: ai-train=no\nAllow: /\n", (), ""),
    ("rights.content_usage", "User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n", (), ""),
    ("rights.content_usage", "", (("Content-Usage", "train-ai=n"),), ""),
    ("rights.tdm_reservation", "", (("TDM-Reservation", "1"),), ""),
    ("rights.tdm_reservation", "", (), '<meta name="tdm-reservation" content="1">'),
    ("rights.noai", "", (("X-Robots-Tag", "noai"),), ""),
    ("rights.noai", "", (), '<meta name="robots" content="index, noai">'),
]


def ask(
    settings: gate.Settings, rules: str, headers: Sequence[Any], meta: str, **more: Any
) -> dict[str, Any]:
    page = PAGE.replace(b"<head>", b"<head>" + meta.encode())
    found = judge(
        settings, response(1, page, (*HTML, *headers), **more), hosts=hosts(rules) if rules else ()
    )
    return found[0]


@pytest.mark.parametrize(("expected", "rules", "headers", "meta"), OPT_OUTS)
def test_every_channel_reserves(
    settings: gate.Settings, expected: str, rules: str, headers: Sequence[Any], meta: str
) -> None:
    row = ask(settings, rules, headers, meta)
    assert row["reason"] == expected
    assert row["rights"]["decision"] == "reserved"
    assert row["rights"]["decided_by"] == [expected.removeprefix("rights.")]


@pytest.mark.parametrize(("expected", "rules", "headers", "meta"), OPT_OUTS)
def test_a_channel_that_the_policy_does_not_heed_is_stored_all_the_same(
    settings: gate.Settings, expected: str, rules: str, headers: Sequence[Any], meta: str
) -> None:
    channel = expected.removeprefix("rights.")
    heeded = tuple(c for c in settings.reserved_channels if c != channel)
    row = ask(replace(settings, reserved_channels=heeded), rules, headers, meta)
    assert row["reason"] is None
    assert row["rights"]["reserved_by"] == [channel]


def test_a_page_s_own_tdm_statement_overrides_the_header_s(settings: gate.Settings) -> None:
    meta = '<meta name="tdm-reservation" content="0">'
    row = ask(settings, "", (("TDM-Reservation", "1"),), meta)
    assert row["reason"] is None
    assert row["rights"]["tdmrep"] == {"value": 0, "place": "meta", "policy": None}


def test_robots_rules_are_those_of_path_query_host_and_port(settings: gate.Settings) -> None:
    for url, expected in (
        ("https://site.example/private?x=1", "rights.robots"),
        ("http://SITE.example:80/private/y", "rights.robots"),
        ("https://site.example/public", None),
        ("https://other.example/private", None),
        ("https://site.example:8443/private", None),
    ):
        assert ask(settings, NO_CCBOT, (), "", url=url)["reason"] == expected, url


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        ("empty", "", 200),
        ("not_robots", "<html>", 200),
        ("none", "", 404),
        ("unreachable", "", 503),
        ("redirect_outside", "", 301),
    ],
)
def test_a_host_without_rules_reserves_nothing(
    settings: gate.Settings, status: str, body: str, code: int
) -> None:
    (row,) = judge(settings, response(1, PAGE), hosts=hosts(body, code))
    assert row["reason"] is None
    assert row["rights"]["robots"]["status"] == status


def test_training_agents_are_listed() -> None:
    assert "CCBot" in gate.training_agents()
    assert len(gate.training_agents()) >= 5


# Addresses


def test_addresses_are_redacted_and_found_again_by_key(settings: gate.Settings) -> None:
    url = "https://user:pass@site.example/u?mail=jo%40firm.example"
    (row,) = judge(settings, response(1, PAGE, url=url))
    assert row["url"] == "https://site.example/u?mail=<EMAIL>"
    (again,) = judge(settings, response(2, PAGE, url=url))
    (other,) = judge(replace(settings, url_key="other"), response(1, PAGE, url=url))
    assert row["url_key"] == again["url_key"] != other["url_key"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Site.Example/x", "site.example"),
        ("http://site.example:80/", "site.example"),
        ("https://site.example:443", "site.example"),
        ("http://site.example:443", "site.example:443"),
        ("https://u:p@site.example./", "site.example"),
        ("https://[2001:db8:0::1]:8080/", "[2001:db8::1]:8080"),
        ("https://süd.example/", "xn--sd-xka.example"),
        ("https://site%2eexample/", None),
        ("https://site.example\\@other.example/", None),
        ("https://site.example[::1]/", None),
        ("https://[v1.x]/", None),
        ("mailto:x@site.example", None),
        ("", None),
        ("https://", None),
    ],
)
def test_hosts_are_written_in_one_way(url: str, host: str | None) -> None:
    assert gate.host_of(url, 100) == host


@pytest.mark.parametrize(
    ("expected", "url"),
    [
        ("takedown.url", "http://www.site.example/gone/"),
        ("takedown.domain", "https://any.erased.example/x"),
        (None, "https://site.example/other"),
    ],
)
def test_what_was_taken_down_is_not_read(
    settings: gate.Settings, expected: str | None, url: str
) -> None:
    entries = [
        ("url", suppression.hashed("site.example/gone", "k")),
        ("domain", suppression.hashed("erased.example", "k")),
    ]
    worker = gate.Gate(settings, suppression.of("k", entries)).open(tools())
    for (found,) in (
        worker(batch(response(1, PAGE, url=url))),
        worker(batch(response(1, PAGE, url=url, status="404 Not Found"))),
    ):
        (reason_of,) = found["reason"].to_pylist()
        assert reason_of == expected or (expected is None and reason_of == "gate.status")


def test_a_record_that_was_taken_down_is_known_again(settings: gate.Settings) -> None:
    rows_in = batch(response(1, PAGE))
    (doc_id,) = rows_in.column("doc_id").to_pylist()
    worker = gate.Gate(settings, suppression.of("k", [("doc_id", doc_id)])).open(tools())
    (found,) = worker(rows_in)
    assert found["reason"].to_pylist() == ["takedown.request"]


def test_a_part_ends_where_pages_grew_large(
    settings: gate.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MAX_BATCH_BYTES", 2 * len(PAGE))
    pages = [response(n, PAGE, status="200 OK" if n % 5 else "404 No") for n in range(20)]
    parts = list(gate.Gate(settings).open(tools())(batch(*pages)))
    assert len(parts) > 4
    assert all(0 < part["html"].nbytes < 4 * len(PAGE) for part in parts)
    reasons = [reason for part in parts for reason in part["reason"].to_pylist()]
    assert reasons == [None if n % 5 else "gate.status" for n in range(20)]


def test_no_person_is_named_in_what_is_stored_of_rights(settings: gate.Settings) -> None:
    mail = "someone.of.note@mail.example"
    rules = f"User-agent: *\nAllow: /\nContent-Signal: ai-train=no, by={mail}\n"
    headers = (("Content-Usage", f'train-ai=n, by="{mail}"'), ("TDM-Reservation", "1"),
               ("TDM-Policy", f"mailto:{mail}"))  # fmt: skip
    meta = f'<link rel="license" type="application/rsl+xml" href="/rsl.xml?for={mail}">'
    lenient = replace(settings, reserved_channels=())
    row = ask(lenient, rules, headers, meta)
    assert row["reason"] is None
    assert set(row["rights"]["reserved_by"]) == {
        "content_signal", "content_usage", "tdm_reservation", "rsl_unresolved",
    }  # fmt: skip
    assert "someone" not in str(row["rights"])
    assert "mail.example" not in str(row["rights"])
    assert str(row["rights"]).count("<EMAIL>") == 4


def test_which_scheme_s_robots_txt_speaks_is_stored(settings: gate.Settings) -> None:
    other = [robots_fetch("http://site.example/robots.txt", b"User-agent: *\nDisallow: /")]
    (row,) = judge(settings, response(1, PAGE), hosts=other)
    assert row["reason"] == "rights.robots"
    assert (row["rights"]["robots"]["scheme"], row["rights"]["robots"]["star"]) == ("http", True)


def test_newer_robots_txt_take_the_snapshot_s_from_the_gate(settings: gate.Settings) -> None:
    without = replace(settings, heeds_robots=False)
    row = ask(without, NO_CCBOT, (), "", url="https://site.example/private")
    assert row["reason"] is None
    assert row["rights"]["reserved_by"] == ["robots"]
    row = ask(without, NO_CCBOT, (("X-Robots-Tag", "noai"),), "")
    assert row["reason"] == "rights.noai"
