"""Floors of the language packs: on what the build measured, and on our own pages.

`docs/calibration/results.csv` holds what `make eval-packs` measured on held-out texts of Debian
packages, which are not in the repository. Each row has the digest of the pack that it was measured
with: a pack that was changed since has no results, and fails here.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from audit.build_packs import KINDS, MIN_HELD_OUT, RESULTS
from audit.pack_quality import Judge, assess
from pipeline import config
from samples import pages

ROOT = Path(__file__).parents[2]
RUN = config.load("europe").run
PACKS = dict(config.language_packs())

PASSED = 0.9
REJECTED = 0.8
LANGUAGES = 60


def results() -> list[dict[str, str]]:
    with (ROOT / RESULTS).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


ROWS = results()


def reaches(row: dict[str, str]) -> bool:
    """Whether a language keeps nine tenths of its own and rejects four fifths of each negative."""
    shares = [float(row[kind]) for kind in KINDS if row[kind]]
    return float(row["passed"]) >= PASSED and min(shares) >= REJECTED


def test_at_least_sixty_languages_reach_both_floors() -> None:
    reached = [row["tag"] for row in ROWS if reaches(row)]
    assert len(reached) >= LANGUAGES, sorted(set(PACKS) - set(reached))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["tag"])
def test_results_are_of_the_packs_as_they_are(row: dict[str, str]) -> None:
    language = RUN.languages[row["tag"]]
    assert row["pack"] == config.digest(language.model_dump(mode="json"))[:16], "make eval-packs"
    note = PACKS[row["tag"]]["calibration"]
    assert row["trust"] == note["trust"]
    assert row["digest"] == note["digest"]
    assert int(row["held_out"]) >= MIN_HELD_OUT


def test_every_calibrated_pack_has_results_and_a_page() -> None:
    calibrated = {tag for tag, pack in PACKS.items() if "calibration" in pack}
    assert {row["tag"] for row in ROWS} == calibrated
    for tag in calibrated:
        for suffix in ("md", "svg"):
            assert (ROOT / "docs" / "calibration" / f"{tag}.{suffix}").is_file(), tag


@pytest.fixture(scope="module")
def own_pages() -> dict[str, list[str]]:
    """Our own pages by language: another register than manuals."""
    by_tag = defaultdict(list)
    for page in pages.load(pages.ROOT / "pages"):
        if page.tag in RUN.languages:
            by_tag[page.tag].append(pages.prose(page))
    return by_tag


def judge_of(tag: str) -> Judge:
    order, bounds = RUN.bounds()
    rules = {name: b for name, b in bounds[tag].items() if name != "language_confidence"}
    return Judge(tag, order, rules, RUN.lexicon(tag))


def test_our_own_pages_pass_their_packs(own_pages: dict[str, list[str]]) -> None:
    passed = total = 0
    for tag, texts in own_pages.items():
        passed += int((judge_of(tag).first_failed(texts) < 0).sum())
        total += len(texts)
    assert total > 200
    assert passed >= 0.97 * total


def test_negatives_of_our_own_pages_are_rejected(own_pages: dict[str, list[str]]) -> None:
    made: dict[str, list[float]] = defaultdict(list)
    for tag, texts in own_pages.items():
        found = assess(judge_of(tag), RUN.languages[tag].stop_words.words, texts, {})
        for kind, share in found.rejected.items():
            made[kind].append(share)
    for kind, shares in made.items():
        assert sum(shares) / len(shares) >= REJECTED, kind
