from __future__ import annotations

import pytest

from filters.rsl import STATUSES, RslDocument, parse

NAMESPACE = "https://rslstandard.org/rsl"


def document(*contents: str, namespace: str = NAMESPACE) -> RslDocument:
    return parse(f'<rsl xmlns="{namespace}">{"".join(contents)}</rsl>'.encode())


def content(licence: str, url: str = "/", more: str = "") -> str:
    return f'<content url="{url}"{more}><license>{licence}</license></content>'


def usage(kind: str, words: str) -> str:
    return f'<{kind} type="usage">{words}</{kind}>'


@pytest.mark.parametrize(
    ("licence", "verdict"),
    [
        (usage("prohibits", "ai-train"), "prohibits"),
        (usage("prohibits", "ai-input ai-train"), "prohibits"),
        (usage("prohibits", " search,\n ai-all "), "prohibits"),
        (usage("prohibits", "ALL"), "prohibits"),
        (usage("prohibits", "search"), "permits"),
        (usage("permits", "search"), "not_permitted"),
        (usage("permits", "search ai-train"), "permits"),
        (usage("permits", "ai-train") + usage("prohibits", "ai-train"), "prohibits"),
        (usage("permits", "ai-all") + '<payment type="crawl"/>', "on_terms"),
        ('<payment type="purchase"/>', "on_terms"),
        ('<payment type="attribution"/>', "permits"),
        ("<payment/>", "permits"),
        ('<permits type="user">education</permits>', "permits"),
        ('<prohibits type="geo">EU</prohibits>', "permits"),
        ("", "permits"),
        ("<prohibits>ai-train</prohibits>", "prohibits"),
        ('<prohibits type="usage"><![CDATA[ai-train]]></prohibits>', "prohibits"),
        ('<prohibits type="usage">ai-<!-- x -->train</prohibits>', "prohibits"),
        ('<prohibits type="usage">&#97;i-train</prohibits>', "prohibits"),
    ],
)
def test_a_licence(licence: str, verdict: str) -> None:
    found = document(content(licence))
    assert (found.status, found.verdict("/a")) == ("rules", verdict)


def test_a_licence_server_is_a_term() -> None:
    server = ' server="https://l.example/"'
    assert document(content("", more=server)).verdict("/") == "on_terms"


def test_paths() -> None:
    found = document(
        content(usage("prohibits", "ai-train"), "https://h.example/news/*.html$"),
        content(usage("permits", "ai-train"), "/free/"),
    )
    assert [found.verdict(p) for p in ("/news/a.html", "/news/a.html?x", "/free/a", "/b")] == [
        "prohibits", None, "permits", None,
    ]  # fmt: skip
    assert document(content(usage("prohibits", "all"), "")).verdict("/any") == "prohibits"
    assert (
        document(content(usage("prohibits", "all"), "https://h.example")).verdict("/") is not None
    )


def test_a_prohibition_survives_a_narrower_licence() -> None:
    found = document(
        content(usage("prohibits", "ai-train")), content('<payment type="free"/>', "/free/")
    )
    assert found.verdict("/free/a") == "prohibits"


def test_without_a_prohibition_the_narrower_licence_speaks() -> None:
    found = document(
        content(usage("permits", "search")), content(usage("permits", "all"), "/free/")
    )
    assert [found.verdict(p) for p in ("/a", "/free/a")] == ["not_permitted", "permits"]


def test_of_several_licences_one_that_permits_is_enough() -> None:
    licences = (
        f'<license>{usage("permits", "ai-train")}<payment type="purchase"/></license>'
        f"<license>{usage('permits', 'ai-train')}</license>"
    )
    assert document(f'<content url="/">{licences}</content>').verdict("/") == "permits"


def test_elements_of_other_vocabularies_are_passed_over() -> None:
    other = '<x:prohibits xmlns:x="https://other.example/" type="usage">ai-train</x:prohibits>'
    assert document(content(other)).verdict("/") == "permits"
    plain = b'<rsl><content url="/"><license><prohibits>all</prohibits></license></content></rsl>'
    assert parse(plain).verdict("/") == "prohibits", "without a namespace it is meant all the same"


LAUGHS = (
    '<!DOCTYPE r [<!ENTITY a "ai-train">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + "]>"
)
FILE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
OUTSIDE = '<!DOCTYPE r SYSTEM "https://h.example/r.dtd">'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", "not_rsl"), (b"<html/>", "not_rsl"), (b"<rsl>", "not_rsl"), (b"{}", "not_rsl"),
        (b'<rsl xmlns="https://other.example/"/>', "not_rsl"), (b"<rsl/>", "empty"),
        (b'<rsl><content url="/"/></rsl>', "empty"), (b"<rsl>&x;</rsl>", "not_rsl"),
        (f"{LAUGHS}<rsl>&a9;</rsl>".encode(), "declares_entities"),
        (f"{FILE}<rsl>&x;</rsl>".encode(), "declares_entities"),
        (f"{OUTSIDE}<rsl/>".encode(), "declares_entities"),
        (b"<rsl>" * 100_000, "too_deep"),
        (b"<rsl>" + b"<content/>" * 2_001 + b"</rsl>", "too_many"),
        (b"<rsl>" + b" " * (1 << 20) + b"</rsl>", "too_large"),
        (b"<?xml version='1.0' encoding='no-such'?><rsl/>", "not_rsl"), (b"\0" * 99, "not_rsl"),
        (b"<rsl " + b"a='1' " * 9 + b"/>", "not_rsl"),
    ],
)  # fmt: skip
def test_what_is_not_read_has_a_status(body: bytes, status: str) -> None:
    found = parse(body)
    assert (found.status, found.contents) == (status, found.contents)
    assert found.verdict("/") is None
    assert found.is_readable is (status == "empty")
    assert status in STATUSES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><rsl>' + content(usage("prohibits", "all"))
    assert parse((text + "</rsl>").encode(encoding)).verdict("/") == "prohibits"


def test_json_round_trip() -> None:
    found = document(content(usage("prohibits", "all"), "/ü*"), content(""))
    assert RslDocument.from_json(found.to_json()) == found
