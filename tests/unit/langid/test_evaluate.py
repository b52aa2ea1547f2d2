"""Evaluation: counts on cases worked out by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from langid import evaluate as measured
from langid.evaluate import (
    Example,
    bcms_f1,
    by_length,
    calibration,
    check_gate,
    flows,
    is_noise,
    join,
    languages,
    macro_f1,
    main,
    reference_tag,
    score,
    table,
)
from langid.identify import Identification, identify
from langid.models import Identifier
from langid.page import page

FINNISH = "Lumi eristää jäätä pakkaselta, joten väyliä on jouduttu auraamaan yötä myöten."
GERMAN = "Der Eimer entsteht in einer kleinen Werkstatt, in der jedes Brett gehobelt wird."
SWAHILI = "Theluji huilinda barafu dhidi ya baridi, kwa hiyo barabara ilisafishwa usiku kucha. "


def found(tag: str, value: float = 0.9) -> Identification:
    """An identification that says little but the tag."""
    nothing = identify("", [])
    return replace(nothing, tag=tag, score=value)


def examples(*tags: str, source: str = "own", text: str = FINNISH) -> list[Example]:
    return [Example(text, tag, source) for tag in tags]


def test_score() -> None:
    rows = {row.label: row for row in score("aaabbc", "aabbbd")}
    assert (rows["a"].texts, rows["a"].predicted, rows["a"].correct) == (3, 2, 2)
    assert rows["a"].precision == 1.0
    assert rows["a"].recall == pytest.approx(2 / 3)
    assert rows["a"].f1 == pytest.approx(0.8)
    assert (rows["c"].precision, rows["c"].recall, rows["c"].f1) == (None, 0.0, 0.0)
    assert (rows["d"].precision, rows["d"].recall, rows["d"].f1) == (0.0, None, None)


def test_macro_f1_unites_what_a_macrolanguage_does() -> None:
    true, predicted = ["bos_Latn", "hrv_Latn", "fin_Latn"], ["hrv_Latn", "srp_Cyrl", "fin_Latn"]
    assert macro_f1(true, predicted, merged=True) == 1.0
    assert macro_f1(true, predicted, merged=False) == pytest.approx(1 / 3)


def test_bcms_f1_looks_at_texts_in_the_three_alone() -> None:
    true = ["bos_Latn", "bos_Latn", "hrv_Latn", "srp_Cyrl", "fin_Latn"]
    predicted = ["bos_Latn", "hrv_Latn", "hrv_Latn", "srp_Latn", "bos_Latn"]
    assert bcms_f1(true, predicted) == pytest.approx((2 / 3 + 2 / 3 + 1.0) / 3)


def test_the_table_has_a_line_for_each_source_of_europe() -> None:
    texts = [*examples("fin_Latn", "deu_Latn"), *examples("swh_Latn", source="x-non-european")]
    numbers = table(texts, [found("fin_Latn"), found("nld_Latn"), found("fin_Latn")])
    assert numbers == {
        "own: macro-F1, merged": pytest.approx(0.5),
        "own: macro-F1, strict": pytest.approx(0.5),
    }


def test_flows_are_the_confusions_most_frequent_first() -> None:
    texts = examples("nob_Latn", "nob_Latn", "fin_Latn", "swe_Latn")
    said = [found("dan_Latn"), found("dan_Latn"), found("fin_Latn"), found("nob_Latn")]
    assert flows(texts, said) == [("nob_Latn", "dan_Latn", 2), ("swe_Latn", "nob_Latn", 1)]


def test_by_length_counts_a_mate_as_its_group() -> None:
    texts = [
        *examples("nob_Latn", text="x" * 39),
        *examples("nob_Latn", text="x" * 320),
        *examples("swh_Latn", text="x" * 500),  # not European: not counted
    ]
    rows = by_length(texts, [found("dan_Latn"), found("nob_Latn"), found("swh_Latn")])
    assert rows == {
        "0 to 39": {"texts": 1, "tag": 0.0, "group": 1.0},
        "320 and more": {"texts": 1, "tag": 1.0, "group": 1.0},
    }


def test_the_calibration_error_is_the_gap_by_bin() -> None:
    texts = examples("fin_Latn", "fin_Latn", "fin_Latn", "fin_Latn", "swh_Latn", "fin_Latn")
    said = [
        *(found("fin_Latn", 0.95), found("swe_Latn", 0.95)),  # half right: a gap of .45
        *(found("fin_Latn", 0.25), found("fin_Latn", 0.25)),  # both right: a gap of .75
        *(found("swh_Latn", 0.5), found("zxx_Zyyy", 0.0)),  # neither counts
    ]
    made = calibration(texts, said)
    assert made["error"] == pytest.approx((0.45 + 0.75) / 2)
    assert made["curve"] == [(0.25, 1.0, 2), (0.95, 0.5, 2)]


def test_languages_names_what_a_language_is_mistaken_for() -> None:
    texts = [
        *examples("nob_Latn", "nob_Latn", "nob_Latn", "fin_Latn"),
        *examples("nob_Latn", source="lingua-word-pairs"),
    ]
    said = [found(tag) for tag in ("nob_Latn", "dan_Latn", "dan_Latn", "nob_Latn", "fin_Latn")]
    rows = languages(texts, said)
    assert rows.keys() == {"nob_Latn", "fin_Latn"}
    assert rows["nob_Latn"]["mistaken_for"] == "dan_Latn"
    assert (rows["nob_Latn"]["texts"], rows["nob_Latn"]["correct"]) == (3, 1)
    assert rows["nob_Latn"]["false_positive_rate"] == 1.0  # the one text in another language
    assert rows["nob_Latn"]["sources"] == {"own": pytest.approx(0.4)}
    assert rows["fin_Latn"]["mistaken_for"] == "nob_Latn"


def test_check_gate_counts_long_texts_by_where_they_are_from(models: Sequence[Identifier]) -> None:
    texts = [
        *examples("fin_Latn", text=FINNISH * 4),
        *examples("fin_Latn", text=SWAHILI * 4),  # labelled wrongly
        *examples("swh_Latn", text=SWAHILI * 4),
        *examples("fin_Latn", text=FINNISH),  # too short
    ]
    assert check_gate(texts, models) == {
        "european": 2,
        "european_rejected": 1,
        "rejected_fin_Latn": 1,
        "other": 1,
        "other_rejected": 1,
    }


@pytest.mark.parametrize(
    ("tag", "noise"),
    [("zxx_Zyyy", True), ("und_Zyyy", True), ("und_Vaii", False), ("fin_Latn", False)],
)
def test_is_noise(tag: str, noise: bool) -> None:
    assert is_noise(found(tag)) is noise


@pytest.mark.parametrize(
    ("code", "text", "tag"),
    [
        ("est", "tere", "ekk_Latn"),
        ("srp", "добро", "srp_Cyrl"),
        ("bos", "добро", "bos_Cyrl"),
        ("zho", "中文", "cmn_Hani"),
        ("swa", "habari", "swh_Latn"),
        ("deu", "12", "deu_Zyyy"),
    ],
)
def test_reference_tag(code: str, text: str, tag: str) -> None:
    assert reference_tag(code, text) == tag


def test_join_drops_what_is_left_over() -> None:
    texts = [Example(str(number), "fin_Latn", "x") for number in range(7)]
    joined = join(texts, 3)
    assert [len(e.text.split()) for e in joined] == [3, 3]
    assert len({part for e in joined for part in e.text.split()}) == 6
    assert {e.source for e in joined} == {"x, joined"}
    assert joined == join(texts, 3)


def test_an_example_does_not_show_its_text() -> None:
    assert FINNISH not in repr(examples("fin_Latn"))


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.parquet"
    rows = [
        {"text": text, "lang": lang, "script": "Latn", "source": source}
        for lang, text, source in (
            ("fin", FINNISH * 3, "own"),
            ("deu", GERMAN * 3, "own"),
            ("swa", SWAHILI * 3, "own-non-european"),
        )
        for _ in range(6)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_the_command_prints_one_json_document_that_makes_the_page(
    parquet: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "_NOISE", 60)
    assert main([str(parquet)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["table"]["own: macro-F1, strict"] == 1.0
    assert report["table"]["own, joined: macro-F1, strict"] == 1.0
    assert report["noise"]["real_text_called_noise"] == 0.0
    assert report["noise"]["found"] > 0.8
    assert report["gate"]["european"] == 14
    assert report["gate"]["outside, other_rejected"] == 6
    assert report["languages"]["fin_Latn"]["sources"] == {"own": 1.0, "own, joined": 1.0}
    lines = "\n".join(page([report]))
    assert "Of 14 European texts" in lines
    assert "| fin_Latn | Finnish |" in lines
