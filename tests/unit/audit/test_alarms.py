from audit.alarms import MIN_DOCUMENTS, alarms, of_run, sentence
from audit.runs import Run
from audit.stats import Table


def table(kept: int, rejected: int, fails: int) -> Table:
    return {
        ("decide", "documents.kept"): {"fin_Latn": {"": kept}},
        ("decide", "documents.rejected"): {"fin_Latn": {"rule.word_count": rejected}},
        ("decide", "documents.rule.any"): {"fin_Latn": {"word_count": fails}},
    }


def test_a_rule_that_rejects_over_95_percent() -> None:
    assert alarms(table(5, 95, 95)) == []
    (found,) = alarms(table(4, 96, 96))
    assert found == {"language": "fin_Latn", "rule": "word_count", "rejected": 96, "judged": 100}
    said = sentence(found, "runs/x")
    assert "word_count rejects 96 of 100 documents in fin_Latn" in said
    assert said.endswith("weir tune runs/x --language fin_Latn --set word_count=null")


def test_documents_that_failed_another_rule_first_count() -> None:
    first = table(0, 100, 99)
    first["decide", "documents.rejected"] = {"fin_Latn": {"rule.sentence_count": 100}}
    del first["decide", "documents.kept"]
    assert [alarm["rejected"] for alarm in alarms(first)] == [99]


def test_few_documents_raise_no_alarm() -> None:
    assert alarms(table(0, MIN_DOCUMENTS - 1, MIN_DOCUMENTS - 1)) == []
    assert len(alarms(table(0, MIN_DOCUMENTS, MIN_DOCUMENTS))) == 1


def test_a_run_without_and_before_statistics(run: Run) -> None:
    assert of_run(run) == []
