"""Stage redact: personal data out of text and title, before the first byte of text is written."""

from collections import Counter
from dataclasses import asdict, dataclass

import pyarrow as pa

from filters import pii
from stages import schema
from stages.base import Columns, Tools, Worker, strings

VERSION = 1


@dataclass(frozen=True, slots=True)
class Redact:
    """`kinds` are the kinds of personal data that are replaced by placeholders."""

    kinds: frozenset[str]
    name: str = "redact"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker; detectors need no model."""
        del tools

        def work(batch: pa.RecordBatch) -> Columns:
            texts, spans = [], []
            for text, language in zip(
                batch.column("raw_text").to_pylist(),
                batch.column("language").to_pylist(),
                strict=True,
            ):
                redacted, found = pii.redact(text, language=language, kinds=self.kinds)
                texts.append(redacted)
                spans.append(found)
            titles = [
                title and pii.redact(title, kinds=self.kinds)[0]
                for title in batch.column("raw_title").to_pylist()
            ]
            return {
                "text": strings(texts, large=True),
                "title": strings(titles, large=True),
                "n_chars": pa.array([len(text) for text in texts], type=pa.int64()),
                "pii_spans": pa.array(
                    [[asdict(span) for span in found] for found in spans], type=schema.SPANS
                ),
                "pii_counts": pa.array(
                    [sorted(Counter(span.kind for span in found).items()) for found in spans],
                    type=schema.PII_COUNTS,
                ),
            }

        return work
