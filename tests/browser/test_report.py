"""The run report in a real browser: from a file, hostile pages, with and without JavaScript."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audit import stats
from audit.report import Options, write_report
from audit.runs import Run
from tests.browser import chromium
from tests.browser.chromium import Tab, axe
from tests.unit.audit import many_pages

LANGUAGES = 3
EACH = 18
TAG = many_pages.languages(LANGUAGES)[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose pages are hostile, the first of each language."""
    folder = tmp_path_factory.mktemp("browser") / "hostile"
    return Run(many_pages.build(folder, LANGUAGES, EACH, 6))


@pytest.fixture(scope="module")
def address(run: Run) -> str:
    """The report's file; it shows every hostile text at least once."""
    path = write_report(run)
    shown = path.read_text(encoding="utf-8")
    assert shown.count("window.PWNED = 1") > shown.count("<article") / EACH
    return path.as_uri()


def _opened(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def test_nothing_is_asked_for_and_nothing_complains(browser: Browser, address: str) -> None:
    with chromium.tab(browser, offline=True) as tab:
        _opened(tab.page, f"{address}#lang-{TAG}")
        expect(tab.page.get_by_role("heading", level=1)).to_be_visible()
        assert tab.asked == [address]
        assert tab.complaints == []


def test_without_javascript_everything_can_be_reached(browser: Browser, address: str) -> None:
    with chromium.tab(browser, java_script_enabled=False) as tab:
        tab.page.goto(address)
        summary = tab.page.locator("details.language > summary").first
        chapter = tab.page.locator("details.language .opened").first
        expect(chapter).to_be_hidden()
        summary.click()
        expect(chapter).to_be_visible()
        assert chapter.locator("article").count() > 10
        expect(chapter.locator("figure svg").first).to_be_visible()
        figure = chapter.locator("figure").first
        figure.get_by_text("Data").click()
        expect(figure.locator("table")).to_be_visible()
        expect(tab.page.locator("table.languages")).to_be_visible()
        assert tab.page.locator("input, button").count() == 0
        assert tab.page.locator("[hidden], noscript").count() == 0


def test_hostile_pages_do_nothing(browser: Browser, run: Run, address: str) -> None:
    tame = write_report(run, Options(samples="none", output=run.path / "report" / "tame.html"))
    with chromium.tab(browser, viewport={"width": 1280, "height": 900}) as tab:
        kinds = "[...new Set([...document.querySelectorAll('*')].map(e => e.localName))].sort()"
        tab.page.goto(tame.as_uri())
        known = set(tab.page.evaluate(kinds))
        _opened(tab.page, address)
        assert tab.page.evaluate("window.PWNED") is None
        assert set(tab.page.evaluate(kinds)) - known <= {"article", "h5"}
        assert tab.page.evaluate("document.scripts.length") == 1
        assert tab.page.locator("article *[href], article *[src], article [style]").count() == 0
        links = tab.page.eval_on_selector_all("a", "all => all.map(a => a.getAttribute('href'))")
        assert all(re.match(r"#|\.\./statistics/counts\.csv$", link) for link in links)
        expect(tab.page.get_by_text("window.PWNED = 2").first).to_be_visible()
        body = tab.page.locator("body").inner_text()
        assert "⟨U+202E⟩" in body
        assert "␛[31m" in body
        assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069\u2028\u2029]", body)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_never_wider_than_the_window(
    browser: Browser, address: str, width: int
) -> None:
    with chromium.tab(browser, viewport={"width": width, "height": 800}) as tab:
        _opened(tab.page, address)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        wide = """() => [...document.querySelectorAll('article, figure, p, h2, h3, h4, li')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))
            .map(e => e.outerHTML.slice(0, 80))"""
        assert tab.page.evaluate(wide) == []


def test_every_figure_has_a_name_and_a_table_that_sums_to_the_counts(
    tab: Tab, run: Run, address: str
) -> None:
    tab.page.goto(address)
    figures = tab.page.evaluate(
        """() => [...document.querySelectorAll('svg[role=img]')].map(svg => {
            const figure = svg.closest('figure');
            const rows = [...figure.querySelectorAll('table tbody tr:not(.sum)')];
            const number = cell => Number(cell.textContent.replaceAll(',', ''));
            return {id: figure.id, name: svg.getAttribute('aria-label'),
                    caption: figure.querySelector('figcaption').textContent,
                    sums: [1, 2].map(at => rows.reduce((sum, r) => sum + number(r.cells[at]), 0)),
                    last: rows.map(r => r.cells[1].textContent).at(-1)};
        })"""
    )
    table = stats.counts(run)
    words = sum(sum(by.values()) for by in table["decide", "words.kept"].values())
    places: list[str] = []
    for figure in figures:
        assert figure["name"].strip()
        assert figure["caption"].strip()
        if not figure["id"]:  # the curve of sites: cumulative, so its last row is the sum
            assert int(figure["last"].replace(",", "")) == words
            continue
        place, _, name = figure["id"].rpartition("-")
        for state, summed in zip(("kept", "rejected"), figure["sums"], strict=True):
            by_tag = table["decide", f"histogram.{name}.{state}"]
            tags = by_tag if place == "rule" else [place]
            assert summed == sum(sum(by_tag.get(tag, {}).values()) for tag in tags)
        places.append(place)
    assert places.count("rule") == len(run.rules)
    assert all(places.count(tag) >= 6 for tag in many_pages.languages(LANGUAGES))
    unnamed = tab.page.locator("svg:not([role=img]):not([aria-hidden=true])")
    assert unnamed.count() == 0


def test_axe_finds_nothing(browser: Browser, address: str) -> None:
    for scheme in ("light", "dark"):
        with chromium.tab(browser, color_scheme=scheme, bypass_csp=True) as tab:
            tab.page.goto(address)
            assert axe(tab.page) == []
            tab.page.locator("details.language > summary").first.click()
            tab.page.locator("details.gates > summary").click()
            assert axe(tab.page) == []
    with chromium.tab(browser, bypass_csp=True) as tab:
        tab.page.goto(address)
        tab.page.emulate_media(media="print")
        assert axe(tab.page) == []


def test_axe_finds_nothing_where_each_language_has_its_page(
    browser: Browser, tmp_path: Path
) -> None:
    run = Run(many_pages.build(tmp_path / "many", 65, 4, 3))
    first = write_report(run)
    with chromium.tab(browser, bypass_csp=True, viewport={"width": 1280, "height": 800}) as tab:
        tab.page.goto(first.as_uri())
        assert axe(tab.page) == []
        tab.page.locator("table.languages").get_by_role("link", name="Maltese").click()
        expect(tab.page.get_by_role("heading", level=1)).to_contain_text("Maltese")
        assert axe(tab.page) == []
        tab.page.get_by_role("link", name="The whole run").click()
        expect(tab.page.get_by_role("heading", level=1)).to_contain_text("sample")
        assert tab.complaints == []
        assert tab.foreign == []


def test_printed_chapters_are_open(browser: Browser, address: str) -> None:
    with chromium.tab(browser) as tab:
        tab.page.goto(address)
        excerpt = tab.page.locator("details.language article").first
        expect(excerpt).to_be_hidden()
        tab.page.emulate_media(media="print")
        height = excerpt.evaluate("e => e.getBoundingClientRect().height")
        assert height > 10
        assert excerpt.evaluate("e => e.checkVisibility()")


def test_sorting_and_filtering(tab: Tab, address: str) -> None:
    tab.page.goto(address)
    table = tab.page.locator("table.languages")
    rows = table.locator("tbody tr")
    order = rows.locator("th").all_inner_texts()
    table.get_by_role("button", name="Language").click()
    assert rows.locator("th").all_inner_texts() == sorted(order, key=str.lower)
    expect(table.locator("thead th").first).to_have_attribute("aria-sort", "ascending")
    table.get_by_role("button", name="Read").click()
    read = [
        int(text.replace(",", "")) for text in rows.locator("td:nth-child(3)").all_inner_texts()
    ]
    assert read == sorted(read, reverse=True)
    box = tab.page.get_by_label("Filter languages")
    box.fill("FINN")
    assert table.locator("tbody tr:visible").count() == 1
    expect(tab.page.get_by_role("status")).to_have_text(f"1 of {len(order)}")
    box.fill("suomi")
    assert table.locator("tbody tr:visible").count() == 1
    box.fill("")
    assert table.locator("tbody tr:visible").count() == len(order)
    expect(table.locator("tfoot tr").last).to_be_visible()


def test_a_link_opens_the_chapter_that_it_leads_to(tab: Tab, address: str) -> None:
    tab.page.goto(address)
    tab.page.locator("table.languages tbody a").first.click()
    chapter = tab.page.locator(f"details.language:has(#lang-{TAG})")
    opened = tab.page.locator("details.language[open]")
    assert opened.count() == 1
    expect(opened.locator(".opened")).to_be_in_viewport()
    tab.page.goto(f"{address}#{TAG}-kept")
    expect(chapter).to_have_attribute("open", "")
    expect(tab.page.locator(f"#{TAG}-kept")).to_be_in_viewport()
