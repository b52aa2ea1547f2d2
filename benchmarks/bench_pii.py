"""Detectors of personal data on one core: megabytes of text a second, beside two others.

Texts are those of bulk_dev.warc.gz before redaction (resiliparse's main content), with the language
that CLD2 gives and the host's top-level domain. All go through the same texts in alternate rounds,
each in a process of its own (`benchmarks.sides`). datatrove's `PIIFormatter` looks for e-mail and
IP addresses alone. Presidio's pattern recognisers find, but do not replace; since they are slow,
they are given a part of the texts, and ours that part once more beside them.

Then every string of tests/hostile/personal.py at two lengths: what takes twice the text must take
about twice the time. datatrove's formatter is quadratic on the first of them.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is loaded

import pycld2
from fastwarc.warc import ArchiveIterator, WarcRecordType
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding

from benchmarks import bench_peers, measure, sides
from benchmarks.bench_pii_peers import REQUIREMENTS, two_letters
from filters import pii
from filters.addresses import host_tld
from langid import tags
from langid.script import dominant_script
from tests.hostile.personal import MAKERS

Document = tuple[str, str | None, str | None]
SHORT, LONG = 40_000, 80_000
"""Lengths of hostile strings: long enough that what is done once for a text does not count."""
QUADRATIC = (4_000, 8_000)
"""Lengths of the hostile string that datatrove is given."""
DATATROVE = sides.Peer("datatrove", bench_peers.PEER, bench_peers.REQUIREMENTS, "formatter")
PRESIDIO = sides.Peer("presidio", "presidio", REQUIREMENTS, "presidio")
PART = 20
"""Presidio reads one text in so many."""


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


def compare(
    texts: Sequence[Document], peers: Sequence[sides.Peer], rounds: int, core: int
) -> dict[str, Any]:
    """Every side's speed; an item is a megabyte."""
    megabytes = sum(len(text.encode("utf-8", "replace")) for text, _, _ in texts) / 1e6
    with tempfile.TemporaryDirectory(prefix="weir-pii-") as name:
        given = [(text, language, tld, two_letters(language)) for text, language, tld in texts]
        path = sides.write(Path(name) / "texts.json", given)
        task = sides.Task({sides.WEIR: "redact"}, peers, {"": path}, megabytes)
        return sides.compare(task, rounds, core)


def growth_of_datatrove(core: int) -> float | None:
    """Its time for twice a hostile string, by that for the string; None if it cannot be had."""
    made = [MAKERS["local parts"](length) for length in QUADRATIC]
    found = [compare([(text, None, None)], (DATATROVE,), 1, core)["sides"] for text in made]
    spent = [each["datatrove"]["ms_each"]["median"] for each in found if "datatrove" in each]
    # Milliseconds of a megabyte: twice the text is twice the megabytes.
    return round(spent[1] * 2 / spent[0], 2) if len(spent) == len(made) else None


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
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    texts = documents(options.documents)
    found = compare(texts, (DATATROVE,), options.rounds, options.core)
    part = compare(texts[::PART], (PRESIDIO,), options.rounds, options.core)
    grown = growth(options.rounds)
    worst = max(grown, key=lambda name: grown[name]["ratio"])
    slowest = max(grown, key=lambda name: grown[name]["long_ms"])
    result: dict[str, Any] = {
        "parameters": {
            "documents": len(texts),
            "megabytes": round(found["items"], 2),
            "hostile_strings": len(MAKERS),
            "hostile_lengths": [SHORT, LONG],
            "part": PART,
        },
        **found,
        "part": part,
        "worst_growth": {"string": worst, **grown[worst]},
        "slowest": {"string": slowest, **grown[slowest]},
        "median_growth": statistics.median(each["ratio"] for each in grown.values()),
        "growth": grown,
        "datatrove_growth": growth_of_datatrove(options.core),
    }
    return measure.finish("bench_pii", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
