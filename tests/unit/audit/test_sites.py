import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import sites, stats
from audit.prune import prune
from audit.runs import Run


def test_kept_words_by_site(run: Run) -> None:
    found = sites.sites(run)
    assert found is not None
    assert [(row["name"], row["words"]) for row in found["sites"]] == [
        ("g.example", 120),
        ("a.example", 100),
        ("c.example", 100),
        ("e.example", 100),
    ]
    assert found["words"] == 420
    assert found["words"] == stats.total(stats.counts(run), "decide", "words.kept")
    assert found["documents"] == 4
    (domain,) = found["domains"]
    assert domain == {
        "name": "example",
        "coded": "",
        "words": 420,
        "documents": 4,
        "sites": 4,
    }
    assert [point["rank"] for point in found["curve"]] == [1, 2, 4]
    assert found["curve"][-1]["share"] == 1
    assert found["half"] == 2


def test_without_documents_it_is_unknown(folder: object) -> None:
    run = Run(folder)  # type: ignore[arg-type]
    prune(run, ())
    assert sites.sites(Run(run.path)) is None


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.Example.ORG/www.x?y#z", "example.org"),
        ("http://user@sub.example.org:8080/", "sub.example.org"),
        ("https://example.org.?q=https://other.example/", "example.org"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]"),
        ("https://<IP>/x", "<ip>"),
        ("not a url", ""),
        ("", ""),
    ],
)
def test_site_of_a_url(url: str, site: str) -> None:
    table = pa.table([pa.array([url]), pa.array([7])], names=["url", "n_words"])
    assert sites._by_site(table).to_pylist() == [{"site": site, "words": 7, "documents": 1}]


def test_names_in_their_letters_and_in_ascii() -> None:
    assert sites.names("xn--mnchen-3ya.example") == ("münchen.example", "xn--mnchen-3ya.example")
    assert sites.names("münchen.example") == ("münchen.example", "xn--mnchen-3ya.example")
    assert sites.names("plain.example") == ("plain.example", "")
    assert sites.names("xn--broken-\x00.example") == ("xn--broken-␀.example", "")
    assert sites.names("a..b") == ("a..b", "")
    assert len(sites.names("x" * 4000)[0]) == sites.NAME_CHARS
    assert sites.names("\u202egro.example")[0] == "⟨U+202E⟩gro.example"


def test_domains_are_last_labels_but_no_numbers() -> None:
    hosts = ["a.example", "b.example", "192.0.2.1", "localhost", "x.xn--p1ai"]
    numbers = [np.arange(1, 6), np.ones(5, np.int64)]
    made = sites._domains(pa.table([pa.array(hosts), *numbers], names=sites._KEYS))
    assert {row["name"]: (row["sites"], row["words"]) for row in made} == {
        "": (2, 7),
        "рф": (1, 5),
        "example": (2, 3),
    }


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 50)), max_size=60))
def test_parts_sum_in_any_split(pairs: list[tuple[str, int]]) -> None:
    def table(some: list[tuple[str, int]]) -> pa.Table:
        urls = [f"https://{name}.example/" for name, _ in some]
        words = pa.array([n for _, n in some], pa.int64())
        return sites._by_site(pa.table([pa.array(urls, pa.string()), words], ["url", "n_words"]))

    at = len(pairs) // 3
    whole = sites._ranked(sites._summed([table(pairs)]))
    assert sites._ranked(sites._summed([table(pairs[:at]), table(pairs[at:])])) == whole
    shares = [point["share"] for point in whole["curve"]]
    assert shares == sorted(shares)
    assert whole["words"] == sum(n for _, n in pairs)
