"""What the filters do to pages that mention a group, and to varieties."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit import bias, gates, prune, ratio
from audit.runs import Run
from pipeline import answer_schemas, config
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import built

MENTION = "Die Flüchtlinge und die Frauen im Ort."
PLAIN = "Die Brücke über den Fluss ist gesperrt."


def page(number: int, text: str, reason: str | None, host: str) -> dict[str, Any]:
    return {
        "letter": f"bias{number}",
        "tag": "deu_Latn",
        "text": text,
        "words": 10 if reason else 100,
        "reason": reason,
        "url": f"https://www.drama.{host}/{number}",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, resolved: config.Resolved) -> Path:
    """240 German pages: 80 with a mention, half of them rejected; of the others a tenth are."""
    pages = []
    for number in range(240):
        mentions = number % 3 == 0
        is_out = number % 6 == 0 if mentions else number % 10 == 1
        host = "at" if number % 2 else "de"
        reason = "rule.word_count" if is_out else None
        pages.append(page(number, MENTION if mentions else PLAIN, reason, host))
    shards = [pages[:170], pages[170:]]
    folder = tmp_path_factory.mktemp("bias")
    built(folder / "quiet", resolved, [])
    return built(folder / "run", resolved, shards)


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return bias.bias(Run(folder))


def row(found: dict[str, Any], group: str, measure: str = "kept") -> dict[str, Any]:
    (one,) = [r for r in found["rows"] if (r["group"], r["measure"]) == (group, measure)]
    return dict(one)


def test_pages_that_mention_a_group(found: dict[str, Any]) -> None:
    rejected = sum(n % 10 == 1 and n % 3 != 0 for n in range(240))
    for group in ("migration", "gender", "any"):
        for measure in ("kept", "rules", "word_count"):
            one = row(found, group, measure)
            assert (one["documents"], one["passed"]) == (80, 40)
            assert one["baseline"] == pytest.approx((240 - 40 - rejected) / 240)
            assert one["state"] == ratio.RAISED
    assert not [r for r in found["rows"] if r["group"] == "religion"]


def test_alarms_come_first_and_are_said(found: dict[str, Any]) -> None:
    states = [r["state"] for r in found["rows"]]
    assert states == sorted(states, key=["alarm", "watch", "ok"].index)
    said = bias.warnings(found)
    assert "no native speaker has reviewed" in said[0]
    assert any("documents that mention migration are kept at 0." in one for one in said)


def test_varieties_by_domain(found: dict[str, Any]) -> None:
    austrian, german = row(found, ".at"), row(found, ".de")
    assert austrian["documents"] == german["documents"] == 120
    assert austrian["passed"] > german["passed"]
    assert (austrian["state"], german["kind"]) == ("ok", "domain")


def test_languages_against_the_run(found: dict[str, Any]) -> None:
    german = [r for r in found["rows"] if r["kind"] == "language"]
    assert [r["group"] for r in german] == ["deu_Latn"]
    assert german[0]["documents"] == 240
    few = {(one["language"], one["kind"]) for one in found["few"]}
    assert {("eng_Latn", "language"), ("fin_Latn", "language")} <= few


def test_a_rule_that_nobody_fails_has_no_row(found: dict[str, Any]) -> None:
    assert {r["measure"] for r in found["rows"] if r["kind"] == "mention"} == {
        "kept",
        "rules",
        "word_count",
    }


def test_a_sample_is_the_same_for_everybody(folder: Path) -> None:
    one, other = (bias.bias(Run(folder), "deu_Latn", most=150) for _ in range(2))
    assert one == other
    assert one["languages"][0]["documents"] == 240
    assert one["languages"][0]["read"] == 150
    another = bias.bias(Run(folder), "deu_Latn", most=150, seed=99)
    assert another["languages"][0]["read"] == 150
    assert another["rows"] != one["rows"]


def test_shards_are_drawn_where_there_are_many(folder: Path) -> None:
    run = Run(folder)
    whole = bias.bias(run)
    assert whole["shards"] == {"read": 4, "of": 4}
    parts = [bias.bias(run, shards=1, seed=seed) for seed in range(12)]
    assert all(part["shards"]["read"] == 1 for part in parts)
    sizes = {one["documents"] for part in parts for one in part["languages"]}
    assert {170, 70} <= sizes
    assert sum(one["documents"] for one in whole["languages"]) == 247
    by_tag = [[r for r in part["rows"] if r["kind"] == "language"] for part in (whole, *parts)]
    assert all(rows == by_tag[0] for rows in by_tag)  # counted over the whole run


def test_the_answer_is_as_described(found: dict[str, Any]) -> None:
    jsonschema.validate(found, answer_schemas.BIAS)


def test_notes_of_people(folder: Path) -> None:
    opened = Run(folder)
    assert bias.notes(opened) == []
    made = bias.add_note(
        opened, "deu_Latn", "migration", " Forum posts. ", "A reader", "2026-01-01"
    )
    assert bias.notes(opened) == [made]
    assert bias.bias(opened, "deu_Latn")["notes"] == [made]
    assert bias.bias(opened, "fin_Latn")["notes"] == []
    with pytest.raises(ConfigError, match="characters"):
        bias.add_note(opened, "deu_Latn", "age", "  ", "", "")
    with pytest.raises(ConfigError, match="is no group"):
        bias.add_note(opened, "deu_Latn", "tall people", "a note", "", "")
    path = folder / bias.NOTES
    path.write_text("[]\n")
    with pytest.raises(IntegrityError, match="is no note"):
        bias.notes(opened)
    path.unlink()


def test_a_gate_asks_for_a_note_on_every_alarm(folder: Path) -> None:
    run = Run(folder)
    wanted = gates.Gates.model_validate({"bias": {"sample": 1000, "source": "made up for tests"}})

    def outcomes() -> dict[str, str]:
        return {v.subject: v.outcome for v in gates.check(run, wanted) if v.gate == "bias"}

    before = outcomes()
    assert before["deu_Latn migration kept"] == gates.FAILED
    bias.add_note(run, "deu_Latn", "migration", "Read them.", "", "2026-01-01")
    after = outcomes()
    (folder / bias.NOTES).unlink()
    assert after["deu_Latn migration kept"] == gates.PASSED
    assert after["deu_Latn gender kept"] == gates.FAILED
    quiet = gates.check(Run(folder.parent / "quiet"), wanted)
    assert [(v.subject, v.outcome) for v in quiet if v.gate == "bias"] == [("run", gates.PASSED)]


def test_a_language_that_is_not_there(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no document"):
        bias.bias(Run(folder), "mlt_Latn")


def test_pruned_documents(tmp_path: Path, resolved: config.Resolved) -> None:
    path = built(tmp_path / "run", resolved, [])
    prune.prune(Run(path), ())
    with pytest.raises(ConfigError, match="pruned"):
        bias.bias(Run(path))
