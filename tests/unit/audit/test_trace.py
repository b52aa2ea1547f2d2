import pytest

from audit.prune import prune
from audit.runs import Run
from audit.trace import host_of, trace, url_key
from stages.errors import ConfigError
from tests.unit.audit.conftest import SIMILARITY, SNAPSHOT, A, B, C, D, doc_id

ISSUED = {
    *("doc_id", "url", "warc", "offset", "length", "date", "language", "outcome", "reason"),
    *("failed_rules", "signals", "rights", "cluster_id", "keeper_id", "corpus_file"),
}


def only(run: Run, what: str) -> dict:
    found = trace(run, what)
    assert found["found"] == len(found["records"]) == 1
    assert found["searched"] == [SNAPSHOT]
    return dict(found["records"][0])


@pytest.mark.parametrize(
    "what", [A, A.upper(), "https://a.example/fin_Latn", "a.example", "<urn:uuid:A>", " urn:uuid:A"]
)
def test_every_way_to_ask(run: Run, what: str) -> None:
    record = only(run, what)
    assert set(record) >= ISSUED
    assert record["doc_id"] == A
    assert (record["outcome"], record["reason"]) == ("keep", None)
    assert record["language"] == "fin_Latn"
    assert record["corpus_file"] == "corpus/fin_Latn/fin_Latn-00000.parquet"
    assert record["signals"]["word_count"] == 100
    assert record["pii_counts"] == {"EMAIL": 1}
    assert record["title"] == "Page A"


def test_rejected_by_a_rule(run: Run) -> None:
    record = only(run, B)
    assert (record["outcome"], record["reason"]) == ("reject", "rule.word_count")
    assert record["failed_rules"] == ["word_count"]
    assert record["failures"] == [{"rule": "word_count", "value": 10, "min": 50, "max": 100000}]
    assert record["corpus_file"] is None


def test_removed_as_a_copy(run: Run) -> None:
    record = only(run, D)
    assert (record["reason"], record["keeper_id"]) == ("dedup.near_duplicate", C)
    assert record["similarity"] == SIMILARITY
    assert record["cluster_id"] == min(C, D)
    assert record["meaning"].startswith("a kept document")


@pytest.mark.parametrize(
    ("letter", "outcome", "reason"),
    [
        ("s", "reject", "gate.status"),
        ("r", "reject", "rights.robots"),
        ("q", "quarantine", "read.damaged"),
    ],
)
def test_records_that_became_no_document(run: Run, letter: str, outcome: str, reason: str) -> None:
    record = only(run, doc_id(letter))
    assert (record["outcome"], record["reason"]) == (outcome, reason)
    assert (record["title"], record["signals"], record["failed_rules"]) == (None, {}, [])
    assert record["meaning"]


def test_unknown_pages_name_what_was_searched(run: Run) -> None:
    unknown = ("https://nowhere.example/", "nowhere.example", "0" * 32, "urn:uuid:none", "\ud800")
    for what in unknown:
        assert trace(run, what) == {"records": [], "found": 0, "searched": [SNAPSHOT]}


def test_redacted_url_is_found_as_it_is_stored(run: Run) -> None:
    assert only(run, "https://c.example/<EMAIL>")["doc_id"] == C


def test_limit(run: Run) -> None:
    found = trace(run, "example", limit=1)
    assert found["found"] == 0
    assert trace(run, A, limit=0)["found"] == 1


def test_nothing_to_look_for(run: Run) -> None:
    with pytest.raises(ConfigError, match="nothing to look for"):
        trace(run, "  ")


def test_host_and_key() -> None:
    assert host_of("https://User@WWW.Example.org.:8080/x") == "www.example.org"
    assert host_of("http://[::1") is None
    assert len(url_key("https://a.example/", "k" * 80)) == 32


def test_after_pruning_the_ledger_still_answers(folder: object) -> None:
    run = Run(str(folder))
    prune(run, ())
    record = only(run, B)
    assert record["reason"] == "rule.word_count"
    assert record["signals"]["word_count"] == 10
    assert record["title"] is None
