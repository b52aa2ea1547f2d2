"""Step band: signatures to the keys that documents may share.

Every document has a key for each band of its signature, for the digests of its payload and its
words, and for its doc_id (two documents of one identity would be counted twice). Keys are
uniform 64-bit numbers, so ranges of them are partitions of equal size.
"""

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters import linkage, minhash
from stages import base, schema

VERSION = 1

SLICE_ROWS = 1 << 16
"""Rows of keys in a row group, about: a range is read by row groups."""

_DIGITS = np.full(256, 255, np.uint8)
_DIGITS[np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)] = np.arange(32)
_SHA1_CHARS = 37
"""`sha1:` and 32 characters of base32."""

Pair = tuple[NDArray[np.uint64], NDArray[np.uint64]]


def places(source: int, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Places of rows of a source."""
    return np.uint64(source) << np.uint64(32) | rows.astype(np.uint64)


def bounds(first: int, last: int) -> NDArray[np.uint64]:
    """The least place of source `first`, and of source `last`."""
    return np.array([first, last], np.uint64) << np.uint64(32)


def keys(signatures: pa.Table, source: int, bands: int, rows: int) -> pa.Table:
    """Keys of the documents of one file of signatures, in no order.

    Documents without words, and blanked ones, share nothing but their identity.
    """
    count = signatures.num_rows
    place = places(source, np.arange(count))
    rank = signatures.column("precedence").to_numpy()
    signed = np.flatnonzero(signatures.column("n_shingles").to_numpy() > 0)
    texts = signatures.take(pa.array(signed))
    matrix = base.signature_matrix(texts.column("signature"))
    text_high, text_low = _hex_halves(texts.column("text_digest"))
    hashes = minhash.band_hashes(matrix, bands, rows)
    has_payload = texts.column("payload_digest").is_valid().to_numpy()
    payloads = signed[has_payload]
    payload_high, payload_low = _payload_halves(texts.column("payload_digest").drop_null())
    id_high, id_low = _hex_halves(signatures.column("doc_id"))
    everything = np.arange(count)
    parts = [
        (linkage.BAND, hashes.reshape(-1), np.repeat(text_low, bands), np.repeat(signed, bands)),
        (linkage.PAYLOAD, payload_high, payload_low, payloads),
        (linkage.TEXT, text_high, text_low, signed),
        (linkage.DOC_ID, id_high, id_low, everything),
    ]
    at = np.concatenate([part[3] for part in parts])
    return pa.table(
        [
            np.concatenate([part[1] for part in parts]),
            np.concatenate([part[2] for part in parts]),
            rank[at],
            place[at],
            np.concatenate([np.full(len(part[1]), part[0], np.uint8) for part in parts]),
        ],
        schema=schema.KEYS.schema,
    )


def by_key(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of several tables of keys, sorted by key.

    Rows of an equal key keep their order. Quick where each table is sorted already: a merge.
    """
    table = pa.concat_tables(tables)
    order = np.argsort(table.column("key").to_numpy(), kind="stable")
    columns = [pa.array(column.to_numpy()[order]) for column in table.columns]
    return pa.Table.from_arrays(columns, schema=schema.KEYS.schema)


def slices(keys_sorted: pa.Table) -> list[pa.Table]:
    """Slices of about `SLICE_ROWS` rows; they end where equal parts of the range of keys do."""
    count = 1 << max(0, (keys_sorted.num_rows // SLICE_ROWS).bit_length() - 1)
    ends = np.searchsorted(
        keys_sorted.column("key").to_numpy(), np.arange(count, dtype=np.uint64) * _step(count)
    )
    bounds = itertools.pairwise([*ends.tolist(), keys_sorted.num_rows])
    return [keys_sorted.slice(a, b - a) for a, b in bounds if b > a]


def _step(count: int) -> np.uint64:
    return np.uint64((1 << 64) // count if count > 1 else 0)


def _hex_halves(column: pa.ChunkedArray) -> Pair:
    """Upper and lower 64 bits of digests of 32 hex digits; ValueError if one is no such digest."""
    joined = "".join(column.to_pylist())
    if len(joined) != 32 * len(column):
        raise ValueError("a digest has not 32 hex digits")
    halves = np.frombuffer(bytes.fromhex(joined), ">u8").astype(np.uint64)
    return halves[0::2], halves[1::2]


def _payload_halves(column: pa.ChunkedArray) -> Pair:
    """Two numbers of 60 bits out of each SHA-1; of what is written in another way, its BLAKE2."""
    texts = column.to_pylist()
    halves = np.zeros((len(texts), 2), np.uint64)
    usual = np.flatnonzero([len(text) == _SHA1_CHARS and text.isascii() for text in texts])
    letters = np.frombuffer("".join(texts[at] for at in usual).encode(), np.uint8)
    digits = _DIGITS[letters.reshape(-1, _SHA1_CHARS)[:, 5:]].astype(np.uint64)
    shifts = np.arange(11, -1, -1, dtype=np.uint64) * np.uint64(5)
    # The upper bits are those that tell ranges apart, so 60 bits are moved up to 64.
    halves[usual, 0] = (digits[:, :12] << shifts).sum(axis=1, dtype=np.uint64) << np.uint64(4)
    halves[usual, 1] = (digits[:, 12:24] << shifts).sum(axis=1, dtype=np.uint64)
    is_odd = np.ones(len(texts), np.bool_)
    is_odd[usual[(digits < 32).all(axis=1)]] = False
    for at in np.flatnonzero(is_odd):
        digest = hashlib.blake2b(texts[at].encode(), digest_size=16).digest()
        halves[at] = np.frombuffer(digest, ">u8")
    return halves[:, 0], halves[:, 1]
