"""A signal: one measured number about a document, with its facts.

A signal has no threshold; a rule has no code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.text import TextView

Value = float | None
"""A measured number; None where it is undefined."""

Measure = Callable[[TextView], Value]

# Histogram edges: fine where the thresholds of Gopher, C4 and FineWeb lie, coarse elsewhere.
FRACTION_EDGES: Final = tuple(step / 25 for step in range(26))
SMALL_FRACTION_EDGES: Final = (
    0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.12, 0.14,
    0.16, 0.18, 0.2, 0.225, 0.25, 0.275, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
)  # fmt: skip
RATIO_EDGES: Final = (*SMALL_FRACTION_EDGES, 1.5, 2.0, 3.0, 5.0, 10.0)
SMALL_COUNT_EDGES: Final = tuple(float(step) for step in range(31))
LARGE_COUNT_EDGES: Final = (
    0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 75.0, 100.0, 150.0, 200.0, 300.0,
    400.0, 500.0, 750.0, 1e3, 1.5e3, 2e3, 3e3, 5e3, 7.5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signal:
    """A measure and its facts: unit, range [low, high], version, source, histogram edges."""

    name: str
    unit: str
    low: float
    high: float
    version: int
    source: str
    edges: tuple[float, ...]
    measure: Measure
    description: str

    def __post_init__(self) -> None:
        """Refuse facts that would break a histogram or a schema later."""
        if not self.low < self.high:
            raise ValueError(f"signal {self.name}: low {self.low} is not below high {self.high}")
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"signal {self.name}: edges must ascend")
        if not (self.low <= self.edges[0] and self.edges[-1] <= self.high):
            raise ValueError(f"signal {self.name}: edges must lie in [{self.low}, {self.high}]")
        if not self.description:
            raise ValueError(f"signal {self.name}: the measure needs a docstring")


def signal(
    *, unit: str, low: float, high: float, version: int, source: str, edges: tuple[float, ...]
) -> Callable[[Measure], Signal]:
    """Turn a measure into the `Signal` of the same name. Registers nothing."""

    def decorate(measure: Measure) -> Signal:
        first_line = (measure.__doc__ or "").strip().partition("\n")[0]
        return Signal(
            measure.__name__, unit, low, high, version, source, edges, measure, first_line
        )

    return decorate


def fraction(
    *, source: str, edges: tuple[float, ...] = FRACTION_EDGES, version: int = 1
) -> Callable[[Measure], Signal]:
    """A signal in [0, 1]."""
    return signal(unit="fraction", low=0.0, high=1.0, version=version, source=source, edges=edges)


def ratio(
    *, unit: str, source: str, edges: tuple[float, ...] = RATIO_EDGES, version: int = 1
) -> Callable[[Measure], Signal]:
    """A signal that is not negative and may exceed 1."""
    return signal(unit=unit, low=0.0, high=math.inf, version=version, source=source, edges=edges)


def count(
    *, unit: str, source: str, edges: tuple[float, ...] = LARGE_COUNT_EDGES, version: int = 1
) -> Callable[[Measure], Signal]:
    """A signal that counts."""
    return signal(unit=unit, low=0.0, high=math.inf, version=version, source=source, edges=edges)


def share(flags: NDArray[np.bool_]) -> Value:
    """Fraction of flags that are set; null if there are none."""
    return float(np.count_nonzero(flags) / flags.size) if flags.size else None
