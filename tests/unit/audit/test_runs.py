import fcntl
import json
from pathlib import Path

import pytest

from audit.runs import STEPS, Run, find_rows, is_running
from stages.errors import ConfigError, IntegrityError
from tests.unit.audit.conftest import SNAPSHOT, A, B, C, G


def test_open_reads_the_book(run: Run) -> None:
    assert (run.name, run.snapshot) == ("sample", SNAPSHOT)
    assert run.rules[0] == "word_count"
    assert run.failed(0b101) == [run.rules[0], run.rules[2]]
    assert [shard.name for shard in run.shards] == ["00000", "00001"]
    assert [shard.source for shard in run.shards] == ["00000.warc.gz", "00001.warc.gz"]
    assert set(run.tasks) == set(STEPS)


def test_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"it has no run\.json; make one with: weir run"):
        Run(tmp_path)
    with pytest.raises(ConfigError, match="there is no such folder"):
        Run(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="not a run"):
        Run(tmp_path / "file")


def test_run_that_is_not_finished(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    del book["tasks"]
    book["finished_at"] = None
    (folder / "run.json").write_text(json.dumps(book))
    with pytest.raises(ConfigError, match="weir status"):
        Run(folder)
    assert list(Run(folder, unfinished=True).manifests()) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", '{"rules": 1, "inputs": []}', '{"tasks": {"extract": 1}}', "\x00"),
        "[" * 100_000,
        '{"rules": [], "inputs": [], "problems": 5}',
        '{"rules": [], "inputs": [], "name": "\\ud800"}',
        '{"rules": [], "inputs": [], "name": "\\u001b[2J"}',
        '{"rules": [], "inputs": [], "snapshot": "\\u202e"}',
        '{"rules": [], "inputs": [], "tasks": {"extract": ["../../other"]}}',
        '{"rules": [], "inputs": [], "tasks": {"../extract": []}}',
        '{"rules": [], "inputs": [], "tasks": {"extract": [{}]}}',
    ],
)
def test_damaged_book(folder: Path, text: str) -> None:
    (folder / "run.json").write_text(text)
    with pytest.raises(IntegrityError, match="is damaged"):
        Run(folder)


def test_manifests_come_in_task_order(run: Run) -> None:
    assert [made.task for made in run.manifests("extract")] == ["00000", "00001"]
    assert sum(1 for _ in run.manifests()) == sum(len(keys) for keys in run.tasks.values())


@pytest.mark.parametrize("tag", ["../../pack", "/etc/x", "", ".hidden", "fin Latn", "\x1b[2J"])
def test_no_language_leads_to_another_folder(folder: Path, tag: str) -> None:
    path = next((folder / "manifests" / "extract").glob("*.json"))
    made = json.loads(path.read_text())
    output = next(one for one in made["outputs"] if one.get("groups"))
    output["groups"][0][0] = tag
    path.write_text(json.dumps(made))
    with pytest.raises(IntegrityError, match="names a language that is none"):
        list(Run(folder).manifests())


@pytest.mark.parametrize("timing", [[], {"wall_s": None}, {"wall_s": "1"}, 3])
def test_a_manifest_with_odd_times_is_named(folder: Path, timing: object) -> None:
    path = next((folder / "manifests" / "extract").glob("*.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "timing": timing}))
    with pytest.raises(IntegrityError, match=path.stem):
        list(Run(folder).manifests())


def test_digest_is_that_of_the_outputs(run: Run, folder: Path) -> None:
    assert run.digest == Run(folder).digest
    path = next((folder / "manifests" / "decide").glob("*.json"))
    made = json.loads(path.read_text())
    made["timing"]["wall_s"] = 99.0
    path.write_text(json.dumps(made))
    assert Run(folder).digest == run.digest
    made["outputs"][0]["sha256"] = "0" * 64
    path.write_text(json.dumps(made))
    assert Run(folder).digest != run.digest


def test_tables_come_by_shard(run: Run) -> None:
    assert [table.num_rows for _, table in run.records(["doc_id"])] == [7, 4]
    assert [table.num_rows for _, table in run.decisions(["doc_id"])] == [5, 2]
    assert [table.num_rows for _, table in run.signals(["word_count"])] == [5, 2]
    assert [batch.num_rows for _, _, batch in run.documents(["text"])] == [5, 2]
    assert {tag: len(files) for tag, files in run.corpus().items()} == {
        "eng_Latn": 1,
        "fin_Latn": 1,
    }
    assert [members.rows for members, _ in run.clusters()] == [2, 2]


def test_take_keeps_the_order_given(run: Run) -> None:
    documents = run.shards[0].documents
    taken = run.take(documents, [4, 0, 3], ["doc_id"])
    assert taken.column("doc_id").to_pylist() == [B, C, A]
    assert run.take(documents, [], ["doc_id"]).num_rows == 0


def test_find_rows_gives_none_for_what_is_not_there(run: Run) -> None:
    column = run.read(run.shards[0].documents, ["doc_id"]).column("doc_id")
    assert find_rows(column, [A, G, C]) == [3, None, 0]


def test_lock_says_whether_a_run_goes_on(folder: Path) -> None:
    assert not is_running(folder)
    with (folder / "journal" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert is_running(folder)
    assert not is_running(folder / "nowhere")


def test_note_of_pruned_files_that_is_none(folder: Path) -> None:
    (folder / "journal" / "pruned.json").write_text('{"pruned": 3}')
    with pytest.raises(IntegrityError, match="pruned"):
        _ = Run(folder).pruned


def test_a_mapped_table_is_checked_like_the_others(folder: Path) -> None:
    (output,) = Run(folder).outputs("prepare", "block_list")
    rows, notes = Run(folder).shape(output)
    assert rows == 1
    assert notes[b"weir.table"] == b"block_list"
    path = folder / output.path
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match="is no Arrow file"):
        Run(folder).shape(output)
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        Run(folder).shape(output)
