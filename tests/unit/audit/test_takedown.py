"""Takedown of a small run: what is planned, what is changed, what is proved, and what stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit import erasure, proof, requests, takedown, trace, views
from audit.runs import Run
from audit.tune import Trial, tune
from audit.tuning import Session
from audit.verify import verify
from filters import suppression as rules
from pipeline import cli, suppression
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import A, C, D, F, G

WHEN = "2026-03-04T05:06:07Z"
URL_A = "https://a.example/fin_Latn"
URL_G = "https://g.example/eng_Latn"


def rows(folder: Path, table: str) -> dict[str, dict[str, Any]]:
    """Rows of a table by doc_id."""
    return {
        row["doc_id"]: row
        for path in sorted((folder / table).rglob("[!.]*.parquet"))
        for row in pq.read_table(path, partitioning=None).to_pylist()
        if "doc_id" in row
    }


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but locks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("lock", ".lock")
    }


def wrong(folder: Path) -> list[str]:
    """What `weir verify` finds."""
    return [check["detail"] for check in verify(folder) if not check["ok"]]


def test_the_fixture_is_sound(pristine: Path) -> None:
    assert wrong(pristine) == []


def test_a_plan_writes_nothing(folder: Path) -> None:
    before = tree(folder)
    found = takedown.plan(folder, requests.request(urls=["http://www.a.example/fin_Latn/"]))
    assert tree(folder) == before
    assert not found["applied"]
    assert found["kind"] == "source"
    (run,) = found["runs"]
    assert [(d["doc_id"], d["how"], d["outcome"]) for d in run["taken"]] == [(A, "url", "keep")]
    tables = {file["path"].partition("/")[0] for file in run["files"]}
    assert tables == {"records", "documents", "signals", "signatures", "decisions", "corpus"}
    folders = {name.partition("/")[0] for name in run["pruned"]}
    assert folders == {"keys", "lent", "parts", "shingles", "verdicts"}


def test_a_page_goes_from_every_table_and_the_books_balance(folder: Path) -> None:
    untouched = rows(folder, "documents")
    wanted = requests.request(urls=[URL_A], request_id="one")
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("Ensimmäinen sivu", encoding="utf-8")
    data = takedown.apply(folder, wanted, WHEN)
    assert (data["documents"], data["hits"], data["already_applied"]) == (1, [], False)
    assert wrong(folder) == []
    assert A not in rows(folder, "corpus")
    document, record = rows(folder, "documents")[A], rows(folder, "records")[A]
    assert (document["text"], document["url"], document["title"]) == ("", "", None)
    assert (document["n_chars"], document["n_words"], document["pii_counts"]) == (0, 0, [])
    assert (record["url"], record["url_key"], record["outcome"]) == ("", "0" * 32, "pass")
    decision = rows(folder, "decisions")[A]
    assert (decision["outcome"], decision["reason"]) == ("reject", "takedown.request")
    assert rows(folder, "signatures")[A]["signature"] is None
    assert {v for k, v in rows(folder, "signals")[A].items() if k not in ("doc_id", "tag")} == {
        None
    }
    after = rows(folder, "documents")
    assert {k: v for k, v in after.items() if k != A} == {
        k: v for k, v in untouched.items() if k != A
    }
    assert not (folder / "report" / "index.html").exists()
    assert not (folder / "parts" / "00000-part.parquet").exists()
    assert not erasure.journal(folder, "one").exists()
    assert json.loads((folder / "run.json").read_text())["takedowns"] == ["one"]
    assert trace.trace(Run(folder), URL_A)["found"] == 0


def test_nothing_that_is_left_behind_tells_the_address(folder: Path) -> None:
    takedown.apply(folder, requests.request(urls=[URL_A]), WHEN)
    for name, content in tree(folder).items():
        if not name.endswith((".parquet", ".arrow")):
            assert b"a.example/fin" not in content, name
            assert "Ensimmäinen".encode() not in content, name


def test_views_go_and_are_made_without_the_page(folder: Path) -> None:
    made = views.opened(Run(folder))
    assert made.find(A)
    assert made.find("a.example")
    assert made.language("fin_Latn").weights["characters"].min() > 0
    takedown.apply(folder, requests.request(urls=[URL_A], request_id="one"), WHEN)
    assert not (folder / "views").exists()
    again = views.opened(Run(folder))
    assert again.find("a.example") == []
    assert again.find(URL_A) == []
    session = Session(Run(folder), again, "fin_Latn")
    page = session.page(A, {})
    assert (page["text"], page["verdict"], page["reason"]) == ("", "reject", "takedown.request")
    assert "taken down" in page["text_why_not"]
    assert A not in [one["doc_id"] for one in session.queue("random_kept", {})]


def test_done_again_nothing_changes(folder: Path) -> None:
    wanted = requests.request(urls=[URL_A])
    takedown.apply(folder, wanted, WHEN)
    before = tree(folder)
    again = takedown.apply(folder, wanted, "2027-01-01T00:00:00Z")
    assert again["already_applied"]
    assert tree(folder) == before


def test_task_keys_know_files_by_what_they_were(folder: Path) -> None:
    before = {o.path: o.sha256 for made in Run(folder).manifests() for o in made.outputs}
    takedown.apply(folder, requests.request(urls=[URL_A]), WHEN)
    takedown.apply(folder, requests.request(doc_ids=[C]), WHEN)
    after = [o for made in Run(folder).manifests() for o in made.outputs]
    assert {o.path: o.known for o in after} == before
    assert any(o.sha256 != o.known for o in after)
    assert wrong(folder) == []
    assert all(check["ok"] for check in takedown.verify(folder))
    assert not any(one["faults"] for one in takedown.prove(folder)["proofs"])


def test_a_source_takes_its_page_and_leaves_copies_with_a_word(folder: Path) -> None:
    found = takedown.plan(folder, requests.request(names=["g.example"]))
    (run,) = found["runs"]
    assert [d["doc_id"] for d in run["taken"]] == [G]
    assert [d["doc_id"] for d in run["copies"]] == [F]
    assert run["promotable"] == {F: G}
    said = " ".join(found["notes"])
    assert "1 copies from other places stay" in said
    assert "the next `weir run --reuse` may keep one of them" in said
    takedown.apply(folder, requests.request(names=["g.example"]), WHEN)
    assert wrong(folder) == []  # F still names G, whose tombstone is there
    kept = rows(folder, "decisions")[F]
    assert (kept["reason"], kept["keeper_id"]) == ("dedup.exact_text", G)
    assert rows(folder, "documents")[F]["text"] == "The words of G."


@pytest.mark.parametrize("direct", [False, True])
def test_a_person_takes_the_copies_too(folder: Path, direct: bool) -> None:
    wanted = requests.request(doc_ids=[D], is_direct=direct)
    assert wanted.kind == "person"
    takedown.apply(folder, wanted, WHEN)
    gone = {
        d for d, row in rows(folder, "decisions").items() if row["reason"] == "takedown.request"
    }
    assert {C, D} <= gone
    assert wrong(folder) == []


def test_records_that_never_became_documents_lose_their_address(folder: Path) -> None:
    url = "https://s.example/und_Zyyy"
    data = takedown.apply(folder, requests.request(urls=[url]), WHEN)
    assert (data["documents"], data["records"]) == (0, 1)
    assert wrong(folder) == []
    blank = [row for row in rows(folder, "records").values() if not row["url"]]
    assert [(row["reason"], row["url_key"]) for row in blank] == [("gate.status", "0" * 32)]


def test_what_is_not_there_is_suppressed_all_the_same(folder: Path) -> None:
    before = {name: data for name, data in tree(folder).items() if name.startswith("corpus")}
    data = takedown.apply(folder, requests.request(urls=["https://none.example/"]), WHEN)
    assert (data["documents"], data["records"], data["files"]) == (0, 0, 0)
    assert {n: d for n, d in tree(folder).items() if n.startswith("corpus")} == before
    listed = suppression.compiled(suppression.table(suppression.locate(folder)))
    assert listed.address("https://none.example/") == rules.URL


def test_links_to_other_runs_are_named_and_their_files_left(folder: Path, tmp_path: Path) -> None:
    corpus = folder / "corpus" / "fin_Latn" / "fin_Latn-00000.parquet"
    other = tmp_path / "other.parquet"
    other.hardlink_to(corpus)
    before = other.read_bytes()
    said = takedown.plan(folder, requests.request(urls=[URL_A]))["notes"]
    assert any("1 files have other links" in note for note in said)
    takedown.apply(folder, requests.request(urls=[URL_A]), WHEN)
    assert other.read_bytes() == before
    assert corpus.read_bytes() != before


def test_counts_are_exact_without_documents_and_signatures(
    folder: Path, rewrite_book: Callable[..., None]
) -> None:
    del rewrite_book
    from audit.prune import prune  # noqa: PLC0415

    prune(Run(folder), keep=())
    takedown.apply(folder, requests.request(urls=[URL_A]), WHEN)
    assert wrong(folder) == []
    assert A not in rows(folder, "corpus")


def test_verify_and_prove_find_what_was_brought_back(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    takedown.apply(folder, requests.request(urls=[URL_A], request_id="one"), WHEN)
    assert [check["ok"] for check in takedown.verify(folder)] == [True]

    def bring_back(found: list[dict[str, Any]]) -> None:
        found[0]["doc_id"], found[0]["url"] = A, URL_A

    rewrite(folder, "corpus/fin_Latn/fin_Latn-00000.parquet", bring_back)
    (check,) = takedown.verify(folder)
    assert not check["ok"]
    assert "1 rows of corpus are found by doc_id" in check["detail"]
    assert "1 rows of corpus are found by address" in check["detail"]
    (one,) = takedown.prove(folder)["proofs"]
    assert (
        "corpus/fin_Latn/fin_Latn-00000.parquet: is not the file that the proof names"
        in (one["faults"])
    )
    assert "the published files are not those of the proof's Merkle root" in one["faults"]


def test_a_request_that_was_not_applied_is_no_success(folder: Path) -> None:
    wanted = requests.request(urls=[URL_A], request_id="one")
    takedown.apply(folder, wanted, WHEN)
    proof.tombstone_of(folder, "one").unlink()
    (check,) = takedown.verify(folder)
    assert "not applied" in check["detail"]
    with pytest.raises(ConfigError, match="not on the suppression list"):
        takedown.verify(folder, request_id="two")


def test_one_name_for_two_requests_is_refused(folder: Path) -> None:
    takedown.apply(folder, requests.request(urls=[URL_A], request_id="one"), WHEN)
    with pytest.raises(IntegrityError, match="--request-id"):
        takedown.apply(folder, requests.request(urls=[URL_G], request_id="one"), WHEN)


def test_a_proof_names_digests_and_no_more(folder: Path) -> None:
    old = {o.path: o.sha256 for made in Run(folder).manifests() for o in made.outputs}
    takedown.apply(folder, requests.request(urls=[URL_A], request_id="one"), WHEN)
    new = {o.path: o.sha256 for made in Run(folder).manifests() for o in made.outputs}
    found = proof.read(proof.proof_of(folder, "one"))
    assert {f["path"]: (f["old"], f["new"]) for f in found["files"]} == {
        path: (old[path], new[path]) for path in old if old[path] != new[path]
    }
    assert found["merkle"]["old"] != found["merkle"]["new"] == proof.merkle_root(Run(folder))
    assert (found["received_at"], found["documents"], found["kind"]) == (WHEN, 1, "source")
    asked = {(query["query"], query["table"]) for query in found["queries"]}
    assert {("doc_id", "corpus"), ("address", "corpus"), ("address or url_key", "records")} <= asked
    assert {query["hits"] for query in found["queries"]} == {0}
    tombstone = json.loads(proof.tombstone_of(folder, "one").read_text())
    assert tombstone == {
        "version": 1,
        "request_id": "one",
        "reason_class": "source",
        "documents": [A],
    }


def test_a_dataset_is_all_its_runs(folder: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    (dataset / "releases").mkdir(parents=True)
    files = [
        {"path": o.path, "sha256": o.sha256, "rows": o.rows, "tag": tag}
        for tag, outputs in Run(folder).corpus().items()
        for o in outputs
    ]
    release = dataset / "releases" / "CC-TEST-01.json"
    value = {"version": 1, "snapshot": "CC-TEST-01", "run": str(folder), "files": files}
    release.write_text(json.dumps(value), encoding="utf-8")
    wanted = requests.request(urls=[URL_A], request_id="one")
    takedown.apply(dataset, wanted, WHEN)
    assert suppression.path_of(dataset, "one").is_file()
    assert not (folder / "suppression").exists()
    named = {f["path"]: f for f in json.loads(release.read_text())["files"]}
    for tag, outputs in Run(folder).corpus().items():
        for output in outputs:
            assert named[output.path]["sha256"] == output.sha256, tag
            assert named[output.path]["rows"] == output.rows
    assert json.loads(proof.tombstone_of(dataset, "one").read_text())["documents"] == [A]
    assert all(check["ok"] for check in takedown.verify(dataset, wanted))
    before = tree(dataset)
    assert takedown.apply(dataset, wanted, "2027-01-01T00:00:00Z")["already_applied"]
    assert tree(dataset) == before


def test_a_folder_that_is_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a run nor a dataset"):
        takedown.plan(tmp_path, requests.request(urls=[URL_A]))


def test_a_release_whose_run_is_gone_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    value = {"version": 1, "snapshot": "s", "run": "gone", "files": []}
    (tmp_path / "releases" / "s.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(IntegrityError, match="is no run"):
        takedown.apply(tmp_path, requests.request(urls=[URL_A]), WHEN)
    assert not (tmp_path / "suppression").exists()


# The command line


def test_the_commands_say_what_they_do(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    named = ["--url", URL_A, "--request-id", "one"]
    assert cli.main(["takedown", "plan", str(folder), *named]) == 0
    said = capsys.readouterr().out
    assert "1, of which 1 are in the corpus" in said
    assert "a.example" not in said
    assert cli.main(["takedown", "apply", str(folder), *named, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["command"], data["ok"], data["data"]["documents"]) == ("takedown apply", True, 1)
    assert cli.main(["takedown", "apply", str(folder), *named]) == 0
    assert "one was applied already" in capsys.readouterr().out
    assert cli.main(["takedown", "verify", str(folder), *named]) == 0
    assert cli.main(["takedown", "verify", str(folder)]) == 0
    assert cli.main(["takedown", "prove", str(folder)]) == 0
    assert "corpus by doc_id: 0 of" in capsys.readouterr().out
    assert cli.main(["takedown", "plan", str(tmp_path / "none"), *named]) == 2
    assert cli.main(["takedown", "plan", str(folder)]) == 2
    proof.tombstone_of(folder, "one").unlink()
    assert cli.main(["takedown", "verify", str(folder)]) == 3
    suppression.path_of(folder, "one").write_text("{", encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["takedown", "verify", str(folder), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["command"] == "takedown verify"


# What other readers make of it


def test_no_threshold_brings_a_document_back(folder: Path) -> None:
    takedown.apply(folder, requests.request(urls=[URL_A]), WHEN)
    found = tune(Run(folder), Trial("fin_Latn", ("word_count.min=10",)))
    documents = found["measures"]["documents"]
    assert (documents["before"]["kept"], documents["after"]["kept"]) == (1, 2)  # E, then B as well


def test_edges_name_another_document_of_the_same_words(
    folder: Path, rewrite: Callable[..., None]
) -> None:
    """G stands for its words in an edge with C; F has them too, and stays."""

    def join(found: list[dict[str, Any]]) -> None:
        a, b = sorted((C, G))
        found.append({"a": a, "b": b, "similarity": 0.8, "method": "near_duplicate"})

    path = next(path for path in (folder / "clusters").glob("edges-*1*"))
    rewrite(folder, str(path.relative_to(folder)), join)
    takedown.apply(folder, requests.request(urls=[URL_G]), WHEN)
    (edge,) = pq.read_table(path).to_pylist()
    assert (edge["a"], edge["b"]) == tuple(sorted((C, F)))
    assert rows(folder, "clusters")[G]["text_digest"] is None
    assert rows(folder, "clusters")[F]["text_digest"] is not None
