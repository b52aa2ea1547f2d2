"""One browser for all of these tests, and a fresh profile for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium, many
from tests.browser.chromium import Tab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with each file of tests, since its event loop is in the way of others."""
    with chromium.started() as made:
        yield made


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A page in a fresh profile."""
    with chromium.tab(browser) as made:
        yield made


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred pages, a quarter of them rejected, most by too few sentences."""
    return many.made(tmp_path_factory.mktemp("many"))


@pytest.fixture
def bench(run: Path, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serve the run from an empty folder; its address."""
    with ExitStack() as stack:

        def serve(*options: str) -> str:
            words = ("tune", str(run), "--language", many.TAG, "--no-open", "--annotator", "ana")
            return stack.enter_context(chromium.served(*words, *options, cwd=tmp_path))

        yield serve


@pytest.fixture(scope="module")
def shared(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for tests that leave nothing behind."""
    words = ("tune", str(run), "--language", many.TAG, "--no-open", "--annotator", "ana")
    with chromium.served(*words, cwd=tmp_path_factory.mktemp("shared")) as address:
        yield address
