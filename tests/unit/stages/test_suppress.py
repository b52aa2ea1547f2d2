"""Stage suppress: what was taken down does not come in again."""

import numpy as np
import pyarrow as pa

from filters import minhash, suppression
from filters.text import TextView, shingle_hashes
from stages import schema, suppress
from tests.data.archives import tools

TEXT = " ".join(f"word{n}" for n in range(200))
NEAR = TEXT.replace("word7 ", "other ")
FAR = " ".join(f"other{n}" for n in range(200))


def rows(*texts: str) -> pa.RecordBatch:
    """What sign hands on, as far as it is looked at."""
    signed = [minhash.signature(shingle_hashes(t)).tolist() if t else None for t in texts]
    kind = pa.list_(pa.uint32(), schema.N_PERMUTATIONS)
    digests = [suppression.text_digest(TextView(text)) for text in texts]
    return pa.record_batch({"text_digest": digests, "signature": pa.array(signed, type=kind)})


def test_words_and_near_words_are_rejected() -> None:
    signature = minhash.signature(shingle_hashes(TEXT))
    listed = suppression.of("k", [], np.stack([signature]))
    worker = suppress.Suppress(listed).open(tools())
    made = worker(rows(TEXT, "", NEAR, FAR))
    assert made["reason"].to_pylist() == ["takedown.text", None, "takedown.text", None]


def test_a_text_without_words_is_no_copy_of_another() -> None:
    digest = suppression.text_digest(TextView(""))
    listed = suppression.of("k", [("text", digest)])
    assert suppress.on_list(rows("", TEXT), listed) == [False, False]


def test_an_empty_list_adds_no_column() -> None:
    assert suppress.Suppress(suppression.of("", ())).open(tools())(rows(TEXT)) == {}
