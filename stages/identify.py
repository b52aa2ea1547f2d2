"""Stage identify: main text to language tag, confidence and runner-up."""

import json
from dataclasses import dataclass

import pyarrow as pa

from langid import identify, models, tags
from stages.base import Columns, Tools, Worker, strings

VERSION = 3


@dataclass(frozen=True, slots=True)
class Identify:
    """`model_names` vote; texts in a language that is not in `languages` are settled."""

    model_names: tuple[str, ...]
    languages: frozenset[str]
    name: str = "identify"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Load the models."""
        del tools
        loaded = models.load(self.model_names)

        def work(batch: pa.RecordBatch) -> Columns:
            found = [
                identify.identify(text, loaded, url)
                for text, url in zip(
                    batch.column("raw_text").to_pylist(),
                    batch.column("url").to_pylist(),
                    strict=True,
                )
            ]
            return {
                "tag": strings([f.tag for f in found]),
                "language": strings([f.language for f in found]),
                "language_script": strings([f.script for f in found]),
                "language_score": pa.array([f.score for f in found], type=pa.float32()),
                "language_confidence": pa.array([f.confidence for f in found], type=pa.float32()),
                "runner_up": strings([f.runner_up for f in found]),
                "runner_up_score": pa.array([f.runner_up_score for f in found], type=pa.float32()),
                "confusable_group": strings([f.group for f in found]),
                "confusable_group_score": pa.array(
                    [f.group_score if f.group else None for f in found], type=pa.float32()
                ),
                "language_posterior": strings([_json(f.top) for f in found]),
                "top_langs": strings([_json(f.shares) for f in found]),
                "others_fraction": pa.array([f.others_fraction for f in found], type=pa.float32()),
                "reason": strings(
                    [None if self._is_wanted(f.tag) else "identify.language" for f in found]
                ),
            }

        return work

    def _is_wanted(self, tag: str) -> bool:
        return tag in self.languages if self.languages else tags.is_european(tag)


def _json(pairs: tuple[tuple[str, float], ...]) -> str:
    return json.dumps({tag: round(value, 4) for tag, value in pairs})
