"""Hostile records through the real sandbox: each has one row, and the good page after it is fine.

A page may use as much CPU time as the limit allows, no more: that the file comes to its end at all
is the test of it, since several of these pages take minutes of whoever parses them without one.
"""

from pathlib import Path
from typing import Any

import pytest

from samples.archive import member
from stages import schema
from tests.data.archives import response
from tests.data.extracting import extract
from tests.hostile.makers import CODING, PARAGRAPH, RECORDS, good
from tests.thorough import some

CPU_LIMIT_S = 1
SENTENCE = "The mill by the river turns again this spring"

# What does not depend on how fast the machine is.
EXPECTED: dict[str, str | None] = {
    **dict.fromkeys(
        ["nested", "nested-stray-ends", "nested-unknown-ends", "nested-tables", "nested-lists"],
        "gate.structure",
    ),
    **dict.fromkeys(["nested-svg", "attributes"], "gate.structure"),
    **dict.fromkeys(
        ["gzip-bomb", "gzip-bomb-twice", "deflate-bomb", "brotli-bomb"],
        "gate.size",
    ),
    **dict.fromkeys(["gzip-noise", "brotli-noise", "zstd-noise"], "read.content_encoding"),
    **dict.fromkeys(["not-http", "empty", "header-past-the-cap"], "read.malformed_http"),
    **dict.fromkeys([f"address-{n}" for n in (0, 2, 7, 9, 10, 12, 13, 14, 15)], "gate.url"),
    "chunks-of-nothing": "gate.empty",
    "status-of-nonsense": "gate.status",
    "types": "gate.media_type",
    **dict.fromkeys(["laughs", "escapes", "nul", "bidi", "codings", "headers", "tdm"]),
    **dict.fromkeys(["title-of-a-megabyte", "tag-without-end", "comment-without-end", "spaces"]),
    **dict.fromkeys(["chunk-sizes", "chunk-of-minus-one", "headers-smuggled", "content-usage"]),
}
DIGITS_ONLY = {"digits", "dots", "almost-phones"}


@pytest.fixture(scope="module", params=some(["cascade", "weir", "trafilatura"], 2))
def rows(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, tuple[Any, Any]]:
    """The rows of each hostile record and of the good page after it, with their text."""
    folder = tmp_path_factory.mktemp("hostile")
    path = folder / "hostile.warc.gz"
    with path.open("wb") as stream:
        for name, make in RECORDS.items():
            stream.write(member(make(name), 1) + member(good(name)))
    settings = [f"extract.cpu_limit_s={CPU_LIMIT_S}", f"extract.extractor={request.param}"]
    found = extract(folder / "run", [path], settings)
    records = found.rows("records")
    texts = {row["doc_id"]: row for row in found.rows("documents")}
    for row in records:
        row["document"] = texts.pop(row["doc_id"], None)
    assert not texts
    assert len(records) == 2 * len(RECORDS), "one row each"
    pairs = zip(records[::2], records[1::2], strict=True)
    return dict(zip(RECORDS, pairs, strict=True))


@pytest.mark.parametrize("name", RECORDS)
def test_a_hostile_record_has_text_or_a_reason(name: str, rows: dict[str, tuple[Any, Any]]) -> None:
    row, _ = rows[name]
    if row["outcome"] == schema.PASS:
        assert row["reason"] is None
        assert row["document"]["text"].strip()
        row["document"]["text"].encode()
    else:
        assert row["outcome"] == schema.REASONS[row["reason"]][0]
        assert row["document"] is None


@pytest.mark.parametrize("name", RECORDS)
def test_the_page_after_it_is_fine(name: str, rows: dict[str, tuple[Any, Any]]) -> None:
    _, row = rows[name]
    assert (row["outcome"], row["tag"]) == (schema.PASS, "eng_Latn")
    assert row["url"] == f"https://site.example/good/{name}"
    assert row["document"]["text"].count(SENTENCE) >= 1


@pytest.mark.parametrize("name", EXPECTED)
def test_it_has_the_reason_that_is_due(name: str, rows: dict[str, tuple[Any, Any]]) -> None:
    assert rows[name][0]["reason"] == EXPECTED[name]


def test_the_limit_was_reached_and_the_child_replaced(rows: dict[str, tuple[Any, Any]]) -> None:
    reasons = [row["reason"] for row, _ in rows.values()]
    assert "extract.timeout" in reasons
    assert "extract.crash" not in reasons
    assert reasons.count(None) >= 20


def test_an_entity_is_not_expanded(rows: dict[str, tuple[Any, Any]]) -> None:
    assert rows["laughs"][0]["n_chars"] < 2 * len(PARAGRAPH)


def test_sequences_for_terminals_go_as_a_whole(rows: dict[str, tuple[Any, Any]]) -> None:
    text = rows["escapes"][0]["document"]["text"]
    assert "The mill by the river" in text
    assert "owned" not in text
    assert "[2J" not in text


def test_what_was_hidden_in_a_body_is_no_record(rows: dict[str, tuple[Any, Any]]) -> None:
    urls = [row["url"] for pair in rows.values() for row in pair]
    assert not any("inner" in url for url in urls)


def test_memory_that_a_page_needs_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "memory.warc"
    greedy = response("greedy", b"<p>" + b"<b>x</b>" * 1_200_000)
    path.write_bytes(greedy + good("greedy"))
    limits = ["extract.memory_limit_mb=64", "extract.cpu_limit_s=30"]
    first, second = extract(tmp_path / "run", [path], limits).rows("records")
    assert first["reason"] in ("extract.memory", "gate.structure")
    assert second["outcome"] == schema.PASS


@pytest.mark.parametrize("name", [n for n in CODING if n.endswith("bomb")])
def test_a_bomb_is_small_as_stored(name: str) -> None:
    assert len(member(CODING[name](name))) < 300_000
