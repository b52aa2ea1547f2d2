import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from audit import saving
from audit.runs import Run
from audit.saving import ABSENT, Decision, Evidence, Proposal
from filters.rules import Bound
from pipeline import layers
from stages.errors import ConfigError, TransientError
from tests.unit.audit.test_packs import PACK

MOVED = {"word_count": Bound("word_count", 30, 100_000)}
WHY = "weir tune on run tiny (snapshot X), 3 documents: keep-rate 66.7 % to 100.0 %"
EVIDENCE = Evidence({"documents": {"total": 3, "before": 2, "after": 3}}, "a" * 64)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "configs" / "languages" / "fin_Latn.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(PACK)
    return path


def proposal(path: Path) -> Proposal:
    return Proposal("fin_Latn", MOVED, path, WHY)


def saved(run: Run, path: Path, token: str, **more: Any) -> dict[str, str]:
    given = {"author": "ana", "rationale": "Ten short pages read, all fine.", **more}
    place = path.parents[2] / "decisions"
    return saving.save(run, proposal(path), token, evidence=EVIDENCE, decisions=place, **given)


def test_what_was_shown_is_what_is_written(run: Run, pack: Path) -> None:
    found = saving.shown(run, proposal(pack))
    changed = [line for line in str(found["difference"]).splitlines() if line[0] in "+-"][2:]
    assert len(changed) == 2
    assert all("word_count" in line for line in changed)
    saved(run, pack, str(found["token"]))
    after = pack.read_text()
    assert hashlib.sha256(after.encode()).hexdigest() == found["after"]
    assert YAML(typ="safe", pure=True).load(after)["rules"]["word_count"]["min"] == 30
    for kept in ("# Finnish: only what differs.   Two spaces stay.", "# checked by a speaker"):
        assert kept in after


def test_lines_end_as_they_did(run: Run, pack: Path) -> None:
    pack.write_bytes(PACK.replace("\n", "\r\n").encode())
    found = saving.shown(run, proposal(pack))
    saved(run, pack, str(found["token"]))
    before, after = (PACK.splitlines(), pack.read_bytes().decode().split("\r\n")[:-1])
    assert len(before) == len(after)
    assert [line for line in after if line not in before] == [
        line for line in after if "word_count" in line
    ]
    assert "\n" not in "".join(after)


def test_the_decision_keeps_to_its_schema_and_its_digests(run: Run, pack: Path) -> None:
    """Check 22."""
    before = hashlib.sha256(pack.read_bytes()).hexdigest()
    made = saved(run, pack, before)
    record = Path(made["decision"])
    assert record.parent.name == "fin_Latn"
    assert record.stem.endswith("-1")
    found = Decision.model_validate_json(record.read_text())
    assert found.file_before == before
    assert found.file_after == hashlib.sha256(pack.read_bytes()).hexdigest()
    assert found.run_digest == run.digest
    assert found.labels_digest == "a" * 64
    (move,) = found.moves
    assert (move.rule, move.before.min, move.after.min) == ("word_count", 50, 30)
    assert set(json.loads(record.read_text())) <= set(Decision.model_json_schema()["properties"])


def test_a_second_decision_of_a_day_gets_the_next_number(run: Run, pack: Path) -> None:
    made = [
        saved(run, pack, hashlib.sha256(pack.read_bytes()).hexdigest())["decision"]
        for _ in range(2)
    ]
    assert [Path(one).stem[-2:] for one in made] == ["-1", "-2"]
    assert sorted(path.name for path in Path(made[0]).parent.iterdir()) == [
        Path(one).name for one in made
    ]


def test_a_file_that_changed_meanwhile_is_left_alone(run: Run, pack: Path) -> None:
    """Check 21: refusal, and nothing written."""
    token = str(saving.shown(run, proposal(pack))["token"])
    pack.write_text(PACK + "# a colleague\n")
    with pytest.raises(ConfigError, match=r"changed on disk.*nothing was written"):
        saved(run, pack, token)
    assert pack.read_text() == PACK + "# a colleague\n"
    assert not (pack.parents[2] / "decisions").exists()


def test_a_new_pack_is_made_unless_somebody_else_made_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "configs" / "languages" / "fin_Latn.yaml"
    found = saving.shown(run, proposal(path))
    assert (found["token"], found["is_new"]) == (ABSENT, True)
    saved(run, path, ABSENT)
    assert "tag: fin_Latn" in path.read_text()
    with pytest.raises(ConfigError, match="changed on disk"):
        saved(run, path, ABSENT)


@pytest.mark.parametrize(
    ("wrong", "where"), [({"rationale": "  why not  "}, "rationale"), ({"author": " "}, "author")]
)
def test_a_decision_without_a_reason_is_refused(
    run: Run, pack: Path, wrong: dict[str, str], where: str
) -> None:
    token = str(saving.shown(run, proposal(pack))["token"])
    with pytest.raises(ConfigError, match=where):
        saved(run, pack, token, **wrong)
    assert pack.read_text() == PACK


def test_a_pack_that_cannot_be_written_leaves_no_decision(
    run: Run, pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = saving.storage.write_bytes

    def full(path: Path, data: bytes) -> None:
        if path == pack:
            raise OSError(28, "No space left on device")
        whole(path, data)

    monkeypatch.setattr(saving.storage, "write_bytes", full)
    with pytest.raises(TransientError, match="disk full"):
        saved(run, pack, hashlib.sha256(PACK.encode()).hexdigest())
    assert list((pack.parents[2] / "decisions").rglob("*.json")) == []


@pytest.mark.parametrize("blocked", ["decisions", "decisions/fin_Latn", "configs/languages"])
def test_what_is_in_the_way_is_named(run: Run, tmp_path: Path, blocked: str) -> None:
    path = tmp_path / "configs" / "languages" / "fin_Latn.yaml"
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).write_text("a file where a folder belongs")
    with pytest.raises(ConfigError, match=r"cannot be written .*nothing was saved"):
        saved(run, path, ABSENT)
    assert not path.exists()


@pytest.mark.parametrize("text", ["[" * 5000, "a: " * 3, "\x00", "- a\n"])
def test_a_pack_that_is_none_is_named(run: Run, pack: Path, text: str) -> None:
    pack.write_text(text)
    with pytest.raises(ConfigError, match=r"fin_Latn.yaml|rules|tag"):
        saving.shown(run, proposal(pack))


def test_nothing_moved_is_nothing_to_save(run: Run, pack: Path) -> None:
    with pytest.raises(ConfigError, match="no threshold has moved"):
        saving.shown(run, Proposal("fin_Latn", {}, pack, WHY))


def test_the_installed_program_is_not_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages" / "configs"
    monkeypatch.setattr(layers, "configs_folder", lambda: installed)
    with pytest.raises(ConfigError, match=r"installed program.*--pack mine.yaml"):
        saving.target("fin_Latn", installed / "languages" / "fin_Latn.yaml")
    assert "--pack" in saving.target("fin_Latn", project=tmp_path).note
    (installed.parent / "pyproject.toml").parent.mkdir()
    (installed.parent / "pyproject.toml").touch()  # a checkout: its packs are its user's
    mine = saving.target("fin_Latn", project=installed.parent)
    assert mine == saving.Target(installed / "languages" / "fin_Latn.yaml")


@pytest.mark.parametrize("tag", ["fin_Latn", "mlt_Latn", "deu_Latn", "ell_Grek", "kat_Geor"])
def test_only_the_lines_that_change_differ(run: Run, tag: str) -> None:
    """Check 21, on packs as people and programs wrote them."""
    path = layers.configs_folder() / "languages" / f"{tag}.yaml"
    moved = {"mean_word_length": Bound("mean_word_length", 2.5, 13)}
    shown = str(saving.shown(run, Proposal(tag, moved, path, WHY))["difference"]).splitlines()
    changed = [line for line in shown if line[0] in "+-"][2:]
    assert 1 <= len(changed) <= 3
    assert all("mean_word_length" in line or line == "+rules:" for line in changed)
