"""Judging redactions by reading: what is drawn, what is shown, and what the verdicts amount to."""

import pytest

from audit.privacy import evaluate, judge, page
from audit.privacy.gold import Document, Gold
from audit.privacy.pages import Page
from audit.privacy.score import Found
from stages.errors import ConfigError

PAGES = [
    Page(f"<urn:{n}>", f"Write to a{n}@example.org or b{n}@example.org soon.\x1b[2J", "eng", "org")
    for n in range(20)
]


def test_the_sample_is_the_same_and_holds_no_text() -> None:
    made = judge.draw(PAGES, 10)
    assert made == judge.draw(reversed(PAGES), 10)
    assert made["counts"] == {"EMAIL": 40}
    assert len(made["rows"]) == 10
    assert "example" not in str(made)


def test_kinds_share_a_sample_as_equally_as_they_can() -> None:
    assert judge.divided({"A": 2, "B": 100, "C": 100}, 20) == {"A": 2, "B": 9, "C": 9}
    assert judge.divided({"A": 2, "B": 3}, 300) == {"A": 2, "B": 3}
    assert judge.divided({}, 3) == {}


def test_a_redaction_is_masked_unless_asked_for() -> None:
    row = judge.draw(PAGES, 1)["rows"][0]
    shown = next(one for one in PAGES if one.record_id == row["record_id"])
    masked = judge.shown(shown, row, "masked")
    assert "example" not in masked
    assert "Write" not in masked
    words = judge.shown(shown, row, "words")
    assert "Write" in words
    assert "@aaaaaaa.aaa]]" in words
    raw = judge.shown(shown, row, "raw")
    assert "example" in raw
    assert "\x1b" not in raw


def test_verdicts_amount_to_a_precision() -> None:
    sample = judge.draw(PAGES, 4)
    rows = list(judge.judged(sample, ["0 right", "1 wrong date", "", "2 right", "3 right"]))
    assert [row["verdict"] for row in rows] == ["right", "wrong", "right", "right"]
    made = judge.precision(rows, sample["counts"])
    assert made["precision"] == made["weighted"] == pytest.approx(0.75)
    assert made["errors"] == {"EMAIL: date": 1}
    assert made["precision_95"][0] < 0.75 < made["precision_95"][1]
    for line in ("0 maybe", "x right"):
        with pytest.raises(ConfigError):
            list(judge.judged(sample, [line]))


def test_the_page_says_what_was_missed() -> None:
    gold = Gold(0, 3, "PHONE", "PL", "national", "label")
    documents = [Document("123 456", "pol", None, (gold,))]
    made = evaluate.scored(documents, lambda each: [[] for _ in each]).as_dict()
    made |= {"documents": 1, "sha256": evaluate.digest(documents)}
    string = Document("1 2", "pol", None, (Gold(0, 3, "NONE", None, "years", "none"),))
    hard = evaluate.false_redactions([string], lambda each: [[Found(0, 1, "PHONE")] for _ in each])
    assert hard["per_10000"] == 10_000
    measured = {
        "sets": {"generated": made},
        "negatives": hard,
        "unseen": {"labels": made, "names": hard},
        "real": evaluate.damage(PAGES),
    }
    lines = "\n".join(page.page(measured, None))
    assert "| generated: recall of PHONE | 0.98 | 0.0000 | **missed** |" in lines
    assert "| PL | **0.000** | - | - | - | - |" in lines
    assert "| years | 1 |" in lines
    assert "20 pages" in lines
    assert "a1@example.org" not in lines


def test_a_page_is_renewed_below_its_mark(tmp_path: object) -> None:
    path = tmp_path / "page.md"  # type: ignore[operator]
    path.write_text(f"above\n{page.MARK}\nold", encoding="utf-8")
    page.write(path, ["new"])
    assert path.read_text(encoding="utf-8") == f"above\n{page.MARK}\n\nnew\n"
    path.write_text("no mark", encoding="utf-8")
    with pytest.raises(ValueError, match="has no line"):
        page.write(path, [])
