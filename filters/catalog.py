"""All signals, collected from their modules: the columns of `signals`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import ModuleType
from typing import Final

from filters import boilerplate, damage, information, lines, personal, repetition, words
from filters.signal import FRACTION_EDGES, Signal, Value, signal
from filters.text import TextView

MODULES: Final = (words, lines, repetition, boilerplate, damage, information, personal)
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


PERPLEXITY_EDGES: Final = (
    0.0, 1.0, 10.0, 20.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 700.0, 1e3, 1.5e3, 2e3,
    3e3, 5e3, 7e3, 1e4, 2e4, 5e4, 1e5, 1e6,
)  # fmt: skip


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


@signal(
    unit="probability",
    low=0.0,
    high=1.0,
    version=1,
    source="weir train-quality; docs/quality.md",
    edges=FRACTION_EDGES,
)
def quality_score(_view: TextView) -> Value:
    """Probability of the positive class by the language's classifier; null where it has none."""
    raise NotImplementedError("quality_score is given by stage score, where a model is configured")


@signal(
    unit="per word",
    low=0.0,
    high=math.inf,
    version=1,
    source="Wenzek et al. 2020 (CCNet), section 3.4; filters/perplexity.py",
    edges=PERPLEXITY_EDGES,
)
def perplexity(_view: TextView) -> Value:
    """Perplexity by word of the language's n-gram model; null where it has none, or no words."""
    raise NotImplementedError("perplexity is given by stage score, where a model is configured")


GIVEN: Final[tuple[Signal, ...]] = (language_confidence, quality_score, perplexity)
"""Signals that another stage gives: `measure_all` leaves them out, and their `measure` raises."""

BY_NAME: Final[dict[str, Signal]] = {known.name: known for known in (*SIGNALS, *GIVEN)}


PEER: Final = "datatrove."
"""What `datatrove.NAME` names is no signal of the catalog, but the verdict of that filter."""


@signal(
    unit="verdict",
    low=0.0,
    high=1.0,
    version=1,
    source="the datatrove filter that the configuration names",
    edges=(0.0, 0.5, 1.0),
)
def _verdict(_view: TextView) -> Value:
    """Whether a datatrove filter keeps the document: 1 if it does, 0 if not."""
    raise NotImplementedError("a datatrove filter gives its verdict itself")


def find(name: str) -> Signal | None:
    """The signal of this name, or the verdict of a datatrove filter; None for an unknown name."""
    return _verdict if name.startswith(PEER) else BY_NAME.get(name)


def measure_all(view: TextView) -> dict[str, Value]:
    """Value of each signal of `SIGNALS`, in that order; the view shares sorts and n-grams."""
    return {known.name: known.measure(view) for known in SIGNALS}
