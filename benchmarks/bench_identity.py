"""Finding terms of identity: speed on the documents of a run, and that time grows with length."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from audit import identity
from audit.runs import Run
from benchmarks import measure
from filters.identity import Finder

ADVERSARIAL = {
    "one word": "a",
    "words": "a ",
    "begins a phrase": "asylum ",
    "letters with marks": "e\u0301",
    "no white space": "muslim-",
}
SIZE = 200_000


def speed(run: Run) -> dict[str, Any]:
    """MB of UTF-8 a second by language with .1 MB at least: at first, and once words are known."""
    texts: dict[str, list[str]] = defaultdict(list)
    for _, _, batch in run.documents(["tag", "text"]):
        for tag, text in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            texts[tag].append(text)
    found: dict[str, Any] = {}
    for tag, held in sorted(texts.items()):
        lexicon = identity.of_tag(tag)
        size_mb = sum(len(text.encode()) for text in held) / 1e6
        if lexicon is not None and size_mb >= 0.1:
            find = Finder(lexicon)
            rates = [round(size_mb / _seconds(find, held), 1) for _ in range(3)]
            found[tag] = {"mb": round(size_mb, 2), "first": rates[0], "again": max(rates[1:])}
    return found


def growth() -> dict[str, float]:
    """Time of a text of twice the length by time of the text, the least of five."""
    lexicon = identity.lexicons()["eng"]
    return {
        name: round(
            min(_seconds(Finder(lexicon), [part * (2 * SIZE)]) for _ in range(5))
            / min(_seconds(Finder(lexicon), [part * SIZE]) for _ in range(5)),
            2,
        )
        for name, part in ADVERSARIAL.items()
    }


def _seconds(find: Callable[[str], object], texts: Iterable[str]) -> float:
    began = time.process_time()
    for text in texts:
        find(text)
    return time.process_time() - began


def main() -> int:
    """Measure and print."""
    parser = measure.parser("bench_identity", __doc__ or "")
    parser.add_argument("--run", type=Path, required=True, help="a finished run with documents")
    given = parser.parse_args()
    result = {"growth": growth(), "mb_per_s": speed(Run(given.run))}
    result["growth_max"] = max(result["growth"].values())
    return measure.finish("bench_identity", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
