"""Compiled inner loops of lists of millions of domains. Import this late: see `compiled`."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.compiled import compiled

_NEWLINE, _DOT = np.uint8(ord("\n")), np.uint8(ord("."))
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_NOTHING: Final = np.uint64(0)


@compiled
def plain_keys(
    raw: NDArray[np.uint8],
    allowed: NDArray[np.bool_],
    longest: int,
    table: NDArray[np.uint64],
    keys: NDArray[np.uint64],
) -> int:
    """Number of lines, if each is a domain in canonical form, with `filters.domains.key` of each.

    -1 if one is not, or the last has no end. `allowed` and `table` have an entry a byte. Labels
    between dots are not empty, lines of at most `longest` bytes: `keys` has room for half of them.
    """
    key, lines, begun, after_edge = _NOTHING, 0, 0, True
    for at in range(raw.size):
        byte = raw[at]
        if not allowed[byte]:
            return -1
        is_edge = byte in (_NEWLINE, _DOT)
        if is_edge and after_edge:
            return -1
        after_edge = is_edge
        if byte == _NEWLINE:
            if at - begun > longest:
                return -1
            keys[lines] = key
            key, lines, begun = _NOTHING, lines + 1, at + 1
        else:
            key = key * _FACTOR + table[byte]
    return lines if begun == raw.size else -1


@compiled
def line_keys(raw: NDArray[np.uint8], table: NDArray[np.uint64], keys: NDArray[np.uint64]) -> None:
    """`filters.domains.key` of every line, whatever it holds; `table` has a number a byte."""
    key, line = _NOTHING, 0
    for at in range(raw.size):
        if raw[at] == _NEWLINE:
            keys[line] = key
            key, line = _NOTHING, line + 1
        else:
            key = key * _FACTOR + table[raw[at]]
