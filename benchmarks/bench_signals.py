"""All text signals of a 5,800-character document, one core, against datatrove's Gopher filters.

Documents are the first 5,800 characters of human main texts (extraction_train.parquet). Both sides
measure the same documents in alternate rounds, each in a process of its own (`benchmarks.sides`).
datatrove gets its words for nothing: they are cut beforehand, so that its own tokenizers, which
need spaCy, do not count.
"""

import os
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks import bench_peers, measure, sides
from filters.catalog import SIGNALS
from filters.text import TextView

DATA = measure.SHARED_DATA / "extraction_train.parquet"
CHARS, DOCUMENTS = 5_800, 200
PEERS = tuple(
    sides.Peer(work, bench_peers.PEER, bench_peers.REQUIREMENTS, work)
    for work in ("gopher_repetition", "gopher_quality")
)


def documents() -> list[str]:
    """Human main texts, cut to 5,800 characters."""
    texts = pq.read_table(DATA, columns=["gold_text"]).column("gold_text").to_pylist()
    long = [TextView(text).text[:CHARS] for text in texts if text and len(text) >= CHARS + 100]
    return long[:DOCUMENTS]


def words(text: str) -> list[str]:
    """The text's words, as our segmenter has them."""
    view = TextView(text)
    return [view.word_text(word) for word in range(view.word_count)]


def main() -> int:
    """Print milliseconds a document of both, and their ratio."""
    parser = measure.parser("bench_signals", __doc__ or "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    texts = documents()
    with tempfile.TemporaryDirectory(prefix="weir-signals-") as name:
        given = [{"text": text, "words": words(text)} for text in texts]
        path = sides.write(Path(name) / "texts.json", given)
        task = sides.Task({sides.WEIR: "measure"}, PEERS, {"": path}, len(texts))
        found = sides.compare(task, options.rounds, options.core)
    result = {
        "parameters": {"documents": len(texts), "characters": CHARS, "signals": len(SIGNALS)},
        **found,
    }
    return measure.finish("bench_signals", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
