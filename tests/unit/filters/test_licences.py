from __future__ import annotations

import pytest

from filters.licences import Licence, find, link_header, of_text
from filters.page_facts import Link

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BY, ("CC-BY", "4.0")),
        ("http://creativecommons.org/licenses/by-nc-nd/3.0/de/", ("CC-BY-NC-ND", "3.0")),
        ("//www.creativecommons.org/licenses/by-sa/2.5", ("CC-BY-SA", "2.5")),
        ("https://CreativeCommons.org/Licenses/BY-NC/4.0/deed.fr", ("CC-BY-NC", "4.0")),
        ("https://creativecommons.org/publicdomain/zero/1.0/", ("CC0", "1.0")),
        ("https://creativecommons.org/publicdomain/mark/1.0/", ("CC-PDM", "1.0")),
        ("https://creativecommons.org/licenses/by-sa/", ("CC-BY-SA", None)),
        ("CC BY-SA 4.0", ("CC-BY-SA", "4.0")),
        ("Licensed under CC-BY-NC-ND", ("CC-BY-NC-ND", None)),
        ("CC0 1.0", ("CC0", "1.0")), ("CC-0", ("CC0", None)),
        ("https://creativecommons.org/about/", None), ("https://notcreativecommons.org/licenses/by/4.0/",
        None), ("all rights reserved", None), ("", None), ("x" * 9_999 + BY, None),
    ],
)  # fmt: skip
def test_codes(text: str, code: tuple[str, str | None] | None) -> None:
    assert of_text(text) == code


def link(href: str = BY, element: str = "link", rel: str = "license") -> Link:
    return Link(element, rel, "", href)


def test_places_and_their_certainty() -> None:
    assert find([link()], [], []) == Licence("CC-BY", "4.0", "link", "high")
    assert find([link(element="a")], [], []) == Licence("CC-BY", "4.0", "a", "medium")
    assert find([link(element="a", rel="nofollow")], [], []) == Licence(
        "CC-BY", "4.0", "url", "low"
    )
    assert find([], [BY], []) == Licence("CC-BY", "4.0", "json_ld", "high")
    assert find([], [], [("DCTERMS.rights", BY)]) == Licence("CC-BY", "4.0", "meta", "medium")
    assert find([link("/terms")], [], []) == Licence("other", None, "link", "high")
    assert find([], [], [("copyright", "Somebody")]) is None
    assert find([], [], []) is None


def test_a_more_certain_place_goes_first() -> None:
    nc = BY.replace("/by/", "/by-nc/")
    found = find([link(nc, "a", "")], [BY], [])
    assert found == Licence("CC-BY", "4.0", "json_ld", "high"), "a picture's link does not confuse"


def test_licences_that_contradict_each_other_are_ambiguous() -> None:
    found = find([link()], [BY.replace("/by/", "/by-nd/")], [])
    assert found is not None
    assert (found.code, found.ambiguous) == ("CC-BY", True)
    found = find([link(), link()], [BY], [])
    assert found is not None
    assert not found.ambiguous


def test_restrictions_of_a_licence() -> None:
    found = find([link(BY.replace("/by/", "/by-nc-nd/"))], [], [])
    assert found is not None
    assert (found.is_non_commercial, found.is_no_derivatives) == (True, True)
    assert not Licence("CC-BY-SA", "4.0", "link", "high").is_non_commercial


def test_an_rsl_link_is_no_licence_to_record() -> None:
    assert find([Link("link", "license", "application/rsl+xml", "/l.xml")], [], []) is None


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("", []), ("nonsense", []), ("<", []),
        (f"<{BY}>; rel=license", [Link("header", "license", "", BY)]),
        ('</a>; rel="next", </b,c>;rel="x license"; type="application/rsl+xml"; rel=y',
         [Link("header", "next", "", "/a"),
          Link("header", "x license", "application/rsl+xml", "/b,c")]),
        ('</a>; title="x, <y>"; rel=license', [Link("header", "license", "", "/a")]),
    ],
)  # fmt: skip
def test_link_headers(value: str, links: list[Link]) -> None:
    assert link_header(value) == links


def test_long_link_headers_are_cut() -> None:
    assert len(link_header("</a>; rel=license, " * 10_000)) == 50
    assert link_header("<" * 100_000) == []
    assert link_header('</a>;"' * 50_000) != [Link("header", "license", "", "/a")]
