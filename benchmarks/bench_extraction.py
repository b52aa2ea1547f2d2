"""Extraction: snippet F1 of the text that a run stores, on labelled third-party pages.

`python -m benchmarks.bench_extraction [--one-in N] [--source S] [--extractor E]` prints JSON.
The pages go through the real step: a WARC is written, read, gated, extracted, redacted and stored.
The gate lets pass every language and every reservation, since only the text is judged here; a page
that a stage rejects all the same counts as empty text.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from samples.archive import http_block, member, record
from tests.data.extracting import extract

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "extraction_dev.parquet"
FLOORS = ROOT / "tests" / "quality" / "floors.yaml"
PINNED = ("trafilatura", "trafilatura")
SETTINGS = ("gate.min_european_mass=0", "rights.policy=none")
HTML = (("Content-Type", "text/html"),)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A page and the snippets that its text must and must not hold."""

    name: str
    html: bytes
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Snippets found, counted over all pages."""

    true_positives: int
    false_positives: int
    false_negatives: int

    @property
    def precision(self) -> float:
        """Share of the snippets found that were wanted."""
        return self.true_positives / max(1, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the wanted snippets that were found."""
        return self.true_positives / max(1, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(path: Path, one_in: int = 1, source: str = "trafilatura") -> list[Labelled]:
    """Pages of one source; one in so many of them, by the hash of their id."""
    columns = ["id", "html", "must_contain", "must_not_contain"]
    found = [
        Labelled(
            str(row["id"]),
            row["html"],
            tuple(row["must_contain"]),
            tuple(row["must_not_contain"] or ()),
        )
        for row in pq.read_table(path, columns=columns).to_pylist()
        if row["id"].startswith(f"{source}/")
    ]
    return [one for one in found if _number(one.name) % one_in == 0]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")


def write_warc(path: Path, pages: Iterable[tuple[str, bytes]]) -> None:
    """A WARC file of a response for each name and body."""
    with path.open("wb") as stream:
        for name, body in pages:
            fields = [
                ("WARC-Record-ID", f"<{name}>"),
                (
                    "WARC-Target-URI",
                    f"https://page.example/{hashlib.sha256(name.encode()).hexdigest()}",
                ),
                ("WARC-Date", "2026-01-12T00:00:00Z"),
            ]
            block = http_block("HTTP/1.1 200 OK", HTML, body)
            stream.write(member(record("response", fields, block), 1))


def stored_texts(
    pages: Sequence[tuple[str, bytes]], folder: Path, settings: Sequence[str] = (), workers: int = 1
) -> tuple[dict[str, str], Counter[str]]:
    """The text that a run stores of each page, and the reasons of those without any."""
    names = [folder / f"pages-{part}.warc.gz" for part in range(workers)]
    for part, path in enumerate(names):
        write_warc(path, pages[part::workers])
    found = extract(folder / "run", names, [*SETTINGS, *settings], workers)
    reasons = Counter(r["reason"] for r in found.rows("records", ["reason"]) if r["reason"])
    texts = {
        r["record_id"][1:-1]: r["text"] for r in found.rows("documents", ["record_id", "text"])
    }
    return texts, reasons


def score(pages: Iterable[Labelled], texts: Mapping[str, str]) -> Score:
    """Wanted snippets found and missed, unwanted ones found; a page without text has none."""
    wanted = unwanted = missed = 0
    for page in pages:
        text = texts.get(page.name, "")
        held = sum(snippet in text for snippet in page.wanted)
        wanted += held
        missed += len(page.wanted) - held
        unwanted += sum(snippet in text for snippet in page.unwanted)
    return Score(wanted, unwanted, missed)


def measure(
    pages: Sequence[Labelled], folder: Path, settings: Sequence[str] = (), workers: int = 1
) -> dict[str, Any]:
    """Precision, recall and F1 of what a run stores of the pages."""
    bodies = [(page.name, page.html) for page in pages]
    texts, reasons = stored_texts(bodies, folder, settings, workers)
    found = score(pages, texts)
    return {
        "pages": len(pages), "stored": len(texts), "reasons": dict(sorted(reasons.items())),
        "snippets": found.true_positives + found.false_negatives,
        "precision": round(found.precision, 4), "recall": round(found.recall, 4),
        "f1": round(found.f1, 4),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if the score of all labelled pages is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_extraction")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--one-in", type=int, default=1)
    parser.add_argument("--source", default="trafilatura", help="or wcxb")
    parser.add_argument("--extractor", default="trafilatura")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if not options.data.is_file():
        print(f"{options.data} is missing", file=sys.stderr)
        return 2
    pages = load(options.data, options.one_in, options.source)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(
            pages, Path(folder), [f"extract.extractor={options.extractor}"], options.workers
        )
    answer: dict[str, Any] = {
        "parameters": {
            "one_in": options.one_in,
            "source": options.source,
            "extractor": options.extractor,
        },
        "data": {"file": options.data.name, "sha256": digest(options.data)},
        **found,
        "environment": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in ("trafilatura", "resiliparse")},
        },
    }
    is_pinned = (options.one_in, options.source, options.extractor) == (1, *PINNED)
    floors = YAML(typ="safe", pure=True).load(FLOORS.read_text("utf-8")) if is_pinned else {}
    answer["floor"] = floors.get("extraction_all")
    print(json.dumps(answer, indent=1))
    return int(is_pinned and found["f1"] < answer["floor"]["score"])


if __name__ == "__main__":
    sys.exit(main())
