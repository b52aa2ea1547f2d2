"""How well each signal tells the main text of a page from the rest of it, and from stuffed text.

* `list`: 1,180 pages of WCXB with a human main text. The rest of a page is the lines of its visible
  text that are not in the main text: menus, lists of links, teasers, footers.
* `stuffed`: the same main texts, and each with a phrase of two of its own words put after every
  twelfth word, as pages written for search engines have it. This half is made, not found.

Area under the ROC curve of one signal alone: .5 tells nothing, 1 or 0 everything.
"""

import random
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from resiliparse.extract.html2text import extract_plain_text

from benchmarks import measure
from filters.catalog import SIGNALS, measure_all
from filters.text import Lexicon, TextView
from pipeline import config

FILES = ("extraction_train.parquet", "extraction_dev.parquet")
MIN_WORDS = 50
EVERY = 12
_SEED = 4


def pages() -> Iterable[tuple[str, str]]:
    """(main text, the rest) of every page of WCXB; both may be short."""
    for file in FILES:
        rows = pq.read_table(measure.SHARED_DATA / file, columns=["id", "html", "gold_text"])
        for row in rows.to_pylist():
            if not row["id"].startswith("wcxb") or not row["gold_text"]:
                continue
            html = row["html"].decode("utf-8", "replace")
            visible = extract_plain_text(html, preserve_formatting=True, list_bullets=False)
            main = " ".join(row["gold_text"].split())
            rest = [line.strip() for line in visible.split("\n") if line.strip()]
            yield row["gold_text"], "\n".join(x for x in rest if " ".join(x.split()) not in main)


def stuffed(text: str, source: random.Random) -> str:
    """The text with a phrase of two of its longer words after every twelfth word."""
    words = text.split(" ")
    long = sorted({word for word in words if word.isalpha() and len(word) > EVERY // 2})
    phrase = " ".join(source.sample(long, 2)) if len(long) > 1 else "best offer"
    return " ".join(
        f"{word} {phrase}" if place % EVERY == EVERY - 1 else word
        for place, word in enumerate(words)
    )


def area(good: Sequence[float | None], bad: Sequence[float | None]) -> float | None:
    """Area under the ROC curve: how often a bad text has the larger value; null without values."""
    a = np.sort(np.array([value for value in good if value is not None]))
    b = np.array([value for value in bad if value is not None])
    if not a.size or not b.size:
        return None
    below = np.searchsorted(a, b, "left") + np.searchsorted(a, b, "right")
    return round(float(below.sum() / (2 * a.size * b.size)), 3)


def _measured(texts: Iterable[str], lexicon: Lexicon) -> list[dict[str, float | None]]:
    return [measure_all(TextView(text, lexicon)) for text in texts]


def main() -> int:
    """Print the areas of every signal, the most telling first."""
    parser = measure.parser("bench_hints", __doc__ or "")
    options = parser.parse_args()
    lexicon = config.load("europe").run.lexicon("eng_Latn")
    found = [
        (main, rest)
        for main, rest in pages()
        if min(TextView(main).word_count, TextView(rest).word_count) >= MIN_WORDS
    ]
    source = random.Random(_SEED)  # noqa: S311 - repeatable
    good = _measured((main for main, _ in found), lexicon)
    bad = {
        "list": _measured((rest for _, rest in found), lexicon),
        "stuffed": _measured((stuffed(main, source) for main, _ in found), lexicon),
    }
    result: dict[str, Any] = {"parameters": {"pages": len(found)}}
    for kind, values in bad.items():
        areas = {
            signal.name: area(
                [row[signal.name] for row in good], [row[signal.name] for row in values]
            )
            for signal in SIGNALS
        }
        known = {name: value for name, value in areas.items() if value is not None}
        result[kind] = dict(sorted(known.items(), key=lambda item: -abs(item[1] - 0.5)))
    return measure.finish("bench_hints", result, options.check)


if __name__ == "__main__":
    sys.exit(main())
