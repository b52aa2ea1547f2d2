"""The audit view in a real browser, on real runs; checks are those of the specification."""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from audit import views
from audit.runs import Run
from samples import build
from samples.entries import Entry
from tests.browser import chromium, many
from tests.browser.chromium import Tab, axe
from tests.integration.runs import configured, run_here

if TYPE_CHECKING:
    from tests.conftest import Small

RULE = "language.rules.word_count.min=150"
UNSEEN = "https://nobody.example/never/read"
SCREENS = {
    "/": "What became of a page?",
    "/search?outcome=reject": "Search the ledger",
    "/numbers?metric=documents.": "Numbers",
    "/sample?draw=1&n=6": "Draw a sample",
    "/compare?from=kept&to=rule.word_count": re.compile(r"\d+ pages? lost"),
    "/fairness?by=length": "Whose pages are kept?",
    "/personal-data": "Personal data",
    f"/?q={quote(UNSEEN)}": "What became of a page?",
    "/fairness?rule=nothing": re.compile("is no rule of this run"),
}
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def redecided(small: "Small", small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run under a stricter threshold."""
    output = tmp_path_factory.mktemp("redecided") / "stricter"
    ended, _ = run_here(configured(small.paths, [*small.settings, RULE]), output, reuse=small_run)
    assert ended.exit_code == 0, ended.problems
    return output


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with pages that would act if they could."""
    return many.made(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def both(small_run: Path, redecided: Path) -> Iterator[str]:
    """The address of a server on two runs."""
    with chromium.served("audit", str(small_run), str(redecided), "--no-open") as address:
        yield address


@contextmanager
def entered(browser: Browser, address: str, **options: object) -> Iterator[tuple[Tab, Visit]]:
    """A tab that was let in, and how to go to a path in it."""
    base = address.partition("/#")[0]
    with chromium.tab(browser, **options) as tab:
        tab.page.goto(address)
        expect(tab.page.get_by_role("heading", level=1)).to_have_text("What became of a page?")
        tab.complaints.clear()  # the first answer without a cookie is a 401

        def visit(path: str) -> Page:
            tab.page.goto(f"{base}{path}")
            return tab.page

        yield tab, visit


def of_kind(run: Path, is_wanted: Callable[[Entry], bool]) -> Entry:
    """A page of the sample that the run read, with its truth."""
    known = views.opened(Run(run))
    return next(
        entry
        for entry in build.all_entries()
        if entry.exchange is not None and is_wanted(entry) and len(known.find(entry.url)) == 1
    )


def states(page: Page) -> dict[str, str]:
    """State of each step of a timeline."""
    steps = page.locator(".timeline > li")
    return {
        step.locator("h3").inner_text(): step.locator(".state").inner_text() for step in steps.all()
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_sound(browser: Browser, both: str, scheme: str) -> None:
    with entered(browser, both, color_scheme=scheme) as (tab, visit):
        for path, title in SCREENS.items():
            page = visit(path)
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
            assert axe(page) == [], path
        assert tab.foreign == []
        assert [one for one in tab.complaints if "400 (Bad Request)" not in one] == []


def test_narrow_screens_scroll_one_way(browser: Browser, both: str) -> None:
    with entered(browser, both, viewport={"width": 320, "height": 640}) as (_, visit):
        for path in SCREENS:
            page = visit(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            assert axe(page) == [], path


def test_a_kept_page(browser: Browser, both: str, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: one.outcome == "keep" and one.tag == "fin_Latn")
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url)}")
        assert page.locator(".mark").inner_text() == "Kept"
        assert set(states(page).values()) <= {"passed", ""}
        expect(page.locator(".timeline")).to_contain_text("corpus/fin_Latn/")
        expect(page.locator(".evidence")).to_contain_text(Run(small_run).digest)
        expect(page.locator(".evidence")).to_contain_text(f"weir trace {small_run} {entry.url}")


def test_a_page_that_a_rule_rejects(browser: Browser, both: str, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: str(one.reason).startswith("rule."))
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url)}")
        assert page.locator(".mark").inner_text() == "Rejected"
        expect(page.locator(".outcome")).to_contain_text(str(entry.reason))
        assert states(page)["Quality rules"] == "stopped here"
        assert states(page)["Corpus"] == "not reached"
        failed = page.locator("tr.failed-first")
        expect(failed).to_contain_text(str(entry.reason).removeprefix("rule.").replace("_", " "))


def test_a_duplicate_leads_to_the_page_that_was_kept(
    browser: Browser, both: str, small_run: Path
) -> None:
    entry = of_kind(small_run, lambda one: str(one.reason).startswith("dedup."))
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url)}")
        assert states(page)["Duplicates"] == "stopped here"
        page.locator("dt", has_text="Kept instead").locator("+ dd a").click()
        assert page.locator(".mark").inner_text() == "Kept"
        expect(page.locator(".record .where").first).to_contain_text(str(entry.keeper))


def test_a_page_whose_publisher_opted_out(browser: Browser, both: str, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: str(one.reason).startswith("rights."))
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url)}")
        expect(page.locator(".outcome")).to_contain_text(str(entry.reason))
        assert states(page)["Opt-outs"] == "stopped here"
        assert states(page)["Main text"] == "not reached"


def test_a_page_that_was_never_read(browser: Browser, both: str) -> None:
    with entered(browser, both) as (_, visit):
        page = visit("/")
        page.get_by_role("searchbox").fill(UNSEEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Not seen")).to_be_visible()
        expect(
            page.get_by_role("row", name="http://www.nobody.example/never/read/")
        ).to_be_visible()
        assert page.get_by_role("row").count() == 9  # the head, and eight forms


def test_another_form_of_an_address_is_found(browser: Browser, both: str, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: one.outcome == "keep" and one.url.startswith("https://"))
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url.replace('https://', 'http://www.') + '#top')}")
        assert page.locator(".mark").inner_text() == "Kept"
        expect(page.locator("header .where").nth(1)).to_contain_text(f"Found as {entry.url}")


def test_hostile_pages_are_inert(browser: Browser, hostile: Path) -> None:
    with (
        chromium.served("audit", str(hostile), "--no-open") as address,
        entered(browser, address) as (tab, visit),
    ):
        page = visit("/sample?draw=1&n=100")
        ids = page.locator(".excerpt a code").all_inner_texts()
        assert len(ids) == 100
        shown = page.locator("body").inner_text()
        assert "<script>window.PWNED = 1</script>" in shown
        assert "⟨U+202E⟩[IP 1.2.3.4]" in shown
        marked = page.locator(".excerpt", has_text="window.PWNED").locator("a code").first
        for path in (
            f"/?q={marked.inner_text()}",
            "/search?language=eng_Latn&text=PWNED",
            "/sample?draw=1&n=100",
        ):
            visit(path)
            assert page.evaluate("window.PWNED") is None
            scripts = page.evaluate("[...document.scripts].map((one) => one.getAttribute('src'))")
            assert scripts == ["/static/auditor/auditor.js"]
            assert page.locator("main img, main iframe, main style, main link").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert tab.foreign == []
        assert tab.complaints == []


def test_text_runs_its_own_way(browser: Browser, hostile: Path) -> None:
    with (
        chromium.served("audit", str(hostile), "--no-open") as address,
        entered(browser, address) as (_, visit),
    ):
        page = visit("/sample?draw=1&n=100")
        texts = page.locator(".excerpt .text")
        directions = texts.evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).direction)"
        )
        words = texts.all_inner_texts()
        turned = [at for at, text in enumerate(words) if re.match("[\u0590-\u06ff]", text)]
        assert turned
        assert {directions[at] for at in turned} == {"rtl"}
        assert directions.count("rtl") == len(turned)


def test_numbers_are_downloaded_as_they_are_shown(
    browser: Browser, both: str, tmp_path: Path
) -> None:
    with entered(browser, both) as (_, visit):
        page = visit("/numbers?metric=documents.kept")
        with page.expect_download() as started:
            page.get_by_role("link", name="CSV").click()
        started.value.save_as(tmp_path / "numbers.csv")
        with (tmp_path / "numbers.csv").open(encoding="utf-8", newline="") as stream:
            rows = [*csv.DictReader(stream)]
        shown = page.locator("#metric-documents\\.kept td.num").all_inner_texts()
        assert shown == [f"{len(rows):,}", f"{sum(int(row['count']) for row in rows):,}"]


def test_two_runs_and_the_pages_between_them(browser: Browser, both: str) -> None:
    with entered(browser, both) as (_, visit):
        page = visit("/compare")
        row = page.locator("tbody tr", has_text="rule.word_count").filter(has_text="look at some")
        row.first.get_by_role("link").click()
        page.wait_for_url("**#pages")
        expect(page.get_by_role("heading", name="Were kept, are rule.word_count")).to_be_visible()
        page.locator(".excerpt a").first.click()
        assert page.locator(".mark").inner_text() == "Kept"
        page.get_by_role("link", name="stricter").click()
        assert page.locator(".mark").inner_text() == "Rejected"
        expect(page.locator("tr.failed-first")).to_contain_text("at least 150")


def test_tables_sort_and_texts_copy(browser: Browser, both: str) -> None:
    with entered(browser, both, permissions=["clipboard-read", "clipboard-write"]) as (_, visit):
        page = visit("/fairness")
        head = page.get_by_role("button", name="Judged")
        head.click()
        expect(page.get_by_role("columnheader", name="Judged")).to_have_attribute(
            "aria-sort", "descending"
        )
        counts = [int(text) for text in page.locator("tbody td:last-child").all_inner_texts()]
        assert counts == sorted(counts, reverse=True)
        head.press("Enter")
        counts = [int(text) for text in page.locator("tbody td:last-child").all_inner_texts()]
        assert counts == sorted(counts)
        visit("/sample?draw=1&n=2")
        page.get_by_role("button", name="Copy weir sample").click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == page.locator(".command code").inner_text()


def test_without_scripts_everything_is_there(browser: Browser, both: str) -> None:
    """The token needs a script once; the cookie is then taken to a browser without."""
    with entered(browser, both) as (tab, _):
        cookies = tab.page.context.cookies()
    base = both.partition("/#")[0]
    with chromium.tab(browser, java_script_enabled=False) as tab:
        tab.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        tab.page.goto(f"{base}/search")
        tab.page.get_by_label("Outcome").select_option("keep")
        tab.page.get_by_role("button", name="Search").click()
        tab.page.locator("table.records a").first.click()
        expect(tab.page.locator(".mark")).to_have_text("Kept")
        expect(tab.page.locator(".timeline > li")).to_have_count(9)


def test_evidence_is_printed_without_the_tools(
    browser: Browser, both: str, small_run: Path
) -> None:
    entry = of_kind(small_run, lambda one: one.outcome == "keep")
    with entered(browser, both) as (_, visit):
        page = visit(f"/?q={quote(entry.url)}")
        page.emulate_media(media="print")
        expect(page.locator(".screens")).to_be_hidden()
        expect(page.locator("form").first).to_be_hidden()
        expect(page.locator(".evidence code").first).to_be_visible()
        expect(page.locator(".record h2")).to_be_visible()
        expect(page.locator("tr.passed").first).to_be_visible()  # folded on the screen


def test_originals_need_the_flag_and_a_reason(browser: Browser, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: one.outcome == "keep")
    with (
        chromium.served("audit", str(small_run), "--no-open", "--allow-raw") as address,
        entered(browser, address) as (tab, visit),
    ):
        page = visit(f"/?q={quote(entry.url)}")
        assert "WARC/1.0" not in page.content()
        page.get_by_text("Original bytes").click()
        page.get_by_label("Why you need to see them").fill("too short")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("pre.original")).to_have_count(0)  # the browser asks for more
        page.get_by_label("Why you need to see them").fill("a person asked for their data")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("pre.original")).to_contain_text("WARC/1.0")
        assert axe(page) == []
        visit("/personal-data")
        expect(page.get_by_role("row", name="a person asked for their data")).to_have_count(1)
        assert tab.complaints == []


def test_a_server_that_went_away_is_said_to_have(browser: Browser, small_run: Path) -> None:
    entry = of_kind(small_run, lambda one: one.outcome == "keep")
    with ExitStack() as tabs:
        with chromium.served("audit", str(small_run), "--no-open", "--allow-raw") as address:
            _, visit = tabs.enter_context(entered(browser, address))
            page = visit(f"/?q={quote(entry.url)}")
        page.get_by_text("Original bytes").click()
        page.get_by_label("Why you need to see them").fill("a person asked for their data")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("pre.original")).to_contain_text("The server does not answer")
