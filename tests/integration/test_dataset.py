"""Snapshots one after another in one dataset, through the real runner."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit import index
from audit.verify import verify
from filters.text import jaccard
from pipeline import dataset, runner
from stages import schema
from stages.errors import ConfigError, IntegrityError
from tests.data import clustering
from tests.integration.releases import Snapshots
from tests.integration.runs import configured, digests, result_of, rows, run_here, tasks_run

THRESHOLD = 0.75


@dataclass(frozen=True, slots=True)
class Document:
    """What clustering knows of a document."""

    doc_id: str
    text: str
    payload: str | None
    precedence: int

    def joined(self, other: "Document") -> bool:
        """Whether there is a verified edge, by comparing the texts themselves."""
        one, two = clustering.facts(self.text), clustering.facts(other.text)
        if self.payload is not None and self.payload == other.payload:
            return True
        if one.digest == two.digest:
            return True
        limits = clustering.settings(bands=14, rows=8).cluster
        return (
            clustering.shares_band(one, two, limits)
            and jaccard(one.shingles, two.shingles) >= THRESHOLD
        )


def documents_of(run: Path) -> dict[str, Document]:
    texts = rows(run, "documents", "doc_id", "text")
    signed = rows(run, "signatures", "doc_id", "payload_digest", "precedence")
    return {
        str(s["doc_id"]): Document(
            str(s["doc_id"]),
            str(t["text"]),
            s["payload_digest"],  # type: ignore[arg-type]
            int(s["precedence"]),  # type: ignore[call-overload]
        )
        for t, s in zip(texts, signed, strict=True)
    }


def published_ids(run: Path) -> set[str]:
    return {str(row["doc_id"]) for row in rows(run, "corpus", "doc_id")}


def decided(run: Path) -> list[dict[str, Any]]:
    return rows(run, "decisions")


def told(run: Path) -> list[tuple[object, ...]]:
    """What was decided, without names of components."""
    columns = ("doc_id", "outcome", "reason", "keeper_id", "similarity", "method")
    return [tuple(row[name] for name in columns) for row in decided(run)]


def is_sound(folder: Path) -> None:
    assert all(check["ok"] for check in verify(folder)), verify(folder)


def index_is_sound(folder: Path) -> None:
    assert all(check["ok"] for check in index.verify(folder)), index.verify(folder)


def state(folder: Path) -> dict[str, str]:
    """Digests of everything in a dataset."""
    return digests(folder, "index", "releases")


@pytest.fixture(scope="module")
def a_then_b(snapshots: Snapshots, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("a-then-b")
    snapshots.released("AB", root, root / "dataset")
    return root


def test_what_was_published_stays_as_it_was(
    snapshots: Snapshots, a_then_b: Path, dataset_of_a: Path
) -> None:
    assert result_of(a_then_b / "A") == result_of(dataset_of_a.parent / "A")
    assert result_of(a_then_b / "A") == result_of(snapshots.root / "A")
    files = json.loads((a_then_b / "dataset" / "releases" / "TEST-A.json").read_text())["files"]
    assert {f["path"]: f["sha256"] for f in files} == digests(a_then_b / "A", "corpus")
    kept_files = digests(dataset_of_a, "index")
    del kept_files["index/index.json"]
    assert kept_files.items() <= digests(a_then_b / "dataset", "index").items()


def test_the_later_snapshot_loses_what_brute_force_says(a_then_b: Path) -> None:
    published, ours = documents_of(a_then_b / "A"), documents_of(a_then_b / "B")
    published = {name: published[name] for name in published_ids(a_then_b / "A")}
    by_rank = sorted(published.values(), key=lambda d: (-d.precedence, d.doc_id))
    in_favour = kept = 0
    for row in decided(a_then_b / "B"):
        if str(row["reason"]).startswith("rule."):
            continue
        own = ours[row["doc_id"]]
        around = [d for d in by_rank if d.joined(own)]
        if around:
            assert row["keeper_id"] == around[0].doc_id
            assert row["similarity"] >= THRESHOLD
            in_favour += 1
        elif row["outcome"] == schema.KEEP:
            kept += 1
        else:
            keeper = ours[row["keeper_id"]]
            assert keeper.joined(own)
            assert keeper.doc_id in published_ids(a_then_b / "B")
    assert in_favour >= 10
    assert kept >= 4
    methods = {row["method"] for row in decided(a_then_b / "B")}
    assert methods >= {"exact_payload", "exact_text", "near_duplicate"}


def test_all_of_it_is_sound(a_then_b: Path) -> None:
    for name in "AB":
        is_sound(a_then_b / name)
    index_is_sound(a_then_b / "dataset")
    told_by = index.info(a_then_b / "dataset")
    assert [release["name"] for release in told_by["releases"]] == ["TEST-A", "TEST-B"]
    kept = [len(published_ids(a_then_b / name)) for name in "AB"]
    assert [part["documents"] for part in told_by["parts"]] == kept


def test_going_on_with_a_released_run_does_nothing(snapshots: Snapshots, a_then_b: Path) -> None:
    before = state(a_then_b / "dataset")
    books = {name: (a_then_b / name / "run.json").read_bytes() for name in "AB"}
    for name in "AB":
        for folder in (a_then_b / "dataset", None):
            ended, events = snapshots.go_on(name, a_then_b / name, folder)
            assert ended.exit_code == 0, ended.problems
            assert tasks_run(events) == {}
        assert (a_then_b / name / "run.json").read_bytes() == books[name]
    assert state(a_then_b / "dataset") == before


def test_the_order_of_releases(snapshots: Snapshots, a_then_b: Path, tmp_path: Path) -> None:
    """B then A is another corpus than A then B, and as sound; so is both at once."""
    snapshots.released("BA", tmp_path, tmp_path / "dataset")
    for name in "AB":
        is_sound(tmp_path / name)
    index_is_sound(tmp_path / "dataset")
    first = set.union(*(published_ids(a_then_b / name) for name in "AB"))
    second = set.union(*(published_ids(tmp_path / name) for name in "AB"))
    assert first != second
    for kept in (first, second):
        everything = {**documents_of(a_then_b / "A"), **documents_of(a_then_b / "B")}
        near = [d for d in kept for e in kept if d < e and everything[d].joined(everything[e])]
        assert near == []


def test_compaction_changes_no_decision(snapshots: Snapshots, tmp_path: Path) -> None:
    snapshots.released("AC", tmp_path, tmp_path / "plain")
    shutil.copytree(tmp_path / "plain", tmp_path / "compacted")
    answer = index.compact(tmp_path / "compacted")
    assert [part["releases"] for part in answer["parts"]] == [["TEST-A", "TEST-C"]]
    assert len(answer["removed"]) == 2  # the keys of the two parts
    index_is_sound(tmp_path / "compacted")
    for kind in ("plain", "compacted"):
        snapshots.released("B", tmp_path / f"with-{kind}", tmp_path / kind)
        is_sound(tmp_path / f"with-{kind}" / "B")
        index_is_sound(tmp_path / kind)
    assert told(tmp_path / "with-plain" / "B") == told(tmp_path / "with-compacted" / "B")
    assert any(row[3] for row in told(tmp_path / "with-plain" / "B"))
    merged = [index.compact(tmp_path / kind)["total"] for kind in ("plain", "compacted")]
    assert merged[0]["keys"] == merged[1]["keys"]
    before = state(tmp_path / "plain")
    assert index.compact(tmp_path / "plain")["removed"] == []
    assert state(tmp_path / "plain") == before


def test_compaction_in_the_midst_of_a_run(snapshots: Snapshots, tmp_path: Path) -> None:
    """A run that looked at the index before it was compacted stops, and can go on."""
    snapshots.released("AC", tmp_path, tmp_path / "dataset")
    late = snapshots.begun("B", tmp_path / "B", tmp_path / "dataset")
    index.compact(tmp_path / "dataset")
    before = state(tmp_path / "dataset")
    with pytest.raises(IntegrityError, match=r"keys-.*run the same command again"):
        late.start()
    assert state(tmp_path / "dataset") == before
    ended, _ = snapshots.go_on("B", tmp_path / "B", tmp_path / "dataset")
    assert ended.exit_code == 0, ended.problems
    is_sound(tmp_path / "B")
    index_is_sound(tmp_path / "dataset")


def test_a_run_that_began_before_another_was_released(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path
) -> None:
    folder = copied(dataset_of_a, tmp_path)
    late = snapshots.begun("B", tmp_path / "B", folder)
    snapshots.released("C", tmp_path, folder)
    before, corpus = state(folder), digests(tmp_path / "C", "corpus")
    with pytest.raises(ConfigError, match=f"TEST-C .*weir run {tmp_path / 'B'}"):
        late.start()
    assert state(folder) == before
    alone = published_ids(tmp_path / "B")
    ended, _ = snapshots.go_on("B", tmp_path / "B", None)
    assert ended.exit_code == 0, ended.problems
    assert published_ids(tmp_path / "B") < alone
    assert "TEST-B" in dataset.read(folder).releases
    assert digests(tmp_path / "C", "corpus") == corpus
    is_sound(tmp_path / "B")
    index_is_sound(folder)


def test_a_name_that_another_run_has(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path
) -> None:
    folder = copied(dataset_of_a, tmp_path)
    before = state(folder)
    with pytest.raises(ConfigError, match=r"TEST-A.json.*another run.*--set snapshot=NAME"):
        snapshots.go_on("A", tmp_path / "again", folder)
    assert state(folder) == before
    assert not (tmp_path / "again").exists()


def test_another_layout_is_refused_before_any_work(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"16x7.*--set cluster.bands=14 --set cluster.rows=8"):
        snapshots.go_on("B", tmp_path / "B", dataset_of_a, ["cluster.bands=16", "cluster.rows=7"])
    assert not (tmp_path / "B").exists()


def test_the_first_release_sets_the_layout(snapshots: Snapshots, tmp_path: Path) -> None:
    limits = ["cluster.bands=16", "cluster.rows=7"]
    ended, _ = snapshots.go_on("A", tmp_path / "A", tmp_path / "dataset", limits)
    assert ended.exit_code == 0, ended.problems
    assert index.info(tmp_path / "dataset")["layout"] == "16x7"
    index_is_sound(tmp_path / "dataset")


def test_a_run_of_another_dataset(snapshots: Snapshots, a_then_b: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to"):
        snapshots.go_on("B", a_then_b / "B", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_what_is_reused_is_compared_as_well(
    snapshots: Snapshots, a_then_b: Path, dataset_of_a: Path, tmp_path: Path
) -> None:
    folder = copied(dataset_of_a, tmp_path)
    ended, events = snapshots.go_on(
        "B", tmp_path / "B", folder, ["name=again"], reuse=snapshots.root / "B"
    )
    assert ended.exit_code == 0, ended.problems
    assert tasks_run(events).keys() >= {"pair", "cluster", "publish", "index"}
    assert not tasks_run(events).keys() & {"prepare", "extract", "band"}
    assert told(tmp_path / "B") == told(a_then_b / "B")
    assert digests(tmp_path / "B", "corpus") == digests(a_then_b / "B", "corpus")


def test_a_partial_run_is_not_released_until_it_is_whole(
    snapshots: Snapshots, dataset_of_a: Path, tmp_path: Path
) -> None:
    folder, missing = copied(dataset_of_a, tmp_path), tmp_path / "missing.warc.gz"
    before = state(folder)
    listed = tmp_path / "warc.paths"
    listed.write_text(f"{snapshots.root / 'B.warc.gz'}\n{missing}\n")

    def run() -> runner.Result:
        resolved = configured(listed, ["snapshot=TEST-B"])
        return run_here(resolved, tmp_path / "B", dataset=folder)[0]

    assert run().exit_code == runner.PARTIAL
    assert published_ids(tmp_path / "B")
    assert state(folder) == before
    shutil.copy(snapshots.root / "C.warc.gz", missing)
    ended = run()
    assert ended.exit_code == 0, ended.problems
    assert dataset.read(folder).releases == ("TEST-A", "TEST-B")
    index_is_sound(folder)


def test_a_snapshot_of_nothing_new(snapshots: Snapshots, tmp_path: Path) -> None:
    """The same pages under another name are other documents, and all duplicates."""
    snapshots.released("A", tmp_path, tmp_path / "dataset")
    before = state(tmp_path / "dataset")
    ended, _ = snapshots.go_on(
        "A", tmp_path / "again", tmp_path / "dataset", ["snapshot=TEST-AGAIN"]
    )
    assert ended.exit_code == 0, ended.problems
    assert rows(tmp_path / "again", "corpus") == []
    after = state(tmp_path / "dataset")
    assert after.pop("releases/TEST-AGAIN.json")
    assert after == before
    is_sound(tmp_path / "again")
    index_is_sound(tmp_path / "dataset")


def test_what_later_snapshots_were_compared_with_is_not_published_anew(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    """As by a Weir that publishes in another way: here, manifests of the step are gone."""
    folder = tmp_path / "dataset"
    snapshots.released("AB", tmp_path, folder)
    before, corpus = state(folder), digests(tmp_path, "A/corpus", "B/corpus")
    for name in "AB":
        for path in (tmp_path / name / "manifests" / "compact").iterdir():
            path.unlink()
    with pytest.raises(ConfigError, match=r"TEST-B of .* came after it, and step compact"):
        snapshots.go_on("A", tmp_path / "A", None)
    ended, _ = snapshots.go_on("B", tmp_path / "B", None)
    assert ended.exit_code == 0, ended.problems
    assert state(folder) == before
    assert digests(tmp_path, "A/corpus", "B/corpus") == corpus


def copied(folder: Path, tmp_path: Path) -> Path:
    """A dataset that a test may change; its releases stay where they are."""
    return Path(shutil.copytree(folder, tmp_path / "dataset"))
