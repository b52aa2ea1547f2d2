import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.papers import site_kinds
from audit.papers.suffixes import ADDRESS, NO_NAME, parsed, suffixes

LIST = """
// VERSION: 2026-01-01
com
uk
co.uk
// one rule for all below, but for one name
*.ck
!www.ck
*.kawasaki.jp
!city.kawasaki.jp
jp
// ===BEGIN PRIVATE DOMAINS===
lent.example   and what is after a space is not read
рф
""".encode()


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("example.com", "example.com"),
        ("a.b.EXAMPLE.com", "example.com"),
        ("example.co.uk", "example.co.uk"),
        ("a.example.co.uk.", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("a.b.c.ck", "b.c.ck"),
        ("x.a.b.c.ck", "b.c.ck"),
        ("www.ck", "www.ck"),
        ("a.www.ck", "www.ck"),
        ("a.b.kawasaki.jp", "a.b.kawasaki.jp"),
        ("a.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.mine.lent.example", "mine.lent.example"),
        ("example", "example"),
        ("a.b.example.unknown", "example.unknown"),
        ("сайт.рф", "xn--80aswg.xn--p1ai"),
        ("a.xn--80aswg.xn--p1ai", "xn--80aswg.xn--p1ai"),
        ("192.0.2.7", ADDRESS),
        ("[2001:db8::1]", ADDRESS),
        ("<ip>", NO_NAME),
        ("", NO_NAME),
        ("=cmd.example", NO_NAME),
        ("a..example", NO_NAME),
        ("x" * 64 + ".example", NO_NAME),
        ("x.example\n.org", NO_NAME),
    ],
)
def test_what_somebody_registered(host: str, wanted: str) -> None:
    assert parsed(LIST).registrable(host) == wanted


def test_what_a_company_lends_is_told_apart() -> None:
    known = parsed(LIST)
    assert known.lent == {"lent.example", "xn--p1ai"}
    assert known.is_lent("mine.lent.example")
    assert known.is_lent("lent.example")
    assert not known.is_lent("example.co.uk")


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("example.gov.uk", "government and public bodies"),
        ("europa.eu", "government and public bodies"),
        ("example.gouv.fr", "government and public bodies"),
        ("gov.example.de", site_kinds.OTHER),
        ("example.ac.at", "education and research"),
        ("edu.example", site_kinds.OTHER),
        ("example.edu", "education and research"),
        ("wikipedia.org", "encyclopaedias and other works of Wikimedia"),
        ("mine.github.io", site_kinds.LENT),
        ("example.de", site_kinds.OTHER),
    ],
)
def test_kinds_of_sites(domain: str, kind: str) -> None:
    assert site_kinds.kind_of(domain, suffixes()) == kind


def test_the_pinned_list_is_the_whole_one() -> None:
    found = suffixes()
    assert len(found.plain) > 8000
    assert found.version.startswith("20")
    assert len(found.sha256) == 64
    # Vectors of publicsuffix.org's own test file.
    for host, wanted in {
        "b.example.biz": "example.biz",
        "a.b.example.uk.com": "example.uk.com",
        "a.b.c.kobe.jp": "b.c.kobe.jp",
        "www.city.kobe.jp": "city.kobe.jp",
        "www.test.k12.ak.us": "test.k12.ak.us",
        "mine.github.io": "mine.github.io",
    }.items():
        assert found.registrable(host) == wanted, host


@given(st.text(max_size=300))
def test_any_host_has_a_name_that_can_be_listed(host: str) -> None:
    found = suffixes().registrable(host)
    assert found in (ADDRESS, NO_NAME) or (found.isascii() and len(found) <= 253 + 64)
    assert not found.startswith(("=", "+", "@"))
    assert suffixes().registrable(found) == found or found in (ADDRESS, NO_NAME)
