"""Help pages and man pages become paragraphs of prose, without code, menus and credits."""

import pytest

from audit import markup

HTML = b"""<html><head><title>not this</title><style>p{}</style></head><body>
<div class="navheader"><p>Back to the index</p></div>
<h1>A <b>bucket</b></h1><p>It is made
of wood.</p><ul><li>One hoop<br>holds it</li><li><p>Another too.</p></li></ul>
<pre>make bucket</pre><p>It <code>leaks</code> at first.</p></body></html>"""

MALLARD = """<page xmlns="http://projectmallard.org/1.0/"><info><desc>credits</desc></info>
<title>Ämpäri</title><p>Se tehdään &nosuch; puusta.</p><!-- not this --></page>""".encode()

DOCBOOK = b"""<article><articleinfo><para>credits</para></articleinfo>
<sect1><title>Wood</title><para>Dry wood leaks.</para></sect1>
<sect1><title>Hoops</title><sect2><para>Two are enough.</para></sect2></sect1></article>"""

MAN = r""".\" a comment
.TH BUCKET 1
.SH NIMI
bucket \- kantaa vett\[u00E4]
.SH KUVAUS
.PP
Veden \fIkantaminen\fP on
.B raskasta
ty\[u00F6]t\[u00E4].
.nf
bucket --help
.fi
.TP
\fB\-a\fP
Kaikki."""


def test_blocks_are_lines_and_what_is_no_prose_is_left_out() -> None:
    (page,) = markup.pages(HTML, is_html=True)
    assert page.splitlines() == [
        "A bucket",
        "It is made of wood.",
        "One hoop holds it",
        "Another too.",
        "It at first.",
    ]


def test_mallard_keeps_its_letters_and_loses_unknown_entities() -> None:
    (page,) = markup.pages(MALLARD, is_html=False)
    assert page == "Ämpäri\nSe tehdään puusta."


def test_a_book_is_a_document_for_each_section() -> None:
    assert list(markup.pages(DOCBOOK, is_html=False)) == [
        "Wood\nDry wood leaks.",
        "Hoops\nTwo are enough.",
    ]


@pytest.mark.parametrize("data", [b"", b"<", b"\x00\xff" * 50, b"<p>" * 50_000])
def test_what_no_parser_reads_is_nothing_or_text(data: bytes) -> None:
    for is_html in (True, False):
        assert all(page.strip() for page in markup.pages(data, is_html=is_html))


def test_too_large_a_file_is_not_read() -> None:
    assert list(markup.pages(b"<p>a</p>" + b" " * markup.MAX_BYTES, is_html=True)) == []


def test_a_man_page_is_its_prose() -> None:
    assert markup.manual_page(MAN).splitlines() == [
        "NIMI",
        "bucket - kantaa vettä",
        "KUVAUS",
        "Veden kantaminen on raskasta työtä.",
        "-a Kaikki.",
    ]


def test_a_page_that_names_another_is_empty() -> None:
    assert markup.manual_page(".so man1/bucket.1") == ""
