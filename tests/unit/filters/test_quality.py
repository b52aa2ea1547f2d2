"""What a classifier sees of a text, and how its answers are judged."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import quality
from filters.text import TextView

quick = settings(deadline=None)  # the first view may compile loops


def test_a_model_sees_folded_words_alone() -> None:
    text = "„Ça va?“ fragte ΟΔΥΣΣΕΎΣ – 3.14\n l’été, foo_bar"
    assert quality.prepare(TextView(text)) == "ça va fragte οδυσσεύσ 3 14 l'été foo_bar"
    assert quality.words_of(TextView("Am 3. Mai ٢٠٢٦"), fold_digits=True) == [
        *("am", "0", "mai", "0000")
    ]


def test_a_text_cannot_name_its_own_label() -> None:
    text = "__label__positive gut __LABEL__negative _label_ x__label__positive"
    assert quality.prepare(TextView(text)) == "gut _label_ x__label__positive"


@quick
@given(st.text())
def test_what_a_model_sees_is_one_line_of_utf_8(text: str) -> None:
    view = TextView(text)
    prepared = quality.prepare(view)
    prepared.encode("utf-8")
    assert "\n" not in prepared
    assert len(prepared.split()) <= view.word_count


def test_a_lone_surrogate_is_left_out() -> None:
    assert quality.words_of(TextView("ab\ud800cd")) == ["ab", "cd"]


def test_probability_is_that_of_the_label_without_what_fasttext_adds() -> None:
    answer = [(0.75001, "__label__positive"), (0.25001, "__label__negative")]
    assert quality.probability(answer, "positive") == pytest.approx(0.75)
    assert quality.probability(answer, "negative") == pytest.approx(0.25)
    assert quality.probability(answer, "other") == 0.0
    assert quality.probability([(1.00002, "__label__positive")], "positive") == 1.0


def test_precision_recall_and_auc_of_a_case_done_by_hand() -> None:
    found = quality.score([0.9, 0.8, 0.4, 0.6, 0.1], [True, True, True, False, False])
    assert (found.positives, found.negatives) == (3, 2)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.auc == pytest.approx(5 / 6)  # of six pairs, 0.4 under 0.6 is the wrong one


def test_nothing_called_positive_has_no_precision() -> None:
    found = quality.score([0.4, 0.1], [True, False])
    assert (found.precision, found.recall, found.auc) == (None, 0.0, 1.0)


def test_one_class_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="both are needed"):
        quality.score([0.4], [True])


@quick
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), st.booleans()), min_size=2))
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[float, bool]]) -> None:
    values, truth = [value for value, _ in rows], [is_positive for _, is_positive in rows]
    if len(set(truth)) < 2:
        return
    pairs = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, is_positive in rows
        if is_positive
        for b, other in rows
        if not other
    ]
    assert quality.score(values, truth).auc == pytest.approx(sum(pairs) / len(pairs))
    shuffled = random.Random(1).sample(rows, len(rows))  # noqa: S311
    again = quality.score([v for v, _ in shuffled], [t for _, t in shuffled])
    assert again.auc == pytest.approx(quality.score(values, truth).auc)
