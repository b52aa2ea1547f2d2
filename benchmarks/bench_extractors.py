"""Extractors side by side: speed on one core, and quality on pages that nobody learned from.

`python -m benchmarks.bench_extractors [--rounds N] [--check]` prints JSON. Every extractor is given
the same decoded markup and does all the rest, parsing included. Pages go to one after another in
turn, so that what else the machine does strikes all of them; the order changes each round.

* `snippets`: F1 of the labelled snippets of trafilatura's own evaluation (530 pages);
* `words`: mean F1 of words against the gold text of WCXB (268 pages);
* `agreement`: of character 6-grams with what trafilatura extracts when it takes its time, mean and
  median, on pages neither English nor German: those of the evaluation, and those of
  `bulk_dev.warc.gz` whose hosts were not learned from. Of debian-handbook.info, apart, trafilatura
  loses half of the paragraphs.
"""

import itertools
import os
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import trafilatura

from benchmarks import bench_extraction, measure
from extraction import train
from langid import identify, models
from stages import parse

APART = "debian-handbook.info"
GRAM = 6
WORD = re.compile(r"\w+")
KNOWN = frozenset({"en", "de", "eng", "deu"})


@dataclass(frozen=True, slots=True)
class Given:
    """A page: which set it is of, its name and its markup."""

    kind: str
    name: str
    html: str


def fast(html: str) -> str:
    """Trafilatura when it hurries, with nothing of ours around it."""
    return (
        trafilatura.extract(
            html, fast=True, include_comments=False, include_tables=True, deduplicate=False,
            output_format="txt",
        )
        or ""
    )  # fmt: skip


def slow(html: str) -> str:
    """Trafilatura with its fallbacks."""
    return train.taught(html)


def ours(extractor: str) -> Callable[[str], str]:
    """An extractor of the pipeline."""
    return lambda html: str(parse.extract(html, extractor).get("text") or "")


EXTRACTORS: Mapping[str, Callable[[str], str]] = {
    "weir": ours("weir"),
    "cascade": ours("cascade"),
    "trafilatura fast": fast,
    "trafilatura": slow,
    "resiliparse": ours("resiliparse"),
}
BASE = "trafilatura fast"


def labelled(path: Path) -> Iterator[Given]:
    """Pages of the evaluation: `snippets`, `words`, and of other languages `other`."""
    rows = pq.read_table(path, columns=["id", "lang", "html"]).to_pylist()
    for row in rows:
        html = train.decoded(train.Source(row["id"], "", row["html"]))
        if html is None:
            continue
        kind = "snippets" if row["id"].startswith("trafilatura/") else "words"
        yield Given(kind, row["id"], html)
        if row["lang"] and row["lang"] not in KNOWN:
            yield Given("other", row["id"], html)


def unseen(folder: Path) -> Iterator[Given]:
    """Pages of hosts that are held out, in other languages than English and German."""
    identifiers = models.load(("weir",))
    for source in train.crawled(folder):
        if not train.is_held_out(source.host) or (html := train.decoded(source)) is None:
            continue
        found = identify.identify(train.taught(html), identifiers)
        if found.tag.partition("_")[0] not in KNOWN:
            yield Given("apart" if source.host == APART else "unseen", source.name, html)


def word_f1(one: str, two: str) -> float:
    """Of the words of two texts, as bags."""
    return f1(Counter(WORD.findall(one.lower())), Counter(WORD.findall(two.lower())))


def gram_f1(one: str, two: str) -> float:
    """Of the character 6-grams of two texts, white space made one."""
    texts = (" ".join(text.split()) for text in (one, two))
    return f1(*(Counter(t[at : at + GRAM] for at in range(len(t) - GRAM + 1)) for t in texts))


def f1(one: Counter[str], two: Counter[str]) -> float:
    """Of two bags; 1 for two empty ones."""
    both = (one & two).total()
    return 2 * both / (one.total() + two.total()) if both else float(not one and not two)


def timed(
    pages: Sequence[Given], rounds: int
) -> tuple[dict[str, dict[str, str]], dict[str, list[float]]]:
    """Texts by extractor and page; seconds of processor time of each round, by extractor."""
    texts, seconds = defaultdict[str, dict[str, str]](dict), defaultdict[str, list[float]](list)
    names = list(EXTRACTORS)
    for number in range(rounds):
        taken = Counter[str]()
        order = names[number % len(names) :] + names[: number % len(names)]
        for page, name in itertools.product(pages, order):
            begun = time.process_time()
            texts[name][page.name] = EXTRACTORS[name](page.html)
            taken[name] += time.process_time() - begun  # type: ignore[assignment]
        for name in names:
            seconds[name].append(float(taken[name]))
    return texts, seconds


def quality(
    pages: Mapping[str, Sequence[Given]], data: Path, texts: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """Every figure of every extractor."""
    snippets = bench_extraction.load(data)
    rows = pq.read_table(data, columns=["id", "gold_text"]).to_pylist()
    gold = {row["id"]: row["gold_text"] or "" for row in rows}
    found = {}
    for name, made in texts.items():
        scored = bench_extraction.score(snippets, made)
        words = [word_f1(made[page.name], gold[page.name]) for page in pages["words"]]
        figures: dict[str, Any] = {
            "snippets": {
                "precision": round(scored.precision, 4), "recall": round(scored.recall, 4),
                "f1": round(scored.f1, 4),
            },
            "words": round(statistics.mean(words), 4),
        }  # fmt: skip
        for kind in ("other", "unseen", "apart"):
            agreed = [
                gram_f1(made[page.name], texts["trafilatura"][page.name]) for page in pages[kind]
            ]
            figures[kind] = {
                "pages": len(agreed),
                "mean": round(statistics.mean(agreed), 4),
                "median": round(statistics.median(agreed), 4),
            }
        both = [
            gram_f1(made[page.name], texts["trafilatura"][page.name])
            for page in (*pages["other"], *pages["unseen"])
        ]
        figures["agreement"] = {
            "pages": len(both),
            "mean": round(statistics.mean(both), 4),
            "median": round(statistics.median(both), 4),
        }
        found[name] = figures
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; with `--check`, 1 if a floor is missed."""
    parser = measure.parser("bench_extractors", "extractors side by side")
    parser.add_argument("--data", type=Path, default=measure.SHARED_DATA)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0)
    given = parser.parse_args(arguments)
    os.sched_setaffinity(0, {given.core})
    labels = given.data / bench_extraction.DATA.name
    pages = defaultdict[str, list[Given]](list)
    for page in itertools.chain(labelled(labels), unseen(given.data)):
        pages[page.kind].append(page)
    timed(pages["snippets"][:5], 1)  # models are loaded, loops compiled
    texts, seconds = timed(pages["snippets"], given.rounds)
    rest = [page for kind in ("words", "unseen", "apart") for page in pages[kind]]
    for name, made in timed(rest, 1)[0].items():
        texts[name].update(made)
    count = len(pages["snippets"])
    speed = {
        name: {
            "ms_a_page": measure.spread([1000 * s / count for s in taken]),
            "times_trafilatura_fast": measure.spread(
                [base / s for base, s in zip(seconds[BASE], taken, strict=True)]
            ),
        }
        for name, taken in seconds.items()
    }
    answer = {
        "parameters": {
            "rounds": given.rounds,
            "pages": {kind: len(found) for kind, found in pages.items()},
            "mean_html_chars": round(statistics.mean(len(p.html) for p in pages["snippets"])),
        },
        "data_sha256": bench_extraction.digest(labels),
        "speed": speed,
        "quality": quality(pages, labels, texts),
    }
    return measure.finish("bench_extractors", answer, given.check)


if __name__ == "__main__":
    sys.exit(main())
