"""The workbench in a browser: bounds, numbers, saving; checks are those of the specification."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium
from tests.browser.benches import (
    READY,
    RULE,
    complaints,
    holding,
    kept,
    opened,
    release,
    set_number,
    settled,
    weir,
)
from tests.browser.chromium import Tab, axe
from tests.browser.many import TAG


def test_moving_a_bound_says_at_once_about_and_then_exactly_what_it_does(
    tab: Tab, shared: str
) -> None:
    """Check 11. The page foretells by itself what the server counts afterwards."""
    page = opened(tab, shared)
    assert kept(page) == "74.0 %"
    held: list[Any] = []
    page.route("**/api/counts*", holding(held))
    page.locator(f"#{RULE}-min-number").fill("2")
    expect(page.locator("#exactness")).to_have_text("≈")
    foretold = kept(page)
    expect(page.locator(f"li[data-rule={RULE}] .only .n")).to_have_text("0")
    assert foretold == "81.0 %"
    release(page, held)
    settled(page)
    assert kept(page) == foretold
    expect(page.locator("#gained")).to_have_text("7")
    expect(page.locator("#lost")).to_have_text("0")
    assert complaints(tab) == []
    assert tab.foreign == []


def test_numbers_are_those_of_the_terminal(tab: Tab, shared: str, run: Path) -> None:
    page = opened(tab, shared)
    set_number(page, "12")
    said = weir("tune", str(run), "--language", TAG, "--set", f"{RULE}.min=12", "--json")
    data = json.loads(said)["data"]
    after = data["measures"]["documents"]["after"]
    assert kept(page) == f"{100 * after['keep_rate']:.1f} %"
    lost, gained = (data["flips"][side] for side in ("lost", "gained"))
    assert (page.locator("#lost").text_content(), page.locator("#gained").text_content()) == (
        str(lost),
        str(gained),
    )


def test_a_slider_obeys_the_keyboard_and_the_number_alone_does_everything(
    tab: Tab, shared: str
) -> None:
    """Check 24."""
    page = opened(tab, shared)
    slider, number = page.locator(f"#{RULE}-min-range"), page.locator(f"#{RULE}-min-number")
    slider.focus()
    seen = [number.input_value()]
    for key in ("ArrowRight", "PageUp", "Home", "End", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(number.input_value())
        assert slider.get_attribute("aria-valuetext") == f"at least {seen[-1]} sentences"
    assert len(set(seen)) == len(seen)
    assert seen[1] == "4"
    settled(page)
    number.fill("5")
    expect(slider).to_have_attribute("aria-valuetext", "at least 5 sentences")
    page.locator(f"#{RULE}-min-on").uncheck()
    settled(page)
    assert kept(page) == "81.0 %"
    page.locator(f"li[data-rule={RULE}] .reset").click()
    settled(page)
    assert page.locator(f"#{RULE}-min-on").is_checked()
    assert kept(page) == "74.0 %"
    number.fill("")
    expect(number).to_have_attribute("aria-invalid", "true")
    assert kept(page) == "74.0 %"


def test_a_shared_address_shows_the_same(tab: Tab, browser: Browser, shared: str) -> None:
    """Check 23. Language, bounds, open rule and queue; never text of pages."""
    address = shared
    page = opened(tab, address)
    set_number(page, "12")
    page.locator("#queue").select_option("flips")
    expect(page.locator("#position")).to_contain_text("1 of")
    query = page.url.partition("/?")[2]
    assert f"t.{RULE}.min=12" in query
    assert "q=flips" in query
    rate, title = kept(page), page.locator("#document-title").text_content()
    with chromium.tab(browser) as other:
        again = opened(other, address, f"?{query}")
        assert kept(again) == rate
        assert again.locator("#queue").input_value() == "flips"
        assert again.locator(f"#{RULE}-min-number").input_value() == "12"
        assert again.locator("#document-title").text_content() == title


def test_a_page_that_is_pinned_is_named_when_it_changes_sides(
    tab: Tab, bench: Callable[..., str], run: Path, tmp_path: Path
) -> None:
    """Check 16."""
    sample = json.loads(
        weir("sample", str(run), "--language", TAG, "--outcome", "reject", "--reason",
             f"rule.{RULE}", "--n", "1", "--json")
    )["data"]["documents"][0]  # fmt: skip
    gates = tmp_path / "gates.yaml"
    gates.write_text(
        f"pinned:\n  - {{doc_id: {sample['doc_id']}, outcome: reject, why: two lines of nothing}}\n"
    )
    page = opened(tab, bench("--gates", str(gates)))
    expect(page.locator("#pinned")).to_contain_text("None of 1 changes sides")
    set_number(page, "2")
    pinned = page.locator("#pinned li")
    expect(pinned).to_contain_text(sample["url"])
    expect(pinned).to_contain_text("rejected → kept, wanted rejected")
    expect(pinned).to_contain_text("two lines of nothing")


# Saving


PACK = """\
# English of this project.   Two spaces stay.
tag: eng_Latn
rules:
  # read by a speaker
  word_count: {min: 40, source: "our own reading of pages"}   # kept
"""


def test_saving_shows_the_difference_and_refuses_a_file_that_changed(
    tab: Tab, bench: Callable[..., str], tmp_path: Path
) -> None:
    """Check 21."""
    pack = tmp_path / "eng_Latn.yaml"
    pack.write_text(PACK)
    page = opened(tab, bench("--pack", str(pack)))
    expect(page.locator("#save")).to_be_disabled()
    set_number(page, "2")
    page.locator("#save").click()
    dialog = page.locator("#save-dialog")
    expect(dialog.locator(".added")).to_contain_text("sentence_count: {min: 2")
    assert dialog.locator(".removed").count() == 0
    save = dialog.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_disabled()
    dialog.get_by_label("Why").fill("too short")
    expect(save).to_be_disabled()
    dialog.get_by_label("Why").fill("Five pages of two sentences read: all of them are fine.")
    pack.write_text(PACK + "# a colleague\n")
    save.click()
    expect(dialog.get_by_role("alert")).to_contain_text("changed on disk")
    assert pack.read_text() == PACK + "# a colleague\n"
    assert not (tmp_path / "decisions").exists()
    assert axe(page) == []
    dialog.get_by_role("button", name="Show the new difference").click()
    expect(dialog.locator(".difference")).to_contain_text("# a colleague")
    dialog.get_by_label("Why").fill("Five pages of two sentences read: all of them are fine.")
    save.click()
    expect(dialog).to_contain_text("Saved")
    after = pack.read_text()
    assert after.startswith(PACK.rstrip("\n"))
    assert "sentence_count: {min: 2" in after
    (record,) = (tmp_path / "decisions" / TAG).iterdir()
    said = json.loads(record.read_text())
    assert said["author"] == "ana"
    assert said["moves"] == [
        {"rule": RULE, "before": {"min": 3, "max": None}, "after": {"min": 2, "max": None}}
    ]
    assert said["counts"]["documents"]["kept"] == 81


# What the numbers say of themselves


def changed(page: Page, what: str, **more: Any) -> None:
    """Let the server's answers to a question say something else as well."""

    def answer(route: Any) -> None:
        found = route.fetch()
        route.fulfill(response=found, json={**found.json(), **more})

    page.route(f"**/api/{what}*", answer)


def test_counts_of_a_sample_say_so(tab: Tab, shared: str) -> None:
    page = tab.page
    changed(page, "counts", is_exact=False, interval=0.0437)
    page.goto(shared)
    page.locator(READY).wait_for()
    expect(page.locator("#exactness")).to_have_text("± 0.04")
    expect(page.locator("#interval")).to_contain_text("right to ± 0.04 points (95 %)")


def test_precision_and_recall_have_intervals_or_say_what_they_need(tab: Tab, shared: str) -> None:
    """Check 20, as it is shown."""
    known = {"value": 0.91, "low": 0.86, "high": 0.95, "labels": 214, "effective": 180, "needed": 0}
    few = {"value": None, "low": None, "high": None, "labels": 40, "effective": 40, "needed": 60}
    page = tab.page
    changed(
        page,
        "quality",
        documents=274,
        agreement=0.81,
        tuning={"labels": 214, "precision": known, "recall": known},
        held_out={"labels": 60, "precision": few, "recall": few},
    )
    page.goto(shared)
    rows = page.locator("#quality tbody tr")
    expect(rows.nth(0)).to_contain_text("91 % 86 % – 95 %")
    expect(rows.nth(1)).to_contain_text("≈ 60 more")
    expect(rows.nth(1)).not_to_contain_text("%")
    expect(page.locator("#quality")).to_contain_text("α 0.81")
    page.locator(READY).wait_for()
    assert axe(page) == []


def test_while_a_language_is_read_and_where_there_is_none(tab: Tab, shared: str) -> None:
    page = tab.page
    loading = {"state": "loading", "done": 7, "total": 20, "name": "English"}
    page.route("**/api/open*", lambda route: route.fulfill(json=loading))
    page.goto(shared)
    expect(page.locator("#loading")).to_contain_text("Reading the signals of English")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "7")
    assert axe(page) == []
    page.unroute("**/api/open*")
    page.locator(READY).wait_for()
    page.goto(f"{shared.partition('#')[0]}?lang=zzz_Zzzz")
    expect(page.locator("#loading")).to_contain_text("see what there is with: weir stats")
    assert axe(page) == []
