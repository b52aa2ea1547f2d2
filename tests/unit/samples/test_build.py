"""The sample snapshot is what its truth says: bytes, texts, counts and, for poor pages, signals."""

import gzip
import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
import trafilatura
from stdnum import iban, luhn

from filters import pii, repetition, rules
from filters.catalog import BY_NAME
from filters.text import TextView
from langid import identify, models
from pipeline import config
from samples import build, duplicates, entries, hostile, optouts, pages, personal
from samples.archive import SNAPSHOT, digest, record_id
from samples.render import html, layout_of
from stages import parse
from stages.schema import REASONS

PAGES = duplicates.by_key(pages.load(pages.ROOT / "pages"))
EUROPEAN = [page for page in PAGES.values() if page.tag not in pages.NON_EUROPEAN]
POOR = [entry for entry in build.all_entries() if entry.kind == "poor"]
RUN = config.load("sample").run
RULES = tuple(RUN.language.rules)
ON = {name for name, rule in RUN.language.rules.items() if rule is not None}
ROWS = build.truth()
CHARSETS = {
    *("", "utf-8", "utf-16", "koi8-r"),
    *(f"iso-8859-{n}" for n in (1, 2, 7, 15)),
    *(f"windows-125{n}" for n in (0, 1, 2, 3, 7)),
}
KEPT_KINDS = {
    "ordinary",
    "near_miss",
    "shared_passage",
    "personal_data",
    "hard_negative",
    "personal_url",
}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("snapshot")
    build.build(root)
    return root


def warc_paths(root: Path) -> list[Path]:
    lines = gzip.decompress((root / "crawl-data" / SNAPSHOT / "warc.paths.gz").read_bytes())
    return [root / line for line in lines.decode().splitlines()]


def members(data: bytes) -> Iterator[bytes | None]:
    """The gzip members; None for each place that does not inflate."""
    at = 0
    while at < len(data):
        engine = zlib.decompressobj(31)
        try:
            out = engine.decompress(data[at:])
        except zlib.error:
            out = b""
        if engine.eof:
            yield out
            at = len(data) - len(engine.unused_data)
            continue
        yield None
        following = data.find(b"\x1f\x8b\x08", at + 1)
        at = following if following > 0 else len(data)


def parsed(record: bytes) -> tuple[dict[str, str], bytes, bool]:
    """WARC headers, block, and whether the block is as long as it claims."""
    head, _, block = record.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "WARC/1.0"
    fields = dict(line.split(": ", 1) for line in lines[1:])
    return fields, block[:-4], len(block) - 4 == int(fields["Content-Length"])


def found_rows(path: Path) -> Iterator[tuple[str | None, str | None]]:
    for member in members(path.read_bytes()):
        if member is None:
            yield None, None
            continue
        fields, _, is_whole = parsed(member)
        if fields["WARC-Type"] == "response":
            ids = (fields["WARC-Record-ID"], fields["WARC-Target-URI"])
            yield ids if is_whole else (None, None)


def test_committed_truth_is_current():
    assert build.TRUTH.read_text("utf-8") == build.truth_text()


def test_every_row_of_the_truth_is_in_its_file_in_order(snapshot):
    found = [
        (path.name, n, *ids)
        for path in warc_paths(snapshot)
        for n, ids in enumerate(found_rows(path))
    ]
    assert found == [(row["warc"], row["n"], row["record_id"], row["url"]) for row in ROWS]


def test_a_second_build_gives_the_same_bytes(snapshot, tmp_path):
    build.all_entries.cache_clear()
    build.files.cache_clear()
    build.build(tmp_path)

    def sums(root: Path) -> dict[str, str]:
        files = sorted(p for p in root.rglob("*") if p.is_file())
        return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    assert sums(snapshot) == sums(tmp_path)
    assert len(sums(snapshot)) == 7


def test_requests_responses_and_metadata_belong_together(snapshot):
    for path in warc_paths(snapshot):
        for member in members(path.read_bytes()):
            if member is None:
                continue
            fields, block, is_whole = parsed(member)
            if fields["WARC-Type"] in ("response", "metadata"):
                other = "request" if fields["WARC-Type"] == "response" else "response"
                assert fields["WARC-Concurrent-To"] == record_id(fields["WARC-Target-URI"], other)
            if fields["WARC-Type"] == "response" and is_whole:
                assert fields["WARC-Block-Digest"] == digest(block)


def test_the_path_lists_name_files_that_are_there(snapshot):
    lists = snapshot / "crawl-data" / SNAPSHOT
    for name, count in (("warc.paths.gz", 4), ("robotstxt.paths.gz", 1)):
        lines = gzip.decompress((lists / name).read_bytes()).decode().splitlines()
        assert len(lines) == count
        assert all((snapshot / line).is_file() for line in lines)


def test_reasons_are_those_of_the_schema_and_outcomes_follow():
    for row in ROWS:
        if row["outcome"] == "keep":
            assert row["reason"] is None
            assert row["tag"]
        else:
            assert REASONS[row["reason"]][0] == row["outcome"]
        assert row["why"].endswith(".")
        assert (row["record_id"] is None) == (row["kind"] == "damaged")


def test_every_page_of_a_kind_that_is_kept_is_kept():
    assert {row["outcome"] for row in ROWS if row["kind"] in KEPT_KINDS} == {"keep"}


def test_keepers_are_kept_and_stand_before_their_copies():
    by_id = {row["record_id"]: row for row in ROWS}
    dates = {e.url: e.exchange.warc_date for e in build.all_entries() if e.exchange}
    copies = [row for row in ROWS if (row["reason"] or "").startswith("dedup.")]
    assert copies
    for row in copies:
        keeper = by_id[row["keeper"]]
        assert keeper["outcome"] == "keep"
        is_older = dates[keeper["url"]] < dates[row["url"]]
        assert is_older or keeper["edit"] == "one sentence added"


def test_there_is_enough_of_everything():
    kinds = Counter(row["kind"] for row in ROWS)
    reasons = Counter(row["reason"] for row in ROWS)
    assert len(ROWS) >= 430
    assert reasons["dedup.near_duplicate"] >= 26
    assert reasons["dedup.exact_payload"] >= 8
    assert reasons["dedup.exact_text"] >= 6
    assert reasons["read.damaged"] == 4
    for name in ("robots", "content_signal", "content_usage", "tdm_reservation", "noai"):
        assert reasons[f"rights.{name}"] >= 2
    assert kinds["shared_passage"] >= 6
    assert kinds["personal_data"] >= 20
    assert kinds["hard_negative"] >= 3
    assert kinds["near_miss"] >= 12
    assert len({row["tag"] for row in ROWS if row["kind"] == "personal_data"}) >= 12
    pii = Counter(kind for row in ROWS for kind in row["pii"])
    assert set(pii) == {"EMAIL", "PHONE", "IBAN", "CARD", "IP"}
    assert pii["IBAN"] >= 12


def extracted(text: str) -> Counter[str]:
    """Words of the main text as the pipeline's default extractor finds it."""
    found = trafilatura.extract(text, fast=True, include_comments=False, include_tables=True)
    return Counter(pages.words(found or ""))


def test_the_main_text_of_every_ordinary_page_can_be_extracted():
    layouts = set()
    for page in EUROPEAN:
        layouts.add(layout_of(page))
        wanted = Counter(pages.words(pages.prose(page)))
        got = extracted(html(page))
        assert (wanted & got).total() >= 0.95 * wanted.total(), page.key
        furniture = got - wanted - Counter(pages.words(page.title))
        assert furniture.total() <= 8, page.key
    assert len(layouts) == 8


def test_every_rule_has_a_poor_page_or_a_stated_reason_why_none_can_be():
    with_page = {entry.reason.removeprefix("rule.") for entry in POOR}
    readme = (pages.ROOT / "README.md").read_text("utf-8")
    _, _, listed = readme.partition("\nRules without a page")
    table, _, _ = listed.partition("\n## ")
    without = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert without == {"duplicate_paragraph_character_fraction"}
    assert with_page.isdisjoint(without)
    assert with_page | without == ON


@pytest.mark.parametrize("entry", POOR, ids=lambda entry: entry.reason)
def test_the_first_rule_that_a_poor_page_breaks_is_its_own(entry):
    read = RUN.extract
    raw = parse.extract(decoded(entry.exchange), read.extractor)["text"]
    text, spans = pii.redact(raw)
    assert Counter(span.kind for span in spans) == Counter(entry.pii)
    found = identify.identify(text, models.load(RUN.identify.models))
    assert found.tag == entry.tag
    assert found.top[0][1] > 2 * found.runner_up_score
    view = TextView(text, RUN.lexicon(found.tag))
    given = {"language_confidence": found.confidence, "quality_score": None, "perplexity": None}
    values = [given[name] if name in given else BY_NAME[name].measure(view) for name in RULES]
    compiled = rules.compile_rules(*RUN.bounds())
    language = np.array([compiled.tags.index(found.tag)])
    _, first = rules.judge(compiled, np.array([values], float), language)
    assert first[0] >= 0
    assert compiled.reasons[first[0]] == entry.reason


def test_no_text_breaks_the_rule_on_characters_of_paragraphs_before_that_of_lines():
    order, bounds = RUN.bounds()
    lines, paragraphs = (f"duplicate_{kind}_character_fraction" for kind in ("line", "paragraph"))
    assert order.index(lines) < order.index(paragraphs)
    for of_language in bounds.values():
        assert of_language[lines].max <= of_language[paragraphs].max
    breaking = 0
    for chosen in product(["", "a", "b c"], repeat=7):  # every text of seven such lines
        view = TextView("\n".join(chosen))
        if not view.line_count:
            continue
        by_line = repetition.duplicate_line_character_fraction.measure(view)
        by_paragraph = repetition.duplicate_paragraph_character_fraction.measure(view)
        assert by_paragraph <= by_line
        breaking += by_paragraph > bounds["eng_Latn"][paragraphs].max
    assert breaking > 100


def test_copies_extract_to_no_more_words_than_their_keepers():
    by_url = {e.url: e for e in build.all_entries() if e.exchange}
    for entry in by_url.values():
        if entry.reason in ("dedup.near_duplicate", "dedup.exact_text"):
            copy, keeper = (decoded(e.exchange) for e in (entry, by_url[entry.keeper]))
            if entry.reason == "dedup.exact_text":
                assert extracted(copy) == extracted(keeper), entry.url
            else:
                assert extracted(copy).total() <= extracted(keeper).total(), entry.url


def decoded(exchange) -> str:
    """The page's text, by what its own headers and meta tags say."""
    body = exchange.payload
    fields = dict(exchange.headers)
    if fields.get("Transfer-Encoding") == "chunked":
        body = unchunked(body)
    coding = fields.get("Content-Encoding")
    if coding in ("gzip", "deflate"):
        body = zlib.decompress(body, 47)
    if coding == "br":
        body = pa.CompressedInputStream(pa.BufferReader(body), "brotli").read()
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16")
    declared = re.search(r"charset=([\w-]+)", fields.get("Content-Type", ""))
    in_meta = re.search(rb'<meta charset="([\w-]+)"', body[:1024])
    label = declared[1] if declared else in_meta[1].decode() if in_meta else "utf-8"
    is_utf8 = body.startswith(b"\xef\xbb\xbf") or label == "utf-16"
    return body.decode("utf-8" if is_utf8 else label)


def unchunked(body: bytes) -> bytes:
    out = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        out, body = out + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return out


def test_every_ordinary_page_decodes_to_its_own_text_under_every_charset_and_coding():
    charsets, codings = Counter(), Counter()
    for page in EUROPEAN:
        exchange = entries.ordinary(page)
        text = decoded(exchange)
        assert "\ufffd" not in text
        wanted = Counter(pages.words(pages.prose(page)))
        assert (wanted & extracted(text)).total() >= 0.95 * wanted.total(), page.key
        fields = dict(exchange.headers)
        declared = re.search(rb'<meta charset="([\w-]+)"', exchange.payload[:1024])
        in_header = fields["Content-Type"].partition("charset=")[2].lower()
        charsets[in_header or (declared[1].decode() if declared else "")] += 1
        codings[fields.get("Transfer-Encoding", fields.get("Content-Encoding", ""))] += 1
    assert charsets.keys() >= CHARSETS
    assert {"chunked", "gzip", "br", "deflate"} <= set(codings)


@pytest.mark.parametrize("size", [0, 1, 2, 65_535, 65_536, 65_537, 200_000])
def test_stored_brotli_is_brotli(size):
    body = bytes(i % 251 for i in range(size))
    packed = pa.BufferReader(entries.brotli_stored(body))
    assert pa.CompressedInputStream(packed, "brotli").read() == body


def test_kept_pages_of_a_language_are_no_near_duplicates_of_each_other():
    texts = {page.key: page for page in EUROPEAN}
    for a, b in combinations(texts.values(), 2):
        if a.tag == b.tag:
            assert pages.jaccard(pages.prose(a), pages.prose(b)) < 0.1, (a.key, b.key)


def test_near_duplicates_are_near_and_differ():
    cases = duplicates.load_cases("near_duplicates")
    assert len(cases) >= 26
    for case in cases:
        source = PAGES[case["source"]]
        copy = duplicates.edited(source, case)
        assert pages.jaccard(pages.prose(copy), pages.prose(source)) >= duplicates.NEAR
        assert pages.words(pages.prose(copy)) != pages.words(pages.prose(source))


def test_an_edit_of_what_is_not_on_the_page_is_refused():
    with pytest.raises(ValueError, match="exactly once"):
        duplicates.edited(PAGES["fin_Latn/jaatie"], {"remove": "Tätä lausetta ei ole sivulla."})


def test_personal_data_are_well_formed_and_invented():
    for country in personal.ACCOUNTS:
        number = personal.account(country)
        assert iban.is_valid(number)
        assert number.count("0") >= 7
    assert all(luhn.is_valid(number.replace(" ", "")) for number in personal.CARDS.values())
    found = pages.load_flat(pages.ROOT / "special/personal")
    texts = "\n".join(pages.prose(page) for page in found)
    for kind, value in personal.MARKER.findall(texts):
        if kind == "EMAIL":
            assert value.endswith(".example")
        if kind == "PHONE":
            assert phonenumbers.is_possible_number(phonenumbers.parse(value))
    assert "@" not in personal.MARKER.sub("", texts)


def test_pages_with_personal_data_are_long_enough():
    for page in pages.load_flat(pages.ROOT / "special/personal"):
        assert len(pages.words(pages.prose(page))) >= 90, page.slug


def test_robots_files_are_where_their_redirects_point():
    found = {e.url: e for e in optouts.robots_exchanges(["a.example", "b.example"])}
    for exchange in found.values():
        target = dict(exchange.headers).get("Location")
        assert target is None or target in found
    starred = found["https://bom-one-reserved.example/robots.txt"]
    assert starred.payload.startswith(b"\xef\xbb\xbfUser-agent: *")
    assert b"\n" not in found["https://returns-reserved.example/robots.txt"].payload


def test_the_bomb_is_small_and_inflates_to_what_it_says():
    packed = hostile.spaces_bomb()
    assert len(packed) < 500_000
    engine = zlib.decompressobj(31)
    assert engine.decompress(packed, 1 << 20).startswith(b"<html>")
    assert b"\x1f\x8b" not in hostile.garbage()


def test_front_matter_and_markdown_are_read():
    text = (
        "---\ntitle: A: b\nkind: table\nhost: a.example\npath: /x\ndate: 2026-01-01\n---\n"
        "One *line*\nand `two`.\n\n## Head\n\n- item one\n- item two\n\n| a | b |\n|---|---|\n"
        "| 1 | - |\n\n> said\n\n```\nx = 1\n\ny\n```\n\n#tag is no head.\n"
    )
    page = pages.parse("eng_Latn", "x", text)
    assert page.title == "A: b"
    assert [b.kind for b in page.blocks] == ["p", "h2", "ul", "table", "quote", "pre", "p"]
    assert page.blocks[0].text == "One *line* and two."
    assert page.blocks[3].items == (("a", "b"), ("1", "-"))
    assert page.blocks[5].items == (("x = 1",), ("",), ("y",))


def test_a_page_without_host_is_refused():
    text = "---\ntitle: A\nkind: article\npath: /x\ndate: 2026-01-01\n---\nText.\n"
    with pytest.raises(ValueError, match="host"):
        pages.parse("eng_Latn", "x", text)


def test_truth_is_one_json_object_a_line():
    for line, row in zip(build.truth_text().splitlines(), ROWS, strict=True):
        assert json.loads(line) == row
