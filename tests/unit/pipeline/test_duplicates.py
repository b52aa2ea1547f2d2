"""The steps of clustering on files: what they count, lend and refuse."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filters import linkage, minhash
from filters.text import HASH_VERSION
from pipeline import duplicates, keys, plan, storage, tables
from stages import pair, schema
from stages.errors import IntegrityError
from tests.data.clustering import (
    STEPS,
    Clustering,
    Page,
    doc_id,
    facts,
    outcome,
    payload,
    prepared,
    settings,
    truth,
)

BASE = [f"word{n}" for n in range(60)]


def edited(*places: int) -> str:
    """The base with some words replaced."""
    return " ".join(f"other{n}" if n in places else word for n, word in enumerate(BASE))


PAGES = {
    "b.warc.gz": [
        Page(doc_id(0), edited(), payload("a")),
        Page(doc_id(1), edited(20), payload("b"), quality=0.5),
        Page(doc_id(2), "", payload("c")),
    ],
    "a.warc.gz": [
        Page(doc_id(3), edited(20).upper(), payload("d")),
        Page(doc_id(4), "words of its own, and no more", payload("e")),
        Page(doc_id(5), "another page with this payload", payload("e")),
        Page(doc_id(6), "", payload("c")),
        *(Page(doc_id(7 + n), f"alone {n}", payload(f"x{n}")) for n in range(5)),
    ],
    "c.warc.gz": [],
}
EVERY = [page for pages in PAGES.values() for page in pages]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups, pieces and row groups of a few rows, so that there are many of them."""
    monkeypatch.setattr(plan, "GROUP_DOCUMENTS", 2)
    monkeypatch.setattr(keys, "PIECE_ROWS", 20)
    monkeypatch.setattr(duplicates, "ROUTED_ROWS", 1)
    monkeypatch.setattr(duplicates, "CANDIDATE_ROWS", 2)
    monkeypatch.setattr(duplicates, "LENT_ROWS", 2)
    monkeypatch.setattr(duplicates, "PAIR_ROWS", 1)
    monkeypatch.setattr(duplicates, "SAMPLED", 1)
    monkeypatch.setattr(duplicates, "MEMORY_BYTES", 0)


def make(run: Path, **values: object) -> Clustering:
    return prepared(run, PAGES, settings(partitions=3, **values))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("threshold", [0.75, 0.9])
def test_many_small_tasks_find_what_brute_force_finds(tmp_path: Path, threshold: float) -> None:
    done = make(tmp_path, threshold=threshold)
    done.perform(*STEPS, "resolve")
    assert len(done.made["band"]) == 3
    assert len(done.made["pair"]) == len(done.made["cluster"]) == 3
    expected = truth(EVERY, done.plan.settings.cluster)
    assert outcome(done, EVERY) == expected
    assert len(expected.edges) == (1 if threshold == 0.75 else 0)
    assert expected.components.keys() == {
        doc_id(n) for n in ((0,) if expected.edges else ()) + (1, 3, 4, 5)
    }
    assert not list(tmp_path.rglob(".tmp-*"))


def test_sources_are_numbered_by_file_name_whatever_their_order(tmp_path: Path) -> None:
    done = make(tmp_path)
    done.perform(*STEPS)
    numbers = {m["doc_id"]: m["shard"] for m in done.rows("cluster", "members")}
    assert numbers == {doc_id(0): 1, doc_id(1): 1, doc_id(3): 0, doc_id(4): 0, doc_id(5): 0}


def test_counts_account_for_every_pair(tmp_path: Path) -> None:
    done = make(tmp_path)
    done.perform(*STEPS)
    counts = {
        name: done.counts(name)
        for name in ("distinct", "hopeless", "sure", "doubtful", "verified", "uncompared")
    }
    assert {f"pairs.{name}": done.counts(f"pairs.{name}") for name in counts} == {
        "pairs.distinct": 1,
        "pairs.hopeless": 0,
        "pairs.sure": 0,
        "pairs.doubtful": 1,
        "pairs.verified": 1,
        "pairs.uncompared": 0,
    }
    sizes = {
        (label, n)
        for m in done.made["cluster"]
        for _, name, label, n in m.counts
        if name == "clusters.size"
    }
    assert sizes == {("3", 1), ("2", 1)}


def test_signatures_are_lent_to_those_that_are_compared_alone(tmp_path: Path) -> None:
    done = make(tmp_path)
    done.perform("band", "pair", "gather", "lend")
    lent = {row["doc_id"]: row for row in done.rows("lend", "lent")}
    # 1 has the words of 3, whose place is smaller: 3 stands for both.
    assert {doc for doc, row in lent.items() if row["signature"]} == {doc_id(0), doc_id(3)}
    assert lent.keys() == {doc_id(n) for n in (0, 1, 3, 4, 5)}
    known = facts(PAGES["b.warc.gz"][0].text).signature
    assert known is not None
    assert lent[doc_id(0)]["signature"] == known.tolist()


def test_shingles_are_those_of_the_texts_that_are_in_doubt(tmp_path: Path) -> None:
    done = make(tmp_path)
    done.perform("band", "pair", "gather", "lend", "estimate", "shingle")
    found = sorted(row["shingles"] for row in done.rows("shingle", "shingles"))
    assert found == sorted(facts(edited(*at)).shingles.tolist() for at in ((), (20,)))


def test_crowds_are_counted_and_lose_no_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair, "MAX_PARTNERS", 3)
    monkeypatch.setattr(duplicates, "MIN_GIANT", 10)
    pages = [Page(doc_id(n), f"{edited()} unique{n}", quality=n / 100) for n in range(12)]
    done = prepared(tmp_path, {"a.warc": pages[:7], "b.warc": pages[7:]}, settings())
    done.perform(*STEPS, "resolve")
    assert done.counts("bands.crowded") > 0
    assert done.counts("pairs.uncompared") > 0
    found = outcome(done, pages)
    best = doc_id(11)
    assert {keeper for keeper, _, _ in found.keepers.values()} == {best}
    assert found.keepers.keys() == {p.doc_id for p in pages} - {best}
    giants = [
        (label, n)
        for m in done.made["cluster"]
        for _, name, label, n in m.counts
        if name == "clusters.largest"
    ]
    assert giants == [(min(p.doc_id for p in pages), 12)]


@pytest.mark.parametrize("given", [{"a.warc": []}, {"a.warc": [Page(doc_id(1), "")], "b.warc": []}])
def test_nothing_to_cluster(tmp_path: Path, given: dict[str, list[Page]]) -> None:
    done = prepared(tmp_path, given)
    done.perform(*STEPS, "resolve")
    assert outcome(done, []) == truth([], done.plan.settings.cluster)
    assert all(m.outputs for m in done.made["cluster"])


# Bad input: named, before use, and nothing written

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Clustering:
    """A clustered run; never to be written to."""
    done = make(tmp_path_factory.mktemp("whole"))
    done.perform(*STEPS, "resolve")
    return done


@pytest.fixture
def copied(whole: Clustering, tmp_path: Path) -> Clustering:
    """A copy of its files, as they are before a step is done again."""
    run = tmp_path / "run"
    shutil.copytree(whole.run, run)
    return Clustering(run, whole.plan, dict(whole.made))


def refused(done: Clustering, step: str) -> str:
    """What a step says to damage, after doing what can be done: nothing is left of its task."""
    tasks = done.tasks(step)
    for made in done.made.pop(step):
        for output in made.outputs:
            (done.run / output.path).unlink()
    before = files(done)
    for task in tasks:
        try:
            done.do(task)
        except IntegrityError as error:
            assert files(done) == before
            return str(error)
        before = files(done)
    pytest.fail(f"{step} took damaged files for sound ones")


def files(done: Clustering) -> set[Path]:
    return {path for path in done.run.rglob("*") if path.is_file()}


def file_of(done: Clustering, step: str, table: str, at: int = 0) -> Path:
    return done.run / done.made[step][at].output(table).path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    """Another sound file of the same table: fewer rows."""
    rewrite(path, lambda table: table.slice(1))


def rewrite(
    path: Path,
    change: Callable[[pa.Table], pa.Table],
    notes: dict[str, str] | None = None,
    table: schema.Table = schema.SIGNATURES,
) -> str:
    """Write the file anew, changed; its digest."""
    old = pq.read_table(path)
    known = {
        key.decode(): value.decode()
        for key, value in (pq.read_schema(path).metadata or {}).items()
        if key.startswith(b"weir.")
    }
    made = storage.ParquetFile(path, table, {**known, **(notes or {})})
    made.write(change(old))
    return str(made.commit()["sha256"])


DAMAGE: list[tuple[Damage, str]] = [
    (cut, "is not the file that its manifest names"),
    (flipped, "is not the file that its manifest names"),
    (emptied, "is not the file that its manifest names"),
    (replaced, "is not the file that its manifest names"),
    (missing, "is missing"),
]


@pytest.mark.parametrize(("damage", "said"), DAMAGE)
@pytest.mark.parametrize("shard", [0, 1])
def test_signatures_of_other_bytes_than_the_manifest_says(
    copied: Clustering, damage: Damage, said: str, shard: int
) -> None:
    path = file_of(copied, "extract", "signatures", shard)
    damage(path)
    message = refused(copied, "band")
    assert str(path) in message
    assert said in message


def resigned(
    done: Clustering,
    change: Callable[[pa.Table], pa.Table],
    notes: dict[str, str] | None = None,
    more_rows: int = 0,
) -> Path:
    """Signatures written anew, with a manifest that says so: only their content is wrong."""
    path = file_of(done, "extract", "signatures", 1)
    digest = rewrite(path, change, notes)
    sign_again(done, digest, pq.read_metadata(path).num_rows + more_rows)
    return path


def sign_again(done: Clustering, digest: str, rows: int) -> None:
    """Have the manifest of shard 1 name this digest of its signatures."""
    first, old, last = done.made["extract"]
    outputs = tuple(
        replace(o, sha256=digest, rows=rows) if o.table == "signatures" else o for o in old.outputs
    )
    done.made["extract"] = [first, replace(old, outputs=outputs), last]


def test_signatures_of_another_seed_scheme_or_shingle_hash(copied: Clustering) -> None:
    pinned = f"{minhash.SCHEME}/{minhash.SEED}/{minhash.PERMUTATIONS}/{HASH_VERSION}"
    other = f"{minhash.SCHEME}/2/{minhash.PERMUTATIONS}/{HASH_VERSION}"
    path = resigned(copied, lambda table: table, {"weir.minhash": other})
    message = refused(copied, "band")
    assert str(path) in message
    assert f"weir.minhash is {other}, this version needs {pinned}" in message


def test_signatures_that_do_not_say_how_they_were_made(copied: Clustering) -> None:
    path = file_of(copied, "extract", "signatures", 1)
    table = pq.read_table(path).replace_schema_metadata(None)
    pq.write_table(table, path)
    sign_again(copied, storage.file_digest(path), table.num_rows)
    assert "weir.minhash is nothing, this version needs" in refused(copied, "band")


def test_signatures_whose_rows_are_not_in_order(copied: Clustering) -> None:
    path = resigned(copied, lambda table: table.take(pa.array([1, 0, *range(2, table.num_rows)])))
    message = refused(copied, "band")
    assert str(path) in message
    assert "not in the order of `row`" in message


def test_fewer_signatures_than_the_manifest_says(copied: Clustering) -> None:
    path = resigned(copied, lambda table: table.slice(0, 4), more_rows=1)
    assert f"{path}: 4 rows in place of 5" in refused(copied, "band")


def test_a_document_that_is_there_twice(tmp_path: Path) -> None:
    twice = {**PAGES, "z.warc.gz": [Page(doc_id("new"), "fresh words"), PAGES["a.warc.gz"][1]]}
    done = prepared(tmp_path, twice, settings(partitions=3))
    done.perform("band")
    with pytest.raises(IntegrityError) as caught:
        done.perform("pair")
    assert re.search(
        rf"two documents have one doc_id \(beginning {doc_id(4)[:16]}\): "
        r"a\.warc\.gz row 1 and z\.warc\.gz row 1; the same WARC file was given twice",
        str(caught.value),
    )
    assert not [p for p in (tmp_path / "candidates").iterdir() if p.name.startswith(".tmp-")]


# Between steps: files that were sound when they were written


@pytest.mark.parametrize(
    ("step", "table", "then"),
    [
        ("band", "keys", "pair"),
        ("pair", "candidates", "gather"),
        ("gather", "homes", "lend"),
        ("gather", "candidates", "estimate"),
        ("lend", "lent", "estimate"),
        ("lend", "lent", "cluster"),
        ("estimate", "wanted", "shingle"),
        ("estimate", "estimates", "cluster"),
        ("shingle", "shingles", "cluster"),
        ("cluster", "members", "resolve"),
        ("cluster", "edges", "resolve"),
    ],
)
@pytest.mark.parametrize("damage", [cut, emptied, missing])
def test_damage_between_two_steps(
    copied: Clustering, damage: Damage, step: str, table: str, then: str
) -> None:
    sizes = [m.output(table).rows for m in copied.made[step]]
    path = file_of(copied, step, table, sizes.index(max(sizes)))
    damage(path)
    assert str(path) in refused(copied, then)


def test_keys_of_another_layout(copied: Clustering) -> None:
    path = file_of(copied, "band", "keys")
    rewrite(path, lambda table: table, {"weir.bands": "28x4"}, schema.KEYS)
    assert f"{path}: has bands of 28x4, this run asks for 14x8" in refused(copied, "pair")


def test_keys_that_are_not_sorted(copied: Clustering) -> None:
    path = file_of(copied, "band", "keys")
    rewrite(path, lambda table: table.slice(1), table=schema.KEYS)
    assert "rows in place of" in refused(copied, "pair")


def reversed_rows(table: pa.Table) -> pa.Table:
    return table.take(pa.array(range(table.num_rows - 1, -1, -1)))


def test_keys_in_falling_order(copied: Clustering) -> None:
    path = file_of(copied, "band", "keys")
    rewrite(path, reversed_rows, table=schema.KEYS)
    assert f"{path}: row group 0 is not sorted by key" in refused(copied, "pair")


def test_row_groups_of_keys_in_falling_order(copied: Clustering) -> None:
    path = file_of(copied, "band", "keys")
    table = pq.read_table(path)
    made = storage.ParquetFile(path, schema.KEYS, {"weir.bands": "14x8"})
    half = table.num_rows // 2
    for part in (table.slice(half), table.slice(0, half)):
        made.write(part)
    made.commit()
    assert f"{path}: is not sorted by key" in refused(copied, "pair")


def test_texts_that_are_fewer_than_their_signatures(copied: Clustering) -> None:
    path = file_of(copied, "extract", "documents", 0)
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    message = refused(copied, "shingle")
    assert f"{path}: has 0 of 1 texts that are to be compared" in message


def test_signatures_damaged_after_they_were_banded(copied: Clustering) -> None:
    """The next reader does not read all of the file, but each page that it reads has a checksum."""
    signatures = file_of(copied, "extract", "signatures", 1)
    whole = signatures.read_bytes()
    said = []
    for at in range(200, len(whole) - 200, max(1, len(whole) // 40)):
        data = bytearray(whole)
        data[at] ^= 0x10
        signatures.write_bytes(data)
        tables._metadata.cache_clear()
        try:
            for task in copied.tasks("lend"):
                copied.do(task)
        except IntegrityError as error:
            said.append(str(error))
    assert said
    assert all(str(signatures) in message for message in said)
    signatures.write_bytes(whole)
    tables._metadata.cache_clear()
    again = [copied.do(task).digest() for task in copied.tasks("lend")]
    assert again == [m.digest() for m in copied.made["lend"]]


def test_every_kind_of_key_is_named() -> None:
    kinds = (linkage.BAND, linkage.PAYLOAD, linkage.TEXT, linkage.DOC_ID)
    assert kinds == (0, 1, 2, 3)
    assert [schema.METHODS[k] for k in kinds[:3]] == [
        "near_duplicate",
        "exact_payload",
        "exact_text",
    ]
    assert schema.METHODS[schema.NEAR_SIGNATURE] == "near_signature"
