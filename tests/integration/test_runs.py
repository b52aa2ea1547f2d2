"""Whole runs, through the runner and the command line: resumed, refused, reused, shared, damaged.

What must come out is what the undisturbed run of the same files gave, byte for byte.
"""

import json
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from pipeline import manifest, planning, tally
from pipeline.manifest import Manifest
from samples import archive
from stages.errors import ConfigError, IntegrityError
from tests.integration.runs import (
    BEFORE_RULES,
    arguments,
    committed,
    configured,
    digests,
    no_proxy,
    result_of,
    rows,
    run_here,
    served,
    started,
    tasks_run,
    until,
    weir,
    write_list,
)

if TYPE_CHECKING:
    from tests.conftest import Small

NO_RESPONSES = archive.member(archive.warcinfo("an archive without a response"))
RULE = "language.rules.word_count.min=120"


# Resume


def test_a_driver_that_was_killed_is_resumed(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = arguments(small.paths, run, small.settings, "--workers", "2")
    with started(*words) as process:
        until(lambda: bool(committed(run, "extract")), "for the first shard")
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        assert len(workers) >= 2
        until(lambda: not any(_lives(worker) for worker in workers), "for orphans to end")
    before = {path: path.read_bytes() for path in committed(run, "extract")}
    assert 1 <= len(before) < len(small.warcs)
    assert not (run / "decisions").exists()
    ended, _ = run_here(configured(small.paths, small.settings), run)
    assert ended.exit_code == 0, ended.problems
    assert {path: path.read_bytes() for path in before} == before, "done once, not twice"
    assert result_of(run) == result_of(small_run)
    assert not list(run.rglob(".tmp-*"))


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def stop_after_the_first_shard(words: list[str], run: Path, number: signal.Signals) -> None:
    with started(*words) as process:
        until(lambda: bool(committed(run, "extract")), "for the first shard")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert not (run / "decisions").exists()
    assert not list(run.rglob(".tmp-*")), "what ran was finished, not broken off"


def test_a_driver_that_was_interrupted_saves_and_is_resumed(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = arguments(small.paths, run, small.settings, "--workers", "2")
    stop_after_the_first_shard(words, run, signal.SIGINT)
    assert 2 <= len(committed(run, "extract")) <= len(small.warcs)
    ended, _ = run_here(configured(small.paths, small.settings), run)
    assert ended.exit_code == 0
    assert result_of(run) == result_of(small_run)


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_a_driver_that_was_terminated_saves(small: "Small", tmp_path: Path, executor: str) -> None:
    more = ("--workers", "1", "--executor", executor)
    words = arguments(small.paths, tmp_path / "run", small.settings, *more)
    stop_after_the_first_shard(words, tmp_path / "run", signal.SIGTERM)
    assert 1 <= len(committed(tmp_path / "run", "extract")) < len(small.warcs)


@pytest.mark.parametrize("executor", ["local", "ray"])
def test_a_second_driver_is_refused_and_a_second_interrupt_kills(
    small: "Small", tmp_path: Path, executor: str
) -> None:
    """The first driver waits for an input that never comes."""
    run = tmp_path / "run"
    with no_proxy(), served(small.root) as address:
        inputs = [small.warcs[0], f"{address}/stalled.warc.gz"]
        more = ("--workers", "2", "--executor", executor)
        words = arguments(inputs, run, small.settings, *more)
        with started(*words) as process:
            until(lambda: bool(committed(run, "extract")), "for the shard that can be read")
            family = psutil.Process(process.pid).children(recursive=True)
            second = weir(*words)
            assert second.returncode == 2
            assert "another process" in second.stderr
            assert str(run) in second.stderr
            process.send_signal(signal.SIGINT)
            said = ""
            while "Ctrl-C again" not in said:
                line = process.stderr.readline()  # type: ignore[union-attr]
                assert line, f"ended without a word: {said}"
                said += line
            assert process.poll() is None, "the first interrupt lets tasks end"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 130, errors
            assert "Traceback" not in errors
            until(lambda: not any(_lives(one) for one in family), "for all it started to end")
    assert len(committed(run, "extract")) == 1


def test_running_twice_does_nothing(small: "Small", small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    before = digests(run, ".")
    ended, events = run_here(configured(small.paths, small.settings), run)
    assert ended.exit_code == 0
    assert tasks_run(events) == {}
    assert digests(run, ".") == before


# Any executor, any number of workers


@pytest.mark.parametrize(("executor", "workers"), [("local", 2), ("local", 4), ("ray", 2)])
def test_executors_and_workers_give_the_same_bytes(
    small: "Small",
    small_run: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    executor: str,
    workers: int,
) -> None:
    if executor == "ray":
        request.getfixturevalue("ray_cluster")
    run = tmp_path / "run"
    ended, events = run_here(
        configured(small.paths, small.settings), run, executor=executor, workers=workers
    )
    assert ended.exit_code == 0, ended.problems
    assert tasks_run(events)["extract"] == len(small.warcs)
    assert result_of(run) == result_of(small_run)
    folders = ("records", "documents", "signals", "signatures", "clusters", "statistics")
    assert digests(run, *folders) == digests(small_run, *folders)


# Another configuration


def test_another_configuration_is_refused(small: "Small", small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    before = digests(run, ".")
    ended = weir(*arguments(small.paths, run, [*small.settings, RULE, "limit=5"]))
    assert ended.returncode == 2, ended.stderr
    for word in ("language.rules.word_count.min", "limit,", "--reuse", str(run)):
        assert word in ended.stderr
    assert digests(run, ".") == before


def test_other_input_is_refused(small: "Small", small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    moved = shutil.copytree(small.root, tmp_path / "snapshot")
    resolved = configured(small.paths, small.settings)
    changed = moved / small.warcs[0].relative_to(small.root)
    listed = write_list(tmp_path / "w.paths.gz", [changed, *small.warcs[1:]])
    with pytest.raises(ConfigError, match="inputs"):
        run_here(configured(listed, small.settings), run)
    ended, events = run_here(resolved, run)
    assert (ended.exit_code, tasks_run(events)) == (0, {})


def test_reuse_adopts_what_still_holds(small: "Small", small_run: Path, tmp_path: Path) -> None:
    # Whoever reads a run leaves views and entries of the journal in it: not here, elsewhere now.
    parts = sorted({p.name for p in small_run.iterdir()} - {"journal", "views", "run.json"})
    untouched = digests(small_run, *parts)
    resolved = configured(small.paths, [*small.settings, RULE])
    fresh, _ = run_here(resolved, tmp_path / "fresh")
    reused, events = run_here(resolved, tmp_path / "reused", reuse=small_run)
    assert (fresh.exit_code, reused.exit_code) == (0, 0)
    performed = tasks_run(events)
    assert not performed.keys() & BEFORE_RULES
    assert performed["judge"] == len(small.warcs)
    assert result_of(tmp_path / "reused") == result_of(tmp_path / "fresh")
    assert result_of(tmp_path / "reused") != result_of(small_run), "the rule must bite"
    assert digests(small_run, *parts) == untouched


def test_reuse_follows_files_not_their_order(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    """One file fewer, the others in another order: the tasks bear other numbers than before."""
    names = [path.relative_to(small.root) for path in small.warcs[:0:-1]]
    listed = write_list(tmp_path / "x.paths.gz", names)
    beside = small.paths.parent / "robotstxt.paths.gz"
    more = [f"base_uri={small.root}", f"robots=['{beside}']", "snapshot=CC-MAIN-2026-00"]
    resolved = configured(listed, [*small.settings, *more])
    fresh, _ = run_here(resolved, tmp_path / "fresh")
    assert fresh.exit_code == 0, fresh.problems
    reused, events = run_here(resolved, tmp_path / "reused", reuse=small_run)
    assert reused.exit_code == 0
    assert "extract" not in tasks_run(events)
    for table in ("decisions", "records", "corpus"):
        found = sorted(map(str, rows(tmp_path / "reused", table)))
        assert found == sorted(map(str, rows(tmp_path / "fresh", table)))


def test_reuse_of_a_pruned_run_does_again_what_is_gone(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    old = shutil.copytree(small_run, tmp_path / "old")
    for folder in ("verdicts", "candidates", "parts"):
        shutil.rmtree(old / folder)
    resolved = configured(small.paths, small.settings)
    ended, events = run_here(resolved, tmp_path / "new", reuse=old)
    assert ended.exit_code == 0
    assert "extract" not in tasks_run(events)
    assert result_of(tmp_path / "new") == result_of(small_run)


def test_reuse_of_no_run_is_refused(small: "Small", tmp_path: Path) -> None:
    ended = weir(
        *arguments(small.paths, tmp_path / "new", small.settings, "--reuse", str(tmp_path / "none"))
    )
    assert ended.returncode == 2, ended.stderr
    assert str(tmp_path / "none") in ended.stderr
    assert not (tmp_path / "new" / "records").exists()


# Shared work


def test_task_shards_one_after_another(small: "Small", small_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    resolved = configured(small.paths, small.settings)
    first, events = run_here(resolved, run, task_shard=(0, 2))
    assert first.exit_code == 4
    assert "--task-shard" in " ".join(first.problems)
    assert tasks_run(events)["extract"] == 2
    assert not (run / "decisions").exists()
    second, events = run_here(resolved, run, task_shard=(1, 2))
    assert tasks_run(events)["extract"] == 1
    assert second.exit_code in (0, 4)
    last, events = run_here(resolved, run)
    assert last.exit_code == 0
    assert "extract" not in tasks_run(events)
    assert result_of(run) == result_of(small_run)


def test_task_shards_at_the_same_time(small: "Small", small_run: Path, tmp_path: Path) -> None:
    """As a Slurm array starts them."""
    run = tmp_path / "run"
    words = [
        arguments(small.paths, run, small.settings, "--workers", "1", "--task-shard", f"{i}/2")
        for i in (0, 1)
    ]
    with started(*words[0]) as one, started(*words[1]) as other:
        said = [process.communicate(timeout=90)[1] for process in (one, other)]
    assert {one.returncode, other.returncode} <= {0, 4}, said
    assert "Traceback" not in "".join(said)
    assert len(committed(run, "extract")) == len(small.warcs)
    last, events = run_here(configured(small.paths, small.settings), run)
    assert last.exit_code == 0
    assert "extract" not in tasks_run(events)
    assert result_of(run) == result_of(small_run)


# Bad input


def test_unreadable_files_are_named_and_the_good_ones_published(
    small: "Small", tmp_path: Path
) -> None:
    """Then mended: the run goes on, and is what it would have been from the start."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = ["a.warc.gz", "b.warc.gz", "noise.warc.gz", "later.warc.gz"]
    for name, source in zip(names, small.warcs[:2], strict=False):
        shutil.copyfile(source, folder / name)
    (folder / names[2]).write_bytes(b"this is no archive " * 200)
    listed = write_list(tmp_path / "mine.paths.gz", [folder / name for name in names])
    run = tmp_path / "run"
    ended = weir(*arguments(listed, run, small.settings, "--workers", "1"))
    assert ended.returncode == 4, ended.stderr
    assert "noise.warc.gz" in ended.stderr
    assert "neither a WARC nor an ARC file" in ended.stderr
    assert "later.warc.gz" in ended.stderr
    assert "no such file" in ended.stderr
    assert {row["warc"] for row in rows(run, "records")} == {str(folder / n) for n in names[:2]}
    kept = [row for row in rows(run, "decisions") if row["outcome"] == "keep"]
    assert len(rows(run, "corpus")) == len(kept) > 5

    shutil.copyfile(small.warcs[2], folder / names[3])
    (folder / names[2]).write_bytes(NO_RESPONSES)
    mended = weir(*arguments(listed, run, small.settings, "--workers", "1"))
    assert mended.returncode == 0, mended.stderr
    fresh, _ = run_here(configured(listed, small.settings), tmp_path / "fresh")
    assert fresh.exit_code == 0
    assert result_of(run) == result_of(tmp_path / "fresh")


def test_only_unreadable_files_publish_nothing(tmp_path: Path) -> None:
    (tmp_path / "noise.warc.gz").write_bytes(b"this is no archive " * 200)
    ended, _ = run_here(configured([tmp_path / "noise.warc.gz"]), tmp_path / "run")
    assert ended.exit_code == 4
    assert "noise.warc.gz" in " ".join(ended.problems)
    assert not (tmp_path / "run" / "corpus").exists()


def test_damage_costs_no_more_than_what_is_damaged(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    """An empty file, one that was cut off, one with a bad member, among a good one."""
    folder = tmp_path / "in"
    folder.mkdir()
    good, cut, bad, none = (folder / f"{n}.warc.gz" for n in ("good", "cut", "bad", "none"))
    shutil.copyfile(small.warcs[0], good)
    data = small.warcs[1].read_bytes()
    ids = [r["record_id"] for r in rows(small_run, "records") if r["warc"] == _name(small, 1)]
    places = sorted(
        (r["offset"], r["length"])
        for r in rows(small_run, "records")
        if r["warc"] == _name(small, 1)
    )
    middle, length = places[len(places) // 2]
    assert isinstance(middle, int)
    assert isinstance(length, int)
    cut.write_bytes(data[: middle + length // 2])
    spoilt = bytearray(data)
    spoilt[middle + length // 2 : middle + length // 2 + 40] = bytes(40)
    bad.write_bytes(spoilt)
    none.write_bytes(NO_RESPONSES)
    (folder / "empty.warc.gz").write_bytes(b"")
    ended, _ = run_here(configured([folder], small.settings), tmp_path / "run")
    assert ended.exit_code == 4
    assert len(ended.problems) == 1
    assert "empty.warc.gz" in ended.problems[0]
    assert "empty" in ended.problems[0].replace("empty.warc.gz", "")
    found = rows(tmp_path / "run", "records")
    by_file = {
        path.name: [r for r in found if r["warc"] == path.name] for path in (good, cut, bad, none)
    }
    wanted = len(places)
    assert len(by_file["good.warc.gz"]) == sum(
        r["warc"] == _name(small, 0) for r in rows(small_run, "records")
    )
    assert len(by_file["bad.warc.gz"]) == wanted
    assert len(by_file["cut.warc.gz"]) == wanted // 2 + 1
    assert by_file["cut.warc.gz"][-1]["reason"] == "read.damaged"
    assert by_file["none.warc.gz"] == []
    lost = {r["offset"] for r in by_file["bad.warc.gz"] if r["reason"] == "read.damaged"}
    known = {
        r["offset"]
        for r in rows(small_run, "records")
        if r["warc"] == _name(small, 1) and r["reason"] == "read.damaged"
    }
    assert lost == known | {middle}
    assert len(committed(tmp_path / "run", "extract")) == 4, "absence is never a value"
    assert len(ids) == wanted


def _name(small: "Small", number: int) -> str:
    return str(small.warcs[number].relative_to(small.root))


@pytest.mark.parametrize("config", ["europe", "sample"])
def test_files_without_responses_are_a_finished_run(tmp_path: Path, config: str) -> None:
    for name in ("a.warc.gz", "b.warc.gz"):
        (tmp_path / name).write_bytes(NO_RESPONSES)
    words = ["run", config, "--input", str(tmp_path), "--output", str(tmp_path / "run")]
    ended = weir(*words, "--workers", "1", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["data"]["totals"]["read"] == 0


def test_every_row_of_the_snapshot_is_accounted_for(small: "Small", small_run: Path) -> None:
    found = rows(small_run, "records")
    assert len(found) == small.rows
    assert sum(r["reason"] == "read.damaged" for r in found) == 4
    passed = [r["doc_id"] for r in found if r["outcome"] == "pass"]
    decided = [r["doc_id"] for r in rows(small_run, "decisions")]
    assert sorted(map(str, passed)) == sorted(map(str, decided))
    reasons = {str(r["reason"]).split(".")[0] for r in rows(small_run, "decisions")}
    assert {"dedup", "rule", "None"} <= reasons, "the small snapshot must exercise every step"
    assert len(rows(small_run, "corpus")) == sum(
        r["outcome"] == "keep" for r in rows(small_run, "decisions")
    )


# Limits and books


def test_too_many_quarantined_records_end_the_run(
    small: "Small", small_run: Path, tmp_path: Path
) -> None:
    words = arguments(small.paths, tmp_path / "run", [*small.settings[1:]], "--workers", "1")
    ended = weir(*words, "--set", "limits.max_quarantined_fraction=0.01", "--reuse", str(small_run))
    assert ended.returncode == 3, ended.stderr
    assert "limits.max_quarantined_fraction" in ended.stdout + ended.stderr
    assert "--set" in ended.stdout + ended.stderr
    assert not (tmp_path / "run" / "corpus").exists()


@pytest.mark.parametrize(
    ("step", "metric"), [("decide", "documents.kept"), ("extract", "documents.read")]
)
def test_books_that_were_tampered_with_stop_the_run(
    small: "Small", small_run: Path, tmp_path: Path, step: str, metric: str
) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    shutil.rmtree(run / "statistics")  # a driver that died before the end
    for path in committed(run, step):
        made = Manifest.from_json(path.read_bytes(), str(path))
        counts = tally.of(run, made)
        at = next((n for n, count in enumerate(counts) if count[1] == metric), None)
        if at is not None:
            break
    tag, _, label, number = counts[at]
    counts[at] = (tag, metric, label, number + 1)
    output = tally.output_of(made)
    forged = tally.write(run, output.path, counts)  # a sound file, and its manifest's digest
    outputs = tuple(forged if o == output else o for o in made.outputs)
    path.write_text(replace(made, outputs=outputs).to_json(), encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"documents kept|books do not balance"):
        run_here(configured(small.paths, small.settings), run)
    ended = weir(*arguments(small.paths, run, small.settings))
    assert ended.returncode == 3, ended.stderr


def test_a_tampered_manifest_stops_the_run(small: "Small", small_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(small_run, tmp_path / "run")
    path = committed(run, "extract")[0]
    path.write_text(path.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    with pytest.raises(IntegrityError, match=path.stem):
        run_here(configured(small.paths, small.settings), run)


# Over the network


def test_http_gives_what_the_disk_gives(small: "Small", small_run: Path, tmp_path: Path) -> None:
    """The path list lies here, its files under a base URI; stores are in test_stores.py."""
    lists = tmp_path / "lists"
    lists.mkdir()
    for name in ("warc.paths.gz", "robotstxt.paths.gz"):
        shutil.copyfile(small.paths.parent / name, lists / name)
    with no_proxy(), served(small.root) as address:
        settings = [*small.settings, f"base_uri={address}/", "snapshot=CC-MAIN-2026-00"]
        ended, _ = run_here(configured(lists / "warc.paths.gz", settings), tmp_path / "run")
    assert ended.exit_code == 0, ended.problems
    found, wanted = result_of(tmp_path / "run"), result_of(small_run)
    assert sorted(found.values()) == sorted(wanted.values())


def test_a_path_list_over_http(small: "Small", tmp_path: Path) -> None:
    with no_proxy(), served(small.root) as address:
        uri = f"{address}/{small.paths.relative_to(small.root)}"
        plan = planning.make_plan(configured([uri]))
    assert [i.uri for i in plan.shards] == [
        f"{address}/{path.relative_to(small.root)}" for path in small.warcs
    ]
    assert len(plan.robots) == 1
    assert all(i.identity != "missing" for i in (*plan.shards, *plan.robots))


def test_the_interpreter_is_the_one_that_tests() -> None:
    """The command line under test is this checkout's."""
    ended = weir("--help")
    assert ended.returncode == 0, ended.stderr
    assert "run" in ended.stdout
    assert Path(sys.modules["pipeline"].__path__[0]).parent == Path(__file__).parents[2]
    assert manifest.VERSION == 1
