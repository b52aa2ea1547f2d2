from audit.excerpts import CHARS, by_language
from audit.runs import Run
from tests.unit.audit.conftest import A, B, C, D, E, doc_id


def test_kept_and_rejected_pages_of_every_language(run: Run) -> None:
    found = by_language(run, 1, 10)
    ids = {key: {page["doc_id"] for page in pages} for key, pages in found.items()}
    assert ids == {
        ("eng_Latn", "keep"): {C, doc_id("G")},
        ("eng_Latn", "reject"): {D, doc_id("F")},
        ("fin_Latn", "keep"): {A, E},
        ("fin_Latn", "reject"): {B},
    }


def test_never_more_than_asked_for(run: Run) -> None:
    assert all(len(pages) == 1 for pages in by_language(run, 1, 1).values())


def test_why_a_page_was_rejected(run: Run) -> None:
    found = by_language(run, 1, 10)
    (short,) = found["fin_Latn", "reject"]
    assert short["why"] == ["word_count 10 < 50"]
    why = {page["doc_id"]: page["why"] for page in found["eng_Latn", "reject"]}
    assert why[D] == [f"0.875 similar to the kept page {C[:12]}"]
    assert why[doc_id("F")][0].startswith("equal to the kept page ")
    assert all(len(page["excerpt"]) <= CHARS * 2 for page in found["eng_Latn", "keep"])
