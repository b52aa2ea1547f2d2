"""Views of the small run: what they hold, when they are made again, and that lookups agree."""

import hashlib
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit import places, prune, views
from audit.place_files import Sort
from audit.runs import Run
from audit.sample import halves
from audit.trace import host_of, trace
from pipeline import lists
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import A, B, C, D, E, F, G

ODD = [
    "https://WWW.Example.com./a?b#c",
    "http://user:pw@host.example:8080/x",
    "http://[2001:db8::1]/",
    "https://bücher.example/",
    "no address",
    "http://",
    "https://a_b.example",
    "http://.../",
    "https://x.example:port/",
    "https://tab\t.example/",
    "",
]


def test_a_language(run: Run, tmp_path: Path) -> None:
    made = views.opened(run, folder=tmp_path)
    assert made.tags == ("eng_Latn", "fin_Latn")
    view = made.language("eng_Latn")
    assert view.doc_ids(np.arange(4)) == sorted([C, D, F, G])
    assert view.rows([D, A, "x", ""])[1:] == [None, None, None]
    outcome = dict(zip(sorted([C, D, F, G]), view.kept.tolist(), strict=True))
    assert outcome == {C: True, D: False, F: False, G: True}
    removed = dict(zip(sorted([C, D, F, G]), view.removed.tolist(), strict=True))
    assert removed == {C: False, D: True, F: True, G: False}
    (row,) = view.rows([F])
    assert row is not None
    assert view.place(row) == (0, 2)
    assert view.reasons[view.columns["reason"][row]] == "dedup.exact_text"
    assert view.values["word_count"].dtype == np.float32
    assert made.warnings == ()


def test_views_hold_no_text_and_no_address(run: Run, tmp_path: Path) -> None:
    made = views.opened(run, folder=tmp_path)
    for tag in made.tags:
        made.language(tag)
    assert made.find(A)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"a.example/" not in held
    assert b"Ensimm" not in held
    assert b"words of G" not in held


WHATS = [
    *(A, B, C, D, A.upper(), "0" * 32),
    *("https://a.example/fin_Latn", "https://c.example/<EMAIL>", "https://c.example/x"),
    *("a.example", "A.Example.", "c.example", "*.example", "*.a.example", "*.c.Example", "example"),
    *("<urn:uuid:A>", "urn:uuid:B", "urn:uuid:none", "nowhere.example", "*.nowhere", "*."),
]


@pytest.mark.parametrize("what", WHATS)
def test_the_ledger_gives_what_reading_everything_gives(
    run: Run, tmp_path: Path, what: str
) -> None:
    ledger = views.opened(run, folder=tmp_path).ledger
    assert trace(run, what, ledger=ledger) == trace(run, what)
    assert trace(run, what, limit=1, ledger=ledger) == trace(run, what, limit=1)


def test_domains(run: Run) -> None:
    every = trace(run, "*.example")
    assert every["found"] > 1
    hosts = {host_of(record["url"]) for record in every["records"]}
    assert len(hosts) > 1
    assert all(host is not None and host.endswith(".example") for host in hosts)


def test_hosts_are_those_that_are_looked_for() -> None:
    found = places.hosts(pa.chunked_array([ODD[:3], ODD[3:]], pa.large_string()))
    assert found.to_pylist() == [host_of(url) for url in ODD]


def test_a_url_found_by_its_stored_form_only(
    folder: Path, rewrite: Callable[..., None], tmp_path: Path
) -> None:
    """Two records of one stored address in two shards; one of them also has its key."""
    key = hashlib.blake2b(b"https://z.example/", digest_size=16, key=b"weir").hexdigest()

    def same(rows: list[dict[str, Any]]) -> None:
        rows[0].update(url="https://z.example/", url_key=key)
        rows[1].update(url="https://z.example/", url_key="1" * 32)

    def other(rows: list[dict[str, Any]]) -> None:
        rows[1].update(url="https://z.example/", url_key="2" * 32)

    rewrite(folder, "records/00000.parquet", same)
    rewrite(folder, "records/00001.parquet", other)
    run = Run(folder)
    found = trace(run, "https://z.example/")
    assert found["found"] == 2
    assert trace(run, "https://z.example/", ledger=views.opened(run).ledger) == found


def test_trace_takes_a_ledger_that_is_there(folder: Path) -> None:
    assert views.ledger(Run(folder)) is None
    assert views.opened(Run(folder)).ledger
    assert views.ledger(Run(folder)) is not None
    prune.prune(Run(folder), ())
    assert views.ledger(Run(folder)) is None
    assert not (folder / "views").exists()


def test_a_changed_run_makes_a_ledger_stale(folder: Path, rewrite: Callable[..., None]) -> None:
    assert views.opened(Run(folder)).ledger
    rewrite(folder, "records/00000.parquet", lambda rows: rows[0].update(status=404))
    assert views.ledger(Run(folder)) is None
    assert views.opened(Run(folder)).find(A)


def test_damaged_views_are_made_again(folder: Path) -> None:
    made = views.opened(Run(folder))
    made.language("fin_Latn")
    assert made.find(A)
    for path in (folder / "views").rglob("*.arrow"):
        path.write_bytes(path.read_bytes()[:100])
    again = views.opened(Run(folder))
    assert again.language("fin_Latn").documents == 3
    assert again.find(A)


def test_views_that_were_swapped_are_made_again(folder: Path) -> None:
    made = views.opened(Run(folder))
    made.language("fin_Latn")
    made.language("eng_Latn")
    assert made.find(A)
    languages, ledger = folder / "views" / "languages", folder / "views" / "ledger"
    shutil.copy(languages / "eng_Latn.arrow", languages / "fin_Latn.arrow")
    shutil.copy(ledger / "host.arrow", ledger / "url_key.arrow")
    again = views.opened(Run(folder))
    assert again.language("fin_Latn").tag == "fin_Latn"
    assert again.find(A) == made.find(A)


@pytest.mark.parametrize(
    "notes", [{}, {"weir.view": "["}, {"weir.view": "{}"}, {"weir.view": "null"}]
)
def test_a_view_without_its_notes_is_made_again(folder: Path, notes: dict[str, str]) -> None:
    made = views.opened(Run(folder))
    made.language("fin_Latn")
    odd = pa.table({"head": [1]}).replace_schema_metadata({"weir.stamp": made.stamp, **notes})
    lists.save(folder / "views" / "languages" / "fin_Latn.arrow", odd)
    assert views.opened(Run(folder)).language("fin_Latn").documents == 3


def test_what_cannot_be_written_is_made_elsewhere(pristine: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    made = views.opened(Run(pristine), folder=blocked / "views")
    assert made.language("fin_Latn").documents == 3
    assert "temporary folder" in made.warnings[0]
    assert made.find(A) == [places.Place(0, 3)]


def test_a_run_that_is_not_finished(folder: Path, rewrite_book: Callable[..., None]) -> None:
    rewrite_book(folder, finished_at=None)
    with pytest.raises(ConfigError, match="not finished"):
        views.opened(Run(folder, unfinished=True))


def test_progress_is_told(run: Run, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = views.opened(run, lambda *what: told.append(what), tmp_path)
    made.language("fin_Latn")
    assert told == [("fin_Latn", 1, 2), ("fin_Latn", 2, 2)]
    assert made.find("nowhere.example") == []
    assert told[2:] == [("records", 1, 2), ("records", 2, 2)]


@pytest.mark.parametrize("partition_rows", [1, 3, 1000])
def test_keys_are_sorted_by_ranges(tmp_path: Path, partition_rows: int) -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 2**64, 500, np.uint64)
    keys[100:120] = keys[0]
    sort = Sort(tmp_path / "sort", keys.size, partition_rows)
    for start in range(0, 500, 77):
        sort.add(keys[start : start + 77], start)
    found = sort.sorted()
    order = np.argsort(keys, kind="stable")
    assert np.array_equal(found["key"], keys[order])
    assert np.array_equal(found["at"], order)


def test_doc_ids_that_are_none() -> None:
    for wrong in (["ab"], ["g" * 32], [A, None]):
        with pytest.raises(IntegrityError, match="32 hex digits"):
            halves(pa.chunked_array([wrong], pa.string()))
    head, tail = halves(pa.chunked_array([[A], [B, C]], pa.string()).slice(1))
    assert [f"{a:016x}{b:016x}" for a, b in zip(head.tolist(), tail.tolist(), strict=True)] == [
        B,
        C,
    ]


def test_files_can_be_read_by_others(folder: Path) -> None:
    views.opened(Run(folder)).language("fin_Latn")
    path = folder / "views" / "languages" / "fin_Latn.arrow"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert sorted(p.name for p in path.parent.iterdir()) == ["fin_Latn.arrow"]
    assert E
