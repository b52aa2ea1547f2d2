from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters import compiled, text

WORDS = st.integers(0, 2**64 - 1)


@compiled.inlined
def _below(values: np.ndarray, limit: np.uint64) -> int:  # type: ignore[type-arg]
    count = 0
    for value in values:
        count += value < limit
    return count


@compiled.compiled
def _below_its_first(values: np.ndarray) -> int:  # type: ignore[type-arg]
    return _below(values, values[0])


@settings(deadline=None)  # the first call may compile
@given(WORDS)
@example(0)
@example(2**64 - 1)
def test_one_value_is_mixed_as_an_array_is(value: int) -> None:
    wanted = text.mix(np.array([value], np.uint64))[0]
    assert int(compiled.mix(np.uint64(value))) == int(wanted)


def test_an_inlined_function_computes_the_same_in_its_caller() -> None:
    assert _below_its_first(np.array([5, 1, 2, 9], np.uint64)) == 2
