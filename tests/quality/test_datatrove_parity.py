"""Our rules against datatrove's filters, over real pages: who keeps what the other rejects.

Segmentation is made equal, so that what is compared is the definition of each value and the
comparison with the threshold: datatrove is given our segmenter's words and sentences, a text of our
lines and paragraphs (stripped, one or two line ends between), what ends a sentence here, and stop
words in every case. Each disagreement is written to build/, with the values of ours that failed and
datatrove's reason; ids and numbers only.

One real page in four; all of them in `make thorough`.
"""

import hashlib
import io
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest
from datatrove.data import Document
from datatrove.pipeline import filters as peers
from datatrove.pipeline.filters import c4_filters
from datatrove.pipeline.filters.base_filter import get_filter_result
from fastwarc.warc import ArchiveIterator
from ruamel.yaml import YAML

from filters import rules
from filters.catalog import measure_all
from filters.datatrove_filters import Segmenter, sentence_ends
from filters.text import TextView
from pipeline import config
from tests.data.extracting import extract
from tests.integration.runs import rows
from tests.thorough import share, some

ROOT = Path(__file__).parents[2]
ARCHIVE = ROOT.parent / "shared" / "data" / "bulk_dev.warc.gz"
FLOORS = YAML(typ="safe").load((ROOT / "tests" / "quality" / "floors.yaml").read_text())
PARITY = FLOORS["datatrove_parity"]


def _bounds(**limits: tuple[float | None, float | None]) -> dict[str, rules.Bound]:
    return {name: rules.Bound(name, low, high) for name, (low, high) in limits.items()}


# datatrove's defaults, as our rules write them.
OURS: dict[str, dict[str, rules.Bound]] = {
    "GopherRepetitionFilter": _bounds(
        duplicate_paragraph_fraction=(None, 0.3),
        duplicate_paragraph_character_fraction=(None, 0.2),
        duplicate_line_fraction=(None, 0.3),
        duplicate_line_character_fraction=(None, 0.2),
        top_2_gram_character_fraction=(None, 0.2),
        top_3_gram_character_fraction=(None, 0.18),
        top_4_gram_character_fraction=(None, 0.16),
        duplicate_5_gram_character_fraction=(None, 0.15),
        duplicate_6_gram_character_fraction=(None, 0.14),
        duplicate_7_gram_character_fraction=(None, 0.13),
        duplicate_8_gram_character_fraction=(None, 0.12),
        duplicate_9_gram_character_fraction=(None, 0.11),
        duplicate_10_gram_character_fraction=(None, 0.10),
    ),
    "GopherQualityFilter": _bounds(
        word_count=(50, 100_000),
        mean_word_length=(3, 10),
        hash_to_word_ratio=(None, 0.1),
        ellipsis_to_word_ratio=(None, 0.1),
        bullet_line_fraction=(None, 0.9),
        ellipsis_line_fraction=(None, 0.3),
        alphabetic_word_fraction=(0.8, None),
        distinct_stop_word_count=(2, None),
    ),
    "C4QualityFilter": _bounds(clean_sentence_count=(5, None)),
    "FineWebQualityFilter": _bounds(
        terminal_punctuation_line_fraction=(0.12, None),
        short_line_fraction=(None, 0.67),
        duplicate_line_character_fraction=(None, 0.01),
        newline_to_word_ratio=(None, 0.3),
    ),
}


_ENDING = 4  # a sentence terminal and the three closing marks that are looked through


class Page(NamedTuple):
    """A stored document."""

    doc_id: str
    tag: str
    text: str


class Comparison(NamedTuple):
    """How often both agree, by filter, and where they do not."""

    documents: int
    agreement: dict[str, float]
    disagreements: list[dict[str, Any]]


class _Sentences(Segmenter):
    """What stands after a text's last sentence end belongs to that sentence, as we count."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        spans = super().span_tokenize(text)
        if len(spans) > 1 and spans[-1][0] == sentence_ends(TextView(text))[-1]:
            spans[-2:] = [(spans[-2][0], spans[-1][1])]
        return spans


def _evened(text: str) -> str:
    """The text as its lines and paragraphs are here: stripped, and none of them blank."""
    view = TextView(text)
    lines = [view.text[a:b] for a, b in zip(view.line_starts, view.line_ends, strict=True)]
    breaks = ["\n" * (1 + int(step)) for step in np.diff(view.line_paragraphs)]
    return "".join(itertools.chain(*zip(lines, [*breaks, ""], strict=False)))


def _endings(view: TextView) -> tuple[str, ...]:
    """The last four characters of each line that ends a sentence here: enough to tell it."""
    ends = view.line_ends[view.line_ends_sentence].tolist()
    starts = view.line_starts[view.line_ends_sentence].tolist()
    found = {view.text[max(a, b - _ENDING) : b] for a, b in zip(starts, ends, strict=True)}
    return tuple(sorted(found)) or (".",)


def _keeps(peer: Any, text: str) -> tuple[bool, str | None]:
    result, reason = get_filter_result(peer.filter(Document(text=text, id="id")))
    return bool(result), reason


def compare(pages: Iterable[Page], settings: config.Run) -> Comparison:
    """Every page through every filter and through our rules of the same thresholds.

    Stop words are the pack's; without any, neither side looks for them.
    """
    segmenter = _Sentences()
    compiled = {
        name: rules.compile_rules(list(bounds), {"base": bounds}) for name, bounds in OURS.items()
    }
    repetition = peers.GopherRepetitionFilter(language=segmenter)
    clean = peers.C4QualityFilter(language=segmenter)
    agreed = dict.fromkeys(OURS, 0)
    count, disagreements = 0, []
    for page in pages:
        count += 1
        lexicon = settings.lexicon(page.tag)
        words = lexicon.stop_words
        view = TextView(_evened(page.text), lexicon)
        values = measure_all(view)
        endings = _endings(view)
        theirs = {
            "GopherRepetitionFilter": repetition,
            "GopherQualityFilter": peers.GopherQualityFilter(
                language=segmenter,
                stop_words=[case(w) for w in words for case in (str, str.capitalize, str.upper)],
                min_stop_words=2 if words else None,
            ),
            "C4QualityFilter": clean,
            "FineWebQualityFilter": peers.FineWebQualityFilter(
                language=segmenter, stop_chars=endings
            ),
        }
        for name, ruleset in compiled.items():
            measured = np.array([[values[rule] for rule in ruleset.rules]], dtype=np.float64)
            masks, _ = rules.judge(ruleset, measured, np.zeros(1, np.int64))
            failed = [rule for bit, rule in enumerate(ruleset.rules) if int(masks[0]) >> bit & 1]
            # What ends a line of C4 is no parameter, but a constant of its module.
            with mock.patch.object(c4_filters, "END_PUNCTUATION", (*endings, '"', "'")):
                keeps, reason = _keeps(theirs[name], view.text)
            if keeps == (not failed):
                agreed[name] += 1
            else:
                disagreements.append(
                    {
                        "doc_id": page.doc_id,
                        "tag": page.tag,
                        "filter": name,
                        "datatrove": reason or "keep",
                        "failed": {rule: values[rule] for rule in failed},
                        "words": view.word_count,
                        "characters": len(view.text),
                    }
                )
    return Comparison(count, {n: agreed[n] / max(1, count) for n in OURS}, disagreements)


def _pages(run: Path) -> list[Page]:
    found = rows(run, "documents", "doc_id", "tag", "text")
    return [Page(str(row["doc_id"]), str(row["tag"]), str(row["text"])) for row in found]


def _check(what: str, found: Comparison) -> None:
    path = ROOT / "build" / f"datatrove_parity_{what}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found._asdict(), indent=1) + "\n", encoding="utf-8")
    for name, floor in PARITY[what]["agreement"].items():
        assert found.agreement[name] >= floor, f"{name}: {found.agreement[name]:.5f}; see {path}"
    assert set(PARITY[what]["agreement"]) == set(OURS)


@pytest.mark.skipif(not ARCHIVE.exists(), reason=f"no real pages at {ARCHIVE}")
def test_rules_agree_with_datatrove_on_every_real_page(tmp_path: Path) -> None:
    digest = hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()
    assert digest == PARITY["bulk"]["data_sha256"], "measure anew: the data changed"
    chosen = tmp_path / ARCHIVE.name
    chosen.write_bytes(b"".join(some(_members(), 4)))
    extracted = extract(tmp_path / "run", [chosen], ["rights.policy=none"])
    pages = [Page(row["doc_id"], row["tag"], row["text"]) for row in extracted.rows("documents")]
    assert len(pages) > share(2400, 4)
    _check("bulk", compare(pages, config.load("europe").run))


def _members() -> list[bytes]:
    data = ARCHIVE.read_bytes()
    starts = [r.stream_pos for r in ArchiveIterator(io.BytesIO(data), parse_http=False)]
    return [data[a:b] for a, b in itertools.pairwise([*starts, len(data)])]


def test_rules_agree_with_datatrove_on_our_own_pages(sample_run: Path) -> None:
    pages = _pages(sample_run)
    assert len(pages) > 400
    _check("samples", compare(pages, config.load("europe").run))


def test_a_disagreement_is_seen() -> None:
    """The comparison itself: an empty text, which datatrove rejects, and no rule of ours does."""
    found = compare([Page("0" * 32, "deu_Latn", "")], config.load("europe").run)
    assert found.agreement["GopherRepetitionFilter"] == 0.0
    assert {"filter": "GopherRepetitionFilter", "datatrove": "empty", "failed": {}}.items() <= (
        found.disagreements[0].items()
    )
