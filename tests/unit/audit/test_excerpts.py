from pathlib import Path

import pytest

from audit.excerpts import CHARS, KEPT, by_reason
from audit.runs import Run
from tests.unit.audit import many_pages
from tests.unit.audit.conftest import A, B, C, D, E, doc_id


def test_kept_and_rejected_pages_of_every_language(run: Run) -> None:
    found = by_reason(run, 1, 10, 40)
    ids = {
        tag: {reason: {page["doc_id"] for page in pages} for reason, pages in of.items()}
        for tag, of in found.items()
    }
    assert ids == {
        "eng_Latn": {
            KEPT: {C, doc_id("G")},
            "dedup.near_duplicate": {D},
            "dedup.exact_text": {doc_id("F")},
        },
        "fin_Latn": {KEPT: {A, E}, "rule.word_count": {B}},
    }


def test_why_a_page_was_rejected(run: Run) -> None:
    found = by_reason(run, 1, 10, 40)
    (short,) = found["fin_Latn"]["rule.word_count"]
    assert short["why"] == ["word count 10, at least 50 wanted"]
    assert short["host"] == "b.example"
    (near,) = found["eng_Latn"]["dedup.near_duplicate"]
    assert near["why"] == [f"0.875 similar to the kept page {C[:12]}"]
    (copy,) = found["eng_Latn"]["dedup.exact_text"]
    assert copy["why"][0].startswith("equal to the kept page ")
    assert all(page["why"] == [] for page in found["eng_Latn"][KEPT])
    assert all(len(page["excerpt"]) <= CHARS * 2 for page in found["eng_Latn"][KEPT])


def test_only_the_languages_asked_for(run: Run) -> None:
    assert by_reason(run, 1, 10, 40, {"fin_Latn"}).keys() == {"fin_Latn"}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One language, with 100 kept pages and 100 that fail some of 8 rules."""
    return Run(many_pages.build(tmp_path_factory.mktemp("many") / "one", 1, 200, 8))


def test_every_reason_is_shown_and_the_commonest_rule_most(many: Run) -> None:
    (tag,) = many_pages.languages(1)
    found = by_reason(many, 1, 10, 40)[tag]
    sizes = {reason: len(pages) for reason, pages in found.items()}
    assert sum(sizes.values()) == 40
    assert sizes.pop(KEPT) == 10
    assert len(sizes) == 8
    assert max(sizes.values()) == 10
    assert next(iter(sizes.values())) == 10
    assert sum(len(p) for p in by_reason(many, 1, 10, 5)[tag].values()) == 5


def test_pages_nearest_to_the_limit_come_first(many: Run) -> None:
    (tag,) = many_pages.languages(1)
    found = by_reason(many, 1, 10, 40)[tag]
    for reason, pages in found.items():
        distances = [page["distance"] for page in pages]
        assert distances == sorted(distances)
        assert (max(distances) > 0) == (reason != KEPT)


def test_what_was_taken_down_is_not_shown(folder: Path, rewrite: object) -> None:
    def take(rows: list[dict]) -> None:
        for row in rows:
            if row["doc_id"] == B:
                row["reason"] = "takedown.text"

    rewrite(folder, "decisions/00000.parquet", take)  # type: ignore[operator]
    assert B not in {
        page["doc_id"]
        for of in by_reason(Run(folder), 1, 10, 40).values()
        for pages in of.values()
        for page in pages
    }
