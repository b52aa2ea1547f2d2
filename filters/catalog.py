"""All signals, collected from their modules: the columns of `signals`."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Final

from filters import boilerplate, damage, information, lines, repetition, words
from filters.signal import FRACTION_EDGES, Signal, Value, signal
from filters.text import TextView

MODULES: Final = (words, lines, repetition, boilerplate, damage, information)
"""Where signals are: every function that `filters.signal` decorates there is one."""


def collect(modules: Iterable[ModuleType]) -> tuple[Signal, ...]:
    """The signals of the modules, in the order in which these define them.

    ValueError for two of one name.
    """
    found: dict[str, Signal] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Signal):
                if value.name in found:
                    raise ValueError(f"two signals are called {value.name}")
                found[value.name] = value
    return tuple(found.values())


SIGNALS: Final[tuple[Signal, ...]] = collect(MODULES)
"""What `measure_all` measures."""


@signal(
    unit="probability",
    low=0.0,
    high=1.0,
    version=2,
    source="langid/calibrate.py; docs/languages.md",
    edges=FRACTION_EDGES,
)
def language_confidence(_view: TextView) -> Value:
    """Calibrated probability of the tag; of the whole group for Serbo-Croatian standards."""
    raise NotImplementedError("language_confidence is copied from language identification")


GIVEN: Final[tuple[Signal, ...]] = (language_confidence,)
"""Signals that another stage gives: `measure_all` leaves them out, and their `measure` raises."""

BY_NAME: Final[dict[str, Signal]] = {known.name: known for known in (*SIGNALS, *GIVEN)}


def measure_all(view: TextView) -> dict[str, Value]:
    """Value of each signal of `SIGNALS`, in that order; the view shares sorts and n-grams."""
    return {known.name: known.measure(view) for known in SIGNALS}
