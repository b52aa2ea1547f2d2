"""Stage identify: tag and evidence for every text; unwanted languages are settled."""

import json

import pyarrow as pa
import pytest

from langid import models
from samples import pages
from stages import identify
from tests.data.archives import tools

MODELS = models.DEFAULT_MODELS
JAPANESE = "本日は晴天なり、田舎の水車は静かに回っています。" * 8


def run(texts: list[str], languages: frozenset[str] = frozenset()) -> list[dict[str, object]]:
    columns = {
        "raw_text": pa.array(texts, type=pa.large_string()),
        "url": pa.array(["https://pages.example/"] * len(texts)),
    }
    batch = pa.record_batch(columns)
    found: list[dict[str, object]] = pa.table(
        identify.Identify(MODELS, languages).open(tools())(batch)
    ).to_pylist()
    return found


def test_every_row_has_a_tag_and_its_evidence(sample_pages: dict[str, pages.Page]) -> None:
    page = sample_pages["eng_Latn/tide-mill"]
    (row,) = run([pages.prose(page)])
    assert (row["tag"], row["language"], row["language_script"]) == ("eng_Latn", "eng", "Latn")
    assert row["reason"] is None
    assert 0.9 < row["language_score"] <= 1  # type: ignore[operator]
    assert row["language_confidence"] == row["language_score"]
    top = json.loads(str(row["top_langs"]))
    assert next(iter(top)) == "eng_Latn"
    assert list(top.values()) == sorted(top.values(), reverse=True)
    assert 1 <= len(top) <= 5


def test_languages_of_other_continents_and_no_language_are_settled() -> None:
    assert [row["reason"] for row in run([JAPANESE, "12 345 678"])] == ["identify.language"] * 2


def test_a_run_may_ask_for_some_languages(sample_pages: dict[str, pages.Page]) -> None:
    by_tag = {p.tag: pages.prose(p) for p in sample_pages.values()}
    texts = [by_tag["fin_Latn"], by_tag["deu_Latn"]]
    assert [row["reason"] for row in run(texts)] == [None, None]
    only = run(texts, frozenset({"deu_Latn"}))
    assert [row["reason"] for row in only] == ["identify.language", None]
    assert only[0]["tag"] == "fin_Latn", "the tag is kept for the ledger"


@pytest.mark.parametrize("text", ["", " ", "\ufffd", "a", "\u202e\u200b", "😀" * 50, "x" * 200_000])
def test_odd_texts_have_a_row(text: str) -> None:
    (row,) = run([text])
    assert row["tag"]
