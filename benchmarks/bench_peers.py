"""Our whole run against datatrove's chain: CPU time for each extracted page, in pairs, on one core.

Both read the same WARC file and write Parquet, start-up included. Ours: the run `europe`, local
executor, one worker, all ten steps. Theirs: WarcReader, URLFilter, Trafilatura, Gopher repetition
and quality, C4, FineWeb quality, PIIFormatter, ParquetWriter, each with its defaults, in an
environment of its own (`.bench/`, made when it is missing). Rounds alternate; then both run once
more, in as many pairs, on a file of only those pages that both extracted.

What differs besides: datatrove stops at a page's first failed filter, writes no rejected page and
keeps no ledger; it has no language identification, no deduplication and no opt-outs here, but it
does have a list of 4.6 million URLs and domains, which it loads at the start.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from benchmarks import measure

PEER = "datatrove"
REQUIREMENTS = ("datatrove[processing,io]==0.10.1", "lxml_html_clean", "spacy>=3.8,<4")
"""The extra pins trafilatura below 1.12, whose jusText needs lxml_html_clean since lxml 5.2, and
lxml 6 no longer has it as the extra that trafilatura asks for: without, every page is an error that
is only logged. spaCy is in another extra, but splits English into words; a blank model, so nothing
is downloaded.
"""
REPORTED = ("datatrove", "trafilatura", "lxml", "spacy", "nltk", "warcio", "numpy", "pyarrow")


def peer_versions(python: Path) -> dict[str, str]:
    """What is installed there."""
    code = (
        "import importlib.metadata, json, sys;"
        "print(json.dumps({n: importlib.metadata.version(n) for n in sys.argv[1:]}))"
    )
    found = subprocess.run([str(python), "-c", code, *REPORTED], check=True, capture_output=True)
    versions: dict[str, str] = json.loads(found.stdout)
    return versions


def run_ours(warc: Path, out: Path, core: int) -> tuple[measure.Cost, dict[str, Any]]:
    """A fresh run; its cost, and its pages with the record ids of those extracted."""
    shutil.rmtree(out, ignore_errors=True)
    arguments = ("run", "europe", "--input", str(warc), "--output", str(out))
    settings = ("--workers", "1", "--progress", "none", "--json")
    cost = measure.run(measure.command(*arguments, *settings), core)
    ids: list[str] = []
    read = 0
    for path in sorted((out / "records").glob("*.parquet")):
        table = pq.read_table(path, columns=["record_id", "outcome"], partitioning=None)
        read += table.num_rows
        ids += [r["record_id"] for r in table.to_pylist() if r["outcome"] == "pass"]
    written = sum(pq.read_metadata(p).num_rows for p in (out / "corpus").rglob("*.parquet"))
    return cost, {"read": read, "extracted": len(ids), "written": written, "ids": ids}


def run_peer(warc: Path, out: Path, core: int, python: Path) -> tuple[measure.Cost, dict[str, Any]]:
    """A fresh run of the peer; caches in `.bench/`, the network off where it can be."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    env = {**measure.OFFLINE, "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("peer_datatrove.py")
    cost = measure.run([str(python), str(script), str(warc), str(out)], core, env)
    pages: dict[str, Any] = json.loads((out / "pages.json").read_text(encoding="utf-8"))
    return cost, pages


def write_subset(warc: Path, target: Path, wanted: set[str] | None, limit: int) -> None:
    """The first `limit` responses whose record id is wanted (all are if None), as a WARC file."""
    left = limit
    with warc.open("rb") as source, target.open("wb") as sink:
        writer = WARCWriter(sink, gzip=True)
        for record in ArchiveIterator(source, no_record_parse=True):
            found = record.rec_headers.get_header("WARC-Record-ID")
            if record.rec_type == "response" and (wanted is None or found in wanted) and left:
                writer.write_record(record)
                left -= 1


class _Pairs:
    """Rounds of A, B, A, B on one file."""

    def __init__(self, warc: Path, folder: Path, core: int, python: Path) -> None:
        self.warc, self.folder, self.core, self.python = warc, folder, core, python
        self.ours: list[measure.Cost] = []
        self.theirs: list[measure.Cost] = []
        self.our_pages: dict[str, Any] = {}
        self.their_pages: dict[str, Any] = {}

    def run(self, rounds: int, what: str) -> "_Pairs":
        for number in range(rounds):
            cost, self.our_pages = run_ours(self.warc, self.folder / "ours", self.core)
            self.ours.append(cost)
            measure.say(f"{what} {number + 1}/{rounds}: weir {cost.cpu_s:.1f} s CPU")
            cost, self.their_pages = run_peer(
                self.warc, self.folder / "theirs", self.core, self.python
            )
            self.theirs.append(cost)
            measure.say(f"{what} {number + 1}/{rounds}: datatrove {cost.cpu_s:.1f} s CPU")
        return self

    def ratios(self, our_pages: int, their_pages: int) -> list[float]:
        """Our CPU time for a page by theirs, of each pair."""
        return [
            (a.cpu_s / our_pages) / (b.cpu_s / their_pages)
            for a, b in zip(self.ours, self.theirs, strict=True)
        ]

    def side(self, costs: list[measure.Cost], pages: dict[str, Any]) -> dict[str, Any]:
        """One program's numbers."""
        per = {
            f"ms_cpu_per_page_{what}": measure.spread([c.cpu_s * 1e3 / pages[what] for c in costs])
            for what in ("read", "extracted")
        }
        counts = {f"pages_{what}": pages[what] for what in ("read", "extracted", "written")}
        return {
            **counts,
            "cpu_s": measure.spread([c.cpu_s for c in costs]),
            **per,
            "peak_rss_mb": measure.spread([c.peak_rss_mb for c in costs], 0),
            "peak_pss_mb": measure.spread([c.peak_pss_mb for c in costs], 0),
        }

    def both(self) -> dict[str, Any]:
        """Both programs' numbers."""
        return {
            "weir": self.side(self.ours, self.our_pages),
            "datatrove": self.side(self.theirs, self.their_pages),
        }


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_peers", __doc__.splitlines()[0])
    options.add_argument("--warc", type=Path, default=measure.BULK)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    given = options.parse_args()
    parameters = {"warc": given.warc.name, "rounds": given.rounds, "core": given.core}
    try:
        python = measure.python_of(PEER, REQUIREMENTS)
    except measure.PeerError as error:
        result: dict[str, Any] = {"missing": {PEER: measure.reason(error)}}
        return measure.finish("bench_peers", {"parameters": parameters, **result}, given.check)
    with tempfile.TemporaryDirectory(prefix="weir-peers-") as name:
        folder = Path(name)
        few = folder / "few.warc.gz"
        write_subset(given.warc, few, None, 5)
        _Pairs(few, folder, given.core, python).run(1, "warm-up")  # unpacks lists, compiles modules
        start = _Pairs(few, folder, given.core, python).run(1, "start-up")
        full = _Pairs(given.warc.resolve(), folder, given.core, python).run(given.rounds, "all")
        common = set(full.our_pages["ids"]) & set(full.their_pages["ids"])
        subset = folder / "common.warc.gz"
        write_subset(given.warc, subset, common, len(common))
        shared = _Pairs(subset, folder, given.core, python).run(given.rounds, "common")
    started = {"weir": start.ours[0].cpu_s, "datatrove": start.theirs[0].cpu_s}
    beyond = [
        (a.cpu_s - started["weir"]) / (b.cpu_s - started["datatrove"])
        for a, b in zip(shared.ours, shared.theirs, strict=True)
    ]
    result = {
        "parameters": parameters,
        "peer": {
            "versions": peer_versions(python),
            "word_tokenizer": "spaCy blank `en` (datatrove's default language), nothing downloaded",
            "chain": "WarcReader URLFilter Trafilatura GopherRepetition GopherQuality C4Quality "
            "FineWebQuality PIIFormatter ParquetWriter, defaults; 20 s instead of 1 s for a page",
        },
        "startup_cpu_s": started,
        "all": {
            **full.both(),
            "ratio_per_extracted_page": measure.spread(
                full.ratios(full.our_pages["extracted"], full.their_pages["extracted"]), 3
            ),
        },
        "common": {
            "pages": len(common),
            **shared.both(),
            "ratio": measure.spread(shared.ratios(len(common), len(common)), 3),
            "ratio_without_startup": measure.spread(beyond, 3),
        },
    }
    return measure.finish("bench_peers", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
