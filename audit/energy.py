"""What a run's processor time may have cost in energy: an estimate, and it says so."""

from collections.abc import Mapping
from typing import Any

WATTS_PER_CORE = 10.0
"""Assumed draw of a busy core with its share of memory, board and power supply.

A server processor of this decade may draw 280 W by its data sheet for 64 cores, 4.4 W each; the
rest of the machine about doubles that. Nobody measured it here.
"""

JOULES_PER_KWH = 3.6e6
UNITS = (("MWh", 1e3), ("kWh", 1.0), ("Wh", 1e-3))
UNKNOWN = "unknown"


def energy(throughput: Mapping[str, Any], kept: int) -> dict[str, Any]:
    """Energy by step, in all, and for a million kept documents, from processor seconds, as text.

    All steps are in the unit of the sum. A step without any timing is unknown, and so is the sum if
    there is no other; `kwh` is then None. `untimed` tasks are not in the sum.
    """
    known = [row for row in throughput["steps"] if row["tasks"] > row["untimed"]]
    total = sum(_kwh(row["cpu_s"]) for row in known) if known else None
    unit, size = _unit(total or 0.0)
    steps = {row["step"]: UNKNOWN for row in throughput["steps"] if row["tasks"]}
    steps |= {row["step"]: _digits(_kwh(row["cpu_s"]) / size) for row in known}
    return {
        "watts": WATTS_PER_CORE,
        "unit": unit,
        "steps": steps,
        "total": UNKNOWN if total is None else _digits(total / size),
        "kwh": total,
        "per_million": amount(1e6 * total / kept) if total is not None and kept else "",
        "untimed": throughput["untimed"],
    }


def amount(kwh: float) -> str:
    """An energy in the unit that suits it, with three digits at most: 12.4 kWh, 2.06 MWh."""
    unit, size = _unit(kwh)
    return f"{_digits(kwh / size)} {unit}"


def _kwh(seconds: float) -> float:
    return WATTS_PER_CORE * seconds / JOULES_PER_KWH


def _unit(kwh: float) -> tuple[str, float]:
    return next((unit for unit in UNITS if kwh >= unit[1]), UNITS[-1])


def _digits(value: float) -> str:
    """Three decimals under 10, so that the parts of a column add up; what is less says so."""
    if 0 < value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 10 else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
