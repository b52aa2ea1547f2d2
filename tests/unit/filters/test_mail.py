from __future__ import annotations

import pytest

from filters.pii import redact

FOUND = [
    ("write to jane (at) example (dot) org.", "write to <EMAIL>."),
    ("jane[ät]example.org", "<EMAIL>"),
    ("jana (zavináč) example (tečka) org", "<EMAIL>"),
    ("maria {arroba} example.org", "<EMAIL>"),
    ("mario(chiocciola)example.org!", "<EMAIL>!"),
    ("jan (małpa) example.org", "<EMAIL>"),
    ("anna [kukac] example.org", "<EMAIL>"),
    ("lars (snabel-a) example.org", "<EMAIL>"),
    ("иван (собака) пример.рф", "<EMAIL>"),
    ("νίκος (παπάκι) example.org", "<EMAIL>"),
    ("jane (AT) example (DOT) co (DOT) org", "<EMAIL>"),
    ("jane (at) example dot org", "<EMAIL>"),
    ("jane&#64;example.org; jane&#x40;example.org", "<EMAIL>; <EMAIL>"),
    ("mailto:jane%40example.org", "mailto:<EMAIL>"),
    ("E-mail: jane @ example . org", "E-mail: <EMAIL>"),
    ("ja\u00adne@exam\u200bple.org", "<EMAIL>"),
    ("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｏｒｇ", "<EMAIL>"),
    ("<jane@example.org>", "<<EMAIL>>"),
    ("jane@example.org/john@example.org", "<EMAIL>/<EMAIL>"),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_addresses_and_their_disguises(text: str, expected: str) -> None:
    assert redact(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Look (at) this.",
        "the ball (at) example",
        "met friends @ example.org yesterday",
        "mail from alias @example.org",
        "special @example.org syntax",
        "3 (a) section.two",
        "a (et) b",
        "@media print { }",
        "photo@2x.png",
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert redact(text) == (text, [])


def test_a_local_part_has_an_end() -> None:
    assert redact("a" * 64 + "@example.org")[0] == "<EMAIL>"
    assert redact("a" * 65 + "@example.org")[1] == []
