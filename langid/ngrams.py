"""Our quantised fastText model, read and run here: the library's scores, several times faster.

The library makes a list of every text's n-grams and unpacks the row of each; here rows are unpacked
once, and one compiled loop hashes and adds. `tests/unit/langid/test_ngrams.py` holds the scores
against the library's. Format and hash: fastText 0.9.2, `fasttext.cc`, `dictionary.cc`,
`productquantizer.cc`.
"""

import struct
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from types import ModuleType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_MAGIC, _VERSION = 793712314, 12
_SOFTMAX, _SUPERVISED = 3, 3

_EOS = "</s>"
_CENTROIDS = 256


Embedded = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


@cache
def loops() -> ModuleType:
    """The compiled loops, imported when the first text is judged."""
    from langid import loops as found  # noqa: PLC0415 - late: see there

    return found


class NotReadableError(ValueError):
    """A file that is no quantised fastText classifier of the kind that we train."""


class NgramModel:
    """A classifier with softmax loss, without word n-grams, whose input matrix is quantised.

    `labels` has one entry a row of the output matrix, without fastText's prefix.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._read(BytesIO(data))
        except NotReadableError:
            raise
        except (IndexError, MemoryError, OverflowError, ValueError) as error:
            raise NotReadableError(f"damaged, or cut off: {error}") from None

    def _read(self, stream: BytesIO) -> None:
        magic, version = _unpack(stream, "2i")
        if magic != _MAGIC or version != _VERSION:
            raise NotReadableError("no fastText model of format 12")
        numbers = _unpack(stream, "12i")
        _unpack(stream, "d")
        self._dim, word_ngrams, loss, kind = numbers[0], numbers[5], numbers[6], numbers[7]
        self._buckets, self._shortest, self._longest = numbers[8], numbers[9], numbers[10]
        if kind != _SUPERVISED or loss != _SOFTMAX or word_ngrams != 1:
            raise NotReadableError("no classifier with softmax loss and without word n-grams")
        entries, words, _, _, kept = _unpack(stream, "3i2q")
        names = [_name(stream) for _ in range(entries)]
        self._words = {word: index for index, word in enumerate(names[:words])}
        self.labels: Sequence[str] = [name.removeprefix("__label__") for name in names[words:]]
        pruned = np.frombuffer(stream.read(8 * max(kept, 0)), np.int32).reshape(-1, 2)
        # From the hash of an n-gram to its row; the row behind the last is zero, for n-grams that
        # were pruned away.
        (quantised,) = _unpack(stream, "?")
        if not quantised or kept <= 0:
            raise NotReadableError("not quantised, or without a cutoff")
        rows = _dequantised(stream)
        self._none = len(rows)
        self._rows = np.vstack([rows, np.zeros((1, self._dim), np.float32)])
        self._row_of_bucket = np.full(self._buckets, self._none, np.int32)
        self._row_of_bucket[pruned[:, 0]] = words + pruned[:, 1]
        if self._row_of_bucket.min() < 0 or self._row_of_bucket.max() > self._none:
            raise NotReadableError("damaged: an n-gram has no row")
        (quantised_output,) = _unpack(stream, "?")
        if quantised_output:
            raise NotReadableError("the output matrix is quantised")
        height, width = _unpack(stream, "2q")
        output = np.frombuffer(stream.read(4 * height * width), np.float32)
        self._output = output.reshape(height, width)
        if (height, width) != (len(self.labels), self._dim) or not 0 <= words <= self._none:
            raise NotReadableError("damaged: its parts do not fit")

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Sums of feature vectors, shape (texts, dimensions), and numbers of features.

        Texts are as `words.prepare` gives them; one without words has no features. Embeddings of
        parts add up to nearly that of the whole, which ends in one end of line instead of several.
        """
        known, add_ngrams = self._words, loops().add_ngrams
        sums = np.zeros((len(texts), self._dim), np.float32)
        counts = np.zeros(len(texts), np.int64)
        sizes = (self._shortest, self._longest)
        for index, text in enumerate(texts):
            if not text:
                continue
            found = [known[word] for word in (*text.split(" "), _EOS) if word in known]
            sums[index] = self._rows.take(found, axis=0).sum(axis=0)
            data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
            made = add_ngrams(data, sizes, self._row_of_bucket, self._rows, sums[index])
            counts[index] = len(found) + made
        return sums, counts

    def probabilities(self, embedded: Embedded) -> npt.NDArray[np.float32]:
        """Softmax probabilities of shape (texts, labels); zeros for a text without features."""
        sums, counts = embedded
        logits = (sums / np.maximum(counts, 1)[:, None]) @ self._output.T
        logits -= logits.max(axis=1, keepdims=True)
        exponents = np.exp(logits)
        probabilities: npt.NDArray[np.float32] = exponents / exponents.sum(axis=1, keepdims=True)
        probabilities[counts == 0] = 0.0
        return probabilities


def _dequantised(stream: BinaryIO) -> npt.NDArray[np.float32]:
    """The quantised matrix that the stream is at, as float32 of shape (rows, dimensions)."""
    (with_norms,) = _unpack(stream, "?")
    rows, _ = _unpack(stream, "2q")
    (size,) = _unpack(stream, "i")
    codes = np.frombuffer(stream.read(size), np.uint8).reshape(rows, -1)
    dim, parts, width, last = _unpack(stream, "4i")
    centroids = np.frombuffer(stream.read(4 * dim * _CENTROIDS), np.float32)
    matrix = np.empty((rows, dim), np.float32)
    for part in range(parts):
        columns = last if part == parts - 1 else width
        start = part * _CENTROIDS * width
        table = centroids[start : start + _CENTROIDS * columns].reshape(_CENTROIDS, columns)
        matrix[:, part * width : part * width + columns] = table[codes[:, part]]
    if with_norms:
        norm_codes = np.frombuffer(stream.read(rows), np.uint8)
        _unpack(stream, "4i")
        norms = np.frombuffer(stream.read(4 * _CENTROIDS), np.float32)
        matrix *= norms[norm_codes][:, None]
    return matrix


def _unpack(stream: BinaryIO, layout: str) -> tuple[int, ...]:
    size = struct.calcsize(f"<{layout}")
    data = stream.read(size)
    if len(data) != size:
        raise NotReadableError("the file ends too early")
    return struct.unpack(f"<{layout}", data)


def _name(stream: BytesIO) -> str:
    """A dictionary entry: zero-terminated name, count and kind, of which the name is needed."""
    buffer, start = stream.getbuffer(), stream.tell()
    end = start
    while buffer[end]:
        end += 1
    name = bytes(buffer[start:end]).decode("utf-8", "replace")
    stream.seek(end + 1 + 9)
    return name
