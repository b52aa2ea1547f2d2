"""Lists of domains and URLs: entries, what they cover, and millions of them as keys."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import domains
from filters.domains import DOMAIN, HOST_OF_URL, URL, KeyList, LanguageLists, TextList

quick = settings(max_examples=200, deadline=None)
label = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)
host = st.lists(label, min_size=2, max_size=6).map(".".join)
segment = st.text("abcXYZ0189-_.~%", min_size=1, max_size=8)
address = st.tuples(host, st.lists(segment, min_size=1, max_size=4)).map(
    lambda parts: "/".join([parts[0], *parts[1]])
)


def hashed(*entries: str) -> KeyList:
    """The entries as a table, as the step prepare makes it."""
    return KeyList(*domains.table([f"{entry}\n".encode() for entry in entries], refuse))


def refuse(number: int, reason: str) -> None:
    raise AssertionError(f"line {number}: {reason}")


# Entries


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("Example.FI", "example.fi"),
        (" example.fi. ", "example.fi"),
        ("https://www.example.fi/", "www.example.fi"),
        ("example.fi/", "example.fi"),
        ("example.fi/Forum/", "example.fi/Forum"),
        ("http://example.fi/a?b=C#top", "example.fi/a?b=C"),
        ("süd.example", "xn--sd-xka.example"),
        ("почта.рф", "xn--80a1acny.xn--p1ai"),
        ("192.0.2.1", "192.0.2.1"),
        (".fo", "fo"),
        (".рф", "xn--p1ai"),
        ("under_score.example", "under_score.example"),
    ],
)
def test_entries_are_written_in_one_way(entry: str, expected: str) -> None:
    assert domains.canonical(entry) == expected
    again = f".{expected}" if "." not in expected else expected
    assert domains.canonical(again) == expected


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "no domain"),
        (".", "no domain"),
        ("fo", "write .fo"),
        ("a b.example", "no domain"),
        ("a..example", "no domain"),
        ("*.example.fi", "subdomains are included"),
        ("example.fi:8080", "without port"),
        ("user@example.fi", "without port, user name"),
        ("[2001:db8::1]", "brackets"),
        ("ftp://example.fi", "http(s)"),
        (".example.fi", "top-level"),
        (".fo/path", "top-level"),
        ("example.fi/a b", "space"),
        ("example.fi/\x00", "control"),
        ("example.fi/" + "x" * 3000, "longer"),
        (f"{'x' * 300}.example", "no domain"),
        (f"{'ü' * 80}.example", "no domain"),
    ],
)
def test_what_is_no_entry_is_refused_with_the_reason(entry: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"domain|host|http|space|longer") as raised:
        domains.canonical(entry)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 200


def test_lines_may_be_remarks_and_name_top_level_domains() -> None:
    assert domains.line("# remark") is domains.line("  ") is None
    assert domains.line("xxx") == "xxx"
    assert domains.line("Example.fi\r\n") == "example.fi"


# What entries cover


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://blocked.example/", DOMAIN),
        ("http://a.b.BLOCKED.example:8080/x?y", DOMAIN),
        ("https://user:pass@blocked.example./", DOMAIN),
        ("https://notblocked.example/", 0),
        ("https://blocked.example.fi/", 0),
        ("https://example/", 0),
        ("https://site.adult/x", DOMAIN),
        ("https://adult.example/", 0),
        ("https://192.0.2.7/x", DOMAIN),
        ("https://7.192.0.2.7/x", 0),
        ("https://hosted.example/casino", URL),
        ("https://www.hosted.example/casino/", URL),
        ("https://hosted.example/casino/games?x=1", URL),
        ("https://hosted.example/casino?x=1", URL),
        ("https://hosted.example/casinos", 0),
        ("https://hosted.example/", 0),
        ("https://sub.hosted.example/casino", 0),
        ("https://q.example/p?id=7", URL),
        ("https://q.example/p?id=7&x=1", URL),
        ("https://q.example/p?id=77", 0),
        ("https://w.example/one", URL),
        ("https://süd.example/", DOMAIN),
        ("https://xn--sd-xka.example/", DOMAIN),
        ("dns:blocked.example", 0),
        ("https://[::1]/", 0),
        ("https://[broken/", 0),
        ("", 0),
    ],
)
def test_both_kinds_of_list_find_the_same(url: str, expected: int) -> None:
    entries = [
        *("blocked.example", "adult", "192.0.2.7", "hosted.example/casino", "q.example/p?id=7"),
        *("www.w.example/one", "xn--sd-xka.example"),
    ]
    assert domains.find(url, TextList.of(entries)) == expected
    assert domains.find(url, hashed(*entries)) == expected


def test_long_addresses_take_bounded_work() -> None:
    deep = "https://" + "a." * 110 + "blocked.example/" + "p/" * 5000
    assert domains.find(deep, hashed("blocked.example")) == DOMAIN
    assert len(list(domains.prefixes("h.example/" + "p/" * 5000))) == domains.MAX_PREFIXES + 1
    assert len(list(domains.parents("a." * 120 + "x"))) == 121


@pytest.mark.parametrize("labels", [2, 40, 41, 127])
def test_a_host_is_found_however_many_names_it_has(labels: int) -> None:
    host = ".".join("a" * labels)
    assert domains.find(f"https://{host}/", TextList.of([host])) == DOMAIN
    assert domains.find(f"https://{host}/x", TextList.of([f"{host}/x"])) == domains.URL
    assert domains.find(f"https://{host}/", hashed(host)) == DOMAIN


def test_an_empty_list_has_nothing() -> None:
    empty = hashed()
    assert len(empty) == 0
    assert domains.find("https://blocked.example/", empty) == 0


# Keys


@quick
@given(st.lists(host | address, max_size=20))
def test_keys_of_many_are_the_keys_of_each(entries: list[str]) -> None:
    lines = "".join(f"{entry}\n" for entry in entries).encode()
    assert domains.line_keys(lines).tolist() == [domains.key(entry) for entry in entries]


def test_keys_of_sites_that_differ_by_a_number_differ() -> None:
    entries = [f"site{number}.of{number % 977}.example" for number in range(20_000)]
    assert len(set(map(domains.key, entries))) == len(entries)


LINES = re.compile(rb"(?:(?=[^\n]{1,253}\n)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\n)+")


@quick
@given(st.lists(st.text("ab-_.\n/A\0é", max_size=9), max_size=9), st.booleans())
def test_lines_are_plain_if_each_is_a_name(parts: list[str], is_ended: bool) -> None:
    lines = "\n".join(parts).encode() + b"\n" * is_ended
    keys = domains.plain_keys(lines)
    assert (keys is not None) == bool(LINES.fullmatch(lines))
    if keys is not None:
        assert keys.tolist() == [domains.key(name) for name in lines.decode().splitlines()]


@pytest.mark.parametrize(("chars", "is_plain"), [(253, True), (254, False)])
def test_a_name_that_is_too_long_is_not_plain(chars: int, is_plain: bool) -> None:
    keys = domains.plain_keys(b"a.example\n" + b"a" * chars + b"\n")
    assert (keys is not None) is is_plain


@quick
@given(host)
def test_one_walk_gives_the_keys_of_all_parents(name: str) -> None:
    assert domains.parent_keys(name) == [domains.key(parent) for parent in domains.parents(name)]


@quick
@given(st.sets(host | address, max_size=40), st.sets(host, max_size=10))
def test_a_table_holds_what_was_listed_and_nothing_else(
    entries: set[str], others: set[str]
) -> None:
    text, keyed = TextList.of(entries), hashed(*sorted(entries))
    for entry in [*entries, *others, *(e.partition("/")[0] for e in entries)]:
        assert keyed.flags(entry) == text.flags(entry)


def test_every_entry_of_a_long_list_is_found() -> None:
    """Places are guessed from the key; no guess may miss."""
    names = [f"d{number}.example" for number in range(50_000)]
    keys, flags = domains.table(["".join(f"{n}\n" for n in names).encode()], refuse)
    assert np.all(keys[1:] > keys[:-1])
    listed = KeyList(keys, flags)
    assert all(listed.flags(name) == DOMAIN for name in names)
    assert not any(listed.flags(f"e{number}.example") for number in range(5000))


def test_keys_far_from_where_they_are_guessed_are_found() -> None:
    skewed = np.sort(np.array([domains.key("x.example"), *range(5000)], dtype=np.uint64))
    listed = KeyList(skewed, np.ones(len(skewed), np.uint8))
    assert listed.flags("x.example") == 1


@pytest.mark.parametrize(
    ("lines", "is_plain"),
    [
        (b"a.example\nb.example\n", True),
        (b"xxx\n", True),
        (b"a.example", False),
        (b"a.example\n\nb.example\n", False),
        (b".example\n", False),
        (b"a.example\n.b\n", False),
        (b"a.example.\n", False),
        (b"a..example\n", False),
        (b"A.example\n", False),
        (b"a.example/x\n", False),
        (b"a" * 253 + b"\n", True),
        (b"a" * 254 + b"\n", False),
    ],
)
def test_plain_lines_need_no_parsing(lines: bytes, is_plain: bool) -> None:
    keys = domains.plain_keys(lines)
    assert (None if keys is None else len(keys)) == (lines.count(b"\n") if is_plain else None)


def test_a_list_s_flags_are_joined_and_bad_lines_named() -> None:
    refused: list[tuple[int, str]] = []
    chunks = [
        b"plain.example\nother.example\n",
        b"# remark\nHosted.example/casino\nbad line\n\xff\n\nhosted.example\n",
        b"plain.example\n",
    ]
    keys, flags = domains.table(chunks, lambda number, reason: refused.append((number, reason)))
    listed = KeyList(keys, flags)
    assert [number for number, _ in refused] == [5, 6]
    assert "bad line" in refused[0][1]
    assert listed.flags("hosted.example") == DOMAIN | HOST_OF_URL
    assert listed.flags("hosted.example/casino") == URL
    assert listed.flags("plain.example") == DOMAIN
    assert len(listed) == 4


# Lists of a language


def lists(allow: list[str], words: list[str], deny: list[str]) -> LanguageLists:
    return LanguageLists(TextList.of(allow), frozenset(words), TextList.of(deny), ("word_count",))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.good.example/", "allow"),
        ("https://good.example/shop/1", "deny"),
        ("https://any.fo/", "allow"),
        ("https://site.example/foroyskt/grein", "allow"),
        ("https://Foroyskt.example/", "allow"),
        ("https://site.example/?lang=foroyskt&x", "allow"),
        ("https://site.example/foroyskta", None),
        ("https://bad.example/foroyskt", "deny"),
        ("https://site.example/", None),
    ],
)
def test_a_url_stands_on_one_list_and_deny_goes_first(url: str, expected: str | None) -> None:
    found = lists(["good.example", "fo"], ["foroyskt"], ["bad.example", "good.example/shop"])
    assert found.standing(url) == expected


def test_what_can_never_be_allowed_is_a_contradiction() -> None:
    deny = ["bad.example", "good.example/shop"]
    assert not list(domains.contradictions(["good.example", "example"], deny))
    for entry in ("bad.example", "www.bad.example", "bad.example/x", "good.example/shop/1"):
        (problem,) = domains.contradictions([entry], deny)
        assert entry in problem
