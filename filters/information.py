"""Signals of information theory: how predictable a text is."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from filters.signal import FRACTION_EDGES, Value, ratio, signal
from filters.text import TextView

_BITS = tuple(step / 2 for step in range(41))

# Level 1 finds the repetition of menus and stuffed pages at a third of the default level's time.
_LEVEL = 1


@signal(
    unit="bits",
    low=0.0,
    high=math.inf,
    version=1,
    source="RedPajama-v2 rps_doc_unigram_entropy",
    edges=_BITS,
)
def word_entropy(view: TextView) -> Value:
    """Shannon entropy of the words' distribution in the text; null without words.

    It grows with the length of the text, up to the logarithm of the number of words.
    """
    return _entropy(view.different_word_counts) if view.word_count else None


@signal(
    unit="bits",
    low=0.0,
    high=math.inf,
    version=1,
    source="Shannon 1948, section 6; Weir: damaged, coded and generated text",
    edges=_BITS,
)
def character_entropy(view: TextView) -> Value:
    """Shannon entropy of the characters' distribution, in lower case; null for an empty text."""
    if not view.codes.size:
        return None
    # Nearly all text lies in the first planes' few blocks: counting beats sorting.
    counts = np.bincount(np.minimum(view.codes, _LAST_COUNTED))
    return _entropy(counts[counts > 0])


@ratio(unit="bytes/byte", source="Weir: repetition of any length", edges=FRACTION_EDGES)
def compression_ratio(view: TextView) -> Value:
    """Bytes after compression by bytes in UTF-8 (DEFLATE, level 1); null for an empty text.

    Short texts compress less; a few characters grow beyond 1.
    """
    plain = view.text.encode("utf-8", "surrogatepass")
    if not plain:
        return None
    return len(zlib.compress(plain, _LEVEL)) / len(plain)


_LAST_COUNTED = 0x2FFF


def _entropy(counts: NDArray[np.int64]) -> float:
    shares = counts / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))
