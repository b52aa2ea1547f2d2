"""Labels of the index: which a language has, what they miss, and what would find more."""

import pytest

from langid import cld2_labels, tags


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fin_Latn", "fin"),
        ("Finnish", "fin"),
        ("mt", "mlt"),
        ("ekk_Latn", "est"),
        ("nob", "nor"),
        ("nor", "nor"),
        ("lvs_Latn", "lav"),
        ("als_Latn", "sqi"),
        ("nno", "nno"),
    ],
)
def test_a_language_is_asked_for_by_the_label_that_the_index_has(name: str, label: str) -> None:
    assert cld2_labels.labels_of([name]) == (label,)


@pytest.mark.parametrize("name", ["sme_Latn", "hsb", "Livonian"])
def test_a_language_without_a_label_is_refused_with_what_helps(name: str) -> None:
    with pytest.raises(ValueError, match="tlds or domains"):
        cld2_labels.labels_of([name])


def test_no_language_at_all_is_refused_as_everywhere() -> None:
    with pytest.raises(ValueError, match="unknown European language"):
        cld2_labels.labels_of(["Klingon"])


def test_recall_grows_with_labels_as_neighbours_say() -> None:
    found, texts = cld2_labels.recall("srp_Latn", ("srp",))
    assert 0 < found < texts
    (label, gain), *_ = cld2_labels.neighbours("srp_Latn", ("srp",))
    more, _ = cld2_labels.recall("srp_Latn", ("srp", label))
    assert more - found == pytest.approx(gain * texts)
    assert cld2_labels.recall("xxx_Latn", ("srp",)) == (0, 0)


def test_every_tag_of_the_table_is_one_of_ours_and_labels_agree_with_it() -> None:
    assert set(cld2_labels.recorded()) <= set(tags.BY_TAG)
    unlike = {
        tag
        for tag in cld2_labels.recorded()
        if (label := cld2_labels.label_of(tag)) and cld2_labels.recall(tag, (label,))[0] == 0
    }
    assert not unlike, "a label that no text of its language was ever given is a wrong one"


def test_a_label_stands_for_all_its_tags() -> None:
    assert cld2_labels.tags_of(["srp"]) == ["srp_Cyrl", "srp_Latn"]
    assert cld2_labels.tags_of(["srp_Latn"]) == ["srp_Latn"]


def test_texts_that_no_model_takes_have_no_label() -> None:
    assert cld2_labels.given("\x00\x01") == ()
    assert cld2_labels.given("Il-kelb ta' ħija joqgħod fid-dar il-kbira ħdejn il-baħar. " * 5) == (
        "mlt",
    )
