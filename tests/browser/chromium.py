"""Debian's Chromium, driven: what a page asked for, complained about and looks like to axe.

No browser is downloaded: `make browser` installs the distribution's.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
START_S = 60.0


def found() -> str | None:
    """Path of the browser; None where there is none."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def started() -> Iterator[Browser]:
    """The browser; tests without one are skipped, and fail on CI, where `make test` installs it."""
    path = found()
    if path is None:
        said = "no Chromium here: `make browser` installs Debian's"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(slots=True)
class Tab:
    """A page with what it asked for and complained about since it was opened."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def foreign(self) -> list[str]:
        """Requests that left this machine's files and loopback address."""
        ours = re.compile(r"(file:|data:|blob:|about:|http://(127\.0\.0\.1|localhost|\[::1\])[:/])")
        return [url for url in self.asked if not ours.match(url)]


@contextmanager
def tab(browser: Browser, **options: object) -> Iterator[Tab]:
    """A fresh profile with one page in it; options are those of Playwright's `new_context`."""
    context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type]
    made = Tab(context.new_page())
    made.page.on("request", lambda request: made.asked.append(request.url))
    made.page.on("pageerror", lambda error: made.complaints.append(f"error: {error}"))
    made.page.on(
        "console",
        lambda said: (
            made.complaints.append(f"console: {said.text}")
            if said.type in ("error", "warning")
            else None
        ),
    )
    yield made
    context.close()


def axe(page: Page, part: str | None = None) -> list[str]:
    """Violations of WCAG A and AA (2.0, 2.1, 2.2) that axe-core finds, each with its places."""
    options = {"runOnly": {"type": "tag", "values": list(STANDARDS)}}
    results = Axe().run(page, context=part, options=options).response
    return [
        f"{entry['id']}: {entry['help']} ({node['html'][:160]})"
        for entry in results["violations"]
        for node in entry["nodes"]
    ]


@contextmanager
def served(*words: str, cwd: Path | None = None) -> Iterator[str]:
    """The address that `weir WORDS` prints when it serves; it has ended afterwards."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=cwd or ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(START_S)


def _address(process: subprocess.Popen[str]) -> str:
    seen: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        seen.append(line)
        address = re.search(r"http://\S+#token=\S+", line)
        if address:
            return address[0]
    raise AssertionError(f"the server ended without an address: {_joined(seen)}")


def _joined(lines: Sequence[str]) -> str:
    return "".join(lines)[-2000:]
