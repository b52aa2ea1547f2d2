"""Stage redact: personal data out of text and title, before the first byte of text is written."""

from collections import Counter
from dataclasses import asdict, dataclass
from importlib import metadata

import pyarrow as pa

from filters import addresses, pii
from filters.names import Recogniser
from stages import schema
from stages.base import Columns, Tools, Worker, strings
from stages.errors import ConfigError

VERSION = 2
_READ = ("raw_text", "raw_title", "language", "url")


NAMES_GROUP = "weir.names"
"""Entry points that give a recogniser of names: installed packages, never a path to code."""


def _recogniser(name: str, version: str) -> Recogniser:
    """The recogniser that an installed package offers; ConfigError for none, or another version."""
    for entry in metadata.entry_points(group=NAMES_GROUP, name=name):
        found = entry.dist.version if entry.dist else "unknown"
        if found != version:
            remedy = f"set redact.names.version={found}, or install {version}"
            raise ConfigError("redact.names.version", f"{name} is of version {found}", remedy)
        made: Recogniser = entry.load()()
        return made
    remedy = f"install a package with the entry point {name} in {NAMES_GROUP}"
    raise ConfigError("redact.names.recogniser", f"no package offers {name}", remedy)


@dataclass(frozen=True, slots=True)
class Redact:
    """`kinds` are the kinds of personal data that are replaced by placeholders.

    `names` is an entry point and its package's version, or None.
    """

    kinds: frozenset[str]
    names: tuple[str, str] | None = None
    name: str = "redact"
    version: int = VERSION

    def open(self, tools: Tools) -> Worker:
        """Return the worker; detectors need no model, a recogniser of names may."""
        del tools
        recogniser = _recogniser(*self.names) if self.names else None

        def work(batch: pa.RecordBatch) -> Columns:
            texts, titles, spans = [], [], []
            for text, title, language, url in zip(
                *(batch.column(name).to_pylist() for name in _READ), strict=True
            ):
                known = (language, addresses.host_tld(url), self.kinds, recogniser)
                redacted, found = pii.redact(text, *known)
                texts.append(redacted)
                spans.append(found)
                titles.append(title and pii.redact(title, *known)[0])
            return {
                **dict.fromkeys(_READ[:2]),
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
