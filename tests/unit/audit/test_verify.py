import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.runs import Run
from audit.verify import verify
from stages.errors import ConfigError

DECISIONS = "decisions/00000.parquet"
NAMES = [
    *("manifests", "digests", "schemas", "alignment", "books", "rules", "removals"),
    *("corpus-equals-decisions", "privacy", "strays"),
]
Rewrite = Callable[..., None]


def failed(folder: Path) -> dict[str, str]:
    """Details of the checks that are not ok."""
    checks = verify(folder)
    assert [check["name"] for check in checks] == NAMES
    return {check["name"]: check["detail"] for check in checks if not check["ok"]}


def manifest_of(folder: Path, step: str, task: str) -> Path:
    for path in (folder / "manifests" / step).glob("*.json"):
        if json.loads(path.read_text())["task"] == task:
            return path
    raise AssertionError(task)


def test_sound_run_passes_every_check(run: Run) -> None:
    checks = {check["name"]: check for check in verify(run)}
    assert list(checks) == NAMES
    assert all(check["ok"] for check in checks.values()), checks
    assert checks["books"]["detail"] == "11 read = 4 kept + 6 rejected + 1 quarantined"
    assert checks["strays"]["detail"] == "none"


def test_no_run_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="weir run"):
        verify(tmp_path)


def test_damaged_book_is_a_fault(folder: Path) -> None:
    (folder / "run.json").write_text('{"name": ')
    assert verify(folder) == [
        {"name": "manifests", "ok": False, "detail": f"{folder}/run.json: is damaged: not JSON"}
    ]


def test_truncated_file(folder: Path) -> None:
    path = folder / "documents" / "00000.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    faults = failed(folder)
    assert "documents/00000.parquet" in faults["digests"]
    assert "documents/00000.parquet: is no Parquet file" in faults["schemas"]
    assert "documents/00000.parquet" in faults["alignment"]


def test_missing_file(folder: Path) -> None:
    (folder / DECISIONS).unlink()
    faults = failed(folder)
    assert faults["digests"] == f"{DECISIONS}: is missing"


def test_empty_file(folder: Path) -> None:
    (folder / "clusters" / "members-0.parquet").write_bytes(b"")
    faults = failed(folder)
    assert "members-0.parquet" in faults["digests"]
    assert "members-0.parquet" in faults["removals"]


def test_swapped_files(folder: Path) -> None:
    one, other = (folder / "decisions" / f"0000{n}.parquet" for n in (0, 1))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    faults = failed(folder)
    assert {"digests", "schemas", "alignment", "books"} <= set(faults)
    assert "2 rows, the manifest says 5" in faults["schemas"]


def test_file_of_another_table(folder: Path) -> None:
    (folder / DECISIONS).write_bytes((folder / "verdicts" / "00000.parquet").read_bytes())
    assert "schema lacks outcome" in failed(folder)["schemas"]


@pytest.mark.parametrize("step", ["prepare", "extract", "cluster", "decide", "compact"])
def test_deleted_manifest(folder: Path, step: str) -> None:
    next((folder / "manifests" / step).glob("*.json")).unlink()
    assert "is missing, though run.json lists the task" in failed(folder)["manifests"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "null",
        '{"manifest_version": 1, "outputs": [{"path": 3}]}',
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
)
def test_manifest_that_is_none(folder: Path, text: str | bytes) -> None:
    path = manifest_of(folder, "decide", "00000")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "manifests/decide" in failed(folder)["manifests"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "../../etc/passwd"),
        ("path", "/etc/passwd"),
        ("rows", "many"),
        ("table", "secrets"),
        ("sha256", None),
    ],
)
def test_manifest_with_wrong_values(folder: Path, key: str, value: Any) -> None:
    path = manifest_of(folder, "decide", "00000")
    made = json.loads(path.read_text())
    made["outputs"][0][key] = value
    path.write_text(json.dumps(made))
    assert "manifests/decide" in failed(folder)["manifests"]


def test_manifest_of_another_task(folder: Path) -> None:
    one, other = (manifest_of(folder, "decide", f"0000{n}") for n in (0, 1))
    one.write_bytes(other.read_bytes())
    assert "is the manifest of decide/" in failed(folder)["manifests"]


def test_configuration_was_edited(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book["config"]["language"]["rules"]["word_count"]["min"] = 5
    (folder / "run.json").write_text(json.dumps(book))
    assert "config_digest" in failed(folder)["manifests"]


def test_configuration_is_damaged(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book["config"]["cluster"] = "none"
    book["rules"] = ["no_such_rule"]
    (folder / "run.json").write_text(json.dumps(book))
    faults = failed(folder)
    assert {"manifests", "rules", "removals", "privacy"} <= set(faults)


def test_step_without_tasks(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    del book["tasks"]["judge"]
    (folder / "run.json").write_text(json.dumps(book))
    faults = failed(folder)
    assert "step judge is missing" in faults["manifests"]
    assert "was not decided" in faults["alignment"]


def test_edited_cell_unsigned(folder: Path, rewrite: Rewrite) -> None:
    rewrite(folder, DECISIONS, lambda rows: rows[0].update(cluster_size=9), signed=False)
    assert f"{DECISIONS}: SHA-256" in failed(folder)["digests"]


def test_edited_decision_is_found_though_signed(folder: Path, rewrite: Rewrite) -> None:
    rewrite(folder, DECISIONS, lambda rows: rows[4].update(outcome="keep", reason=None))
    faults = failed(folder)
    assert "digests" not in faults
    assert "rule.word_count" in faults["books"]
    assert f"{DECISIONS} row 4" in faults["rules"]
    assert "is not in the corpus" in faults["corpus-equals-decisions"]


def test_stray_file_is_a_warning(folder: Path) -> None:
    (folder / "corpus" / "notes.txt").write_text("mine")
    checks = {check["name"]: check for check in verify(folder)}
    assert checks["strays"] == {
        "name": "strays",
        "ok": True,
        "detail": "warning: no manifest names corpus/notes.txt",
    }


def test_unread_inputs_are_named(folder: Path) -> None:
    book = json.loads((folder / "run.json").read_text())
    book["inputs"].append({"name": "lost.warc.gz", "uri": "x", "identity": "missing"})
    (folder / "run.json").write_text(json.dumps(book))
    assert "1 inputs were not read" in failed(folder)["manifests"]
    book["problems"] = ["extract 00002: lost.warc.gz: no such file"]
    (folder / "run.json").write_text(json.dumps(book))
    assert failed(folder) == {}


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_is_found_and_never_raises(folder: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible damage, not secrecy
    victims = [path for path in sorted(folder.rglob("*.parquet")) if path.stat().st_size > 0]
    path = chance.choice(victims)
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 200])):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    path.write_bytes(data)
    assert failed(folder)


def test_details_hold_no_text(folder: Path, rewrite: Rewrite) -> None:
    def add_text(rows: list[dict[str, Any]]) -> None:
        rows[0]["text"] = "Call Anna at anna@example.org"

    rewrite(folder, "corpus/fin_Latn/fin_Latn-00000.parquet", add_text)
    faults = failed(folder)
    assert "EMAIL in its text at 13 to" in faults["privacy"]
    assert not any("anna" in detail for detail in faults.values())
