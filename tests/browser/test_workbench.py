"""The tuning workbench in a real browser; checks are those of the specification."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from audit.labels import LabelFile
from tests.browser import chromium, many
from tests.browser.chromium import Tab, axe
from tests.integration import runs

TAG = "eng_Latn"
RULE = "sentence_count"
READY = "body[data-state=ready]"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred pages, a quarter of them rejected, most by too few sentences."""
    return many.made(tmp_path_factory.mktemp("many"))


@pytest.fixture
def bench(run: Path, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serve the run from an empty folder; its address."""
    with ExitStack() as stack:

        def serve(*options: str) -> str:
            words = ("tune", str(run), "--language", TAG, "--no-open", "--annotator", "ana")
            return stack.enter_context(chromium.served(*words, *options, cwd=tmp_path))

        yield serve


@pytest.fixture(scope="module")
def shared(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for tests that leave nothing behind."""
    words = ("tune", str(run), "--language", TAG, "--no-open", "--annotator", "ana")
    with chromium.served(*words, cwd=tmp_path_factory.mktemp("shared")) as address:
        yield address


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


# Moving


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


# Labelling


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "labels" / f"{TAG}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


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
            if "--annotator" in one.cmdline()
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


# How it looks and reads


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
    page.locator("#queue").select_option("disagreement")
    expect(page.locator("#banners .error")).to_contain_text("quality")
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


def searched(page: Page, text: str) -> None:
    page.locator("#queue").select_option("search")
    page.locator("#queue-text").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#matches")).to_contain_text("match")


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
