"""Blocks and elements of markup, against a walk over lexbor's tree."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree, NodeType

from extraction import names, page
from extraction.label import letters
from extraction.scan import (
    CHARS,
    ELEMENT,
    END,
    FIRST,
    LAST,
    LINK_CHARS,
    MAX_DEPTH,
    PARENT,
    START,
    TAG,
    WORDS,
    scan,
)
from extraction.text import text_of

BITS = st.sampled_from(
    [
        *("<div>", "</div>", "<p>", "</p>", "<a href=x>", "</a>", "<b>", "</b>", "<br>", "<li>"),
        *("<ul class='menuItem x-nav'>", "</ul>", "<table>", "<tr>", "<td>", "</table>", "<pre>"),
        *("</pre>", "<script>if (a < b) '<p>'</script>", "<style>p{}</style>", "<svg><p>x</svg>"),
        *("<noscript>", "</noscript>", "<template>", "</template>", "<h2>", "</h2>", "<x-y>"),
        *(
            "<!-- a <p> comment -->",
            "<!>",
            "&amp;",
            "&lt;p&gt;",
            "&nbsp;",
            "&#8217;",
            "&",
            "<",
            ">",
        ),
        *("<select><option>o</select>", "<img alt='<p>' =\"x\">", "<p \"'>", "<meta content=c>"),
        *(
            "word ",
            "word",
            "Größe",
            "Жизнь, да.",
            "中文。",
            "שלום",
            " ",
            "\n",
            "\t",
            '"',
            "\0",
            "\u00ad",
        ),
        *("<textarea>t</textarea>", "<iframe>f</iframe>", "<video>v</video>", "<hr>", "<input>"),
    ]
)
MARKUP = st.lists(BITS, max_size=60).map("".join)
many = settings(max_examples=400, deadline=None)


def shown(node: Any) -> str:
    """Text of a node and of those that follow it, but for what is not read."""
    parts = []
    while node is not None:
        if node.type == NodeType.TEXT:
            parts.append(node.text)
        elif node.first_child is not None and node.tag not in names.RAW:
            parts.append(shown(node.first_child))
        node = node.next
    return "".join(parts)


def parsed(html: str) -> tuple[HTMLTree, page.Page]:
    tree = HTMLTree.parse(html)
    markup = tree.body.html.encode() if tree.body else b""
    return tree, page.Page(markup, scan(markup))


@many
@given(MARKUP)
def test_every_letter_of_the_tree_is_in_a_block(html: str) -> None:
    tree, found = parsed(html.replace("\0", ""))
    every = np.ones(len(found.scanned.blocks), np.bool_)
    expected = letters(shown(tree.body.first_child)) if tree.body else ""
    assert letters(text_of(found.markup, found.scanned, every)) == expected


@many
@given(MARKUP)
def test_blocks_follow_each_other_and_elements_hold_ranges(html: str) -> None:
    _, found = parsed(html)
    elements, blocks = found.scanned
    assert (blocks[:, START] < blocks[:, END]).all()
    assert (blocks[1:, START] >= blocks[:-1, END]).all()
    assert (blocks[:, CHARS] > 0).all()
    assert (blocks[:, LINK_CHARS] <= blocks[:, CHARS]).all()
    assert (blocks[:, WORDS] > 0).all()
    for number, block in enumerate(blocks):
        e = int(block[ELEMENT])
        while e >= 0:
            assert elements[e, FIRST] <= number < elements[e, LAST]
            assert elements[e, PARENT] < max(e, 1)
            e = int(elements[e, PARENT])
    for e in range(1, len(elements)):
        parent = elements[e, PARENT]
        assert elements[parent, FIRST] <= elements[e, FIRST] <= elements[e, LAST]
        assert elements[e, LAST] <= elements[parent, LAST]


@many
@given(MARKUP)
def test_characters_are_those_that_are_written(html: str) -> None:
    _, found = parsed(html)
    count = len(found.scanned.blocks)
    for number, block in enumerate(found.scanned.blocks):
        text = text_of(found.markup, found.scanned, np.arange(count) == number)
        written = len("".join(text.removeprefix("- ").split()))
        assert abs(written - block[CHARS]) <= text.count("\u00ad") + text.count("-")


def block_texts(html: str) -> list[str]:
    _, found = parsed(html)
    count = len(found.scanned.blocks)
    return [
        text_of(found.markup, found.scanned, np.arange(count) == number) for number in range(count)
    ]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<p>one <b>two</b> three<p>four", ["one two three", "four"]),
        ("one<br>two<br><br>three", ["one\ntwo", "three"]),
        ("<div>a<div>b</div>c</div>", ["a", "b", "c"]),
        ("<p>a<meta content=x>b<img>c", ["abc"]),
        ("<ul><li>a<li><p>b</p><p>c</p></ul>", ["- a", "- b", "c"]),
        ("<pre>a\n  b\t c</pre>", ["a\n  b  c"]),
        ("<p>a&lt;b&gt; &amp;amp; &quot;c&quot;&nbsp;d", ['a<b> &amp; "c" d']),
        ("<p>a<!-- > --b>c -->d", ["ad"]),
        ("<p>a<x-new>b</x-new>c", ["abc"]),
        ('<p title="a > b" "c>d', ["d"]),
        ("<script>x</script><p>y</p><noscript>z</noscript>", ["y"]),
        ("e\u0301", ["é"]),
        ("", []),
    ],
)
def test_blocks_of_markup(html: str, texts: list[str]) -> None:
    assert block_texts(html) == texts


def test_cells_of_a_row_are_joined_and_cells_of_paragraphs_are_not() -> None:
    _, found = parsed("<table><tr><th>a<td>b<tr><td>c<td><p>d</p><p>e</p></table>")
    every = np.ones(len(found.scanned.blocks), np.bool_)
    assert text_of(found.markup, found.scanned, every) == "a | b\nc\nd\ne"


def test_hints_are_words_of_class_id_and_role() -> None:
    _, found = parsed(
        '<div class="main-menu"><p id="articleBody" title="comment" =x>a</p><p role=navigation>b'
    )
    elements, blocks = found.scanned
    first, second = (int(elements[block[ELEMENT], 3]) for block in blocks)
    assert first == names.HINT["content"]
    assert second == names.HINT["navigation"]
    outer = int(elements[elements[blocks[0][ELEMENT], PARENT], 3])
    assert outer == names.HINT["navigation"] | names.HINT["content"]


def test_depth_past_the_cap_stays_in_the_last_element() -> None:
    deep = MAX_DEPTH * 3
    elements, blocks = scan(b"<div>" * deep + b"x" + b"</div>" * deep + b"<p>y</p>")
    assert len(elements) == MAX_DEPTH + 2
    assert elements[blocks[0, ELEMENT], LAST] == 1
    assert elements[blocks[1, ELEMENT], TAG] == names.ID["p"]


@pytest.mark.parametrize(
    "markup",
    [
        b"<", b"<p", b"</", b"<!", b"<!--", b"<!-- x", b"<script>x", b"<svg><svg>x</svg>", b"&",
        b"&amp", b"&nbsp", b"<p class", b"<p class=", b'<p class="', b'<p class="x', b'<p =" ="">x',
        b"\xff\xfe", b"\xe2", b"\xf0\x9f", b"<br", b"x<br", b"x<br><br", b"\x00", b"</p></p>x",
    ],
)  # fmt: skip
def test_what_lexbor_does_not_write_ends_all_the_same(markup: bytes) -> None:
    for one in (markup, markup * 50, b"<body>" + markup + b"<p>text"):
        found = scan(one)
        every = np.ones(len(found.blocks), np.bool_)
        assert (found.blocks[:, END] <= len(one)).all()
        text_of(one, found, every)


def test_forums_for_readers_without_scripts() -> None:
    hidden = "<body><noscript><p>" + "All that the forum says. " * 20 + "</p></noscript>"
    assert "the forum says" in page.shown(page.read(HTMLTree.parse(hidden)), 1000)
    both = hidden + "<p>" + "words " * 100
    assert "the forum says" not in page.shown(page.read(HTMLTree.parse(both)), 1000)
