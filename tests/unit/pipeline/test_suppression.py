"""The suppression list on disk: immutable, checked, and never taken for an empty one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from filters import suppression as rules
from pipeline import suppression
from stages import schema
from stages.errors import IntegrityError

SIGNATURE = list(range(schema.N_PERMUTATIONS))
PAGE = rules.hashed("site.example/x", "secret")


def request(name: str = "one", key: str = "secret", **entries: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "request_id": name,
        "key": key,
        "kind": "source",
        "reason_class": "source",
        "received_at": "2026-01-01T00:00:00Z",
        "scope": "0" * 64,
        "entries": {"url": [], "domain": [], "doc_id": [], "text": [], **entries},
    }


def test_a_list_is_the_sum_of_its_requests(tmp_path: Path) -> None:
    text = {"digest": "a" * 32, "signature": SIGNATURE}
    suppression.write(tmp_path, request("one", url=[PAGE]))
    suppression.write(tmp_path, request("two", text=[text], doc_id=["b" * 32], url=[PAGE]))
    listing = suppression.locate(tmp_path)
    assert [item.name for item in listing.files] == ["one", "two"]
    table = suppression.table(listing)
    assert table.schema == schema.SUPPRESSED.schema
    kinds = [("doc_id", "b" * 32), ("key", "secret"), ("text", "a" * 32), ("url", PAGE)]
    assert [tuple(row.values())[:2] for row in table.to_pylist()] == kinds
    found = suppression.compiled(table)
    assert found.address("https://site.example/x") == "url"
    assert found.text("a" * 32, None)
    assert found.text("c" * 32, np.array(SIGNATURE, dtype=np.uint32))
    assert found.doc_ids == {"b" * 32}


def test_no_list_is_an_empty_table(tmp_path: Path) -> None:
    listing = suppression.locate(tmp_path)
    assert listing.digest == "none"
    found = suppression.compiled(suppression.table(listing))
    assert not found.names_addresses


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        suppression.write(tmp_path / folder, request(url=[PAGE]))
    a, b = (suppression.locate(tmp_path / folder) for folder in ("a", "b"))
    assert a.digest == b.digest
    assert suppression.locate(tmp_path / "a", tmp_path / "b").digest == a.digest
    suppression.write(tmp_path / "b", request("two"))
    assert suppression.locate(tmp_path / "b").digest != a.digest
    assert suppression.locate(tmp_path / "b").without(["two"]).digest == a.digest
    assert suppression.Listing.from_json(a.to_json()) == a


def test_a_file_never_changes(tmp_path: Path) -> None:
    first = suppression.write(tmp_path, request(url=[PAGE]))
    later = {**request(url=[PAGE]), "received_at": "2026-02-02T00:00:00Z"}
    assert suppression.write(tmp_path, later) == first
    with pytest.raises(IntegrityError, match="--request-id"):
        suppression.write(tmp_path, {**request(), "scope": "1" * 64})
    assert suppression.key_of(tmp_path, "other") == "secret"
    assert suppression.key_of(tmp_path / "none", "other") == "other"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b"[]", "damaged"),
        (json.dumps({**request(), "version": 2}).encode(), "update Weir"),
        (json.dumps({**request(), "request_id": "other"}).encode(), "no suppression list"),
        (json.dumps(request(url=["plain"])).encode(), "no suppression list"),
        (json.dumps(request(text=[{"digest": "a" * 32, "signature": [1]}])).encode(), "no supp"),
        (json.dumps({**request(), "entries": {}}).encode(), "no suppression list"),
    ],
)
def test_what_cannot_be_read_is_no_empty_list(tmp_path: Path, content: bytes, said: str) -> None:
    path = suppression.path_of(tmp_path, "one")
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=said):
        suppression.table(suppression.locate(tmp_path))


def test_a_file_that_changed_since_it_was_found_is_refused(tmp_path: Path) -> None:
    suppression.write(tmp_path, request(url=[PAGE]))
    listing = suppression.locate(tmp_path)
    suppression.path_of(tmp_path, "one").write_text(json.dumps(request()), encoding="utf-8")
    with pytest.raises(IntegrityError, match="was changed"):
        suppression.table(listing)


def test_two_of_one_name_and_two_keys_are_refused(tmp_path: Path) -> None:
    suppression.write(tmp_path / "a", request(url=[PAGE]))
    suppression.write(tmp_path / "b", request())
    with pytest.raises(IntegrityError, match="differs"):
        suppression.locate(tmp_path / "a", tmp_path / "b")
    suppression.write(tmp_path / "a", request("two", key="other"))
    with pytest.raises(IntegrityError, match="another key"):
        suppression.table(suppression.locate(tmp_path / "a"))


def test_a_table_without_its_key_is_refused() -> None:
    rows = [{"kind": "url", "value": PAGE, "signature": None}]
    with pytest.raises(IntegrityError, match="no key"):
        suppression.compiled(pa.Table.from_pylist(rows, schema=schema.SUPPRESSED.schema))
