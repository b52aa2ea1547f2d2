"""Stage extract: decoded markup to main text, in the killable child.

Where our own extractor has found it with the gate's parse, it is there already.
"""

from dataclasses import dataclass

import pyarrow as pa

from stages.base import Columns, Tools, Worker, strings

VERSION = 2
SECOND = {"cascade": "trafilatura"}
"""Who is asked where the first was unsure."""


@dataclass(frozen=True, slots=True)
class Extract:
    """`extractor` is one of `stages.parse.extract`; `max_chars` caps the text of one page."""

    extractor: str
    max_chars: int
    name: str = "extract"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker; the parsers are loaded in the child."""
        asked = SECOND.get(self.extractor, self.extractor)

        def text_of(early: str | None, html: str) -> tuple[str | None, str | None]:
            found = (
                {"text": early} if early is not None else tools.guard.call("extract", html, asked)
            )
            text, reason = found.get("text"), found.get("reason")
            if not text:
                return None, str(reason or "extract.empty")
            return (text, None) if len(text) <= self.max_chars else (None, "extract.output")

        def work(batch: pa.RecordBatch) -> Columns:
            early, html = (batch.column(name).to_pylist() for name in ("main_text", "html"))
            found = list(map(text_of, early, html))
            texts, reasons = [text for text, _ in found], [reason for _, reason in found]
            return {"raw_text": strings(texts, large=True), "reason": strings(reasons)}

        return work
