"""Pictures of every screen, for docs/img/: `make screenshots`.

The pages show the sample snapshot, in a folder of its own, so that anybody gets the same ones.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from samples.archive import SNAPSHOT
from samples.build import SNAPSHOT_DIR
from tests.browser import chromium
from tests.browser.chromium import ROOT

FOLDER = ROOT / "build" / "screens"
IMAGES = ROOT / "docs" / "img"
WIDTH, HEIGHT = 1280, 860
NARROW = 320
LANGUAGE = "eng_Latn"
RULE = "word_count"
STRICT = 190
"""A bound that takes some English pages away."""
COPY = "dedup.near_duplicate"
SETTLED_MS = 1200


def main() -> int:
    """Make the runs and all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    _weir("demo", "--output", "demo")
    paths = SNAPSHOT_DIR / "crawl-data" / SNAPSHOT / "warc.paths.gz"
    stricter = ("--set", f"language.rules.{RULE}={{min: {STRICT}, source: a stricter trial}}")
    _weir(
        "run", "sample", "--input", str(paths), "--reuse", "demo", "--output", "stricter", *stricter
    )
    with chromium.started() as browser:
        _report(browser)
        with chromium.served(
            "tune", "demo", "--language", LANGUAGE, "--no-open", cwd=FOLDER
        ) as url:
            _workbench(browser, url)
        with chromium.served("audit", "demo", "stricter", "--no-open", cwd=FOLDER) as url:
            _audit(browser, url)
    sys.stdout.write(f"{len(list(IMAGES.glob('*.png')))} pictures in {IMAGES.relative_to(ROOT)}\n")
    return 0


def _weir(*words: str) -> str:
    """What the command line answers in the folder of the pictures."""
    command = [sys.executable, "-m", "pipeline.cli", *words]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    return done.stdout


@contextmanager
def _page(browser: Browser, width: int = WIDTH, scheme: str = "light") -> Iterator[Page]:
    size = {"width": width, "height": HEIGHT}
    with chromium.tab(browser, viewport=size, color_scheme=scheme) as tab:
        yield tab.page


def _shoot(page: Page, name: str, *, whole: bool = False) -> None:
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=IMAGES / f"{name}.png", full_page=whole)


def _report(browser: Browser) -> None:
    url = (FOLDER / "demo" / "report" / "index.html").as_uri()
    with _page(browser) as page:
        page.goto(url)
        _shoot(page, "report")
        for part in ("waterfall", "rules", "duplicates", "rights", "throughput"):
            page.goto(f"{url}#{part}")
            _shoot(page, f"report-{part}")
        page.goto(f"{url}#lang-{LANGUAGE}")
        _shoot(page, "report-language")
        page.locator(f"[id='{LANGUAGE}-kept']").scroll_into_view_if_needed()
        _shoot(page, "report-pages")
    with _page(browser, scheme="dark") as page:
        page.goto(url)
        _shoot(page, "report-dark")
    with _page(browser, NARROW) as page:
        page.goto(url)
        _shoot(page, "report-narrow")


def _workbench(browser: Browser, url: str) -> None:
    with _page(browser) as page:
        page.goto(url)
        page.locator("#document").wait_for()
        _shoot(page, "tune")
        page.goto(f"{url.partition('#')[0]}?lang={LANGUAGE}&t.{RULE}.min={STRICT}")
        page.locator("#queue").select_option("flips")
        page.locator("#document").wait_for()
        _shoot(page, "tune-flips")
        page.locator("#document").focus()
        page.keyboard.press("u")
        _shoot(page, "tune-verdict")
        page.locator("#help").click()
        _shoot(page, "tune-keys")
        page.locator("#help-dialog").get_by_role("button", name="Close").click()
        page.locator("#save").click()
        _shoot(page, "tune-save")
    for name, width, scheme in (("dark", WIDTH, "dark"), ("narrow", NARROW, "light")):
        with _page(browser, width, scheme) as page:
            page.goto(url)
            page.locator("#document").wait_for()
            _shoot(page, f"tune-{name}")


def _audit(browser: Browser, url: str) -> None:
    words = ("sample", "demo", "--reason", COPY, "--n", "1", "--json")
    copy = _weir(*words).partition('"doc_id": "')[2][:32]
    screens = {
        "trace": "/",
        "trace-copy": f"/?q={copy}",
        "trace-unseen": "/?q=https://never.example/page",
        "search": "/search?outcome=reject&reason=rule.word_count",
        "numbers": "/numbers",
        "sample": "/sample?draw=1&n=5&seed=7&outcome=reject",
        "compare": "/compare",
        "fairness": "/fairness",
        "personal-data": "/personal-data",
    }
    with _page(browser) as page:
        page.goto(url)
        page.get_by_role("navigation").first.wait_for()
        for name, path in screens.items():
            page.goto(url.partition("/#")[0] + path)
            _shoot(page, f"audit-{name}")
    for name, width, scheme in (("dark", WIDTH, "dark"), ("narrow", NARROW, "light")):
        with _page(browser, width, scheme) as page:
            page.goto(url)
            page.get_by_role("navigation").first.wait_for()
            page.goto(url.partition("/#")[0] + screens["trace-copy"])
            _shoot(page, f"audit-{name}")


if __name__ == "__main__":
    sys.exit(main())
