"""Language identification: documents a second on one core against py3langid's own, and memory.

Documents of 5,000 characters are made of rows of langid_dev.parquet in one language. Both read the
same documents in alternate rounds in this process, on one core and with one thread: ours (the
default models, on its sample of each document) and py3langid as its library has it (on all of it).
"""

import os
import resource
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

from collections import defaultdict

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from benchmarks import measure
from langid.evaluate import read
from langid.identify import identify
from langid.models import DEFAULT_MODELS, load
from langid.tags import is_european

DATA = measure.SHARED_DATA / "langid_dev.parquet"
CHARS = 5_000


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
    """Print both speeds, their ratio, and this process's peak memory before the peer is loaded."""
    parser = measure.parser("bench_langid", __doc__ or "")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = documents(300)
    models = load(DEFAULT_MODELS)
    for text in texts[:20]:
        identify(text, models)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peer = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    ours, theirs, ratios = [], [], []
    for round_number in range(options.rounds):
        began = time.process_time()
        for text in texts:
            identify(text, models)
        ours.append(len(texts) / (time.process_time() - began))
        began = time.process_time()
        for text in texts[::4]:
            peer.classify(text)
        theirs.append(len(texts[::4]) / (time.process_time() - began))
        ratios.append(ours[-1] / theirs[-1])
        measure.say(f"round {round_number + 1}: {ours[-1]:.0f} and {theirs[-1]:.0f} a second")
    result = {
        "parameters": {"documents": len(texts), "characters": CHARS, "models": DEFAULT_MODELS},
        "weir_documents_a_second": measure.spread(ours),
        "py3langid_documents_a_second": measure.spread(theirs),
        "ratio": measure.spread(ratios),
        "peak_rss_mb": round(peak, 1),
    }
    return measure.finish("bench_langid", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
