"""Stage sign: shingles to a MinHash signature and its bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import minhash
from stages import schema
from stages.base import Columns, Tools, Worker

VERSION = 1


@dataclass(frozen=True, slots=True)
class Sign:
    """Scheme, seed, permutations and bands are pinned in `filters.minhash`.

    Anyone can query the result.
    """

    name: str = "sign"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker."""
        del tools
        return work


def work(batch: pa.RecordBatch) -> Columns:
    """Signature columns of a batch with a column `shingles`; null for a text without words."""
    column = batch.column("shingles")
    sets = [row.values.to_numpy() if row.is_valid else np.zeros(0, np.uint32) for row in column]
    signatures = [minhash.signature(shingles) if len(shingles) else None for shingles in sets]
    bands = [
        None if s is None else minhash.band_hashes(s, schema.N_BANDS, schema.BAND_ROWS)
        for s in signatures
    ]
    return {
        "n_shingles": pa.array([len(shingles) for shingles in sets], type=pa.int32()),
        "signature": _fixed(signatures, schema.N_PERMUTATIONS, np.uint32),
        "bands": _fixed(bands, schema.N_BANDS, np.uint64),
    }


def _fixed(rows: Sequence[NDArray[Any] | None], width: int, kind: type) -> pa.Array:
    """Rows of equal width as a fixed-size list column; None is null."""
    filled = [np.zeros(width, dtype=kind) if row is None else row for row in rows]
    flat = np.concatenate(filled) if filled else np.zeros(0, dtype=kind)
    mask = pa.array([row is None for row in rows], type=pa.bool_())
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), width, mask=mask)
