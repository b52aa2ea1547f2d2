"""What parses hostile bytes: codings, charsets, bombs, text."""

import codecs
import gzip
import zlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.registry import CPUDispatcher as Dispatcher
from resiliparse.parse.html import HTMLTree

from extraction import caps, decode, features, scan, text, trees
from filters import aitxt, page_facts, rsl, tdmrep
from samples.entries import brotli_stored, chunked
from stages import parse

CAP, DEPTH = 1 << 16, 100
PAGE = "<!DOCTYPE html><html><head><title> A \n title</title></head><body>{}</body></html>"
HTML = PAGE.format("<h1>Kevät</h1><p>Myllyn vesi nousee taas.</p>")
UTF8 = {"content-type": "text/html; charset=utf-8"}
quick = settings(max_examples=200, deadline=None)


def survey(body: bytes, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse.survey(body, {**UTF8, **named}, (CAP, DEPTH))


# Transfer coding


@quick
@given(st.binary(min_size=1, max_size=3000), st.integers(1, 500))
def test_unchunk_undoes_chunking(body: bytes, size: int) -> None:
    assert decode.unchunk(chunked(body, size)) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<p>\r\nabc</p>",
        b"xyz\r\nabc",
        b"123456789\r\nabc",
        b"\r\nabc",
        b"-5\r\nab",
    ],
)
def test_a_body_that_is_not_chunked_is_left_alone(body: bytes) -> None:
    assert decode.unchunk(body) == body


def test_chunk_extensions_trailers_and_cut_ends_are_read() -> None:
    assert decode.unchunk(b'3;a="b"\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n') == b"abcde"
    assert decode.unchunk(b"A\r\n0123456789\r\n5\r\nab") == b"0123456789ab"
    assert decode.unchunk(b"3\r\nabc\r\nnot hex\r\n") == b"abc"
    assert decode.unchunk(b"ffffffff\r\nabc") == b"abc"


def test_a_page_is_the_same_however_it_was_transferred() -> None:
    plain = survey(HTML.encode())
    assert "Myllyn vesi nousee taas." in str(plain["visible"])
    assert survey(chunked(HTML.encode()), transfer_encoding="chunked") == plain
    assert survey(HTML.encode(), transfer_encoding="chunked") == plain, "declared, yet decoded"
    assert survey(HTML.encode(), transfer_encoding="identity") == plain


# Content coding

PACKED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: pa.compress(data, codec="brotli", asbytes=True),
    "zstd": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("coding", PACKED)
def test_every_coding_is_undone(coding: str) -> None:
    body = HTML.encode()
    assert decode.decode_content(PACKED[coding](body), coding, CAP) == (body, None)
    assert decode.decode_content(PACKED[coding](body), coding.upper(), CAP) == (body, None)
    assert decode.decode_content(body, coding, CAP) == (body, None), "stored decoded"
    assert decode.decode_content(PACKED[coding](body), f"identity, {coding}", CAP) == (body, None)


def test_raw_deflate_and_stored_brotli_are_undone() -> None:
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(HTML.encode()) + packer.flush()
    assert decode.decode_content(raw, "deflate", CAP) == (HTML.encode(), None)
    assert decode.decode_content(brotli_stored(HTML.encode()), "br", CAP) == (HTML.encode(), None)


def test_codings_are_undone_in_the_order_in_which_they_were_put_on() -> None:
    body = PACKED["br"](gzip.compress(HTML.encode()))
    assert decode.decode_content(body, "gzip, br", CAP) == (HTML.encode(), None)


@pytest.mark.parametrize("coding", PACKED)
def test_a_bomb_is_stopped_at_the_cap(coding: str) -> None:
    for size, reason in ((CAP, None), (CAP + 1, "gate.size"), (50 << 20, "gate.size")):
        body, found = decode.decode_content(PACKED[coding](b"<" * size), coding, CAP)
        assert (len(body), found) == ((size if reason is None else 0), reason)


def test_a_bomb_in_a_bomb_is_stopped_at_the_cap() -> None:
    nested = gzip.compress(gzip.compress(b"<" * (100 << 20)))
    assert decode.decode_content(nested, "gzip, gzip", CAP) == (b"", "gate.size")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"\x1f\x8b\x08 broken"),
        ("deflate", b"\xff\xff broken"),
        ("br", b"\xff\xff broken"),
        ("zstd", b"\xff\xff broken"),
        ("compress", b"\x1f\x9d\x90broken"),
        ("aes128gcm", b"\x00\x01"),
    ],
)
def test_what_does_not_decode_has_its_own_reason(coding: str, body: bytes) -> None:
    assert decode.decode_content(body, coding, CAP)[1] == "read.content_encoding"
    assert survey(body, content_encoding=coding) == {"reason": "read.content_encoding"}


def test_an_unknown_coding_of_a_body_that_is_plain_is_passed_by() -> None:
    assert survey(HTML.encode(), content_encoding="utf-8") == survey(HTML.encode())
    assert survey(HTML.encode(), content_encoding="aws-chunked") == survey(HTML.encode())


# Charsets

GREEK = PAGE.format(
    "<p>Τα κάστανα ψήνονται στη χόβολη, και η γιαγιά διηγείται παλιές ιστορίες.</p>"
)
RUSSIAN = PAGE.format("<p>Маяк на озере светит рыбакам, и валенки сохнут у тёплой печи.</p>")


def with_meta(page: str, label: str) -> str:
    return page.replace("<head>", f'<head><meta charset="{label}">')


@pytest.mark.parametrize(
    ("body", "content_type", "name"),
    [
        (codecs.BOM_UTF8 + RUSSIAN.encode(), "text/html; charset=koi8-r", "utf-8"),
        (codecs.BOM_UTF16_LE + RUSSIAN.encode("utf-16-le"), "text/html", "utf-16-le"),
        (codecs.BOM_UTF16_BE + RUSSIAN.encode("utf-16-be"), "text/html; charset=x", "utf-16-be"),
        (RUSSIAN.encode("koi8-r"), "text/html; charset=KOI8-R", "koi8-r"),
        (RUSSIAN.encode("koi8-r"), 'text/html;charset="koi8-r"', "koi8-r"),
        (with_meta(RUSSIAN, "koi8-r").encode("koi8-r"), "text/html", "koi8-r"),
        (with_meta(RUSSIAN, "koi8-r").encode("cp1251"), "text/html; charset=cp1251", "cp1251"),
        (with_meta(RUSSIAN, "utf-16").encode(), "text/html", "utf-8"),
        (with_meta(RUSSIAN, "nonsense").encode(), "text/html; charset=nonsense", "utf-8"),
        (RUSSIAN.encode(), "text/html", "utf-8"),
        (RUSSIAN.encode(), "", "utf-8"),
        (GREEK.encode("iso-8859-7"), "text/html; charset=iso-8859-7", "iso-8859-7"),
        (RUSSIAN.encode("cp1251"), "text/html; charset=utf-8", "cp1251"),
    ],
)
def test_a_page_reads_alike_in_every_charset(body: bytes, content_type: str, name: str) -> None:
    found = survey(body, content_type=content_type)
    expected = survey((GREEK if name == "iso-8859-7" else RUSSIAN).encode())
    assert found["visible"] == expected["visible"]
    assert codecs.lookup(decode.charset(body, content_type)).name == codecs.lookup(name).name


def test_latin_1_is_windows_1252_as_in_browsers() -> None:
    body = PAGE.format("<p>“Größe” costs 5 €</p>").encode("cp1252")
    found = survey(body, content_type="text/html; charset=iso-8859-1")
    assert "“Größe” costs 5 €" in str(found["visible"])


def test_a_few_damaged_bytes_do_not_make_a_page_another_charset() -> None:
    body = PAGE.format("<p>" + "Größe und Übermaß. " * 100 + "</p>").encode() + b"\xff"
    assert decode.charset(body, "text/html; charset=utf-8") == "utf-8"
    assert decode.charset(body, "") == "utf-8"


@quick
@given(st.binary(max_size=400), st.text(max_size=60))
def test_the_charset_is_always_one_that_decodes(body: bytes, content_type: str) -> None:
    name = decode.charset(body, content_type)
    assert isinstance(body.decode(name, "replace"), str)


# Structure caps

TAG_BITS = st.sampled_from(
    [
        *("<div>", "</div>", "<DIV class='x'>", "</Div >", "<b>", "</b>", "<i/>", "<div/>", "<p>"),
        *("</p>", "<li>", "</li>", "<br>", "<img src=x/>", "<", ">", "</", "</>", "<1>", "<h1>"),
        *("</h1>", "text", "é", "<blockquote>", "</blockquote>", "<!-- -->", "< div>", "<a href="),
        *("<colgroup>", "<colgroups>", "</colgroups>", "</stray>", '<x y="</x>">', "\n", "<pre>"),
    ]
)


def slow_depth(html: str) -> int:
    """The claim of `_tags`, tag by tag."""
    open_by_name: dict[str, int] = {}
    deepest = 0
    for piece in html.split("<")[1:]:
        tag, closed, _ = piece.partition(">")
        if not closed or (tag.endswith("/") and tag != "/"):
            continue
        is_end = tag.startswith("/")
        name = ""
        for c in tag[1:] if is_end else tag:
            if not (c.isascii() and (c.isalpha() or (name and c.isdigit()))):
                break
            name += c.lower()
        name = name[: caps.NAME_BYTES]
        if not name or name in caps.VOID + caps.IMPLIED_END:
            continue
        count = open_by_name.get(name, 0)
        open_by_name[name] = max(0, count - 1) if is_end else count + 1
        deepest = max(deepest, sum(open_by_name.values()))
    return deepest


def depth(html: str) -> int:
    raw = np.frombuffer(html.encode(), dtype=np.uint8)
    return caps._tags(raw, caps.NOT_NESTING)[2]


@settings(max_examples=600, deadline=None)
@given(st.lists(TAG_BITS, max_size=60).map("".join))
def test_depth_is_exact(html: str) -> None:
    assert depth(html) == slow_depth(html)


@settings(max_examples=200, deadline=None)
@given(st.lists(TAG_BITS, max_size=40).map("".join), st.integers(3, 12))
def test_a_bomb_nests_past_the_cap_by_its_tags_and_in_its_tree(html: str, cap: int) -> None:
    is_deep = slow_depth(html) > cap and caps._is_deep(html, cap)
    assert caps.is_bomb(html, cap) == is_deep


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 101,
        "</b>" * 500 + "<div>" * 101,
        "<div></p>" * 101,
        "<div></li>" * 101,
        "<div></x>" * 101,
        "<DIV>" * 101,
        "<div>" + "<span>x" * 101 + "</div>",
    ],
    ids=lambda html: html[:16],
)
def test_no_stray_end_tag_hides_depth(html: str) -> None:
    assert caps.is_bomb(html, 100)
    assert survey(PAGE.format(html).encode()) == {"reason": "gate.structure"}


@pytest.mark.parametrize(
    "html",
    [
        "<div></div>" * 5000,
        "<p>" * 5000,
        "<tr><td>" * 5000,
        "<br>" * 5000,
        "<path d='M0'/>" * 5000,
        "<div>" * 99 + "</div>" * 99,
        "<div><span>x</div>" * 5000,
        "a < b and b > c " * 5000,
        "<" * 5000,
        "",
        "<",
    ],
    ids=lambda html: html[:16],
)
def test_ordinary_markup_is_no_bomb(html: str) -> None:
    assert not caps.is_bomb(html, 100)


def test_more_tags_than_the_cap_are_a_bomb() -> None:
    assert not caps.is_bomb("<p>" * 50, 100, max_tags=50)
    assert caps.is_bomb("<p>" * 51, 100, max_tags=50)


@pytest.mark.parametrize(("attributes", "is_bomb"), [(20, False), (21, True)])
def test_more_attributes_than_the_cap_are_a_bomb(attributes: int, is_bomb: bool) -> None:
    tag = f"<div {' '.join(f'attribute{n}=value' for n in range(attributes))}>"
    assert caps.is_bomb(tag, 100, max_tag_attributes=20) == is_bomb


def test_a_page_that_shows_fewer_characters_than_asked_is_short() -> None:
    page = PAGE.format("<meta name=robots content=noai><p>ten chars.</p>").encode()
    limits = (CAP, DEPTH, caps.MAX_TAGS, caps.MAX_TAG_ATTRIBUTES)
    assert parse.survey(page, UTF8, (*limits, 10))["visible"] == "ten chars."
    short = parse.survey(page, UTF8, (*limits, 11))
    assert short["reason"] == "gate.short"
    (found,) = short["findings"]
    assert (found["channel"], found["verdict"]) == ("noai", "reserved"), "it goes before the length"


def test_a_tag_of_many_attributes_is_a_bomb_and_a_long_one_is_not() -> None:
    many = " ".join(f"a{n}=1" for n in range(caps.MAX_TAG_ATTRIBUTES * 2))
    assert caps.is_bomb(f"<div {many}>", 100)
    assert caps.is_bomb(f"text <div {many}", 100), "without its end as well"
    assert not caps.is_bomb(f"<img src='data:{'x' * 100_000}'>", 100)
    assert not caps.is_bomb(f"<div data-preloaded='{'words of a forum ' * 9000}'>", 100)
    assert not caps.is_bomb(f'<div data-config="{"a > b, " * 9000}">', 100)
    assert not caps.is_bomb(f"<!-- {'a comment of words ' * 9000} -->", 100)
    assert not caps.is_bomb(f"<![CDATA[ {'a style of words ' * 9000} ]]>", 100)
    quoted = " ".join(f"a{n}='x y'" for n in range(9000))
    assert caps.is_bomb(f"<div {quoted}>", 100)
    assert not caps.is_bomb("<p>" + "words and more words " * 5000, 100)


# What the gate learns of a page


def test_survey_gives_title_findings_and_text() -> None:
    page = HTML.replace("<head>", '<head><meta name="Robots" content="noai"><meta name="empty">')
    found = survey(page.encode())
    assert [(f["channel"], f["value"]) for f in found["findings"]] == [("noai", "noai")]
    assert found["title"] == "A title"
    assert found["html"] == page
    assert "Kevät" in str(found["visible"])


def test_what_survey_returns_is_bounded() -> None:
    many = "".join(f'<meta name="robots" content="noai, {n}">' for n in range(6_000))
    long = f'<meta name="robots" content="{"c" * 9999}">'
    body = PAGE.format("word " * 9000).replace("A \n title", "T" * 5000)
    found = parse.survey(
        (body.replace("<head>", f"<head>{many}{long}")).encode(), UTF8, (8 * CAP, DEPTH)
    )
    channels = [finding["channel"] for finding in found["findings"]]
    assert sorted(channels) == [*["noai"] * page_facts.MAX_METAS, "unreadable"]
    assert len(found["title"]) == 1000
    assert len(found["visible"]) == parse.MAX_VISIBLE_CHARS


def test_facts_of_rights_are_handed_over_in_order_and_cut() -> None:
    head = """
        <meta property="DCTERMS.rights" content="CC BY 4.0"><meta http-equiv=tdm content=1>
        <meta itemprop=license content=x><meta name=a property=b content=c><meta name=nothing>
        <link rel="License" type="application/RSL+xml" href="/rsl.xml"><link rel=icon href=x>
        <a rel="nofollow licence" href=/terms>terms</a><a href="/other">other</a>
        <a href="//CreativeCommons.org/licenses/by/4.0/">cc</a><link rel=license>
        <script type="Application/LD+json; charset=utf-8">{"license": "y"}</script>
        <script>var license = 1</script><script type="application/rsl+xml"><rsl/></script>"""
    facts = parse._facts(HTMLTree.parse(f"<html><head>{head}").document)
    names = [name for name, _ in facts["metas"]]
    assert names == ["DCTERMS.rights", "tdm", "license", "a"]
    assert facts["links"] == [
        ["link", "License", "application/RSL+xml", "/rsl.xml"],
        ["a", "nofollow licence", "", "/terms"],
        ["a", "", "", "//CreativeCommons.org/licenses/by/4.0/"],
        ["link", "license", "", ""],
    ]
    assert [text for _, text in facts["scripts"]] == ['{"license": "y"}', "<rsl/>"]
    long = "x" * (page_facts.MAX_SCRIPT_CHARS + 9)
    many = f'<script type="application/ld+json">{long}</script>' + '<a rel=license href="y">' * 300
    cut = parse._facts(HTMLTree.parse(many).document)
    assert len(cut["scripts"][0][1]) == page_facts.MAX_SCRIPT_CHARS
    assert len(cut["links"]) == page_facts.MAX_LINKS


def test_files_of_sites_are_told_apart_by_path() -> None:
    tdm = b'[{"location": "/", "tdm-reservation": 1}]'
    found = parse.parse_site_file("/.well-known/tdmrep.json", tdm)
    assert tdmrep.TdmFile.from_json(found["content"]).rules[0].reservation == 1
    found = parse.parse_site_file("/ai.txt", b"User-agent: *\nDisallow: /\n")
    assert aitxt.AiTxt.from_json(found["content"]).status == "rules"
    found = parse.parse_site_file("/licence.xml", b"<html/>")
    assert rsl.RslDocument.from_json(found["content"]).status != "rules"


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/html", "gate.empty"),
        (b" \r\n\t", "text/html", "gate.empty"),
        (PAGE.format("<script>x()</script>").encode(), "text/html", "gate.empty"),
        (b"%PDF-1.7 ...", "text/html", "gate.media_type"),
        (b"\x89PNG\r\n", "text/html", "gate.media_type"),
        (b"PK\x03\x04", "application/xhtml+xml", "gate.media_type"),
        (b"plain words", "text/plain", "gate.media_type"),
        (b'{"a": 1}', "", "gate.media_type"),
    ],
)
def test_what_is_no_page_has_its_own_reason(body: bytes, content_type: str, reason: str) -> None:
    assert survey(body, content_type=content_type)["reason"] == reason


def test_markup_without_a_media_type_is_a_page() -> None:
    assert survey(HTML.encode(), content_type="")["title"] == "A title"


def test_text_for_readers_without_scripts_counts_where_there_is_hardly_any_other() -> None:
    post = "<p>Myllyn vesi nousee taas keväällä.</p>" * 9
    hidden = f"<div>Menu</div><noscript>{post}</noscript><script>app()</script>"
    assert "Myllyn vesi" in str(survey(PAGE.format(hidden).encode())["visible"])
    assert "Myllyn vesi" not in str(survey(PAGE.format("word " * 99 + hidden).encode())["visible"])
    assert parse.extract(PAGE.format(hidden), "trafilatura")["text"].count("Myllyn") == 9


def test_nul_bytes_are_left_out() -> None:
    assert survey(HTML.replace("vesi", "ve\0si").encode())["html"] == HTML


# Main text

ARTICLE = PAGE.format(
    "<nav><a href='/'>Etusivu</a></nav><article><h1>Kevät</h1>"
    + "".join(f"<p>Myllyn vesi nousee taas {n}. kerran keväällä, sanoo mylläri.</p>" for n in "123")
    + "</article><footer>Kaikki oikeudet pidätetään</footer>"
)


@pytest.mark.parametrize("extractor", ["cascade", "weir", "trafilatura", "resiliparse"])
def test_main_text_is_extracted(extractor: str) -> None:
    found = parse.extract(ARTICLE, extractor)
    assert set(found) == {"text"}
    assert found["text"].count("Myllyn vesi nousee") == 3
    assert "Kaikki oikeudet" not in found["text"]
    assert found["text"] == found["text"].strip()


@pytest.mark.parametrize("extractor", ["cascade", "weir", "trafilatura", "resiliparse"])
def test_extraction_depends_on_the_page_alone(extractor: str) -> None:
    first = parse.extract(ARTICLE, extractor)
    for other in (HTML, RUSSIAN, ARTICLE, ARTICLE, ARTICLE, ARTICLE):
        parse.extract(other, extractor)
    assert parse.extract(ARTICLE, extractor) == first


def test_no_text_is_empty() -> None:
    for extractor in ("cascade", "weir", "trafilatura", "resiliparse"):
        assert parse.extract(PAGE.format(""), extractor) == {"text": ""}


@pytest.mark.parametrize(
    ("extractor", "given"),
    [("", "html"), ("trafilatura", "html"), ("weir", "main_text"), ("cascade", "main_text")],
)
def test_our_extractor_needs_no_second_parse(extractor: str, given: str) -> None:
    found = parse.survey(ARTICLE.encode(), UTF8, (CAP, DEPTH), (), extractor)
    assert given in found
    assert {"html", "main_text"} - found.keys() == {"html", "main_text"} - {given}
    if given == "main_text":
        assert found["main_text"] == parse.extract(ARTICLE, extractor)["text"]


def test_a_cascade_asks_another_where_it_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse.page, "SURE_FROM", 1.1)
    found = parse.survey(ARTICLE.encode(), UTF8, (CAP, DEPTH), (), "cascade")
    assert found["html"] == ARTICLE
    assert parse.extract(ARTICLE, "cascade") == parse.extract(ARTICLE, "trafilatura")
    assert "main_text" in parse.survey(ARTICLE.encode(), UTF8, (CAP, DEPTH), (), "weir")


def test_terminals_and_overrides_are_not_commanded() -> None:
    html = (
        "<html><head><title>a&#8238;b\x1b[2J</title></head><body><article><p>"
        + "The mill wheel \x1b]52;c;SGk=\x07turns\u202e again and\u2066 the water\x85 rises. " * 6
        + "</p></article></body></html>"
    )
    found = survey(html.encode())
    assert found["title"] == "ab"
    text = parse.extract(html, "trafilatura")["text"]
    assert "The mill wheel turns again and the water rises." in text
    assert not any(c in text for c in "\x1b\x07\u202e\u2066\x85")


def test_robots_files_come_back_as_their_json() -> None:
    found = parse.parse_robots(b"User-agent: CCBot\nDisallow: /\n")
    assert found["status"] == "rules"
    assert "ccbot" in found["content"]
    assert parse.parse_robots(b"") == {"status": "empty", "content": None}
    assert parse.parse_robots(b"<!DOCTYPE html><html>")["status"] == "not_robots"


def test_every_loop_is_compiled_before_a_page_comes() -> None:
    """A child of the helper may neither write what it compiles nor take as long as that."""
    parse.ready()
    loops = {
        f"{module.__name__}.{name}": value
        for module in (caps, features, scan, text, trees)
        for name, value in vars(module).items()
        if isinstance(value, Dispatcher) and "inline" not in value.targetoptions
    }
    before = {name: loop.signatures for name, loop in loops.items()}
    for html in (ARTICLE, PAGE.format("<noscript><p>Words.</p></noscript>"), "<p>", "<table>x"):
        parse.survey(html.encode(), UTF8, (CAP, DEPTH), (), "weir")
    assert {name: loop.signatures for name, loop in loops.items()} == before
    assert sum(map(bool, before.values())) >= 5
