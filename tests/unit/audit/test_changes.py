from audit.changes import changes, points
from audit.stats import Table, summarise


def _table(**languages: tuple[int, int, int]) -> Table:
    """Pages read, kept, and failing `word_count`, by language."""
    return {
        ("extract", "documents.read"): {f"{t}_Latn": {"": n[0]} for t, n in languages.items()},
        ("decide", "documents.kept"): {f"{t}_Latn": {"": n[1]} for t, n in languages.items()},
        ("decide", "documents.rejected"): {
            f"{t}_Latn": {"rule.word_count": n[0] - n[1]} for t, n in languages.items()
        },
        ("decide", "documents.rule.any"): {
            f"{t}_Latn": {"word_count": n[2]} for t, n in languages.items()
        },
    }


def _said(now: Table, before: Table, n: int = 3) -> list[str]:
    return changes(now, summarise(now), before, summarise(before), n)


def test_the_least_likely_change_comes_first() -> None:
    before = _table(fin=(1000, 800, 200), mlt=(1000, 700, 300), eng=(1000, 600, 400))
    now = _table(fin=(1000, 500, 200), mlt=(1000, 630, 300), eng=(1000, 598, 400))
    assert _said(now, before) == [
        "Finnish: kept pages went from 80.0% to 50.0% (800 of 1,000, now 500 of 1,000).",
        "Maltese: kept pages went from 70.0% to 63.0% (700 of 1,000, now 630 of 1,000).",
    ]
    assert len(_said(now, before, 1)) == 1


def test_what_a_rule_rejects_counts_too() -> None:
    before = _table(fin=(1000, 800, 100))
    now = _table(fin=(1000, 800, 190))
    (said,) = _said(now, before)
    assert said.startswith("Finnish: documents that fail word count went from 10.0% to 19.0%")


def test_few_pages_and_chance_say_nothing() -> None:
    assert _said(_table(fin=(19, 2, 17)), _table(fin=(1000, 900, 100))) == []
    assert _said(_table(fin=(1000, 801, 199)), _table(fin=(1000, 800, 200))) == []
    assert _said(_table(fin=(28, 27, 1)), _table(fin=(668, 668, 0))) == []
    assert _said(_table(fin=(100, 50, 50)), _table(fin=(100, 50, 50))) == []
    assert _said(_table(fin=(100, 50, 50)), _table(mlt=(100, 50, 50))) == []


def test_points() -> None:
    assert points((1, 2), (1, 4)) == 25
    assert points((0, 0), (1, 4)) is None
