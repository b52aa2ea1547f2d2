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

        def work(batch: pa.RecordBatch) -> Columns:
            early, html = (batch.column(name).to_pylist() for name in ("main_text", "html"))
            late = tools.guard.answers(
                "extract",
                ((markup, asked) for text, markup in zip(early, html, strict=True) if text is None),
            )
            found = [next(late) if text is None else {"text": text} for text in early]
            settled = [self._settled(**answer) for answer in found]
            texts, reasons = [text for text, _ in settled], [reason for _, reason in settled]
            return {
                "raw_text": strings(texts, large=True),
                "main_text": None,
                "html": None,
                "reason": strings(reasons),
            }

        return work

    def _settled(
        self, text: str | None = None, reason: str | None = None
    ) -> tuple[str | None, str | None]:
        if not text:
            return None, reason or "extract.empty"
        return (text, None) if len(text) <= self.max_chars else (None, "extract.output")
