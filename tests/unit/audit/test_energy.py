import pytest

from audit.energy import WATTS_PER_CORE, amount, energy
from audit.runs import Run
from audit.throughput import throughput


def _steps(*rows: tuple[str, int, int, float]) -> dict:
    names = ("step", "tasks", "untimed", "cpu_s")
    steps = [dict(zip(names, row, strict=True)) for row in rows]
    return {"steps": steps, "untimed": sum(row["untimed"] for row in steps)}


def test_kilowatt_hours_from_processor_seconds() -> None:
    hours = 7200 * 1000 / WATTS_PER_CORE
    found = energy(_steps(("extract", 2, 0, hours), ("decide", 1, 0, hours / 4)), 500_000)
    assert found["kwh"] == pytest.approx(2.5)
    assert found["unit"] == "kWh"
    assert found["steps"] == {"extract": "2.000", "decide": "0.500"}
    assert found["total"] == "2.500"
    assert found["per_million"] == "5.000 kWh"


def test_unknown_stays_unknown() -> None:
    found = energy(_steps(("extract", 2, 2, 0.0), ("index", 0, 0, 0.0)), 5)
    assert found["kwh"] is None
    assert found["total"] == "unknown"
    assert found["steps"] == {"extract": "unknown"}
    assert found["per_million"] == ""
    part = energy(_steps(("extract", 2, 2, 0.0), ("decide", 1, 0, 3600.0)), 5)
    assert part["steps"]["extract"] == "unknown"
    assert part["untimed"] == 2


def test_of_a_run(run: Run) -> None:
    spent = throughput(run)
    found = energy(spent, 4)
    assert found["kwh"] == pytest.approx(spent["cpu_s"] * WATTS_PER_CORE / 3.6e6)


def test_units() -> None:
    assert amount(2060.0) == "2.060 MWh"
    assert amount(12.41) == "12.4 kWh"
    assert amount(0.131) == "131 Wh"
    assert amount(1e-7) == "<0.001 Wh"
    assert amount(0.0) == "0.000 Wh"
