import fcntl
import json
from pathlib import Path

import pytest

from audit.prune import INTERMEDIATES, prune
from audit.report import write_report
from audit.runs import Run
from audit.verify import verify
from stages.errors import ConfigError

SACRED = ("records", "signals", "decisions", "clusters", "corpus", "statistics", "manifests")


def files(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


def details(folder: Path) -> dict[str, str]:
    checks = verify(folder)
    assert all(check["ok"] for check in checks), checks
    return {check["name"]: check["detail"] for check in checks}


def test_intermediates_go_and_verify_knows(folder: Path) -> None:
    before = files(folder)
    made = prune(Run(folder))
    gone = before.keys() - files(folder).keys()
    assert gone == set(made["removed"])
    assert made["bytes"] == sum(before[name] for name in gone)
    assert {name.partition("/")[0] for name in gone} == set(INTERMEDIATES)
    assert f"{len(gone)} files pruned" in details(folder)["digests"]


def test_all_intermediates_but_never_ledger_or_corpus(folder: Path) -> None:
    before = files(folder)
    prune(Run(folder))
    made = prune(Run(folder), ())
    assert {name.partition("/")[0] for name in made["removed"]} == {"documents", "signatures"}
    kept = files(folder)
    assert all(name in kept for name in before if name.partition("/")[0] in SACRED)
    assert "texts not compared" in details(folder)["corpus-equals-decisions"]
    note = json.loads((folder / "journal" / "pruned.json").read_text())
    assert len(note["pruned"]) == len(before) - len(kept) + 1
    assert prune(Run(folder), ()) == {"removed": [], "bytes": 0}


def test_report_without_documents_says_so(folder: Path) -> None:
    prune(Run(folder), ())
    assert "The text was pruned." in write_report(Run(folder)).read_text(encoding="utf-8")


def test_file_lost_after_pruning_is_still_a_fault(folder: Path) -> None:
    prune(Run(folder))
    (folder / "records" / "00000.parquet").unlink()
    checks = {check["name"]: check for check in verify(folder)}
    assert checks["digests"]["detail"] == "records/00000.parquet: is missing"


def test_unfinished_run_is_refused(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book["finished_at"] = None
    (folder / "run.json").write_text(json.dumps(book))
    with pytest.raises(ConfigError, match="not finished"):
        prune(Run(folder, unfinished=True))


def test_running_run_is_refused(folder: Path) -> None:
    with (folder / "journal" / "lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="another process"):
            prune(Run(folder))


def test_unknown_folder_to_keep_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="unknown folder 'corpus'"):
        prune(Run(folder), ["corpus"])
