"""datatrove's chain on one WARC file; run by `bench_peers` in an environment of its own.

With `--unfiltered` no filter, so that what it extracts can be judged, page by page. Prints nothing
of the pages. OUT/pages.json: pages read, extracted, written; ids of those extracted.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Imported here, so that datatrove's extraction child is forked with it: imported in the child, it
# takes longer than the time allowed for a page on a busy machine, and then every page is lost.
import trafilatura  # noqa: F401
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    URLFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import ParquetWriter
from tldextract import TLDExtract

TIMEOUT_S = 20
"""For a page, as ours; datatrove's 1 s of wall time would lose pages to other people's load."""
FILTERS = (GopherRepetitionFilter, GopherQualityFilter, C4QualityFilter, FineWebQualityFilter)


def tally(ids: list[str]) -> Any:
    """A step that lets documents pass and appends their ids to the list.

    A function, since datatrove copies each step for a task, but not functions.
    """

    def step(data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        del rank, world_size
        for document in data:
            ids.append(document.id)
            yield document

    return step


def main(warc: Path, out: Path, is_filtered: bool) -> None:
    """Run the chain with one task in this process."""
    urls = URLFilter()
    urls.tldextractor = TLDExtract(suffix_list_urls=())  # the list in its wheel: no download
    read: list[str] = []
    extracted: list[str] = []
    written: list[str] = []
    LocalPipelineExecutor(
        pipeline=[
            WarcReader(str(warc.parent), glob_pattern=warc.name),
            tally(read),
            *([urls] if is_filtered else []),
            Trafilatura(timeout=TIMEOUT_S),
            tally(extracted),
            *([make() for make in FILTERS] if is_filtered else []),
            PIIFormatter(),
            tally(written),
            ParquetWriter(str(out / "output")),
        ],
        tasks=1,
        logging_dir=str(out / "logs"),
    ).run()
    counts = {"read": len(read), "extracted": len(extracted), "written": len(written)}
    (out / "pages.json").write_text(json.dumps({**counts, "ids": extracted}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), "--unfiltered" not in sys.argv)
