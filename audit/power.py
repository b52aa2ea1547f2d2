"""Energy of processor and memory time under stated assumptions: a range, never one number.

(processor seconds * W per core + GB seconds * W per GB) / 3.6e6 * PUE, low, mid and high; where the
processor's own counters were read (RAPL), their joules stand for the watts, and only the building's
share (PUE) stays an assumption.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from ruamel.yaml import YAML

from stages.errors import ConfigError

JOULES_PER_KWH: Final = 3.6e6
LEVELS: Final = ("low", "mid", "high")
MEASURED, ESTIMATED, UNKNOWN = "measured_rapl", "estimated_tdp", "unknown"
Range = dict[str, float]
"""low, mid, high."""


@cache
def assumptions() -> dict[str, Any]:
    """What `audit/energy.yaml` says: watts, PUE and grams by country, each with its source."""
    text = resources.files("audit").joinpath("energy.yaml").read_text("utf-8")
    found: dict[str, Any] = YAML(typ="safe").load(text)
    return found


def kwh(cpu_s: float, gb_s: float, joules: float | None = None) -> Range:
    """Kilowatt-hours of some work: from its joules if they were counted, else from its time."""
    held = assumptions()
    core, memory, pue = (held[name] for name in ("watts_per_core", "watts_per_gb", "pue"))
    return {
        at: (joules if joules is not None else cpu_s * core[at] + gb_s * memory[at])
        / JOULES_PER_KWH
        * pue[at]
        for at in LEVELS
    }


def grams(energy: Mapping[str, float], country: str) -> Range:
    """Grams of CO2 equivalents for that energy in a country (ISO 3166-1 alpha-2).

    ConfigError for a country that the table has not.
    """
    factor = factor_of(country)["grams"]
    return {at: energy[at] * factor for at in LEVELS}


def factor_of(country: str) -> dict[str, Any]:
    """Country, grams for a kWh, and their year. ConfigError for an unknown country."""
    known = assumptions()["grams_per_kwh"]["countries"]
    code = country.upper()
    if code not in known:
        raise ConfigError(
            "--country", f"no factor for {country[:20]!r}", f"one of {', '.join(known)}"
        )
    return {"country": code, **known[code]}


def stated(country: str | None = None) -> dict[str, Any]:
    """The assumptions that a number rests on, with their sources, as they are printed beside it."""
    held = assumptions()
    made = {name: held[name] for name in ("watts_per_core", "watts_per_gb", "pue", "not_counted")}
    if country is not None:
        made["factor"] = {**factor_of(country), "source": held["grams_per_kwh"]["source"]}
    return made
