"""Energy of a run: by step, by language, for pages that were rejected later."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from audit import energy, power, stats
from audit.energy import KEPT
from audit.runs import Run
from audit.throughput import throughput
from pipeline import answer_schemas


def of(run: Run, country: str | None = None) -> dict:
    return energy.energy(run, country)


def retimed(folder: Path, **timing: float) -> Run:
    """The run with other timings in every manifest."""
    for path in folder.glob("manifests/*/*.json"):
        made = json.loads(path.read_text())
        made["timing"] = timing
        path.write_text(json.dumps(made))
    return Run(folder)


def test_the_parts_are_the_whole(run: Run) -> None:
    found = of(run)
    total = found["total"]
    assert found["method"] == power.ESTIMATED
    assert total["cpu_s"] == pytest.approx(throughput(run)["cpu_s"]) != 0
    assert total["kwh"] == power.kwh(total["cpu_s"], total["gb_s"])
    for kind in ("steps", "languages"):
        for at in power.LEVELS:
            assert sum(row["kwh"][at] for row in found[kind]) == pytest.approx(total["kwh"][at])
    assert 0 < found["rejected_total"]["fraction"] < 1
    assert {row["language"] for row in found["languages"]} >= {"fin_Latn", "eng_Latn", "und_Zyyy"}
    assert {row["group"] for row in found["rejected"]} >= {"gate", "rule", "dedup"}
    assert "prepare" not in {row["step"] for row in found["rejected"]}


def test_it_can_be_computed_again_from_itself(run: Run) -> None:
    found = json.loads(json.dumps(of(run, "PL")))
    assert energy.recomputed(found) == []
    wrong = copy.deepcopy(found)
    wrong["languages"][0]["kwh"]["mid"] *= 1.01
    assert "languages[0]" in energy.recomputed(wrong)[0]
    wrong = copy.deepcopy(found)
    wrong["steps"][0]["cpu_s"] += 1
    assert "steps sum to" in energy.recomputed(wrong)[-1]


def test_the_answer_is_as_described(run: Run) -> None:
    for country in (None, "SE"):
        jsonschema.validate(of(run, country), answer_schemas.ENERGY)


def test_grams_follow_the_country(run: Run) -> None:
    found = of(run, "FR")
    assert found["total"]["grams"]["mid"] == pytest.approx(found["total"]["kwh"]["mid"] * 56)
    assert of(run)["total"]["grams"] is None


def test_for_a_million_pages(run: Run) -> None:
    found = of(run)
    one = found["per"]["pages_read"]
    assert (one["count"], one["per"]) == (11, 1_000_000)
    assert one["kwh"]["low"] == pytest.approx(found["total"]["kwh"]["low"] / 11 * 1e6)
    kept = found["per"]["documents_kept"]
    assert kept["count"] == stats.stats(run)["totals"]["kept"]


def test_counted_joules_stand_for_watts(folder: Path) -> None:
    found = of(retimed(folder, wall_s=1.0, cpu_s=1.0, rss_mb=100.0, gb_s=0.1, joules=9.0))
    tasks = sum(row["tasks"] for row in found["steps"])
    assert found["method"] == power.MEASURED
    assert found["total"]["joules"] == pytest.approx(9.0 * tasks)
    assert found["total"]["kwh"] == power.kwh(0, 0, 9.0 * tasks)
    assert energy.recomputed(found) == []


def test_joules_of_some_tasks_only_are_not_used(folder: Path) -> None:
    retimed(folder, wall_s=1.0, cpu_s=1.0, rss_mb=100.0, joules=9.0)
    path = next(folder.glob("manifests/judge/*.json"))
    made = json.loads(path.read_text())
    del made["timing"]["joules"]
    path.write_text(json.dumps(made))
    found = of(Run(folder))
    assert found["method"] == power.ESTIMATED
    assert found["total"]["joules"] is None


def test_unknown_stays_unknown(folder: Path) -> None:
    found = of(retimed(folder))
    assert found["method"] == power.UNKNOWN
    assert found["untimed"] == sum(row["tasks"] for row in found["steps"])
    assert found["rejected_total"]["fraction"] is None


KEEP, RULE, GATE, LATE = (
    ("a", KEPT, True),
    ("a", "rule", True),
    ("b", "gate", False),
    ("b", "rights", True),
)
FATES = {
    "documents": {KEEP: 3, RULE: 1, GATE: 4},
    "bytes": {KEEP: 50.0, RULE: 10.0, GATE: 40.0},
    "characters": {KEEP: 9.0, RULE: 1.0, GATE: 7.0},
}


def test_pages_have_a_part_in_the_stages_that_they_reached() -> None:
    stages = {"open": 5.0, "read": 1.0, "gate": 1.0, "extract": 6.0, "measure": 2.0}
    found = energy.shares("extract", stages, FATES)
    assert sum(found.values()) == pytest.approx(1)
    assert found[GATE] == pytest.approx((0.4 + 0.4) / 10)
    assert found[RULE] == pytest.approx((0.1 + 0.1 + 6 * 10 / 60 + 2 * 0.1) / 10)
    assert energy.shares("extract", {}, FATES)[GATE] == pytest.approx(0.4)
    assert energy.shares("cluster", {}, FATES) == {KEEP: 0.75, RULE: 0.25}
    assert energy.shares("publish", {}, FATES) == {KEEP: 1.0}
    assert energy.shares("publish", {}, {unit: {} for unit in stats.UNITS}) == {}


def test_a_reservation_that_was_judged_at_the_end_cost_all_stages() -> None:
    fates = {**FATES, "documents": {KEEP: 3, LATE: 1, GATE: 4}}
    assert energy.shares("judge", {}, fates) == {KEEP: 0.75, LATE: 0.25}
