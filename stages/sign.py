"""Stage sign: shingles to a MinHash signature, and what orders keepers to one number."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filters import minhash
from stages import schema
from stages.base import Columns, Tools, Worker

VERSION = 2

_QUALITY_STEPS = (1 << 12) - 1
_MAX_WORDS = (1 << 20) - 1
_MAX_SECONDS = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Sign:
    """Scheme, seed and permutations are pinned in `filters.minhash`.

    Anyone can query the result.
    """

    name: str = "sign"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker."""
        del tools
        return work


def work(batch: pa.RecordBatch) -> Columns:
    """Signature and precedence of each row; the signature of a text without words is null.

    Needs the columns `shingles`, `quality_score`, `n_words` and `date`.
    """
    shingles = batch.column("shingles").fill_null([])
    offsets = shingles.offsets.to_numpy().astype(np.int64)
    counts = np.diff(offsets)
    signatures = minhash.signatures(shingles.values.to_numpy(), offsets)
    flat = pa.array(signatures.reshape(-1), type=pa.uint32())
    return {
        "n_shingles": pa.array(counts, type=pa.int32()),
        "signature": pa.FixedSizeListArray.from_arrays(
            flat, schema.N_PERMUTATIONS, mask=pa.array(counts == 0)
        ),
        "precedence": pa.array(
            precedence(*(batch.column(name) for name in ("quality_score", "n_words", "date")))
        ),
    }


def precedence(quality: pa.Array, words: pa.Array, date: pa.Array) -> NDArray[np.uint64]:
    """The order in which documents are kept, higher first, as one number each.

    Upper 12 bits: `quality` (0 to 1, null as 0) in steps of 1/4095. Middle 20 bits: `words`, up to
    1,048,575. Lower 32 bits: age of `date` (ISO 8601, UTC): seconds before 2106-02-07T06:28:15Z,
    so that of equal documents the oldest is kept; 0 for a date that cannot be read.
    """
    scores = np.nan_to_num(_floats(quality)).clip(0, 1)
    seconds = pc.strptime(
        pc.utf8_slice_codeunits(date.cast(pa.string()), 0, 19),
        format="%Y-%m-%dT%H:%M:%S",
        unit="s",
        error_is_null=True,
    ).cast(pa.int64())
    ages = _MAX_SECONDS - seconds.fill_null(_MAX_SECONDS).to_numpy().clip(0, _MAX_SECONDS)
    counts = words.to_numpy().astype(np.int64).clip(0, _MAX_WORDS)
    steps = np.rint(scores * _QUALITY_STEPS).astype(np.uint64)
    return (  # type: ignore[no-any-return]
        steps << np.uint64(52) | counts.astype(np.uint64) << np.uint64(32) | ages.astype(np.uint64)
    )


def _floats(column: pa.Array) -> NDArray[Any]:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
