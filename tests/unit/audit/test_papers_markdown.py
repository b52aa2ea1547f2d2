import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from audit.papers import markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://example.org/pixel.png)",
    "https://example.org/ www.example.org",
    "a | b\n| c |",
    "# heading",
    "- item",
    "12. item",
    "===",
    "---",
    "`code` ``x",
    "*a* _b_ __c__ ~~d~~ $x$",
    "&lt;b&gt; &#x3c;",
    "\u202egnirts\x1b[31m\x00",
    "\\[x](y) \\<b>",
    "$$x$$",
]


def shown(text: str) -> str:
    """The text of what a reader would see; nothing else may be in it."""
    parser = MarkdownIt("gfm-like", {"linkify": False})
    made = parser.render(f"| a | b |\n|---|---|\n| {text} | z |\n\nBefore {text} after\n\n{text}\n")
    allowed = {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert {tag.lower() for tag in re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", made)} <= allowed, made
    return made


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_run_acts(text: str) -> None:
    made = shown(markdown.escaped(text))
    assert made.count("<td>") == 2, "a cell more than there was"


@given(st.text(max_size=60))
def test_no_text_acts(text: str) -> None:
    assert shown(markdown.escaped(text)).count("<td>") == 2


def test_addresses_make_no_links() -> None:
    assert "://" not in markdown.escaped("see HTTPS://example.org")
    assert "www." not in markdown.escaped("see www.example.org")
    assert markdown.escaped("TO_BE_FILLED_BY_PUBLISHER") == "TO_BE_FILLED_BY_PUBLISHER"
    assert markdown.escaped("1.3 GB, 0.5") == "1.3 GB, 0.5"


@pytest.mark.parametrize("text", [*HOSTILE, "a`b", "x|y"])
def test_code_stays_code(text: str) -> None:
    made = MarkdownIt("commonmark").render(f"x {markdown.code(text)} y")
    assert made.count("<code>") == 1
    assert re.findall(r"</?(\w+)", made) == ["p", "code", "code", "p"]


def test_only_plain_addresses_are_linked() -> None:
    assert markdown.link("https://data.example.org/x/index.html").startswith("<https")
    for odd in ("javascript:alert(1)", "http://example.org", "https://example.org/> <b>"):
        assert not markdown.link(odd).startswith("<")
    assert markdown.code("") == ""


def test_long_text_is_cut() -> None:
    assert len(markdown.escaped("x" * 100_000)) <= markdown.MAX_CHARS
