"""Stage redact: personal data out of text and title, before the first byte of text is written."""

from collections import Counter
from dataclasses import asdict, dataclass

import pyarrow as pa

from filters import addresses, pii
from stages import schema
from stages.base import Columns, Tools, Worker, strings

VERSION = 2
_READ = ("raw_text", "raw_title", "language", "url")


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
            texts, titles, spans = [], [], []
            for text, title, language, url in zip(
                *(batch.column(name).to_pylist() for name in _READ), strict=True
            ):
                known = (language, addresses.host_tld(url), self.kinds)
                redacted, found = pii.redact(text, *known)
                texts.append(redacted)
                spans.append(found)
                titles.append(title and pii.redact(title, *known)[0])
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
