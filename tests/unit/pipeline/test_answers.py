"""What commands print."""

from pipeline import answers

FOUND = {
    "read": 10,
    "kept": 6,
    "rejected": {"gate.status": 1, "rule.word_count": 1, "takedown.request": 2},
    "quarantined": {},
}


def test_the_waterfall_shows_what_was_taken_down_where_anything_was() -> None:
    lines = list(answers.waterfall(FOUND))
    (line,) = [line for line in lines if "taken down" in line]
    assert line.split()[:4] == ["-", "taken", "down", "-2"]
    usual = {**FOUND, "rejected": {"gate.status": 1, "rule.word_count": 1}, "kept": 8}
    assert not [line for line in answers.waterfall(usual) if "taken down" in line]


def test_what_is_left_at_the_end_is_what_was_kept() -> None:
    *_, last, kept = answers.waterfall(FOUND)
    assert last.endswith("60.0 %")
    assert kept.split() == ["kept", "6"]
