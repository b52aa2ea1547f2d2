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

from audit.report import FOLDER, ONE_FILE, Options, write_report
from audit.runs import Run
from audit.stats import counts, labels
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit import many_pages
from tests.unit.audit.conftest import A, C, built, relaxed

VOID = {"meta", "br", "rect", "path", "circle"}
PHRASING = {"p", "span", "h1", "h2", "h3", "h4", "h5", "a", "code", "bdi", "strong", "caption"}
BLOCKS = {"p", "div", "table", "ul", "section", "article", "details", "figure", "dl", "pre", "h3"}
MAX_BYTES = 5_000_000
MAX_BARE_BYTES = 400_000
MAX_SCRIPT_BYTES = 10_000


COUNTS = "../statistics/counts.csv"


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


def test_nothing_is_loaded_and_only_our_script_runs(page: str, outline: Outline) -> None:
    assert not outline.tags & {"link", "img", "iframe", "object", "embed", "form", "base"}
    assert not outline.attributes & {"src", "srcset", "style", "action", "background"}
    assert not any(name.startswith("on") for name in outline.attributes)
    assert all(link.startswith("#") or link == COUNTS for link in outline.links)
    assert not re.search(r"url\(|@import", page)
    assert page.count("<script") == 1


def test_policy_names_the_style_sheet_and_the_script(page: str) -> None:
    for tag in ("style", "script"):
        text = page[page.index(f"<{tag}>") + len(tag) + 2 : page.index(f"</{tag}>")]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page
    assert len(text.encode()) < MAX_SCRIPT_BYTES
    assert "default-src 'none'" in page


def test_hostile_text_is_shown_and_does_nothing(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(2)&gt;" in page
    assert "&lt;/title&gt;&lt;script&gt;" in page
    assert "␛[31mred" in page
    assert "⟨U+202E⟩" in page
    acting = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x1B, 7, 0x9B)}
    assert not acting & set(page)
    assert "c.example" in page
    assert "https://c.example" not in page


def test_crawl_text_is_isolated_and_has_its_language(page: str) -> None:
    assert '<p class="text" dir="auto" lang="fi-Latn">Ensimmäinen sivu.' in page
    assert '<bdi lang="fi-Latn">Page A</bdi>' in page


def test_links_lead_somewhere(outline: Outline) -> None:
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links if link[0] == "#"} <= set(outline.ids)


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
    assert "Of 3 pages in Finnish, 2 were kept (66.7% of the pages, 95.2% of the words)" in text
    assert "1 lost: 1 to rule.word_count (under 50 or over 100,000 words)" in text
    assert "word count 10, at least 50 wanted" in text
    assert "weir verify small" in text
    assert "1 min 30 s" in text
    assert A in text
    assert C in text


def test_large_clusters_and_crowds_are_named(page: str) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="duplicates"') :]))
    assert f"{C} 2" in text
    assert "2 bands were shared by more texts" in text
    assert "1,200 pairs were left out" in text


def test_every_rule_has_a_histogram_and_languages_have_theirs(page: str, run: Run) -> None:
    assert all(f'id="rule-{name}"' in page for name in run.rules)
    assert 'id="fin_Latn-word_count"' in page
    assert 'id="eng_Latn-word_count"' not in page


def test_tables_of_histograms_sum_to_the_counts(page: str, run: Run) -> None:
    table = counts(run)
    for name in run.rules:
        figure = page[page.index(f'<figure id="rule-{name}"') :]
        figure = figure[: figure.index("</figure>")]
        cells = re.findall(r'<td class="num">([\d,]+)</td>', figure)
        numbers = [int(cell.replace(",", "")) for cell in cells]
        for at, state in enumerate(("kept", "rejected")):
            *rows, total = numbers[at::2]
            assert sum(rows) == total
            assert total == sum(labels(table, "decide", f"histogram.{name}.{state}").values())


def test_same_run_same_page(page: str, pristine: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(pristine, tmp_path / "small")
    assert write_report(Run(copy)).read_text(encoding="utf-8") == page
    other = write_report(Run(copy), Options(seed=5)).read_text(encoding="utf-8")
    assert "the seed 5" in other


def test_the_folder_one_works_in_does_not_matter(
    page: str, pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pristine, tmp_path / "small")
    monkeypatch.chdir(tmp_path)
    assert write_report(Run("small")).read_text(encoding="utf-8") == page
    monkeypatch.chdir(tmp_path / "small" / "report")
    assert write_report(Run("..")).read_text(encoding="utf-8") == page


def test_books_that_do_not_balance_get_no_report(folder: Path) -> None:
    path = folder / "statistics" / "counts.parquet"
    table = pq.read_table(path)
    rows = [row for row in table.to_pylist() if row["label"] != "rule.word_count"]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    with pytest.raises(IntegrityError, match="do not balance"):
        write_report(Run(folder))
    assert not (folder / "report").exists()


def test_the_name_of_a_folder_acts_on_nothing(folder: Path) -> None:
    odd = folder.with_name("run\u202e\x1b[2J<b>")
    folder.rename(odd)
    text = write_report(Run(odd)).read_text(encoding="utf-8")
    assert "run⟨U+202E⟩␛[2J&lt;b&gt;" in text
    assert not {"\u202e", "\x1b"} & set(text)


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
    whole, _, chapter = text.partition('id="pages"')
    assert "under 50 or over 100,000 words, by default" in whole
    assert "under 30 or over 100,000 words" in chapter
    assert "by default" not in chapter


def test_without_samples_no_text_of_a_page_is_there(folder: Path) -> None:
    text = write_report(Run(folder), Options(samples="none")).read_text(encoding="utf-8")
    assert "Ensimmäinen sivu" not in text
    assert "<article" not in text
    assert "--samples none" in text


def test_only_the_chapters_asked_for(folder: Path) -> None:
    text = write_report(Run(folder), Options(languages=("Finnish",))).read_text(encoding="utf-8")
    assert 'id="lang-fin_Latn"' in text
    assert 'id="lang-eng_Latn"' not in text
    assert 'href="#lang-eng_Latn"' not in text
    assert "English" in text
    for name in ("mt", "jpn_Jpan"):
        with pytest.raises(ConfigError, match="language"):
            write_report(Run(folder), Options(languages=(name,)))


def test_a_report_elsewhere_has_no_link_to_the_counts(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere.html"
    assert write_report(Run(folder), Options(output=place)) == place
    assert COUNTS not in place.read_text(encoding="utf-8")


def test_against_itself_nothing_changed(folder: Path, pristine: Path) -> None:
    text = write_report(Run(folder), Options(baseline=Run(pristine))).read_text(encoding="utf-8")
    assert "No keep-rate and no rule’s share changed" in text
    assert '<td class="num">+0.0</td>' in text


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 languages with 200 pages each, which fail 16 rules."""
    return many_pages.build(tmp_path_factory.mktemp("many") / "large", 24, 200, 16)


def test_size_of_a_large_report(large: Path) -> None:
    path = write_report(Run(large))
    text = path.read_text(encoding="utf-8")
    assert text.count("<article") >= 24 * 40
    assert text.count('<figure id="') >= 24 * 16
    assert path.stat().st_size <= MAX_BYTES
    bare = write_report(Run(large), Options(samples="none", signals=0))
    assert bare.stat().st_size <= MAX_BARE_BYTES


def test_a_failed_gate_and_an_alarm_are_shown_first(tmp_path: Path) -> None:
    poor = [
        {
            "letter": f"poor {at}",
            "tag": "mlt_Latn",
            "text": "Qasira.",
            "words": 5,
            "reason": "rule.word_count",
        }
        for at in range(120)
    ]
    run = Run(built(tmp_path / "poor", relaxed(), [poor]))
    text = write_report(run).read_text(encoding="utf-8")
    verdict = text[: text.index('id="languages"')]
    assert '<details class="gates is-failed" open>' in verdict
    assert "2 gates failed" in verdict
    assert re.search(r"failed</td><th scope=\"row\">keep rate</th><td>mlt_Latn</td>", verdict)
    assert '<a href="#lang-mlt_Latn">Maltese</a>: word count rejects 120 of 120' in verdict
    row = text[text.index("<table data-sorts") :].partition("Maltese")[2].partition("</tr>")[0]
    assert "alarm" in row
    assert "keep rate, rules failed" in row


def test_ten_pages_of_what_most_was_lost_to(large: Path) -> None:
    text = write_report(Run(large)).read_text(encoding="utf-8")
    chapter = text[text.index('id="lang-mlt_Latn"') :]
    chapter = chapter[: chapter.index('id="mlt_Latn-kept"')]
    first, *_ = re.findall(r'<h4 id="mlt_Latn-rule\.(\w+)">.*?(\d+) of (\d+) pages', chapter)
    most = max(
        counts(Run(large))["decide", "documents.rejected"]["mlt_Latn"].items(),
        key=lambda item: item[1],
    )
    assert (f"rule.{first[0]}", int(first[2])) == most
    part = chapter[chapter.index(f'id="mlt_Latn-rule.{first[0]}"') :].partition("</section>")[0]
    assert part.count("<article") == int(first[1]) == 10
    assert part.count('class="why"') == 10


def test_many_languages_have_pages_of_their_own(tmp_path: Path) -> None:
    run = Run(many_pages.build(tmp_path / "many", ONE_FILE + 5, 4, 3))
    first = write_report(run)
    folder = first.parent / FOLDER
    assert len(list(folder.glob("*.html"))) >= ONE_FILE + 5
    outlines = {}
    for path in (first, folder / "mlt_Latn.html"):
        outlines[path] = Outline()
        outlines[path].feed(path.read_text(encoding="utf-8"))
        assert outlines[path].open == []
        assert outlines[path].headings.count(1) == 1
        for link in outlines[path].links:
            target, _, _ = link.partition("#")
            assert (path.parent / target).resolve().exists(), link
            assert "://" not in link
    assert 'id="lang-mlt_Latn"' not in first.read_text(encoding="utf-8")
    write_report(run, Options(languages=("Maltese",)))
    assert not folder.exists() or not list(folder.glob("*.html"))
