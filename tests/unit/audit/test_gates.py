"""Gates on the small run: 7 documents judged, 4 kept; 3 Finnish with 2 kept, 4 English with 2."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import gates
from audit.gates import FAILED, PASSED, SKIPPED, Gates, Verdict, check, psi
from audit.runs import Run
from audit.trace import url_key
from pipeline import cli
from stages.errors import ConfigError
from tests.unit.audit.conftest import A, B, D

SOURCE = "made up for this test"


def verdicts(run: Run, baseline: Run | None = None, **sections: Any) -> list[Verdict]:
    """What the gates say, without the books, which are always looked at."""
    books, *found = check(run, Gates.model_validate(sections), baseline)
    assert (books.gate, books.outcome) == ("books", PASSED)
    return found


def said(run: Run, **sections: Any) -> dict[str, str]:
    return {verdict.subject: verdict.outcome for verdict in verdicts(run, **sections)}


def test_no_section_no_gate(run: Run) -> None:
    assert verdicts(run) == []


def test_kept_documents(run: Run) -> None:
    def least(number: int) -> dict[str, Any]:
        return {"min": number, "source": SOURCE}

    languages = {"fi": least(2), "eng_Latn": least(3), "mlt_Latn": least(1)}
    assert said(run, kept_documents={"run": least(4), "languages": languages}) == {
        "run": PASSED,
        "fin_Latn": PASSED,
        "eng_Latn": FAILED,
        "mlt_Latn": FAILED,
    }
    assert said(run, kept_documents={"run": least(5)}) == {"run": FAILED}


@pytest.mark.parametrize(
    ("band", "outcome"),
    [
        ({"min": 0.5, "max": 0.5}, PASSED),
        ({"min": 0.51}, FAILED),
        ({"max": 0.49}, FAILED),
        ({"min": 0.5}, PASSED),
        ({"max": 0.5}, PASSED),
    ],
)
def test_keep_rate(run: Run, band: dict[str, float], outcome: str) -> None:
    own = {"eng": {**band, "source": SOURCE}, "fi": None}
    gate = {"from_documents": 4, "every_language": {"min": 0.9, "source": SOURCE}}
    assert said(run, keep_rate={**gate, "languages": own}) == {"eng_Latn": outcome}
    assert said(run, keep_rate=gate) == {"eng_Latn": FAILED, "fin_Latn": SKIPPED}


def test_a_rule_that_rejects_too_much(run: Run) -> None:
    gate = {"from_documents": 3, "max_rejected_fraction": 0.34, "source": SOURCE}
    assert said(run, rules=gate) == {"eng_Latn": PASSED, "fin_Latn": PASSED}
    strict = verdicts(run, rules={**gate, "max_rejected_fraction": 0.33})
    assert [v.outcome for v in strict] == [PASSED, FAILED]
    assert "word_count rejects 0.333 of 3" in strict[1].detail
    assert said(run, rules={**gate, "from_documents": 4}) == {
        "eng_Latn": PASSED,
        "fin_Latn": SKIPPED,
    }


def test_statistics_without_the_effect_of_rules_do_not_pass() -> None:
    table = {("decide", "documents.rejected"): {"fin_Latn": {"rule.word_count": 3}}}
    gate = gates.Rules(from_documents=1, max_rejected_fraction=0.9, source=SOURCE)
    (found,) = gates._rules(gate, table, {"fin_Latn": (0, 3)})
    assert found.outcome == FAILED


def test_drift(run: Run, folder: Path) -> None:
    gate = {"from_documents": 3, "max_psi": 0.25, "source": SOURCE}
    (without,) = verdicts(run, drift=gate)
    assert (without.subject, without.outcome) == ("run", SKIPPED)
    same = verdicts(run, run, drift=gate)
    assert {v.outcome for v in same} == {PASSED}
    assert {v.subject.split()[0] for v in same} == {"eng_Latn", "fin_Latn"}
    few = verdicts(run, run, drift={**gate, "from_documents": 4})
    assert [v.outcome for v in few if v.subject.startswith("fin_Latn")] == [SKIPPED]
    moved = _with_other_counts(folder)
    changed = [v for v in verdicts(Run(moved), run, drift=gate) if v.outcome == FAILED]
    assert [v.subject for v in changed] == ["fin_Latn word_count"]
    for most in (None, 99.0):
        own = {**gate, "signals": {"word_count": most}}
        assert {v.outcome for v in verdicts(Run(moved), run, drift=own)} == {PASSED}


def _with_other_counts(folder: Path) -> Path:
    """The run with the Finnish documents' numbers of words in one other bin."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    path = folder / "statistics" / "counts.parquet"
    table = pq.read_table(path, partitioning=None)
    rows = table.to_pylist()
    for row in rows:
        if row["language"] == "fin_Latn" and row["metric"].startswith("histogram.word_count."):
            row["label"] = "25"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    return folder


def test_pinned(run: Run) -> None:
    def pin(outcome: str, **name: Any) -> dict[str, Any]:
        return {**name, "outcome": outcome, "why": "a test page"}

    url = "https://e.example/fin_Latn"
    pages = [
        pin("keep", doc_id=A),
        pin("reject", doc_id=A),
        pin("reject", doc_id=B),
        pin("keep", doc_id=D),
        pin("keep", url=url),
        pin("reject", url_key=url_key(url, "weir")),
        pin("keep", doc_id="0" * 32),
        pin("keep", url_key="0" * 32, required=False),
    ]
    found = verdicts(run, pinned=pages)
    assert [v.outcome for v in found] == [
        *(PASSED, FAILED, PASSED, FAILED, PASSED, FAILED, FAILED, SKIPPED),
    ]
    assert "is rejected (dedup.near_duplicate), wanted keep" in found[3].detail
    assert "no such page" in found[6].detail
    assert url not in str(found), "a pinned address may be personal"


def test_a_page_that_never_became_a_document_is_rejected(run: Run) -> None:
    shard = run.shards[0]
    row = next(
        r
        for r in run.read(shard.records, ["doc_id", "reason"]).to_pylist()
        if r["reason"] == "gate.status"
    )
    (found,) = verdicts(
        run, pinned=[{"doc_id": row["doc_id"], "outcome": "reject", "why": "an error page"}]
    )
    assert (found.outcome, "gate.status" in found.detail) == (PASSED, True)


counts = st.dictionaries(st.sampled_from("0123456789"), st.integers(0, 1000), max_size=10)


@given(counts, counts)
def test_the_index_is_symmetric_and_never_negative(
    before: dict[str, int], after: dict[str, int]
) -> None:
    assert psi(before, after) >= 0
    assert math.isclose(psi(before, after), psi(after, before), abs_tol=1e-12)
    assert math.isclose(psi(before, before), 0, abs_tol=1e-12)


def test_the_index_of_a_known_pair() -> None:
    """(.5 - .2) ln(.5 / .2) + (.5 - .8) ln(.5 / .8) = .4159, less what half a document changes."""
    expected = 0.3 * math.log(2.5) - 0.3 * math.log(0.625)
    found = psi({"1": 20_000, "2": 80_000}, {"1": 50_000, "2": 50_000})
    assert found == pytest.approx(expected, abs=1e-4)
    assert found == pytest.approx(0.4159, abs=1e-3)


def test_the_shipped_gates_load_and_every_bound_has_a_source() -> None:
    path, shipped = gates.load(None)
    assert path.name == "gates.yaml"
    for name in ("kept_documents", "keep_rate", "rules", "drift"):
        assert getattr(shipped, name) is not None, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("keep_rat: {}", "keep_rat: Extra inputs"),
        ("- 1", "the file: "),
        ("keep_rate: {from_documents: 1, every_language: {min: 29, source: percentages}}", "min: "),
        (
            (
                "keep_rate: {from_documents: 1, every_language: "
                "{min: 0.9, max: 0.1, source: 'a source of its own'}}"
            ),
            "min 0.9 is above max 0.1",
        ),
        (
            "keep_rate: {from_documents: 1, every_language: null, languages: {Klingon: null}}",
            "keep_rate.languages: .*Klingon",
        ),
        ("keep_rate: {from_documents: 1, every_language: {min: 0.1}}", "source: Field required"),
        (
            (
                "drift: {from_documents: 1, max_psi: 1, source: 'somewhere else', "
                "signals: {word_cuont: 1}}"
            ),
            "did you mean word_count",
        ),
        ("pinned: [{outcome: keep, why: none}]", "by one of doc_id, url_key and url"),
        ("pinned: [{doc_id: xyz, outcome: keep, why: none}]", "pinned.0.doc_id"),
        ("pinned: [{url: x, outcome: kept, why: none}]", "pinned.0.outcome"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gates.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        gates.load(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        gates.load(tmp_path / "gates.yaml")


def test_junit(run: Run) -> None:
    found = [
        Verdict("keep_rate", "fin_Latn", FAILED, 'said <b> & "q" \x1b[31m'),
        Verdict("keep_rate", "mlt_Latn", SKIPPED, "3 documents"),
        Verdict("books", "run", PASSED, "they balance"),
    ]
    root = ET.fromstring(gates.junit(run, found))  # noqa: S314 - written above
    (suite,) = root
    assert {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "3", "failures": "1", "skipped": "1", "errors": "0",
    }  # fmt: skip
    failed, skipped, passed = suite
    assert (failed.get("classname"), failed.get("name")) == ("weir.gates.keep_rate", "fin_Latn")
    assert failed.find("failure").get("message") == 'said <b> & "q" ␛[31m'  # type: ignore[union-attr]
    assert skipped.find("skipped") is not None
    assert next(iter(passed)).tag == "system-out"


def test_the_command_line(
    pristine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["gates", str(pristine), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is True
    path = tmp_path / "gates.yaml"
    path.write_text(f"pinned: [{{doc_id: {B}, outcome: keep, why: a good page}}]", "utf-8")
    junit = tmp_path / "junit.xml"
    words = ["gates", str(pristine), "--gates", str(path), "--junit", str(junit)]
    assert cli.main([*words, "--baseline", str(pristine)]) == 3
    shown = capsys.readouterr().out
    assert "FAIL  pinned" in shown
    assert "1 failed, 1 passed, 0 skipped" in shown
    assert 'failures="1"' in junit.read_text("utf-8")
    path.write_text("pinned: 3", "utf-8")
    assert cli.main(words) == 2
    assert cli.main(["gates", str(tmp_path)]) == 2
    capsys.readouterr()


def test_a_run_whose_books_do_not_balance_fails(folder: Path, rewrite: Callable[..., None]) -> None:
    rewrite(
        folder,
        "statistics/counts.parquet",
        lambda rows: next(r for r in rows if r["metric"] == "documents.kept").update(count=99),
        signed=False,
    )
    books = check(Run(folder), Gates())[0]
    assert (books.gate, books.outcome) == ("books", FAILED)
