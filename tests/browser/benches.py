"""Driving the workbench in a browser: what its tests share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.chromium import Tab
from tests.browser.many import TAG
from tests.integration import runs

RULE = "sentence_count"
READY = "body[data-state=ready]"


def weir(*words: str) -> str:
    """What the command line answers."""
    found = runs.weir(*words)
    assert found.returncode == 0, found.stderr
    return found.stdout


def opened(tab: Tab, address: str, query: str = "") -> Page:
    """The workbench, once it can be used."""
    base, _, token = address.partition("#")
    tab.page.goto(f"{base}{query}#{token}")
    tab.page.locator(READY).wait_for()
    expect(tab.page.locator("#exactness")).to_have_text("exact")
    expect(tab.page.locator("#document")).to_be_visible()
    return tab.page


def complaints(tab: Tab) -> list[str]:
    """What the browser complained about, but for the first answer without a cookie."""
    return [said for said in tab.complaints if "401" not in said]


def kept(page: Page) -> str:
    return str(page.locator("#keep-rate").text_content())


def settled(page: Page) -> None:
    expect(page.locator("#exactness")).to_have_text("exact")


def holding(held: list[Any]) -> Callable[[Any], None]:
    """A route that keeps its questions."""
    return lambda route: held.append(route)  # noqa: PLW0108 - a bound method of C cannot be a route


def release(page: Page, held: list[Any]) -> None:
    """Let the questions that were kept go on to the server."""
    page.wait_for_timeout(200)
    for route in held:
        route.continue_()
    page.unroute("**/api/counts*")


def set_number(page: Page, value: str, side: str = "min", rule: str = RULE) -> None:
    page.locator(f"#{rule}-{side}-number").fill(value)
    settled(page)


def searched(page: Page, text: str) -> None:
    page.locator("#queue").select_option("search")
    page.locator("#queue-text").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#matches")).to_contain_text("match")


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "labels" / f"{TAG}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
