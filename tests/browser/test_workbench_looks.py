"""The workbench in a browser: how it looks and is heard. Checks: the specification's."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import chromium
from tests.browser.benches import (
    RULE,
    complaints,
    holding,
    opened,
    release,
    searched,
    settled,
)
from tests.browser.chromium import Tab, axe


def test_no_violation_of_wcag_in_any_state(tab: Tab, bench: Callable[..., str]) -> None:
    """Check 25. Idle, dragging, labelling, help, an error, an empty queue; light and dark."""
    page = opened(tab, bench())
    assert axe(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe(page) == []
    page.emulate_media(color_scheme="light")
    held: list[Any] = []
    page.route("**/api/counts*", holding(held))
    page.locator(f"#{RULE}-min-number").fill("2")
    expect(page.locator("#exactness")).to_have_text("≈")
    assert axe(page) == []
    release(page, held)
    settled(page)
    page.locator("#document").focus()
    page.keyboard.press("x")
    expect(page.locator("#position")).to_contain_text("2 of")
    page.keyboard.press("u")
    expect(page.locator("#verdict .outcome")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("?")
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.locator("#queue").select_option("host")
    expect(page.locator("#empty")).to_contain_text("Name a host")
    assert axe(page) == []
    damaged = '{"error": "records/1 is damaged", "next": "see where with: weir verify RUN"}'
    page.route(
        "**/api/queue*",
        lambda route: route.fulfill(status=409, content_type="application/json", body=damaged),
    )
    page.locator("#queue").select_option("random_kept")
    expect(page.locator("#banners .error")).to_contain_text("is damaged")
    assert axe(page) == []


def test_focus_stays_where_it_is_and_goes_in_the_order_of_the_page(tab: Tab, shared: str) -> None:
    """Check 26."""
    page = opened(tab, shared)
    number = page.locator(f"#{RULE}-min-number")
    number.focus()
    for value in range(20):
        number.fill(str(2 + value))
        settled(page)
        assert page.evaluate("document.activeElement.id") == f"{RULE}-min-number"
    page.locator("body").press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.evaluate("document.activeElement.blur()")
    seen: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        region = page.evaluate(
            "document.activeElement === document.body ? '' : "
            "(document.activeElement.closest('header, #rules, #effect, #reader') ?? {}).id ?? ''"
        )
        if not seen or seen[-1] != region:
            seen.append(region)
        if len(seen) > 3 and region == "":
            break
    assert [one for one in seen if one] == ["rules", "effect", "reader"]


@pytest.mark.parametrize("width", [320, 768])
def test_narrow_windows_scroll_one_way(browser: Browser, shared: str, width: int) -> None:
    """Check 27. 320 pixels are 1,280 at 400 %."""
    size = {"width": width, "height": 640}
    with chromium.tab(browser, viewport=size, forced_colors="active") as tab:
        page = opened(tab, shared)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("button, select, input")]
              .filter((one) => one.checkVisibility() && one.type !== "checkbox")
              .map((one) => one.getBoundingClientRect()).filter((box) => box.height < 24)
              .length"""
        )
        assert sizes == 0
        assert len(page.screenshot()) > 10_000


@pytest.mark.parametrize("word", ["מזג", "الطقس"])
def test_text_from_right_to_left_runs_so_and_marks_split_no_letters(
    tab: Tab, shared: str, word: str
) -> None:
    """Check 28."""
    page = opened(tab, shared)
    searched(page, word)
    found = page.evaluate(
        """() => {
          const text = document.querySelector("#document-text .text");
          const marks = [...CSS.highlights.get("weir-match")];
          return {
            direction: getComputedStyle(text).direction,
            bidi: getComputedStyle(text).unicodeBidi,
            nodes: text.childNodes.length,
            same: text.innerText === text.textContent,
            marked: marks.map(String),
          };
        }"""
    )
    assert found == {
        "direction": "rtl", "bidi": "plaintext", "nodes": 1, "same": True, "marked": [word],
    }  # fmt: skip


def test_what_a_page_says_stays_text(tab: Tab, shared: str) -> None:
    """Check 30. and the hostile page: nothing runs, nothing turns round, joiners show on demand."""
    page = opened(tab, shared)
    searched(page, "javascript:alert")
    text = page.locator("#document-text")
    expect(text).to_contain_text("<script>window.PWNED = 1</script>")
    expect(text).to_contain_text("⟨U+202E⟩[")
    expect(text).to_contain_text("]⟨U+202C⟩ ⟨U+2066⟩turned⟨U+2069⟩")
    assert page.evaluate("window.PWNED") is None
    assert page.locator("#document-text :not(.text, .gap)").count() == 0
    assert page.evaluate("CSS.highlights.get('weir-token').size") >= 4
    page.get_by_role("button", name="Show joiners").click()
    expect(text).to_contain_text("a⟨ZWJ⟩b")
    assert complaints(tab) == []
