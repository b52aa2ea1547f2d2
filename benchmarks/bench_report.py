"""How large a report is, how long it takes to write, and how long a browser takes to open it.

The run is made of tiny made-up pages; the report has 40 pages and 16 histograms of each language.
Opening is measured from the start of navigation to DOMContentLoaded, from a file, in a fresh
profile each time, with the page's own script.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from audit.report import FOLDER, Options, write_report
from audit.runs import Run
from benchmarks import measure
from tests.browser import chromium
from tests.unit.audit import many_pages

READY = """() => {
    const [entry] = performance.getEntriesByType('navigation');
    return [entry.domContentLoadedEventEnd, document.querySelectorAll('*').length];
}"""


def written(run: Run, options: Options, times: int = 3) -> dict[str, Any]:
    """Bytes of all pages of a report, and the seconds that writing it took."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        path = write_report(run, options)
        seconds.append(time.perf_counter() - began)
    pages = [path, *(path.parent / FOLDER).glob("*.html")]
    return {
        "bytes": sum(page.stat().st_size for page in pages),
        "files": len(pages),
        "write_s": measure.spread(seconds),
    }


def opened(path: Path, times: int) -> dict[str, Any]:
    """Time to DOMContentLoaded in ms, and the number of elements."""
    ready, elements = [], 0
    with chromium.started() as browser:
        for _ in range(times):
            with chromium.tab(browser, offline=True) as tab:
                tab.page.goto(path.as_uri(), wait_until="load")
                found, elements = tab.page.evaluate(READY)
                ready.append(found)
    return {
        "opened": times,
        "elements": elements,
        "ready_ms": measure.spread(ready, 1),
    }


def main() -> int:
    """Print the measurements; with `--check`, 1 if a floor is missed."""
    parser = measure.parser("bench_report", __doc__ or "")
    for name, value in (("languages", 24), ("pages", 200), ("signals", 16), ("opened", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-report-") as folder:
        place = Path(folder) / "run"
        run = Run(many_pages.build(place, given.languages, given.pages, given.signals))
        bare = Options(samples="none", signals=0, output=place / "bare" / "index.html")
        names = ("languages", "pages", "signals", "opened")
        result = {
            "parameters": {name: getattr(given, name) for name in names},
            "bare": written(run, bare),
            "whole": written(run, Options()),
        }
        result["whole"] |= opened(place / "report" / "index.html", given.opened)
    return measure.finish("bench_report", result, given.check)


if __name__ == "__main__":
    sys.exit(main())
