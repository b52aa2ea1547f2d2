from audit.findings import findings
from audit.runs import Run
from audit.stats import counts, summarise


def test_sentences_rest_on_the_counts(run: Run) -> None:
    table = counts(run)
    said = findings(summarise(table), table)
    assert "2 pages were copies; each names the kept page that it duplicates." in said
    assert any("word count: 1 page; 1 page would pass every rule" in sentence for sentence in said)
    assert any("1 pieces of personal data" in sentence for sentence in said)
    assert any("1 page had to be quarantined (read.damaged)." in sentence for sentence in said)


def test_nothing_to_say_of_nothing() -> None:
    assert findings(summarise({}), {}) == [
        "No page was lost.",
        "No page was a copy of another.",
        "No personal data was found.",
    ]


def test_languages_with_few_pages_are_not_compared() -> None:
    def table(read: int) -> dict:
        return {
            ("extract", "documents.read"): {
                "fin_Latn": {"": read},
                "eng_Latn": {"": 50},
                "deu_Latn": {"": 40},
            },
            ("decide", "documents.kept"): {
                "fin_Latn": {"": read},
                "eng_Latn": {"": 25},
                "deu_Latn": {"": 30},
            },
            ("decide", "documents.rejected"): {
                "eng_Latn": {"rule.word_count": 25},
                "deu_Latn": {"rule.word_count": 10},
            },
        }

    few, many = table(19), table(20)
    assert not any("smallest share" in said for said in findings(summarise(few), few))
    (compared,) = [said for said in findings(summarise(many), many) if "smallest share" in said]
    assert compared == (
        "Of 3 languages with at least 20 pages, English keeps the smallest share (50.0%) "
        "and Finnish the largest (100.0%)."
    )
