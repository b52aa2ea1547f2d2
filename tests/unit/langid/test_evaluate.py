"""Evaluation: counts on a case worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from langid.evaluate import Example, evaluate, join, main, reference_tag, score_tags
from langid.models import Identifier

FINNISH = "Lumi eristää jäätä pakkaselta, joten väyliä on jouduttu auraamaan yötä myöten."
GERMAN = "Der Eimer entsteht in einer kleinen Werkstatt, in der jedes Brett gehobelt wird."


def test_score_tags() -> None:
    rows = {row.tag: row for row in score_tags("aaabbc", "aabbbd")}
    assert (rows["a"].texts, rows["a"].predicted, rows["a"].correct) == (3, 2, 2)
    assert rows["a"].precision == 1.0
    assert rows["a"].recall == pytest.approx(2 / 3)
    assert rows["a"].f1 == pytest.approx(0.8)
    assert (rows["c"].precision, rows["c"].recall, rows["c"].f1) == (None, 0.0, 0.0)
    assert (rows["d"].precision, rows["d"].recall, rows["d"].f1) == (0.0, None, None)


def test_evaluate(models: Sequence[Identifier]) -> None:
    rows = evaluate([FINNISH, GERMAN, GERMAN], ["fin_Latn", "deu_Latn", "nld_Latn"], models)
    assert [(row.tag, row.correct) for row in rows] == [
        ("deu_Latn", 1),
        ("fin_Latn", 1),
        ("nld_Latn", 0),
    ]


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
    examples = [Example(str(number), "fin_Latn", "x") for number in range(7)]
    assert [e.text for e in join(examples, 3)] == ["0 1 2", "3 4 5"]


def test_the_command_prints_one_json_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labelled.parquet"
    rows = [
        {"text": text, "lang": lang, "script": "Latn", "source": "own"}
        for lang, text in (("fin", FINNISH), ("deu", GERMAN))
        for _ in range(6)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert main([str(path), "--fit"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sources"]["own"]["tag_right"] == 1.0
    assert report["sources"]["own, joined"]["texts"] == 2
    assert set(report["calibration"]["fit"]) == set(report["calibration"]["shipped"])
