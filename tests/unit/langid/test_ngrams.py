"""Our runner of fastText models: the library's scores, and a refusal for every other file."""

import struct
from importlib import resources
from pathlib import Path

import fasttext
import fasttext_pybind
import numpy as np
import pytest

from langid.ngrams import NgramModel, NotReadableError
from langid.words import prepare

TEXTS = [
    "The bucket is made in a small workshop in which every board is planed by hand.",
    "Tämä kiulu syntyy pienessä verstaassa, jossa jokainen kimpi höylätään käsin.",
    "Þessi fata er smíðuð á litlu verkstæði þar sem hver fjöl er hefluð í höndunum.",
    "Questa seglia vegn fatga en ina pitschna lavuratori, nua che mintga aissa vegn splanada.",
    "Ovo vedro nastaje u maloj radionici u kojoj se svaka daska blanja ručno, đak šeće.",
    "Это ведро делают в маленькой мастерской, где каждую доску строгают вручную.",
    "Αυτός ο κουβάς φτιάχνεται σε ένα μικρό εργαστήριο, όπου πλανίζεται κάθε σανίδα.",
    "Այս դույլը պատրաստվում է փոքրիկ արհեստանոցում, որտեղ ամեն տախտակ ռանդում են։",
    "ეს ვედრო მზადდება პატარა სახელოსნოში, სადაც ყოველ ფიცარს ხელით რანდავენ.",
    "דער עמער ווערט געמאַכט אין אַ קליינעם וואַרשטאַט, וווּ מע הובלט יעדעס ברעט.",
    "يصنع هذا الدلو في ورشة صغيرة تسوى فيها كل لوحة باليد.",
    "यह बाल्टी एक छोटी कार्यशाला में बनती है जहाँ हर तख्ता हाथ से छीला जाता है।",
    "この桶は小さな工房で作られ、板は一枚ずつ手で削られます。",
    "这个水桶在一个小作坊里制作，每块木板都是手工刨光的。",
    "이 양동이는 모든 판자를 손으로 대패질하는 작은 작업장에서 만들어집니다.",
    "𐍅𐌿𐌻𐍆𐌹𐌻𐌰 𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂 a é ж 中 𐌰",  # one to four bytes a character
    "a",
    "é",
    "中",
    "𐌰",
    "x y z",
    "SHOUTING Straße İstanbul ǅ ﬁ",
    "word " * 300,
    "donaudampfschifffahrtsgesellschaftskapitänswitwe" * 20,
]

# fastText adds this to every probability before it takes the logarithm (`std_log`).
ADDED = 1e-5


@pytest.fixture(scope="module")
def shipped() -> bytes:
    return resources.files("langid").joinpath("weir.ftz").read_bytes()


@pytest.fixture(scope="module")
def model(shipped: bytes) -> NgramModel:
    return NgramModel(shipped)


@pytest.fixture(scope="module")
def library() -> fasttext_pybind.fasttext:
    loaded = fasttext_pybind.fasttext()
    loaded.loadModel(str(resources.files("langid").joinpath("weir.ftz")))
    return loaded


@pytest.mark.parametrize("text", TEXTS, ids=[text[:12] for text in TEXTS])
def test_the_scores_are_the_library_s(
    model: NgramModel, library: fasttext_pybind.fasttext, text: str
) -> None:
    prepared = prepare(text)
    row = model.probabilities(model.embed([prepared]))[0]
    assert float(row.sum()) == pytest.approx(1.0, abs=1e-4)
    answer = library.predict(f"{prepared}\n", len(model.labels), 0.0, "strict")
    expected = {label.removeprefix("__label__"): score - ADDED for score, label in answer}
    assert expected.keys() == set(model.labels)
    for label, score in zip(model.labels, row.tolist(), strict=True):
        assert score == pytest.approx(expected[label], abs=1e-4), label


def test_texts_at_once_score_as_each_by_itself(model: NgramModel) -> None:
    prepared = [prepare(text) for text in TEXTS]
    sums, counts = model.embed(prepared)
    assert sums.shape[0] == counts.shape[0] == len(TEXTS)
    for index, text in enumerate(prepared):
        alone, count = model.embed([text])
        assert counts[index] == count[0]
        np.testing.assert_allclose(sums[index], alone[0], rtol=1e-3, atol=1e-3)


def test_parts_without_words_have_no_features(model: NgramModel) -> None:
    words = prepare(TEXTS[1])
    sums, counts = model.embed(["", words, ""])
    assert counts.tolist()[0::2] == [0, 0]
    assert counts[1] == model.embed([words])[1][0] > 50
    rows = model.probabilities((sums, counts))
    assert not rows[0].any()
    assert not rows[2].any()
    assert model.labels[int(rows[1].argmax())] == "fin_Latn"
    for texts in ([], [""], ["", ""]):
        sums, counts = model.embed(texts)
        assert not counts.any()
        assert sums.shape[0] == len(texts)


def test_what_utf_8_cannot_hold_does_not_stop_it(model: NgramModel) -> None:
    rows = model.probabilities(model.embed(["\ud800 tämä \udfff kiulu", "\U0010ffff \x00"]))
    assert np.isfinite(rows).all()


def test_the_same_bytes_give_the_same_scores(shipped: bytes, model: NgramModel) -> None:
    texts = [prepare(text) for text in TEXTS]
    again = NgramModel(shipped)
    assert again.labels == model.labels
    assert (
        again.probabilities(again.embed(texts)) == model.probabilities(model.embed(texts))
    ).all()


FOREIGN = {
    "empty": b"",
    "text": b"__label__fin_Latn kiulu\n" * 1_000,
    "archive": b"PK\x03\x04" + bytes(10_000),
    "zeros": bytes(10_000),
    "magic number alone": struct.pack("<2i", 793712314, 12),
    "an older format": struct.pack("<2i", 793712314, 11) + bytes(10_000),
    "no classifier": struct.pack("<2i", 793712314, 12) + bytes(10_000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_refused(name: str) -> None:
    with pytest.raises(NotReadableError):
        NgramModel(FOREIGN[name])


KINDS = {
    "not quantised": ({}, None),
    "hierarchical softmax": ({"loss": "hs"}, {"cutoff": 300}),
    "word n-grams": ({"wordNgrams": 2}, {"cutoff": 300}),
    "no cutoff": ({}, {}),
    "quantised output": ({}, {"cutoff": 300, "qout": True}),
}


@pytest.mark.parametrize("name", KINDS)
def test_another_kind_of_fasttext_model_is_refused(tmp_path: Path, name: str) -> None:
    made_with, quantised_with = KINDS[name]
    corpus, path = tmp_path / "train.txt", tmp_path / "model"
    labels = 300 if name == "quantised output" else 3  # it takes so many rows to quantise
    lines = [f"__label__{n % labels} {prepare(text)}" for n, text in enumerate(TEXTS * 20)]
    corpus.write_text("\n".join(lines), "utf-8")
    made = fasttext.train_supervised(
        str(corpus), dim=4, epoch=1, minn=2, maxn=3, bucket=500, thread=1, verbose=0, **made_with
    )
    if quantised_with is not None:
        made.quantize(str(corpus), thread=1, verbose=0, **quantised_with)
    made.save_model(str(path))
    with pytest.raises(NotReadableError):
        NgramModel(path.read_bytes())


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of the kind that is read, small enough to damage in many places."""
    folder = tmp_path_factory.mktemp("small")
    corpus, path = folder / "train.txt", folder / "model"
    lines = [f"__label__{n % 3} {prepare(text)}" for n, text in enumerate(TEXTS * 20)]
    corpus.write_text("\n".join(lines), "utf-8")
    made = fasttext.train_supervised(
        str(corpus), dim=4, epoch=1, minn=2, maxn=3, bucket=500, thread=1, verbose=0
    )
    made.quantize(str(corpus), cutoff=300, qnorm=True, thread=1, verbose=0)
    made.save_model(str(path))
    return path.read_bytes()


def test_the_small_model_is_read(small: bytes) -> None:
    """Else the tests of damage below would show nothing."""
    read = NgramModel(small)
    assert sorted(read.labels) == ["0", "1", "2"]
    assert read.probabilities(read.embed(["tämä kiulu"])).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_truncated_file_is_refused(small: bytes) -> None:
    for size in [*range(0, len(small), 97), len(small) - 1]:
        with pytest.raises(NotReadableError):
            NgramModel(small[:size])


def test_a_tampered_header_never_ends_in_another_error(small: bytes) -> None:
    """Without a digest that tells, numbers that do not fit are found before they are used."""
    header = struct.calcsize("<2i12id3i2q")
    for place in range(header):
        data = bytearray(small)
        data[place] ^= 0xFF
        try:
            read = NgramModel(bytes(data))
        except NotReadableError:
            continue
        assert read.probabilities(read.embed(["tämä kiulu"])).shape == (1, len(read.labels))
