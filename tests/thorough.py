"""How much the suites try: `make test` takes a share of what `make thorough` takes whole."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
THOROUGH = bool(os.environ.get("WEIR_THOROUGH"))


def share(count: int, one_in: int) -> int:
    """So many trials, or one in `one_in` of them."""
    return count if THOROUGH else -(-count // one_in)


def some(every: Sequence[T], one_in: int) -> Sequence[T]:
    """All of them, or each `one_in`-th from the first, and the last."""
    return every if THOROUGH else [*every[:-1:one_in], *every[-1:]]
