"""datatrove's filters: what is refused and how, what they see, and that they judge as there."""

from itertools import pairwise
from typing import Any

import pytest
from datatrove.data import Document
from datatrove.pipeline import filters as peers
from datatrove.utils.word_tokenizers import load_word_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import datatrove_filters
from filters.datatrove_filters import Segmenter, build, check, sentence_ends
from filters.lines import sentence_count
from filters.text import TextView

quick = settings(deadline=None)  # the first view may compile loops

TEXTS = st.text(alphabet="aB.!? \n\";'…)z1αΑ;#{-" + "ñ\u0301", max_size=80)
PROSE = "Die Katze sitzt auf der Mauer. Sie schaut den Vögeln zu! Warum? Niemand weiß es.\n"


def judged(name: str, text: str, **parameters: Any) -> float | None:
    return build(name, parameters, "weir", Segmenter())(text, "id", {})


def refused(name: str, parameters: dict[str, Any], words: Any = "weir") -> str:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the tests match the message
        check(name, parameters, words)
    return str(raised.value)


def test_every_filter_of_datatrove_is_known_or_refused_with_a_reason() -> None:
    there = {name for name in vars(peers) if name.endswith("Filter") and name[0].isupper()}
    assert len(there) >= 13
    known = set(datatrove_filters.names())
    assert known < there
    for name in there - known:
        assert "cannot be a rule: it" in refused(name, {})


@pytest.mark.parametrize(
    ("name", "parameters", "words", "said"),
    [
        ("GopherQualtyFilter", {}, "weir", "did you mean GopherQualityFilter"),
        ("system", {}, "weir", "unknown datatrove filter 'system'"),
        ("BaseFilter", {}, "weir", "unknown datatrove filter"),
        ("os", {}, "weir", "unknown datatrove filter"),
        ("C4QualityFilter", {"min_sentences": 3}, "weir", "did you mean min_num_sentences"),
        ("C4QualityFilter", {"exclusion_writer": "x"}, "weir", "has no parameter"),
        ("RegexFilter", {}, "weir", "needs regex_exp"),
        ("C4QualityFilter", {"language": "deu"}, "weir", "add `words: datatrove`"),
        ("C4BadWordsFilter", {"keep_fraction": 0.1}, "weir", "how many pages came before"),
    ],
)
def test_what_cannot_be_used_is_refused(
    name: str, parameters: dict[str, Any], words: Any, said: str
) -> None:
    assert said in refused(name, parameters, words)


def test_a_value_that_a_filter_refuses_is_an_error_that_names_it() -> None:
    with pytest.raises((ValueError, TypeError), match="RegexFilter"):
        build("RegexFilter", {"regex_exp": 7}, "weir", Segmenter())


def test_verdicts_are_1_and_0() -> None:
    assert judged("GopherQualityFilter", PROSE * 20, min_stop_words=None) == 1.0
    assert judged("GopherQualityFilter", PROSE, min_stop_words=None) == 0.0
    assert judged("GopherRepetitionFilter", PROSE * 20) == 0.0
    assert judged("C4QualityFilter", PROSE * 2) == 1.0
    assert judged("C4QualityFilter", PROSE) == 0.0  # four sentences
    assert judged("FineWebQualityFilter", PROSE, new_line_ratio=0.01) == 0.0


def test_a_filter_that_divides_by_nothing_has_no_verdict() -> None:
    assert judged("GopherQualityFilter", "...", min_doc_words=None) is None


def test_lists_become_tuples_where_the_filter_needs_them() -> None:
    assert judged("FineWebQualityFilter", PROSE, stop_chars=["x"]) == 0.0
    assert judged("FineWebQualityFilter", PROSE, stop_chars=["."]) == 1.0
    assert judged("GopherRepetitionFilter", PROSE, top_n_grams=[[2, 0.01]]) == 0.0


def test_parameters_reach_the_filter_and_the_text_is_in_nfc() -> None:
    assert judged("RegexFilter", "cafe\u0301", regex_exp="caf\u00e9$") == 0.0
    assert judged("RegexFilter", "coffee", regex_exp="caf\u00e9$") == 1.0


def test_words_are_our_segmenter_s() -> None:
    # "l'été" is one word to us; three here make a mean length of 5.
    text = "l'été l'été l'été"
    bounds = {"min_doc_words": 3, "min_avg_word_length": 5, "max_avg_word_length": 5}
    assert judged("GopherQualityFilter", text, min_stop_words=None, **bounds) == 1.0


def test_datatrove_takes_the_segmenter_for_a_tokenizer() -> None:
    segmenter = Segmenter()
    assert load_word_tokenizer(segmenter) is segmenter
    assert segmenter.word_tokenize("Ja, l'été – 3.14!") == ["Ja", "l'été", "3", "14"]
    assert segmenter.sent_tokenize("So ist es. „Ja?“ Gut") == ["So ist es.", "„Ja?“", "Gut"]
    assert segmenter.sent_tokenize("") == [""]


@quick
@given(TEXTS)
def test_sentences_are_those_that_the_signal_counts(text: str) -> None:
    view = TextView(text)
    assert len(sentence_ends(view)) == sentence_count.measure(view)


@quick
@given(TEXTS)
def test_sentences_cover_the_text_in_order(text: str) -> None:
    normal = TextView(text).text
    spans = Segmenter().span_tokenize(normal)
    assert spans[0][0] == 0
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert not normal[spans[-1][1] :].strip()


@quick
@given(TEXTS)
def test_a_filter_judges_as_it_does_in_datatrove(text: str) -> None:
    normal = TextView(text).text
    there = peers.C4QualityFilter(language=Segmenter(), min_num_sentences=1)
    found = there.filter(Document(text=normal, id="id"))
    expected = float(found[0] if isinstance(found, tuple) else found)
    assert judged("C4QualityFilter", text, min_num_sentences=1) == expected


def test_a_filter_of_missing_packages_names_the_command() -> None:
    try:
        check("URLFilter", {})
    except ImportError as error:
        assert "pip install" in str(error)  # noqa: PT017 - it may be installed
