"""Stage score: null without models, numbers with them, and nothing parsed that is not meant."""

import hashlib
import importlib.util
import pickle
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from filters import perplexity, quality
from filters.text import TextView
from langid.registry import ModelError
from stages import schema, score
from tests.data.archives import tools
from tests.data.models import ARPA, digest_of, write_classifier, write_tokenizer

GOOD, BAD = "Der Garten am Haus ist groß und alt.", "kaufen jetzt billig klick hier"
NOTHING = score.Score({}, {}, None, {})
HAS_KENLM = importlib.util.find_spec("kenlm") is not None
needs_kenlm = pytest.mark.skipif(not HAS_KENLM, reason="the extra weir-corpus[kenlm] is missing")
COLUMNS = ("quality_score", "perplexity", "n_tokens", "filter_verdicts")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> score.Model:
    path = tmp_path_factory.mktemp("quality") / "q.ftz"
    return score.Model(str(path), write_classifier(path))


def run(stage: score.Score, texts: list[str], tags: list[str]) -> dict[str, Any]:
    batch = pa.record_batch(
        {
            "doc_id": pa.array([f"{n:032x}" for n in range(len(texts))]),
            "url": pa.array(["https://site.example/"] * len(texts)),
            "text": pa.array(texts, type=pa.large_string()),
            "tag": pa.array(tags),
        }
    )
    made = stage.open(tools())(batch)
    declared = {f.name: f.type for t in (schema.SIGNALS, schema.DOCUMENTS) for f in t.schema}
    assert tuple(made) == COLUMNS
    assert all(made[name].type == declared[name] for name in COLUMNS)
    return {name: column.to_pylist() for name, column in made.items()}


def test_without_models_everything_is_null_and_nothing_zero() -> None:
    found = run(NOTHING, [GOOD, ""], ["deu_Latn", "und_Zyyy"])
    assert found == {name: [None, None] for name in COLUMNS}


def test_a_language_has_its_own_model_the_others_or_none(classifier: score.Model) -> None:
    stage = score.Score({"deu_Latn": classifier, "fin_Latn": None}, {}, None, {})
    found = run(
        stage,
        [GOOD, BAD, GOOD, GOOD, "..."],
        ["deu_Latn"] * 2 + ["fin_Latn", "swe_Latn"] + ["deu_Latn"],
    )
    good, bad, *others = found["quality_score"]
    assert good > 0.5 > bad
    assert others == [None, None, None]
    everyone = score.Score({score.OTHERS: classifier, "fin_Latn": None}, {}, None, {})
    assert run(everyone, [GOOD, GOOD], ["swe_Latn", "fin_Latn"])["quality_score"] == [good, None]


def test_scores_of_both_classes_sum_to_one(classifier: score.Model) -> None:
    other = score.Model(classifier.path, classifier.sha256, quality.NEGATIVE)
    pair = [score.load_classifier(model)(TextView(GOOD)) for model in (classifier, other)]
    assert sum(value or 0.0 for value in pair) == pytest.approx(1.0, abs=1e-4)


def test_a_wrong_digest_is_refused_before_the_file_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "q.ftz"
    path.write_bytes(b"\xff" * 1000)
    with pytest.raises(ModelError, match="expected 0000") as raised:
        score.load_classifier(score.Model(str(path), "0" * 64))
    assert "name the file and the digest" in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # noqa: S301


def test_a_tampered_classifier_is_refused(classifier: score.Model, tmp_path: Path) -> None:
    data = bytearray(Path(classifier.path).read_bytes())
    data[-1] ^= 1
    path = tmp_path / "tampered.ftz"
    path.write_bytes(data)
    tampered = score.Model(str(path), classifier.sha256, classifier.label)
    for load in (score.load_classifier, score._token_counter):
        with pytest.raises(ModelError, match=f"expected {classifier.sha256}"):
            load(tampered)


def test_a_file_of_another_kind_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "q.ftz"
    path.write_bytes(b"\xff" * 1000)
    with pytest.raises(ModelError, match="is no fastText model"):
        score.load_classifier(score.Model(str(path), digest_of(path)))


def test_a_class_that_the_model_lacks_is_refused(classifier: score.Model) -> None:
    with pytest.raises(ModelError, match="has no class 'hq'; it has"):
        score.load_classifier(score.Model(classifier.path, classifier.sha256, "hq"))


def test_a_missing_file_is_named_when_the_stage_opens(tmp_path: Path) -> None:
    absent = score.Model(str(tmp_path / "absent.ftz"), "0" * 64)
    with pytest.raises(ModelError, match=r"absent\.ftz: no such model file"):
        score.Score({"deu_Latn": absent}, {}, None, {}).open(tools())


# Tokens


def test_tokens_are_counted_by_the_named_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    model = score.Model(str(path), write_tokenizer(path))
    found = run(score.Score({}, {}, model, {}), ["ab ab", "", "abx" * 3000], ["deu_Latn"] * 3)
    # The only merge is a + b; what is unknown is a token too, and there is no truncation.
    assert found["n_tokens"] == [3, 0, 6000]
    assert found["quality_score"] == [None] * 3


@pytest.mark.parametrize("content", [b"{}", b"[]", b"\xff\xfe", b'{"model": 3}', b"[" * 100_000])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    model = score.Model(str(path), digest_of(path))
    with pytest.raises(ModelError, match=r"is no tokenizer\.json"):
        score.Score({}, {}, model, {}).open(tools())


def test_a_tokenizer_of_another_digest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    write_tokenizer(path)
    with pytest.raises(ModelError, match="SHA-256"):
        score.Score({}, {}, score.Model(str(path), "0" * 64), {}).open(tools())


# Perplexity


@pytest.mark.skipif(HAS_KENLM, reason="KenLM is installed: the message cannot be seen")
def test_a_configured_model_without_the_extra_names_the_command(tmp_path: Path) -> None:
    path = tmp_path / "m.arpa"
    path.write_text(ARPA)
    with pytest.raises(ModelError, match=r"pip install 'weir-corpus\[kenlm\]'"):
        score.Score({}, {"deu_Latn": score.Model(str(path), digest_of(path))}, None, {}).open(
            tools()
        )


@needs_kenlm
def test_perplexity_is_that_of_the_model_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "m.arpa"
    path.write_text(ARPA)
    stage = score.Score({}, {"deu_Latn": score.Model(str(path), digest_of(path))}, None, {})
    texts = ["Der Hund!", "der\nHund", "der Esel", "—", "der hund"]
    found = run(stage, texts, ["deu_Latn"] * 4 + ["fin_Latn"])["perplexity"]
    # log10: der -1, hund after der -0.3, end after hund -0.5 (see ARPA).
    assert found[0] == pytest.approx(10 ** (1.8 / 3), rel=1e-4)
    assert found[1] > found[0]
    assert found[2] > found[1]
    assert found[3:] == [None, None]
    expected = perplexity.by_word(-1.8, 2, 1)
    assert found[0] == pytest.approx(expected, rel=1e-4)


@needs_kenlm
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00" * 400, "is no KenLM or ARPA model"),
        (b"\\data\\\nngram 1=999999999999\n", "KenLM cannot load it"),
        (
            b"mmap lm http://kheafield.com/code format version 5\n\x00" + b"\xff" * 300,
            "KenLM cannot",
        ),
    ],
)
def test_a_file_that_is_no_language_model_is_refused(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        score.load_language_model(score.Model(str(path), hashlib.sha256(content).hexdigest()))


# datatrove's filters


def test_verdicts_of_datatrove_s_filters_are_a_map_by_name() -> None:
    filters = {
        "words": score.PeerFilter(
            "GopherQualityFilter", {"min_doc_words": 3, "min_stop_words": None}
        ),
        "brace": score.PeerFilter("RegexFilter", {"regex_exp": "[{]"}),
        "bare": score.PeerFilter(
            "GopherQualityFilter", {"min_doc_words": None, "min_stop_words": None}
        ),
    }
    found = run(score.Score({}, {}, None, filters), [GOOD, "{ x }", "..."], ["deu_Latn"] * 3)
    assert found["filter_verdicts"] == [
        [("bare", 1.0), ("brace", 1.0), ("words", 1.0)],
        [("bare", 0.0), ("brace", 0.0), ("words", 0.0)],
        [("bare", None), ("brace", 1.0), ("words", 0.0)],
    ]


def test_filters_see_the_language_as_datatrove_writes_it() -> None:
    assert score._metadata("u", "deu_Latn") == {
        "url": "u",
        "language": "de",
        "language_script": "Latn",
    }
    assert score._metadata("u", "hsb_Latn")["language"] == "hsb"
