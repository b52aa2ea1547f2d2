"""Stage suppress: texts that were taken down, and near copies of them, are not stored again.

It comes last, since only now words and signature are known; nothing of the row was written yet.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filters.suppression import Suppressed
from stages import schema
from stages.base import Columns, Tools, Worker, strings

VERSION = 1
REASON = "takedown.text"


@dataclass(frozen=True, slots=True)
class Suppress:
    """`listed` is the suppression list as it stood when the run began."""

    listed: Suppressed
    name: str = "suppress"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker."""
        del tools
        return self._work

    def _work(self, batch: pa.RecordBatch) -> Columns:
        if not self.listed.names_texts:
            return {}
        return {"reason": strings([REASON if on else None for on in on_list(batch, self.listed)])}


def on_list(rows: pa.RecordBatch | pa.Table, listed: Suppressed) -> list[bool]:
    """Whether each row's text is on the list.

    Reads `text_digest` and `signature`, null without words.
    """
    digests = rows.column("text_digest").to_pylist()
    column = rows.column("signature")
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    filled = whole.is_valid().to_numpy(zero_copy_only=False)
    values = whole.drop_null().flatten().to_numpy(zero_copy_only=False).astype(np.uint32)
    signed = iter(values.reshape(-1, schema.N_PERMUTATIONS))
    found = []
    for digest, has_words in zip(digests, filled, strict=True):
        signature = next(signed) if has_words else None
        found.append(signature is not None and listed.text(digest, signature))
    return found
