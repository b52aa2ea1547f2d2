"""What a stranger learns from the report alone: which rule took how many pages, and ten of them."""

from pathlib import Path

import lxml.html
import pytest

from audit.report import write_report
from audit.runs import Run
from samples import archive
from tests.data import maltese
from tests.integration.runs import configured, run_here


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], lxml.html.HtmlElement]:
    """What became of the Maltese pages by their making, and the report as parsed."""
    root = tmp_path_factory.mktemp("maltese")
    by_reason = maltese.build(root)
    paths = root / "crawl-data" / archive.SNAPSHOT / "warc.paths.gz"
    ended, _ = run_here(configured(paths), root / "run")
    assert ended.exit_code == 0, ended.problems
    path: Path = write_report(Run(root / "run"))
    return by_reason, lxml.html.fromstring(path.read_bytes())


def test_the_report_says_how_many_were_lost_to_which_rule(
    made: tuple[dict[str, int], lxml.html.HtmlElement],
) -> None:
    by_reason, page = made
    [answer] = page.xpath("//p[contains(@class, 'answer')][contains(., 'in Maltese')]")
    text = " ".join(answer.text_content().split())
    assert f"Of {sum(by_reason.values())} pages in Maltese, {by_reason['keep']} were kept" in text
    for reason in maltese.REASONS:
        assert f"{by_reason[reason]} to {reason} (" in text


@pytest.mark.parametrize("reason", maltese.REASONS)
def test_the_report_shows_ten_of_them(
    made: tuple[dict[str, int], lxml.html.HtmlElement], reason: str
) -> None:
    by_reason, page = made
    [heading] = page.xpath(f"//h4[@id='{maltese.TAG}-{reason}']")
    assert f"10 of {by_reason[reason]} pages" in heading.text_content()
    shown = heading.getnext().xpath(".//article")
    texts = [one.xpath(".//p[@lang='mt-Latn'][@dir='auto']")[0].text_content() for one in shown]
    assert len(texts) == 10
    assert len(set(texts)) == 10
    assert all(len(text.split()) > 5 for text in texts)
    signal = reason.removeprefix("rule.").replace("_", " ")
    assert all(signal in one.text_content() for one in shown)
