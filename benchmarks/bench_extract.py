"""Main text of decoded markup: ours, trafilatura and resiliparse; speed alone.

The pages are those of trafilatura's evaluation (530 of extraction_dev.parquet). Everybody is given
the same decoded markup and does all the rest, parsing included: one core, alternate rounds, each
in a process of its own (`benchmarks.sides`). Ours is the extractor that `europe` is configured
with, and beside it `weir`, which never asks another. How good the texts are says
`python -m benchmarks.bench_extractors`.
"""

import os
import statistics
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks import measure, sides
from extraction import train
from pipeline import config

DATA = measure.SHARED_DATA / "extraction_dev.parquet"
TRAFILATURA = sides.pinned("trafilatura", "lxml", "lxml_html_clean")
PEERS = (
    sides.Peer("trafilatura_fast", "trafilatura", TRAFILATURA, "trafilatura_fast"),
    sides.Peer("trafilatura", "trafilatura", TRAFILATURA, "trafilatura"),
    sides.Peer("resiliparse", "resiliparse", sides.pinned("resiliparse"), "resiliparse"),
)


def pages(limit: int) -> list[str]:
    """Decoded markup."""
    rows = pq.read_table(DATA, columns=["id", "html"]).to_pylist()
    found = (
        train.decoded(train.Source(row["id"], "", row["html"]))
        for row in rows
        if row["id"].startswith("trafilatura/")
    )
    return [html for html in found if html is not None][:limit]


def main() -> int:
    """Measure, print, check."""
    options = measure.parser("bench_extract", __doc__.splitlines()[0])
    options.add_argument("--pages", type=int, default=10**6, help="at most")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    given = options.parse_args()
    markup = pages(given.pages)
    ours = {sides.WEIR: "extract", "weir_alone": "extract_alone"}
    with tempfile.TemporaryDirectory(prefix="weir-extract-") as name:
        path = sides.write(Path(name) / "pages.json", markup)
        task = sides.Task(ours, PEERS, {"": path}, len(markup))
        found = sides.compare(task, given.rounds, given.core)
    parameters = {
        "pages": len(markup),
        "extractor": config.load("europe").run.extract.extractor,
        "mean_html_chars": round(statistics.mean(map(len, markup))),
        "rounds": given.rounds,
        "core": given.core,
    }
    return measure.finish("bench_extract", {"parameters": parameters, **found}, given.check)


if __name__ == "__main__":
    sys.exit(main())
