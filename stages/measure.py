"""Stage measure: every signal of every document, no early exit.

And the shingles, from the same segmentation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from filters.catalog import SIGNALS, measure_all
from filters.suppression import text_digest
from filters.text import NO_LEXICON, Lexicon, TextView, shingle_hashes
from stages.base import Columns, Tools, Worker, strings

VERSION = 1


@dataclass(frozen=True, slots=True)
class Measure:
    """`lexicons` by language tag; what a language has no words for is null."""

    lexicons: Mapping[str, Lexicon]
    name: str = "measure"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker."""
        del tools
        return self._work

    def _work(self, batch: pa.RecordBatch) -> Columns:
        columns: dict[str, list[float | None]] = {known.name: [] for known in SIGNALS}
        words, digests, shingles = [], [], []
        texts = batch.column("text").to_pylist()
        for text, tag in zip(texts, batch.column("tag").to_pylist(), strict=True):
            view = TextView(text, self.lexicons.get(tag, NO_LEXICON))
            for name, value in measure_all(view).items():
                columns[name].append(value)
            words.append(view.word_count)
            digests.append(text_digest(view))
            shingles.append(shingle_hashes(view))
        return {
            **{name: pa.array(values, type=pa.float32()) for name, values in columns.items()},
            "n_words": pa.array(words, type=pa.int64()),
            "text_digest": strings(digests),
            "shingles": pa.array(shingles, type=pa.list_(pa.uint32())),
        }
