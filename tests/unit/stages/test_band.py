"""Step band: what documents may share, as sorted keys."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters import linkage, minhash
from stages import band, schema
from tests.data.clustering import Page, doc_id, facts, payload, signature_table

quick = settings(max_examples=60, deadline=None)
TEXT = " ".join(f"word{n}" for n in range(50))
PAGES = [
    Page(doc_id(0), TEXT, payload("a")),
    Page(doc_id(1), "", payload("a")),
    Page(doc_id(2), TEXT.replace("word3 ", "other "), None),
    Page(doc_id(3), TEXT.upper(), payload("b"), quality=0.5),
]


def keys(pages: list[Page], source: int = 3, bands: int = 14, rows: int = 8) -> pa.Table:
    made = band.keys(signature_table(pages), source, bands, rows)
    assert made.schema == schema.KEYS.schema
    return made


def of_kind(table: pa.Table, kind: int) -> list[tuple[int, int, int]]:
    """Row of the document, key and check."""
    return sorted(
        (row["place"] & 0xFFFFFFFF, row["key"], row["check"])
        for row in table.to_pylist()
        if row["kind"] == kind
    )


def hex_halves(digest: str) -> tuple[int, int]:
    return int(digest[:16], 16), int(digest[16:], 16)


def test_every_document_has_its_identity_and_those_with_words_the_rest() -> None:
    table = keys(PAGES)
    assert of_kind(table, linkage.DOC_ID) == [
        (n, *hex_halves(p.doc_id)) for n, p in enumerate(PAGES)
    ]
    assert of_kind(table, linkage.TEXT) == [
        (n, *hex_halves(facts(PAGES[n].text).digest)) for n in (0, 2, 3)
    ]
    assert [n for n, _, _ in of_kind(table, linkage.PAYLOAD)] == [0, 3]
    assert {int(place) >> 32 for place in table.column("place").to_pylist()} == {3}


@pytest.mark.parametrize(("bands", "rows"), [(14, 8), (9, 12), (1, 112), (112, 1), (3, 2)])
def test_bands_are_those_of_the_signature_in_any_layout(bands: int, rows: int) -> None:
    found = of_kind(keys(PAGES, bands=bands, rows=rows), linkage.BAND)
    expected = []
    for n in (0, 2, 3):
        known = facts(PAGES[n].text)
        assert known.signature is not None
        check = hex_halves(known.digest)[1]
        hashes = minhash.band_hashes(known.signature, bands, rows).tolist()
        expected += [(n, key, check) for key in hashes]
    assert found == sorted(expected)


def test_each_key_carries_the_precedence_of_its_document() -> None:
    table = keys(PAGES)
    ranks = signature_table(PAGES).column("precedence").to_pylist()
    assert {r["precedence"] == ranks[r["place"] & 0xFFFFFFFF] for r in table.to_pylist()} == {True}
    assert len(set(ranks)) == 3


def test_no_documents_have_no_keys() -> None:
    assert keys([]).num_rows == 0
    assert keys([Page(doc_id(1), "...")]).num_rows == 1, "only its identity"


# Digests


def payload_keys(digests: list[str | None]) -> list[tuple[int, int]]:
    pages = [Page(doc_id(n), "some words", digest) for n, digest in enumerate(digests)]
    return [(key, check) for _, key, check in of_kind(keys(pages), linkage.PAYLOAD)]


def test_base32_digests_are_read_as_numbers() -> None:
    ((key, check),) = payload_keys(["sha1:" + "A" * 11 + "B" + "7" * 12 + "A" * 8])
    assert key == 1 << 4, "the upper bits tell ranges apart"
    assert check == (1 << 60) - 1


letters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
digests = st.one_of(
    st.text(letters, min_size=32, max_size=32).map("sha1:".__add__),
    st.text(st.sampled_from("AB01a=ä"), min_size=32, max_size=32).map("sha1:".__add__),
    st.text(max_size=40),
    st.sampled_from(["", "sha1:", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha1:" + "9" * 32]),
)


@quick
@given(st.lists(digests, max_size=8))
def test_payloads_share_a_key_just_where_they_are_equal(given_digests: list[str]) -> None:
    found = payload_keys(given_digests)
    assert len(found) == len(given_digests)
    for a, key_a in zip(given_digests, found, strict=True):
        for b, key_b in zip(given_digests, found, strict=True):
            assert (key_a == key_b) == (a == b)


def test_keys_of_payloads_are_spread_over_the_range() -> None:
    found = np.array([key for key, _ in payload_keys([payload(n) for n in range(400)])], np.uint64)
    counts = np.bincount((found >> np.uint64(62)).astype(np.int64), minlength=4)
    assert counts.min() > 60


@pytest.mark.parametrize("digest", ["", "ab", "x" * 32, "a" * 34])
def test_other_digests_of_texts_are_refused(digest: str) -> None:
    table = signature_table([Page(doc_id(1), "some words")])
    at = table.schema.get_field_index("text_digest")
    broken = table.set_column(at, "text_digest", [[digest]])
    with pytest.raises(ValueError, match="hex"):
        band.keys(broken, 0, 14, 8)


# Order


def table_of(values: list[int], source: int) -> pa.Table:
    columns = {
        "key": values,
        "check": [0] * len(values),
        "precedence": [0] * len(values),
        "place": [source << 32 | n for n in range(len(values))],
        "kind": [0] * len(values),
    }
    arrays = [pa.array(columns[f.name], f.type) for f in schema.KEYS.schema]
    return pa.table(arrays, schema.KEYS.schema)


numbers = st.lists(
    st.integers(0, 2**64 - 1) | st.integers(0, 3).map((1 << 62).__mul__), max_size=40
)


@quick
@given(st.lists(numbers, min_size=1, max_size=4))
def test_keys_of_several_files_are_sorted_together(files: list[list[int]]) -> None:
    tables = [table_of(values, n) for n, values in enumerate(files)]
    found = [(row["key"], row["place"]) for row in band.by_key(tables).to_pylist()]
    every = [(r["key"], r["place"]) for table in tables for r in table.to_pylist()]
    assert found == sorted(every, key=lambda row: row[0])


@quick
@given(numbers, st.integers(1, 10))
def test_slices_are_ranges_of_keys(values: list[int], rows: int) -> None:
    ordered = band.by_key([table_of(values, 0)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(band, "SLICE_ROWS", rows)
        found = band.slices(ordered)
    assert all(part.num_rows for part in found)
    assert pa.concat_tables([ordered.slice(0, 0), *found]).equals(ordered)
    count = 1 << max(0, (len(values) // rows).bit_length() - 1)
    ranges = [{key * count >> 64 for key in part.column("key").to_pylist()} for part in found]
    assert [len(one) for one in ranges] == [1] * len(found), "a slice lies in one part of the range"
    assert len(set().union(*ranges)) == len(found)


def test_places_and_their_bounds() -> None:
    assert band.places(2, np.array([0, 7])).tolist() == [2 << 32, 2 << 32 | 7]
    first, last = band.bounds(2, 5).tolist()
    inside = [int(p) for s in (1, 2, 4, 5) for p in band.places(s, np.array([0, 2**31 - 1]))]
    assert [p >> 32 for p in inside if first <= p < last] == [2, 2, 4, 4]
