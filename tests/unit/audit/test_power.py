"""Energy under stated assumptions."""

import pytest

from audit import power
from stages.errors import ConfigError


def test_time_to_energy() -> None:
    core, memory, pue = (
        power.assumptions()[name] for name in ("watts_per_core", "watts_per_gb", "pue")
    )
    for at in power.LEVELS:
        assert power.kwh(3600, 0)[at] == pytest.approx(core[at] / 1000 * pue[at])
        assert power.kwh(0, 3600)[at] == pytest.approx(memory[at] / 1000 * pue[at])
        assert power.kwh(1, 1, 3.6e6)[at] == pytest.approx(pue[at])  # joules stand for the watts


def test_low_is_low_and_sources_are_named() -> None:
    for name in ("watts_per_core", "watts_per_gb", "pue"):
        held = power.assumptions()[name]
        assert held["low"] < held["mid"] < held["high"]
        assert len(held["source"]) > 40
    for factor in power.assumptions()["grams_per_kwh"]["countries"].values():
        assert 0 < factor["grams"] < 1000
        assert 2020 <= factor["year"] <= 2026


def test_grams_by_country() -> None:
    assert power.grams({"low": 1.0, "mid": 2.0, "high": 4.0}, "de") == {
        "low": 381,
        "mid": 762,
        "high": 1524,
    }
    assert power.stated("FI")["factor"]["grams"] == 79
    assert "factor" not in power.stated()
    with pytest.raises(ConfigError, match="no factor for 'XX'"):
        power.grams(power.kwh(1, 1), "XX")
