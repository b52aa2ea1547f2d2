"""Detectors of personal data on one core: megabytes of text a second, beside datatrove's formatter.

Texts are those of bulk_dev.warc.gz before redaction (resiliparse's main content), with the language
that CLD2 gives and the host's top-level domain. Both sides redact the same texts in alternate
rounds in this process. datatrove's `PIIFormatter` looks for e-mail and IP addresses alone.

Then every string of tests/hostile/personal.py at two lengths: what takes twice the text must take
about twice the time. datatrove's formatter is quadratic on the first of them.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

import pycld2
from datatrove.pipeline.formatters import PIIFormatter
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding

from benchmarks import measure
from filters import pii
from filters.addresses import host_tld
from langid import tags
from langid.script import dominant_script
from tests.hostile.personal import MAKERS

Document = tuple[str, str | None, str | None]
SHORT, LONG = 40_000, 80_000
"""Lengths of hostile strings: long enough that what is done once for a text does not count."""


def _language(text: str) -> str | None:
    try:
        _, _, found = pycld2.detect(text.encode("utf-8", "ignore"), isPlainText=True)
    except pycld2.error:
        return None
    return tags.from_model("cld2", found[0][1], dominant_script(text))[:3]


def documents(limit: int) -> list[Document]:
    """Main texts of the first pages, their languages and top-level domains."""
    found: list[Document] = []
    with measure.BULK.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            body = record.reader.read()
            html = bytes_to_str(body, detect_encoding(body), errors="replace")
            text = extract_plain_text(html, main_content=True, preserve_formatting=True)
            if text.strip():
                uri = record.headers["WARC-Target-URI"] or ""
                found.append((text, _language(text), host_tld(uri)))
            if len(found) == limit:
                break
    return found


def _bytes(texts: Sequence[Document]) -> int:
    return sum(len(text.encode("utf-8", "replace")) for text, _, _ in texts)


def _megabytes_per_s(texts: Sequence[Document], work: Callable[[Document], object]) -> float:
    size = _bytes(texts)
    began = time.process_time()
    for each in texts:
        work(each)
    return size / 1e6 / (time.process_time() - began)


def _ms(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return (time.process_time() - began) * 1e3


def growth(rounds: int) -> dict[str, dict[str, float]]:
    """For each hostile string the least milliseconds for both lengths, and how they grow.

    The lengths take turns, so that what else the machine does falls on both.
    """
    found = {}
    for name, make in MAKERS.items():
        texts = (make(SHORT), make(LONG))
        spent = [[_ms(pii.find, text) for text in texts] for _ in range(rounds)]
        short, long = map(min, zip(*spent, strict=True))
        found[name] = {
            "short_ms": round(short, 3),
            "long_ms": round(long, 3),
            "ratio": round(long / short, 3),
        }
    return found


def main() -> int:
    """Print both speeds, their ratio, and the growth on hostile strings."""
    parser = measure.parser("bench_pii", __doc__ or "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=1500)
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = documents(options.documents)
    peer = PIIFormatter()
    for each in texts[:100]:
        pii.redact(*each)
    ours, theirs = [], []
    for number in range(options.rounds):
        ours.append(_megabytes_per_s(texts, lambda each: pii.redact(*each)))
        theirs.append(_megabytes_per_s(texts, lambda each: peer.format(each[0])))
        measure.say(f"round {number + 1}: {ours[-1]:.1f} MB/s, datatrove {theirs[-1]:.1f} MB/s")
    grown = growth(options.rounds)
    worst = max(grown, key=lambda name: grown[name]["ratio"])
    slowest = max(grown, key=lambda name: grown[name]["long_ms"])
    hostile = MAKERS["local parts"]
    result: dict[str, Any] = {
        "parameters": {
            "documents": len(texts),
            "megabytes": round(
                sum(len(t.encode("utf-8", "replace")) for t, _, _ in texts) / 1e6, 2
            ),
            "hostile_strings": len(MAKERS),
            "hostile_lengths": [SHORT, LONG],
        },
        "weir_mb_per_s": measure.spread(ours, 2),
        "datatrove_mb_per_s": measure.spread(theirs, 2),
        "ratio": measure.spread([a / b for a, b in zip(ours, theirs, strict=True)], 3),
        "worst_growth": {"string": worst, **grown[worst]},
        "slowest": {"string": slowest, **grown[slowest]},
        "median_growth": statistics.median(each["ratio"] for each in grown.values()),
        "growth": grown,
        "datatrove_growth": _ms(peer.format, hostile(8_000)) / _ms(peer.format, hostile(4_000)),
    }
    return measure.finish("bench_pii", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
