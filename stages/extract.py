"""Stage extract: decoded markup to main text, in the killable child."""

from dataclasses import dataclass

import pyarrow as pa

from stages.base import Columns, Tools, Worker, strings

VERSION = 1


@dataclass(frozen=True, slots=True)
class Extract:
    """`extractor` is `trafilatura` or `resiliparse`; `max_chars` caps the text of one page."""

    extractor: str
    max_chars: int
    name: str = "extract"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker; the parsers are loaded in the child."""

        def work(batch: pa.RecordBatch) -> Columns:
            found = [
                tools.guard.call("extract", html, self.extractor, self.max_chars)
                for html in batch.column("html").to_pylist()
            ]
            return {
                "raw_text": strings([f.get("text") for f in found], large=True),
                "reason": strings([f.get("reason") for f in found]),
            }

        return work
