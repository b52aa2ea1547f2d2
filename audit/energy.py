"""What a run's processor time may have cost in energy: an estimate, and it says so."""

from collections.abc import Mapping
from typing import Any

WATTS_PER_CORE = 10.0
"""Assumed draw of a busy core with its share of memory, board and power supply.

A server processor of this decade may draw 280 W by its data sheet for 64 cores, 4.4 W each; the
rest of the machine about doubles that. Nobody measured it here.
"""

JOULES_PER_KWH = 3.6e6


def energy(throughput: Mapping[str, Any], kept: int) -> dict[str, Any]:
    """Energy in kWh by step, in all, and for a million kept documents, from processor seconds.

    A step none of whose tasks has a timing is None, and so is the sum if there is no other.
    """
    steps = [
        {
            "step": row["step"],
            "cpu_s": row["cpu_s"],
            "kwh": _kwh(row["cpu_s"]) if row["tasks"] > row["untimed"] else None,
            "tasks": row["tasks"],
            "untimed": row["untimed"],
        }
        for row in throughput["steps"]
        if row["tasks"]
    ]
    known = [row["kwh"] for row in steps if row["kwh"] is not None]
    total = sum(known) if known else None
    return {
        "watts": WATTS_PER_CORE,
        "steps": steps,
        "kwh": total,
        "largest": max(known, default=0.0),
        "per_million": 1e6 * total / kept if total is not None and kept else None,
        "untimed": throughput["untimed"],
    }


def _kwh(seconds: float) -> float:
    return WATTS_PER_CORE * seconds / JOULES_PER_KWH


def amount(kwh: float | None) -> str:
    """An energy in the unit that suits it, two or three digits: 3.1 Wh, 12.4 kWh, 2.06 MWh."""
    if kwh is None:
        return "unknown"
    for unit, size in (("MWh", 1e3), ("kWh", 1.0), ("Wh", 1e-3)):
        if kwh >= size:
            return f"{kwh / size:,.3g} {unit}"
    return f"{kwh * 1e3:.2g} Wh"
