from __future__ import annotations

import math

import pytest

from filters import catalog
from filters.signal import Signal, Value, fraction, signal
from filters.text import TextView


def _measure(_view: TextView) -> Value:
    """Nothing at all.

    More about it.
    """
    return None


def test_decorator_returns_the_signal() -> None:
    made = signal(unit="words", low=0, high=math.inf, version=3, source="here", edges=(0.0, 1.0))(
        _measure
    )
    assert isinstance(made, Signal)
    assert (made.name, made.version, made.description) == ("_measure", 3, "Nothing at all.")


@pytest.mark.parametrize(
    ("edges", "message"), [((0.0, 0.0), "ascend"), ((0.0, 2.0), "lie in"), ((-1.0, 1.0), "lie in")]
)
def test_bad_facts_are_refused(edges: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fraction(source="here", edges=edges)(_measure)


def test_a_measure_needs_a_docstring() -> None:
    with pytest.raises(ValueError, match="docstring"):
        fraction(source="here")(lambda _view: None)


@pytest.mark.parametrize("known", catalog.BY_NAME.values(), ids=lambda known: known.name)
def test_facts_of_every_signal(known: Signal) -> None:
    assert 20 <= len(known.edges) - 1 <= 40
    assert known.description.endswith(".")
    assert known.source
    if known.name.endswith("_fraction"):
        assert (known.low, known.high) == (0.0, 1.0)
    if known.name.endswith(("_count", "_ratio")):
        assert known.high == math.inf
