"""Extraction: snippet F1 of the text that a run stores, on labelled third-party pages.

`python -m benchmarks.bench_extraction [--one-in N] [--source S] [--extractor E]` prints JSON, with
the same of datatrove's chain: its reader, extractor and PII formatter, without the filters. Our
pages go through the real step: a WARC is written, read, gated, extracted, redacted and stored.
The gate lets pass every language and every reservation, since only the text is judged here; a page
that a stage rejects all the same counts as empty text.
"""

import hashlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from benchmarks.bench_peers import PEER, REQUIREMENTS, peer_versions
from benchmarks.measure import PeerError, finish, parser, python_of, reason, run
from pipeline import config
from samples.archive import http_block, member, record
from tests.data.extracting import extract

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "extraction_dev.parquet"
FLOORS = ROOT / "tests" / "quality" / "floors.yaml"
PINNED = (1, "trafilatura", None)
"""Which pages by which extractor the floor is of: all, by the configuration's."""
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
    return {
        "pages": len(pages), "stored": len(texts), "reasons": dict(sorted(reasons.items())),
        **_figures(pages, texts),
    }  # fmt: skip


def _figures(pages: Sequence[Labelled], texts: Mapping[str, str]) -> dict[str, Any]:
    found = score(pages, texts)
    return {
        "snippets": found.true_positives + found.false_negatives,
        "precision": round(found.precision, 4), "recall": round(found.recall, 4),
        "f1": round(found.f1, 4),
    }  # fmt: skip


def peer_texts(pages: Sequence[tuple[str, bytes]], folder: Path, python: Path) -> dict[str, str]:
    """The text that datatrove's reader, extractor and PII formatter store of each page."""
    write_warc(folder / "pages.warc.gz", pages)
    script = Path(__file__).with_name("peer_datatrove.py")
    out = folder / "theirs"
    out.mkdir()
    run([str(python), str(script), str(folder / "pages.warc.gz"), str(out), "--unfiltered"])
    table = pq.read_table(out / "output", columns=["id", "text"])
    return {row["id"].strip("<>"): row["text"] for row in table.to_pylist()}


def against_peer(pages: Sequence[Labelled]) -> dict[str, Any]:
    """The same of datatrove, without its filters; or why there is no number."""
    try:
        python = python_of(PEER, REQUIREMENTS)
    except PeerError as error:
        return {"missing": {PEER: reason(error)}}
    with tempfile.TemporaryDirectory() as folder:
        texts = peer_texts([(page.name, page.html) for page in pages], Path(folder), python)
    return {
        PEER: {"versions": peer_versions(python), "stored": len(texts), **_figures(pages, texts)}
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 with `--check` if the score of all labelled pages misses its floor."""
    options = parser("bench_extraction", __doc__.splitlines()[0])
    options.add_argument("--data", type=Path, default=DATA)
    options.add_argument("--one-in", type=int, default=1)
    options.add_argument("--source", default="trafilatura", help="or wcxb")
    options.add_argument("--extractor", help="default: the configuration's")
    options.add_argument("--no-peer", action="store_true", help="leave datatrove out")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = options.parse_args(arguments)
    if not given.data.is_file():
        print(f"{given.data} is missing", file=sys.stderr)
        return 2
    pages = load(given.data, given.one_in, given.source)
    chosen = [f"extract.extractor={given.extractor}"] if given.extractor else []
    with tempfile.TemporaryDirectory() as folder:
        found = measure(pages, Path(folder), chosen, given.workers)
    used = config.load("europe", ["inputs=[]", *chosen]).run.extract.extractor
    answer: dict[str, Any] = {
        "parameters": {"one_in": given.one_in, "source": given.source, "extractor": used},
        "data": {"file": given.data.name, "sha256": digest(given.data)},
        "weir": found,
        **({} if given.no_peer else against_peer(pages)),
    }
    finish("bench_extraction", answer, False)
    if not given.check or (given.one_in, given.source, given.extractor) != PINNED:
        return 0
    floor = YAML(typ="safe", pure=True).load(FLOORS.read_text("utf-8"))["extraction_all"]
    held = found["f1"] >= floor["score"] and answer["data"]["sha256"] == floor["data_sha256"]
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
