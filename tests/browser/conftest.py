"""One browser for all of these tests, and a fresh profile for each."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.browser.chromium import Tab


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; it ends with these tests, since its event loop is in the way of others."""
    with chromium.started() as made:
        yield made


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A page in a fresh profile."""
    with chromium.tab(browser) as made:
        yield made
