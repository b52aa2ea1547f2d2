"""What a run will take."""

import json
from dataclasses import replace

import jsonschema
import pytest

from audit import power
from pipeline import answer_schemas, config, forecast
from pipeline.forecast import Place, Probe, Wanted, estimate
from stages.errors import ConfigError
from tests.conftest import Small

PLACE = Place(1_000_000, 100, 90, 3.0, 1.0, 600.0, 90 * 2000)
PROBE = Probe((PLACE,), 0.5, 2.0, 40)


def test_a_hundred_times_the_probe() -> None:
    found = estimate(PROBE, 100_000_000, 100, Wanted(workers=10))
    assert (found["responses"], found["documents"]) == (10_000, 9_000)
    later_s = 9 * sum(forecast.LATER_MS.values())
    assert 3600 * found["cpu_hours"]["mid"] == pytest.approx(200 + later_s + 10 + 2)
    assert 3600 * found["wall_hours"]["mid"] == pytest.approx(20 + later_s / 10 + 1 + 2)
    assert found["cpu_hours"]["low"] < found["cpu_hours"]["mid"] < found["cpu_hours"]["high"]
    assert found["memory_mb"] == 6000
    assert found["disk_bytes"]["publish"] == round(4_500 * (800 + 0.37 * 2000))
    assert found["stored_bytes"] == sum(found["disk_bytes"].values())
    assert (found["cost"], found["grams"], found["country"]) == (None, None, None)


def test_more_workers_than_files_wait() -> None:
    one, two, many = (
        estimate(PROBE, 10_000_000, 2, Wanted(workers=n))["wall_hours"]["mid"] for n in (1, 2, 64)
    )
    assert one > two > many  # the steps after extraction still share
    assert two - many < 0.1 * (one - two)


def test_places_that_differ_widen_the_range() -> None:
    slow = replace(PLACE, cpu_s=9.0)
    narrow = estimate(PROBE, 10**9, 10, Wanted(workers=1))["cpu_hours"]
    wide = estimate(replace(PROBE, places=(PLACE, slow)), 10**9, 10, Wanted(workers=1))["cpu_hours"]
    assert wide["high"] / wide["low"] > 2 * narrow["high"] / narrow["low"]
    assert wide["low"] == pytest.approx(narrow["low"])


def test_money_and_carbon() -> None:
    wanted = Wanted(workers=4, price_per_core_hour=0.05, country="fi")
    found = estimate(PROBE, 10**9, 100, wanted)
    for at in power.LEVELS:
        assert found["cost"][at] == pytest.approx(found["wall_hours"][at] * 4 * 0.05)
        assert found["grams"][at] == pytest.approx(found["kwh"][at] * 79)
    jsonschema.validate(found, answer_schemas.ESTIMATE)


def test_an_unknown_country_is_said_before_the_probe() -> None:
    with pytest.raises(ConfigError, match="no factor"):
        forecast.plan(config.load("sample"), Wanted(country="Atlantis"))


def test_a_probe_at_three_places(small: Small) -> None:
    resolved = config.load("sample", [f"inputs={json.dumps([str(small.paths)])}"])
    data = forecast.plan(resolved, Wanted(probe=9, workers=2, files=8))
    found = data["estimate"]
    assert data["shards"] == len(small.warcs) == 3
    assert found["files"] == 8
    assert found["places"] == 3
    assert 3 <= found["from_responses"] <= 9
    assert found["cpu_hours"]["low"] > 0
    jsonschema.validate(data, answer_schemas.DATA["plan"])
    text = "\n".join(forecast.plan_text(data))
    assert "core-hours" in text
    assert "for 8 files and 2 workers" in text


def test_without_a_probe(small: Small) -> None:
    resolved = config.load("sample", [f"inputs={json.dumps([str(small.paths)])}"])
    data = forecast.plan(resolved, Wanted(probe=0))
    assert data["estimate"] is None
    assert len([*forecast.plan_text(data)]) == 1
