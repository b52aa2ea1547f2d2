"""Our quantised fastText model, read and run by numpy: the library's scores, several times faster.

The library walks a text character by character and looks every n-gram up by itself; here all
n-grams of a text are hashed at once. `tests/unit/langid/test_ngrams.py` holds the scores against
the library's. Format and hash: fastText 0.9.2, `fasttext.cc`, `dictionary.cc`,
`productquantizer.cc`.
"""

import struct
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

_MAGIC, _VERSION = 793712314, 12
_SOFTMAX, _SUPERVISED = 3, 3

# FNV-1a in 32 bits, over bytes that fastText takes as signed.
_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)

# The high bits of a leading byte by the length of the form; above 0x7F fastText's signed bytes
# have all bits above set.
_LEADS = np.array([0, 0, 0xFFFFFFC0, 0xFFFFFFE0, 0xFFFFFFF0], np.uint32)

_EOS = "</s>"
_CENTROIDS = 256


Mask = npt.NDArray[np.bool_]
Embedded = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


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
        known = self._words
        words, owners, marked, lengths = [], [], [], []
        for index, text in enumerate(texts):
            lengths.append(0)
            if text:
                found = [known[word] for word in (*text.split(" "), _EOS) if word in known]
                words += found
                owners += [index] * len(found)
                marked.append("<" + text.replace(" ", "><") + ">")
                lengths[-1] = len(marked[-1])
        rows, positions = self._ngrams("".join(marked))
        owner = np.repeat(np.arange(len(texts)), lengths)
        rows = np.concatenate([np.array(words, np.int32), rows])
        owner = np.concatenate([np.array(owners, np.int64), owner[positions]])
        # A row of ones for each text, so that sums are one product; the row of no n-gram is zero.
        is_owner = (owner == np.arange(len(texts))[:, None]).astype(np.float32)
        sums = is_owner @ self._rows.take(rows, axis=0)
        counts = (is_owner @ (rows != self._none).astype(np.float32)).astype(np.int64)
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

    def _ngrams(self, marked: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Row and place of every n-gram of the marked words; those pruned away have no row."""
        codes = np.frombuffer(marked.encode("utf-32-le", "replace"), np.uint32)
        starts, ends = codes == ord("<"), codes == ord(">")
        word_of = np.cumsum(starts, dtype=np.int32)
        forms = _utf8(codes)
        hashes = np.full(len(codes), _OFFSET, np.uint32)
        by_size, inside = [], []
        for size in range(1, min(self._longest, len(codes)) + 1):
            hashes = hashes[: len(codes) - size + 1]
            for byte, mask in forms:
                longer = (hashes ^ byte[size - 1 :]) * _PRIME
                hashes = longer if mask is None else np.where(mask[size - 1 :], longer, hashes)
            if size >= self._shortest:
                within = word_of[: len(hashes)] == word_of[size - 1 :]
                by_size.append(hashes)
                inside.append(within & ~(starts | ends) if size == 1 else within)
        if not by_size:
            return np.array([], np.int32), np.array([], np.int64)
        rows = self._row_of_bucket.take(np.concatenate(by_size) % np.uint32(self._buckets))
        rows[~np.concatenate(inside)] = self._none
        return rows, np.concatenate([np.arange(len(part)) for part in by_size])


def _utf8(codes: npt.NDArray[np.uint32]) -> list[tuple[npt.NDArray[np.uint32], Mask | None]]:
    """The bytes of the characters' UTF-8 forms, by position in the form.

    For each position: the byte of every character, as fastText takes it, and which characters are
    that long (None: all).
    """
    if not codes.size or codes.max() < 0x80:
        return [(codes, None)]
    lengths = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    lead = codes >> ((lengths - 1) * 6).astype(np.uint32) | _LEADS[lengths]
    positions: list[tuple[npt.NDArray[np.uint32], Mask | None]] = [(lead, None)]
    for position in range(1, int(lengths.max())):
        shift = (np.maximum(lengths - 1 - position, 0) * 6).astype(np.uint32)
        byte = (codes >> shift & np.uint32(0x3F)) | np.uint32(0xFFFFFF80)
        positions.append((byte, lengths > position))
    return positions


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
