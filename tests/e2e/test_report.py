"""The report of the sample run: its numbers are the counts, and no planted value is in it."""

import csv
import html
import re
from collections import Counter
from pathlib import Path

import pytest

from audit.report import Options, write_report
from audit.runs import Run
from langid.tags import BY_TAG
from samples import build, personal
from samples.pages import ROOT, load_flat


@pytest.fixture(scope="module")
def page(sample_run: Path) -> str:
    """The report as it is written by default."""
    return write_report(Run(sample_run)).read_text(encoding="utf-8")


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def _planted() -> set[str]:
    """Every value that the sample's pages hold as personal data, as it stands in the page."""
    values = set()
    for source in load_flat(ROOT / "special" / "personal"):
        for block in source.blocks:
            for kind, value in personal.MARKER.findall(block.text):
                given = {"IBAN": personal.account, "CARD": personal.CARDS.__getitem__}
                values.add(given.get(kind, str)(value))
    return values


def test_no_planted_personal_data_is_shown(sample_run: Path, page: str) -> None:
    planted = _planted()
    assert len(planted) > 30
    everything = write_report(
        Run(sample_run),
        Options(output=sample_run.parent / "all.html", languages=("Finnish", "French")),
    )
    for text in (page, everything.read_text(encoding="utf-8")):
        squeezed = re.sub(r"[\s-]", "", _text(text))
        for value in planted:
            assert value not in text
            assert re.sub(r"[\s-]", "", value) not in squeezed
    assert "<EMAIL>" in _text(page)


def test_numbers_are_those_of_the_counts(sample_run: Path, page: str) -> None:
    sums: Counter[tuple[str, str, str]] = Counter()
    with (sample_run / "statistics" / "counts.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            sums[row["language"], row["metric"], row["label"]] += int(row["count"])

    def total(tag: str, metric: str) -> int:
        return sum(n for (of, name, _), n in sums.items() if (of, name) == (tag, metric))

    table = page[page.index("<table data-sorts") :]
    rows = re.findall(r'<tr[^>]*><th scope="row" class="lang">(.*?)</tr>', table, re.DOTALL)
    seen = 0
    for row in rows:
        tag = next(tag for tag in re.findall(r"\w{3}_\w{4}", row) if tag in BY_TAG)
        numbers = re.findall(r'<td class="num[^"]*">([^<]*)</td>', row)
        read, kept = total(tag, "documents.read"), total(tag, "documents.kept")
        lost = sum(total(tag, f"documents.{state}") for state in ("rejected", "quarantined"))
        assert read == kept + lost
        assert numbers[:3] == [f"{read:,}", f"{kept:,}", f"{100 * kept / read:.1f}%"]
        seen += 1
    assert seen == len({tag for tag, metric, _ in sums if metric == "documents.extracted"})


def test_one_reads_what_was_lost_to_which_rule_and_what_it_looked_like(page: str) -> None:
    """Issue 6: somebody who has never seen the project answers it from the report alone."""
    truth = [row for row in build.truth() if row["tag"] == "mlt_Latn"]
    lost = [row for row in truth if row["outcome"] == "reject"]
    (copy,) = lost
    chapter = page[page.index('id="lang-mlt_Latn"') :]
    chapter = chapter[: chapter.index('<details class="language"')]
    text = _text(chapter)
    assert f"Of {len(truth)} pages in Maltese, {len(truth) - 1} were kept" in text
    assert f"and 1 lost: 1 to {copy['reason']}" in text
    assert f"Lost to {copy['reason']} 1 of 1 page" in text
    assert chapter.count('<article class="excerpt copy">') == 1
    assert chapter.count("<article") == len(truth)


def test_same_run_same_bytes(sample_run: Path, page: str) -> None:
    again = write_report(Run(sample_run), Options(seed=1))
    assert again.read_text(encoding="utf-8") == page
