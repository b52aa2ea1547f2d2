"""The suppression list: one form for a page's spellings, hashes, and near signatures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters import minhash, suppression
from filters.text import TextView, shingle_hashes

KEY = "secret"
PAGE = "site.example/a/B?q=1&r=%C3%A4"
SIGNATURE = np.arange(minhash.PERMUTATIONS, dtype=np.uint32)


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/a/B?q=1&r=%C3%A4",
        "http://site.example/a/B?q=1&r=%C3%A4",
        "HTTPS://WWW.Site.Example/a/B?q=1&r=%c3%a4",
        "https://site.example:443/a/B?q=1&r=ä",
        "https://site.example./a/B/?q=1&r=%C3%A4#part",
        "https://user:word@site.example/%61/B?q=1&r=%C3%A4",
    ],
)
def test_spellings_of_a_page_have_one_form(url: str) -> None:
    assert suppression.canonical(url) == PAGE


@pytest.mark.parametrize(
    "url",
    [
        "https://site.example/a/b?q=1&r=%C3%A4",
        "https://site.example/a/B",
        "https://site.example/a/B?q=2&r=%C3%A4",
        "https://other.example/a/B?q=1&r=%C3%A4",
        "https://site.example/a%2FB?q=1&r=%C3%A4",
    ],
)
def test_other_pages_have_others(url: str) -> None:
    assert suppression.canonical(url) != PAGE


def test_a_name_in_other_letters_is_one_host() -> None:
    assert suppression.canonical("https://bücher.example/") == "xn--bcher-kva.example"
    assert suppression.canonical("https://xn--bcher-kva.example") == "xn--bcher-kva.example"


@given(st.text(max_size=60))
def test_the_form_is_stable(url: str) -> None:
    once = suppression.canonical("https://site.example/" + url)
    assert suppression.canonical("https://" + once) == once


def listed(*entries: tuple[str, str], signatures: object = None) -> suppression.Suppressed:
    return suppression.of(KEY, entries, signatures)  # type: ignore[arg-type]


def test_addresses_are_found_by_url_and_by_each_domain_above() -> None:
    found = listed(
        ("url", suppression.hashed(suppression.canonical(f"https://{PAGE}"), KEY)),
        ("domain", suppression.hashed("gone.example", KEY)),
    )
    assert found.address(f"http://www.{PAGE}/") is None  # a slash after the query is another page
    assert found.address(f"http://www.{PAGE}#x") == "url"
    assert found.address("https://site.example/") is None
    assert found.address("https://gone.example:8443/x") == "domain"
    assert found.address("https://a.b.gone.example/x") == "domain"
    assert found.address("https://notgone.example/") is None
    assert found.address("https://example/") is None


def test_the_key_is_part_of_the_hash() -> None:
    assert suppression.hashed("x", "a") != suppression.hashed("x", "b")


@pytest.mark.parametrize(("changed", "is_near"), [(0, True), (22, True), (23, False), (112, False)])
def test_near_signatures_agree_in_eight_of_ten_values(changed: int, is_near: bool) -> None:
    found = listed(signatures=np.stack([SIGNATURE + 1000, SIGNATURE]))
    other = SIGNATURE.copy()
    other[np.linspace(0, 111, changed).astype(int)] += 5000
    assert found.text("0" * 32, other) is is_near


@given(st.sets(st.integers(0, 111), min_size=22, max_size=22))
def test_bands_miss_nothing_that_is_near(places: set[int]) -> None:
    other = SIGNATURE.copy()
    other[list(places)] += 5000
    assert listed(signatures=SIGNATURE[None, :]).similar(other)


def test_a_text_is_found_by_its_words() -> None:
    digest = suppression.text_digest(TextView("One two, three!"))
    found = listed(("text", digest))
    assert found.text(digest, None)
    assert suppression.text_digest(TextView("one  two three")) == digest
    assert not found.text(suppression.text_digest(TextView("one two four")), None)


def test_an_empty_list_finds_nothing() -> None:
    found = suppression.of("", ())
    assert not found.names_addresses
    assert not found.names_texts
    assert found.address("https://site.example/") is None
    signature = minhash.signature(shingle_hashes("some words of a text"))
    assert not found.text("0" * 32, signature)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        listed(("path", "x"))
