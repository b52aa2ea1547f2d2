"""The workbench in a browser: labels, keys, reading blind. Checks: the specification's."""

import re
from collections.abc import Callable
from pathlib import Path

import psutil
from playwright.sync_api import expect

from audit.labels import LabelFile
from tests.browser import chromium
from tests.browser.benches import (
    READY,
    RULE,
    complaints,
    lines,
    opened,
    searched,
)
from tests.browser.chromium import Tab
from tests.browser.many import TAG


def test_fifty_labels_by_keyboard_are_on_the_disk_before_the_next_page_shows(
    tab: Tab, bench: Callable[..., str], tmp_path: Path
) -> None:
    """Check 17. The label file is read the moment that the next page is painted."""
    page = opened(tab, bench())
    page.locator("#document").focus()
    for number in range(50):
        expect(page.locator("#position")).to_contain_text(f"{number + 1} of")
        url = page.locator("#document-url").text_content()
        page.keyboard.press("ax "[number % 3])
        expect(page.locator("#document-url")).not_to_have_text(str(url))
        found = lines(tmp_path)
        assert len(found) == number + 1
        assert found[-1]["verdict"] == ("keep", "drop", "skip")[number % 3]
    assert len({one["doc_id"] for one in found}) == 50
    assert all(one["is_blind"] and 0 < one["inclusion_probability"] <= 1 for one in found)
    assert {one["queue"] for one in found} == {"random_kept", "random_dropped"}
    before = page.locator("#document-url").text_content()
    page.keyboard.press("z")
    expect(page.locator("#document-url")).not_to_have_text(str(before))
    assert lines(tmp_path)[-1]["kind"] == "retraction"
    again = LabelFile(tmp_path / "labels" / f"{TAG}.jsonl", read_only=True)
    assert len(again.latest()) == 49
    assert complaints(tab) == []


def test_reasons_are_digits_and_go_with_a_drop(
    tab: Tab, bench: Callable[..., str], tmp_path: Path
) -> None:
    page = opened(tab, bench())
    page.locator("#document").focus()
    page.keyboard.press("3")
    page.keyboard.press("7")
    page.keyboard.press("3")
    page.keyboard.press("x")
    expect(page.locator("#position")).to_contain_text("2 of")
    assert lines(tmp_path)[-1]["reasons"] == ["encoding"]
    assert page.locator("#reasons input:checked").count() == 0
    page.keyboard.press("1")
    page.get_by_label("which?").select_option("sco_Latn")
    page.locator("#document").focus()
    page.keyboard.press("x")
    expect(page.locator("#position")).to_contain_text("3 of")
    assert lines(tmp_path)[-1]["language"] == "sco_Latn"
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#reasons input:checked")).to_have_value("encoding")


def test_keys_act_in_the_reader_alone_and_can_be_changed_and_switched_off(
    tab: Tab, bench: Callable[..., str], tmp_path: Path
) -> None:
    """Check 18."""
    page = opened(tab, bench())
    page.locator(f"#{RULE}-min-number").focus()
    page.keyboard.press("x")
    page.locator("#language").focus()
    page.keyboard.press("a")
    page.locator("#queue").select_option("search")
    page.locator("#queue-text").press_sequentially("a x 1 ?")
    assert page.locator("#queue-text").input_value() == "a x 1 ?"
    page.locator("#queue").select_option("random")
    expect(page.locator("#position")).to_contain_text("1 of")
    assert lines(tmp_path) == []
    page.locator("#document").focus()
    page.keyboard.press("?")
    dialog = page.locator("#help-dialog")
    expect(dialog).to_contain_text("Reveal the verdict")
    dialog.get_by_label("Key: Keep", exact=True).focus()
    page.keyboard.press("x")
    expect(dialog).to_contain_text("x is the key of “Drop”")
    page.keyboard.press("q")
    page.keyboard.press("Escape")
    page.reload()
    page.locator(READY).wait_for()
    expect(page.locator("[data-action=keep] kbd")).to_have_text("Q")
    expect(page.locator("#document")).to_be_visible()
    page.locator("#document").focus()
    page.keyboard.press("a")
    page.keyboard.press("q")
    expect(page.locator("#position")).to_contain_text("2 of")
    assert [one["verdict"] for one in lines(tmp_path)] == ["keep"]
    page.locator("#help").click()
    dialog.get_by_label("Use single keys").uncheck()
    dialog.get_by_role("button", name="Close").click()
    page.locator("#document").focus()
    page.keyboard.press("q")
    page.keyboard.press("x")
    page.get_by_role("button", name="Skip").click()
    expect(page.locator("#position")).to_contain_text("3 of")
    assert [one["verdict"] for one in lines(tmp_path)] == ["keep", "skip"]


def test_the_reader_nudges_bounds_and_shows_whole_texts(tab: Tab, shared: str) -> None:
    page = opened(tab, shared)
    page.locator("#document").focus()
    page.keyboard.press("]")
    expect(page.locator(f"#{RULE}-min-number")).to_have_value("4")
    page.keyboard.press("[")
    expect(page.locator(f"#{RULE}-min-number")).to_have_value("3")
    searched(page, "Trains on the Ashwater branch")
    page.locator("#document").focus()
    while not page.locator("#show-whole").is_visible():
        before = str(page.locator("#position").text_content())
        page.keyboard.press("j")
        expect(page.locator("#position")).not_to_have_text(before)
    gaps = page.locator("#document-text .gap")
    assert gaps.count() >= 1
    page.keyboard.press("t")
    expect(gaps).to_have_count(0)
    expect(page.locator("#show-whole")).to_be_hidden()
    assert page.locator("#document-text .text").count() == 1


def test_what_has_settled_is_said_once(tab: Tab, shared: str) -> None:
    """A screen reader hears of numbers when they have come to rest, not of each on the way."""
    page = opened(tab, shared)
    expect(page.locator("#settled")).to_contain_text("74.0 % of documents kept")
    page.evaluate(
        """() => {
          const place = document.getElementById("settled");
          window.said = [];
          new MutationObserver(() => window.said.push(place.textContent))
            .observe(place, { childList: true });
        }"""
    )
    values = ("4", "8", "12", "20", "8", "12", "4", "2")
    for value in values:
        page.locator(f"#{RULE}-min-number").fill(value)
        page.wait_for_timeout(100)
    expect(page.locator("#settled")).to_contain_text("81.0 % of documents kept, +7.0 points")
    assert 1 <= len(page.evaluate("window.said")) < len(values) / 2


def test_a_page_read_blind_has_no_verdict_anywhere(tab: Tab, bench: Callable[..., str]) -> None:
    """Check 19. Not in the document, and not in any answer of the server, until U or a label."""
    answers: list[str] = []
    page = opened(tab, bench())
    page.on(
        "response",
        lambda found: answers.append(found.url) if "/api/verdict" in found.url else None,
    )
    page.locator("#document").focus()
    page.keyboard.press("j")
    expect(page.locator("#position")).to_contain_text("2 of")
    html = page.locator("#reader").inner_html()
    assert not re.search(r"outcome|class=.why|All signals", html)
    assert answers == []
    assert [url for url in tab.asked if "/api/verdict" in url] == []
    page.keyboard.press("u")
    expect(page.locator("#verdict .outcome")).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#verdict .outcome")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator("#position")).to_contain_text("4 of")
    page.keyboard.press("k")
    expect(page.locator("#verdict .outcome")).to_be_visible()


def test_labels_wait_in_the_browser_while_the_server_is_gone(
    tab: Tab, bench: Callable[..., str], tmp_path: Path
) -> None:
    """Check 41. And go to the disk, in order and once, when it is back."""
    page = opened(tab, bench())
    page.locator("#document").focus()
    page.keyboard.press("a")
    expect(page.locator("#position")).to_contain_text("2 of")
    expect(page.locator("#document-url")).not_to_be_empty()
    page.wait_for_timeout(300)  # the next page has been asked for
    page.context.set_offline(True)
    page.keyboard.press("x")
    banner = page.locator("#banners .lost")
    expect(banner).to_contain_text("The server does not answer")
    expect(banner).to_contain_text("1 label waits in this browser")
    assert len(lines(tmp_path)) == 1
    page.context.set_offline(False)
    expect(banner).to_have_count(0, timeout=10_000)
    assert [one["verdict"] for one in lines(tmp_path)] == ["keep", "drop"]
    page.reload()
    page.locator(READY).wait_for()
    assert len(lines(tmp_path)) == 2


def test_a_killed_server_has_every_label_and_the_next_one_gets_those_that_waited(
    tab: Tab, run: Path, tmp_path: Path
) -> None:
    """Check 17. Killed right after a key; a label given meanwhile waits for a server like it."""
    words = ("tune", str(run), "--language", TAG, "--no-open", "--annotator", "ana")
    with chromium.served(*words, cwd=tmp_path) as address:
        page = opened(tab, address)
        page.locator("#document").focus()
        for number in range(3):
            page.wait_for_timeout(200)  # the page after this one has been asked for
            page.keyboard.press("a")
            expect(page.locator("#position")).to_contain_text(f"{number + 2} of")
        (server,) = [
            one
            for one in psutil.Process().children(recursive=True)
            if "--annotator" in one.cmdline() and one.cwd() == str(tmp_path)
        ]
        server.kill()
        assert len(lines(tmp_path)) == 3
        page.keyboard.press("x")
        banner = page.locator("#banners .lost")
        expect(banner).to_contain_text("1 label waits in this browser")
        port = address.partition("127.0.0.1:")[2].partition("/")[0]
        expect(banner).to_contain_text(f"--port {port}")
    with chromium.served(*words, "--port", port, cwd=tmp_path) as address:
        opened(tab, address)
        expect(page.locator("#banners .lost")).to_have_count(0)
        assert [one["verdict"] for one in lines(tmp_path)] == ["keep", "keep", "keep", "drop"]


def test_a_second_server_on_the_same_labels_reads_only(tab: Tab, bench: Callable[..., str]) -> None:
    bench_one = bench()
    with_page = opened(tab, bench_one)
    expect(with_page.locator("#banners .notes")).to_have_count(0)
    page = opened(tab, bench())
    expect(page.locator("#banners .notes")).to_contain_text("another process writes")
    expect(page.locator("#labelling")).to_have_attribute("inert", "")
    page.locator("#document").focus()
    page.keyboard.press("a")
    page.wait_for_timeout(200)
    expect(page.locator("#position")).to_contain_text("1 of")
