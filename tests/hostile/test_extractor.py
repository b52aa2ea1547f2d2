"""What our extractor does with pages that are made to break it: text or a reason, soon.

Each is given to the survey in the killable child, as the gate does. The limit of processor time is
the default of a run, and none of these may reach it.
"""

import time
from collections.abc import Iterator

import pytest
from resiliparse.parse.encoding import map_encoding_to_html5

from pipeline import context
from pipeline.sandbox import Sandbox
from stages import schema

CAP, DEPTH, TAGS, TAG_ATTRIBUTES = 20 << 20, 256, 200_000, 1_000
CPU_LIMIT_S, MEMORY_LIMIT_MB = 20, 768
SOON_S = 15.0
TEXT = "The mill by the river turns again this spring, and the miller tells how flour was made. "
ARTICLE = f"<article><h1>Mill</h1><p>{TEXT * 3}</p><p>{TEXT * 2}</p></article>"
FLOODS = {
    "depth": "<div>" * 100_000 + TEXT,
    "depth of inline elements": "<b>" * 100_000 + TEXT,
    "depth of tables": "<table><tr><td>" * 30_000 + TEXT,
    "depth below the cap": ("<div>" * 250 + TEXT) + ARTICLE,
    "attributes": "<p " + " ".join(f"a{n}=x" for n in range(200_000)) + f">{TEXT}",
    "classes": '<p class="' + "content " * 500_000 + f'">{TEXT}' + ARTICLE,
    "one name of a megabyte": f"<{'x' * (1 << 20)}>{ARTICLE}",
    "quotes in names": ("<p a\"b='c>d'\"e>" + TEXT) * 2_000,
    "unclosed tags": "<p><i><a href=x><font><li><td>" * 20_000 + TEXT,
    "end tags alone": "</div></p></table></a>" * 40_000 + ARTICLE,
    "an end in the midst": ARTICLE + "<div class='",
    "comments": "<!--" + "-" * 500_000 + ARTICLE,
    "declarations": "<!x>" * 50_000 + ARTICLE,
    "frames": "<frameset><frame src=x><noframes>" * 5_000 + ARTICLE,
    "inner frames": "<iframe srcdoc='&lt;p&gt;x'></iframe>" * 20_000 + ARTICLE,
    "null bytes": "\0<\0p\0>\0" * 50_000 + ARTICLE.replace("i", "i\0"),
    "references": "&amp;&lt;&nbsp;&#0;&#x110000;&nonsense" * 30_000 + ARTICLE,
    "blocks": "<p>x" * 150_000,
    "line breaks": "<br>" * 150_000 + TEXT,
    "links": f"<a href=x>{TEXT}</a>" * 5_000,
    "headings": "<h1>x</h1>" * 60_000,
    "cells": "<table>" + "<tr>" + "<td>x" * 100_000,
    "plain text without end": "<plaintext>" + ARTICLE * 500,
    "scripts in scripts": "<script><script><svg><template>" * 20_000 + ARTICLE,
    "templates": "<template>" * 250 + ARTICLE,
    "no script": f"<noscript>{ARTICLE}</noscript>" * 500,
    "preformatted": "<pre>" + "\n \t" * 300_000 + TEXT,
    "controls": "<p>\x1b]0;x\x07\x9b31m\x7f" * 20_000 + ARTICLE,
    "marks": "<p>" + "e\u0301\u0300" * 200_000,
    "of 90 megabytes": "<p>" + TEXT * ((90 << 20) // len(TEXT)),
    "of 19 megabytes": "<p>" + TEXT * ((19 << 20) // len(TEXT)),
    "nothing": "",
    "spaces": " \n\t" * 100_000,
}


@pytest.fixture(scope="module")
def guard() -> Iterator[Sandbox]:
    made = Sandbox(context.PARSERS, CPU_LIMIT_S, MEMORY_LIMIT_MB)
    yield made
    made.close()


def surveyed(guard: Sandbox, body: bytes, kind: str = "text/html") -> str | None:
    """The text; None for a reason, which must be one that there is."""
    limits = (CAP, DEPTH, TAGS, TAG_ATTRIBUTES, 0)
    found = guard.call("survey", body, {"content-type": kind}, limits, (), "weir")
    if "reason" in found:
        assert found["reason"] in schema.REASONS
        assert not found["reason"].startswith("extract.")  # killed, or broken
        return None
    assert "html" not in found
    text = found["main_text"]
    assert isinstance(text, str)
    text.encode()
    assert not set(text) & {"\0", "\x1b", "\x9b"}
    return text


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_has_text_or_a_reason_soon(guard: Sandbox, flood: str) -> None:
    surveyed(guard, b"<p>warm</p>")
    begun = time.monotonic()
    surveyed(guard, f"<!DOCTYPE html><html><body>{FLOODS[flood]}".encode("utf-8", "replace"))
    assert time.monotonic() - begun < SOON_S
    assert "miller tells" in (surveyed(guard, ARTICLE.encode()) or "")


CHARSETS = (
    *("utf-8", "utf-16le", "utf-16be", "ibm866", "koi8-r", "koi8-u", "macintosh", "windows-874"),
    *(f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(f"windows-{n}" for n in range(1250, 1259)),
    *("x-mac-cyrillic", "gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"),
    *("replacement", "x-user-defined", "utf-7", "ascii", "latin1", "cp1252", "utf8", "unicode"),
    *("hz-gb-2312", "iso-2022-kr", "x-unknown", "", "none", "\u00fctf-8"),
)
WRITTEN = "Зеленая мельница у реки, жёлтый дом и Ölmühle: świeży chleb. " * 8


@pytest.mark.parametrize("written", ["utf-8", "utf-16", "cp1251", "shift_jis"])
def test_charsets_that_are_declared_wrongly_do_no_harm(guard: Sandbox, written: str) -> None:
    assert len(CHARSETS) >= 50
    page = f"<html><body><article><p>{WRITTEN}</p><p>{TEXT * 2}</p></article></body></html>"
    body = page.encode(written, "replace")
    found = [surveyed(guard, body, f"text/html; charset={name}") for name in CHARSETS]
    known = [name for name in CHARSETS if map_encoding_to_html5(name, fallback_utf8=False)]
    assert len(known) > 30
    assert sum(text is not None for text in found) > len(CHARSETS) // 2
