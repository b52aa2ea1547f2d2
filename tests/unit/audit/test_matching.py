"""Finding rows: spellings of an address, subdomains, words, near words, and copies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audit import matching
from audit.matching import Texts
from audit.runs import Run
from tests.unit.audit.conftest import A, C, D, F, G

STORED = [
    "https://a.example/x?q=1",
    "http://www.A.example/x/?q=1",
    "https://a.example/x",
    "https://a.example:8080/%78?q=1#top",
    "https://sub.a.example/x?q=1",
    "https://nota.example/x?q=1",
    "https://other.example/?u=https://a.example/x",
    "https://a.example@other.example/x",
    "https://user@a.example/",
    "",
    "https://a.example",
    "https://bücher.example/ä",
    "https://xn--bcher-kva.example/%C3%A4",
]


@pytest.mark.parametrize(
    ("url", "rows"),
    [
        ("https://a.example/x?q=1", [0, 1, 3]),
        ("http://a.example/x/", [2]),
        ("https://a.example/", [8, 10]),
        ("https://bücher.example/ä", [11, 12]),
        ("https://b.example/", []),
    ],
)
def test_a_url_is_found_in_every_spelling(url: str, rows: list[int]) -> None:
    column = pa.chunked_array([pa.array(STORED, type=pa.large_string())])
    assert matching.has_url(column, [url]).nonzero()[0].tolist() == rows


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("a.example", [0, 1, 2, 3, 4, 8, 10]),
        ("sub.a.example", [4]),
        ("xn--bcher-kva.example", [11, 12]),
        ("example.a", []),
    ],
)
def test_a_domain_is_found_with_its_subdomains(name: str, rows: list[int]) -> None:
    column = pa.chunked_array([pa.array(STORED, type=pa.large_string())])
    assert matching.has_domain(column, [name]).nonzero()[0].tolist() == rows


def test_a_redacted_url_is_found_by_its_key(folder: Path, rewrite: Callable[..., None]) -> None:
    url = "http://www.c.example/someone@mail.example"

    def put(found: list[dict[str, Any]]) -> None:
        row = next(row for row in found if row["doc_id"] == C)
        row["url_key"] = matching.url_key(url, Run(folder).settings.gate.url_key)

    rewrite(folder, "records/00000.parquet", put)
    spelling = "https://c.example/someone@mail.example/"
    assert list(matching.addressed(Run(folder), [spelling], (), ())) == [C]


def test_words_are_found_by_digest_and_near_words_by_shingles(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    """All signatures of the fixture are alike, so that the exact similarity decides."""
    words = [f"word{number}" for number in range(60)]
    text, near, far = " ".join(words), " ".join(words[:55]), " ".join(words[:20])
    texts = Texts.of([text])
    (digest,) = texts.digests

    def put(found: list[dict[str, Any]]) -> None:
        for row in found:
            row["text"] = {A: near, C: far}.get(row["doc_id"], row["text"])

    rewrite(folder, "documents/00000.parquet", put)

    def sign(found: list[dict[str, Any]]) -> None:
        for row in found:
            row["signature"] = texts.signatures[digest].tolist()
            row["text_digest"] = digest if row["doc_id"] == D else row["text_digest"]

    rewrite(folder, "signatures/00000.parquet", sign)
    found = matching.similar(Run(folder), texts)
    assert {doc_id: match.how for doc_id, match in found.items()} == {
        D: "exact_text",
        A: "near_text",
    }
    assert found[A].similarity == pytest.approx(51 / 56)


def test_copies_are_followed_through_edges_and_digests(folder: Path) -> None:
    run = Run(folder)
    assert matching.copies([run], {C}, is_direct=True) == {C, D}
    assert matching.copies([run], {G}, is_direct=True) == {F, G}
    assert matching.copies([run], {A}, is_direct=False) == {A}
    assert matching.copies([run], {D, F}, is_direct=False) == {C, D, F, G}
    assert matching.copies([run], set(), is_direct=False) == set()


def test_thirteen_words_are_found_whatever_stands_between_them(folder: Path) -> None:
    words = [f"sana{number}" for number in range(13)]
    pattern = matching.quotations([" ".join(words)])
    assert pattern is not None
    (output,) = Run(folder).outputs("compact", "corpus")[1:]
    assert matching.quoting(Run(folder), output, pattern) == []
    assert matching.quotations([" ".join(words[:12])]) is None
    column = pa.array([", ".join(words).upper(), " ".join(words[::-1])])
    found = pc.match_substring_regex(column, pattern, ignore_case=True)
    assert found.to_pylist() == [True, False]
