"""What every compiled loop shares: the compiler's settings, and `mix` for a single value.

numba compiles each loop at its first call and keeps the result beside the source, or in the user's
cache folder; no compiler is needed. It compiles again when the loop's own file has changed, not
when this one has; `mix` is pinned, so it never does.

Import this late, as `filters.text` does: numba takes half a second that no command line wants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

_FACTOR_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_FACTOR_2: Final = np.uint64(0x94D049BB133111EB)
_27, _30, _31 = (np.uint64(bits) for bits in (27, 30, 31))


def compiled(function: Function, nogil: bool = False) -> Function:
    """Compile at the first call; keep the result on disk wherever a folder can be written.

    With `nogil`, other threads run while the loop does.
    """
    try:
        made = numba.njit(cache=True, nogil=nogil)(function)
    except RuntimeError:  # neither the source's folder nor the user's cache is writable
        made = numba.njit(nogil=nogil)(function)
    return cast("Function", made)


def inlined(function: Function) -> Function:
    """Compile into each caller instead of calling: a call that passes an array costs a count."""
    return cast("Function", numba.njit(inline="always")(function))


@compiled
def mix(value: np.uint64) -> np.uint64:
    """`filters.text.mix` of one value."""
    value ^= value >> _30
    value *= _FACTOR_1
    value ^= value >> _27
    value *= _FACTOR_2
    return value ^ (value >> _31)
