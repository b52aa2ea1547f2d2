"""Stage measure: every signal of every document, and the shingles of the same words."""

import hashlib

import numpy as np
import pyarrow as pa

from filters.catalog import BY_NAME, GIVEN
from filters.text import Lexicon, TextView, shingle_hashes
from stages import measure, schema
from tests.data.archives import tools

TEXTS = [
    "Der Müller und die Mühle. Und das Wasser!",
    "",
    "Ein Wort",
    "der müller, und\ndie mühle und das wasser",
]
LEXICONS = {"deu_Latn": Lexicon(frozenset({"der", "und", "die"}))}


def run(texts: list[str], tag: str = "deu_Latn") -> dict[str, pa.Array]:
    batch = pa.record_batch(
        {
            "text": pa.array(texts, type=pa.large_string()),
            "tag": pa.array([tag] * len(texts)),
        }
    )
    return measure.Measure(LEXICONS).open(tools())(batch)


def test_every_signal_is_a_column_of_the_schema_s_type() -> None:
    columns = run(TEXTS)
    measured = set(BY_NAME) - {known.name for known in GIVEN}
    assert measured <= set(columns)
    for name in measured:
        assert columns[name].type == schema.SIGNALS.schema.field(name).type


def test_a_text_without_words_is_measured_as_far_as_it_can_be() -> None:
    columns = run(TEXTS)
    assert columns["n_words"].to_pylist() == [8, 0, 2, 8]
    assert columns["mean_word_length"][1].as_py() is None
    assert columns["shingles"][1].as_py() == []


def test_what_identification_gives_is_not_measured_again() -> None:
    assert "language_confidence" not in run(TEXTS)


def test_stop_words_are_the_language_s_own() -> None:
    assert run(TEXTS)["distinct_stop_word_count"].to_pylist()[0] == 3
    assert run(TEXTS, "fin_Latn")["distinct_stop_word_count"].to_pylist() == [None] * 4


def test_texts_of_the_same_words_have_the_same_digest_and_shingles() -> None:
    columns = run(TEXTS)
    digests, shingles = columns["text_digest"].to_pylist(), columns["shingles"].to_pylist()
    assert digests[0] == digests[3] != digests[2]
    assert shingles[0] == shingles[3] == shingle_hashes(TEXTS[0]).tolist()
    words = TextView(TEXTS[0]).word_hashes.astype("<u8").tobytes()
    assert digests[0] == hashlib.blake2b(words, digest_size=16).hexdigest()
    assert np.all(np.diff(shingles[0]) > 0)
