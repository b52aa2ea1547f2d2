"""All text signals of a 5,800-character document, one core, against datatrove's Gopher filters.

Documents are the first 5,800 characters of human main texts (extraction_train.parquet). Both sides
measure the same documents in alternate rounds in this process. datatrove gets its words for
nothing: they are cut beforehand, so that its own tokenizers, which need spaCy, do not count.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.word_tokenizers import WordTokenizer

from benchmarks import measure
from filters.catalog import SIGNALS, measure_all
from filters.text import TextView
from pipeline import config

DATA = measure.SHARED_DATA / "extraction_train.parquet"
CHARS, DOCUMENTS = 5_800, 200


class _Cut(WordTokenizer):
    """Words that were cut before."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        views = [TextView(text) for text in texts]
        self._words = {
            view.text: [view.word_text(word) for word in range(view.word_count)] for view in views
        }

    def word_tokenize(self, text: str) -> list[str]:
        return self._words[text]

    def sent_tokenize(self, text: str) -> list[str]:
        raise NotImplementedError("Gopher's filters ask for words")

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        raise NotImplementedError("Gopher's filters ask for words")


def documents() -> list[str]:
    """Human main texts, cut to 5,800 characters."""
    texts = pq.read_table(DATA, columns=["gold_text"]).column("gold_text").to_pylist()
    long = [TextView(text).text[:CHARS] for text in texts if text and len(text) >= CHARS + 100]
    return long[:DOCUMENTS]


def _ms(texts: Sequence[str], work: Callable[[str], object]) -> float:
    """Median milliseconds of CPU time."""
    spent = []
    for text in texts:
        began = time.process_time()
        work(text)
        spent.append((time.process_time() - began) * 1e3)
    return statistics.median(spent)


def main() -> int:
    """Print milliseconds a document of both, and their ratio."""
    parser = measure.parser("bench_signals", __doc__ or "")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = documents()
    lexicon = config.load("europe").run.lexicon("eng_Latn")
    cut = _Cut(texts)
    # Limits that nothing reaches, so that every value is computed and no filter ends early.
    repetition = GopherRepetitionFilter(
        9.0, 9.0, 9.0, 9.0, ((2, 9.0), (3, 9.0), (4, 9.0)),
        tuple((n, 9.0) for n in range(5, 11)), language=cut,
    )  # fmt: skip
    quality = GopherQualityFilter(1, 10**9, 1, 10**6, 9.0, 9.0, 9.0, 0.001, 0, language=cut)
    peers = {"gopher_repetition": repetition, "gopher_quality": quality}
    for text in texts[:20]:
        measure_all(TextView(text, lexicon))
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(options.rounds):
        ours.append(_ms(texts, lambda text: measure_all(TextView(text, lexicon))))
        for name, peer in peers.items():
            theirs[name].append(
                _ms(texts[::4], lambda t, peer=peer: peer.filter(Document(t, "id")))
            )
        measure.say(
            f"round {number + 1}: {ours[-1]:.2f} ms, "
            + str({name: round(values[-1], 2) for name, values in theirs.items()})
        )
    result = {
        "parameters": {"documents": len(texts), "characters": CHARS, "signals": len(SIGNALS)},
        "weir_ms": measure.spread(ours, 3),
        "datatrove_ms": {name: measure.spread(values, 3) for name, values in theirs.items()},
        "ratio_to_gopher_repetition": measure.spread(
            [a / b for a, b in zip(ours, theirs["gopher_repetition"], strict=True)], 3
        ),
    }
    return measure.finish("bench_signals", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
