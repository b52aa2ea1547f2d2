"""A whole run with models, tokens and datatrove's filters; and its corpus in datatrove's hands."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from datatrove.data import Document
from datatrove.pipeline import filters as peers
from datatrove.pipeline.readers import ParquetReader

from audit import runs, sample, trace, tune, verify
from filters.datatrove_filters import Segmenter
from stages.errors import ConfigError
from tests.data.models import write_classifier, write_tokenizer
from tests.integration.runs import configured, rows, run_here, tasks_run

if TYPE_CHECKING:
    from tests.conftest import Small

PARAMETERS = {"min_doc_words": 120, "min_stop_words": None}
RULE = "rule.datatrove.long"


@pytest.fixture(scope="module")
def settings(small: "Small", tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = tmp_path_factory.mktemp("models")
    quality = write_classifier(folder / "q.ftz")
    tokens = write_tokenizer(folder / "t.json")
    return (
        *small.settings,
        f"languages.de.quality_model={{path: {folder}/q.ftz, sha256: {quality}, revision: '1'}}",
        f"tokens={{tokenizer: {folder}/t.json, sha256: {tokens}}}",
        f"datatrove.long={{filter: GopherQualityFilter, parameters: {json.dumps(PARAMETERS)}}}",
        "datatrove.c4.filter=C4QualityFilter",
        "language.rules.datatrove.c4=null",
    )


@pytest.fixture(scope="module")
def modelled(
    small: "Small", settings: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("modelled") / "run"
    ended, _ = run_here(configured(small.paths, settings), output)
    assert ended.exit_code == 0, ended.problems
    return output


def test_each_document_has_what_its_language_and_the_run_ask_for(modelled: Path) -> None:
    documents = rows(modelled, "documents", "tag", "text", "n_tokens")
    signals = rows(modelled, "signals", "tag", "quality_score", "perplexity", "filter_verdicts")
    assert {row["tag"] for row in signals if row["quality_score"] is not None} == {"deu_Latn"}
    assert all(0 <= float(str(r["quality_score"])) <= 1 for r in signals if r["tag"] == "deu_Latn")
    assert all(row["perplexity"] is None for row in signals)
    assert all(isinstance(row["n_tokens"], int) and row["n_tokens"] > 0 for row in documents)
    segmenter = Segmenter()
    long = peers.GopherQualityFilter(language=segmenter, **PARAMETERS)
    verdicts = [dict(row["filter_verdicts"]) for row in signals]  # type: ignore[call-overload]
    for document, verdict in zip(documents, verdicts, strict=True):
        found: Any = long.filter(Document(text=str(document["text"]), id="id"))
        assert verdict["long"] == float(found if isinstance(found, bool) else found[0])
    assert {verdict["long"] for verdict in verdicts} == {0.0, 1.0}
    assert {verdict["c4"] for verdict in verdicts} == {0.0, 1.0}


def test_a_verdict_rejects_under_its_rule_and_measured_alone_it_does_not(modelled: Path) -> None:
    decisions = rows(modelled, "decisions", "reason", "failed_rules")
    signals = rows(modelled, "signals", "filter_verdicts")
    book = json.loads((modelled / "run.json").read_text(encoding="utf-8"))
    bit = 1 << book["rules"].index("datatrove.long")
    for decision, row in zip(decisions, signals, strict=True):
        verdict = dict(row["filter_verdicts"])  # type: ignore[call-overload]
        assert bool(int(str(decision["failed_rules"])) & bit) == (verdict["long"] == 0.0)
    reasons = {row["reason"] for row in decisions}
    assert RULE in reasons
    assert "rule.datatrove.c4" not in reasons


def test_the_audit_reads_a_run_with_filters(modelled: Path) -> None:
    run = runs.Run(modelled)
    checks = verify.verify(run)
    assert all(check["ok"] for check in checks), checks
    found = sample.sample(run, None, "reject", RULE, 1, 7)["documents"]
    assert len(found) == 1
    (page,) = trace.trace(run, found[0]["doc_id"])["records"]
    assert "datatrove filter long" in page["meaning"]
    failure = {"rule": "datatrove.long", "value": 0.0, "min": 1.0, "max": None}
    assert failure in page["failures"]


def test_what_if_moves_a_rule_on_a_verdict(modelled: Path) -> None:
    run = runs.Run(modelled)
    decisions = rows(modelled, "decisions", "tag", "reason", "failed_rules")
    bit = 1 << run.rules.index("datatrove.long")
    alone = [row["tag"] for row in decisions if int(str(row["failed_rules"])) == bit]
    tag = str(min(alone))
    found = tune.tune(run, tune.Trial(tag, ("datatrove.long=null",)))
    assert found["flips"]["gained"] == alone.count(tag) > 0
    assert found["rules"]
    stricter = tune.tune(run, tune.Trial(tag, ("datatrove.c4.min=1",)))
    assert stricter["flips"]["gained"] == 0


def test_a_moved_verdict_rule_decides_again_without_extraction(
    small: "Small", settings: tuple[str, ...], modelled: Path, tmp_path: Path
) -> None:
    moved = (*settings, "language.rules.datatrove.long=null")
    ended, events = run_here(configured(small.paths, moved), tmp_path / "run", reuse=modelled)
    assert ended.exit_code == 0
    assert "extract" not in tasks_run(events)
    assert RULE not in {row["reason"] for row in rows(tmp_path / "run", "decisions", "reason")}


def test_a_wrong_digest_ends_a_run_before_it_reads_a_page(
    small: "Small", settings: tuple[str, ...], tmp_path: Path
) -> None:
    wrong = f"tokens.sha256={'f' * 64}"
    with pytest.raises(ConfigError, match=r"tokens: .*SHA-256") as raised:
        run_here(configured(small.paths, (*settings, wrong)), tmp_path / "run")
    assert raised.value.exit_code == 2
    assert not (tmp_path / "run" / "records").exists()


def test_datatrove_reads_the_corpus(modelled: Path) -> None:
    """docs/quality.md: text, id and every other column as metadata."""
    stored = {
        row["id"]: row
        for path in (modelled / "corpus").rglob("*.parquet")
        for row in pq.read_table(path, partitioning=None).to_pylist()
    }
    reader = ParquetReader(str(modelled / "corpus"), glob_pattern="**/*.parquet")
    found = list(reader.run())
    assert len(found) == len(stored) >= 10
    for document in found:
        row = stored[document.id]
        assert document.text == row["text"]
        assert document.metadata == {k: v for k, v in row.items() if k not in ("text", "id")}
    least = sorted(row["n_words"] for row in stored.values())[len(stored) // 2]
    filters = peers.GopherQualityFilter(
        language=Segmenter(), min_stop_words=None, min_doc_words=least
    )
    kept = {document.id for document in filters.run(iter(found))}
    assert kept == {name for name, row in stored.items() if row["n_words"] >= least}
    assert len(kept) < len(found)
