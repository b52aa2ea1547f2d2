"""What is chosen of an index, what is left, and what no record can be."""

from typing import Any

import pyarrow as pa
import pytest

from stages import select
from stages.errors import ConfigError

DIGEST = "A" * 32
ROW: dict[str, Any] = {
    "fetch_status": 200,
    "content_mime_detected": "text/html",
    "content_truncated": None,
    "url_host_tld": "example",
    "url_host_registered_domain": "site.example",
    "content_languages": "mlt,eng",
    "warc_filename": "crawl-data/C/warc/a.warc.gz",
    "warc_record_offset": 100,
    "warc_record_length": 50,
    "url": "https://site.example/",
    "content_digest": DIGEST,
}
TYPES = {"fetch_status": pa.int16(), "warc_record_offset": pa.int32()}
SCHEMA = pa.schema(
    [
        (name, TYPES.get(name, pa.int64() if kind == select.NUMBER else pa.string()))
        for name, kind in select.COLUMNS.items()
    ]
)


def rows(*changes: dict[str, Any], schema: pa.Schema = SCHEMA) -> pa.Table:
    return pa.Table.from_pylist([{**ROW, **change} for change in changes], schema=schema)


@pytest.mark.parametrize(
    ("criteria", "change", "reason"),
    [
        ({"status": (200,)}, {"fetch_status": 404}, "status"),
        ({"status": (200,)}, {"fetch_status": None}, "status"),
        ({"media_types": ("text/html",)}, {"content_mime_detected": "image/png"}, "media_type"),
        ({"truncated": False}, {"content_truncated": "length"}, "truncated"),
        ({"tlds": ("example",)}, {"url_host_tld": "test"}, "place"),
        (
            {"domains": ("site.example",)},
            {"url_host_registered_domain": "other.example"},
            "place",
        ),
        ({"labels": ("mlt",)}, {"content_languages": "xmlt,mltx"}, "language"),
        ({"labels": ("mlt",)}, {"content_languages": None}, "language"),
    ],
)
def test_a_row_that_fails_is_counted_by_what_it_fails(
    criteria: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    live, lost = select.wanted(rows({}, change), select.Criteria(**criteria))
    assert live.tolist() == [True, False]
    assert lost == {reason: 1}


def test_a_label_may_stand_anywhere_and_nothing_asked_is_everything() -> None:
    found = rows({"content_languages": "eng,mlt"}, {"content_languages": None})
    assert select.wanted(found, select.Criteria(labels=("mlt",)))[0].tolist() == [True, False]
    both = select.Criteria(labels=("mlt",), unlabelled=True)
    assert select.wanted(found, both)[0].tolist() == [True, True]
    assert select.wanted(found, select.Criteria())[0].all()


def test_place_or_language_where_either_does() -> None:
    found = rows(
        {"url_host_tld": "test"},
        {"content_languages": "eng"},
        {"url_host_tld": "t", "content_languages": ""},
    )
    asked = {"labels": ("mlt",), "tlds": ("example",)}
    live, lost = select.wanted(found, select.Criteria(**asked, match="any"))
    assert (live.tolist(), lost) == ([True, True, False], {"place_or_language": 1})
    live, lost = select.wanted(found, select.Criteria(**asked))
    assert (live.tolist(), lost) == ([False] * 3, {"place": 2, "language": 1})
    assert select.Criteria(**asked).bounds() == {"url_host_tld": ("example",)}
    assert select.Criteria(**asked, match="any").bounds() == {}, "a row group may hold the language"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"warc_filename": "../../etc/passwd.warc.gz"}, "filename"),
        ({"warc_filename": "a/../b.warc.gz"}, "filename"),
        ({"warc_filename": "/etc/a.warc.gz"}, "filename"),
        ({"warc_filename": "https://other.example/a.warc.gz"}, "filename"),
        ({"warc_filename": "a.warc.gz\n"}, "filename"),
        ({"warc_filename": "a\0.warc.gz"}, "filename"),
        ({"warc_filename": "crawl-data/a.wat.gz"}, "filename"),
        ({"warc_filename": "a" * 9000 + ".warc.gz"}, "filename"),
        ({"warc_filename": None}, "filename"),
        ({"warc_record_offset": -1}, "offset"),
        ({"warc_record_offset": None}, "offset"),
        ({"warc_record_length": 0}, "length"),
        ({"warc_record_length": -5}, "length"),
        ({"warc_record_length": 1 << 60}, "length"),
        ({"content_digest": "a" * 32}, "digest"),
        ({"content_digest": None}, "digest"),
        ({"url": ""}, "url"),
        ({"url": None}, "url"),
        ({"url": "x" * 70_000}, "url"),
    ],
)
def test_a_row_that_no_record_can_have_is_refused(change: dict[str, Any], reason: str) -> None:
    made, refused = select.located(rows({}, change), select.Criteria())
    assert made.num_rows == 1
    assert refused == {reason: 1}


def test_what_is_not_compared_need_not_be_there() -> None:
    table = rows({}).drop_columns(["url", "content_digest"])
    made, refused = select.located(table, select.Criteria(verify=False))
    assert made.to_pylist() == [
        {
            "warc": ROW["warc_filename"],
            "offset": 100,
            "length": 50,
            "promise": None,
            "digest_key": None,
            "site": None,
        }
    ]
    assert not refused


def test_bytes_that_are_no_text_are_compared_as_bytes() -> None:
    schema = pa.schema([(f.name, pa.binary() if f.name == "url" else f.type) for f in SCHEMA])
    made, refused = select.located(rows({"url": b"\xff\xfe"}, schema=schema), select.Criteria())
    assert (made.num_rows, refused.total()) == (1, 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pa.field("fetch_status", pa.string()), "fetch_status is string, not a number"),
        (pa.field("warc_filename", pa.int32()), "warc_filename is int32, not a text"),
        (None, "no column content_digest"),
    ],
)
def test_another_form_is_refused_before_any_work(change: pa.Field | None, said: str) -> None:
    asked = select.Criteria(status=(200,))
    at = SCHEMA.get_field_index(change.name if change else "content_digest")
    found = SCHEMA.set(at, change) if change else SCHEMA.remove(at)
    with pytest.raises(ConfigError, match=said):
        select.check_columns(found, asked, "part.parquet")
    select.check_columns(SCHEMA, asked, "part.parquet")


def test_rows_of_a_file_come_together_and_those_that_contradict_each_other_do_not() -> None:
    a, b = ({"warc_filename": f"w/{c}.warc.gz"} for c in "ab")
    table = rows(
        {**b, "warc_record_offset": 7},
        {**a, "warc_record_offset": 150},
        {**a, "warc_record_offset": 120},
        a,
        a,
    )
    found = list(select.by_warc(select.located(table, select.Criteria())[0]))
    assert [(name, mine.column("offset").to_pylist()) for name, mine, _ in found] == [
        ("w/a.warc.gz", [100, 150]),
        ("w/b.warc.gz", [7]),
    ]
    assert found[0][2] == {"repeated": 1, "overlap": 1}
    assert list(select.by_warc(select.located(rows(), select.Criteria())[0])) == []


def test_ranges_of_files_hold_every_row_once() -> None:
    names = [f"w/{n}.warc.gz" for n in range(300)]
    table, _ = select.located(rows(*({"warc_filename": n} for n in names)), select.Criteria())
    cut = list(select.buckets(table))
    assert sorted(n for _, part in cut for n in part.column("warc").to_pylist()) == sorted(names)
    assert len(cut) > select.BUCKETS / 2
    assert all(
        select.bucket_name(select.bucket_of(warc)) == name
        for name, part in cut
        for warc in part.column("warc").to_pylist()
    )


def test_the_first_copy_of_a_payload_is_the_same_in_any_order() -> None:
    asked = select.Criteria(one_per_digest=True)
    table, _ = select.located(
        rows({"warc_record_offset": 9}, {}, {"content_digest": "B" * 32}), asked
    )
    for order in ([0, 1, 2], [2, 1, 0]):
        mixed = table.take(pa.array(order))
        first = select.first_copies([mixed.slice(0, 1), mixed.slice(1)])
        kept = mixed.filter(pa.array(select.is_first(mixed, first)))
        assert sorted(kept.column("offset").to_pylist()) == [9, 100]
