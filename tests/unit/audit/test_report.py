import base64
import hashlib
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit import report
from audit.report import write_report
from audit.runs import Run
from stages.errors import IntegrityError
from tests.unit.audit.conftest import A, C

VOID = {"meta", "br", "rect", "line", "path"}
PHRASING = {"p", "span", "h1", "h2", "h3", "h4", "h5", "a", "code", "bdi", "strong", "caption"}
BLOCKS = {"p", "div", "table", "ul", "section", "article", "details", "figure", "dl", "pre", "h3"}
MAX_BYTES = 3_000_000


class Outline(HTMLParser):
    """Checks nesting, and collects what a reader's browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.headings: list[int] = []
        self.unlabelled = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            assert not PHRASING & set(self.open), (tag, self.open, self.getpos())
        self.tags.add(tag)
        given = dict(attrs)
        self.attributes |= set(given)
        self.ids += [given["id"]] if given.get("id") else []
        self.links += [given["href"]] if given.get("href") else []
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "th":
            self.unlabelled += 0 if given.get("scope") else 1
        if tag == "svg":
            self.unlabelled += 0 if given.keys() & {"aria-label", "aria-hidden"} else 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open, self.getpos()
        assert self.open.pop() == tag, self.getpos()


@pytest.fixture(scope="module")
def page(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = shutil.copytree(pristine, tmp_path_factory.mktemp("report") / "small")
    path = write_report(Run(copy))
    assert path == copy / "report" / "index.html"
    assert path.stat().st_mode & 0o777 == 0o644
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


def test_nesting_is_sound(outline: Outline) -> None:
    assert outline.open == []


def test_nothing_is_loaded_and_nothing_runs(page: str, outline: Outline) -> None:
    assert not outline.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not outline.attributes & {"src", "srcset", "style", "action", "background"}
    assert not any(name.startswith("on") for name in outline.attributes)
    assert all(link.startswith("#") for link in outline.links)
    assert not re.search(r"url\(|@import", page)
    assert len(page.encode()) < MAX_BYTES


def test_policy_names_the_style_sheet(page: str) -> None:
    style = page[page.index("<style>") + 7 : page.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_hostile_text_is_shown_and_does_nothing(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt;" in page
    assert "&lt;/title&gt;&lt;script&gt;" in page
    assert "␛[31mred" in page
    assert "⟨U+202E⟩" in page
    acting = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 7, 0x9B)}
    assert not acting & set(page)
    assert "https://c.example/&lt;EMAIL&gt;" in page


def test_crawl_text_is_isolated_and_has_its_language(page: str) -> None:
    assert '<p class="text" dir="auto" lang="fi-Latn">Ensimmäinen sivu.' in page
    assert '<bdi lang="fi-Latn">Page A</bdi>' in page


def test_links_lead_somewhere(outline: Outline) -> None:
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links} <= set(outline.ids)


def test_headings_cells_and_figures_are_labelled(outline: Outline) -> None:
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert outline.unlabelled == 0


def test_numbers_of_the_run(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("</style>") :]))
    assert "36.4% of 11 pages kept: 4 documents" in text
    assert "11 read = 4 kept + 6 rejected + 1 quarantined" in text
    assert "Of 1 candidate pairs, 1 were verified" in text
    assert "weir verify small" in text
    assert "1 min 30 s" in text
    assert A in text
    assert C in text


def test_large_clusters_and_crowds_are_named(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="duplicates"') :]))
    assert f"{C} 2" in text
    assert "2 bands were shared by more texts" in text
    assert "1,200 pairs were left out" in text


def test_every_rule_has_a_histogram(page: str, run: Run) -> None:
    assert page.count('class="plot"') == len(run.rules)
    assert all(f'id="rule-{name}"' in page for name in run.rules)


def test_same_run_same_page(page: str, pristine: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(pristine, tmp_path / "small")
    assert write_report(Run(copy)).read_text(encoding="utf-8") == page
    other = write_report(Run(copy), seed=5).read_text(encoding="utf-8")
    assert "the seed 5" in other


def test_books_that_do_not_balance_get_no_report(folder: Path) -> None:
    path = folder / "statistics" / "counts.parquet"
    table = pq.read_table(path)
    rows = [row for row in table.to_pylist() if row["label"] != "rule.word_count"]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(IntegrityError, match="do not balance"):
        write_report(Run(folder))
    assert not (folder / "report").exists()


def test_problems_of_a_partial_run_are_shown(
    folder: Path, rewrite_book: Callable[..., None]
) -> None:
    rewrite_book(folder, problems=["extract 00002: <b>lost</b>.warc.gz\u202e: no such file"])
    text = write_report(Run(folder)).read_text(encoding="utf-8")
    assert "This run is not complete" in text
    assert "&lt;b&gt;lost&lt;/b&gt;.warc.gz⟨U+202E⟩" in text


def test_own_thresholds_are_noted(folder: Path, rewrite_book: Callable[..., None]) -> None:
    def relax(book: dict) -> None:
        book["config"]["languages"]["fin_Latn"]["rules"]["word_count"]["min"] = 30.0

    rewrite_book(folder, relax)
    text = write_report(Run(folder)).read_text(encoding="utf-8")
    assert "Own thresholds: Finnish at least 30, at most 100,000" in text


def test_contrast_of_text_and_figures() -> None:
    style = (Path(report.__file__).parent / "templates" / "tokens.css").read_text("utf-8")
    light = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", style.partition("@media")[0]))
    begin = style.index("@media (prefers-color-scheme: dark)")
    dark_part = style[begin : style.index("*, *::before")]
    dark = light | dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", dark_part))
    for theme in (light, dark):
        for name in ("ink", "muted", "strong", "link"):
            assert _contrast(theme[name], theme["paper"]) >= 4.5, name
            assert _contrast(theme[name], theme["panel"]) >= 4.5, name
        for name in ("kept", "copies", "rules", "rights", "unusable", "quarantined"):
            assert _contrast(theme[name], theme["paper"]) >= 3, name


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, 1.4.3."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0.0%"),
        (1, 10_000, "<0.1%"),
        (9_999, 10_000, ">99.9%"),
        (5, 10, "50.0%"),
        (1, 0, "–"),
    ],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert report.share(part, whole) == text


def test_words_around_numbers() -> None:
    assert report.of(1, "page") == "1 page"
    assert report.of(2600, "page") == "2,600 pages"
    assert report.duration(7325) == "2 h 2 min"
    assert report.duration(42.4) == "42 s"
    assert report.when("2026-01-01T00:00:00Z") == "2026-01-01 00:00:00 UTC"
